//! Uploaded tracks: from the bytes that came in to a track that is ready, published or gone.
//!
//! The bytes are a blob before the row is written, and the row and its job are one transaction, so an upload that was
//! acknowledged is never lost. Deleting is row first; the bytes are swept later.

use fanfare_model::{
    Attempt, AudioProperties, ContentHash, Error, ErrorKind, JobId, JobKind, Result, Tags, TaskId, Timestamp,
    TrackId, TrackState, UserId, Wanted,
    enrichment::Enrichment,
    features::{AnalyzerOutcome, FeaturePart, Fingerprint},
    job::Products,
};
use sqlx::SqliteConnection;

use super::{
    AnalysisCommit, CachedFile, Catalog, Leftover, ScannedFile, Transcode,
    analysis::{fence_track, store_analyzed},
    cached, enrichments,
    filing::Filing,
    mixtapes_kept, quarantine,
    scan_rows::{self, Facts, Place},
    transcodes,
};
use crate::{
    BlobKind,
    db::commit,
    error::sql,
    queue::{ENRICH_ATTEMPTS, NewJob, PROCESS_ATTEMPTS, enqueue, revoke_all},
    rows::{col, id, json, maybe_id},
};

/// The row number that releases of uploads without an album artist are filed under, where others have their folder's.
const NO_FOLDER: i64 = 0;

/// An upload whose bytes are stored as a blob of the kind `Upload`.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// The name it was sent under, cleaned; only ever shown.
    pub name: String,
    /// Name of the blob.
    pub hash: ContentHash,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// What its tags say.
    pub tags: Tags,
    /// What container and codec say.
    pub audio: Option<AudioProperties>,
    /// Whether it has a picture, or may have one: the cover is made of it afterwards from what is noted in its row.
    pub picture: bool,
    /// Who sent it.
    pub uploader: UserId,
    /// Whether its bytes are kept when all is made of them.
    pub keep: bool,
    /// What to make of it.
    pub products: Products,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploaded {
    /// A new track, queued.
    Added(TrackId),
    /// The same bytes are there already, as that track.
    Known(TrackId),
}

/// What processing an upload gave; committed together with the end of its job and the next one.
#[derive(Debug, Clone)]
pub struct ProcessCommit {
    /// What was analyzed, fenced by the job.
    pub analyzed: AnalysisCommit,
    /// Its HLS ladder, whose blobs are stored already.
    pub ladder: Option<Transcode>,
    /// Its transcodes, which have their names already.
    pub small: Vec<CachedFile>,
    /// A track that sounds the same.
    pub duplicate: Option<TrackId>,
    /// Whether the decode gave all of the audio, without damage. If not, the original is kept, whatever was asked for: the
    /// program that decoded may have been to blame, and nothing else has the rest of the audio.
    pub is_whole: bool,
}

/// What enriching a track gave; committed together with the end of its job.
#[derive(Debug, Clone)]
pub struct EnrichCommit {
    /// The job.
    pub job: JobId,
    /// Fences the commit.
    pub attempt: Attempt,
    /// Who holds it.
    pub owner: String,
    /// The track.
    pub track: TrackId,
    /// What was found.
    pub found: Enrichment,
    /// A track that sounds the same; noted where none was known.
    pub duplicate: Option<TrackId>,
}

impl Catalog {
    /// Makes a track of an upload, in state `queued`, and its job, in one transaction; or gives the track that has the
    /// same bytes already.
    ///
    /// # Errors
    /// `LimitExceeded` when the person would have more than `quota_bytes` (0: no limit), `NoSpace`, `Busy` (also when its bytes were deleted meanwhile), `Io`.
    pub async fn add_upload(
        &self,
        new: &NewUpload,
        task: Option<TaskId>,
        quota_bytes: u64,
        now: Timestamp,
    ) -> Result<Uploaded> {
        const WHAT: &str = "adding an upload";
        let mut tx = self.db.write(WHAT).await?;
        if let Some(known) = same_bytes(&mut tx, new.hash).await? {
            return Ok(Uploaded::Known(known));
        }
        if quota_bytes > 0 {
            let then = uploaded_bytes(&mut tx, new.uploader).await?.saturating_add(new.size_bytes);
            if then > quota_bytes {
                return Err(Error::limit("upload.quota_bytes", then, quota_bytes)
                    .remedy("delete uploads that are not needed, or have `upload.quota_bytes` raised"));
            }
        }
        // If the same bytes were deleted meanwhile, that was under the lock that is held now.
        if !self.blobs.contains(BlobKind::Upload, new.hash).await? {
            return Err(Error::new(ErrorKind::Busy, "the same file was being deleted meanwhile")
                .remedy("send the file again"));
        }
        let mut filing = Filing::default();
        let artist = filing.track_artist(&mut tx, &new.tags, now).await?;
        let release = filing.release(&mut tx, NO_FOLDER, "", &new.tags, now).await?;
        filing.touch(artist, release);
        let file = ScannedFile {
            relative_path: new.name.clone(),
            size_bytes: new.size_bytes,
            modified: now,
            changed_ns: None,
            tags: new.tags.clone(),
            audio: new.audio.clone(),
            cover: None,
            cover_error: None,
        };
        let facts = Facts::of(&file, artist, release)?;
        let place =
            Place::Upload { hash: new.hash, keep: new.keep, uploader: new.uploader, picture: new.picture };
        let inserted = scan_rows::insert(&mut tx, &place, &facts, TrackState::Queued, None, now).await?;
        let (n, id) =
            inserted.ok_or_else(|| Error::new(ErrorKind::Conflict, "the upload is there already"))?;
        scan_rows::index(&mut tx, n, &facts).await?;
        mixtapes_kept::came_back(&mut tx, id, new.hash).await?;
        quarantine::is_named_again(&mut tx, new.hash).await?;
        filing.finish(&mut tx).await?;
        queue_process(&mut tx, id, &new.products, task, now).await?;
        commit(tx, WHAT).await?;
        Ok(Uploaded::Added(id))
    }

