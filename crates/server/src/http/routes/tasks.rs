//! Tasks: what is going on, what went on.

use axum::extract::State;
use fanfare_model::{Task, TaskId};
use http::StatusCode;

use crate::http::{
    caller::Caller,
    clock::rfc3339,
    dto::{
        ListDto,
        task::{ScheduleDto, TaskDto},
    },
    extract::Path,
    problem::{Answer, Problem},
    shown::Shown,
    state::HttpState,
};

/// How many tasks the list goes back.
const LISTED: u32 = 50;

/// The task as it stands now: the live state is fresher than the stored one.
pub async fn find(state: &HttpState, id: TaskId) -> Answer<Task> {
    if let Some(task) = state.ingest.hub().active().into_iter().find(|task| task.id == id) {
        return Ok(task);
    }
    state.store.catalog().task(id).await?.ok_or_else(|| Problem::not_found("task"))
}

/// The latest tasks, newest first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", responses((status = 200, body = ListDto<TaskDto>)))]
pub async fn tasks(State(state): State<HttpState>, caller: Caller) -> Answer<axum::Json<ListDto<TaskDto>>> {
    let shown = Shown::to(&caller, &state).await?;
    let mut tasks = state.store.catalog().tasks(LISTED).await?;
    for live in state.ingest.hub().active() {
        match tasks.iter_mut().find(|task| task.id == live.id) {
            Some(task) => *task = live,
            None => tasks.insert(0, live),
        }
    }
    // A list of 500 logs would be megabytes; one task shows its own.
    let without_log = |task| Task { log: Vec::new(), ..shown.task(task) };
    Ok(axum::Json(ListDto::of(tasks.into_iter().map(without_log).collect())))
}

/// When background analysis runs by itself, and how it ran last.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/schedule",
    tag = "tasks",
    responses((status = 200, body = ScheduleDto))
)]
pub async fn schedule(State(state): State<HttpState>, caller: Caller) -> Answer<axum::Json<ScheduleDto>> {
    let shown = Shown::to(&caller, &state).await?;
    let status = state.ingest.background_status().await?;
    Ok(axum::Json(ScheduleDto {
        schedule: status.options.schedule.to_string(),
        quiet_hours: status.options.quiet_hours.map(|hours| hours.to_string()),
        next: status.next_start.map(rfc3339),
        last: status.last.map(|task| shown.task(task).into()),
    }))
}

/// Starts a run of background analysis now, whatever the hour; gives the one under way if there is one.
#[utoipa::path(
    post,
    path = "/api/v1/tasks/schedule/run",
    tag = "tasks",
    responses((status = 202, description = "The task of the run", body = TaskDto))
)]
pub async fn run_schedule(State(state): State<HttpState>) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    let run = state.ingest.run_nightly_now().await?;
    Ok((StatusCode::ACCEPTED, axum::Json(find(&state, run).await?.into())))
}

/// One task.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    responses((status = 200, body = TaskDto), (status = 404, description = "No such task"))
)]
pub async fn task(
    State(state): State<HttpState>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Answer<axum::Json<TaskDto>> {
    let shown = Shown::to(&caller, &state).await?;
    Ok(axum::Json(shown.task(find(&state, id).await?).into()))
}

/// Stops a task that runs.
#[utoipa::path(
    post,
    path = "/api/v1/tasks/{id}/cancel",
    tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 202, description = "It stops", body = TaskDto),
        (status = 404, description = "No such task"),
        (status = 409, description = "It is over"),
    )
)]
pub async fn cancel_task(
    State(state): State<HttpState>,
    Path(id): Path<TaskId>,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    state.ingest.cancel(id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(find(&state, id).await?.into())))
}

/// Does a task again that failed in part or in whole.
#[utoipa::path(
    post,
    path = "/api/v1/tasks/{id}/retry",
    tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 202, description = "The task that does it: this one while it is under way", body = TaskDto),
        (status = 404, description = "No such task"),
        (status = 409, description = "A setting is in the way, which the remedy names"),
    )
)]
pub async fn retry_task(
    State(state): State<HttpState>,
    Path(id): Path<TaskId>,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    let again = state.ingest.retry(id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(find(&state, again).await?.into())))
}
