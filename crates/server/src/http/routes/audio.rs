//! The sound of a track: its own file, or a smaller one.

use std::{fmt::Write as _, time::SystemTime};

use axum::{
    body::{Body, HttpBody as _},
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fanfare_delivery::{Asking, OpenFile, Small, media, small::RETRY_AFTER_S};
use fanfare_ingest::Playing;
use fanfare_model::{Error, ErrorKind, Presence, Quality, TrackHome, TrackId, UploadedBytes};
use fanfare_store::TrackRow;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::tracks;
use crate::http::{
    caller::Caller,
    clock::rfc3339,
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
    let quality = params.quality.map_or_else(|| state.ingest.cache().default_quality, Quality::from);
    let person = caller.user.id.to_string();
    let asking = Asking { person: &person, guest: false, head: method == Method::HEAD };
    serve_audio(&state, id, quality, asking, &method, &headers).await
}

/// The sound of a track that the one who asks may hear: the one way out, for people and for guests.
///
/// # Errors
/// `NotFound` where the track or its file is not there; `TooMany`; those of opening it.
pub(super) async fn serve_audio(
    state: &HttpState,
    id: TrackId,
    quality: Quality,
    asking: Asking<'_>,
    method: &Method,
    headers: &HeaderMap,
) -> Answer<Response> {
    // Before the look-ups: what is written meanwhile makes them void.
    let write_generation = state.store.write_generation();
    let found = state.opened.find(&(id, quality), write_generation);
    // What is open may have been written over: a guest's original is looked at below.
    if let Some((file, sent)) = found.filter(|(_, sent)| !(asking.guest && sent.quality == Quality::Original))
    {
        return Ok(played(state, id, sent.mark(answer_with(&file, sent.media_type, method, headers)?)));
    }
    let row = tracks::find(state, id).await?;
    refuse_missing(&row)?;
    let options = state.ingest.cache();
    let mut cache = "original";
    if quality != Quality::Original {
        let media_type = options.codec.media_type();
        match state.small.open(&row.track, quality, &options, asking).await.map_err(too_many)? {
            Small::Announced(announced) => {
                let (status, fields) = announced.answer(headers, media_type);
                // A body of unknown length: the router must not say that there are no bytes.
                let empty = Body::from_stream(futures_util::stream::empty::<Result<Bytes, std::io::Error>>());
                let answer = refused(status).unwrap_or_else(|| (status, empty).into_response());
                let sent = Sent { media_type, quality, cache: "encoding" };
                return Ok(sent.mark(with_fields(answer, fields, media_type)));
            }
            Small::Whole(file) => {
                let sent = Sent { media_type, quality, cache: "hit" };
                state.opened.keep((id, quality), write_generation, &file, sent);
                return Ok(played(state, id, sent.mark(answer_with(&file, media_type, method, headers)?)));
            }
            Small::Growing(growing) => {
                let (status, fields, body) = growing.answer(method, headers, media_type, &boundary()?);
                let answer = refused(status).unwrap_or_else(|| {
                    (status, body.map_or_else(Body::empty, Body::from_stream)).into_response()
                });
                let sent = Sent { media_type, quality, cache: "encoding" };
                return Ok(played(state, id, sent.mark(with_fields(answer, fields, media_type))));
            }
            Small::NotNeeded => {}
            Small::Missing => cache = "miss",
        }
    }
    let path = state.store.catalog().track_path(id).await?.ok_or_else(|| no_file(&row))?;
    let file = OpenFile::open(&path, SystemTime::now()).await.map_err(missing)?;
    if asking.guest && !state.small.source_is_fresh(&row.track).await? {
        // Another track may have been copied over it, which is not theirs to play (issue 12).
        return Err(Problem::new(ErrorKind::Conflict, "the track's file changed since it was scanned")
            .remedy("play it again in a minute, when it was scanned"));
    }
    let media_type = media::media_type(row.track.audio.as_ref());
    let sent = Sent { media_type, quality: Quality::Original, cache };
    if cache == "original" {
        state.opened.keep((id, quality), write_generation, &file, sent);
    }
    Ok(played(state, id, sent.mark(answer_with(&file, media_type, method, headers)?)))
}

/// Refuses to play a track whose file is missing.
///
/// # Errors
/// `NotFound` with what to do about it.
pub(super) fn refuse_missing(row: &TrackRow) -> Answer<()> {
    if row.track.presence != Presence::Missing {
        return Ok(());
    }
    let since =
        row.track.missing_since.map_or_else(String::new, |since| format!(" since {}", rfc3339(since)));
    Err(Problem::new(ErrorKind::NotFound, format!("the track's file is missing{since}"))
        .remedy("connect its storage or put the file back, then scan the library"))
}

/// What is sent, and why.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    media_type: &'static str,
    quality: Quality,
    cache: &'static str,
}

