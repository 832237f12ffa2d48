//! Why transcodes of a track could not be made, from the errors of the parked jobs.

use fanfare_model::{ErrorKind, FolderId, Result, Timestamp, TrackId, job::JobError};
use sqlx::SqliteConnection;

use super::Catalog;
use crate::{
    error::sql,
    rows::{id, json},
};

impl Catalog {
    /// Why the last attempt at a transcode of that track failed, where it was given up and not made since.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn small_failure(&self, track: TrackId, profile: &str) -> Result<Option<JobError>> {
        const WHAT: &str = "reading why a file was not cached";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT error FROM job WHERE subject = ?1 AND queue IN ('cache-track', 'stream-track') AND state = 'parked' \
                 AND error IS NOT NULL AND instr(detail, ?2) ORDER BY updated DESC, n DESC LIMIT 1",
        )
        .bind(&track.as_bytes()[..])
        .bind(profile)
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        row.map(|row| json(&row, "error")).transpose()
    }

    /// Such a failure that is the file's own: the next attempt would decode the same bytes, and end the same, whatever quality it
    /// is of. It is forgotten when the file changes, and when a file is made all the same.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_small_failure(&self, track: TrackId) -> Result<Option<JobError>> {
        const WHAT: &str = "reading why no file was cached";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT error FROM job WHERE subject = ?1 AND queue IN ('cache-track', 'stream-track') AND state = 'parked' \
                 AND error ->> '$.kind' IN (?2, ?3) ORDER BY updated DESC, n DESC LIMIT 1",
        )
        .bind(&track.as_bytes()[..])
        .bind(ErrorKind::Malformed.as_str())
        .bind(ErrorKind::Empty.as_str())
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        row.map(|row| json(&row, "error")).transpose()
    }

    /// Tracks of a folder that were not decoded to their end, or with damage.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn damaged_tracks(&self, folder: FolderId) -> Result<Vec<TrackId>> {
        const WHAT: &str = "looking for damaged tracks";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id FROM track t JOIN content c ON c.n = t.content JOIN folder f ON f.n = t.folder \
             WHERE f.id = ? AND t.presence = 'here' AND t.state <> 'failed' AND c.warnings <> '[]' ORDER BY t.n",
        )
        .bind(&folder.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| id(row, "id", TrackId::from_bytes)).collect()
    }

    /// What the decoder had to say when the track was analyzed, one sentence each.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn decoder_warnings(&self, track: TrackId) -> Result<Vec<String>> {
        const WHAT: &str = "reading what the decoder said";
        let mut reader = self.db.reader(WHAT).await?;
        let row =
            sqlx::query("SELECT c.warnings FROM track t JOIN content c ON c.n = t.content WHERE t.id = ?")
                .bind(&track.as_bytes()[..])
                .fetch_optional(&mut *reader)
                .await
                .map_err(sql(WHAT))?;
        row.map_or_else(|| Ok(Vec::new()), |row| json(&row, "warnings"))
    }
}

/// A transcode of a track was made: its bytes are not to blame, whatever parked jobs for its other files say.
pub(super) async fn forget_damage(tx: &mut SqliteConnection, track: &[u8], now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'cancelled', updated = ? WHERE state = 'parked' AND subject = ? \
             AND queue IN ('cache-track', 'stream-track') AND error ->> '$.kind' IN (?, ?)",
    )
    .bind(now.0)
    .bind(track)
    .bind(ErrorKind::Malformed.as_str())
    .bind(ErrorKind::Empty.as_str())
    .execute(tx)
    .await
    .map_err(sql("forgetting why files were not cached"))?;
    Ok(())
}
