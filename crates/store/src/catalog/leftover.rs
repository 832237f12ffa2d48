//! What a deletion, or work that was withdrawn, leaves behind: removed at once where no row names it.
//!
//! Sweeping is for what nobody knows the origin of; this is for what was just given up on purpose, so it needs no grace.

use fanfare_model::{ContentHash, Result};
use sqlx::SqliteConnection;

use super::{CachedFile, Catalog, Transcode, sweep::referred_to};
use crate::{BlobKind, error::sql, rows::maybe_hash};

/// Bytes that may be named by no row any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftover {
    blobs: Vec<(BlobKind, ContentHash)>,
    /// Names of files in the cache folder.
    files: Vec<String>,
}

impl Leftover {
    /// What was made for rows that were not written.
    #[must_use]
    pub fn of(ladder: Option<&Transcode>, small: &[CachedFile]) -> Self {
        let parts = ladder.into_iter().flat_map(|ladder| &ladder.parts);
        Self {
            blobs: parts.map(|part| (BlobKind::Media, part.blob)).collect(),
            files: small.iter().map(|file| file.file.clone()).collect(),
        }
    }

    /// What an upload's row, and those that were made because of it, name. Collected before they are deleted.
    pub(super) async fn of_upload(tx: &mut SqliteConnection, n: i64) -> Result<Self> {
        const WHAT: &str = "collecting what was made of an upload";
        let mut leftover = Self::default();
        for (kind, statement) in [
            (BlobKind::Upload, "SELECT hash AS name FROM track WHERE n = ? AND folder IS NULL"),
            (
                BlobKind::Media,
                "SELECT p.blob AS name FROM track t JOIN transcode x ON x.hash = t.hash \
                 JOIN transcode_part p ON p.transcode = x.n WHERE t.n = ?",
            ),
            (
                BlobKind::Cover,
                "SELECT cover AS name FROM track WHERE n = ?1 UNION \
                 SELECT r.cover FROM track t JOIN release r ON r.n = t.release WHERE t.n = ?1",
            ),
        ] {
            let rows = sqlx::query(statement).bind(n).fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
            for row in &rows {
                leftover.blobs.extend(maybe_hash(row, "name")?.map(|name| (kind, name)));
            }
        }
        leftover.files = sqlx::query_scalar(
            "SELECT x.file FROM track t JOIN transcode x ON x.hash = t.hash WHERE t.n = ? AND x.file IS NOT NULL",
        )
        .bind(n)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        Ok(leftover)
    }
}

impl Catalog {
    /// Removes those bytes that no row names. Who has a file open reads on, and then its space is free.
    ///
    /// # Errors
    /// Those of the database and of the storage; what stays is swept later.
    pub async fn remove_unnamed(&self, leftover: Leftover) -> Result<()> {
        const WHAT: &str = "looking whether bytes are needed";
        // Under the lock until they are gone: nobody writes a row that names them in between.
        let mut tx = self.db.write(WHAT).await?;
        tx.is_a_note();
        for (kind, name) in leftover.blobs {
            let statement = format!("SELECT EXISTS (SELECT 1 FROM ({}) WHERE name = ?)", referred_to(kind));
            let named: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .bind(&name.as_bytes()[..])
                .fetch_one(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
            if !named {
                self.blobs.remove(kind, name).await?;
            }
        }
        let mut unnamed = Vec::new();
        for file in leftover.files {
            let named: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM transcode WHERE file = ?)")
                .bind(&*file)
                .fetch_one(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
            unnamed.extend((!named).then_some(file));
        }
        self.remove_cached(unnamed).await
    }
}
