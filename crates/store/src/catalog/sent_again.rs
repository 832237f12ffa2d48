//! What was given up of an upload while its file was missing or damaged: it is tried again once the file was sent again.

use fanfare_model::{ContentHash, JobId, Result, Timestamp, TrackId};

use super::Catalog;
use crate::{db::commit, error::sql, rows::id};

impl Catalog {
    /// Has the cover made again of the tracks that have those bytes as an upload that is kept and have no cover: of all of
    /// them where the file was replaced, otherwise of those whose picture gave an error. Gives the tracks.
    ///
    /// # Errors
    /// `Busy`, `NoSpace`, `Io`; then nothing is changed.
    pub async fn want_cover_again(
        &self,
        hash: ContentHash,
        replaced: bool,
        now: Timestamp,
    ) -> Result<Vec<TrackId>> {
        const WHAT: &str = "having a cover made again";
        let mut tx = self.db.write(WHAT).await?;
        let rows = sqlx::query(
            "UPDATE track SET cover_wanted = 1, cover_error = NULL, updated = ?1 \
             WHERE hash = ?2 AND upload IN ('incoming', 'original') AND cover IS NULL AND NOT cover_wanted \
                 AND (?3 OR cover_error IS NOT NULL) RETURNING id",
        )
        .bind(now.0)
        .bind(&hash.as_bytes()[..])
        .bind(replaced)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let tracks = rows.iter().map(|row| id(row, "id", TrackId::from_bytes)).collect::<Result<_>>()?;
        commit(tx, WHAT).await?;
        Ok(tracks)
    }

    /// The uploads with those bytes whose last analysis failed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failed_uploads(&self, hash: ContentHash) -> Result<Vec<TrackId>> {
        const WHAT: &str = "looking for uploads that failed";
        let rows = sqlx::query(
            "SELECT id FROM track WHERE hash = ? AND upload IN ('incoming', 'original') \
                 AND (state = 'failed' OR failure IS NOT NULL) ORDER BY n",
        )
        .bind(&hash.as_bytes()[..])
        .fetch_all(&mut *self.db.reader(WHAT).await?)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| id(row, "id", TrackId::from_bytes)).collect()
    }

    /// The jobs of uploads with those bytes that were given up, the latest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn parked_of_upload(&self, hash: ContentHash) -> Result<Vec<JobId>> {
        const WHAT: &str = "looking for work on an upload that was given up";
        let rows = sqlx::query(
            "SELECT j.id FROM track t JOIN job j ON j.subject = t.id WHERE t.hash = ? \
                 AND t.upload IN ('incoming', 'original') AND j.state = 'parked' ORDER BY j.n DESC",
        )
        .bind(&hash.as_bytes()[..])
        .fetch_all(&mut *self.db.reader(WHAT).await?)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| id(row, "id", JobId::from_bytes)).collect()
    }
}
