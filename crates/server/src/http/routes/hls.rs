//! A track as HLS (RFC 8216): playlists, init sections, segments.
//!
//! A track without a ladder gets one when the first of these is asked for; it plays while it is made.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_audio::{
    hls::{SegmentForm, fits_transport_stream, media_playlist, multivariant_playlist},
    mux::ts_segment,
};
use fanfare_delivery::{View, hls::Bytes};
use fanfare_model::{Error, ErrorKind, TrackId};
use http::{HeaderMap, HeaderValue, Method, header};

use crate::http::{
    caller::MaybeCaller,
    extract::Path,
    open_to::track_for,
    problem::{Answer, Problem},
    routes::audio::{answer_with, played, refuse_missing},
    state::HttpState,
};

/// The media type of playlists (RFC 8216 section 10).
const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// The largest segment that is repackaged as a transport stream, in bytes: AAC segments have some 400 kB.
const MAX_TS_SOURCE_BYTES: u64 = 16 << 20;

/// The multivariant playlist: every variant of the ladder, with its codec and measured bandwidths.
#[utoipa::path(
    method(get, head),
    path = "/api/v1/tracks/{id}/hls/index.m3u8",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses(
        (status = 200, description = "The playlist", content_type = "application/vnd.apple.mpegurl", body = String),
        (status = 404, description = "No such track"),
        (status = 503, description = "It could not be encoded in time"),
    )
)]
pub async fn variants(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
) -> Answer<Response> {
    let view = view(&state, &caller, id).await?;
    Ok(playlist(multivariant_playlist(&view.variants(), SegmentForm::Cmaf)))
}

/// The multivariant playlist for players without fragmented MP4: every variant that an MPEG transport stream can carry (AAC),
/// with the bandwidths of its segments as such.
#[utoipa::path(
    method(get, head),
    path = "/api/v1/tracks/{id}/hls/ts.m3u8",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses(
        (status = 200, description = "The playlist", content_type = "application/vnd.apple.mpegurl", body = String),
        (status = 404, description = "No such track, or no variant of AAC in its ladder"),
        (status = 503, description = "It could not be encoded in time"),
    )
)]
pub async fn transport_variants(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
) -> Answer<Response> {
    let variants = view(&state, &caller, id).await?.variants();
    if !variants.iter().any(fits_transport_stream) {
        return Err(Problem::new(ErrorKind::NotFound, "the track has no variant for a transport stream")
            .remedy("play index.m3u8, or add an aac variant to hls.ladder"));
    }
    Ok(playlist(multivariant_playlist(&variants, SegmentForm::MpegTs)))
}

/// What a variant is asked for: a playlist, its init section, or a segment.
#[utoipa::path(
    method(get, head),
    path = "/api/v1/tracks/{id}/hls/{variant}/{file}",
    tag = "tracks",
    params(
        ("id" = String, Path, description = "The track"),
        ("variant" = String, Path, description = "The variant's name in the ladder, for example `medium`"),
        ("file" = String, Path, description = "`index.m3u8`, `init.mp4`, `0.m4s`, ... ; as MPEG transport stream (AAC variants only) `ts.m3u8`, `0.ts`, ..."),
        ("range" = Option<String>, Header, description = "`bytes=...`"),
    ),
    responses(
        (status = 200, description = "The playlist, init section or segment"),
        (status = 206, description = "A range of it"),
        (status = 404, description = "No such track, variant or segment"),
        (status = 503, description = "It could not be encoded in time"),
    )
)]
pub async fn file(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path((id, variant, file)): Path<(TrackId, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let wanted = Wanted::read(&file).ok_or_else(|| Problem::not_found("file of this variant"))?;
    let view = view(&state, &caller, id).await?;
    let bytes = match wanted {
        Wanted::Playlist(form) => {
            let (facts, segments, whole) =
                view.variant(&variant).ok_or_else(|| Problem::not_found("variant of this track"))?;
            return Ok(playlist(media_playlist(facts, segments, whole, form)));
        }
        Wanted::Bytes(bytes) => bytes,
        Wanted::Ts(index) => Bytes::Segment(index),
    };
    let part = state.ladders.open(&view, &variant, bytes).await?;
    let part = part.ok_or_else(|| Problem::not_found("segment of this variant"))?;
    if let Wanted::Ts(_) = wanted {
        let segment = part.read_whole(MAX_TS_SOURCE_BYTES).await?;
        let facts = view.variant(&variant).map(|(facts, ..)| facts.clone());
        let facts = facts.ok_or_else(|| Problem::not_found("variant of this track"))?;
        let stream = ts_segment(&facts, &segment)?;
        let length = HeaderValue::from(stream.len());
        let fields = [
            (header::CONTENT_TYPE, HeaderValue::from_static("video/mp2t")),
            (header::CONTENT_LENGTH, length),
        ];
        return Ok(played(&state, id, (fields, Body::from(stream)).into_response()));
    }
    Ok(played(&state, id, answer_with(&part, "audio/mp4", &method, &headers)?))
}

/// What the last part of the address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Playlist(SegmentForm),
    Bytes(Bytes),
    Ts(u32),
}

