//! What server and worker say to each other: one JSON object per line over the worker's stdin and stdout.
//!
//! WorkQueues are bounded; a line that is no message of this list is passed over (with a debug log entry), so that
//! a stray print of some library can never confuse the other side.

use fanfare_model::{ErrorKind, JobId, TaskId, Timestamp, TrackId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use super::policy::Policy;

/// The longest line either side accepts, in bytes: a path (4 KiB, escaped) and a sentence fit easily.
pub(crate) const MAX_LINE_BYTES: u64 = 64 * 1024;

/// What the name of a blocking_work's own thread ends with, after `PLACE:`, where a sink's has the sink's name.
pub(crate) const BLOCKING_WORK: &str = "blocking_work";

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum WorkerEvent {
    /// It opened the store and waits for `start`.
    Ready { pid: u32, version: String },
    /// It is alive, whatever it does; said every few seconds.
    Alive,
    /// It claimed a job and opens the track's file; threads of that job have its place in their names.
    Started { job: JobId, track: TrackId, task: Option<TaskId>, place: usize, path: String },
    /// So many frames are decoded, of so many (as far as declared).
    Progress { job: JobId, task: Option<TaskId>, path: String, frames: u64, total: Option<u64> },
    /// Results are committed.
    Finished { job: JobId, track: TrackId, task: Option<TaskId> },
    /// The attempt failed; `retry_at` when there is going to be another one.
    Failed {
        job: JobId,
        track: TrackId,
        task: Option<TaskId>,
        path: String,
        kind: ErrorKind,
        message: String,
        /// The next track would meet the same: the run that it belongs to ends.
        #[serde(default)]
        ends_run: bool,
        retry_at: Option<Timestamp>,
    },
    /// A line for the log of the job's task.
    Noted { task: TaskId, text: String },
    /// A job ended without a result and without a failure (given back, lease lost, track gone).
    Dropped { job: JobId },
    /// A file is not as the catalog has it: its folder should be scanned.
    Stale { track: TrackId },
    /// Nothing is due and nothing runs.
    Idle,
    /// A thread hangs that cannot be ended: this worker ends soon, in order, to be replaced.
    Tainted,
    /// That thread is about to end the whole process.
    CrashReport { thread: String },
}

impl WorkerEvent {
    /// The job that it is about.
    pub(crate) const fn job(&self) -> Option<JobId> {
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
    pub(crate) const fn task(&self) -> Option<TaskId> {
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
pub(crate) enum WorkerRole {
    /// Those that no listener waits for, at low priority.
    #[default]
    Background,
    /// Those that a listener waits for.
    Live,
}

/// What a worker is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum WorkerCommand {
    /// Claim jobs of that role under that name, so many at a time.
    Start {
        owner: String,
        slots: usize,
        #[serde(default)]
        role: WorkerRole,
    },
    /// There may be jobs.
    Wake,
    /// Work like that from now on.
    Policy { policy: Policy },
    /// From now on make transcodes of so many tracks at a time, and no more than fit into the cache's cap.
    Ahead { slots: usize, cap_bytes: u64 },
    /// A listener plays the file that the job makes, and waits for those blocks.
    ClientDemand { job: JobId, blocks: Vec<u32> },
    /// No listener is left.
    Leave { job: JobId },
    /// Give jobs back and end.
    Stop,
}

/// The message as a line, newline included.
pub(crate) fn line(message: &impl Serialize) -> String {
    // Plain data of strings and numbers: serialising cannot fail; an empty line is passed over.
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

/// The next message; `None` at the end. WorkQueues that are none are passed over.
///
/// # Errors
/// Those of reading, and a line that is too long.
pub(crate) async fn next_message<M: DeserializeOwned>(
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
pub(crate) fn parse<M: DeserializeOwned>(line: &[u8]) -> Option<M> {
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
