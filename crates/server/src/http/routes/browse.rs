//! The library as lists: counts, artists, releases.

use axum::extract::State;
use fanfare_model::{ArtistId, ReleaseId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::{
    caller::Caller,
    dto::{
        Offset, PageDto,
        library::{ArtistDto, LibraryDto, ReleaseDto, ReleaseGainDto},
        page::search_text,
    },
    extract::{Path, Query},
    problem::{Answer, Problem},
    shown::Shown,
    state::HttpState,
};

/// The library in numbers.
#[utoipa::path(get, path = "/api/v1/library", tag = "library", responses((status = 200, body = LibraryDto)))]
pub async fn library(State(state): State<HttpState>, caller: Caller) -> Answer<axum::Json<LibraryDto>> {
    let counts = state.store.catalog().counts().await?;
    let mut library = LibraryDto::new(counts, &state.ingest.worker_status());
    if let Some(trouble) = &mut library.trouble {
        *trouble = Shown::to(&caller, &state).await?.text(trouble);
    }
    Ok(axum::Json(library))
}

/// Which artists.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArtistParams {
    /// Words to find in the name.
    #[param(max_length = 200)]
    search: Option<String>,
    /// First row.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Artists by name.
#[utoipa::path(
    get,
    path = "/api/v1/artists",
    tag = "library",
    params(ArtistParams),
    responses((status = 200, body = PageDto<ArtistDto>))
)]
pub async fn artists(
    State(state): State<HttpState>,
    Query(params): Query<ArtistParams>,
) -> Answer<axum::Json<PageDto<ArtistDto>>> {
    let page = Offset::checked(params.offset, params.limit)?;
    let search = search_text(params.search.as_deref())?;
    let rows = state.store.catalog().artists(search, page.offset, page.limit).await?;
    Ok(axum::Json(PageDto::of(rows, page.offset, Into::into)))
}

/// One artist.
#[utoipa::path(
    get,
    path = "/api/v1/artists/{id}",
    tag = "library",
    params(("id" = String, Path, description = "The artist")),
    responses((status = 200, body = ArtistDto), (status = 404, description = "No such artist"))
)]
pub async fn artist(
    State(state): State<HttpState>,
    Path(id): Path<ArtistId>,
) -> Answer<axum::Json<ArtistDto>> {
    let artist = state.store.catalog().artist(id).await?.ok_or_else(|| Problem::not_found("artist"))?;
    Ok(axum::Json(artist.into()))
}

/// Which releases.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReleaseParams {
    /// Only those credited to this artist.
    #[param(value_type = Option<String>)]
    artist: Option<ArtistId>,
    /// Words to find in the title.
    #[param(max_length = 200)]
    search: Option<String>,
    /// First row.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Releases by title.
#[utoipa::path(
    get,
    path = "/api/v1/releases",
    tag = "library",
    params(ReleaseParams),
    responses((status = 200, body = PageDto<ReleaseDto>))
)]
pub async fn releases(
    State(state): State<HttpState>,
    Query(params): Query<ReleaseParams>,
) -> Answer<axum::Json<PageDto<ReleaseDto>>> {
    let page = Offset::checked(params.offset, params.limit)?;
    let search = search_text(params.search.as_deref())?;
    let rows = state.store.catalog().releases(params.artist, search, page.offset, page.limit).await?;
    Ok(axum::Json(PageDto::of(rows, page.offset, Into::into)))
}

/// One release.
#[utoipa::path(
    get,
    path = "/api/v1/releases/{id}",
    tag = "library",
    params(("id" = String, Path, description = "The release")),
    responses((status = 200, body = ReleaseDto), (status = 404, description = "No such release"))
)]
pub async fn release(
    State(state): State<HttpState>,
    Path(id): Path<ReleaseId>,
) -> Answer<axum::Json<ReleaseDto>> {
    let release = state.store.catalog().release(id).await?.ok_or_else(|| Problem::not_found("release"))?;
    Ok(axum::Json(release.into()))
}

/// The gain of one release. It is known when no track of it waits for its analysis and one has a loudness. Silent tracks change
/// nothing; tracks that are missing, failed or have impossible values do not count and are named.
#[utoipa::path(
    get,
    path = "/api/v1/releases/{id}/gain",
    tag = "library",
    params(("id" = String, Path, description = "The release")),
    responses((status = 200, body = ReleaseGainDto), (status = 404, description = "No such release"))
)]
pub async fn gain(
    State(state): State<HttpState>,
    caller: Caller,
    Path(id): Path<ReleaseId>,
) -> Answer<axum::Json<ReleaseGainDto>> {
    state.store.catalog().release(id).await?.ok_or_else(|| Problem::not_found("release"))?;
    let found = fanfare_ingest::release_gain(id, &state.store).await?;
    let shown = Shown::to(&caller, &state).await?;
    Ok(axum::Json(ReleaseGainDto {
        gain_db: found.gain_db,
        peak: found.peak,
        reason: found.reason.map(|why| shown.text(&why)),
        missing: found.missing.iter().map(|why| shown.text(why)).collect(),
    }))
}
