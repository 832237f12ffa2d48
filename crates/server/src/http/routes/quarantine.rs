//! Files of ours that no track names: the list, deleting one or all of them now, making a track of an upload again.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_model::ContentHash;
use fanfare_store::Uploaded;
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::tracks;
use crate::http::{
    caller::Caller,
    dto::{
        Offset, PageDto,
        quarantine::{DeletedFilesDto, QuarantineDto, StoredKindDto},
        track::UploadedTrackDto,
    },
    extract::{Path, Query},
    problem::{Answer, Problem},
    state::HttpState,
};

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuarantineParams {
    /// First row.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// Rows wanted.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Files of the server that no track names, as after an older database was put back. They are kept for a time
/// (`storage.quarantine_days`) and then deleted; one that a track names again leaves the list.
#[utoipa::path(
    get,
    path = "/api/v1/quarantine",
    tag = "storage",
    params(QuarantineParams),
    responses((status = 200, body = QuarantineDto))
)]
pub async fn quarantine(
    State(state): State<HttpState>,
    Query(params): Query<QuarantineParams>,
) -> Answer<axum::Json<QuarantineDto>> {
    let Offset { offset, limit } = Offset::checked(params.offset, params.limit)?;
    let catalog = state.store.catalog();
    let counts = catalog.quarantine_counts().await?;
    let page = catalog.quarantine(&state.ingest.keeping(), offset, limit).await?;
    let days = state.live_settings.current().quarantine_days;
    Ok(axum::Json(QuarantineDto::new(days, counts, PageDto::of(page, offset, Into::into))))
}

/// Deletes every file in quarantine now.
#[utoipa::path(delete, path = "/api/v1/quarantine", tag = "storage", responses((status = 200, body = DeletedFilesDto)))]
pub async fn empty_quarantine(State(state): State<HttpState>) -> Answer<axum::Json<DeletedFilesDto>> {
    let (files, bytes) = state.store.catalog().empty_quarantine().await?;
    Ok(axum::Json(DeletedFilesDto { files, bytes }))
}

/// Deletes a file in quarantine now.
#[utoipa::path(
    delete,
    path = "/api/v1/quarantine/{kind}/{name}",
    tag = "storage",
    params(
        ("kind" = StoredKindDto, Path, description = "What it is"),
        ("name" = String, Path, description = "Its name, as listed")
    ),
    responses((status = 204, description = "Deleted"), (status = 404, description = "Not in quarantine"))
)]
pub async fn delete_quarantined(
    State(state): State<HttpState>,
    Path((kind, name)): Path<(StoredKindDto, String)>,
) -> Answer<StatusCode> {
    state.store.catalog().delete_quarantined(kind.into(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a track of an upload in quarantine again, which belongs to the caller. Its title comes from its tags; under what
/// name it was sent is not known any more.
#[utoipa::path(
    post,
    path = "/api/v1/quarantine/upload/{name}/restore",
    tag = "storage",
    params(("name" = String, Path, description = "The hash of its bytes, as listed")),
    responses(
        (status = 201, description = "A new track, queued; `Location` leads to it", body = UploadedTrackDto),
        (status = 200, description = "The same bytes are a track already, this one", body = UploadedTrackDto),
        (status = 404, description = "Not in quarantine"),
        (status = 507, description = "The disk is full"),
    )
)]
pub async fn restore_upload(
    State(state): State<HttpState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Response> {
    let hash: ContentHash = name.parse().map_err(|_| Problem::not_found("file in the quarantine"))?;
    let (status, id) = match state.ingest.restore_upload(hash, caller.user.id).await? {
        Uploaded::Added(id) => (StatusCode::CREATED, id),
        Uploaded::Known(id) => (StatusCode::OK, id),
    };
    let row = tracks::find(&state, id).await?;
    let answer = UploadedTrackDto { track: row.into(), duplicate: status == StatusCode::OK };
    Ok((status, [(header::LOCATION, format!("/api/v1/tracks/{id}"))], axum::Json(answer)).into_response())
}
