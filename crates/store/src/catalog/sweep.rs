//! Blobs that nothing refers to any more.

use std::collections::HashSet;

use fanfare_model::{ContentHash, Result, Timestamp};

use super::Catalog;
use crate::{BlobKind, error::sql, rows::bytes};

/// The names that rows refer to, as `name`.
pub(super) const fn referred_to(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::Cover => {
            "SELECT cover AS name FROM track WHERE cover IS NOT NULL \
             UNION SELECT cover FROM release WHERE cover IS NOT NULL \
             UNION SELECT cover FROM mixtape WHERE cover IS NOT NULL \
             UNION SELECT composed FROM mixtape WHERE composed IS NOT NULL"
        }
        BlobKind::Upload => "SELECT hash AS name FROM track WHERE upload IN ('incoming', 'original')",
        BlobKind::Media => "SELECT blob AS name FROM transcode_part",
    }
}

impl Catalog {
    /// Removes blobs of that kind that no row refers to and that were last stored before that time; gives how many.
    ///
    /// Rows let go of them long before, so a row never points at missing bytes. The grace is for whoever still
    /// reads what it was told a while ago, and for a blob whose row is about to be written.
    ///
    /// # Errors
    /// Those of the database and of the blob store.
    pub async fn sweep_blobs(&self, kind: BlobKind, before: Timestamp) -> Result<u64> {
        const WHAT: &str = "looking for blobs that nothing has";
        // Listed first: what a row takes up after this is younger.
        let old = self.blobs.list_before(kind, before).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(referred_to(kind)).fetch_all(&mut *reader).await.map_err(sql(WHAT))?;
        drop(reader);
        let mut had = HashSet::new();
        for row in &rows {
            had.extend(bytes::<32>(row, "name")?.map(ContentHash::from_bytes));
        }
        let mut removed = 0;
        for name in old.into_iter().filter(|name| !had.contains(name)) {
            self.blobs.remove(kind, name).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes the bytes of an upload at once, if no row has them any more: they were temporary, or its track was
    /// deleted.
    ///
    /// # Errors
    /// Those of the database and of the blob store; then they are swept later.
    pub async fn let_go_of_upload(&self, hash: ContentHash) -> Result<()> {
        const WHAT: &str = "looking whether an upload's bytes are needed";
        // Under the lock until they are gone: nobody adds a track of the same bytes in between.
        let mut tx = self.db.write(WHAT).await?;
        let needed: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM track WHERE hash = ? AND upload IN ('incoming', 'original'))",
        )
        .bind(&hash.as_bytes()[..])
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        if needed { Ok(()) } else { self.blobs.remove(BlobKind::Upload, hash).await }
    }
}
