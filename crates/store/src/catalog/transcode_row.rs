//! The row of a transcode: one shape for a file of the cache folder and for an HLS ladder, written in one place.

use fanfare_model::{ContentHash, Result, Timestamp};
use sqlx::SqliteConnection;

use crate::{CachedFile, error::sql, queue::supersede_made, rows::int};

const WHAT: &str = "storing a transcode";

/// A row to write.
pub(super) struct TranscodeRow<'a> {
    pub(super) hash: ContentHash,
    pub(super) profile: &'a str,
    pub(super) pinned: bool,
    pub(super) size_bytes: u64,
    pub(super) made: Timestamp,
    pub(super) used: Timestamp,
    /// The file that it is; `None` for a ladder, whose parts are rows of their own.
    pub(super) file: Option<&'a CachedFile>,
}

impl<'a> TranscodeRow<'a> {
    /// That of a file.
    pub(super) fn of_file(file: &'a CachedFile) -> Self {
        let CachedFile { hash, profile, size_bytes, made, used, .. } = file;
        let (hash, size_bytes, made, used) = (*hash, *size_bytes, *made, *used);
        Self { hash, profile, pinned: false, size_bytes, made, used, file: Some(file) }
    }

    /// Writes the row, in place of an older one of the same bytes and profile, and withdraws jobs that were to make the same;
    /// returns its number.
    pub(super) async fn put(self, tx: &mut SqliteConnection) -> Result<i64> {
        let n: i64 = sqlx::query_scalar(
            "INSERT INTO transcode (hash, profile, pinned, size_bytes, made, used, file, quality, sum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (hash, profile) DO UPDATE SET \
                 pinned = max(pinned, excluded.pinned), size_bytes = excluded.size_bytes, made = excluded.made, \
                 used = max(used, excluded.used), file = excluded.file, quality = excluded.quality, sum = excluded.sum \
             RETURNING n",
        )
        .bind(&self.hash.as_bytes()[..])
        .bind(self.profile)
        .bind(self.pinned)
        .bind(int(self.size_bytes))
        .bind(self.made.0)
        .bind(self.used.0)
        .bind(self.file.map(|file| &*file.file))
        .bind(self.file.map(|file| file.quality.as_str()))
        .bind(self.file.and_then(|file| file.sum.as_ref()).map(|sum| &sum.as_bytes()[..]))
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        supersede_made(tx, self.hash, self.profile, self.made).await?;
        Ok(n)
    }
}

/// Notes the hash of a track's bytes where it was not known before: by it the next request finds what was made of them.
pub(super) async fn note_hash(tx: &mut SqliteConnection, track: &[u8], hash: ContentHash) -> Result<()> {
    sqlx::query("UPDATE track SET hash = ? WHERE id = ? AND hash IS NULL")
        .bind(&hash.as_bytes()[..])
        .bind(track)
        .execute(tx)
        .await
        .map_err(sql(WHAT))?;
    Ok(())
}
