//! Which tracks a nightly run analyzes: found by the database, in one query, and queued in the same step.

use fanfare_model::{Result, TaskId, Timestamp};

use super::{Catalog, requeue::id_prefix};
use crate::{
    db::commit,
    error::sql,
    queue::{ANALYZE_ATTEMPTS, ANALYZE_QUEUE, superseded},
    rows::to_json,
};

/// Nightly work lets everything else go first.
const NIGHTLY_PRIORITY: i32 = -10;

impl Catalog {
    /// Queues the candidates of a nightly run, behind everything else; returns how many there are.
    ///
    /// Candidates are the tracks that lack a result at a current version (`analyzers`: id and version; one that says the
    /// analyzer failed counts as one), and the tracks whose last analysis failed and is due again, or with `failed_too`
    /// all of those. Tracks that are queued already are not. What failed before comes last, so that it keeps nothing else
    /// waiting. A track stays in the state it is in until it is analyzed. Asked again for the same task, only what came up
    /// since is queued: a run takes each track once, whatever became of it.
    ///
    /// # Errors
    /// `Busy`, `NoSpace`, `Io`: then nothing is queued.
    pub async fn queue_candidates(
        &self,
        analyzers: &[(&str, u32)],
        failed_too: bool,
        task: TaskId,
        now: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "queueing the candidates of a nightly run";
        let mut tx = self.db.write(WHAT).await?;
        let queued = sqlx::query(
            "INSERT INTO job (id, queue, subject, state, task, dedupe_key, priority, run_at, max_attempts, \
                 budget, created, updated) \
             SELECT unhex(?1 || hex(randomblob(10))), ?2, t.id, 'waiting', ?3, 'analyze:' || lower(hex(t.id)), \
                 ?4, ?5, ?6, ?6, ?5, ?5 \
             FROM track t \
             WHERE t.presence = 'here' AND (t.upload IS NULL OR t.upload = 'original') \
                 AND CASE WHEN t.state = 'failed' OR (t.content IS NOT NULL AND t.failure IS NOT NULL) \
                     THEN ?7 OR json_extract(t.failure, '$.next_retry') <= ?5 \
                     ELSE t.content IS NULL OR EXISTS ( \
                         SELECT 1 FROM json_each(?8) wanted WHERE NOT EXISTS ( \
                             SELECT 1 FROM result r WHERE r.content = t.content \
                                 AND r.analyzer = json_extract(wanted.value, '$[0]') \
                                 AND r.version >= json_extract(wanted.value, '$[1]'))) END \
                 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.state IN ('waiting', 'running') \
                     AND j.dedupe_key = 'analyze:' || lower(hex(t.id))) \
                 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.task = ?3 AND j.subject = t.id \
                     AND j.state IN ('done', 'parked')) \
             ORDER BY t.failure IS NOT NULL, t.n",
        )
        .bind(id_prefix(now))
        .bind(ANALYZE_QUEUE)
        .bind(&task.as_bytes()[..])
        .bind(NIGHTLY_PRIORITY)
        .bind(now.0)
        .bind(ANALYZE_ATTEMPTS)
        .bind(failed_too)
        .bind(to_json(&analyzers)?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        // What was given up before goes on in the new job.
        superseded(&mut tx, now).await?;
        commit(tx, WHAT).await?;
        Ok(queued.rows_affected())
    }
}
