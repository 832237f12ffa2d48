//! Durable work: a job is claimed by lease, fenced by its attempt number, and its effect happens once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, JobId, TaskId, Timestamp, TrackId};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum JobKind {
    /// Decode the track once and run every analyzer whose result is missing at its current version.
    AnalyzeTrack {
        /// Which track.
        track: TrackId,
    },
    /// Decode an uploaded track once, into every analyzer and whatever is made of it.
    ProcessTrack {
        /// Which track.
        track: TrackId,
        /// What is made of it.
        products: Products,
    },
    /// Everything beyond the first analysis of an uploaded track. Fails open.
    EnrichTrackAudio {
        /// Which track.
        track: TrackId,
    },
    /// Decode a track once, into a transcode that a client asked for (and into the analyzers it still lacks).
    TranscodeTrack {
        /// Which track.
        track: TrackId,
        /// The ladder to make.
        ladder: String,
    },
    /// Make a transcode of a track block by block, in the order in which listeners want them.
    StreamTrack {
        /// Which track.
        track: TrackId,
        /// The profile.
        profile: String,
    },
    /// Decode a track once, into every transcode that is wanted of it.
    CacheTrack {
        /// Which track.
        track: TrackId,
        /// The profiles, separated by commas; behind `!` those that are made even if they exist.
        profiles: String,
    },
}

impl JobKind {
    /// The kind's stable name, which is also the name of the queue it waits in.
    #[must_use]
    pub const fn queue(&self) -> &'static str {
        match self {
            Self::AnalyzeTrack { .. } => "analyze-track",
            Self::ProcessTrack { .. } => "process-track",
            Self::EnrichTrackAudio { .. } => "enrich-track-audio",
            Self::TranscodeTrack { .. } => "transcode-track",
            Self::StreamTrack { .. } => "stream-track",
            Self::CacheTrack { .. } => "cache-track",
        }
    }

    /// The name of every queue.
    pub const QUEUES: &'static [&'static str] = &[
        "analyze-track",
        "process-track",
        "enrich-track-audio",
        "transcode-track",
        "stream-track",
        "cache-track",
    ];

    /// The track that it is about.
    #[must_use]
    pub const fn track(&self) -> TrackId {
        match self {
            Self::AnalyzeTrack { track }
            | Self::ProcessTrack { track, .. }
            | Self::EnrichTrackAudio { track }
            | Self::TranscodeTrack { track, .. }
            | Self::StreamTrack { track, .. }
            | Self::CacheTrack { track, .. } => *track,
        }
    }
}

/// What is made of an upload besides its analysis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Products {
    /// The HLS ladder; empty for the built-in one.
    pub ladder: String,
    /// The profiles of transcodes, separated by commas; empty for none.
    pub small: String,
}

impl Products {
    /// A ladder, and nothing smaller.
    #[must_use]
    pub fn of_ladder(ladder: impl Into<String>) -> Self {
        Self { ladder: ladder.into(), small: String::new() }
    }

    /// Reads what [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let (ladder, small) = text.split_once('\n').unwrap_or((text, ""));
        Self { ladder: ladder.to_owned(), small: small.to_owned() }
    }
}

/// The ladder; on a second line, if there are any, the profiles.
impl fmt::Display for Products {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ladder)?;
        if self.small.is_empty() { Ok(()) } else { write!(f, "\n{}", self.small) }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for its time and for a worker.
    Waiting,
    /// Leased to a worker.
    Running,
    /// Finished, its effect committed.
    Done,
    /// Given up with a reason, until a user retries it.
    Parked,
    /// Withdrawn by a person.
    Cancelled,
}

/// One try at a job: the number fences out earlier holders of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub u32);

/// A job as the queue holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub kind: JobKind,
    /// State.
    pub state: JobState,
    /// The task it is shown under, if any.
    pub task: Option<TaskId>,
    /// How often it was claimed. The holder of a lease must name this number to finish.
    pub attempt: Attempt,
    /// How often it may be claimed before it is parked.
    pub max_attempts: u32,
    /// When it may run (again).
    pub run_at: Timestamp,
    /// Who holds the lease.
    pub owner: Option<String>,
    /// Until when the lease holds without a heartbeat.
    pub lease_until: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_error: Option<JobError>,
    /// Analyzers that killed the process that ran them: the next attempt leaves them out.
    pub without: Vec<String>,
}

/// Why an attempt failed, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// What kind of trouble.
    pub kind: crate::ErrorKind,
    /// The sentence.
    pub message: String,
    /// Where in the file, if known.
    pub offset_bytes: Option<u64>,
    /// What a person can do about it, if something is known. (In rows of older versions it is part of the sentence.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl JobError {
    /// What a person can do about it: its own remedy, or the usual one of its kind.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.remedy.as_deref().unwrap_or_else(|| self.kind.usual_remedy())
    }

    /// The error that it was.
    #[must_use]
    pub fn into_error(self) -> Error {
        let error = Error::new(self.kind, self.message);
        let error = self.offset_bytes.into_iter().fold(error, Error::at_byte);
        self.remedy.into_iter().fold(error, Error::remedy)
    }

    /// The sentence with its remedy.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{}; {remedy}", self.message),
            None => self.message.clone(),
        }
    }
}

impl From<&Error> for JobError {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
            offset_bytes: error.offset_bytes(),
            remedy: error.remedy_text().map(str::to_owned),
        }
    }
}

/// An attempt that failed, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Its number.
    pub attempt: Attempt,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it failed.
    pub error: JobError,
}
