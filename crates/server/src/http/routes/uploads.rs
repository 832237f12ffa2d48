//! Files that people send.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use fanfare_model::{ErrorKind, TrackId};
use fanfare_store::{Patience, Uploaded};
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::tracks;
use crate::http::{
    caller::Caller,
    dto::track::{UploadRequest, UploadedTrackDto},
    headers::AT_ONCE,
    multipart::{Parts, boundary},
    places::Place,
    problem::{Answer, Problem, status_of},
    state::HttpState,
};

/// The form's one field.
const FIELD: &str = "file";
/// What a form has besides its file: two boundaries and a head.
const FORM_BYTES: u64 = 16 * 1024;
/// The most that an upload whose body has come waits for the right to write, beyond what every request may.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What is still read of a body that was refused, so that its sender gets to see why. With what is on the way, the
/// server takes in less than 1 MiB more than it may (docs/guarantees.md R-30).
const REST_BYTES: usize = 512 * 1024;
/// How long that is done at most.
const REST_TIME: Duration = Duration::from_secs(2);
/// The same where the sender did nothing wrong (the disk is full or away): many look at the answer only when all is sent.
const PATIENT_BYTES: usize = 256 << 20;
const PATIENT_TIME: Duration = Duration::from_secs(10);

/// Takes in a file. What it is is read from its content; its name is only shown. It becomes a track that is analyzed and
/// described by itself: its state tells how far that is.
#[utoipa::path(
    post,
    path = "/api/v1/tracks",
    tag = "tracks",
    request_body(content = UploadRequest, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "A new track, queued; `Location` leads to it", body = UploadedTrackDto),
        (status = 200, description = "The same bytes are here already, as this track", body = UploadedTrackDto),
        (status = 403, description = "Only owners may upload here (setting `upload.listeners`)"),
        (status = 408, description = "It came more slowly than 1 kB a second"),
        (status = 413, description = "It is larger than `upload.max_bytes`, or more than `upload.quota_bytes` leaves"),
        (status = 415, description = "It is no audio, whatever its name; or the body is no multipart/form-data"),
        (status = 422, description = "It is audio that contradicts itself, or has nothing in it"),
        (status = 429, description = "The caller sends too many files at once; see `Retry-After`"),
        (status = 503, description = "Too many files are being sent at once, or another program holds the database; see `Retry-After`"),
        (status = 507, description = "The disk is full"),
    )
)]
pub async fn upload(State(state): State<HttpState>, caller: Caller, request: Request) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let (taken, unread) = match admit(&state, &caller, &parts.headers) {
        Ok((boundary, _place)) => {
            let mut form = Parts::new(body.into_data_stream(), &boundary);
            let taken = take(&state, &caller, &mut form).await;
            (taken, Some(Body::from_stream(form.into_stream())))
        }
        // A client that asks first whether to send has sent nothing yet (RFC 9110 section 10.1.1).
        Err(problem) => (Err(problem), Some(body).filter(|_| !parts.headers.contains_key(header::EXPECT))),
    };
    let (status, id) = match taken {
        Ok(Uploaded::Added(id)) => (StatusCode::CREATED, id),
        Ok(Uploaded::Known(id)) => (StatusCode::OK, id),
        Err(problem) => return Ok(refuse(problem, unread).await),
    };
    let row = tracks::find(&state, id).await?;
    let answer = UploadedTrackDto { track: row.into(), duplicate: status == StatusCode::OK };
    Ok((status, [(header::LOCATION, location(id))], axum::Json(answer)).into_response())
}

fn location(id: TrackId) -> String {
    format!("/api/v1/tracks/{id}")
}

/// Whether the caller may send this at all, before any of it is read: the form's boundary, and a place among those who
/// are sending.
fn admit(state: &HttpState, caller: &Caller, headers: &HeaderMap) -> Answer<(Vec<u8>, Place)> {
    let boundary = boundary(headers)?;
    let settings = state.live_settings.current();
    if !settings.upload.is_open_to(caller.role()) {
        return Err(Problem::new(ErrorKind::Forbidden, "only an owner may upload here")
            .remedy("an owner can let listeners upload too, by the setting upload.listeners"));
    }
    let most = settings.upload.max_bytes;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: u64| declared > most.saturating_add(FORM_BYTES)) {
        let message = format!("the file is larger than {most} bytes, the most that this server takes");
        return Err(Problem::new(ErrorKind::LimitExceeded, message)
            .remedy("send a file that is smaller, or have `upload.max_bytes` raised"));
    }
    Ok((boundary, state.uploads.take(caller.user.id)?))
}

/// Reads the form to its end, its file onto the disk, and makes a track of it.
async fn take<S, E>(state: &HttpState, caller: &Caller, form: &mut Parts<S>) -> Answer<Uploaded>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let head = form.next().await?.filter(|head| head.field == FIELD).ok_or_else(only_the_file)?;
    let name = head.file_name.unwrap_or_default();
    // While nothing can be written, nothing is read either: a body that cannot be kept need not be sent.
    let mut receiving = state.ingest.receive(&name, caller.user.id).await?;
    let begun = Instant::now();
    while let Some(bytes) = form.chunk().await? {
        receiving.write(bytes).await?;
    }
    // What took long to send is worth a longer wait than sending it again.
    Patience::extend(begun.elapsed().min(LONGEST_WAIT));
    match form.next().await? {
        None => receiving.finish().await.map_err(refused),
        Some(_) => Err(only_the_file()),
    }
}

fn only_the_file() -> Problem {
    Problem::new(ErrorKind::Invalid, "the form must have one field, `file`, and no other")
        .remedy("send one file per request, as `curl -F file=@song.flac` does")
}

/// What cannot be made a track of is the sender's media type, not their syntax.
fn refused(error: fanfare_model::Error) -> Problem {
    let status = match error.kind() {
        ErrorKind::NotAudio | ErrorKind::Unsupported | ErrorKind::NoDecoder => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        kind => status_of(kind),
    };
    Problem::from(error).status(status)
}

/// The refusal, at once. If a connection is closed while the client still sends, the answer is lost on its way. So the end
/// of the answer waits while a little more of the body is read and dropped.
async fn refuse(problem: Problem, unread: Option<Body>) -> Response {
    let ours = matches!(
        problem.kind(),
        ErrorKind::NoSpace | ErrorKind::Unavailable | ErrorKind::Io | ErrorKind::Busy
    );
    let most = if ours { (PATIENT_BYTES, PATIENT_TIME) } else { (REST_BYTES, REST_TIME) };
    let (mut parts, body) = problem.into_response().into_parts();
    let Some(unread) = unread else { return Response::from_parts(parts, body) };
    let text = axum::body::to_bytes(body, REST_BYTES).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(AT_ONCE, HeaderValue::from_static("no"));
    let said = stream::once(async { Ok::<_, Infallible>(text) });
    let rest = stream::once(read_rest(unread, most)).map(|()| Ok(Bytes::new()));
    Response::from_parts(parts, Body::from_stream(said.chain(rest)))
}

async fn read_rest(body: Body, (bytes, time): (usize, Duration)) {
    let mut stream = body.into_data_stream();
    let rest = async {
        let mut read = 0;
        while let Some(Ok(more)) = stream.next().await {
            read += more.len();
            if read > bytes {
                return;
            }
        }
    };
    let _in_vain = tokio::time::timeout(time, rest).await;
}
