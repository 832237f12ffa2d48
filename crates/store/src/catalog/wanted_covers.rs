//! Covers of uploads, which are made after the track is there.
//!
//! A track does not wait for its cover: that is noted as wanted with the track, in one transaction, and made when there is
//! time; so it is made after a crash, too.

use fanfare_model::{ContentHash, Result, Timestamp, TrackId, UserId};

use super::{Catalog, filing::Filing};
use crate::{
    db::commit,
    error::sql,
    rows::{col, id, maybe_id},
};

/// An upload whose cover is still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedCover {
    /// The track.
    pub track: TrackId,
    /// Who sent it; `None` when they are gone.
    pub uploader: Option<UserId>,
}

impl Catalog {
    /// The oldest track of each person whose cover is still to be made, without those put off; of that many people at
    /// most.
    pub async fn wanted_covers(&self, put_off: &[TrackId], people: u32) -> Result<Vec<WantedCover>> {
        const WHAT: &str = "looking for covers to be made";
        let mut reader = self.db.reader(WHAT).await?;
        let put_off: Vec<String> = put_off.iter().map(ToString::to_string).collect();
        // With `min`, SQLite takes the other columns of the same row.
        let rows = sqlx::query(
            "SELECT min(n), id, uploader FROM track WHERE cover_wanted \
             AND lower(hex(id)) NOT IN (SELECT value FROM json_each(?)) GROUP BY uploader ORDER BY 1 LIMIT ?",
        )
        .bind(serde_json::to_string(&put_off).unwrap_or_default())
        .bind(people)
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter()
            .map(|row| {
                Ok(WantedCover {
                    track: id(row, "id", TrackId::from_bytes)?,
                    uploader: maybe_id(row, "uploader", UserId::from_bytes)?,
                })
            })
            .collect()
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
