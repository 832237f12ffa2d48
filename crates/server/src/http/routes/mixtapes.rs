//! Mixtapes: listed, made, changed. Everybody signed in may see and play them; who made one, and owners, may change it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_model::{ErrorKind, Mixtape, Slug, mixtape};
use fanfare_store::{MixtapeChange, MixtapeQuery, NewMixtape};
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::tracks;
use crate::http::{
    caller::Caller,
    clock,
    dto::{
        Offset, PageDto,
        mixtape::{
            MixtapeChangeRequest, MixtapeDto, MixtapeEntryDto, MixtapeSortDto, MixtapeWithTracksDto,
            NewMixtapeRequest,
        },
        page::search_text,
    },
    extract::{Json, Path, Query},
    problem::{Answer, Problem},
    shown::Shown,
    state::HttpState,
};

/// Which mixtapes, in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MixtapeParams {
    /// Words to find in the title.
    #[param(max_length = 200)]
    search: Option<String>,
    /// What to sort by; the one that changed last comes first unless said.
    #[param(inline)]
    sort: Option<MixtapeSortDto>,
    /// First row.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Mixtapes, of everybody.
#[utoipa::path(
    get,
    path = "/api/v1/mixtapes",
    tag = "mixtapes",
    params(MixtapeParams),
    responses((status = 200, body = PageDto<MixtapeDto>))
)]
pub async fn mixtapes(
    State(state): State<HttpState>,
    caller: Caller,
    Query(params): Query<MixtapeParams>,
) -> Answer<axum::Json<PageDto<MixtapeDto>>> {
    let page = Offset::checked(params.offset, params.limit)?;
    let query = MixtapeQuery {
        search: search_text(params.search.as_deref())?.map(ToOwned::to_owned),
        by_title: params.sort == Some(MixtapeSortDto::Title),
        offset: page.offset,
        limit: page.limit,
    };
    let rows = state.store.catalog().mixtapes(&query).await?;
    Ok(axum::Json(PageDto::of(rows, page.offset, |mixtape| MixtapeDto::new(mixtape, &caller))))
}

/// Makes a mixtape. Its slug is made of its title.
#[utoipa::path(
    post,
    path = "/api/v1/mixtapes",
    tag = "mixtapes",
    request_body = NewMixtapeRequest,
    responses(
        (status = 201, description = "The mixtape; `Location` leads to it", body = MixtapeWithTracksDto),
        (status = 400, description = "There is no such track, or a text has the wrong form"),
        (status = 413, description = "More than 1,000 tracks, or more than 1,000 mixtapes of one person"),
    )
)]
pub async fn create_mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Json(body): Json<NewMixtapeRequest>,
) -> Answer<Response> {
    let new = NewMixtape {
        title: mixtape::checked_title(&body.title)?.to_owned(),
        notes: mixtape::checked_notes(&body.notes)?.to_owned(),
        owner: Some(caller.user.id),
        tracks: body.tracks,
    };
    let slug = state.store.catalog().create_mixtape(&new, clock::now()).await?;
    state.ingest.precache(new.tracks).await;
    created(&state, &caller, &slug).await
}

/// One mixtape with its tracks.
#[utoipa::path(
    get,
    path = "/api/v1/mixtapes/{slug}",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses((status = 200, body = MixtapeWithTracksDto), (status = 404, description = "No such mixtape"))
)]
pub async fn mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
) -> Answer<axum::Json<MixtapeWithTracksDto>> {
    Ok(axum::Json(full(&state, &caller, find(&state, &slug).await?).await?))
}

