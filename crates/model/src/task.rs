//! A task: work as a person follows it, with progress, failures by file, and an end.

use serde::{Deserialize, Serialize};

use crate::{ErrorKind, TaskId, Timestamp};

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Walk the library's folders and bring the catalog up to date.
    Scan,
    /// Hear the tracks that were not heard yet.
    Analysis,
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
    /// Which file or thing, as shown to a person.
    pub subject: String,
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// The sentence.
    pub message: String,
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
    /// The step it is in, in words: `reading folders`, `hearing tracks`.
    pub step: String,
    /// Units done.
    pub current: u64,
    /// Units in all, as far as known; 0 while unknown.
    pub total: u64,
    /// The file at hand.
    pub current_item: Option<String>,
    /// A closing or latest sentence.
    pub message: String,
    /// How many files failed.
    pub failure_count: u64,
    /// The first failures (bounded; the count is exact).
    pub failures: Vec<TaskFailure>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How many failures a task keeps in full.
pub const MAX_TASK_FAILURES: usize = 200;
