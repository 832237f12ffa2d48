//! Parked jobs: what was given up, to be looked at, retried or discarded by an owner.

use axum::extract::State;
use fanfare_model::JobId;
use fanfare_store::{ParkedFilter, ParkedPlace};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::{
    dto::{
        Offset,
        job::{ParkedJobsDto, RetriedJobsDto},
        page::cursor,
    },
    extract::{Path, Query},
    problem::Answer,
    state::HttpState,
};

/// Which parked jobs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParkedParams {
    /// Only those of this queue, for example `process-track`.
    queue: Option<String>,
    /// Only those that were given up for a reason of this kind, for example `malformed`.
    kind: Option<String>,
    /// Where the page begins: `next` of the page before.
    #[param(max_length = 64)]
    cursor: Option<String>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Which parked jobs are retried; all of them unless said.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetryParams {
    /// Only those of this queue, for example `process-track`.
    queue: Option<String>,
    /// Only those that were given up for a reason of this kind, for example `malformed`.
    kind: Option<String>,
}

/// Jobs that were given up, the latest first: each with its track, its reason, and the attempts that failed.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/parked",
    tag = "jobs",
    params(ParkedParams),
    responses((status = 200, body = ParkedJobsDto))
)]
pub async fn parked(
    State(state): State<HttpState>,
    Query(params): Query<ParkedParams>,
) -> Answer<axum::Json<ParkedJobsDto>> {
    let limit = Offset::checked(None, params.limit)?.limit;
    let filter = ParkedFilter::of(params.queue.as_deref(), params.kind.as_deref())?;
    let after = params.cursor.as_deref().map(cursor::read).transpose()?;
    let after = after.map(|(parked, id)| ParkedPlace { parked, id: JobId::from_bytes(id) });
    let page = state.store.catalog().parked(&filter, after, limit).await?;
    Ok(axum::Json(page.into()))
}

/// Queues a parked job again, with fresh attempts: that job only.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/parked/{id}/retry",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 202, description = "Queued", body = RetriedJobsDto),
        (status = 404, description = "No such job"),
        (status = 409, description = "It is not parked"),
    )
)]
pub async fn retry_parked(
    State(state): State<HttpState>,
    Path(id): Path<JobId>,
) -> Answer<(StatusCode, axum::Json<RetriedJobsDto>)> {
    state.ingest.retry_job(id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(RetriedJobsDto { retried: 1 })))
}

/// Queues all parked jobs again, or those of a queue or of a kind of reason.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/parked/retry",
    tag = "jobs",
    params(RetryParams),
    responses((status = 202, description = "Queued", body = RetriedJobsDto))
)]
pub async fn retry_all_parked(
    State(state): State<HttpState>,
    Query(params): Query<RetryParams>,
) -> Answer<(StatusCode, axum::Json<RetriedJobsDto>)> {
    let filter = ParkedFilter::of(params.queue.as_deref(), params.kind.as_deref())?;
    let retried = state.ingest.retry_jobs(&filter).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(RetriedJobsDto { retried })))
}

/// Takes a parked job off the list. The track, its file and its state stay as they are; its own retry still queues it.
#[utoipa::path(
    delete,
    path = "/api/v1/jobs/parked/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 204, description = "It is off the list"),
        (status = 404, description = "No such job"),
        (status = 409, description = "It is not parked"),
    )
)]
pub async fn discard_parked(State(state): State<HttpState>, Path(id): Path<JobId>) -> Answer<StatusCode> {
    state.ingest.discard_job(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
