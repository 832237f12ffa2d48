//! Covers of uploads, which are made after the track is there.
//!
//! A track does not wait for its cover: that is noted as wanted with the track, in one transaction, and made when there is
//! time; so it is made after a crash, too.

use fanfare_model::{ContentHash, Result, Timestamp, TrackId};

use super::{Catalog, filing::Filing};
use crate::{
    db::commit,
    error::sql,
    rows::{col, id},
};

impl Catalog {
    /// The tracks whose cover is still to be made, the oldest first.
    pub async fn wanted_covers(&self, limit: u32) -> Result<Vec<TrackId>> {
        const WHAT: &str = "looking for covers to be made";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT id FROM track WHERE cover_wanted ORDER BY n LIMIT ?")
            .bind(limit)
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(|row| id(row, "id", TrackId::from_bytes)).collect()
    }

    /// Whether the track's cover is still to be made.
    pub async fn wants_cover(&self, track: TrackId) -> Result<bool> {
        const WHAT: &str = "looking for a cover to be made";
        let mut reader = self.db.reader(WHAT).await?;
        let wanted: Option<bool> = sqlx::query_scalar("SELECT cover_wanted FROM track WHERE id = ?")
            .bind(&track.as_bytes()[..])
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        Ok(wanted.unwrap_or(false))
    }

    /// Notes the cover that was made, which must be stored already, or why there is none. A track that is gone, or wants
    /// none any more, stays as it is.
    ///
    /// # Errors
    /// `Busy` (also when the cover was deleted meanwhile: it is made again), `NoSpace`, `Io`.
    pub async fn set_wanted_cover(
        &self,
        track: TrackId,
        cover: std::result::Result<Option<ContentHash>, &str>,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "storing a track's cover";
        let name = cover.ok().flatten();
        let (cover, error) = match cover {
            Ok(cover) => (cover.map(|cover| cover.as_bytes().to_vec()), None),
            Err(error) => (None, Some(error)),
        };
        let mut tx = self.db.write(WHAT).await?;
        // A deletion of an upload with the same cover happened under the lock that is held now.
        self.cover_is_there(name).await?;
        let row = sqlx::query(
            "UPDATE track SET cover = ?, cover_error = ?, cover_wanted = 0, updated = ? \
             WHERE id = ? AND cover_wanted RETURNING artist, release",
        )
        .bind(cover)
        .bind(error)
        .bind(now.0)
        .bind(&track.as_bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let Some(row) = row else { return Ok(()) };
        // The release shows the cover of its first track that has one.
        let mut filing = Filing::default();
        filing.touch(col(&row, "artist")?, col(&row, "release")?);
        filing.finish(&mut tx).await?;
        commit(tx, WHAT).await
    }
}
