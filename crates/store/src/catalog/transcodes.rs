//! What was made of tracks: ladders and transcodes.
//!
//! A transcode belongs to bytes and a profile, not to a track: tracks of equal content share it, and a file that is moved keeps it.

use fanfare_model::{
    Attempt, ContentHash, JobId, Result, Timestamp, TrackId,
    hls::{SegmentFacts, VariantFacts},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    Catalog,
    transcode_row::{TranscodeRow, note_hash},
};
use crate::{
    BlobKind,
    db::commit,
    error::{sql, strange},
    queue::fence,
    rows::{col, count, int, json, maybe_hash, to_json},
};

/// One file of a transcode: a variant of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscodePart {
    /// Name of its bytes, a blob of the kind `Media`.
    pub blob: ContentHash,
    /// How many bytes.
    pub size_bytes: u64,
    /// What it is.
    pub facts: VariantFacts,
    /// Where its segments lie.
    pub segments: Vec<SegmentFacts>,
}

/// What was made of some bytes by a profile, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcode {
    /// The bytes it was made of.
    pub hash: ContentHash,
    /// The profile, encoder versions included.
    pub profile: String,
    /// Whether the cache's cap leaves it alone: it was made for an upload.
    pub pinned: bool,
    /// Its files, in the order of the profile.
    pub parts: Vec<TranscodePart>,
}

impl Transcode {
    /// How many bytes it takes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.size_bytes).sum()
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TranscodeCounts {
    /// Transcodes.
    pub transcodes: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of those that the cap leaves alone.
    pub pinned_bytes: u64,
    /// When the one that was used longest ago was used.
    pub oldest: Option<Timestamp>,
}

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

impl Catalog {
    /// The transcode of those bytes by that profile.
    pub async fn transcode(&self, hash: ContentHash, profile: &str) -> Result<Option<Transcode>> {
        const WHAT: &str = "reading a transcode";
        let mut tx = self.db.read(WHAT).await?;
        let row =
            sqlx::query("SELECT n, hash, profile, pinned FROM transcode WHERE hash = ? AND profile = ?")
                .bind(&hash.as_bytes()[..])
                .bind(profile)
                .fetch_optional(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        let rows = sqlx::query(
            "SELECT p.blob, p.size_bytes, p.facts, p.segments FROM transcode_part p WHERE p.transcode = ? ORDER BY p.place",
        )
        .bind(col::<i64>(&row, "n")?)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        Ok(Some(Transcode {
            hash,
            profile: profile.to_owned(),
            pinned: col(&row, "pinned")?,
            parts: rows.iter().map(part).collect::<Result<_>>()?,
        }))
    }

    /// What was made of those bytes when they were uploaded, by whatever profile whose name begins so: it stays, even
    /// when the profile is another one now.
    pub async fn pinned_transcode(&self, hash: ContentHash, prefix: &str) -> Result<Option<Transcode>> {
        const WHAT: &str = "reading a transcode";
        let mut reader = self.db.reader(WHAT).await?;
        let profile: Option<String> = sqlx::query_scalar(
            "SELECT profile FROM transcode WHERE hash = ? AND pinned AND substr(profile, 1, length(?2)) = ?2 \
             ORDER BY made DESC LIMIT 1",
        )
        .bind(&hash.as_bytes()[..])
        .bind(prefix)
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        drop(reader);
        match profile {
            Some(profile) => self.transcode(hash, &profile).await,
            None => Ok(None),
        }
    }

    /// Stores a transcode that a client asked for, and the end of its job, in one transaction. Its blobs must be
    /// stored already. The same one again replaces the older.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost.
    pub async fn commit_transcode(
        &self,
        job: JobId,
        attempt: Attempt,
        owner: &str,
        made: &Transcode,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "storing a transcode";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence(&mut tx, job, attempt, owner).await?;
        note_hash(&mut tx, &leased.subject, made.hash).await?;
        put(&mut tx, made, now).await?;
        leased.done(&mut tx, now).await?;
        commit(tx, WHAT).await
    }

    /// Notes that a transcode was used, so that the cap takes others first. It is written later
    /// ([`crate::Store::write_uses`]): a listener waits for no other writer.
    pub fn touch_transcode(&self, hash: ContentHash, profile: &str, now: Timestamp) {
        self.db.uses().note_transcode(hash, profile, now);
    }

    /// How much is kept.
    pub async fn transcode_counts(&self) -> Result<TranscodeCounts> {
        const WHAT: &str = "counting transcodes";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT count(*) AS transcodes, coalesce(sum(size_bytes), 0) AS bytes, \
                 coalesce(sum(iif(pinned, size_bytes, 0)), 0) AS pinned_bytes, min(used) AS oldest FROM transcode",
        )
        .fetch_one(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        Ok(TranscodeCounts {
            transcodes: count(&row, "transcodes")?,
            bytes: count(&row, "bytes")?,
            pinned_bytes: count(&row, "pinned_bytes")?,
            oldest: crate::rows::maybe_time(&row, "oldest")?,
        })
    }

    /// Evicts transcodes, those used longest ago first, until those that may be evicted take at most `cap_bytes`; also
    /// every ladder of bytes that no track has any more, and every transcode last used before `unused_since`. Returns their
    /// number. Other transcodes of bytes without a track stay until cap or age: the user may be moving the library to
    /// another folder. What was used after `in_use_since` is being listened to and stays; a use that lies a day after that is of a clock
    /// that was wrong, and counts as the oldest. Rows are deleted first, then
    /// files; a reader that has a file open reads on.
    pub async fn evict_transcodes(
        &self,
        cap_bytes: u64,
        unused_since: Option<Timestamp>,
        in_use_since: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "evicting transcodes";
        let mut tx = self.db.write(WHAT).await?;
        let ahead = in_use_since.plus_ms(DAY_MS);
        // What was used a moment ago may not be written yet. Should this be undone, only the notes are lost.
        self.db.uses().take().write(&mut tx).await?;
        let rows = sqlx::query(
            "SELECT n, size_bytes, pinned, used, file, \
                 file IS NOT NULL OR EXISTS (SELECT 1 FROM track t WHERE t.hash = x.hash) AS had \
             FROM transcode x ORDER BY used > ?, used DESC, n DESC",
        )
        .bind(ahead.0)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let (mut kept, mut gone, mut blobs, mut files) = (0_u64, 0, Vec::new(), Vec::new());
        for row in &rows {
            let (had, pinned): (bool, bool) = (col(row, "had")?, col(row, "pinned")?);
            if had && pinned {
                continue;
            }
            kept = kept.saturating_add(if had { count(row, "size_bytes")? } else { 0 });
            let used = Timestamp(col(row, "used")?);
            let old = unused_since.is_some_and(|since| used < since);
            if had && !old && (kept <= cap_bytes || (used > in_use_since && used <= ahead)) {
                continue;
            }
            let n: i64 = col(row, "n")?;
            files.extend(col::<Option<String>>(row, "file")?);
            let parts = sqlx::query("SELECT blob FROM transcode_part WHERE transcode = ?").bind(n);
            for part in parts.fetch_all(&mut *tx).await.map_err(sql(WHAT))? {
                blobs.extend(maybe_hash(&part, "blob")?);
            }
            sqlx::query("DELETE FROM transcode WHERE n = ?")
                .bind(n)
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
            gone += 1;
        }
        let mut unneeded = Vec::new();
        for blob in blobs {
            let needed: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM transcode_part WHERE blob = ?)")
                    .bind(&blob.as_bytes()[..])
                    .fetch_one(&mut *tx)
                    .await
                    .map_err(sql(WHAT))?;
            unneeded.extend((!needed).then_some(blob));
        }
        commit(tx, WHAT).await?;
        for blob in unneeded {
            self.blobs.remove(BlobKind::Media, blob).await?;
        }
        self.remove_cached(files).await?;
        Ok(gone)
    }

