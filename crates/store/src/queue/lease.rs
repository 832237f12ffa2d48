//! Leases: checked inside a transaction, and ended in the one that has the effect.
//!
//! What becomes of a job's track when its attempt ends is decided here, in the same transaction. A track that was analyzed
//! before keeps what is known of it, and its state, whatever becomes of another analysis (issue 4).

use fanfare_model::{Attempt, JobId, Result, TaskId, Timestamp, job::JobError, track::TrackFailure};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    ENRICH_PAUSE_MS, death, death_delay_ms, parked,
    rows::{ANALYZE_QUEUE, ENRICH_QUEUE, PROCESS_QUEUE},
};
use crate::{
    db::WriteTx,
    error::{lost_lease, sql},
    failure::noted::{FailedAttempt, note_attempt},
    rows::{col, maybe_id, to_json},
};

/// A lease that was checked inside the transaction.
pub(crate) struct Leased {
    n: i64,
    queue: String,
    pub(crate) subject: Vec<u8>,
    /// The task it is shown under.
    pub(crate) task: Option<TaskId>,
    attempt: Attempt,
    max_attempts: u32,
    /// How many holders died in a row, once this lease has ended: none when it ends in order.
    deaths: u32,
}

/// Checks that the lease is still held; `Conflict` otherwise. The write lock keeps it so until the commit.
pub(crate) async fn fence(
    tx: &mut SqliteConnection,
    id: JobId,
    attempt: Attempt,
    owner: &str,
) -> Result<Leased> {
    let row = sqlx::query(
        "SELECT n, queue, subject, task, attempt, max_attempts FROM job \
         WHERE id = ? AND state = 'running' AND attempt = ? AND owner = ?",
    )
    .bind(&id.as_bytes()[..])
    .bind(attempt.0)
    .bind(owner)
    .fetch_optional(tx)
    .await
    .map_err(sql("checking a lease"))?;
    leased(&row.ok_or_else(lost_lease)?)
}

fn leased(row: &SqliteRow) -> Result<Leased> {
    Ok(Leased {
        n: col(row, "n")?,
        queue: col(row, "queue")?,
        subject: col(row, "subject")?,
        task: maybe_id(row, "task", TaskId::from_bytes)?,
        attempt: Attempt(col(row, "attempt")?),
        max_attempts: col(row, "max_attempts")?,
        deaths: 0,
    })
}

impl Leased {
    /// The job is done; its effect is the caller's, in the same transaction.
    pub(crate) async fn done(&self, tx: &mut SqliteConnection, now: Timestamp) -> Result<()> {
        self.end(tx, "done", None, None, now).await
    }

    /// The job waits until that time, or is parked when its attempts are used up.
    pub(crate) async fn wait_or_park(
        &self,
        tx: &mut WriteTx,
        error: &JobError,
        run_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        if self.attempt.0 >= self.max_attempts {
            return self.park(tx, error, None, now).await;
        }
        self.end(tx, "waiting", Some(error), Some(run_at), now).await?;
        self.note(tx, error, Some(run_at), now).await?;
        self.track_waits(tx, Some((error, run_at)), now).await
    }

    /// The job waits until that time and gets one more attempt, so this one does not count; attempt numbers go on.
    pub(super) async fn wait(
        mut self,
        tx: &mut WriteTx,
        error: &JobError,
        run_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        self.max_attempts += 1;
        sqlx::query("UPDATE job SET max_attempts = ? WHERE n = ?")
            .bind(self.max_attempts)
            .bind(self.n)
            .execute(&mut **tx)
            .await
            .map_err(sql("giving a job another attempt"))?;
        self.wait_or_park(tx, error, run_at, now).await
    }

    /// The job is parked: its track failed for that reason, or is ready as it was before, or without being enriched.
    /// `next_retry`: when the track is tried again by itself.
    pub(crate) async fn park(
        &self,
        tx: &mut WriteTx,
        error: &JobError,
        next_retry: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        self.end(tx, "parked", Some(error), None, now).await?;
        self.note(tx, error, None, now).await?;
        match &*self.queue {
            ANALYZE_QUEUE | PROCESS_QUEUE => {
                sqlx::query(
                    "UPDATE track SET failure = ?1, updated = ?2, state = CASE \
                         WHEN content IS NULL OR ?4 THEN 'failed' \
                         WHEN state = 'processing' THEN iif(published IS NULL, 'ready', 'published') \
                         ELSE state END WHERE id = ?3",
                )
                .bind(to_json(&failure(error, next_retry, now))?)
                .bind(now.0)
                .bind(&self.subject[..])
                .bind(self.queue == PROCESS_QUEUE)
                .execute(&mut **tx)
                .await
                .map_err(sql("noting why a track failed"))?;
            }
            ENRICH_QUEUE => fail_open(tx, &self.subject, &error.sentence(), now).await?,
            _ => {}
        }
        Ok(())
    }

    /// Has the log tell that an attempt failed, once that is committed.
    async fn note(
        &self,
        tx: &mut WriteTx,
        error: &JobError,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let failed = FailedAttempt {
            queue: &self.queue,
            track: &self.subject,
            attempt: self.attempt.0,
            attempts: self.max_attempts,
            kind: error.kind,
            cause: &error.sentence(),
            retry_at,
        };
        note_attempt(tx, failed, now).await
    }

