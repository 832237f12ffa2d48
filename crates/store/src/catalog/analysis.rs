//! Analysis of a track: its begin, its result or failure.
//!
//! Everything here is fenced by the job's lease and ends the job in the transaction that has the effect, so
//! delivery may repeat and the effect may not.

use fanfare_model::{
    Attempt, AudioProperties, ContentHash, Error, ErrorKind, JobId, Result, Timestamp, TrackId,
    enrichment::Enrichment,
    features::{AnalysisRun, AnalyzerResult, Features},
    job::JobError,
};
use sqlx::SqliteConnection;

use super::{
    Catalog, enrichments, filing::Filing, mixtapes_kept, outcome, small_failures, track_rows::Shown,
    transcodes,
};
use crate::{
    db::{WriteTx, commit},
    error::{lost_lease, sql},
    queue::{LeaseKey, Leased, fence, supersede_enrichment},
    rows::{col, count, id, int, json, maybe_time, time, to_json},
};

/// What the analysis of a track gave; committed together with the end of its job.
#[derive(Debug, Clone)]
pub struct AnalysisCommit {
    /// The job, which the owner holds.
    pub job: JobId,
    /// The attempt it is held by.
    pub attempt: Attempt,
    /// Who holds it.
    pub owner: String,
    /// The job's track.
    pub track: TrackId,
    /// Size of the file that was analyzed: results of another file are refused with `Conflict`.
    pub size_bytes: u64,
    /// Modification time of the file that was analyzed, likewise.
    pub modified: Timestamp,
    /// Its inode change time in ns when it was opened. Another one than the scan saw makes the next scan look again.
    pub changed_ns: Option<i64>,
    /// Hash of the bytes that were analyzed.
    pub content_hash: ContentHash,
    /// What container and codec say, with frames as counted.
    pub audio: AudioProperties,
    /// What the analyzers found, also those that failed.
    pub results: Vec<AnalyzerResult>,
    /// What was odd about decoding, one sentence each.
    pub warnings: Vec<String>,
    /// What follows from the results, where it was worked out along with them.
    pub enrichment: Option<Enrichment>,
}

/// How long a job waits whose file is not the one that was scanned; a scan will have noticed by then.
const CHANGED_FILE_MS: i64 = 10_000;

macro_rules! unidentified {
    () => {
        "FROM track t JOIN result r ON r.content = t.content AND r.analyzer = 'fingerprint' \
             AND r.outcome ->> '$.part.value.chromaprint' IS NOT NULL \
         WHERE t.presence = 'here' AND NOT EXISTS (SELECT 1 FROM result a WHERE a.content = t.content AND a.analyzer = 'acoustid')"
    };
}

impl Catalog {
    /// Stored results of a track, for `Features::from_results`, with the warnings of its decoding. Both are empty
    /// while it was not analyzed, or when there is no such track.
    pub async fn analysis(&self, id: TrackId) -> Result<(Vec<AnalyzerResult>, Vec<String>)> {
        const WHAT: &str = "reading results";
        let mut tx = self.db.read(WHAT).await?;
        let row = sqlx::query(
            "SELECT c.n, c.warnings FROM track t JOIN content c ON c.n = t.content WHERE t.id = ?",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        match row {
            None => Ok((Vec::new(), Vec::new())),
            Some(row) => Ok((outcome::all(&mut tx, col(&row, "n")?, true).await?, json(&row, "warnings")?)),
        }
    }

    /// Which analyzers were run on a track, in which version and when, by their ids.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn analysis_runs(&self, id: TrackId) -> Result<Vec<AnalysisRun>> {
        const WHAT: &str = "reading when a track was analyzed";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT r.analyzer, r.version, r.analyzed, json_extract(r.outcome, '$.status') = 'ok' AS succeeded \
             FROM track t JOIN result r ON r.content = t.content WHERE t.id = ? ORDER BY r.analyzer",
        )
        .bind(&id.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let run = |row| {
            Ok(AnalysisRun {
                analyzer: col(row, "analyzer")?,
                version: col(row, "version")?,
                succeeded: col(row, "succeeded")?,
                analyzed: maybe_time(row, "analyzed")?,
            })
        };
        rows.iter().map(run).collect()
    }

