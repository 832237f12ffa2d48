//! Failures on their way into the log: noted on the transaction that stores them, told once it is committed.

use fanfare_model::{ErrorKind, Result, Timestamp, TrackId};

use super::{Failure, Told};
use crate::{db::WriteTx, track_names::shown_name};

/// The attempt at a job that failed.
pub(crate) struct FailedAttempt<'a> {
    pub(crate) queue: &'a str,
    pub(crate) track: &'a [u8],
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    pub(crate) kind: ErrorKind,
    pub(crate) cause: &'a str,
    /// When the next one is made.
    pub(crate) retry_at: Option<Timestamp>,
}

/// Notes a failed attempt, to be told when the transaction is committed.
pub(crate) async fn note_attempt(tx: &mut WriteTx, failed: FailedAttempt<'_>, now: Timestamp) -> Result<()> {
    let FailedAttempt { queue, track, attempt, attempts, kind, cause, retry_at } = failed;
    let told = match retry_at {
        Some(at) => Told::Attempt { attempt, attempts, retry_in_s: (at.0 - now.0).max(0) / 1_000 },
        None => Told::GivenUp { attempt, attempts },
    };
    note(tx, queue, track, (kind, cause), told).await
}

/// Notes that an analyzer failed on a track, likewise: the results of the other analyzers are stored.
pub(crate) async fn note_analyzer(
    tx: &mut WriteTx,
    analyzer: &str,
    track: &[u8],
    kind: ErrorKind,
    cause: &str,
) -> Result<()> {
    note(tx, &format!("analyzer {analyzer}"), track, (kind, cause), Told::Part).await
}

/// Notes that a scan could not read a file, likewise.
pub(crate) async fn note_unreadable(
    tx: &mut WriteTx,
    track: &[u8],
    kind: ErrorKind,
    cause: &str,
) -> Result<()> {
    note(tx, "reading a file", track, (kind, cause), Told::Warning).await
}

async fn note(
    tx: &mut WriteTx,
    work: &str,
    track: &[u8],
    (kind, cause): (ErrorKind, &str),
    told: Told,
) -> Result<()> {
    let file = shown_name(tx, track).await?.unwrap_or_default();
    let track = track.try_into().ok().map(TrackId::from_bytes);
    let (work, cause) = (work.to_owned(), cause.to_owned());
    tx.failures.push(Failure { track, file, work, kind, cause, told });
    Ok(())
}
