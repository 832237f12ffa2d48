//! Queueing jobs, and withdrawing those of a track, inside the transaction that makes it necessary.

use fanfare_model::{JobId, JobKind, Result, TaskId, Timestamp, TrackId, Wanted};
use sqlx::SqliteConnection;

use super::{ANALYZE_ATTEMPTS, NewJob, parked};
use crate::{error::sql, fresh_id, rows::id};

/// Queues a job inside a transaction; gives the id of the waiting or running one of the same key.
pub(crate) async fn enqueue(tx: &mut SqliteConnection, new: &NewJob, now: Timestamp) -> Result<JobId> {
    let row = sqlx::query(
        // The assignment changes nothing; it makes RETURNING answer for the row that is there already.
        "INSERT INTO job (id, queue, subject, state, task, dedupe_key, priority, run_at, max_attempts, \
             budget, created, updated, detail) \
         VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?9, ?10) \
         ON CONFLICT (dedupe_key) WHERE state IN ('waiting', 'running') \
             DO UPDATE SET dedupe_key = excluded.dedupe_key \
         RETURNING id",
    )
    .bind(&fresh_id(now)[..])
    .bind(new.kind.queue())
    .bind(&new.kind.track().as_bytes()[..])
    .bind(new.task.map(|task| task.as_bytes().to_vec()))
    .bind(new.dedupe_key.as_deref())
    .bind(new.priority)
    .bind(new.run_at.0)
    .bind(new.max_attempts.max(1))
    .bind(now.0)
    .bind(new.kind.detail())
    .fetch_one(&mut *tx)
    .await
    .map_err(sql("queueing a job"))?;
    if let Some(key) = new.dedupe_key.as_deref() {
        parked::superseded_by(tx, new.kind.track(), key, now).await?;
    }
    id(&row, "id", JobId::from_bytes)
}

/// Queues the analysis of a track inside the transaction that makes it necessary.
pub(crate) async fn queue_analysis(
    tx: &mut SqliteConnection,
    track: TrackId,
    task: Option<TaskId>,
    now: Timestamp,
) -> Result<JobId> {
    let job = NewJob {
        kind: JobKind::make(track, Wanted::Features),
        task,
        dedupe_key: Some(format!("analyze:{track}")),
        priority: 0,
        run_at: now,
        max_attempts: ANALYZE_ATTEMPTS,
    };
    enqueue(tx, &job, now).await
}

/// Withdraws whatever is queued, running or parked for a track: its bytes are others now, or gone. Who holds a lease
/// loses it.
pub(crate) async fn revoke_all(tx: &mut SqliteConnection, track: &[u8], now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'cancelled', owner = NULL, lease_until = NULL, updated = ? \
         WHERE subject = ? AND state IN ('waiting', 'running', 'parked')",
    )
    .bind(now.0)
    .bind(track)
    .execute(tx)
    .await
    .map_err(sql("withdrawing the jobs of a track"))?;
    Ok(())
}
