//! Sentences for people, in one place.

pub(crate) use fanfare_channel::text::{ended_a_run, sentence, unnamed};
pub(crate) use fanfare_model::words::count;
use fanfare_model::{Error, Task, TaskState, Timestamp, track::TrackFailure};

/// What to do about a folder that the account may not read.
pub(crate) const READ_REMEDY: &str = "give the account that runs fanfare the right to read the folder (`r`) and to enter it (`x`), or move it out of the library";

/// The error as a track keeps it.
pub(crate) fn track_failure(error: &Error, at: Timestamp, next_retry: Option<Timestamp>) -> TrackFailure {
    TrackFailure {
        kind: error.kind(),
        message: sentence(error),
        offset_bytes: error.offset_bytes(),
        at,
        next_retry,
    }
}

/// The status of an event: `in_progress`, `completed`, `failed`, or `skipped` for a track that is left out
/// while the work goes on. A listener may go by it alone: after `completed` and `failed` nothing follows.
pub(crate) fn status(task: &Task) -> &'static str {
    match task.state {
        TaskState::Waiting | TaskState::Running if task.message.starts_with("skipped ") => "skipped",
        TaskState::Waiting | TaskState::Running => "in_progress",
        TaskState::Succeeded | TaskState::PartialSuccess => "completed",
        TaskState::Failed | TaskState::Cancelled => "failed",
    }
}
