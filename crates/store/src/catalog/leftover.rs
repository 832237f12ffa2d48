//! What a deletion, or work that was withdrawn, leaves behind: removed at once where no row names it.
//!
//! Sweeping is for what nobody knows the origin of; this is for what was just given up on purpose, so it needs no grace.

use std::collections::HashSet;

use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use sqlx::SqliteConnection;

use super::{CachedFile, Catalog, Transcode, blob_names::referred_to};
use crate::{BlobKind, error::sql, rows::maybe_hash};

/// Names that are looked for in one transaction: others write in between.
const BATCH: usize = 500;

/// Whose covers are collected.
#[derive(Debug, Clone, Copy)]
pub(super) enum CoversOf<'a> {
    /// A track and its release, by the track's row.
    Track(i64),
    /// The tracks and releases of a library folder, by its row.
    Folder(i64),
    /// A mixtape: the cover that was uploaded and the one composed of the covers of its tracks.
    Mixtape(&'a [u8]),
}

/// Bytes that may be named by no row any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftover {
    blobs: Vec<(BlobKind, ContentHash)>,
    /// Names of files in the cache folder.
    files: Vec<String>,
}

impl Leftover {
    /// Adds what another change left behind.
    pub(super) fn add(&mut self, other: Self) {
        self.blobs.extend(other.blobs);
        self.files.extend(other.files);
    }

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
        ] {
            let rows = sqlx::query(statement).bind(n).fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
            for row in &rows {
                leftover.blobs.extend(maybe_hash(row, "name")?.map(|name| (kind, name)));
            }
        }
        leftover.covers(&mut *tx, CoversOf::Track(n)).await?;
        leftover.files = sqlx::query_scalar(
            "SELECT x.file FROM track t JOIN transcode x ON x.hash = t.hash WHERE t.n = ? AND x.file IS NOT NULL",
        )
        .bind(n)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        Ok(leftover)
    }

    /// Adds covers. Call it before the rows that name them are changed.
    pub(super) async fn covers(&mut self, tx: &mut SqliteConnection, of: CoversOf<'_>) -> Result<()> {
        const WHAT: &str = "collecting covers";
        let rows = match of {
            CoversOf::Track(n) => sqlx::query(
                "SELECT cover AS name FROM track WHERE n = ?1 UNION \
                 SELECT r.cover FROM track t JOIN release r ON r.n = t.release WHERE t.n = ?1",
            )
            .bind(n),
            CoversOf::Folder(n) => sqlx::query(
                "SELECT cover AS name FROM track WHERE folder = ?1 UNION \
                 SELECT r.cover FROM track t JOIN release r ON r.n = t.release WHERE t.folder = ?1",
            )
            .bind(n),
            CoversOf::Mixtape(id) => sqlx::query(
                "SELECT cover AS name FROM mixtape WHERE id = ?1 UNION \
                 SELECT composed FROM mixtape WHERE id = ?1",
            )
            .bind(id),
        };
        for row in &rows.fetch_all(tx).await.map_err(sql(WHAT))? {
            self.blobs.extend(maybe_hash(row, "name")?.map(|name| (BlobKind::Cover, name)));
        }
        Ok(())
    }

    /// Deletes the rows of ladders of bytes that no track has any more, and adds their files. Transcodes of such bytes stay
    /// until the cache's size or age limit: the user may be moving the library to another folder, and then they are used
    /// again.
    pub(super) async fn ladders(&mut self, tx: &mut SqliteConnection) -> Result<()> {
        const WHAT: &str = "dropping ladders that no track has";
        let rows = sqlx::query(
            "SELECT p.blob AS name FROM transcode x JOIN transcode_part p ON p.transcode = x.n \
             WHERE x.file IS NULL AND NOT EXISTS (SELECT 1 FROM track t WHERE t.hash = x.hash)",
        );
        for row in &rows.fetch_all(&mut *tx).await.map_err(sql(WHAT))? {
            self.blobs.extend(maybe_hash(row, "name")?.map(|name| (BlobKind::Media, name)));
        }
        let dropped = sqlx::query(
            "DELETE FROM transcode WHERE file IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM track t WHERE t.hash = transcode.hash)",
        );
        dropped.execute(tx).await.map_err(sql(WHAT))?;
        Ok(())
    }
}

impl Catalog {
    /// Removes those bytes that no row names. Who has a file open reads on, and then its space is free.
    ///
    /// # Errors
    /// Those of the database and of the storage; what stays is swept later.
    pub async fn remove_unnamed(&self, leftover: Leftover) -> Result<()> {
        const WHAT: &str = "looking whether bytes are needed";
        for kind in [BlobKind::Cover, BlobKind::Media, BlobKind::Upload] {
            let of_kind = leftover.blobs.iter().filter(|(of, _)| *of == kind);
            let names: Vec<ContentHash> = of_kind.map(|(_, name)| *name).collect();
            for names in names.chunks(BATCH) {
                self.remove_unnamed_blobs(kind, names).await?;
            }
        }
        if leftover.files.is_empty() {
            return Ok(());
        }
        // Under the lock until they are gone: nobody writes a row that names them in between.
        let mut tx = self.db.write_to_delete(WHAT).await?;
        tx.is_a_note();
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

    async fn remove_unnamed_blobs(&self, kind: BlobKind, names: &[ContentHash]) -> Result<()> {
        const WHAT: &str = "looking whether bytes are needed";
        let mut tx = self.db.write_to_delete(WHAT).await?;
        tx.is_a_note();
        let mut statement = sqlx::QueryBuilder::<sqlx::Sqlite>::new(format!(
            "SELECT name FROM ({}) WHERE name IN (",
            referred_to(kind)
        ));
        let mut listed = statement.separated(", ");
        for name in names {
            listed.push_bind(name.as_bytes().to_vec());
        }
        listed.push_unseparated(")");
        let rows = statement.build().fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        let mut named = HashSet::new();
        for row in &rows {
            named.extend(maybe_hash(row, "name")?);
        }
        for name in names.iter().filter(|name| !named.contains(name)) {
            self.blobs.remove(kind, *name).await?;
        }
        Ok(())
    }

    /// The same for what a change that is already stored leaves behind. If it cannot be removed now, the change still
    /// counts as done.
    pub(super) async fn remove_left(&self, leftover: Leftover) {
        if let Err(error) = self.remove_unnamed(leftover).await {
            tracing::warn!(%error, "bytes that nothing needs any more could not be removed now; a later cleanup removes them");
        }
    }

    /// Refuses to name a cover that is not there: one with the same bytes may have been removed after it was stored. Call it
    /// while holding the write lock.
    ///
    /// # Errors
    /// `Busy` when it is not there; those of the storage.
    pub(super) async fn cover_is_there(&self, name: Option<ContentHash>) -> Result<()> {
        match name {
            Some(name) if !self.blobs.contains(BlobKind::Cover, name).await? => {
                Err(Error::new(ErrorKind::Busy, "the same cover was being deleted meanwhile")
                    .remedy("send it again"))
            }
            _ => Ok(()),
        }
    }
}
