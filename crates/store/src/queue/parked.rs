//! Parked jobs, inside the transaction that parks, retries, discards or supersedes them.
//!
//! A job is parked while the same work is neither queued again nor done. Queueing the work again, or doing it in another
//! way, withdraws the parked job: the list of parked jobs is exactly the work that a user may still want done.

use fanfare_model::{
    Attempt, ContentHash, Error, ErrorKind, JobId, JobState, Result, TaskId, Timestamp, TrackId,
    job::{JobError, Products},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::rows::{
    ANALYZE_QUEUE, CACHE_QUEUE, ENRICH_QUEUE, PROCESS_QUEUE, STREAM_QUEUE, TRANSCODE_QUEUE, state,
};
use crate::{
    error::{from_sql, sql},
    rows::{col, to_json},
};

/// How many failed attempts of a job are remembered, the latest.
const REMEMBERED_ATTEMPTS: u32 = 20;

/// A job that is parked.
pub(crate) struct Parked {
    n: i64,
    queue: String,
    subject: Vec<u8>,
}

impl Parked {
    /// Reads the columns `n`, `queue` and `subject`.
    pub(crate) fn of(row: &SqliteRow) -> Result<Self> {
        Ok(Self { n: col(row, "n")?, queue: col(row, "queue")?, subject: col(row, "subject")? })
    }
}

/// The parked job of that id; `done_to_it` is what only a parked job can be.
pub(crate) async fn find(tx: &mut SqliteConnection, id: JobId, done_to_it: &str) -> Result<Parked> {
    let row = sqlx::query("SELECT n, queue, subject, state FROM job WHERE id = ?")
        .bind(&id.as_bytes()[..])
        .fetch_optional(tx)
        .await
        .map_err(sql("looking for a parked job"))?
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such job"))?;
    if state(&row)? != JobState::Parked {
        let message = format!("only a parked job can be {done_to_it}");
        return Err(Error::new(ErrorKind::Conflict, message).remedy("look at the list of parked jobs again"));
    }
    Parked::of(&row)
}

/// Lets a parked job wait again with fresh attempts, under that task if one is given, and puts its track in step.
/// `products`: what is made of an upload from now on.
pub(crate) async fn retry(
    tx: &mut SqliteConnection,
    parked: &Parked,
    task: Option<TaskId>,
    products: Option<&Products>,
    now: Timestamp,
) -> Result<()> {
    let products = products.filter(|_| parked.queue == PROCESS_QUEUE);
    sqlx::query(
        "UPDATE job SET state = 'waiting', max_attempts = attempt + budget, run_at = ?1, updated = ?1, \
             task = coalesce(?2, task), detail = coalesce(?3, detail) WHERE n = ?4",
    )
    .bind(now.0)
    .bind(task.map(|task| task.as_bytes().to_vec()))
    .bind(products.map(ToString::to_string))
    .bind(parked.n)
    .execute(&mut *tx)
    .await
    .map_err(|error| match from_sql("retrying a job", error) {
        error if error.kind() == ErrorKind::Conflict => {
            Error::new(ErrorKind::Conflict, "the same work is queued already").because(error)
        }
        error => error,
    })?;
    match &*parked.queue {
        ANALYZE_QUEUE | PROCESS_QUEUE => track_queued(tx, &parked.subject, now).await,
        ENRICH_QUEUE => enrichment_queued(tx, &parked.subject, now).await,
        _ => Ok(()),
    }
}

/// Withdraws a parked job. Its track stays as it is, with its reason.
pub(super) async fn discard(tx: &mut SqliteConnection, parked: &Parked, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE job SET state = 'cancelled', updated = ? WHERE n = ?")
        .bind(now.0)
        .bind(parked.n)
        .execute(tx)
        .await
        .map_err(sql("discarding a job"))?;
    Ok(())
}

/// Remembers why an attempt failed.
pub(super) async fn note_attempt(
    tx: &mut SqliteConnection,
    n: i64,
    attempt: Attempt,
    error: &JobError,
    now: Timestamp,
) -> Result<()> {
    const WHAT: &str = "noting why an attempt failed";
    // An attempt that was given back has its number again.
    sqlx::query("INSERT OR REPLACE INTO job_attempt (job, attempt, ended, error) VALUES (?, ?, ?, ?)")
        .bind(n)
        .bind(attempt.0)
        .bind(now.0)
        .bind(to_json(error)?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    sqlx::query("DELETE FROM job_attempt WHERE job = ? AND attempt <= ?")
        .bind(n)
        .bind(i64::from(attempt.0) - i64::from(REMEMBERED_ATTEMPTS))
        .execute(tx)
        .await
        .map_err(sql(WHAT))?;
    Ok(())
}

/// A track waits to be analyzed, and no reason against it is left. One that was analyzed before stays ready, or published,
/// until it is analyzed again.
pub(crate) async fn track_queued(tx: &mut SqliteConnection, track: &[u8], now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE track SET state = CASE WHEN content IS NULL OR state = 'failed' THEN 'queued' ELSE state END, \
             failure = NULL, updated = ? WHERE id = ?",
    )
    .bind(now.0)
    .bind(track)
    .execute(tx)
    .await
    .map_err(sql("queueing a track"))?;
    Ok(())
}

/// A track waits to be enriched, and no reason against that is left. It stays as playable as it is.
pub(crate) async fn enrichment_queued(tx: &mut SqliteConnection, track: &[u8], now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE track SET enrichment = 'pending', enrichment_error = NULL, updated = ? WHERE id = ?")
        .bind(now.0)
        .bind(track)
        .execute(tx)
        .await
        .map_err(sql("queueing an enrichment"))?;
    Ok(())
}

/// The work of that key is queued: what is parked of it goes on in the new job.
pub(super) async fn superseded_by(
    tx: &mut SqliteConnection,
    track: TrackId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'cancelled', updated = ? WHERE state = 'parked' AND subject = ? AND dedupe_key = ?",
    )
    .bind(now.0)
    .bind(&track.as_bytes()[..])
    .bind(key)
    .execute(tx)
    .await
    .map_err(sql("withdrawing what a new job does"))?;
    Ok(())
}