/// Changes title, notes or tracks of a mixtape. The slug stays.
#[utoipa::path(
    patch,
    path = "/api/v1/mixtapes/{slug}",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    request_body = MixtapeChangeRequest,
    responses(
        (status = 200, description = "The mixtape as it is now", body = MixtapeWithTracksDto),
        (status = 400, description = "There is no such track, or a text has the wrong form"),
        (status = 403, description = "It is somebody else's"),
        (status = 404, description = "No such mixtape"),
        (status = 413, description = "More than 1,000 tracks"),
    )
)]
pub async fn change_mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
    Json(body): Json<MixtapeChangeRequest>,
) -> Answer<axum::Json<MixtapeWithTracksDto>> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    let change = MixtapeChange {
        title: body.title.as_deref().map(mixtape::checked_title).transpose()?.map(ToOwned::to_owned),
        notes: body.notes.as_deref().map(mixtape::checked_notes).transpose()?.map(ToOwned::to_owned),
        tracks: body.tracks,
    };
    state.store.catalog().change_mixtape(mixtape.id, &change, clock::now()).await?;
    if change.tracks.is_some() {
        state.ingest.precache(state.store.catalog().mixtape_tracks(mixtape.id).await?).await;
    }
    Ok(axum::Json(full(&state, &caller, find(&state, &slug).await?).await?))
}

/// Deletes a mixtape with its public links; guests are out at once. Its tracks stay where they are.
#[utoipa::path(
    delete,
    path = "/api/v1/mixtapes/{slug}",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "It is somebody else's"),
        (status = 404, description = "No such mixtape"),
    )
)]
pub async fn delete_mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
) -> Answer<StatusCode> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    state.store.catalog().delete_mixtape(mixtape.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Copies a mixtape, anybody's, into one of one's own.
#[utoipa::path(
    post,
    path = "/api/v1/mixtapes/{slug}/duplicate",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses(
        (status = 201, description = "The copy; `Location` leads to it", body = MixtapeWithTracksDto),
        (status = 404, description = "No such mixtape"),
    )
)]
pub async fn duplicate_mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
) -> Answer<Response> {
    const COPY: &str = " (copy)";
    let original = find(&state, &slug).await?;
    let room = mixtape::MAX_TITLE - COPY.len();
    let title = original.title.chars().take(room).chain(COPY.chars()).collect::<String>();
    let catalog = state.store.catalog();
    let slug = catalog.duplicate_mixtape(&original, &title, Some(caller.user.id), clock::now()).await?;
    created(&state, &caller, &slug).await
}

/// The mixtape of that slug, or the problem that there is none.
pub async fn find(state: &HttpState, slug: &Slug) -> Answer<Mixtape> {
    state.store.catalog().mixtape(slug).await?.ok_or_else(|| Problem::not_found("mixtape"))
}

/// The mixtape, if the caller may change it.
pub async fn changeable(state: &HttpState, caller: &Caller, slug: &Slug) -> Answer<Mixtape> {
    let mixtape = find(state, slug).await?;
    if caller.may_change(&mixtape) {
        return Ok(mixtape);
    }
    Err(Problem::new(ErrorKind::Forbidden, "the mixtape is somebody else's")
        .remedy("duplicate it, and change the copy"))
}

/// The answer for a mixtape that was just made.
pub async fn created(state: &HttpState, caller: &Caller, slug: &Slug) -> Answer<Response> {
    let mixtape = full(state, caller, find(state, slug).await?).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location(slug))], axum::Json(mixtape)).into_response())
}

/// Where a mixtape is.
pub fn location(slug: &Slug) -> String {
    format!("/api/v1/mixtapes/{slug}")
}

/// The mixtape with its tracks.
pub async fn full(state: &HttpState, caller: &Caller, mixtape: Mixtape) -> Answer<MixtapeWithTracksDto> {
    let shown = Shown::to(caller, state).await?;
    let entries = state.store.catalog().mixtape_entries(mixtape.id).await?;
    let tracks = entries.into_iter().enumerate().map(|(position, (entry, row))| {
        MixtapeEntryDto::new(position, entry, row.map(|row| tracks::dto(row, &shown)))
    });
    Ok(MixtapeWithTracksDto { tracks: tracks.collect(), mixtape: MixtapeDto::new(mixtape, caller) })
}
