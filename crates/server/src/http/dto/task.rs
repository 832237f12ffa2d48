//! Tasks and their events.

use fanfare_ingest::TaskEvent;
use fanfare_model::{Task, TaskFailure, TaskKind, TaskLine, TaskState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::clock::rfc3339;

/// What a task does.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskKind)]
pub enum TaskKindDto {
    /// Brings the catalog up to date with the folders.
    Scan,
    /// Analyzes the tracks that were not analyzed yet.
    Analysis,
    /// The daily run over tracks that lack a result, or failed and are due again.
    Nightly,
    /// Brings uploaded tracks to `ready`.
    Upload,
    /// Makes transcodes that were asked for.
    Transcode,
    /// Makes transcodes ahead of time.
    Cache,
    /// Writes measured loudness into the tags of tracks that were analyzed before that was asked for.
    Tags,
    /// Asks AcoustID about tracks that nobody could be asked about when they were analyzed.
    Identify,
}

impl From<TaskKind> for TaskKindDto {
    fn from(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Scan => Self::Scan,
            TaskKind::Analysis => Self::Analysis,
            TaskKind::Nightly => Self::Nightly,
            TaskKind::Upload => Self::Upload,
            TaskKind::Transcode => Self::Transcode,
            TaskKind::Cache => Self::Cache,
            TaskKind::Tags => Self::Tags,
            TaskKind::Identify => Self::Identify,
        }
    }
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskState)]
pub enum TaskStateDto {
    /// Waiting to start.
    Waiting,
    /// Under way.
    Running,
    /// Ended, everything worked.
    Succeeded,
    /// Ended, with files that failed.
    PartialSuccess,
    /// Ended by an error.
    Failed,
    /// Ended by a person or by shutdown.
    Cancelled,
}

impl From<TaskState> for TaskStateDto {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Waiting => Self::Waiting,
            TaskState::Running => Self::Running,
            TaskState::Succeeded => Self::Succeeded,
            TaskState::PartialSuccess => Self::PartialSuccess,
            TaskState::Failed => Self::Failed,
            TaskState::Cancelled => Self::Cancelled,
        }
    }
}

/// Work with progress.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskDto {
    /// Id.
    pub id: String,
    /// What it does.
    pub kind: TaskKindDto,
    /// Where it stands.
    pub state: TaskStateDto,
    /// The step it is in, in words.
    pub step: String,
    /// Units done.
    pub current: u64,
    /// Units in all, as far as known; 0 while unknown.
    pub total: u64,
    /// The current file.
    pub current_item: Option<String>,
    /// The latest sentence.
    pub message: String,
    /// How many files failed.
    pub failure_count: u64,
    /// The first failures; `failure_count` is exact.
    pub failures: Vec<TaskFailureDto>,
    /// The last things that happened, oldest first; empty in lists.
    pub log: Vec<TaskLineDto>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created: String,
    /// When it started.
    #[schema(format = DateTime)]
    pub started: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    pub ended: Option<String>,
}

impl From<Task> for TaskDto {
    fn from(task: Task) -> Self {
        Self {
            id: task.id.to_string(),
            kind: task.kind.into(),
            state: task.state.into(),
            step: task.step,
            current: task.current,
            total: task.total,
            current_item: task.current_item,
            message: task.message,
            failure_count: task.failure_count,
            failures: task.failures.into_iter().map(Into::into).collect(),
            log: task.log.into_iter().map(Into::into).collect(),
            created: rfc3339(task.created),
            started: task.started.map(rfc3339),
            ended: task.ended.map(rfc3339),
        }
    }
}

/// When background analysis runs by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleDto {
    /// Local time of day, `HH:MM`, or `off`.
    pub schedule: String,
    /// The only hours in which it may run, `HH:MM-HH:MM`.
    pub quiet_hours: Option<String>,
    /// When it runs next.
    #[schema(format = DateTime)]
    pub next: Option<String>,
    /// How it ran last, or runs now.
    pub last: Option<TaskDto>,
}

/// One file that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskFailure)]
pub struct TaskFailureDto {
    /// Which file.
    pub subject: String,
    /// What kind of trouble.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// Its track, which can be tried again alone.
    pub track: Option<String>,
    /// When it will be tried again by itself.
    #[schema(format = DateTime)]
    pub next_retry: Option<String>,
}

impl From<TaskFailure> for TaskFailureDto {
    fn from(failure: TaskFailure) -> Self {
        Self {
            subject: failure.subject,
            kind: failure.kind.as_str().to_owned(),
            message: failure.message,
            track: failure.track.map(|track| track.to_string()),
            next_retry: failure.next_retry.map(rfc3339),
        }
    }
}

/// A line of a task's log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskLine)]
pub struct TaskLineDto {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What happened.
    pub text: String,
}

impl From<TaskLine> for TaskLineDto {
    fn from(line: TaskLine) -> Self {
        Self { at: rfc3339(line.at), text: line.text }
    }
}

/// The data of an event named `task`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskEvent)]
pub struct TaskEventDto {
    /// The task's id.
    pub task_id: String,
    /// What the task does.
    pub kind: TaskKindDto,
    /// The step it is in, in words.
    pub step: String,
    /// Where it stands.
    pub status: String,
    /// The state of the task after it.
    pub state: TaskStateDto,
    /// The latest sentence.
    pub message: String,
    /// Units done.
    pub current: u64,
    /// Units in all; 0 while unknown.
    pub total: u64,
    /// The current file.
    pub current_item: Option<String>,
    /// How many files failed so far.
    pub failure_count: u64,
    /// When this was so.
    #[schema(format = DateTime)]
    pub timestamp: String,
}

impl From<TaskEvent> for TaskEventDto {
    fn from(event: TaskEvent) -> Self {
        let task = event.task;
        Self {
            task_id: task.id.to_string(),
            kind: task.kind.into(),
            step: task.step,
            status: event.status,
            state: task.state.into(),
            message: task.message,
            current: task.current,
            total: task.total,
            current_item: task.current_item,
            failure_count: task.failure_count,
            timestamp: rfc3339(event.at),
        }
    }
}