impl Sent {
    fn mark(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(QUALITY, HeaderValue::from_static(self.quality.as_str()));
        headers.insert(CACHE, HeaderValue::from_static(self.cache));
        response
    }
}

const QUALITY: HeaderName = HeaderName::from_static("x-fanfare-quality");
const CACHE: HeaderName = HeaderName::from_static("x-fanfare-cache");

fn too_many(error: Error) -> Problem {
    let busy = error.kind() == ErrorKind::TooMany;
    let problem = Problem::from(error);
    if busy { problem.retry_after(RETRY_AFTER_S) } else { problem }
}

/// The answer of an open file, in whole or in ranges.
pub(super) fn answer_with(
    file: &OpenFile,
    media_type: &'static str,
    method: &Method,
    headers: &HeaderMap,
) -> Answer<Response> {
    let answer = file.answer(method, headers, media_type, &boundary()?);
    let response = refused(answer.status).unwrap_or_else(|| {
        let mut response = answer.body.map_or_else(|| Response::new(Body::empty()), shipping::answer);
        *response.status_mut() = answer.status;
        response
    });
    Ok(with_fields(response, answer.headers, media_type))
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

/// The answer with the fields of its representation.
fn with_fields(mut response: Response, fields: HeaderMap, media_type: &'static str) -> Response {
    response.headers_mut().extend(fields);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if media_type == media::UNKNOWN {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    response
}

/// The answer for a track that has no file (any more).
fn no_file(row: &TrackRow) -> Problem {
    match row.track.home {
        TrackHome::Folder(_) => Problem::not_found("track"),
        TrackHome::Upload(UploadedBytes::Original | UploadedBytes::Incoming) => {
            Problem::new(ErrorKind::NotFound, "the uploaded file is missing in the data folder").remedy(
                "send the same file again, or restore a backup; `fanfare doctor --deep` names all such files",
            )
        }
        TrackHome::Upload(UploadedBytes::Gone) => {
            Problem::new(ErrorKind::NotFound, "the uploaded file was not kept")
                .remedy(format!("play /api/v1/tracks/{}/hls/index.m3u8", row.track.id))
        }
    }
}

/// The same answer. While its bytes are sent, background work stands back; the track is analyzed next if it lacks results.
pub(super) fn played(state: &HttpState, track: TrackId, response: Response) -> Response {
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

fn missing(error: Error) -> Problem {
    if error.kind() == ErrorKind::NotFound {
        return match error.remedy_text() {
            Some(remedy) => Problem::new(
                ErrorKind::NotFound,
                "the track's file cannot be reached: links lead in a circle",
            )
            .remedy(remedy),
            None => Problem::new(ErrorKind::NotFound, "the track's file is gone")
                .remedy("put it back, or scan the library"),
        };
    }
    // The system's sentence may name the path, which is nobody's business but the log's.
    tracing::warn!(%error, "a track's file cannot be opened");
    let problem = Problem::new(error.kind(), "the track's file cannot be opened");
    match error.remedy_text() {
        Some(remedy) => problem.remedy(remedy),
        None => problem,
    }
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
