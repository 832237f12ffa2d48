//! Tasks as they stand, so that the last ones are still shown after a restart.

use fanfare_model::{ErrorKind, Result, Task, TaskId, Timestamp, TrackId, job::JobError, task::TaskKind};
use sqlx::sqlite::SqliteRow;

use super::Catalog;
use crate::{
    db::commit,
    error::sql,
    queue::{STREAM_QUEUE, TRANSCODE_QUEUE},
    rows::{id, json, to_json},
};

/// How many tasks of a kind are kept; older ones that are over are forgotten with their finished jobs.
const KEPT_OF_A_KIND: u32 = 100;
/// How many are kept of those that playing makes: each is a track or a few, and they come by the hundred.
const KEPT_OF_LISTENING: u32 = 20;

impl Catalog {
    /// Stores a task as it stands (insert or replace).
    pub async fn put_task(&self, task: &Task) -> Result<()> {
        const WHAT: &str = "storing a task";
        let mut tx = self.db.write(WHAT).await?;
        sqlx::query(
            "INSERT INTO task (id, created, over, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \
                 created = excluded.created, over = excluded.over, body = excluded.body",
        )
        .bind(&task.id.as_bytes()[..])
        .bind(task.created.0)
        .bind(task.state.is_over())
        .bind(to_json(task)?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        // A parked job stays: a user may still retry it.
        let kept = if task.kind == TaskKind::Transcode { KEPT_OF_LISTENING } else { KEPT_OF_A_KIND };
        for statement in [
            "DELETE FROM job WHERE state IN ('done', 'cancelled') AND task IN \
                 (SELECT id FROM task WHERE kind = ?1 AND over ORDER BY created DESC, id DESC LIMIT -1 OFFSET ?2)",
            "DELETE FROM task WHERE id IN \
                 (SELECT id FROM task WHERE kind = ?1 AND over ORDER BY created DESC, id DESC LIMIT -1 OFFSET ?2)",
        ] {
            sqlx::query(statement)
                .bind(word(task.kind)?)
                .bind(kept)
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        commit(tx, WHAT).await
    }

    /// The task of that id.
    pub async fn task(&self, id: TaskId) -> Result<Option<Task>> {
        const WHAT: &str = "reading a task";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT body FROM task WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.as_ref().map(body).transpose()
    }

    /// Jobs of a task that were given up, the latest first, with the reasons.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn given_up(&self, task: TaskId, limit: u32) -> Result<Vec<(TrackId, JobError)>> {
        const WHAT: &str = "reading what a task could not do";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT subject, error FROM job WHERE task = ? AND state = 'parked' AND error IS NOT NULL \
             ORDER BY updated DESC, n DESC LIMIT ?",
        )
        .bind(&task.as_bytes()[..])
        .bind(limit)
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| Ok((id(row, "subject", TrackId::from_bytes)?, json(row, "error")?))).collect()
    }

    /// Tracks whose files are there and whose last analysis failed because of `ffmpeg`: there was none that works, or it hung or
    /// was ended until all attempts were used up. In the order in which they were added.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tracks_failed_by_ffmpeg(&self, limit: u32) -> Result<Vec<TrackId>> {
        const WHAT: &str = "looking for tracks that failed";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT id FROM track WHERE presence = 'here' AND (failure ->> '$.kind' = ?1 OR (state = 'failed' \
                 AND failure ->> '$.kind' IN (?2, ?3) AND failure ->> '$.message' LIKE 'ffmpeg %')) ORDER BY n LIMIT ?4",
        )
        .bind(ErrorKind::NoDecoder.as_str())
        .bind(ErrorKind::Timeout.as_str())
        .bind(ErrorKind::Unavailable.as_str())
        .bind(limit)
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| id(row, "id", TrackId::from_bytes)).collect()
    }

    /// Jobs of a task that wait for storage that is away, with the reasons, the latest first; `None` while another of its
    /// jobs runs or waits.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn only_storage_is_waited_for(
        &self,
        task: TaskId,
        limit: u32,
    ) -> Result<Option<Vec<(TrackId, JobError)>>> {
        const WHAT: &str = "looking what a task waits for";
        let mut reader = self.db.reader(WHAT).await?;
        let others: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM job WHERE task = ?1 AND (state = 'running' OR (state = 'waiting' \
                 AND coalesce(json_extract(error, '$.kind'), '') <> 'unavailable')))",
        )
        .bind(&task.as_bytes()[..])
        .fetch_one(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        if others {
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT subject, error FROM job WHERE task = ? AND state = 'waiting' \
             ORDER BY updated DESC, n DESC LIMIT ?",
        )
        .bind(&task.as_bytes()[..])
        .bind(limit)
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let waiting: Vec<(TrackId, JobError)> = rows
            .iter()
            .map(|row| Ok((id(row, "subject", TrackId::from_bytes)?, json(row, "error")?)))
            .collect::<Result<_>>()?;
        Ok(Some(waiting).filter(|waiting| !waiting.is_empty()))
    }

    /// Forgets jobs of no task that ended before that time: those that were made for a listener. Those that analyze or
    /// process a track and were given up stay, because they can be retried. Returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_jobs(&self, before: Timestamp) -> Result<u64> {
        const WHAT: &str = "forgetting jobs that are over";
        let mut tx = self.db.write(WHAT).await?;
        let done = sqlx::query(
            "DELETE FROM job WHERE task IS NULL AND NOT held AND updated < ?1 AND (state IN ('done', 'cancelled') \
                 OR (state = 'parked' AND queue IN (?2, ?3)))",
        )
        .bind(before.0)
        .bind(STREAM_QUEUE)
        .bind(TRANSCODE_QUEUE)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        Ok(done.rows_affected())
    }

    /// The tasks that are not over, newest first: after a start, those of an earlier life.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tasks_under_way(&self) -> Result<Vec<Task>> {
        const WHAT: &str = "listing tasks under way";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT body FROM task WHERE NOT over ORDER BY created DESC, id DESC")
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(body).collect()
    }

    /// The tasks of a kind that are kept, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tasks_of(&self, kind: TaskKind) -> Result<Vec<Task>> {
        const WHAT: &str = "listing tasks of a kind";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT body FROM task WHERE kind = ? ORDER BY created DESC, id DESC")
            .bind(word(kind)?)
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(body).collect()
    }

    /// The latest tasks of all kinds, newest first.
    pub async fn tasks(&self, limit: u32) -> Result<Vec<Task>> {
        const WHAT: &str = "listing tasks";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT body FROM task ORDER BY created DESC, id DESC LIMIT ?")
            .bind(limit)
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(body).collect()
    }
}

/// The kind as it stands in the stored task.
fn word(kind: TaskKind) -> Result<String> {
    Ok(to_json(&kind)?.trim_matches('"').to_owned())
}

fn body(row: &SqliteRow) -> Result<Task> {
    json(row, "body")
}
