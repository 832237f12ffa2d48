//! Sentences for people, in one place.

use fanfare_model::{Error, TaskState, Timestamp, TrackId, track::TrackFailure};

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

/// `1 track`, `2 tracks`.
pub(crate) fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The state's name in an event (docs/coverage.md E22 `status`).
pub(crate) const fn status(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "waiting",
        TaskState::Running => "running",
        TaskState::Succeeded => "succeeded",
        TaskState::PartialSuccess => "partial_success",
        TaskState::Failed => "failed",
        TaskState::Cancelled => "cancelled",
    }
}

/// How a track without a known path is named in a list of failures.
pub(crate) fn unnamed(track: TrackId) -> String {
    format!("track {track}")
}