/// The same for whatever was queued in this transaction.
pub(crate) async fn superseded(tx: &mut SqliteConnection, now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'cancelled', updated = ? WHERE state = 'parked' AND dedupe_key IS NOT NULL \
             AND EXISTS (SELECT 1 FROM job a WHERE a.state IN ('waiting', 'running') \
                 AND a.dedupe_key = job.dedupe_key)",
    )
    .bind(now.0)
    .execute(tx)
    .await
    .map_err(sql("withdrawing what new jobs do"))?;
    Ok(())
}

/// A track was enriched by the decode that analyzed it: its enrichment need not be tried again.
pub(crate) async fn supersede_enrichment(
    tx: &mut SqliteConnection,
    track: TrackId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'cancelled', updated = ? WHERE state = 'parked' AND subject = ? AND queue = ?",
    )
    .bind(now.0)
    .bind(&track.as_bytes()[..])
    .bind(ENRICH_QUEUE)
    .execute(tx)
    .await
    .map_err(sql("withdrawing an enrichment that was made"))?;
    Ok(())
}

/// The bytes of a track changed: that nothing smaller could be made of the former ones says nothing of it any more.
pub(crate) async fn withdraw_small(tx: &mut SqliteConnection, track: i64, now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'cancelled', updated = ? WHERE state = 'parked' \
             AND subject = (SELECT id FROM track WHERE n = ?) AND queue IN (?, ?)",
    )
    .bind(now.0)
    .bind(track)
    .bind(STREAM_QUEUE)
    .bind(CACHE_QUEUE)
    .execute(tx)
    .await
    .map_err(sql("withdrawing what was not made of earlier bytes"))?;
    Ok(())
}

/// A file was made of those bytes by that profile, whichever job made it: others need not make it again.
pub(crate) async fn supersede_made(
    tx: &mut SqliteConnection,
    hash: ContentHash,
    profile: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        // A ladder's profile is its version, a colon, and what the job calls it.
        "UPDATE job SET state = 'cancelled', updated = ?1 WHERE state = 'parked' \
             AND subject IN (SELECT id FROM track WHERE hash = ?2) \
             AND ((queue = ?4 AND detail = ?3) \
                 OR (queue = ?5 AND detail = substr(?3, instr(?3, ':') + 1)) \
                 OR (queue = ?6 AND detail IN (?3, '!' || ?3)))",
    )
    .bind(now.0)
    .bind(&hash.as_bytes()[..])
    .bind(profile)
    .bind(STREAM_QUEUE)
    .bind(TRANSCODE_QUEUE)
    .bind(CACHE_QUEUE)
    .execute(tx)
    .await
    .map_err(sql("withdrawing what was made by another job"))?;
    Ok(())
}
