//! The public catalog: published tracks, for everybody.

use axum::extract::State;
use fanfare_model::TrackState;
use fanfare_store::TrackQuery;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::{
    dto::{
        Offset, PageDto,
        catalog::CatalogTrackDto,
        page::search_text,
        track::{SortOrderDto, TrackSortDto},
    },
    extract::Query,
    problem::Answer,
    state::HttpState,
};

/// Which published tracks, in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CatalogParams {
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
    /// First row.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Published tracks. Nobody needs to sign in for them, nor for their covers, waveforms, features and HLS.
#[utoipa::path(
    get,
    path = "/api/v1/catalog",
    tag = "catalog",
    params(CatalogParams),
    responses((status = 200, body = PageDto<CatalogTrackDto>))
)]
pub async fn catalog(
    State(state): State<HttpState>,
    Query(params): Query<CatalogParams>,
) -> Answer<axum::Json<PageDto<CatalogTrackDto>>> {
    let page = Offset::checked(params.offset, params.limit)?;
    let query = TrackQuery {
        search: search_text(params.search.as_deref())?.map(ToOwned::to_owned),
        sort: TrackSortDto::checked(params.sort, params.seed)?,
        descending: params.order == Some(SortOrderDto::Desc),
        state: Some(TrackState::Published),
        offset: page.offset,
        limit: page.limit,
        ..TrackQuery::default()
    };
    let rows = state.store.catalog().tracks(&query).await?;
    Ok(axum::Json(PageDto::of(rows, page.offset, Into::into)))
}
