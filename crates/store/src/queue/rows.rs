//! Jobs as the database holds them: the names of queues and states, and how a row is read.

use fanfare_model::{
    Attempt, Job, JobId, JobKind, JobState, Result, TaskId, TrackId,
    job::{JobError, Products},
};
use sqlx::sqlite::SqliteRow;

use crate::{
    error::strange,
    rows::{col, id, json, maybe_id, maybe_json, maybe_time, time},
};

/// The queue of tracks to be analyzed.
pub(crate) const ANALYZE_QUEUE: &str = "analyze-track";
/// The queue of uploads to be made playable and analyzed.
pub(crate) const PROCESS_QUEUE: &str = "process-track";
/// The queue of uploads to be enriched.
pub(crate) const ENRICH_QUEUE: &str = "enrich-track-audio";
/// The queue of transcodes that a listener waits for.
pub(crate) const TRANSCODE_QUEUE: &str = "transcode-track";
pub(crate) const STREAM_QUEUE: &str = "stream-track";
pub(crate) const CACHE_QUEUE: &str = "cache-track";

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

fn detail(row: &SqliteRow) -> Result<String> {
    Ok(col::<Option<String>>(row, "detail")?.unwrap_or_default())
}

pub(crate) fn job(row: &SqliteRow) -> Result<Job> {
    let track = id(row, "subject", TrackId::from_bytes)?;
    let kind = match col(row, "queue")? {
        ANALYZE_QUEUE => JobKind::AnalyzeTrack { track },
        PROCESS_QUEUE => JobKind::ProcessTrack { track, products: Products::read(&detail(row)?) },
        ENRICH_QUEUE => JobKind::EnrichTrackAudio { track },
        TRANSCODE_QUEUE => JobKind::TranscodeTrack { track, ladder: detail(row)? },
        STREAM_QUEUE => JobKind::StreamTrack { track, profile: detail(row)? },
        CACHE_QUEUE => JobKind::CacheTrack { track, profiles: detail(row)? },
        other => return Err(strange(format_args!("a job of the kind `{other}`"))),
    };
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