    /// Stores a result that came after the others and not from an analyzer, for example what AcoustID knows of a
    /// fingerprint. Returns whether it was stored: it is not if the track's bytes have changed.
    pub async fn add_result(
        &self,
        id: TrackId,
        bytes: ContentHash,
        result: &AnalyzerResult,
        now: Timestamp,
    ) -> Result<bool> {
        const WHAT: &str = "storing a later result";
        let mut tx = self.db.write(WHAT).await?;
        let content: Option<i64> = sqlx::query_scalar(
            "SELECT c.n FROM track t JOIN content c ON c.n = t.content WHERE t.id = ? AND c.hash = ?",
        )
        .bind(&id.as_bytes()[..])
        .bind(&bytes.as_bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let Some(content) = content else { return Ok(false) };
        outcome::put(&mut tx, id, content, result, now).await?;
        commit(tx, WHAT).await?;
        Ok(true)
    }

    /// Tracks with a fingerprint that AcoustID was not asked about, in the order in which they came, after that one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unidentified(&self, after: Option<TrackId>, limit: u32) -> Result<Vec<TrackId>> {
        const WHAT: &str = "looking for tracks to look up";
        let mut reader = self.db.reader(WHAT).await?;
        let rows =
            sqlx::query(concat!("SELECT t.id ", unidentified!(), " AND t.id > ? ORDER BY t.id LIMIT ?"))
                .bind(after.map_or_else(Vec::new, |after| after.as_bytes().to_vec()))
                .bind(limit)
                .fetch_all(&mut *reader)
                .await
                .map_err(sql(WHAT))?;
        rows.iter().map(|row| id(row, "id", TrackId::from_bytes)).collect()
    }

    /// How many those are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_unidentified(&self) -> Result<u64> {
        const WHAT: &str = "counting tracks to look up";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(concat!("SELECT count(*) AS many ", unidentified!()))
            .fetch_one(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        count(&row, "many")
    }

