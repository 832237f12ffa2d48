//! Jobs in the database, where enqueueing and finishing can share a transaction with what they are about.
//!
//! Beyond the trait's rules, this queue keeps tracks in step in the same transaction: a job that waits again puts its
//! track back from `processing`, a job that is parked makes its track `failed` with the reason, a retry
//! makes it `queued`.

use async_trait::async_trait;
use fanfare_model::{Attempt, Job, JobId, JobState, Result, TaskId, Timestamp, TrackId, job::JobError};
use sqlx::{Row, SqliteConnection};

use super::{
    AfterFailure, JobCounts, JobQueue, LEASE_MS, LeaseKey, NewJob,
    claimable::Claimable,
    lease::{Released, fence, release, stop},
    parked,
    queueing::enqueue,
    rows::{job, state},
};
use crate::{
    db::{Db, commit},
    error::{lost_lease, sql},
    rows::count,
};

/// Jobs in the database.
#[derive(Clone)]
pub struct SqliteJobQueue {
    db: Db,
}

impl SqliteJobQueue {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    async fn counted(&self, column: &'static str, value: &[u8]) -> Result<JobCounts> {
        const WHAT: &str = "counting jobs";
        let statement = match column {
            "queue" => {
                "SELECT state, count(*) AS jobs FROM job WHERE queue = CAST(?1 AS TEXT) GROUP BY state"
            }
            _ => "SELECT state, count(*) AS jobs FROM job WHERE task = ?1 GROUP BY state",
        };
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(statement).bind(value).fetch_all(&mut *reader).await.map_err(sql(WHAT))?;
        let mut counts = JobCounts::default();
        for row in rows {
            *match state(&row)? {
                JobState::Waiting => &mut counts.waiting,
                JobState::Running => &mut counts.running,
                JobState::Done => &mut counts.done,
                JobState::Parked => &mut counts.parked,
                JobState::Cancelled => &mut counts.cancelled,
            } = count(&row, "jobs")?;
        }
        Ok(counts)
    }
}

#[async_trait]
impl JobQueue for SqliteJobQueue {
    async fn enqueue(&self, job: NewJob, now: Timestamp) -> Result<JobId> {
        const WHAT: &str = "queueing a job";
        let mut tx = self.db.write(WHAT).await?;
        let id = enqueue(&mut tx, &job, now).await?;
        commit(tx, WHAT).await?;
        Ok(id)
    }

    async fn claim(&self, queue: &str, owner: &str, limit: u32, now: Timestamp) -> Result<Vec<Job>> {
        const WHAT: &str = "claiming jobs";
        // An idle worker asks often: it must not take the write lock to learn that there is nothing.
        let mut reader = self.db.reader(WHAT).await?;
        let may = Claimable::look(&mut reader, queue, owner, now).await?;
        drop(reader);
        if limit == 0 || may == Claimable::Nothing {
            return Ok(Vec::new());
        }
        let mut tx = self.db.write(WHAT).await?;
        // Looked at again under the lock: another claimer may have been faster.
        let (only, limit) = match Claimable::look(&mut tx, queue, owner, now).await? {
            Claimable::Nothing => return Ok(Vec::new()),
            Claimable::Alone(n) => (Some(n), 1),
            Claimable::Several => (None, limit),
        };
        let mut rows = sqlx::query(
            "UPDATE job SET state = 'running', owner = ?1, lease_until = ?2, attempt = attempt + 1, \
                 updated = ?3 \
             WHERE n IN (SELECT n FROM job WHERE queue = ?4 AND state = 'waiting' AND run_at <= ?3 \
                             AND (?6 IS NULL OR n = ?6) \
                         ORDER BY priority DESC, run_at, n LIMIT ?5) \
             RETURNING n, id, queue, subject, state, task, attempt, max_attempts, priority, run_at, owner, \
                 lease_until, error, without, detail",
        )
        .bind(owner)
        .bind(now.plus_ms(LEASE_MS).0)
        .bind(now.0)
        .bind(queue)
        .bind(limit)
        .bind(only)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        // RETURNING promises no order.
        rows.sort_by_cached_key(|row| {
            let key = |name| row.try_get::<i64, _>(name).unwrap_or_default();
            (-key("priority"), key("run_at"), key("n"))
        });
        let jobs = rows.iter().map(job).collect::<Result<Vec<_>>>()?;
        commit(tx, WHAT).await?;
        Ok(jobs)
    }

