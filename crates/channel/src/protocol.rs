//! What server and worker say to each other: one JSON object per line over the worker's stdin and stdout.
//!
//! Lines are bounded; a line that is no message of this list is passed over (with a debug log entry), so that
//! a stray print of some library can never confuse the other side.

use fanfare_model::{ErrorKind, JobId, TaskId, Timestamp, TrackId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use super::policy::Policy;

/// The longest line either side accepts, in bytes: a path (4 KiB, escaped) and a sentence fit easily.
pub const MAX_LINE_BYTES: u64 = 64 * 1024;

/// What the name of a blocking_work's own thread ends with, after `PLACE:`, where a sink's has the sink's name.
pub const BLOCKING_WORK: &str = "blocking_work";

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WorkerEvent {
    /// It opened the store and waits for `start`.
    Ready {
        /// The id of its process.
        pid: u32,
        /// The version of its program.
        version: String,
    },
    /// It is alive, whatever it does; said every few seconds.
    Alive,
    /// It claimed a job and opens the track's file; threads of that job have its place in their names.
    Started {
        /// The job.
        job: JobId,
        /// What the job is about.
        track: TrackId,
        /// Under which task the job is shown.
        task: Option<TaskId>,
        /// The job's place in the executor.
        place: usize,
        /// The file as users are shown it.
        path: String,
    },
    /// How much of a track is decoded.
    Progress {
        /// The job.
        job: JobId,
        /// Under which task the job is shown.
        task: Option<TaskId>,
        /// The file as users are shown it.
        path: String,
        /// Decoded frames.
        frames: u64,
        /// All frames, as far as the file declares how many.
        total: Option<u64>,
    },
    /// Results are committed.
    Finished {
        /// The job.
        job: JobId,
        /// What the job is about.
        track: TrackId,
        /// Under which task the job is shown.
        task: Option<TaskId>,
    },
    /// The attempt failed.
    Failed {
        /// The job.
        job: JobId,
        /// What the job is about.
        track: TrackId,
        /// Under which task the job is shown.
        task: Option<TaskId>,
        /// The file as users are shown it.
        path: String,
        /// What kind of error it is.
        kind: ErrorKind,
        /// The sentence of the error.
        message: String,
        /// The next track would meet the same: the run that it belongs to ends.
        #[serde(default)]
        ends_run: bool,
        /// When the next attempt is made, if there is one.
        retry_at: Option<Timestamp>,
    },
    /// A line for the log of a task.
    Noted {
        /// The task.
        task: TaskId,
        /// The line.
        text: String,
    },
    /// A job ended without a result and without a failure (returned to the queue, lease lost, track gone).
    Dropped {
        /// The job.
        job: JobId,
    },
    /// A file is not as the catalog has it: its folder should be scanned.
    Stale {
        /// The track of the file.
        track: TrackId,
    },
    /// Nothing is due and nothing runs.
    Idle,
    /// A thread hangs that cannot be ended: this worker ends soon, in order, to be replaced.
    Tainted,
    /// That thread is about to end the whole process.
    CrashReport {
        /// The name of the thread.
        thread: String,
    },
}

impl WorkerEvent {
    /// The job that it is about.
    pub const fn job(&self) -> Option<JobId> {
        match self {
            Self::Started { job, .. }
            | Self::Progress { job, .. }
            | Self::Finished { job, .. }
            | Self::Failed { job, .. }
            | Self::Dropped { job } => Some(*job),
            _ => None,
        }
    }

    /// The task under which the job is shown that it is about.
    pub const fn task(&self) -> Option<TaskId> {
        match self {
            Self::Started { task, .. }
            | Self::Progress { task, .. }
            | Self::Finished { task, .. }
            | Self::Failed { task, .. } => *task,
            Self::Noted { task, .. } => Some(*task),
            Self::Ready { .. }
            | Self::Alive
            | Self::Dropped { .. }
            | Self::Stale { .. }
            | Self::Idle
            | Self::Tainted
            | Self::CrashReport { .. } => None,
        }
    }
}

/// Which jobs a worker takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerRole {
    /// Those that no listener waits for, at low priority.
    #[default]
    Background,
    /// Those that a listener waits for.
    Live,
}

/// What a worker is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum WorkerCommand {
    /// Claim jobs.
    Start {
        /// The name under which jobs are leased.
        owner: String,
        /// How many at a time.
        slots: usize,
        /// Which jobs.
        #[serde(default)]
        role: WorkerRole,
    },
    /// There may be jobs.
    Wake,
    /// Work like that from now on.
    Policy {
        /// How gently.
        policy: Policy,
    },
    /// How transcodes are made ahead of time, from now on.
    Ahead {
        /// Of so many tracks at a time.
        slots: usize,
        /// No more than fit into the cap of the cache.
        cap_bytes: u64,
    },
    /// A listener plays the file that a job makes.
    ClientDemand {
        /// The job.
        job: JobId,
        /// The blocks that the listener waits for.
        blocks: Vec<u32>,
    },
    /// No listener is left.
    Leave {
        /// The job that made a file for them.
        job: JobId,
    },
    /// Open a live stream of a counting pattern, for tests and figures.
    #[cfg(feature = "loopback")]
    Loopback {
        /// What the stream says that it is.
        content: String,
        /// How many bytes it has.
        total_bytes: u64,
        /// In chunks of so many bytes.
        chunk_bytes: usize,
    },
    /// Return jobs to the queue and end.
    Stop,
}

/// The message as a line, newline included.
pub fn line(message: &impl Serialize) -> String {
    // Plain data of strings and numbers: serialising cannot fail; an empty line is passed over.
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

/// The next message; `None` at the end. Lines that are no message are passed over.
///
/// # Errors
/// Those of reading, and a line that is too long.
pub async fn next_message<M: DeserializeOwned>(
    reader: &mut (impl AsyncBufRead + Unpin),
) -> std::io::Result<Option<M>> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = reader.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes).await?;
        if read == 0 {
            return Ok(None);
        }
        if !bytes.ends_with(b"\n") && read as u64 == MAX_LINE_BYTES {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a line is too long"));
        }
        if let Some(message) = parse(&bytes) {
            return Ok(Some(message));
        }
    }
}

/// The message in a line, if it is one.
pub fn parse<M: DeserializeOwned>(line: &[u8]) -> Option<M> {
    match serde_json::from_slice(line) {
        Ok(message) => Some(message),
        Err(error) => {
            tracing::debug!(%error, "passed over a line that is no message");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_survive_lines_that_are_none() {
        let told = WorkerCommand::Start { owner: "1-ab".to_owned(), slots: 2, role: WorkerRole::Live };
        let text =
            format!("running 1 test\n\n{{\"event\":3}}\n{}{}", line(&told), line(&WorkerCommand::Stop));
        let mut reader = text.as_bytes();
        assert_eq!(next_message(&mut reader).await.unwrap(), Some(told));
        assert_eq!(next_message(&mut reader).await.unwrap(), Some(WorkerCommand::Stop));
        assert_eq!(next_message::<WorkerCommand>(&mut reader).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_endless_line_is_refused() {
        let text = vec![b'x'; 100_000];
        let mut reader = text.as_slice();
        assert!(next_message::<WorkerCommand>(&mut reader).await.is_err());
    }
}
