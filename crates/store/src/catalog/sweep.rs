//! An upload's bytes that no row needs any more.

use fanfare_model::{ContentHash, Result};

use super::Catalog;
use crate::{BlobKind, error::sql};

impl Catalog {
    /// Deletes the file of an upload at once, if no row names it any more: it was temporary, or its track was deleted.
    ///
    /// # Errors
    /// Those of the database and of the blob store; then a later sweep deletes it.
    pub async fn delete_unused_upload(&self, hash: ContentHash) -> Result<()> {
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
