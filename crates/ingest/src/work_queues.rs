//! The kinds of work that workers do: each has its own queue of jobs and its own task ([`TaskTracker`]).

use fanfare_model::{Result, TaskId, TaskKind, TaskState};
use fanfare_store::{JobCounts, Store};

use crate::{
    TaskHub, task_tracker::TaskTracker, text, work_policy::WorkPolicy, worker::protocol::WorkerEvent,
};

/// A kind of work that has its own task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkQueue {
    /// Tracks of library folders are analyzed.
    Analysis,
    /// Uploads are made ready.
    Uploads,
    /// Transcodes that a client asked for are made.
    Transcodes,
    /// Smaller files are made ahead of time.
    Cache,
}

impl WorkQueue {
    pub(crate) const fn kind(self) -> TaskKind {
        match self {
            Self::Analysis => TaskKind::Analysis,
            Self::Uploads => TaskKind::Upload,
            Self::Transcodes => TaskKind::Transcode,
            Self::Cache => TaskKind::Cache,
        }
    }

    /// The step its task is in while it runs.
    pub(crate) const fn step(self) -> &'static str {
        match self {
            Self::Analysis => "analyzing tracks",
            Self::Uploads => "making uploads ready",
            Self::Transcodes => "encoding",
            Self::Cache => "caching tracks",
        }
    }

    /// How its task ended: its state, and a message.
    pub(crate) fn end(self, counts: JobCounts) -> (TaskState, String) {
        let (analyzed, failed) = (text::count(counts.done, "track"), counts.parked);
        let state = match (counts.done, failed) {
            (0, 0) if counts.cancelled > 0 => return (TaskState::Cancelled, "cancelled".to_owned()),
            (_, 0) => TaskState::Succeeded,
            (0, _) => TaskState::Failed,
            _ => TaskState::PartialSuccess,
        };
        let message = match (self, state) {
            (Self::Analysis, TaskState::Succeeded) => format!("{analyzed} analyzed"),
            (Self::Analysis, TaskState::Failed) => {
                format!("{} could not be analyzed", text::count(failed, "track"))
            }
            (Self::Analysis, _) => format!("{analyzed} analyzed, {failed} failed"),
            // An upload is two jobs, so its jobs say nothing about how many there were.
            (Self::Uploads, TaskState::Succeeded) => "every upload is ready".to_owned(),
            (Self::Uploads, _) => format!("{failed} failed"),
            (Self::Cache, TaskState::Succeeded) => format!("{analyzed} ready"), // only where the files could not be summed up
            (Self::Cache, _) => format!("{analyzed} ready, {failed} failed"),
            (Self::Transcodes, TaskState::Succeeded) => format!("{analyzed} encoded"),
            (Self::Transcodes, _) => format!("{} could not be encoded", text::count(failed, "track")),
        };
        (state, message)
    }
}

/// All kinds of work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WorkQueues {
    pub(crate) analysis: TaskTracker,
    pub(crate) uploads: TaskTracker,
    pub(crate) transcodes: TaskTracker,
    pub(crate) cache: TaskTracker,
}

impl WorkQueues {
    pub(crate) fn new(store: &Store, hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        let line = |line| TaskTracker::new(store.clone(), hub.clone(), work_policy.clone(), line);
        Self {
            analysis: line(WorkQueue::Analysis),
            uploads: line(WorkQueue::Uploads),
            transcodes: line(WorkQueue::Transcodes),
            cache: line(WorkQueue::Cache),
        }
    }

    fn all(&self) -> [&TaskTracker; 4] {
        [&self.analysis, &self.uploads, &self.transcodes, &self.cache]
    }

    /// Continues the unfinished tasks of an earlier run of the server, and closes those without jobs.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn resume(&self) -> Result<()> {
        for line in self.all() {
            line.resume().await?;
        }
        Ok(())
    }

    /// Shows a worker's event on the tasks.
    pub(crate) async fn on_event(&self, event: &WorkerEvent) {
        for line in self.all() {
            line.on_event(event).await;
        }
    }

    /// Reads from the store how many jobs of each are done.
    pub(crate) async fn count(&self) {
        for line in self.all() {
            line.count().await;
        }
    }

    /// Cancels the waiting jobs of a task, if it is one of these; returns whether it is.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn cancel(&self, id: TaskId) -> Result<bool> {
        for line in self.all() {
            if line.cancel(id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
