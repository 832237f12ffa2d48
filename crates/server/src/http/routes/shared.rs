//! What guests get: a mixtape by its public link, and its tracks' sound and pictures.
//!
//! These routes are `public` in the table and ask [`Guest`] themselves. What a guest may not have looks like what does
//! not exist.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_delivery::{Asking, Wanted};
use fanfare_model::{ErrorKind, Share, ShareId, TrackId};
use fanfare_store::{Opened, TrackRow};
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    audio::serve,
    covers::image,
    mixtape_covers::cover_of,
    session::too_many,
    waveform::{columns_of, load_waveform},
};
use crate::http::{
    clock,
    dto::{
        share::{OpenShareRequest, SharedMixtapeDto},
        track::TrackWaveformDto,
    },
    extract::{Json, Path, Peer, Query},
    guest::{self, Guest},
    problem::{Answer, Problem},
    secret,
    state::HttpState,
    throttle::Guess,
};

/// Pictures may be kept, but whether they may still be shown is asked each time.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// The longest name of a file to keep, in characters.
const FILE_NAME: usize = 120;

/// Opens a public link: gives the mixtape, and a cookie that its tracks can be analyzed with.
#[utoipa::path(
    post,
    path = "/api/v1/shared/open",
    tag = "shared",
    request_body = OpenShareRequest,
    responses(
        (status = 200, description = "The mixtape", body = SharedMixtapeDto),
        (status = 401, description = "It needs a password, or the password is wrong"),
        (status = 404, description = "No such link, or it has ended"),
        (status = 429, description = "Too many wrong passwords; Retry-After says how long to wait"),
    )
)]
pub async fn open_share(
    State(state): State<HttpState>,
    peer: Peer,
    guest: Guest,
    Json(body): Json<OpenShareRequest>,
) -> Answer<Response> {
    let catalog = state.store.catalog();
    let opened = match secret::hash(&body.token) {
        Some(hash) => catalog.share_of(hash, clock::now()).await?,
        None => None,
    };
    let opened = opened.ok_or_else(no_link)?;
    let share = &opened.share;
    // Who is in need not say the password again.
    if guest.open(&state).await?.iter().any(|open| open.share.id == share.id) {
        return Ok(axum::Json(shown(&state, &opened).await?).into_response());
    }
    if share.password_hash.is_some() {
        check_password(&state, peer, share, body.password.as_deref()).await?;
    }
    let mixtape = shown(&state, &opened).await?;
    let cookie = guest::admit(&state, guest, share).await?;
    Ok(([(header::SET_COOKIE, cookie)], axum::Json(mixtape)).into_response())
}

/// Asks for the password; wrong ones slow down as wrong log-ins do.
async fn check_password(state: &HttpState, peer: Peer, share: &Share, given: Option<&str>) -> Answer<()> {
    let Some(given) = given else {
        return Err(Problem::new(ErrorKind::Unauthorized, "this link needs a password")
            .remedy("ask who gave it to you"));
    };
    // No user's name has a line break.
    let who = format!("link\n{}", share.id);
    let attempt = state.throttle.begin(Guess::of_name(peer.0.ip(), &who)).await.map_err(too_many)?;
    if state.passwords.verify(given, share.password_hash.as_deref()).await? {
        attempt.succeeded();
        return Ok(());
    }
    attempt.failed();
    tracing::warn!(address = %peer.0.ip(), share = %share.id, "a wrong password for a public link");
    Err(Problem::new(ErrorKind::Unauthorized, "the password is wrong"))
}

/// One answer for links that never were and links that have ended.
fn no_link() -> Problem {
    Problem::not_found("link").remedy("it may have ended; ask who gave it to you")
}

async fn shown(state: &HttpState, opened: &Opened) -> Answer<SharedMixtapeDto> {
    let catalog = state.store.catalog();
    let mixtape = catalog.mixtape(&opened.slug).await?.ok_or_else(no_link)?;
    let entries = catalog.mixtape_entries(mixtape.id).await?;
    let tracks: Vec<TrackRow> = entries.into_iter().filter_map(|(_, row)| row).collect();
    Ok(SharedMixtapeDto::new(&opened.share, mixtape, tracks))
}

/// Which of the open links.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharedCoverParams {
    /// Id of the link; unless said the one that was opened last.
    #[param(value_type = Option<String>)]
    share: Option<ShareId>,
    /// Any text: it makes a changed cover a new address.
    #[serde(rename = "v")]
    #[param(max_length = 32)]
    _v: Option<String>,
}

/// The cover of an opened mixtape.
#[utoipa::path(
    get,
    path = "/api/v1/shared/cover",
    tag = "shared",
    params(SharedCoverParams),
    responses(
        (status = 200, description = "The image, at most 1000 pixels a side", content_type = "image/jpeg"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No open link, or it has no cover"),
    )
)]
pub async fn shared_cover(
    State(state): State<HttpState>,
    guest: Guest,
    Query(params): Query<SharedCoverParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut open = guest.open(&state).await?.into_iter();
    let opened =
        open.find(|open| params.share.is_none_or(|share| share == open.share.id)).ok_or_else(no_link)?;
    let mixtape = state.store.catalog().mixtape(&opened.slug).await?.ok_or_else(no_link)?;
    asked_each_time(image(&state, cover_of(&state, &mixtape).await?, &headers).await)
}

/// How the sound is sent.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharedAudioParams {
    /// `1`: as a file to keep, where the link allows that.
    #[param(minimum = 0, maximum = 1)]
    download: Option<u8>,
}

