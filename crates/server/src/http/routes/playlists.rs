//! Mixtapes as playlists of other programs: written and read.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_model::{
    ErrorKind, Slug, UserId,
    m3u8::{self, Listed, Playlist},
    mixtape,
};
use fanfare_store::NewMixtape;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::mixtapes::{find, full, location};
use crate::http::{
    body,
    caller::Caller,
    clock,
    dto::mixtape::ImportedMixtapeDto,
    extract::{Path, Query},
    multipart::{Parts, boundary},
    problem::{Answer, Problem},
    state::HttpState,
};

/// What a playlist that has no title becomes.
const NAMELESS: &str = "Imported mixtape";
/// What a form may have around its file.
const FORM_BYTES: usize = 16 * 1024;
/// What is quoted of a line that no track was found for, in characters.
const QUOTED: usize = 300;

/// The mixtape as an M3U8 playlist: paths as they are below their library folders, `Artist - Title` and length of each.
#[utoipa::path(
    get,
    path = "/api/v1/mixtapes/{slug}/m3u8",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses(
        (status = 200, description = "The playlist, in UTF-8", content_type = "audio/x-mpegurl"),
        (status = 404, description = "No such mixtape"),
    )
)]
pub async fn export_mixtape(State(state): State<HttpState>, Path(slug): Path<Slug>) -> Answer<Response> {
    let mixtape = find(&state, &slug).await?;
    let entries = state.store.catalog().mixtape_entries(mixtape.id).await?;
    let files = entries.into_iter().map(|(entry, row)| listed(entry, row)).collect();
    let text = m3u8::write(&Playlist { title: Some(mixtape.title), files });
    let fields = [
        (header::CONTENT_TYPE, format!("{}; charset=utf-8", m3u8::MEDIA_TYPE)),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{slug}.m3u8\"")),
    ];
    Ok((fields, text).into_response())
}

/// What a playlist says of an entry.
pub(crate) fn listed(entry: fanfare_model::MixtapeEntry, row: Option<fanfare_store::TrackRow>) -> Listed {
    match row {
        Some(row) => Listed {
            label: Some(m3u8::label(row.artist_name.as_deref(), &row.track.title)),
            duration_s: row.track.audio.as_ref().and_then(fanfare_model::AudioProperties::duration_s),
            path: row.track.relative_path,
        },
        None => Listed {
            label: Some(m3u8::label(entry.artist.as_deref(), &entry.title)),
            duration_s: entry.duration_s,
            path: entry.relative_path,
        },
    }
}

/// What the mixtape is to be called.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParams {
    /// Its title; unless said the playlist's own, else the file's name.
    #[param(max_length = 200)]
    title: Option<String>,
}

/// Makes a mixtape of an M3U, M3U8, PLS or XSPF playlist, sent as it is or in a form's field `file`. What the playlist names is
/// compared with the library, by the end of its path, then by artist, title and length; no file is opened.
#[utoipa::path(
    post,
    path = "/api/v1/mixtapes/import",
    tag = "mixtapes",
    params(ImportParams),
    request_body(content = String, content_type = "audio/x-mpegurl"),
    responses(
        (status = 201, description = "The mixtape; `Location` leads to it", body = ImportedMixtapeDto),
        (status = 413, description = "More than 1 MiB, 10,000 lines or 1,000 files"),
        (status = 429, description = "The caller sends too many files at once; see `Retry-After`"),
        (status = 422, description = "Nothing in it is in the library, or it is no such playlist"),
    )
)]
pub async fn import_mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Query(params): Query<ImportParams>,
    headers: HeaderMap,
    sent: Body,
) -> Answer<Response> {
    let (bytes, file_name) = received(&state, caller.user.id, sent, &headers).await?;
    let playlist = m3u8::read(&bytes)?;
    mixtape::checked_count(playlist.files.len())?;
    let title = match params.title {
        Some(title) => mixtape::checked_title(&title)?.to_owned(),
        None => title_of(&playlist, file_name.as_deref()),
    };
    let matched = state.store.catalog().match_playlist(&playlist, None).await?;
    if matched.tracks.is_empty() {
        return Err(m3u8::nothing_found(&playlist).into());
    }
    let new = NewMixtape { title, notes: String::new(), owner: Some(caller.user.id), tracks: matched.tracks };
    let slug = state.store.catalog().create_mixtape(&new, clock::now()).await?;
    state.ingest.precache(new.tracks).await;
    let mixtape = full(&state, &caller, find(&state, &slug).await?).await?;
    let unmatched = matched.unmatched.iter().map(|line| line.chars().take(QUOTED).collect()).collect();
    let answer = ImportedMixtapeDto { mixtape, unmatched };
    Ok((StatusCode::CREATED, [(header::LOCATION, location(&slug))], axum::Json(answer)).into_response())
}

/// The playlist's bytes and, from a form, its file's name.
async fn received(
    state: &HttpState,
    of: UserId,
    sent: Body,
    headers: &HeaderMap,
) -> Answer<(Vec<u8>, Option<String>)> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.to_ascii_lowercase().starts_with("multipart/") {
        return Ok((body::whole(state, of, sent, headers, m3u8::MAX_BYTES as u64).await?, None));
    }
    let boundary = boundary(headers)?;
    let form = body::whole(state, of, sent, headers, (m3u8::MAX_BYTES + FORM_BYTES) as u64).await?;
    let stream = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(form.into())]);
    let mut parts = Parts::new(stream, &boundary);
    let head = parts.next().await?.filter(|head| head.field == "file").ok_or_else(|| {
        Problem::new(ErrorKind::Invalid, "the form must have one field, `file`, and no other")
    })?;
    let mut bytes = Vec::new();
    while let Some(chunk) = parts.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, head.file_name))
}

/// A title for what was imported, from texts of others.
pub(crate) fn title_of(playlist: &Playlist, file_name: Option<&str>) -> String {
    let stem = file_name.map(|name| {
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    });
    let tidy = |text: &str| -> Option<String> {
        let text: String =
            text.chars().filter(|letter| !letter.is_control()).take(mixtape::MAX_TITLE).collect();
        mixtape::checked_title(&text).ok().map(ToOwned::to_owned)
    };
    let given = playlist.title.as_deref().and_then(tidy).or_else(|| stem.and_then(tidy));
    given.unwrap_or_else(|| NAMELESS.to_owned())
}