impl Wanted {
    fn read(file: &str) -> Option<Self> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|digit| digit.is_ascii_digit())
                && (digits == "0" || !digits.starts_with('0'));
            if plain { digits.parse().ok() } else { None }
        };
        match file {
            "index.m3u8" => Some(Self::Playlist(SegmentForm::Cmaf)),
            "ts.m3u8" => Some(Self::Playlist(SegmentForm::MpegTs)),
            "init.mp4" => Some(Self::Bytes(Bytes::Init)),
            _ => match file.rsplit_once('.')? {
                (digits, "m4s") => number(digits).map(|index| Self::Bytes(Bytes::Segment(index))),
                (digits, "ts") => number(digits).map(Self::Ts),
                _ => None,
            },
        }
    }
}

async fn view(state: &HttpState, caller: &MaybeCaller, id: TrackId) -> Answer<View> {
    let row = track_for(state, caller, id).await?;
    refuse_missing(&row)?;
    // What may pass (storage that was away) is tried; what will not, need not be.
    if let Some(failure) = row.track.failure.as_ref().filter(|failure| failure.next_retry.is_none())
        && row.track.state == fanfare_model::TrackState::Failed
    {
        let message = format!("the track cannot be played: {}", failure.message);
        return Err(Problem::new(failure.kind, message));
    }
    let ladder = state.ingest.uploads().ladder.clone();
    state.ladders.view(&row.track, &ladder).await.map_err(|error| missing(&error))
}

/// What the listener is told: never a path, which is the log's business.
fn missing(error: &Error) -> Problem {
    tracing::warn!(%error, "a track cannot be given as HLS");
    let remedy = error.remedy_text().unwrap_or("play the original");
    match error.kind() {
        ErrorKind::NotFound => Problem::new(ErrorKind::NotFound, "the track's file is gone").remedy(remedy),
        kind => Problem::new(kind, "the track cannot be given as HLS").remedy(remedy),
    }
}

fn playlist(text: String) -> Response {
    let mut response = ([(header::CONTENT_TYPE, PLAYLIST)], text).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_can_be_is_asked_for() {
        for (file, wanted) in [
            ("index.m3u8", Some(Wanted::Playlist(SegmentForm::Cmaf))),
            ("init.mp4", Some(Wanted::Bytes(Bytes::Init))),
            ("0.m4s", Some(Wanted::Bytes(Bytes::Segment(0)))),
            ("17.ts", Some(Wanted::Ts(17))),
            ("017.ts", None),
            ("-1.m4s", None),
            ("+1.m4s", None),
            (".m4s", None),
            ("99999999999.m4s", None),
            ("0.mp4", None),
            ("..", None),
        ] {
            assert_eq!(Wanted::read(file), wanted, "{file}");
        }
    }
}
