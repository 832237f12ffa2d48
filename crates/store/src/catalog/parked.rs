//! The list of parked jobs: what was given up, why, and how often it was tried; to be retried or discarded.

use std::collections::HashMap;

use fanfare_model::{
    Attempt, Error, ErrorKind, Job, JobId, JobKind, Result, TaskId, Timestamp, TrackId,
    job::{FailedAttempt, JobError, Products},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::Catalog;
use crate::{
    db::commit,
    error::{sql, strange},
    queue::{self, Parked},
    rows::{col, count, json, maybe_id, time, to_json},
};

/// The most parked jobs that one call lists or retries.
pub const MAX_PARKED: u32 = 500;

/// Which parked jobs.
#[derive(Debug, Clone, Default)]
pub struct ParkedFilter {
    /// Only those of this queue.
    pub queue: Option<String>,
    /// Only those that were given up for a reason of this kind.
    pub kind: Option<ErrorKind>,
}

impl ParkedFilter {
    /// The filter of those names, as a person gives them.
    ///
    /// # Errors
    /// `Invalid` for a queue or a kind that there is not.
    pub fn of(queue: Option<&str>, kind: Option<&str>) -> Result<Self> {
        let invalid = |what: &str, name: &str, known: String| {
            let message = format!("there is no {what} `{}`", name.escape_debug());
            Error::new(ErrorKind::Invalid, message).remedy(format!("name one of {known}"))
        };
        if let Some(queue) = queue.filter(|queue| !JobKind::QUEUES.contains(queue)) {
            return Err(invalid("queue", queue, JobKind::QUEUES.join(", ")));
        }
        let find = |name: &str| {
            let kind = ErrorKind::ALL.iter().copied().find(|kind| kind.as_str() == name);
            let known = || ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
            kind.ok_or_else(|| invalid("kind of reason", name, known()))
        };
        Ok(Self { queue: queue.map(str::to_owned), kind: kind.map(find).transpose()? })
    }
}

/// Where a page of parked jobs ends: the last one's time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParkedPlace {
    /// When it was parked.
    pub parked: Timestamp,
    /// Its id.
    pub id: JobId,
}

/// The track that a parked job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedTrack {
    /// Its id.
    pub id: TrackId,
    /// Its title.
    pub title: String,
    /// Its path below its folder; of an upload, the name it was sent under.
    pub relative_path: String,
}

/// A parked job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedJob {
    /// The job, with the reason for which it was given up.
    pub job: Job,
    /// When it was parked.
    pub parked: Timestamp,
    /// What it is about.
    pub track: Option<ParkedTrack>,
    /// The attempts that failed, the latest first. Of jobs that failed before attempts were remembered there are none.
    pub attempts: Vec<FailedAttempt>,
}

/// A page of parked jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParkedPage {
    /// The jobs, the one that was parked last first.
    pub items: Vec<ParkedJob>,
    /// How many there are in all.
    pub total: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<ParkedPlace>,
}

macro_rules! filtered {
    () => {
        "j.state = 'parked' AND (?1 IS NULL OR j.queue = ?1) \
             AND (?2 IS NULL OR json_extract(j.error, '$.kind') = ?2)"
    };
}

