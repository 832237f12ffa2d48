//! Parked jobs: what was given up, why, and how often it was tried.

use fanfare_model::{
    job::{FailedAttempt, JobError},
    words::last_part,
};
use fanfare_store::{ParkedJob, ParkedPage, ParkedTrack};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::cursor;
use crate::http::clock::rfc3339;

/// A page of parked jobs, the one that was parked last first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkedJobs)]
pub struct ParkedJobsDto {
    /// The jobs.
    pub items: Vec<ParkedJobDto>,
    /// How many there are in all.
    pub total: u64,
    /// The `cursor` of the next page; `null` at the end.
    pub next: Option<String>,
}

impl From<ParkedPage> for ParkedJobsDto {
    fn from(page: ParkedPage) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            total: page.total,
            next: page.next.map(|place| cursor::write(place.parked, place.id.as_bytes())),
        }
    }
}

/// A job that was given up with a reason, until a user retries or discards it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkedJob)]
pub struct ParkedJobDto {
    /// Id.
    pub id: String,
    /// What was to be done: `analyze-track`, `process-track`, `enrich-track-audio`, `transcode-track`, `stream-track` or
    /// `cache-track`.
    pub queue: String,
    /// The track that it is about; `null` when that is gone.
    pub track: Option<ParkedTrackDto>,
    /// Why it was given up.
    pub reason: ParkedReasonDto,
    /// How often it was tried, retries included.
    pub attempts: u32,
    /// The last attempts that failed (at most 20), the latest first.
    pub attempt_log: Vec<FailedAttemptDto>,
    /// When it was given up.
    #[schema(format = DateTime)]
    pub parked_at: String,
}

impl From<ParkedJob> for ParkedJobDto {
    fn from(parked: ParkedJob) -> Self {
        let job = parked.job;
        Self {
            id: job.id.to_string(),
            queue: job.kind.queue().to_owned(),
            track: parked.track.map(Into::into),
            reason: job.last_error.map_or_else(ParkedReasonDto::unknown, Into::into),
            attempts: job.attempt.0,
            attempt_log: parked.attempts.into_iter().map(Into::into).collect(),
            parked_at: rfc3339(parked.parked),
        }
    }
}

/// The track of a parked job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkedTrack)]
pub struct ParkedTrackDto {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// The file's name; of an upload, the name it was sent under.
    pub file_name: String,
}

impl From<ParkedTrack> for ParkedTrackDto {
    fn from(track: ParkedTrack) -> Self {
        let file_name = last_part(&track.relative_path).to_owned();
        Self { id: track.id.to_string(), title: track.title, file_name }
    }
}

/// Why a job was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkedReason)]
pub struct ParkedReasonDto {
    /// What kind of trouble, as in problem documents.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
    /// Where in the file, if known.
    pub offset_bytes: Option<u64>,
}

impl ParkedReasonDto {
    fn unknown() -> Self {
        let kind = fanfare_model::ErrorKind::Internal;
        Self {
            kind: kind.as_str().to_owned(),
            message: "no reason was stored".to_owned(),
            remedy: kind.usual_remedy().to_owned(),
            offset_bytes: None,
        }
    }
}

impl From<JobError> for ParkedReasonDto {
    fn from(error: JobError) -> Self {
        let remedy = error.remedy().to_owned();
        Self {
            kind: error.kind.as_str().to_owned(),
            message: error.message,
            remedy,
            offset_bytes: error.offset_bytes,
        }
    }
}

/// An attempt that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedAttempt)]
pub struct FailedAttemptDto {
    /// Its number, from 1.
    pub attempt: u32,
    /// When it ended.
    #[schema(format = DateTime)]
    pub ended_at: String,
    /// What kind of trouble.
    pub kind: String,
    /// What happened.
    pub message: String,
}

impl From<FailedAttempt> for FailedAttemptDto {
    fn from(failed: FailedAttempt) -> Self {
        Self {
            attempt: failed.attempt.0,
            ended_at: rfc3339(failed.ended),
            kind: failed.error.kind.as_str().to_owned(),
            message: failed.error.message,
        }
    }
}

/// How many jobs were queued again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetriedJobs)]
pub struct RetriedJobsDto {
    /// How many.
    pub retried: u64,
}