    /// The job waits again as if it had not been claimed.
    pub(super) async fn give_back(&self, tx: &mut SqliteConnection, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE job SET state = 'waiting', owner = NULL, lease_until = NULL, attempt = attempt - 1, \
                 updated = ? WHERE n = ?",
        )
        .bind(now.0)
        .bind(self.n)
        .execute(&mut *tx)
        .await
        .map_err(sql("giving a job back"))?;
        self.track_waits(tx, None, now).await
    }

    /// Nobody does the job: its track is as it was before.
    pub(super) async fn withdraw(&self, tx: &mut SqliteConnection, now: Timestamp) -> Result<()> {
        self.end(tx, "cancelled", None, None, now).await?;
        self.track_waits(tx, None, now).await
    }

    /// Renews it.
    pub(super) async fn renew(
        &self,
        tx: &mut SqliteConnection,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("UPDATE job SET lease_until = ?, updated = ? WHERE n = ?")
            .bind(until.0)
            .bind(now.0)
            .bind(self.n)
            .execute(tx)
            .await
            .map_err(sql("renewing a lease"))?;
        Ok(())
    }

    async fn end(
        &self,
        tx: &mut SqliteConnection,
        state: &str,
        error: Option<&JobError>,
        run_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            // What is done has no reason left.
            "UPDATE job SET state = ?1, owner = NULL, lease_until = NULL, \
                 error = iif(?1 = 'done', NULL, coalesce(?2, error)), \
                 run_at = coalesce(?3, run_at), deaths = ?4, updated = ?5 WHERE n = ?6",
        )
        .bind(state)
        .bind(error.map(to_json).transpose()?)
        .bind(run_at.map(|at| at.0))
        .bind(self.deaths)
        .bind(now.0)
        .bind(self.n)
        .execute(&mut *tx)
        .await
        .map_err(sql("ending a lease"))?;
        match error {
            Some(error) => parked::note_attempt(tx, self.n, self.attempt, error, now).await,
            None => Ok(()),
        }
    }

    /// A track that was being analyzed is not any more: as ready as it was before, or queued.
    async fn track_waits(
        &self,
        tx: &mut SqliteConnection,
        because: Option<(&JobError, Timestamp)>,
        now: Timestamp,
    ) -> Result<()> {
        if self.queue != ANALYZE_QUEUE && self.queue != PROCESS_QUEUE {
            return Ok(());
        }
        let failure = because.map(|(error, retry)| to_json(&failure(error, Some(retry), now))).transpose()?;
        sqlx::query(
            "UPDATE track SET state = CASE WHEN content IS NULL THEN 'queued' \
                 WHEN published IS NULL THEN 'ready' ELSE 'published' END, \
                 failure = ?, updated = ? WHERE id = ? AND state = 'processing'",
        )
        .bind(failure)
        .bind(now.0)
        .bind(&self.subject[..])
        .execute(tx)
        .await
        .map_err(sql("putting a track back"))?;
        Ok(())
    }
}

/// Enrichment is given up: the track becomes ready nevertheless, with the reason why something is missing.
pub(crate) async fn fail_open(
    tx: &mut SqliteConnection,
    track: &[u8],
    why: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE track SET state = CASE state WHEN 'enriching' THEN 'ready' ELSE state END, \
             upload = CASE WHEN upload = 'incoming' THEN iif(keep, 'original', 'gone') ELSE upload END, \
             enrichment = 'failed', enrichment_error = ?, updated = ? WHERE id = ?",
    )
    .bind(why)
    .bind(now.0)
    .bind(track)
    .execute(tx)
    .await
    .map_err(sql("giving up an enrichment"))?;
    Ok(())
}

fn failure(error: &JobError, next_retry: Option<Timestamp>, now: Timestamp) -> TrackFailure {
    TrackFailure {
        kind: error.kind,
        message: error.sentence(),
        offset_bytes: error.offset_bytes,
        at: now,
        next_retry,
    }
}

/// Whose leases end.
pub(crate) enum Released<'a> {
    /// Those of an owner whose process is gone.
    Of(&'a str),
    /// Those that ran out.
    RanOut,
}

/// Withdraws what runs of a task: who holds a lease loses it, and the tracks are as they were before.
pub(super) async fn stop(tx: &mut SqliteConnection, task: TaskId, now: Timestamp) -> Result<u64> {
    let rows = sqlx::query(
        "SELECT n, queue, subject, task, attempt, max_attempts FROM job \
         WHERE task = ? AND state = 'running' ORDER BY n",
    )
    .bind(&task.as_bytes()[..])
    .fetch_all(&mut *tx)
    .await
    .map_err(sql("withdrawing the jobs of a task"))?;
    for row in &rows {
        leased(row)?.withdraw(tx, now).await?;
    }
    Ok(rows.len() as u64)
}

/// Ends leases whose holder is gone: the jobs wait again, or are parked when their attempts are used up.
pub(crate) async fn release(tx: &mut WriteTx, which: Released<'_>, now: Timestamp) -> Result<u64> {
    const WHAT: &str = "ending leases";
    let query = match which {
        Released::Of(owner) => sqlx::query(
            "SELECT n, queue, subject, task, attempt, max_attempts, deaths FROM job \
             WHERE state = 'running' AND owner = ? ORDER BY n",
        )
        .bind(owner.to_owned()),
        Released::RanOut => sqlx::query(
            "SELECT n, queue, subject, task, attempt, max_attempts, deaths FROM job \
             WHERE state = 'running' AND (lease_until IS NULL OR lease_until <= ?) ORDER BY n",
        )
        .bind(now.0),
    };
    let rows = query.fetch_all(&mut **tx).await.map_err(sql(WHAT))?;
    for row in &rows {
        let deaths = col::<u32>(row, "deaths")?.saturating_add(1);
        let leased = Leased { deaths, ..leased(row)? };
        // The first death is most often somebody else's doing, and costs no wait.
        let apart = leased.queue == ENRICH_QUEUE && deaths > 1;
        let pause = if apart { ENRICH_PAUSE_MS } else { death_delay_ms(deaths) };
        leased.wait_or_park(tx, &death(deaths), now.plus_ms(pause), now).await?;
    }
    Ok(rows.len() as u64)
}