impl Catalog {
    /// Parked jobs, the one that was parked last first, from after that place on; at most [`MAX_PARKED`].
    ///
    /// # Errors
    /// Those of the database.
    pub async fn parked(
        &self,
        filter: &ParkedFilter,
        after: Option<ParkedPlace>,
        limit: u32,
    ) -> Result<ParkedPage> {
        const WHAT: &str = "listing parked jobs";
        let limit = limit.clamp(1, MAX_PARKED);
        let mut tx = self.db.read(WHAT).await?;
        let kind = filter.kind.map(ErrorKind::as_str);
        let total: i64 = sqlx::query_scalar(concat!("SELECT count(*) FROM job j WHERE ", filtered!()))
            .bind(filter.queue.as_deref())
            .bind(kind)
            .fetch_one(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let rows = sqlx::query(concat!(
            "SELECT j.n, j.id, j.queue, j.subject, j.state, j.task, j.attempt, j.max_attempts, j.priority, j.run_at, \
                 j.owner, j.lease_until, j.error, j.without, j.detail, j.updated AS parked, t.id AS track, t.title, \
                 t.relative_path \
             FROM job j LEFT JOIN track t ON t.id = j.subject WHERE ",
            filtered!(),
            " AND (?3 IS NULL OR (j.updated, j.id) < (?3, ?4)) ORDER BY j.updated DESC, j.id DESC LIMIT ?5"
        ))
        .bind(filter.queue.as_deref())
        .bind(kind)
        .bind(after.map(|place| place.parked.0))
        .bind(after.map(|place| place.id.as_bytes().to_vec()))
        .bind(limit.saturating_add(1))
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let shown = rows.get(..limit as usize).unwrap_or(&rows);
        let numbers = shown.iter().map(|row| col(row, "n")).collect::<Result<Vec<i64>>>()?;
        let mut attempts = attempts(&mut tx, &numbers).await?;
        let mut items = Vec::with_capacity(shown.len());
        for (row, n) in shown.iter().zip(&numbers) {
            items.push(parked_job(row, attempts.remove(n).unwrap_or_default())?);
        }
        let last = items.last().filter(|_| rows.len() > shown.len());
        let next = last.map(|last| ParkedPlace { parked: last.parked, id: last.job.id });
        Ok(ParkedPage { items, total: u64::try_from(total).unwrap_or(0), next })
    }

    /// How many jobs of each queue are parked; queues without one are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn parked_counts(&self) -> Result<Vec<(String, u64)>> {
        const WHAT: &str = "counting parked jobs";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT queue, count(*) AS jobs FROM job WHERE state = 'parked' GROUP BY queue ORDER BY queue",
        )
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| Ok((col(row, "queue")?, count(row, "jobs")?))).collect()
    }

    /// Lets a parked job run again, under that task if one is given, and puts its track in step. `products`: what is
    /// made of an upload from now on, unless that is what was to be made of it.
    ///
    /// # Errors
    /// `NotFound` when there is no such job, `Conflict` when it is not parked; those of the database.
    pub async fn retry_parked(
        &self,
        id: JobId,
        task: Option<TaskId>,
        products: Option<&Products>,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "retrying a parked job";
        let mut tx = self.db.write(WHAT).await?;
        let parked = queue::find_parked(&mut tx, id, "retried").await?;
        queue::retry(&mut tx, &parked, task, products, now).await?;
        commit(tx, WHAT).await
    }

    /// The same for jobs of that queue that were parked by that time, [`MAX_PARKED`] at most; returns how many. Called
    /// until it gives 0 it comes to an end, also when they fail again at once.
    ///
    /// # Errors
    /// Those of the database; then none of these is retried.
    pub async fn retry_all_parked(
        &self,
        queue: &str,
        kind: Option<ErrorKind>,
        parked_by: Timestamp,
        (task, products): (Option<TaskId>, Option<&Products>),
        now: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "retrying parked jobs";
        let mut tx = self.db.write(WHAT).await?;
        let rows = sqlx::query(concat!(
            "SELECT j.n, j.queue, j.subject FROM job j WHERE ",
            filtered!(),
            " AND j.updated <= ?3 ORDER BY j.n LIMIT ?4"
        ))
        .bind(queue)
        .bind(kind.map(ErrorKind::as_str))
        .bind(parked_by.0)
        .bind(MAX_PARKED)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        for row in &rows {
            queue::retry(&mut tx, &Parked::of(row)?, task, products, now).await?;
        }
        commit(tx, WHAT).await?;
        Ok(rows.len() as u64)
    }
}

/// The attempts of those jobs that failed, by job, the latest first.
async fn attempts(
    connection: &mut SqliteConnection,
    jobs: &[i64],
) -> Result<HashMap<i64, Vec<FailedAttempt>>> {
    let rows = sqlx::query(
        "SELECT job, attempt, ended, error FROM job_attempt WHERE job IN (SELECT value FROM json_each(?)) \
         ORDER BY job, attempt DESC",
    )
    .bind(to_json(&jobs)?)
    .fetch_all(connection)
    .await
    .map_err(sql("reading why attempts failed"))?;
    let mut found: HashMap<i64, Vec<FailedAttempt>> = HashMap::new();
    for row in &rows {
        let error: JobError = json(row, "error")?;
        let (attempt, ended) = (Attempt(col(row, "attempt")?), time(row, "ended")?);
        found.entry(col(row, "job")?).or_default().push(FailedAttempt { attempt, ended, error });
    }
    Ok(found)
}

fn parked_job(row: &SqliteRow, attempts: Vec<FailedAttempt>) -> Result<ParkedJob> {
    let text = |name| col::<Option<String>>(row, name)?.ok_or_else(|| strange("a track without a name"));
    let track = match maybe_id(row, "track", TrackId::from_bytes)? {
        Some(id) => Some(ParkedTrack { id, title: text("title")?, relative_path: text("relative_path")? }),
        None => None,
    };
    Ok(ParkedJob { job: queue::job(row)?, parked: time(row, "parked")?, track, attempts })
}
