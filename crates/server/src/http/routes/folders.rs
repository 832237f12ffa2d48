//! Library folders and scans of them.

use std::path::Path as FilePath;

use axum::extract::State;
use fanfare_ingest::Removed;
use fanfare_model::{Error, ErrorKind, FolderId, FolderMissing, library::Folder};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::tasks;
use crate::http::{
    dto::{
        ListDto,
        library::{FolderDto, NewFolderRequest, RemovedDto},
        task::TaskDto,
    },
    extract::{Json, Path, Query},
    problem::{Answer, Problem},
    state::HttpState,
};

/// The longest path accepted, in bytes (`PATH_MAX` of Linux, limits.h).
const LONGEST_PATH: usize = 4096;

/// The library's folders.
#[utoipa::path(get, path = "/api/v1/folders", tag = "library", responses((status = 200, body = ListDto<FolderDto>)))]
pub async fn folders(State(state): State<HttpState>) -> Answer<axum::Json<ListDto<FolderDto>>> {
    let catalog = state.store.catalog();
    let (folders, mut missing) = (catalog.folders().await?, catalog.missing().await?);
    let keep_days = state.live_settings.current().keep_missing_days;
    let dto = |folder: Folder| {
        let missing = missing.remove(&folder.id).unwrap_or_default();
        FolderDto::new(folder, missing, keep_days)
    };
    Ok(axum::Json(ListDto { items: folders.into_iter().map(dto).collect() }))
}

/// Adds a folder of the server to the library and scans it.
#[utoipa::path(
    post,
    path = "/api/v1/folders",
    tag = "library",
    request_body = NewFolderRequest,
    responses((status = 201, body = FolderDto), (status = 400, description = "No folder that can be read"))
)]
pub async fn add_folder(
    State(state): State<HttpState>,
    Json(body): Json<NewFolderRequest>,
) -> Answer<(StatusCode, axum::Json<FolderDto>)> {
    let path = FilePath::new(&body.path);
    if !path.is_absolute() || body.path.len() > LONGEST_PATH || body.path.contains('\0') {
        return Err(Problem::new(ErrorKind::Invalid, "a library folder is named by its absolute path"));
    }
    let folder = state.ingest.add_folder(path).await.map_err(|error| as_request_error(&error))?;
    // One that was there already may have missing tracks: they are in the list of folders.
    Ok((StatusCode::CREATED, axum::Json(FolderDto::new(folder, FolderMissing::default(), 0))))
}

/// A path that does not exist or may not be read is a mistake in the request, not in the server.
fn as_request_error(error: &Error) -> Problem {
    let kind = match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => ErrorKind::Invalid,
        kind => kind,
    };
    let problem = Problem::new(kind, error.message());
    match error.remedy_text() {
        Some(remedy) => problem.remedy(remedy),
        None => problem,
    }
}

/// Removes a folder and its tracks from the library. No file is touched.
#[utoipa::path(
    delete,
    path = "/api/v1/folders/{id}",
    tag = "library",
    params(("id" = String, Path, description = "The folder")),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such folder"))
)]
pub async fn remove_folder(State(state): State<HttpState>, Path(id): Path<FolderId>) -> Answer<StatusCode> {
    state.ingest.remove_folder(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which missing tracks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MissingParams {
    /// Only those below this folder in the library folder. Without it: all of them. It must not be empty.
    #[param(min_length = 1, max_length = 4096)]
    below: Option<String>,
}

/// Removes the missing tracks of a library folder now, permanently: the server no longer waits for their files. The disk is
/// checked first: tracks whose files are back stay. No file is touched.
#[utoipa::path(
    delete,
    path = "/api/v1/folders/{id}/missing",
    tag = "library",
    params(("id" = String, Path, description = "The folder"), MissingParams),
    responses(
        (status = 200, body = RemovedDto),
        (status = 400, description = "`below` is empty"),
        (status = 404, description = "No such folder"),
        (status = 503, description = "The storage gives no answer; nothing was removed"),
    )
)]
pub async fn remove_missing(
    State(state): State<HttpState>,
    Path(id): Path<FolderId>,
    Query(params): Query<MissingParams>,
) -> Answer<axum::Json<RemovedDto>> {
    let below = params.below.as_deref().map(|below| below.trim_matches('/'));
    if below == Some("") {
        return Err(Problem::new(ErrorKind::Invalid, "`below` names no folder").remedy(
            "name a folder in the library folder, or leave `below` out to remove all its missing tracks",
        ));
    }
    let Removed { removed, back, .. } = state.ingest.remove_missing(id, below.unwrap_or_default()).await?;
    Ok(axum::Json(RemovedDto { removed, back }))
}

/// How thoroughly.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScanParams {
    /// Whether every file is read and its bytes are compared with those that were analyzed. Else only files of which size or
    /// a time is another one.
    full: Option<bool>,
}

/// Scans all folders now; gives the running scan's task if one runs.
#[utoipa::path(
    post,
    path = "/api/v1/scan",
    tag = "library",
    params(ScanParams),
    responses((status = 202, body = TaskDto))
)]
pub async fn scan(
    State(state): State<HttpState>,
    Query(params): Query<ScanParams>,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    let full = params.full == Some(true);
    let id = if full { state.ingest.scan_in_full().await? } else { state.ingest.scan_now().await? };
    Ok((StatusCode::ACCEPTED, axum::Json(tasks::find(&state, id).await?.into())))
}
