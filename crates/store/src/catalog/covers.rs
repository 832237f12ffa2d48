//! Covers that nothing refers to any more.

use std::collections::HashSet;

use fanfare_model::{ContentHash, Result, Timestamp};

use super::Catalog;
use crate::{BlobKind, error::sql, rows::bytes};

impl Catalog {
    /// Removes covers that no track and no release has and that were last stored before that time; gives how many.
    ///
    /// Rows let go of them long before, so a row never points at missing bytes. The grace is for whoever still
    /// shows what it was told a while ago. Not to be called while covers are being stored: one that is stored
    /// again just now belongs to no row yet.
    ///
    /// # Errors
    /// Those of the database and of the blob store.
    pub async fn sweep_covers(&self, before: Timestamp) -> Result<u64> {
        const WHAT: &str = "looking for covers that nothing has";
        // Listed first: what a row takes up after this is younger.
        let old = self.blobs.list_before(BlobKind::Cover, before).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT cover FROM track WHERE cover IS NOT NULL UNION SELECT cover FROM release WHERE cover IS NOT NULL",
        )
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        drop(reader);
        let mut had = HashSet::new();
        for row in &rows {
            had.extend(bytes::<32>(row, "cover")?.map(ContentHash::from_bytes));
        }
        let mut removed = 0;
        for name in old.into_iter().filter(|name| !had.contains(name)) {
            self.blobs.remove(BlobKind::Cover, name).await?;
            removed += 1;
        }
        Ok(removed)
    }
}
