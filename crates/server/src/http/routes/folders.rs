//! Library folders and scans of them.

use std::path::Path as FilePath;

use axum::extract::State;
use fanfare_model::{Error, ErrorKind, FolderId};
use http::StatusCode;

use super::tasks;
use crate::http::{
    dto::{
        ListDto,
        library::{FolderDto, NewFolderRequest},
        task::TaskDto,
    },
    extract::{Json, Path},
    problem::{Answer, Problem},
    state::HttpState,
};

/// The longest path accepted, in bytes (`PATH_MAX` of Linux, limits.h).
const LONGEST_PATH: usize = 4096;

/// The library's folders.
#[utoipa::path(get, path = "/api/v1/folders", tag = "library", responses((status = 200, body = ListDto<FolderDto>)))]
pub async fn folders(State(state): State<HttpState>) -> Answer<axum::Json<ListDto<FolderDto>>> {
    Ok(axum::Json(ListDto::of(state.store.catalog().folders().await?)))
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
    Ok((StatusCode::CREATED, axum::Json(folder.into())))
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

/// Scans all folders now; gives the running scan's task if one runs.
#[utoipa::path(post, path = "/api/v1/scan", tag = "library", responses((status = 202, body = TaskDto)))]
pub async fn scan(State(state): State<HttpState>) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    let id = state.ingest.scan_now().await?;
    Ok((StatusCode::ACCEPTED, axum::Json(tasks::find(&state, id).await?.into())))
}