    /// Marks a track as being analyzed (state `processing`), fenced by the job's attempt.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost, or the job is not about that track.
    pub async fn begin_analysis(
        &self,
        job: JobId,
        attempt: Attempt,
        owner: &str,
        track: TrackId,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "beginning to analyze a track";
        let mut tx = self.db.write(WHAT).await?;
        fence_track(&mut tx, job, attempt, owner, track).await?;
        sqlx::query(
            "UPDATE track SET state = iif(state = 'published', state, 'processing'), failure = NULL, updated = ? \
                 WHERE id = ?",
        )
            .bind(now.0)
            .bind(&track.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await
    }

    /// Results, properties, state `ready` and the job's end in one transaction.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost, and when the file that was analyzed is not the one that was scanned: then the
    /// job waits for a scan to notice.
    pub async fn commit_analysis(&self, done: AnalysisCommit, now: Timestamp) -> Result<()> {
        const WHAT: &str = "storing what was analyzed";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence_track(&mut tx, done.job, done.attempt, &done.owner, done.track).await?;
        let row = sqlx::query("SELECT size_bytes, modified, changed_ns, folder FROM track WHERE id = ?")
            .bind(&done.track.as_bytes()[..])
            .fetch_optional(&mut *tx)
            .await
            .map_err(sql(WHAT))?
            .ok_or_else(lost_lease)?;
        // The bytes of an upload never change.
        let in_folder = col::<Option<i64>>(&row, "folder")?.is_some();
        if in_folder
            && (count(&row, "size_bytes")?, time(&row, "modified")?) != (done.size_bytes, done.modified)
        {
            let error = Error::new(ErrorKind::Conflict, "the file changed after it was scanned")
                .remedy("scan the library again");
            leased.wait_or_park(&mut tx, &JobError::from(&error), now.plus_ms(CHANGED_FILE_MS), now).await?;
            commit(tx, WHAT).await?;
            return Err(error);
        }
        let scanned: Option<i64> = col(&row, "changed_ns")?;
        if in_folder && scanned.is_some() && done.changed_ns.is_some() && scanned != done.changed_ns {
            // Whether the scan or this saw the bytes as they are now, the next scan finds out.
            sqlx::query("UPDATE track SET changed_ns = 0 WHERE id = ?")
                .bind(&done.track.as_bytes()[..])
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        store_analyzed(&mut tx, &done, now).await?;
        leased.done(&mut tx, now).await?;
        commit(tx, WHAT).await
    }

    /// State `failed` with the reason, and the job parked, in one transaction. A track that was analyzed before stays ready,
    /// or published, and has the reason. `next_retry`: when it is tried again by itself.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost.
    pub async fn fail_analysis(
        &self,
        lease: LeaseKey<'_>,
        track: TrackId,
        error: &JobError,
        next_retry: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "noting why a track failed";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence_track(&mut tx, lease.job, lease.attempt, lease.owner, track).await?;
        leased.park(&mut tx, error, next_retry, now).await?;
        commit(tx, WHAT).await
    }
}

/// Stores what was analyzed of a track, and what lists show of it; the caller has checked the lease and ends it.
pub(super) async fn store_analyzed(tx: &mut WriteTx, done: &AnalysisCommit, now: Timestamp) -> Result<()> {
    const WHAT: &str = "storing what was analyzed";
    let row = sqlx::query("SELECT n, content, audio ->> '$.frames' AS frames FROM track WHERE id = ?")
        .bind(&done.track.as_bytes()[..])
        .fetch_optional(&mut **tx)
        .await
        .map_err(sql(WHAT))?
        .ok_or_else(lost_lease)?;
    let (n, before): (i64, Option<i64>) = (col(&row, "n")?, col(&row, "content")?);
    let content: i64 = sqlx::query_scalar(
        "INSERT INTO content (hash, warnings) VALUES (?, ?) \
         ON CONFLICT (hash) DO UPDATE SET warnings = excluded.warnings RETURNING n",
    )
    .bind(&done.content_hash.as_bytes()[..])
    .bind(to_json(&done.warnings)?)
    .fetch_one(&mut **tx)
    .await
    .map_err(sql(WHAT))?;
    let mut measured = false;
    for result in &done.results {
        measured |= outcome::put(tx, done.track, content, result, now).await?;
    }
    if measured {
        sqlx::query("UPDATE content SET analyzed = ? WHERE n = ?")
            .bind(now.0)
            .bind(content)
            .execute(&mut **tx)
            .await
            .map_err(sql(WHAT))?;
    }
    if let Some(found) = &done.enrichment {
        enrichments::put(tx, content, found).await?;
        supersede_enrichment(tx, done.track, now).await?;
    }
    sqlx::query(
        "UPDATE track SET content = ?1, hash = ?2, audio = ?3, duration_s = ?4, failure = NULL, updated = ?5, \
             state = iif(published IS NULL, 'ready', 'published'), \
             enrichment = iif(?6, 'completed', enrichment), \
             enrichment_error = iif(?6, NULL, enrichment_error) WHERE n = ?7",
    )
    .bind(content)
    .bind(&done.content_hash.as_bytes()[..])
    .bind(to_json(&done.audio)?)
    .bind(done.audio.duration_s())
    .bind(now.0)
    .bind(done.enrichment.is_some())
    .bind(n)
    .execute(&mut **tx)
    .await
    .map_err(sql(WHAT))?;
    show(tx, content).await?;
    mixtapes_kept::came_back(tx, done.track, done.content_hash).await?;
    let (frames, found) = (col::<Option<i64>>(&row, "frames")?, done.audio.frames.map(int));
    if before == Some(content) && frames != found {
        // The same bytes gave another length: one of the decodes was cut, and what was made of it is, too.
        transcodes::forget(tx, done.content_hash).await?;
        small_failures::forget_damage(tx, done.track.as_bytes(), now).await?;
    }
    if before.is_some_and(|before| before != content) {
        let mut filing = Filing::default();
        filing.check_content(before);
        filing.finish(tx).await?;
    }
    Ok(())
}

/// Checks the lease, and that its job is about that track.
pub(super) async fn fence_track(
    tx: &mut SqliteConnection,
    job: JobId,
    attempt: Attempt,
    owner: &str,
    track: TrackId,
) -> Result<Leased> {
    let leased = fence(tx, job, attempt, owner).await?;
    if leased.subject != track.as_bytes() {
        return Err(Error::new(ErrorKind::Conflict, "the job is about another track"));
    }
    Ok(leased)
}

/// Copies what lists show from the results of a content to every track that has it.
async fn show(tx: &mut SqliteConnection, content: i64) -> Result<()> {
    let shown = Shown::of(&Features::from_results(outcome::all(tx, content, false).await?));
    sqlx::query(
        "UPDATE track SET tempo_bpm = ?, key_name = ?, camelot = ?, integrated_lufs = ?, \
             true_peak_dbtp = ?, gain_db = ? WHERE content = ?",
    )
    .bind(shown.tempo_bpm)
    .bind(shown.key_name)
    .bind(shown.camelot)
    .bind(shown.integrated_lufs)
    .bind(shown.true_peak_dbtp)
    .bind(shown.gain_db)
    .bind(content)
    .execute(tx)
    .await
    .map_err(sql("copying results to their tracks"))?;
    Ok(())
}
