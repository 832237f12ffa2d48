//! The sound of a track: its own file, or a transcode of it.

use std::fmt::Write as _;

use axum::{
    body::{Body, HttpBody as _},
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fanfare_delivery::{self as delivery, Asking, Opened, Request, Wanted, media};
use fanfare_ingest::Playing;
use fanfare_model::{Error, ErrorKind, Quality, TrackId};
use fanfare_store::TrackRow;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::{
    caller::Caller,
    dto::cache::QualityDto,
    extract::{Path, Query},
    problem::{Answer, Problem},
    secret, shipping,
    state::HttpState,
};

/// What can be asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AudioParams {
    /// `original`, `high`, `medium` or `low`; without it the server's `audio_cache.default_quality`. A transcode that is not
    /// there is made while it is sent, with its length and every range known at once. Nothing smaller is made of a file
    /// whose codec is lossy, or where it would not be smaller: there every quality is the original.
    quality: Option<QualityDto>,
}

/// The sound of a track: the bytes of its own file or of a smaller one, whole or in ranges (RFC 9110 section 14). A file that changes
/// gets a new ETag. `HEAD` makes nothing: it is answered from what the file will be.
///
/// `X-Fanfare-Quality` says what is really sent, `X-Fanfare-Cache` why: `hit`, `encoding`, `original` (nothing smaller is made of it),
/// `miss` (the original in place of a file that cannot be made now).
#[utoipa::path(
    method(get, head),
    path = "/api/v1/tracks/{id}/audio",
    tag = "tracks",
    params(
        ("id" = String, Path, description = "The track"),
        AudioParams,
        ("range" = Option<String>, Header, description = "`bytes=...`; more than four or overlapping ranges get the whole file"),
        ("if-range" = Option<String>, Header, description = "The ETag or date that the range belongs to"),
        ("if-none-match" = Option<String>, Header, description = "ETags that the client has"),
    ),
    responses(
        (status = 200, description = "The whole file", content_type = "audio/*"),
        (status = 206, description = "One range, or several as multipart/byteranges", content_type = "audio/*"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No such track, or its file is gone"),
        (status = 412, description = "A precondition is false"),
        (status = 416, description = "No such range"),
        (status = 429, description = "Too many transcodes are being made; see `Retry-After`"),
    )
)]
pub async fn audio(
    State(state): State<HttpState>,
    caller: Caller,
    Path(id): Path<TrackId>,
    Query(params): Query<AudioParams>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let person = caller.user.id.to_string();
    let asking = Asking { person: &person, guest: false, head: method == Method::HEAD };
    let wanted = Wanted::Quality(params.quality.map(Quality::from));
    serve(&state, (id, None), wanted, asking, &headers).await
}

/// What is asked for of a track that the one who asks may play: the one way out, for people and for guests.
///
/// # Errors
/// Why nothing is sent.
pub(super) async fn serve(
    state: &HttpState,
    (id, row): (TrackId, Option<&TrackRow>),
    wanted: Wanted<'_>,
    asking: Asking<'_>,
    headers: &HeaderMap,
) -> Answer<Response> {
    let (options, ladder) = (state.ingest.cache(), state.ingest.uploads().ladder.clone());
    let request = Request { track: id, row, wanted, asking, options: &options, ladder: &ladder };
    let opened = state.delivery.open(request).await.map_err(too_many)?;
    let method = if asking.head { Method::HEAD } else { Method::GET };
    let response = present(&opened, &method, headers)?;
    Ok(if opened.is_sound() { played(state, id, response) } else { response })
}

/// What was opened, as a response.
fn present(opened: &Opened, method: &Method, headers: &HeaderMap) -> Answer<Response> {
    let delivery::Answer { status, headers, body } = opened.answer(method, headers, &boundary()?);
    let mut response = refused(status).unwrap_or_else(|| {
        let mut response = match body {
            delivery::Body::Empty => Response::new(Body::empty()),
            // A body of unknown length: the router must not say that there are no bytes.
            delivery::Body::Unknown => Response::new(Body::from_stream(futures_util::stream::empty::<
                Result<Bytes, std::io::Error>,
            >())),
            delivery::Body::Text(text) => Response::new(Body::from(text)),
            delivery::Body::Content(content) => shipping::answer(content),
            delivery::Body::Stream(stream) => Response::new(Body::from_stream(stream)),
        };
        *response.status_mut() = status;
        response
    });
    let fields = response.headers_mut();
    fields.extend(headers);
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if opened.media_type() == media::UNKNOWN {
        fields.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    if let Some(sent) = opened.sent() {
        fields.insert(QUALITY, HeaderValue::from_static(sent.quality.as_str()));
        fields.insert(CACHE, HeaderValue::from_static(sent.cache.as_str()));
    }
    Ok(response)
}

const QUALITY: HeaderName = HeaderName::from_static("x-fanfare-quality");
const CACHE: HeaderName = HeaderName::from_static("x-fanfare-cache");
/// How long a client over the limit is asked to wait, in seconds: an encode takes about that long.
const RETRY_AFTER_S: u64 = 5;

fn too_many(error: Error) -> Problem {
    let busy = error.kind() == ErrorKind::TooMany;
    let problem = Problem::from(error);
    if busy { problem.retry_after(RETRY_AFTER_S) } else { problem }
}

/// The problem document of a request that cannot be met.
fn refused(status: StatusCode) -> Option<Response> {
    let problem = match status {
        StatusCode::PRECONDITION_FAILED => {
            Problem::new(ErrorKind::Conflict, "the file is not the one the request names")
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Problem::new(ErrorKind::Invalid, "the file has no such bytes"),
        _ => return None,
    };
    Some(problem.status(status).into_response())
}

/// The same answer. While its bytes are sent, background work stands back; the track is analyzed next if it lacks results.
fn played(state: &HttpState, track: TrackId, response: Response) -> Response {
    let plays = matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT);
    if !plays || response.body().size_hint().exact() == Some(0) {
        return response;
    }
    let mut response = response;
    shipping::note_playing(&mut response, &state.ingest, track);
    let mut playing: Option<Playing> = None;
    let ingest = state.ingest.clone();
    response.map(|body| {
        // From the first byte on: an answer without any plays nothing.
        let note = move |_: &_| playing.get_or_insert_with(|| ingest.playing_track(track)).go_on();
        Body::from_stream(body.into_data_stream().inspect(note))
    })
}

/// A delimiter that no file can know in advance.
fn boundary() -> Answer<String> {
    let mut bytes = [0; 16];
    secret::fill(&mut bytes)?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
