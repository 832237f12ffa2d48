//! What the first process of a data folder does before others work there.

use fanfare_model::Result;

use crate::{
    BLOB_FOLDER, BlobKind, FileBlobStore, Store, catalog::blob_names::referred_to, db::Db, error::sql,
    refold, reserve,
};

impl Store {
    /// Makes what is missing in the data folder and removes what interrupted writes left: once, and only in a process that may.
    pub(super) async fn tidy_first(&self) -> Result<()> {
        let mut is_first = self.inner.is_first.lock().await;
        if !*is_first {
            return Ok(());
        }
        let folder = self.inner.file.with_file_name(BLOB_FOLDER);
        FileBlobStore::open_first(&folder, &kinds_named(&self.inner.db).await?).await?;
        // As with the blobs' temporary files: a server that starts is the only process here, and no worker runs yet.
        self.catalog().cache().tidy();
        reserve::make(super::watching::folder(&self.inner.file));
        refold::refold(&self.inner.db).await?;
        *is_first = false;
        Ok(())
    }
}

/// The kinds of blobs that rows name.
async fn kinds_named(db: &Db) -> Result<Vec<BlobKind>> {
    const WHAT: &str = "looking which blobs rows name";
    let mut reader = db.reader(WHAT).await?;
    let mut named = Vec::new();
    for kind in BlobKind::ALL {
        let statement = format!("SELECT EXISTS ({})", referred_to(*kind));
        let is_named: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        named.extend(is_named.then_some(*kind));
    }
    Ok(named)
}
