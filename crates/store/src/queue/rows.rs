//! Jobs as the database holds them: the names of queues and states, and how a row is read.

use fanfare_model::{Attempt, Job, JobId, JobState, Queue, Result, TaskId, TrackId, job::JobError};
use sqlx::sqlite::SqliteRow;

use crate::{
    error::strange,
    rows::{col, id, json, maybe_id, maybe_json, maybe_time, time},
};

/// The queue of tracks to be analyzed.
pub(crate) const ANALYZE_QUEUE: &str = Queue::Features.name();
/// The queue of uploads to be made playable and analyzed.
pub(crate) const PROCESS_QUEUE: &str = Queue::Upload.name();
/// The queue of uploads to be enriched.
pub(crate) const ENRICH_QUEUE: &str = Queue::Describe.name();
/// The queue of transcodes that a listener waits for.
pub(crate) const TRANSCODE_QUEUE: &str = Queue::Hls.name();
pub(crate) const STREAM_QUEUE: &str = Queue::Stream.name();
pub(crate) const CACHE_QUEUE: &str = Queue::Transcodes.name();

pub(super) fn state(row: &SqliteRow) -> Result<JobState> {
    Ok(match col(row, "state")? {
        "waiting" => JobState::Waiting,
        "running" => JobState::Running,
        "done" => JobState::Done,
        "parked" => JobState::Parked,
        "cancelled" => JobState::Cancelled,
        other => return Err(strange(format_args!("the job state `{other}`"))),
    })
}

pub(crate) fn job(row: &SqliteRow) -> Result<Job> {
    let track = id(row, "subject", TrackId::from_bytes)?;
    let name: &str = col(row, "queue")?;
    let queue = Queue::of(name).ok_or_else(|| strange(format_args!("a job of the kind `{name}`")))?;
    let kind = queue.job(track, col::<Option<&str>>(row, "detail")?.unwrap_or_default());
    Ok(Job {
        id: id(row, "id", JobId::from_bytes)?,
        kind,
        state: state(row)?,
        task: maybe_id(row, "task", TaskId::from_bytes)?,
        attempt: Attempt(col(row, "attempt")?),
        max_attempts: col(row, "max_attempts")?,
        run_at: time(row, "run_at")?,
        owner: col(row, "owner")?,
        lease_until: maybe_time(row, "lease_until")?,
        last_error: maybe_json::<JobError>(row, "error")?,
        without: json(row, "without")?,
    })
}