    async fn isolated_is_due(&self, queue: &str, now: Timestamp) -> Result<bool> {
        const WHAT: &str = "looking for jobs whose holder died";
        let mut reader = self.db.reader(WHAT).await?;
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM job WHERE queue = ? AND state = 'waiting' AND deaths > 0 AND run_at <= ?)",
        )
        .bind(queue)
        .bind(now.0)
        .fetch_one(&mut *reader)
        .await
        .map_err(sql(WHAT))
    }

    async fn claim_about(
        &self,
        queue: &str,
        track: TrackId,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Job>> {
        const WHAT: &str = "claiming the job about a track";
        let mut tx = self.db.write(WHAT).await?;
        let row = sqlx::query(
            "UPDATE job SET state = 'running', owner = ?1, lease_until = ?2, attempt = attempt + 1, updated = ?3 \
             WHERE n = (SELECT n FROM job WHERE queue = ?4 AND subject = ?5 AND state = 'waiting' AND deaths = 0 \
                            AND attempt < max_attempts ORDER BY n LIMIT 1) \
             RETURNING n, id, queue, subject, state, task, attempt, max_attempts, priority, run_at, owner, \
                 lease_until, error, without, detail",
        )
        .bind(owner)
        .bind(now.plus_ms(LEASE_MS).0)
        .bind(now.0)
        .bind(queue)
        .bind(&track.as_bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let claimed = row.as_ref().map(job).transpose()?;
        commit(tx, WHAT).await?;
        Ok(claimed)
    }

    async fn heartbeat(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()> {
        const WHAT: &str = "renewing a lease";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence(&mut tx, id, attempt, owner).await?;
        leased.renew(&mut tx, now.plus_ms(LEASE_MS), now).await?;
        commit(tx, WHAT).await
    }

    async fn finish(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()> {
        const WHAT: &str = "ending a job";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence(&mut tx, id, attempt, owner).await?;
        leased.done(&mut tx, now).await?;
        commit(tx, WHAT).await
    }

    async fn fail(
        &self,
        lease: LeaseKey<'_>,
        error: JobError,
        after: AfterFailure,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "ending a failed attempt";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence(&mut tx, lease.job, lease.attempt, lease.owner).await?;
        match after {
            AfterFailure::RetryAt(at) => leased.wait_or_park(&mut tx, &error, at, now).await?,
            AfterFailure::WaitUntil(at) => leased.wait(&mut tx, &error, at, now).await?,
            AfterFailure::Park => leased.park(&mut tx, &error, None, now).await?,
        }
        commit(tx, WHAT).await
    }

    async fn release_owner(&self, owner: &str, now: Timestamp) -> Result<u64> {
        const WHAT: &str = "ending the leases of an owner";
        let mut tx = self.db.write(WHAT).await?;
        let ended = release(&mut tx, Released::Of(owner), now).await?;
        commit(tx, WHAT).await?;
        Ok(ended)
    }

    async fn blame(&self, id: JobId, owner: &str, analyzer: &str) -> Result<()> {
        const WHAT: &str = "noting which analyzer killed a worker";
        let mut tx = self.db.write(WHAT).await?;
        let done = sqlx::query(
            "UPDATE job SET without = (SELECT json_group_array(DISTINCT value) FROM ( \
                 SELECT value FROM json_each(without) UNION SELECT ?1 ORDER BY 1)) \
             WHERE id = ?2 AND owner = ?3 AND state = 'running'",
        )
        .bind(analyzer)
        .bind(&id.as_bytes()[..])
        .bind(owner)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        if done.rows_affected() == 0 {
            return Err(lost_lease());
        }
        commit(tx, WHAT).await
    }

    async fn give_back(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()> {
        const WHAT: &str = "giving a job back";
        let mut tx = self.db.write(WHAT).await?;
        fence(&mut tx, id, attempt, owner).await?.give_back(&mut tx, now).await?;
        commit(tx, WHAT).await
    }

    async fn withdraw(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()> {
        const WHAT: &str = "withdrawing a job";
        let mut tx = self.db.write(WHAT).await?;
        fence(&mut tx, id, attempt, owner).await?.withdraw(&mut tx, now).await?;
        commit(tx, WHAT).await
    }

    async fn reap(&self, now: Timestamp) -> Result<u64> {
        const WHAT: &str = "ending leases that ran out";
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM job WHERE state = 'running' \
                               AND (lease_until IS NULL OR lease_until <= ?))";
        // Looked at every few seconds: no write lock where there is nothing to end.
        let mut reader = self.db.reader(WHAT).await?;
        let any: bool =
            sqlx::query_scalar(ANY).bind(now.0).fetch_one(&mut *reader).await.map_err(sql(WHAT))?;
        drop(reader);
        if !any {
            return Ok(0);
        }
        let mut tx = self.db.write(WHAT).await?;
        let ended = release(&mut tx, Released::RanOut, now).await?;
        commit(tx, WHAT).await?;
        Ok(ended)
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<()> {
        const WHAT: &str = "retrying a job";
        let mut tx = self.db.write(WHAT).await?;
        let parked = parked::find(&mut tx, id, "retried").await?;
        parked::retry(&mut tx, &parked, None, None, now).await?;
        commit(tx, WHAT).await
    }

    async fn discard(&self, id: JobId, now: Timestamp) -> Result<()> {
        const WHAT: &str = "discarding a job";
        let mut tx = self.db.write(WHAT).await?;
        let parked = parked::find(&mut tx, id, "discarded").await?;
        parked::discard(&mut tx, &parked, now).await?;
        commit(tx, WHAT).await
    }

    async fn cancel_task(&self, task: TaskId, now: Timestamp) -> Result<u64> {
        let mut tx = self.db.write(WITHDRAWING).await?;
        let withdrawn = withdraw_waiting(&mut tx, task, now).await?;
        commit(tx, WITHDRAWING).await?;
        Ok(withdrawn)
    }

    async fn stop_task(&self, task: TaskId, now: Timestamp) -> Result<u64> {
        let mut tx = self.db.write(WITHDRAWING).await?;
        let withdrawn = withdraw_waiting(&mut tx, task, now).await? + stop(&mut tx, task, now).await?;
        commit(tx, WITHDRAWING).await?;
        Ok(withdrawn)
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        const WHAT: &str = "reading a job";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT n, id, queue, subject, state, task, attempt, max_attempts, priority, run_at, owner, \
                 lease_until, error, without, detail FROM job WHERE id = ?",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        row.as_ref().map(job).transpose()
    }

    async fn task_is_due(&self, task: TaskId, now: Timestamp) -> Result<bool> {
        const WHAT: &str = "looking whether a task has something to do";
        let mut reader = self.db.reader(WHAT).await?;
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM job WHERE task = ?1 AND state = 'running') \
                 OR EXISTS (SELECT 1 FROM job WHERE task = ?1 AND state = 'waiting' AND run_at <= ?2)",
        )
        .bind(&task.as_bytes()[..])
        .bind(now.0)
        .fetch_one(&mut *reader)
        .await
        .map_err(sql(WHAT))
    }

    async fn counts(&self, queue: &str) -> Result<JobCounts> {
        self.counted("queue", queue.as_bytes()).await
    }

    async fn task_counts(&self, task: TaskId) -> Result<JobCounts> {
        self.counted("task", task.as_bytes()).await
    }
}

const WITHDRAWING: &str = "withdrawing the jobs of a task";

async fn withdraw_waiting(tx: &mut SqliteConnection, task: TaskId, now: Timestamp) -> Result<u64> {
    let done =
        sqlx::query("UPDATE job SET state = 'cancelled', updated = ? WHERE task = ? AND state = 'waiting'")
            .bind(now.0)
            .bind(&task.as_bytes()[..])
            .execute(tx)
            .await
            .map_err(sql(WITHDRAWING))?;
    Ok(done.rows_affected())
}
