//! A track as HLS (RFC 8216): playlists, init sections, segments.
//!
//! A track without a ladder gets one when the first of these is asked for; it plays while it is made.

use axum::{extract::State, response::Response};
use fanfare_audio::hls::SegmentForm;
use fanfare_delivery::{Asking, VariantFile, Wanted};
use fanfare_model::TrackId;
use http::{HeaderMap, Method};

use super::audio::serve;
use crate::http::{
    caller::MaybeCaller,
    extract::Path,
    open_to::track_for,
    problem::{Answer, Problem},
    state::HttpState,
};

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
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    give(&state, (&caller, id), Wanted::Variants(SegmentForm::Cmaf), (&method, &headers)).await
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
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    give(&state, (&caller, id), Wanted::Variants(SegmentForm::MpegTs), (&method, &headers)).await
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
    let file = read(&file).ok_or_else(|| Problem::not_found("file of this variant"))?;
    give(&state, (&caller, id), Wanted::Variant(&variant, file), (&method, &headers)).await
}

/// What the last part of the address asks for.
fn read(file: &str) -> Option<VariantFile> {
    let number = |digits: &str| {
        let plain =
            digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        if plain { digits.parse().ok() } else { None }
    };
    match file {
        "index.m3u8" => Some(VariantFile::Playlist(SegmentForm::Cmaf)),
        "ts.m3u8" => Some(VariantFile::Playlist(SegmentForm::MpegTs)),
        "init.mp4" => Some(VariantFile::Init),
        _ => match file.rsplit_once('.')? {
            (digits, "m4s") => number(digits).map(|index| VariantFile::Segment(SegmentForm::Cmaf, index)),
            (digits, "ts") => number(digits).map(|index| VariantFile::Segment(SegmentForm::MpegTs, index)),
            _ => None,
        },
    }
}

/// Answers from the ladder of a track that the caller may see.
async fn give(
    state: &HttpState,
    (caller, id): (&MaybeCaller, TrackId),
    wanted: Wanted<'_>,
    (method, headers): (&Method, &HeaderMap),
) -> Answer<Response> {
    let row = track_for(state, caller, id).await?;
    // A ladder is made for a track, not for a person: its limit is the worker's queue.
    let asking = Asking { person: "", guest: caller.0.is_none(), head: method == Method::HEAD };
    serve(state, (id, Some(&row)), wanted, asking, headers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_can_be_is_asked_for() {
        for (file, wanted) in [
            ("index.m3u8", Some(VariantFile::Playlist(SegmentForm::Cmaf))),
            ("init.mp4", Some(VariantFile::Init)),
            ("0.m4s", Some(VariantFile::Segment(SegmentForm::Cmaf, 0))),
            ("17.ts", Some(VariantFile::Segment(SegmentForm::MpegTs, 17))),
            ("017.ts", None),
            ("-1.m4s", None),
            ("+1.m4s", None),
            (".m4s", None),
            ("99999999999.m4s", None),
            ("0.mp4", None),
            ("..", None),
        ] {
            assert_eq!(read(file), wanted, "{file}");
        }
    }
}
