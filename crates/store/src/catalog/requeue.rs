//! Queueing tracks for another analysis: those that lack results, those that failed, those whose work was withdrawn.

use fanfare_model::{Error, ErrorKind, Presence, Result, TaskId, Timestamp, TrackId, job::Products};
use sqlx::SqliteConnection;

use super::{
    Catalog,
    track_rows::presence,
    uploads::{queue_enrichment, queue_process},
};
use crate::{
    db::commit,
    error::sql,
    ids::time_prefix,
    queue::{
        ANALYZE_ATTEMPTS, ANALYZE_QUEUE, ENRICH_ATTEMPTS, ENRICH_QUEUE, PROCESS_ATTEMPTS, PROCESS_QUEUE,
        Parked, TRANSCODE_QUEUE, enrichment_queued, queue_analysis, retry, superseded, track_queued,
    },
    rows::{col, to_json},
};

/// Queues a job of the key `$key` for each track that `$which` names and that has none waiting or running.
///
/// Bound: ?1 the time's part of the ids, ?2 queue, ?3 task, ?4 now, ?5 attempts, ?6 detail or something else.
macro_rules! queue_each {
    ($key:literal, $detail:literal, $which:literal) => {
        concat!(
            "INSERT INTO job (id, queue, subject, state, task, dedupe_key, priority, run_at, max_attempts, \
                 budget, created, updated, detail) \
             SELECT unhex(?1 || hex(randomblob(10))), ?2, t.id, 'waiting', ?3, '",
            $key,
            ":' || lower(hex(t.id)), 0, ?4, ?5, ?5, ?4, ?4, ",
            $detail,
            " FROM track t WHERE t.presence = 'here' AND ",
            $which,
            " AND NOT EXISTS (SELECT 1 FROM job j WHERE j.state IN ('waiting', 'running') \
                  AND j.dedupe_key = '",
            $key,
            ":' || lower(hex(t.id))) ORDER BY t.n"
        )
    };
}

