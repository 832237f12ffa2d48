//! Transcodes of tracks: which files are in the cache folder, and their removal.
//!
//! A row says that the file is there and whole: it is written after the file has its name. A file without a row is
//! harmless, and is taken for missing.

use fanfare_model::{Attempt, ContentHash, ErrorKind, JobId, Quality, Result, TaskId, Timestamp, TrackId};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    Catalog,
    small_failures::forget_damage,
    transcode_row::{TranscodeRow, note_hash},
};
use crate::{
    CacheFolder, CachedFile, Damage, Look,
    db::commit,
    error::{sql, strange},
    queue::fence,
    rows::{col, count, id, int, maybe_hash, time},
};

/// How many transcodes there are of a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedCounts {
    /// The quality.
    pub quality: Quality,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the one that was used longest ago was used.
    pub oldest: Option<Timestamp>,
}

/// What a run of making transcodes did, in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheRun {
    /// Files that were made.
    pub cached: u64,
    /// Files that were there already.
    pub skipped: u64,
    /// Files that could not be made.
    pub failed: u64,
    /// Bytes of those that were made.
    pub bytes: u64,
    /// Tracks whose sources are damaged, and whose files were made all the same: with silence in place of what is lost.
    pub damaged: u64,
}

impl std::fmt::Display for CacheRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cached, skipped, failed, bytes, damaged } = self;
        write!(f, "{cached} cached, {skipped} skipped, {failed} failed, {:.1} MB", *bytes as f64 / 1e6)?;
        match damaged {
            0 => Ok(()),
            1 => f.write_str("; 1 source is damaged"),
            more => write!(f, "; {more} sources are damaged"),
        }
    }
}

const COLUMNS: &str = "hash, profile, quality, file, size_bytes, sum, made, used";

impl Catalog {
    /// The folder of transcodes.
    #[must_use]
    pub const fn cache(&self) -> &CacheFolder {
        &self.cache
    }

    /// The transcodes of those bytes, of whatever profile, as the rows have them: whether the files are there is for
    /// the caller to see.
    pub async fn cached_of(&self, hash: ContentHash) -> Result<Vec<CachedFile>> {
        const WHAT: &str = "reading what is cached";
        let mut reader = self.db.reader(WHAT).await?;
        let statement =
            format!("SELECT {COLUMNS} FROM transcode WHERE hash = ? AND file IS NOT NULL ORDER BY n");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(&hash.as_bytes()[..])
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(cached_file).collect()
    }

