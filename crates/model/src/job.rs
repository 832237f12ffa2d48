//! Durable work: a job is claimed by lease, fenced by its attempt number, and its effect happens once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, JobId, TaskId, Timestamp, TrackId};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum JobKind {
    /// Decode a track once, into products.
    MakeProducts {
        /// Which track.
        track: TrackId,
        /// Which products, and with that for whom and how urgently.
        wanted: Wanted,
    },
    /// Everything beyond the first analysis of an uploaded track. Fails open.
    Describe {
        /// Which track.
        track: TrackId,
    },
}

/// Which products a job makes. For whom, and how urgent that is, follows from it: it decides the queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Every analyzer whose result is missing at its current version. No user waits.
    Features,
    /// Every analyzer, an HLS ladder and transcodes, of an upload, whose owner waits.
    Upload(Products),
    /// The HLS ladder of that text, for a listener (and the analyzers that the track still lacks).
    Hls(String),
    /// A transcode of that profile, block by block in the order in which listeners need them (and the analyzers that the track
    /// still lacks).
    Stream(String),
    /// Every transcode of those profiles, separated by commas; behind `!` those that are made even if they exist. Made ahead of
    /// time.
    Transcodes(String),
}

/// A queue of jobs. Its name is stored with each job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// [`Wanted::Features`].
    Features,
    /// [`Wanted::Upload`].
    Upload,
    /// [`JobKind::Describe`].
    Describe,
    /// [`Wanted::Hls`].
    Hls,
    /// [`Wanted::Stream`].
    Stream,
    /// [`Wanted::Transcodes`].
    Transcodes,
}

impl Queue {
    /// All queues.
    pub const ALL: &'static [Self] =
        &[Self::Features, Self::Upload, Self::Describe, Self::Hls, Self::Stream, Self::Transcodes];

    /// Its stable name, by which users and the database know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Features => "analyze-track",
            Self::Upload => "process-track",
            Self::Describe => "enrich-track-audio",
            Self::Hls => "transcode-track",
            Self::Stream => "stream-track",
            Self::Transcodes => "cache-track",
        }
    }

    /// The queue of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|queue| queue.name() == name)
    }

    /// The job of a track in this queue, whose products are as [`JobKind::detail`] writes them.
    #[must_use]
    pub fn job(self, track: TrackId, detail: &str) -> JobKind {
        let text = || detail.to_owned();
        let wanted = match self {
            Self::Describe => return JobKind::Describe { track },
            Self::Features => Wanted::Features,
            Self::Upload => Wanted::Upload(Products::read(detail)),
            Self::Hls => Wanted::Hls(text()),
            Self::Stream => Wanted::Stream(text()),
            Self::Transcodes => Wanted::Transcodes(text()),
        };
        JobKind::MakeProducts { track, wanted }
    }
}

impl JobKind {
    /// The name of every queue.
    pub const QUEUES: &'static [&'static str] = &[
        Queue::Features.name(),
        Queue::Upload.name(),
        Queue::Describe.name(),
        Queue::Hls.name(),
        Queue::Stream.name(),
        Queue::Transcodes.name(),
    ];

    /// A job that makes those products of a track.
    #[must_use]
    pub const fn make(track: TrackId, wanted: Wanted) -> Self {
        Self::MakeProducts { track, wanted }
    }

    /// The queue that it waits in.
    #[must_use]
    pub const fn of_queue(&self) -> Queue {
        match self {
            Self::Describe { .. } => Queue::Describe,
            Self::MakeProducts { wanted, .. } => match wanted {
                Wanted::Features => Queue::Features,
                Wanted::Upload(_) => Queue::Upload,
                Wanted::Hls(_) => Queue::Hls,
                Wanted::Stream(_) => Queue::Stream,
                Wanted::Transcodes(_) => Queue::Transcodes,
            },
        }
    }

    /// The name of that queue.
    #[must_use]
    pub const fn queue(&self) -> &'static str {
        self.of_queue().name()
    }

    /// Which products exactly, as text, if the queue does not say it all.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Describe { .. } | Self::MakeProducts { wanted: Wanted::Features, .. } => None,
            Self::MakeProducts { wanted: Wanted::Upload(products), .. } => Some(products.to_string()),
            Self::MakeProducts {
                wanted: Wanted::Hls(text) | Wanted::Stream(text) | Wanted::Transcodes(text),
                ..
            } => Some(text.clone()),
        }
    }

    /// The track that it is about.
    #[must_use]
    pub const fn track(&self) -> TrackId {
        match self {
            Self::MakeProducts { track, .. } | Self::Describe { track } => *track,
        }
    }
}

/// What is made of an upload besides its analysis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Products {
    /// The HLS ladder; empty for the built-in one.
    pub ladder: String,
    /// The profiles of transcodes, separated by commas; empty for none.
    pub transcodes: String,
}

impl Products {
    /// A ladder, and no transcodes.
    #[must_use]
    pub fn of_ladder(ladder: impl Into<String>) -> Self {
        Self { ladder: ladder.into(), transcodes: String::new() }
    }

    /// Reads what [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let (ladder, transcodes) = text.split_once('\n').unwrap_or((text, ""));
        Self { ladder: ladder.to_owned(), transcodes: transcodes.to_owned() }
    }
}

/// The ladder; on a second line, if there are any, the profiles.
impl fmt::Display for Products {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ladder)?;
        if self.transcodes.is_empty() { Ok(()) } else { write!(f, "\n{}", self.transcodes) }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of every version so far: the name of the queue, and what is written beside it.
    #[test]
    fn jobs_that_older_versions_queued_are_read() {
        let track = TrackId::from_bytes([1; 16]);
        let text = "low=aac:64".to_owned();
        let transcodes =
            Products { transcodes: "mp3-low-128k-v1".to_owned(), ..Products::of_ladder(text.clone()) };
        let make = |wanted| JobKind::make(track, wanted);
        for (name, detail, kind) in [
            ("analyze-track", "", make(Wanted::Features)),
            ("process-track", "", make(Wanted::Upload(Products::default()))),
            ("process-track", "low=aac:64", make(Wanted::Upload(Products::of_ladder(text.clone())))),
            ("process-track", "low=aac:64\nmp3-low-128k-v1", make(Wanted::Upload(transcodes))),
            ("enrich-track-audio", "", JobKind::Describe { track }),
            ("transcode-track", "low=aac:64", make(Wanted::Hls(text))),
            ("stream-track", "mp3-low-128k-v1", make(Wanted::Stream("mp3-low-128k-v1".to_owned()))),
            ("cache-track", "!mp3-low-128k-v1", make(Wanted::Transcodes("!mp3-low-128k-v1".to_owned()))),
        ] {
            let queue = Queue::of(name).unwrap();
            assert_eq!(queue.job(track, detail), kind);
            assert_eq!((kind.queue(), kind.detail().unwrap_or_default()), (name, detail.to_owned()));
        }
        assert_eq!(JobKind::QUEUES, Queue::ALL.iter().map(|queue| queue.name()).collect::<Vec<_>>());
        assert_eq!(Queue::of("analyse-track"), None);
    }
}
