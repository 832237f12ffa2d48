//! [`WorkQueue`]: one kind of work that workers do, and what its task says.

use fanfare_model::{TaskKind, TaskState};
use fanfare_store::JobCounts;

use crate::text;

/// A kind of work that has its own task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkQueue {
    /// Tracks of library folders are analyzed.
    Analysis,
    /// Uploads are made ready.
    Uploads,
    /// Transcodes that a client asked for are made.
    Transcodes,
    /// Transcodes are made ahead of time.
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
