//! Tracks: the list, one of them, what is known of its sound.

use axum::extract::State;
use fanfare_model::{ArtistId, Features, ReleaseId, TrackId};
use fanfare_store::{TrackQuery, TrackRow};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::{
    caller::{Caller, MaybeCaller},
    clock,
    dto::{
        Offset, PageDto,
        features::FeaturesDto,
        page::search_text,
        track::{
            PresenceDto, PublicationDto, SortOrderDto, TrackChangeRequest, TrackDto, TrackSortDto,
            TrackStateDto,
        },
    },
    extract::{Json, Path, Query},
    open_to::track_for,
    problem::{Answer, Problem},
    shown::Shown,
    state::HttpState,
};

/// Which tracks, in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrackParams {
    /// Words to find in title, artist, album and genre; the last may be the beginning of a word.
    #[param(max_length = 200)]
    search: Option<String>,
    /// What to sort by; by title unless said.
    #[param(inline)]
    sort: Option<TrackSortDto>,
    /// Upwards unless said.
    #[param(inline)]
    order: Option<SortOrderDto>,
    /// With `sort=shuffled`, and only then: which random order.
    #[param(minimum = 0, maximum = 4_294_967_295_u64)]
    seed: Option<u32>,
    /// Only those of this artist.
    #[param(value_type = Option<String>)]
    artist: Option<ArtistId>,
    /// Only those on this release.
    #[param(value_type = Option<String>)]
    release: Option<ReleaseId>,
    /// Only those in this state.
    #[param(inline)]
    state: Option<TrackStateDto>,
    /// Only those of this presence: those that are here, unless said.
    #[param(inline)]
    presence: Option<PresenceDto>,
    /// First row.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Tracks: filtered, sorted, by page.
#[utoipa::path(
    get,
    path = "/api/v1/tracks",
    tag = "tracks",
    params(TrackParams),
    responses((status = 200, body = PageDto<TrackDto>))
)]
pub async fn tracks(
    State(state): State<HttpState>,
    caller: Caller,
    Query(params): Query<TrackParams>,
) -> Answer<axum::Json<PageDto<TrackDto>>> {
    let page = Offset::checked(params.offset, params.limit)?;
    let query = TrackQuery {
        search: search_text(params.search.as_deref())?.map(ToOwned::to_owned),
        sort: TrackSortDto::checked(params.sort, params.seed)?,
        descending: params.order == Some(SortOrderDto::Desc),
        artist: params.artist,
        release: params.release,
        state: params.state.map(Into::into),
        presence: params.presence.map(Into::into).unwrap_or_default(),
        offset: page.offset,
        limit: page.limit,
    };
    let rows = state.store.catalog().tracks(&query).await?;
    let shown = Shown::to(&caller, &state).await?;
    Ok(axum::Json(PageDto::of(rows, page.offset, |row| dto(row, &shown))))
}

/// The row of a track, or the problem that there is none.
pub async fn find(state: &HttpState, id: TrackId) -> Answer<TrackRow> {
    state.store.catalog().track(id).await?.ok_or_else(|| Problem::not_found("track"))
}

/// One track.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{id}",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses((status = 200, body = TrackDto), (status = 404, description = "No such track"))
)]
pub async fn track(
    State(state): State<HttpState>,
    caller: Caller,
    Path(id): Path<TrackId>,
) -> Answer<axum::Json<TrackDto>> {
    let shown = Shown::to(&caller, &state).await?;
    Ok(axum::Json(dto(find(&state, id).await?, &shown)))
}

/// Publishes a track that is ready, or takes it out of the public catalog.
#[utoipa::path(
    patch,
    path = "/api/v1/tracks/{id}",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    request_body = TrackChangeRequest,
    responses(
        (status = 200, description = "The track as it is now", body = TrackDto),
        (status = 404, description = "No such track"),
        (status = 409, description = "It is not ready"),
    )
)]
pub async fn change_track(
    State(state): State<HttpState>,
    Path(id): Path<TrackId>,
    Json(body): Json<TrackChangeRequest>,
) -> Answer<axum::Json<TrackDto>> {
    let public = body.state == PublicationDto::Published;
    state.store.catalog().publish(id, public, clock::now()).await?;
    Ok(axum::Json(find(&state, id).await?.into()))
}

/// Deletes an uploaded track and everything that was made of it. Files of library folders are only ever read.
#[utoipa::path(
    delete,
    path = "/api/v1/tracks/{id}",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such track"),
        (status = 409, description = "Its file lies in a library folder"),
        (status = 503, description = "The storage of uploads is away"),
    )
)]
pub async fn delete_track(State(state): State<HttpState>, Path(id): Path<TrackId>) -> Answer<StatusCode> {
    state.ingest.delete_track(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The track as a caller may see it.
pub(super) fn dto(row: TrackRow, shown: &Shown) -> TrackDto {
    let mut track = TrackDto::from(row);
    if let Some(failure) = &mut track.failure {
        failure.message = shown.text(&failure.message);
    }
    track.enrichment_error = track.enrichment_error.map(|error| shown.text(&error));
    track.cover_error = track.cover_error.map(|error| shown.text(&error));
    track
}

/// What analysis knows of the track (of a published one for everybody); parts are `null` while it was not analyzed.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{id}/features",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses((status = 200, body = FeaturesDto), (status = 404, description = "No such track"))
)]
pub async fn features(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
) -> Answer<axum::Json<FeaturesDto>> {
    let analyzed = track_for(&state, &caller, id).await?.analyzed;
    let catalog = state.store.catalog();
    let (found, runs) = (catalog.enrichment(id).await?, catalog.analysis_runs(id).await?);
    let features = FeaturesDto::from(load_features(&state, id).await?);
    Ok(axum::Json(features.analyzed(analyzed, runs).enriched(found)))
}

pub(super) async fn load_features(state: &HttpState, id: TrackId) -> Answer<Features> {
    let (results, warnings) = state.store.catalog().analysis(id).await?;
    let mut features = Features::from_results(results);
    features.warnings.extend(warnings);
    Ok(features)
}

/// Tries a track again that failed. One that is ready and lacks its enrichment alone is only enriched again.
#[utoipa::path(
    post,
    path = "/api/v1/tracks/{id}/retry",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses((status = 202, description = "Queued", body = TrackDto), (status = 404, description = "No such track"))
)]
pub async fn retry_track(
    State(state): State<HttpState>,
    Path(id): Path<TrackId>,
) -> Answer<(StatusCode, axum::Json<TrackDto>)> {
    state.ingest.retry_track(id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(find(&state, id).await?.into())))
}