    /// The transcode of those bytes by that profile, as its row has it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cached(&self, hash: ContentHash, profile: &str) -> Result<Option<CachedFile>> {
        const WHAT: &str = "reading what is cached";
        let mut reader = self.db.reader(WHAT).await?;
        let statement =
            format!("SELECT {COLUMNS} FROM transcode WHERE hash = ? AND profile = ? AND file IS NOT NULL");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(&hash.as_bytes()[..])
            .bind(profile)
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.as_ref().map(cached_file).transpose()
    }

    /// What is wrong with a transcode, as far as such a look tells.
    pub async fn damage(&self, file: &CachedFile, look: Look) -> Option<Damage> {
        let (cache, file) = (self.cache.clone(), file.clone());
        detached(move || cache.damage(&file, look)).await
    }

    /// Those of [`Self::cached_of`] whose files are there as the rows have them, by size.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cached_there(&self, hash: ContentHash) -> Result<Vec<CachedFile>> {
        let mut files = self.cached_of(hash).await?;
        files.retain(|file| self.cache.damage(file, Look::Size).is_none());
        Ok(files)
    }

    /// The transcodes of the bytes that a track's file had before it was changed; none where it never was.
    pub async fn cached_of_former(&self, id: TrackId) -> Result<Vec<CachedFile>> {
        const WHAT: &str = "reading what is cached of earlier bytes";
        let mut reader = self.db.reader(WHAT).await?;
        let statement = format!(
            "SELECT {COLUMNS} FROM transcode WHERE file IS NOT NULL \
                 AND hash = (SELECT former FROM track WHERE id = ?1 AND former IS NOT hash) ORDER BY n"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(&id.as_bytes()[..])
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(cached_file).collect()
    }

    /// Stores rows of transcodes that have their names, and the end of the job that made them, in one transaction.
    /// `damaged`: whether their source could not be decoded without damage.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost.
    pub async fn commit_cached(
        &self,
        job: JobId,
        attempt: Attempt,
        owner: &str,
        (made, damaged): (&[CachedFile], bool),
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "storing what was cached";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence(&mut tx, job, attempt, owner).await?;
        for file in made {
            note_hash(&mut tx, &leased.subject, file.hash).await?;
            put(&mut tx, file).await?;
        }
        sqlx::query("UPDATE job SET files = ?, bytes = ?, damaged = ? WHERE id = ?")
            .bind(int(made.len() as u64))
            .bind(int(made.iter().map(|file| file.size_bytes).sum()))
            .bind(damaged)
            .bind(&job.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let outdated = outdated(&mut tx, &leased.subject, made).await?;
        if !made.is_empty() {
            forget_damage(&mut tx, &leased.subject, now).await?;
        }
        leased.done(&mut tx, now).await?;
        commit(tx, WHAT).await?;
        self.remove_cached(outdated).await
    }

    /// How much there is of each quality that there is something of.
    pub async fn cached_counts(&self) -> Result<Vec<CachedCounts>> {
        const WHAT: &str = "counting what is cached";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT quality, count(*) AS files, sum(size_bytes) AS bytes, min(used) AS oldest FROM transcode \
             WHERE file IS NOT NULL GROUP BY quality",
        )
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter()
            .map(|row| {
                Ok(CachedCounts {
                    quality: quality(row)?,
                    files: count(row, "files")?,
                    bytes: count(row, "bytes")?,
                    oldest: crate::rows::maybe_time(row, "oldest")?,
                })
            })
            .collect()
    }

    /// Removes transcodes: those made before that time (all without one), of that quality (all without one), of those
    /// tracks (all without any named), earlier bytes of their files included. Returns how many, and their bytes. A listener
    /// who plays one hears it to its end.
    ///
    /// # Errors
    /// Those of the cache folder, when nothing can be removed from it: then every row stays, so that the files still count.
    pub async fn clear_cached(
        &self,
        made_before: Option<Timestamp>,
        of: Option<Quality>,
        tracks: Option<&[TrackId]>,
    ) -> Result<(u64, u64)> {
        const WHAT: &str = "clearing the cache";
        self.refuse_unremovable().await?;
        let ids: Vec<Option<&[u8]>> = match tracks {
            Some(tracks) => tracks.iter().map(|track| Some(&track.as_bytes()[..])).collect(),
            None => vec![None],
        };
        let mut tx = self.db.write_to_delete(WHAT).await?;
        let mut rows = Vec::new();
        for id in ids {
            let gone = sqlx::query(
                "DELETE FROM transcode WHERE file IS NOT NULL AND (?1 IS NULL OR made < ?1) \
                     AND (?2 IS NULL OR quality = ?2) AND (?3 IS NULL OR hash IN (SELECT hash FROM track WHERE id = ?3 \
                         UNION SELECT former FROM track WHERE id = ?3)) RETURNING file, size_bytes",
            )
            .bind(made_before.map(|time| time.0))
            .bind(of.map(Quality::as_str))
            .bind(id)
            .fetch_all(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
            rows.extend(gone);
        }
        commit(tx, WHAT).await?;
        let mut bytes = 0;
        let mut files = Vec::with_capacity(rows.len());
        for row in &rows {
            bytes += count(row, "size_bytes")?;
            files.push(col::<String>(row, "file")?);
        }
        self.remove_cached(files).await?;
        Ok((rows.len() as u64, bytes))
    }

    /// Forgets a transcode that is not there any more, or not as its row says.
    pub async fn forget_cached(&self, file: &str) -> Result<()> {
        const WHAT: &str = "forgetting a cached file";
        let mut tx = self.db.write(WHAT).await?;
        sqlx::query("DELETE FROM transcode WHERE file = ?")
            .bind(file)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        self.remove_cached(vec![file.to_owned()]).await
    }

    /// How a run stands: what its jobs were to make, made, and could not make.
    pub async fn cache_run(&self, task: TaskId) -> Result<CacheRun> {
        const WHAT: &str = "summing up what was cached";
        let mut reader = self.db.reader(WHAT).await?;
        // What a job is to make is a list with commas in between.
        let row = sqlx::query(
            "SELECT coalesce(sum(files), 0) AS cached, coalesce(sum(bytes), 0) AS bytes, \
                 coalesce(sum(iif(state = 'done', wanted - files, 0)), 0) AS skipped, \
                 coalesce(sum(iif(state = 'parked', wanted, 0)), 0) AS failed, coalesce(sum(damaged), 0) AS damaged FROM \
                 (SELECT state, files, bytes, damaged, length(detail) - length(replace(detail, ',', '')) + 1 AS wanted \
                  FROM job WHERE task = ? AND queue = 'cache-track')",
        )
        .bind(&task.as_bytes()[..])
        .fetch_one(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        Ok(CacheRun {
            cached: count(&row, "cached")?,
            skipped: count(&row, "skipped")?,
            failed: count(&row, "failed")?,
            bytes: count(&row, "bytes")?,
            damaged: count(&row, "damaged")?,
        })
    }

    /// What a run did not make: the tracks of its jobs that were parked or withdrawn, each with the profiles that were
    /// wanted.
    pub async fn unmade_cache_jobs(&self, task: TaskId) -> Result<Vec<(TrackId, String)>> {
        const WHAT: &str = "looking for what was not cached";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT subject, detail FROM job WHERE task = ? AND queue = 'cache-track' AND state IN ('parked', 'cancelled') ORDER BY n",
        )
        .bind(&task.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let one = |row: &SqliteRow| {
            Ok((
                id(row, "subject", TrackId::from_bytes)?,
                col::<Option<String>>(row, "detail")?.unwrap_or_default(),
            ))
        };
        rows.iter().map(one).collect()
    }

    /// Every file of the cache folder with its size and age.
    pub(super) async fn cached_files(&self) -> Vec<(String, u64, Timestamp)> {
        let cache = self.cache.clone();
        detached(move || cache.files()).await
    }

    /// Refuses where no file can be removed from the cache folder. On a full disk they can.
    async fn refuse_unremovable(&self) -> Result<()> {
        let cache = self.cache.clone();
        match detached(move || cache.try_writing()).await {
            Err(error) if error.kind() != ErrorKind::NoSpace => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes files of the cache folder, whose rows are gone. One that cannot be removed keeps none of the others.
    pub(super) async fn remove_cached(&self, files: Vec<String>) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let cache = self.cache.clone();
        detached(move || files.iter().map(|file| cache.remove(file)).fold(Ok(()), Result::and)).await
    }
}

/// File system calls, away from the runtime's threads.
async fn detached<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}

/// Deletes the rows of transcodes of a track's earlier bytes that were now made again, unless another track has those
/// bytes; returns the files.
async fn outdated(tx: &mut SqliteConnection, track: &[u8], made: &[CachedFile]) -> Result<Vec<String>> {
    const WHAT: &str = "removing transcodes of a track's earlier bytes";
    let mut files = Vec::new();
    for file in made {
        let gone: Vec<String> = sqlx::query_scalar(
            "DELETE FROM transcode WHERE file IS NOT NULL AND quality = ?2 \
                 AND hash = (SELECT former FROM track WHERE id = ?1 AND former IS NOT hash) \
                 AND NOT EXISTS (SELECT 1 FROM track o WHERE o.hash = transcode.hash) RETURNING file",
        )
        .bind(track)
        .bind(file.quality.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        files.extend(gone);
    }
    Ok(files)
}

pub(super) async fn put(tx: &mut SqliteConnection, file: &CachedFile) -> Result<()> {
    const WHAT: &str = "storing what was cached";
    // A file made by an older version of a profile had the same name.
    sqlx::query("DELETE FROM transcode WHERE file = ? AND profile <> ?")
        .bind(&*file.file)
        .bind(&*file.profile)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    TranscodeRow::of_file(file).put(tx).await?;
    Ok(())
}

fn quality(row: &SqliteRow) -> Result<Quality> {
    col::<&str>(row, "quality")?.parse().map_err(|_| strange("a quality that there is not"))
}

fn cached_file(row: &SqliteRow) -> Result<CachedFile> {
    Ok(CachedFile {
        hash: maybe_hash(row, "hash")?.ok_or_else(|| strange("a transcode of no bytes"))?,
        profile: col(row, "profile")?,
        quality: quality(row)?,
        file: col(row, "file")?,
        size_bytes: count(row, "size_bytes")?,
        sum: maybe_hash(row, "sum")?,
        made: time(row, "made")?,
        used: time(row, "used")?,
    })
}
