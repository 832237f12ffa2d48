//! A task: work as a person follows it, with progress, failures by file, and an end.

use serde::{Deserialize, Serialize};

use crate::{ErrorKind, TaskId, Timestamp, TrackId};

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Walk the library's folders and bring the catalog up to date.
    Scan,
    /// Hear the tracks that were not analyzed yet.
    Analysis,
    /// The daily run over tracks that lack a result, or failed and are due again.
    Nightly,
    /// Bring uploaded tracks from their bytes to `ready`.
    Upload,
    /// Make transcodes that were asked for.
    Transcode,
    /// Make transcodes ahead of time.
    Cache,
    /// Write measured loudness into the tags of tracks that were analyzed before that was asked for.
    Tags,
    /// Ask AcoustID about tracks that nobody could be asked about when they were analyzed.
    Identify,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
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

impl TaskState {
    /// Whether the task is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// One file that failed in a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailure {
    /// Its track, where it has one: that track alone can be tried again.
    #[serde(default)]
    pub track: Option<TrackId>,
    /// Which file or thing, as shown to a person.
    pub subject: String,
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// The sentence.
    pub message: String,
    /// When it will be tried again by itself.
    #[serde(default)]
    pub next_retry: Option<Timestamp>,
}

/// A line of a task's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLine {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub text: String,
}

/// A task as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What it does.
    pub kind: TaskKind,
    /// State.
    pub state: TaskState,
    /// The step it is in, in words: `reading folders`, `analyzing tracks`.
    pub step: String,
    /// Units done.
    pub current: u64,
    /// Units in all, as far as known; 0 while unknown.
    pub total: u64,
    /// The current file.
    pub current_item: Option<String>,
    /// A closing or latest sentence.
    pub message: String,
    /// How many files failed.
    pub failure_count: u64,
    /// The first failures (bounded; the count is exact).
    pub failures: Vec<TaskFailure>,
    /// The last things that happened, oldest first (bounded).
    #[serde(default)]
    pub log: Vec<TaskLine>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How many failures a task keeps in full.
pub const MAX_TASK_FAILURES: usize = 200;
/// How many lines of its log a task keeps.
pub const MAX_TASK_LINES: usize = 100;
