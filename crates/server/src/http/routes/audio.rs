//! The track's own file.

use std::{fmt::Write as _, time::SystemTime};

use axum::{
    body::{Body, HttpBody as _},
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_delivery::{OpenFile, media};
use fanfare_ingest::Playing;
use fanfare_model::{Error, ErrorKind, TrackHome, TrackId};
use fanfare_store::TrackRow;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::tracks;
use crate::http::{
    extract::Path,
    problem::{Answer, Problem},
    secret, shipping,
    state::HttpState,
};

/// The bytes of the track's file, whole or in ranges (RFC 9110 section 14). A file that changes gets a new ETag.
#[utoipa::path(
    method(get, head),
    path = "/api/v1/tracks/{id}/audio",
    tag = "tracks",
    params(
        ("id" = String, Path, description = "The track"),
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
    )
)]
pub async fn audio(
    State(state): State<HttpState>,
    Path(id): Path<TrackId>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let (file, media_type) = original(&state, id).await?;
    Ok(played(&state, answer_with(&file, media_type, &method, &headers)?))
}

/// The track's own file, open, and its media type. One that was asked for a moment ago is still open.
async fn original(state: &HttpState, id: TrackId) -> Answer<(OpenFile, &'static str)> {
    // Before the look-ups: what is written meanwhile makes them void.
    let edition = state.store.edition();
    if let Some(kept) = state.originals.find(&id, edition) {
        return Ok(kept);
    }
    let row = tracks::find(state, id).await?;
    let path = state.store.catalog().track_path(id).await?.ok_or_else(|| let_go(&row))?;
    let file = OpenFile::open(&path, SystemTime::now()).await.map_err(missing)?;
    let media_type = media::media_type(row.track.audio.as_ref());
    state.originals.keep(id, edition, &file, media_type);
    Ok((file, media_type))
}

/// The answer of an open file, in whole or in ranges.
pub(super) fn answer_with(
    file: &OpenFile,
    media_type: &'static str,
    method: &Method,
    headers: &HeaderMap,
) -> Answer<Response> {
    let answer = file.answer(method, headers, media_type, &boundary()?);
    let mut response = match answer.status {
        StatusCode::PRECONDITION_FAILED => {
            Problem::new(ErrorKind::Conflict, "the file is not the one the request names")
                .status(answer.status)
                .into_response()
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Problem::new(ErrorKind::Invalid, "the file has no such bytes")
            .status(answer.status)
            .into_response(),
        status => {
            let mut response = answer.body.map_or_else(|| Response::new(Body::empty()), shipping::answer);
            *response.status_mut() = status;
            response
        }
    };
    response.headers_mut().extend(answer.headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if media_type == media::UNKNOWN {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    Ok(response)
}

/// The answer for a track that has no file (any more).
fn let_go(row: &TrackRow) -> Problem {
    match row.track.home {
        TrackHome::Folder(_) => Problem::not_found("track"),
        TrackHome::Upload(_) => Problem::new(ErrorKind::NotFound, "the uploaded file was not kept")
            .remedy(format!("play /api/v1/tracks/{}/hls/index.m3u8", row.track.id)),
    }
}

/// The same answer; while its bytes flow, background work stands back.
pub(super) fn played(state: &HttpState, response: Response) -> Response {
    let plays = matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT);
    if !plays || response.body().size_hint().exact() == Some(0) {
        return response;
    }
    let mut response = response;
    shipping::note_playing(&mut response, &state.ingest);
    let mut playing: Option<Playing> = None;
    let ingest = state.ingest.clone();
    response.map(|body| {
        // From the first byte on: an answer without any plays nothing.
        let note = move |_: &_| playing.get_or_insert_with(|| ingest.playing()).go_on();
        Body::from_stream(body.into_data_stream().inspect(note))
    })
}

fn missing(error: Error) -> Problem {
    if error.kind() == ErrorKind::NotFound {
        return Problem::new(ErrorKind::NotFound, "the track's file is gone")
            .remedy("put it back, or scan the library");
    }
    // The system's sentence may name the path, which is nobody's business but the log's.
    tracing::warn!(%error, "a track's file cannot be opened");
    Problem::new(error.kind(), "the track's file cannot be opened")
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
