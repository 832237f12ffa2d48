//! The server itself: status, health, numbers, the description of all this.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_model::Queue;
use http::{StatusCode, header};

use crate::{
    assets,
    http::{
        caller::MaybeCaller,
        dto::status::{HealthDto, StatusDto, UiDto},
        metrics::Gathered,
        openapi::Document,
        problem::Answer,
        state::HttpState,
    },
};

/// What a client asks first: version, whether an owner exists, whether the caller is signed in.
#[utoipa::path(get, path = "/api/v1/status", tag = "server", responses((status = 200, body = StatusDto)))]
pub async fn status(State(state): State<HttpState>, caller: MaybeCaller) -> Answer<axum::Json<StatusDto>> {
    Ok(axum::Json(StatusDto {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ui: if assets::BUILT { UiDto::Built } else { UiDto::Placeholder },
        setup_needed: !state.store.people().owner_exists().await?,
        signed_in: caller.0.is_some(),
        storage: state.store.trouble().map(Into::into),
    }))
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "server",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json", body = Object))
)]
pub async fn document(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], (document.0)())
        .into_response()
}

/// Whether the server lives: it answers as long as it can answer at all.
#[utoipa::path(get, path = "/health/live", tag = "server", responses((status = 200, body = HealthDto)))]
pub async fn live() -> axum::Json<HealthDto> {
    axum::Json(HealthDto { status: "ok".to_owned(), waiting_for: Vec::new(), storage: None })
}

/// Whether the server can do its work: the store answers and no shutdown is under way. On a disk that is full or read-only it
/// can, as far as nothing has to be stored, and another start would change nothing: so that is 200 with `read-only` and the
/// cause; likewise `degraded` where a part of what is stored cannot be read.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "server",
    responses((status = 200, body = HealthDto), (status = 503, description = "Not ready", body = HealthDto))
)]
pub async fn ready(State(state): State<HttpState>) -> Response {
    let mut waiting_for = Vec::new();
    if state.store.ping().await.is_err() {
        waiting_for.push("the store".to_owned());
    }
    if state.closing.is_cancelled() {
        waiting_for.push("shutdown".to_owned());
    }
    let trouble = state.store.trouble();
    let (status, word) = match state.store.unwritable() {
        _ if !waiting_for.is_empty() => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Some(_) => (StatusCode::OK, "read-only"),
        None if trouble.is_some() => (StatusCode::OK, "degraded"),
        None => (StatusCode::OK, "ok"),
    };
    let storage = trouble.map(Into::into);
    (status, axum::Json(HealthDto { status: word.to_owned(), waiting_for, storage })).into_response()
}

/// Numbers for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses((status = 200, description = "Prometheus text format 0.0.4", content_type = "text/plain", body = String))
)]
pub async fn metrics(State(state): State<HttpState>) -> Answer<Response> {
    // The queue of a kind has the kind's name; which track does not matter for that.
    let queue = Queue::Features.name();
    let gathered = Gathered {
        library: state.store.catalog().counts().await?,
        jobs: state.store.jobs().counts(queue).await?,
        parked: state.store.catalog().parked_counts().await?,
        worker: state.ingest.worker_status(),
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.metrics.render(&gathered))
        .into_response())
}
