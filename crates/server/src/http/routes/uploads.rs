//! Files that people send.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use fanfare_ingest::Receiving;
use fanfare_model::{ErrorKind, TrackId};
use fanfare_store::Uploaded;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};

use super::tracks;
use crate::http::{
    caller::Caller,
    dto::track::{UploadRequest, UploadedTrackDto},
    multipart::{Parts, boundary},
    problem::{Answer, Problem, status_of},
    state::HttpState,
};

/// The form's one field.
const FIELD: &str = "file";
/// What a form has besides its file: two boundaries and a head.
const FORM_BYTES: u64 = 16 * 1024;
/// What is still read of a body that was refused, so that its sender gets to see why. With what is on the way, the
/// server takes in less than 1 MiB more than it may (RELIABILITY R-30).
const REST_BYTES: usize = 512 * 1024;

/// Takes in a file. What it is is read from its content; its name is only shown. It becomes a track that is heard and
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
        (status = 503, description = "Too many files are being sent at once"),
        (status = 507, description = "The disk is full"),
    )
)]
pub async fn upload(State(state): State<HttpState>, caller: Caller, request: Request) -> Answer<Response> {
    let (parts, mut body) = request.into_parts();
    let taken = take(&state, &caller, &parts.headers, &mut body).await;
    if taken.is_err() {
        read_rest(body).await;
    }
    let (status, id) = match taken? {
        Uploaded::Added(id) => (StatusCode::CREATED, id),
        Uploaded::Known(id) => (StatusCode::OK, id),
    };
    let row = tracks::find(&state, id).await?;
    let answer = UploadedTrackDto { track: row.into(), duplicate: status == StatusCode::OK };
    Ok((status, [(header::LOCATION, location(id))], axum::Json(answer)).into_response())
}

fn location(id: TrackId) -> String {
    format!("/api/v1/tracks/{id}")
}

async fn take(state: &HttpState, caller: &Caller, headers: &HeaderMap, body: &mut Body) -> Answer<Uploaded> {
    let boundary = boundary(headers)?;
    let settings = state.desk.current();
    if !settings.upload.is_open_to(caller.role()) {
        return Err(Problem::new(ErrorKind::Forbidden, "only an owner may upload here")
            .remedy("an owner can let listeners upload too, by the setting upload.listeners"));
    }
    let most = settings.upload.max_bytes;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: u64| declared > most.saturating_add(FORM_BYTES)) {
        let message = format!("the file is larger than {most} bytes, the most that this server takes");
        return Err(Problem::new(ErrorKind::LimitExceeded, message)
            .remedy("send a smaller file, or have `upload.max_bytes` raised"));
    }
    let _place = Arc::clone(&state.uploads)
        .try_acquire_owned()
        .map_err(|_| Problem::new(ErrorKind::Busy, "too many files are being sent at once").retry_after(5))?;
    let stream = std::mem::take(body).into_data_stream();
    let mut parts = Parts::new(stream, &boundary);
    let taken = read(state, caller, &mut parts).await;
    *body = Body::from_stream(parts.into_stream());
    taken?.finish().await.map_err(refused)
}

/// Reads the form to its end, its file into the workshop.
async fn read<S, E>(state: &HttpState, caller: &Caller, parts: &mut Parts<S>) -> Answer<Receiving>
where
    S: futures_util::Stream<Item = Result<bytes::Bytes, E>> + Unpin,
{
    let head = parts.next().await?.filter(|head| head.field == FIELD).ok_or_else(only_the_file)?;
    let name = head.file_name.unwrap_or_default();
    let mut receiving = state.ingest.receive(&name, caller.user.id).await?;
    while let Some(bytes) = parts.chunk().await? {
        receiving.write(bytes).await?;
    }
    match parts.next().await? {
        None => Ok(receiving),
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
        ErrorKind::NotAudio | ErrorKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        kind => status_of(kind),
    };
    Problem::from(error).status(status)
}

/// Reads on for a little, into nothing: a connection that is closed on somebody who is still sending loses the answer.
async fn read_rest(body: Body) {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
    let mut stream = body.into_data_stream();
    let rest = async {
        let mut read = 0;
        while let Some(Ok(bytes)) = stream.next().await {
            read += bytes.len();
            if read > REST_BYTES {
                return;
            }
        }
    };
    let _in_vain = tokio::time::timeout(PATIENCE, rest).await;
}