/// The sound of a track of an opened mixtape, whole or in ranges, in the quality `audio_cache.default_quality`. What is not
/// there in that quality is made while it is sent, whatever `audio_cache.on_miss` says. Guests analyze originals only where
/// that is the quality, nothing smaller can be made of a file (it is small already), the cache is switched off or cannot be
/// written, or its codec is AAC and the file was not made ahead; `X-Fanfare-Quality` says what is sent.
#[utoipa::path(
    method(get, head),
    path = "/api/v1/shared/tracks/{id}/audio",
    tag = "shared",
    params(("id" = String, Path, description = "The track"), SharedAudioParams),
    responses(
        (status = 200, description = "All of it", content_type = "audio/*"),
        (status = 206, description = "One range, or several as multipart/byteranges", content_type = "audio/*"),
        (status = 304, description = "The client has it"),
        (status = 403, description = "The link allows listening, not keeping"),
        (status = 404, description = "No such track in an opened mixtape, or its file is gone"),
        (status = 412, description = "A precondition is false"),
        (status = 416, description = "No such range"),
        (status = 409, description = "The file changed and was not scanned yet"),
        (status = 429, description = "Too many transcodes are being made; see `Retry-After`"),
    )
)]
pub async fn shared_audio(
    State(state): State<HttpState>,
    guest: Guest,
    Path(id): Path<TrackId>,
    Query(params): Query<SharedAudioParams>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let (row, share) = guest.track(&state, id).await?;
    let keep = params.download.unwrap_or(0) != 0;
    if keep && !share.download {
        return Err(Problem::new(ErrorKind::Forbidden, "this link allows listening, not keeping"));
    }
    let name = file_name(&row);
    // All guests of a link count as one person: a link must not keep the machine from those who are signed in.
    let person = format!("link {}", share.id);
    let asking = Asking { person: &person, guest: true, head: method == Method::HEAD };
    let mut response = serve(&state, (id, Some(&row)), Wanted::Quality(None), asking, &headers).await?;
    if keep && response.status().is_success() {
        let suffix = suffix_of(response.headers());
        response.headers_mut().insert(header::CONTENT_DISPOSITION, attachment(&name, suffix));
    }
    Ok(response)
}

/// The cover of a track of an opened mixtape.
#[utoipa::path(
    get,
    path = "/api/v1/shared/tracks/{id}/cover",
    tag = "shared",
    params(("id" = String, Path, description = "The track")),
    responses(
        (status = 200, description = "The image, at most 1000 pixels a side", content_type = "image/jpeg"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No such track in an opened mixtape, or it has no cover"),
    )
)]
pub async fn shared_track_cover(
    State(state): State<HttpState>,
    guest: Guest,
    Path(id): Path<TrackId>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (row, _) = guest.track(&state, id).await?;
    asked_each_time(image(&state, row.track.cover, &headers).await)
}

/// The shape of a track of an opened mixtape, as `/tracks/{id}/waveform/columns`.
#[utoipa::path(
    get,
    path = "/api/v1/shared/tracks/{id}/waveform/columns",
    tag = "shared",
    params(("id" = String, Path, description = "The track")),
    responses(
        (status = 200, body = TrackWaveformDto),
        (status = 404, description = "No such track in an opened mixtape, or not analyzed yet"),
    )
)]
pub async fn shared_waveform(
    State(state): State<HttpState>,
    guest: Guest,
    Path(id): Path<TrackId>,
) -> Answer<axum::Json<TrackWaveformDto>> {
    let (row, _) = guest.track(&state, id).await?;
    let waveform = load_waveform(&state, id).await?;
    Ok(axum::Json(columns_of(row, waveform)))
}

fn asked_each_time(answer: Answer<Response>) -> Answer<Response> {
    let mut response = answer?;
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    Ok(response)
}

/// What the file is called when it is kept, without suffix: no character that means something to a file system.
fn file_name(row: &TrackRow) -> String {
    let label = fanfare_model::m3u8::label(row.artist_name.as_deref(), &row.track.title);
    let safe = |letter: char| {
        let odd = letter.is_control() || "/\\:*?\"<>|".contains(letter);
        if odd { '_' } else { letter }
    };
    let name: String = label.chars().map(safe).take(FILE_NAME).collect();
    let name = name.trim().trim_start_matches('.');
    if name.is_empty() { "track".to_owned() } else { name.to_owned() }
}

/// The suffix that goes with the answer's media type.
fn suffix_of(headers: &HeaderMap) -> &'static str {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match media_type.split(';').next().unwrap_or_default() {
        "audio/mpeg" => ".mp3",
        "audio/flac" | "audio/x-flac" => ".flac",
        "audio/mp4" | "audio/x-m4a" => ".m4a",
        "audio/aac" => ".aac",
        "audio/ogg" => ".ogg",
        "audio/opus" => ".opus",
        "audio/wav" | "audio/x-wav" | "audio/vnd.wave" => ".wav",
        "audio/aiff" | "audio/x-aiff" => ".aiff",
        "audio/webm" => ".webm",
        "audio/matroska" | "audio/x-matroska" => ".mka",
        _ => "",
    }
}

/// `attachment` with that name (RFC 6266, in the encoding of RFC 8187).
fn attachment(name: &str, suffix: &str) -> HeaderValue {
    let mut value = String::from("attachment; filename*=UTF-8''");
    for byte in name.bytes().chain(suffix.bytes()) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}
