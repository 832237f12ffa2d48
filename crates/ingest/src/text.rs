//! Sentences for people, in one place.

use std::path::Path;

pub(crate) use fanfare_model::words::count;
use fanfare_model::{Error, Task, TaskState, Timestamp, Track, TrackId, job::JobError, track::TrackFailure};

/// How the sentence begins of a cache folder that cannot be written.
pub(crate) const CACHE_UNWRITABLE: &str = "nothing can be stored in the cache";
/// How the sentence begins of a cache at its cap.
pub(crate) const CACHE_FULL: &str = "the cache is full";

/// Whether a job was given up for an error that ends a run of making transcodes: by its sentence, which is all that is stored.
pub(crate) fn ended_a_run(given_up: &JobError) -> bool {
    [CACHE_UNWRITABLE, CACHE_FULL].iter().any(|begin| given_up.message.starts_with(begin))
}

/// The error's sentence and remedy, without the byte offset, which is stored in a field of its own.
pub(crate) fn sentence(error: &Error) -> String {
    match error.remedy_text() {
        Some(remedy) => format!("{}; {remedy}", error.message()),
        None => error.message().to_owned(),
    }
}

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

/// What people are shown of a track's file that lies there: the path, or the name under which it was uploaded (its bytes
/// lie under a name that says nothing).
pub(crate) fn shown(track: &Track, path: &Path) -> String {
    match track.home.folder() {
        Some(_) => path.display().to_string(),
        None => track.relative_path.clone(),
    }
}

/// How a track is named of which nothing is known any more.
pub(crate) fn unnamed(track: TrackId) -> String {
    format!("track {track}")
}