impl Catalog {
    /// Queues analysis for tracks that lack a result at a current version (`analyzers`: id and version); returns how many.
    ///
    /// A result that says the analyzer failed counts as a result. Tracks that failed wait until a user retries them.
    /// A queued track that lost its job (a cancelled task) gets one again.
    pub async fn queue_missing_analysis(
        &self,
        analyzers: &[(&str, u32)],
        task: Option<TaskId>,
        now: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "queueing tracks that were not analyzed";
        let mut tx = self.db.write(WHAT).await?;
        let done = sqlx::query(queue_each!(
            "analyze",
            "NULL",
            "t.state <> 'failed' AND (t.upload IS NULL OR t.upload = 'original') AND (t.content IS NULL OR (t.failure IS NULL AND EXISTS ( \
                     SELECT 1 FROM json_each(?6) wanted WHERE NOT EXISTS ( \
                         SELECT 1 FROM result r WHERE r.content = t.content \
                             AND r.analyzer = json_extract(wanted.value, '$[0]') \
                             AND r.version >= json_extract(wanted.value, '$[1]')))))"
        ))
        .bind(id_prefix(now))
        .bind(ANALYZE_QUEUE)
        .bind(task.map(|task| task.as_bytes().to_vec()))
        .bind(now.0)
        .bind(ANALYZE_ATTEMPTS)
        .bind(to_json(&analyzers)?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        superseded(&mut tx, now).await?;
        commit(tx, WHAT).await?;
        Ok(done.rows_affected())
    }

    /// Queues every track again whose last analysis failed, every upload whose work was withdrawn before it was ready, and
    /// every enrichment that is parked (as an enrichment: nothing is decoded for it); returns how many. A handful of
    /// statements, however many there are. `products` is what is made of uploads from now on.
    ///
    /// # Errors
    /// Those of the database; then nothing is queued.
    pub async fn requeue_failed(
        &self,
        task: Option<TaskId>,
        products: &Products,
        now: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "queueing failed tracks again";
        let mut tx = self.db.write(WHAT).await?;
        let task = task.map(|task| task.as_bytes().to_vec());
        // The latest parked job of each goes on, with fresh attempts; who has none gets a new one.
        sqlx::query(
            "UPDATE job SET state = 'waiting', max_attempts = attempt + budget, run_at = ?1, updated = ?1, \
                 task = coalesce(?2, task), detail = iif(queue = ?4, ?5, detail) \
             WHERE state = 'parked' AND queue IN (?3, ?4) AND n = ( \
                 SELECT max(p.n) FROM job p WHERE p.subject = job.subject AND p.queue IN (?3, ?4) \
                     AND p.state = 'parked') \
                 AND EXISTS (SELECT 1 FROM track t WHERE t.id = job.subject AND t.presence = 'here' AND ( \
                     t.state = 'failed' OR (t.content IS NOT NULL AND t.failure IS NOT NULL))) \
                 AND NOT EXISTS (SELECT 1 FROM job a WHERE a.subject = job.subject AND a.queue IN (?3, ?4) \
                     AND a.state IN ('waiting', 'running'))",
        )
        .bind(now.0)
        .bind(task.clone())
        .bind(ANALYZE_QUEUE)
        .bind(PROCESS_QUEUE)
        .bind(products.to_string())
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        sqlx::query(queue_each!(
            "analyze",
            "NULL",
            "(t.state = 'failed' OR (t.content IS NOT NULL AND t.failure IS NOT NULL)) \
                 AND (t.upload IS NULL OR t.upload = 'original')"
        ))
        .bind(id_prefix(now))
        .bind(ANALYZE_QUEUE)
        .bind(task.clone())
        .bind(now.0)
        .bind(ANALYZE_ATTEMPTS)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let done = sqlx::query(
            "UPDATE track SET state = CASE state WHEN 'failed' THEN 'queued' ELSE state END, failure = NULL, \
                 updated = ? WHERE presence = 'here' \
                     AND (state = 'failed' OR (content IS NOT NULL AND failure IS NOT NULL))",
        )
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let processing =
            sqlx::query(queue_each!("process", "?6", "t.upload = 'incoming' AND t.enrichment = 'none'"))
                .bind(id_prefix(now))
                .bind(PROCESS_QUEUE)
                .bind(task.clone())
                .bind(now.0)
                .bind(PROCESS_ATTEMPTS)
                .bind(products.to_string())
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        let enriching = requeue_enrichments(&mut tx, task, now).await?;
        superseded(&mut tx, now).await?;
        commit(tx, WHAT).await?;
        Ok(done.rows_affected() + processing.rows_affected() + enriching)
    }

    /// Queues every ladder again that a task could not make, one for each track, as it is set now; returns how many. What was
    /// given up goes on in the new job.
    ///
    /// # Errors
    /// Those of the database; then nothing is queued.
    pub async fn requeue_ladders(
        &self,
        of: TaskId,
        task: TaskId,
        ladder: &str,
        now: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "queueing ladders again";
        let mut tx = self.db.write(WHAT).await?;
        let queued = sqlx::query(
            "UPDATE job SET state = 'waiting', max_attempts = attempt + budget, run_at = ?1, updated = ?1, task = ?2, \
                 detail = ?3, dedupe_key = 'transcode:' || lower(hex(subject)) || ':' || ?3 \
             WHERE task = ?4 AND state = 'parked' AND queue = ?5 AND n = (SELECT max(p.n) FROM job p \
                     WHERE p.subject = job.subject AND p.task = ?4 AND p.state = 'parked' AND p.queue = ?5) \
                 AND NOT EXISTS (SELECT 1 FROM job a WHERE a.state IN ('waiting', 'running') \
                     AND a.dedupe_key = 'transcode:' || lower(hex(job.subject)) || ':' || ?3)",
        )
        .bind(now.0)
        .bind(&task.as_bytes()[..])
        .bind(ladder)
        .bind(&of.as_bytes()[..])
        .bind(TRANSCODE_QUEUE)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        sqlx::query("UPDATE job SET state = 'cancelled', updated = ? WHERE task = ? AND state = 'parked' AND queue = ?")
            .bind(now.0)
            .bind(&of.as_bytes()[..])
            .bind(TRANSCODE_QUEUE)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        Ok(queued.rows_affected())
    }

    /// Queues one track again after it failed, or after its work was withdrawn; one that is queued already stays so. An
    /// enrichment that failed is tried again even if the upload's file was not kept: it needs only the results.
    ///
    /// # Errors
    /// `NotFound` when there is no such track; `Conflict` when its file was not kept.
    pub async fn requeue_track(
        &self,
        id: TrackId,
        task: Option<TaskId>,
        products: &Products,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "queueing a track again";
        let mut tx = self.db.write(WHAT).await?;
        let known = sqlx::query(
            // What was not decoded to its end, or with damage, is decoded again, if its bytes are there: the program that decoded
            // may have been to blame.
            "SELECT upload, enrichment, presence, \
                 content IS NOT NULL AND failure IS NULL AND state <> 'failed' AND (upload IN ('incoming', 'gone') \
                     OR (SELECT warnings FROM content c WHERE c.n = content) = '[]') AS analyzed \
             FROM track WHERE id = ?",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such track"))?;
        if presence(&known)? == Presence::Missing {
            return Err(Error::new(ErrorKind::Conflict, "the track's file is missing")
                .remedy("connect its storage or put the file back, then scan the library"));
        }
        let (upload, enrichment): (Option<&str>, &str) = (col(&known, "upload")?, col(&known, "enrichment")?);
        let queue = match (upload, enrichment) {
            // What the decode measured is stored: only what follows from it is done again.
            (_, "pending" | "failed") if col(&known, "analyzed")? => ENRICH_QUEUE,
            (Some("gone"), _) => {
                return Err(Error::new(ErrorKind::Conflict, "the uploaded file was not kept")
                    .remedy("delete the track and upload the file again"));
            }
            (Some("incoming"), _) => PROCESS_QUEUE,
            _ => ANALYZE_QUEUE,
        };
        let latest = sqlx::query(
            "SELECT n, queue, subject, state FROM job WHERE subject = ? AND queue = ? \
                 AND state IN ('waiting', 'running', 'parked') ORDER BY state = 'parked', n DESC LIMIT 1",
        )
        .bind(&id.as_bytes()[..])
        .bind(queue)
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        match latest {
            Some(job) if col::<&str>(&job, "state")? != "parked" => return Ok(()),
            Some(job) => retry(&mut tx, &Parked::of(&job)?, task, Some(products), now).await?,
            None if queue == ENRICH_QUEUE => {
                queue_enrichment(&mut tx, id, task, now).await?;
                enrichment_queued(&mut tx, id.as_bytes(), now).await?;
            }
            None => {
                match queue {
                    PROCESS_QUEUE => queue_process(&mut tx, id, products, task, now).await?,
                    _ => drop(queue_analysis(&mut tx, id, task, now).await?),
                }
                track_queued(&mut tx, id.as_bytes(), now).await?;
            }
        }
        commit(tx, WHAT).await
    }
}

/// Enrichments that are parked go on; those whose work was withdrawn get a new job. Returns how many.
async fn requeue_enrichments(
    tx: &mut SqliteConnection,
    task: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<u64> {
    const WHAT: &str = "queueing enrichments again";
    let parked = sqlx::query(
        "UPDATE job SET state = 'waiting', max_attempts = attempt + budget, run_at = ?1, updated = ?1, \
             task = coalesce(?2, task) \
         WHERE state = 'parked' AND queue = ?3 AND EXISTS (SELECT 1 FROM track t WHERE t.id = job.subject \
             AND t.content IS NOT NULL AND t.enrichment = 'failed')",
    )
    .bind(now.0)
    .bind(task.clone())
    .bind(ENRICH_QUEUE)
    .execute(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    sqlx::query(
        "UPDATE track SET enrichment = 'pending', enrichment_error = NULL, updated = ? \
         WHERE enrichment = 'failed' AND id IN (SELECT subject FROM job WHERE queue = ? AND state = 'waiting')",
    )
    .bind(now.0)
    .bind(ENRICH_QUEUE)
    .execute(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    let withdrawn =
        sqlx::query(queue_each!("enrich", "NULL", "t.enrichment = 'pending' AND t.content IS NOT NULL"))
            .bind(id_prefix(now))
            .bind(ENRICH_QUEUE)
            .bind(task)
            .bind(now.0)
            .bind(ENRICH_ATTEMPTS)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
    Ok(parked.rows_affected() + withdrawn.rows_affected())
}

/// What ids made at that time begin with, in hexadecimal digits.
pub(super) fn id_prefix(now: Timestamp) -> String {
    time_prefix(now).iter().map(|byte| format!("{byte:02x}")).collect()
}