    /// How many bytes the uploads of a person take: their originals, kept or still worked on.
    pub async fn uploaded_bytes(&self, uploader: UserId) -> Result<u64> {
        uploaded_bytes(&mut *self.db.reader("adding up uploads").await?, uploader).await
    }

    /// The track that has those bytes, if there is one: an upload of them need not be kept twice.
    pub async fn track_of_bytes(&self, hash: ContentHash) -> Result<Option<TrackId>> {
        same_bytes(&mut *self.db.reader("looking for the same bytes").await?, hash).await
    }

    /// Results, ladder, transcodes, state `enriching`, the job's end and the enrichment's job in one transaction.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost.
    pub async fn commit_process(&self, done: &ProcessCommit, now: Timestamp) -> Result<()> {
        const WHAT: &str = "storing what was made of an upload";
        let analyzed = &done.analyzed;
        let mut tx = self.db.write(WHAT).await?;
        let leased =
            fence_track(&mut tx, analyzed.job, analyzed.attempt, &analyzed.owner, analyzed.track).await?;
        store_analyzed(&mut tx, analyzed, now).await?;
        if let Some(ladder) = &done.ladder {
            transcodes::put(&mut tx, ladder, now).await?;
        }
        for file in &done.small {
            cached::put(&mut tx, file).await?;
        }
        sqlx::query(
            "UPDATE track SET state = iif(published IS NULL, 'enriching', 'published'), enrichment = 'pending', \
                 enrichment_error = NULL, twin = ?, keep = keep OR NOT ?, updated = ? WHERE id = ?",
        )
        .bind(done.duplicate.map(|duplicate| duplicate.as_bytes().to_vec()))
        .bind(done.is_whole)
        .bind(now.0)
        .bind(&analyzed.track.as_bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        leased.done(&mut tx, now).await?;
        queue_enrichment(&mut tx, analyzed.track, leased.task, now).await?;
        commit(tx, WHAT).await
    }

    /// What enrichment found, state `ready`, the bytes kept or deleted, and the job's end in one transaction.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost.
    pub async fn commit_enrichment(&self, done: &EnrichCommit, now: Timestamp) -> Result<()> {
        const WHAT: &str = "storing an enrichment";
        let EnrichCommit { job, attempt, owner, track, found, duplicate } = done;
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence_track(&mut tx, *job, *attempt, owner, *track).await?;
        let content: Option<i64> = sqlx::query_scalar("SELECT content FROM track WHERE id = ?")
            .bind(&track.as_bytes()[..])
            .fetch_optional(&mut *tx)
            .await
            .map_err(sql(WHAT))?
            .flatten();
        if let Some(content) = content {
            enrichments::put(&mut tx, content, found).await?;
        }
        sqlx::query(
            "UPDATE track SET state = iif(state = 'enriching', 'ready', state), enrichment = 'completed', \
                 upload = iif(upload = 'incoming', iif(keep, 'original', 'gone'), upload), \
                 enrichment_error = NULL, twin = coalesce(twin, ?), updated = ? WHERE id = ?",
        )
        .bind(duplicate.map(|duplicate| duplicate.as_bytes().to_vec()))
        .bind(now.0)
        .bind(&track.as_bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        leased.done(&mut tx, now).await?;
        commit(tx, WHAT).await
    }

    /// Fingerprints of other tracks that play about as long, the nearest in length first.
    pub async fn fingerprints_near(
        &self,
        track: TrackId,
        duration_s: f64,
        within_s: f64,
        limit: u32,
    ) -> Result<Vec<(TrackId, Fingerprint)>> {
        const WHAT: &str = "looking for tracks of the same length";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id, r.outcome FROM track t JOIN result r ON r.content = t.content \
                 AND r.analyzer = 'fingerprint' \
             WHERE t.duration_s BETWEEN ?1 - ?2 AND ?1 + ?2 AND t.id <> ?3 AND t.presence = 'here' \
             ORDER BY abs(t.duration_s - ?1), t.id LIMIT ?4",
        )
        .bind(duration_s)
        .bind(within_s)
        .bind(&track.as_bytes()[..])
        .bind(limit)
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let mut near = Vec::with_capacity(rows.len());
        for row in &rows {
            let outcome = json(row, "outcome")?;
            if let AnalyzerOutcome::Ok { part: FeaturePart::Fingerprint(Some(found)), .. } = outcome {
                near.push((id(row, "id", TrackId::from_bytes)?, found));
            }
        }
        Ok(near)
    }

    /// Makes a track public, or takes it back; back also one that would be public again once its new file is analyzed.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a track that is not ready.
    pub async fn publish(&self, id: TrackId, public: bool, now: Timestamp) -> Result<()> {
        const WHAT: &str = "publishing a track";
        let mut tx = self.db.write(WHAT).await?;
        let statement = if public {
            "UPDATE track SET state = 'published', published = coalesce(published, ?1), updated = ?1 \
             WHERE id = ?2 AND state IN ('ready', 'published')"
        } else {
            "UPDATE track SET state = iif(state = 'published', 'ready', state), published = NULL, updated = ?1 \
             WHERE id = ?2 AND (published IS NOT NULL OR state = 'ready')"
        };
        let done = sqlx::query(statement)
            .bind(now.0)
            .bind(&id.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        if done.rows_affected() == 0 {
            let state: Option<String> = sqlx::query_scalar("SELECT state FROM track WHERE id = ?")
                .bind(&id.as_bytes()[..])
                .fetch_optional(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
            return Err(match state {
                None => Error::new(ErrorKind::NotFound, "there is no such track"),
                Some(state) => Error::new(ErrorKind::Conflict, format!("the track is {state}, not ready"))
                    .remedy("publish it when it is ready"),
            });
        }
        commit(tx, WHAT).await
    }

    /// Removes an uploaded track: its row, jobs and results; gives its bytes and what was made of them, which are for
    /// [`Self::remove_unnamed`].
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a track of a library folder, whose files are only ever read.
    pub async fn delete_upload(&self, id: TrackId, now: Timestamp) -> Result<Leftover> {
        const WHAT: &str = "deleting a track";
        let mut tx = self.db.write_to_delete(WHAT).await?;
        let row = sqlx::query("SELECT n, folder, artist, release, content, hash FROM track WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_optional(&mut *tx)
            .await
            .map_err(sql(WHAT))?
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such track"))?;
        if col::<Option<i64>>(&row, "folder")?.is_some() {
            return Err(Error::new(ErrorKind::Conflict, "the track's file lies in a library folder")
                .remedy("remove the file from the folder; fanfare only ever reads there"));
        }
        let leftover = Leftover::of_upload(&mut tx, col(&row, "n")?).await?;
        let mut filing = Filing::default();
        filing.touch(col(&row, "artist")?, col(&row, "release")?);
        filing.check_content(col(&row, "content")?);
        revoke_all(&mut tx, id.as_bytes(), now).await?;
        scan_rows::delete(&mut tx, col(&row, "n")?).await?;
        sqlx::query(
            "DELETE FROM transcode WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM track t WHERE t.hash = ?1)",
        )
        .bind(col::<Option<&[u8]>>(&row, "hash")?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        filing.finish(&mut tx).await?;
        commit(tx, WHAT).await?;
        Ok(leftover)
    }
}

/// Queues the processing of an upload inside the transaction that makes it necessary.
pub(super) async fn queue_process(
    tx: &mut SqliteConnection,
    track: TrackId,
    products: &Products,
    task: Option<TaskId>,
    now: Timestamp,
) -> Result<()> {
    let job = NewJob {
        kind: JobKind::make(track, Wanted::Upload(products.clone())),
        task,
        dedupe_key: Some(format!("process:{track}")),
        priority: 0,
        run_at: now,
        max_attempts: PROCESS_ATTEMPTS,
    };
    enqueue(tx, &job, now).await.map(drop)
}

pub(super) async fn queue_enrichment(
    tx: &mut SqliteConnection,
    track: TrackId,
    task: Option<TaskId>,
    now: Timestamp,
) -> Result<()> {
    let job = NewJob {
        kind: JobKind::Describe { track },
        task,
        dedupe_key: Some(format!("enrich:{track}")),
        priority: 0,
        run_at: now,
        max_attempts: ENRICH_ATTEMPTS,
    };
    enqueue(tx, &job, now).await.map(drop)
}

async fn same_bytes(connection: &mut SqliteConnection, hash: ContentHash) -> Result<Option<TrackId>> {
    let row = sqlx::query("SELECT id FROM track WHERE hash = ? AND presence = 'here' ORDER BY n LIMIT 1")
        .bind(&hash.as_bytes()[..])
        .fetch_optional(connection)
        .await
        .map_err(sql("looking for the same bytes"))?;
    row.map_or(Ok(None), |row| maybe_id(&row, "id", TrackId::from_bytes))
}

async fn uploaded_bytes(connection: &mut SqliteConnection, uploader: UserId) -> Result<u64> {
    let sum: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(size_bytes), 0) FROM track WHERE uploader = ? AND upload IN ('incoming', 'original')",
    )
    .bind(&uploader.as_bytes()[..])
    .fetch_one(connection)
    .await
    .map_err(sql("adding up uploads"))?;
    Ok(u64::try_from(sum).unwrap_or(0))
}
