//! Puts the analysis of a track that is played in front of all that waits.

use fanfare_model::{JobKind, Result, Timestamp, TrackId, Wanted};

use super::Catalog;
use crate::{
    db::commit,
    error::sql,
    queue::{ANALYZE_ATTEMPTS, ANALYZE_QUEUE, NewJob, enqueue},
    rows::to_json,
};

/// In front of what scans and uploads queue (0) and of nightly runs.
const PLAYED_PRIORITY: i32 = 10;

impl Catalog {
    /// Puts the analysis of a track in front of all others that wait, and queues it if it is not queued; returns whether this
    /// changed anything.
    ///
    /// A track that lacks nothing at the current versions (`analyzers`: id and version; a result that says the analyzer
    /// failed counts as one) is left alone, and so is one that is missing, that failed, whose job was given up, whose
    /// upload is still being made ready or was not kept, and one that is being analyzed. A job that waits for its next
    /// attempt goes on waiting.
    ///
    /// # Errors
    /// `Busy`, `NoSpace`, `Io`: then nothing is changed. When there is nothing to do, it writes nothing and does not wait for the
    /// write lock.
    pub async fn queue_played(
        &self,
        track: TrackId,
        analyzers: &[(&str, u32)],
        now: Timestamp,
    ) -> Result<bool> {
        const WHAT: &str = "queueing the analysis of a track that is played";
        let key = format!("analyze:{track}");
        let mut reader = self.db.reader(WHAT).await?;
        let wanted: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM track t \
             WHERE t.id = ?1 AND t.presence = 'here' AND (t.upload IS NULL OR t.upload = 'original') \
                 AND t.state <> 'failed' AND t.failure IS NULL \
                 AND (t.content IS NULL OR EXISTS ( \
                     SELECT 1 FROM json_each(?2) wanted WHERE NOT EXISTS ( \
                         SELECT 1 FROM result r WHERE r.content = t.content \
                             AND r.analyzer = json_extract(wanted.value, '$[0]') \
                             AND r.version >= json_extract(wanted.value, '$[1]')))) \
                 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.dedupe_key = ?3 \
                     AND (j.state IN ('running', 'parked') OR (j.state = 'waiting' AND j.priority >= ?4))))",
        )
        .bind(&track.as_bytes()[..])
        .bind(to_json(&analyzers)?)
        .bind(&key)
        .bind(PLAYED_PRIORITY)
        .fetch_one(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        drop(reader);
        if !wanted {
            return Ok(false);
        }
        let mut tx = self.db.write(WHAT).await?;
        // This changes no track's file and no person's rights.
        tx.is_a_note();
        let raised = sqlx::query(
            "UPDATE job SET priority = ?1, updated = ?2 \
             WHERE dedupe_key = ?3 AND queue = ?4 AND state = 'waiting' AND priority < ?1",
        )
        .bind(PLAYED_PRIORITY)
        .bind(now.0)
        .bind(&key)
        .bind(ANALYZE_QUEUE)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        if raised.rows_affected() == 0 {
            // Deleted or gone missing since it was looked up: no job for it.
            let here: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM track WHERE id = ? AND presence = 'here')")
                    .bind(&track.as_bytes()[..])
                    .fetch_one(&mut *tx)
                    .await
                    .map_err(sql(WHAT))?;
            if !here {
                return Ok(false);
            }
            let job = NewJob {
                kind: JobKind::make(track, Wanted::Features),
                task: None,
                dedupe_key: Some(key),
                priority: PLAYED_PRIORITY,
                run_at: now,
                max_attempts: ANALYZE_ATTEMPTS,
            };
            enqueue(&mut tx, &job, now).await?;
        }
        commit(tx, WHAT).await?;
        Ok(true)
    }
}
