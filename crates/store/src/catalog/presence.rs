//! Hiding a track whose file is missing, and showing it again: its row, its words in the search index, its jobs.
//!
//! Invariants: a missing track keeps its id, results, publication and places in mixtapes; nothing waits or runs for it; only
//! tracks that are here can be found by a search.

use fanfare_model::{Result, TaskId, Timestamp, TrackId};
use sqlx::SqliteConnection;

use super::Catalog;
use crate::{
    error::sql,
    queue::{ANALYZE_QUEUE, STREAM_QUEUE, TRANSCODE_QUEUE},
    refold,
    rows::{col, count, json},
};

const WHAT: &str = "noting that a file is missing";
const BACK: &str = "noting that a file is back";

/// Hides a track. A worker that works on it loses the lease; waiting jobs are held until the track is back. Listeners no
/// longer wait for its transcodes.
pub(super) async fn hide(tx: &mut SqliteConnection, n: i64, id: TrackId, now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE track SET presence = 'missing', missing_since = ?1, updated = ?1, \
             state = CASE WHEN state <> 'processing' THEN state WHEN content IS NULL THEN 'queued' \
                 WHEN published IS NULL THEN 'ready' ELSE 'published' END WHERE n = ?2",
    )
    .bind(now.0)
    .bind(n)
    .execute(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    sqlx::query("DELETE FROM track_search WHERE rowid = ?")
        .bind(n)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    hold_jobs(tx, id.as_bytes(), now).await
}

/// Withdraws the jobs of a track until it is back. A running attempt is not counted: the job did not cause its end.
pub(super) async fn hold_jobs(tx: &mut SqliteConnection, track: &[u8], now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE job SET max_attempts = max_attempts + (state = 'running'), held = queue NOT IN (?3, ?4), \
             state = 'cancelled', task = NULL, owner = NULL, lease_until = NULL, updated = ?1 \
         WHERE subject = ?2 AND state IN ('waiting', 'running')",
    )
    .bind(now.0)
    .bind(track)
    .bind(STREAM_QUEUE)
    .bind(TRANSCODE_QUEUE)
    .execute(tx)
    .await
    .map_err(sql("holding the jobs of a missing track"))?;
    Ok(())
}

impl Catalog {
    /// How many analyses wait for tracks that are missing to come back.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn held_analyses(&self) -> Result<u64> {
        const WHAT: &str = "counting what waits for missing tracks";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT count(*) AS held FROM job WHERE held = 1 AND queue = ?")
            .bind(ANALYZE_QUEUE)
            .fetch_one(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        count(&row, "held")
    }
}

/// Shows a track again as it was.
pub(super) async fn restore(tx: &mut SqliteConnection, n: i64, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE track SET presence = 'here', missing_since = NULL, updated = ? WHERE n = ?")
        .bind(now.0)
        .bind(n)
        .execute(&mut *tx)
        .await
        .map_err(sql(BACK))?;
    let row = sqlx::query("SELECT title, tags FROM track WHERE n = ?")
        .bind(n)
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(BACK))?;
    refold::index(tx, n, col(&row, "title")?, &json(&row, "tags")?).await
}

/// Lets what was held wait for a worker again; analysis only where tracks are analyzed when they come (`analyze`, under
/// that task), for the next nightly run finds it by itself. Returns how many jobs wait.
pub(super) async fn release_jobs(
    tx: &mut SqliteConnection,
    id: TrackId,
    analyze: Option<Option<TaskId>>,
    now: Timestamp,
) -> Result<u64> {
    // The same work may be queued already: then that job stands for both.
    let released = sqlx::query(
        "UPDATE OR IGNORE job SET state = 'waiting', held = 0, run_at = ?1, updated = ?1, \
             task = iif(queue = ?3, ?5, NULL) WHERE subject = ?2 AND held AND (queue <> ?3 OR ?4)",
    )
    .bind(now.0)
    .bind(&id.as_bytes()[..])
    .bind(ANALYZE_QUEUE)
    .bind(analyze.is_some())
    .bind(analyze.flatten().map(|task| task.as_bytes().to_vec()))
    .execute(&mut *tx)
    .await
    .map_err(sql(BACK))?;
    forget_held(tx, id).await?;
    Ok(released.rows_affected())
}

/// Forgets what was held: it is not wanted any more.
pub(super) async fn forget_held(tx: &mut SqliteConnection, id: TrackId) -> Result<()> {
    sqlx::query("UPDATE job SET held = 0 WHERE subject = ? AND held")
        .bind(&id.as_bytes()[..])
        .execute(tx)
        .await
        .map_err(sql(BACK))?;
    Ok(())
}