    /// The hash of a track's bytes, as far as it is known.
    pub async fn track_hash(&self, id: TrackId) -> Result<Option<ContentHash>> {
        const WHAT: &str = "looking up a track's bytes";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT hash FROM track WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.map_or(Ok(None), |row| maybe_hash(&row, "hash"))
    }
}

/// Stores a transcode inside a transaction, in place of an older one of the same bytes and profile.
pub(super) async fn put(tx: &mut SqliteConnection, made: &Transcode, now: Timestamp) -> Result<()> {
    const WHAT: &str = "storing a transcode";
    let row = TranscodeRow {
        hash: made.hash,
        profile: &made.profile,
        pinned: made.pinned,
        size_bytes: made.size_bytes(),
        made: now,
        used: now,
        file: None,
    };
    let n = row.put(tx).await?;
    sqlx::query("DELETE FROM transcode_part WHERE transcode = ?")
        .bind(n)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    for (place, part) in (0_i64..).zip(&made.parts) {
        sqlx::query(
            "INSERT INTO transcode_part (transcode, place, name, blob, size_bytes, facts, segments) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(n)
        .bind(place)
        .bind(&*part.facts.name)
        .bind(&part.blob.as_bytes()[..])
        .bind(int(part.size_bytes))
        .bind(to_json(&part.facts)?)
        .bind(to_json(&part.segments)?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    }
    Ok(())
}

/// Forgets all that was made of those bytes; the files are removed as what no row names.
pub(super) async fn forget(tx: &mut SqliteConnection, hash: ContentHash) -> Result<()> {
    sqlx::query("DELETE FROM transcode WHERE hash = ?")
        .bind(&hash.as_bytes()[..])
        .execute(tx)
        .await
        .map_err(sql("forgetting what was made of a file"))?;
    Ok(())
}

fn part(row: &SqliteRow) -> Result<TranscodePart> {
    Ok(TranscodePart {
        blob: maybe_hash(row, "blob")?.ok_or_else(|| strange("a transcode without bytes"))?,
        size_bytes: count(row, "size_bytes")?,
        facts: json(row, "facts")?,
        segments: json(row, "segments")?,
    })
}
