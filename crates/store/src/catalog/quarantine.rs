//! Files of ours that no row names: kept, listed, and deleted only after a long time.
//!
//! A database may know less than the files beside it: an older copy was put back, or it is a new one. So a file that no row
//! names is first put on a list, the *quarantine*. It leaves the list when a row names it again, when a user deletes it or
//! makes a track of it, or when it was missed for as long as files are kept.
//!
//! How long it was missed is added up from look to look, at most two days each: a clock that jumps, or a server that was
//! off, hardly shortens the time that the owner has to notice. The *mark*, a text that changes with every look, is stored in
//! the database and beside the blobs: if the two differ, another database looked last, and all times start again at 0.

mod sweeping;

use std::collections::HashSet;

use fanfare_model::{ContentHash, Error, ErrorKind, Result, Timestamp};
use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteRow};

use super::{
    Catalog,
    blob_names::referred_to,
    paging::{Page, page_bounds},
};
use crate::{
    BlobKind,
    db::commit,
    error::{sql, strange},
    rows::{col, count, time},
};

/// Files deleted in one transaction: their deletion happens under the write lock.
const AT_ONCE: i64 = 50;

/// What a file of ours is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoredKind {
    /// A blob of that kind.
    Blob(BlobKind),
    /// A transcode in the cache folder.
    Cache,
}

impl StoredKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Blob(BlobKind::Upload),
        Self::Blob(BlobKind::Cover),
        Self::Blob(BlobKind::Media),
        Self::Cache,
    ];

    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blob(kind) => kind.as_str(),
            Self::Cache => "cache",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The names that rows refer to, as text in a column `name`.
    fn named(self) -> String {
        match self {
            Self::Blob(kind) => format!("SELECT lower(hex(name)) AS name FROM ({})", referred_to(kind)),
            Self::Cache => "SELECT file AS name FROM transcode WHERE file IS NOT NULL".to_owned(),
        }
    }
}

/// How long files are kept that no row names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Blobs, in milliseconds. One time for all of them: a newer database that is put back needs its covers and ladders
    /// as well as its originals, and the ladder of an upload that was not kept cannot be made again.
    pub blobs_ms: i64,
    /// Transcodes, in milliseconds: they can be made again.
    pub cache_ms: i64,
    /// Files stored that lately are left out: their row may be about to be written.
    pub young_ms: i64,
}

impl Keeping {
    const fn of(&self, kind: StoredKind) -> i64 {
        match kind {
            StoredKind::Blob(_) => self.blobs_ms,
            StoredKind::Cache => self.cache_ms,
        }
    }
}

/// What a look at the files found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that are new on the list.
    pub missed: u64,
    /// Files that were deleted.
    pub deleted: u64,
    /// Their bytes.
    pub deleted_bytes: u64,
    /// Whether the database is not the one that looked last, so that the time of every file on the list starts again at 0.
    pub other_database: bool,
}

/// A file on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// What it is.
    pub kind: StoredKind,
    /// Its name: the hash of a blob, the name of a cached file.
    pub name: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When this database first found that no row names it.
    pub missed: Timestamp,
    /// When it will be deleted, if the server runs until then.
    pub due: Timestamp,
}

/// How much is on the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuarantineCounts {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Originals of uploads among them.
    pub uploads: u64,
    /// Bytes of those.
    pub upload_bytes: u64,
}

impl Catalog {
    /// Names on the list that were missed for that long, some at a time.
    async fn due(&self, kind: StoredKind, keep_ms: i64) -> Result<Vec<String>> {
        const WHAT: &str = "looking for files that were missed for long";
        sqlx::query_scalar("SELECT name FROM quarantine WHERE kind = ? AND waited_ms >= ? LIMIT ?")
            .bind(kind.as_str())
            .bind(keep_ms)
            .bind(AT_ONCE)
            .fetch_all(&mut *self.db.reader(WHAT).await?)
            .await
            .map_err(sql(WHAT))
    }

    /// Deletes files of the list that still no row names; returns how many, and their bytes.
    async fn delete_listed(&self, kind: StoredKind, names: &[String]) -> Result<(u64, u64)> {
        const WHAT: &str = "deleting files that no row names";
        // Under the lock until they are gone: nobody writes a row that names one in between.
        let mut tx = self.db.write_to_delete(WHAT).await?;
        let named = names_named(&mut tx, kind).await?;
        let (mut files, mut bytes) = (0, 0);
        for name in names.iter().filter(|name| !named.contains(*name)) {
            let size: Option<i64> =
                sqlx::query_scalar("DELETE FROM quarantine WHERE kind = ? AND name = ? RETURNING size_bytes")
                    .bind(kind.as_str())
                    .bind(name)
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(sql(WHAT))?;
            let Some(size) = size else { continue };
            match kind {
                StoredKind::Blob(kind) => self.blobs.remove(kind, hash_of(name)?).await?,
                StoredKind::Cache => self.remove_cached(vec![name.clone()]).await?,
            }
            files += 1;
            bytes += u64::try_from(size).unwrap_or(0);
        }
        commit(tx, WHAT).await?;
        Ok((files, bytes))
    }

    /// A page of the list, those that are deleted first in front; `keeping` says when that is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn quarantine(&self, keeping: &Keeping, offset: u64, limit: u32) -> Result<Page<Quarantined>> {
        const WHAT: &str = "reading the quarantine";
        let (limit, offset) = page_bounds(offset, limit);
        let unnamed = unnamed();
        let mut tx = self.db.read(WHAT).await?;
        let total: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM quarantine q WHERE {unnamed}")))
                .fetch_one(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT kind, name, size_bytes, missed, seen + iif(kind = 'cache', ?2, ?1) - waited_ms AS due \
             FROM quarantine q WHERE {unnamed} ORDER BY kind <> 'upload', due, name LIMIT ?3 OFFSET ?4"
        )))
        .bind(keeping.blobs_ms)
        .bind(keeping.cache_ms)
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let items = rows.iter().map(quarantined).collect::<Result<_>>()?;
        Ok(Page { items, total: u64::try_from(total).unwrap_or(0) })
    }

    /// How much is on the list.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn quarantine_counts(&self) -> Result<QuarantineCounts> {
        const WHAT: &str = "counting the quarantine";
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes, \
                 coalesce(sum(kind = 'upload'), 0) AS uploads, \
                 coalesce(sum(iif(kind = 'upload', size_bytes, 0)), 0) AS upload_bytes \
             FROM quarantine q WHERE {}",
            unnamed()
        )))
        .fetch_one(&mut *self.db.reader(WHAT).await?)
        .await
        .map_err(sql(WHAT))?;
        Ok(QuarantineCounts {
            files: count(&row, "files")?,
            bytes: count(&row, "bytes")?,
            uploads: count(&row, "uploads")?,
            upload_bytes: count(&row, "upload_bytes")?,
        })
    }

    /// Deletes a file of the list now; gives its bytes.
    ///
    /// # Errors
    /// `NotFound` when it is not on the list, or a row names it again.
    pub async fn delete_quarantined(&self, kind: StoredKind, name: &str) -> Result<u64> {
        match self.delete_listed(kind, &[name.to_owned()]).await? {
            (0, _) => Err(Error::new(ErrorKind::NotFound, "there is no such file in the quarantine")),
            (_, bytes) => Ok(bytes),
        }
    }

    /// Deletes every file of the list now; returns how many, and their bytes.
    ///
    /// # Errors
    /// Those of the database and of the storage.
    pub async fn empty_quarantine(&self) -> Result<(u64, u64)> {
        let (mut files, mut bytes) = (0, 0);
        for kind in StoredKind::ALL {
            loop {
                let names = self.due(*kind, i64::MIN).await?;
                let (deleted, freed) = self.delete_listed(*kind, &names).await?;
                files += deleted;
                bytes += freed;
                // The rest is named again, and leaves the list at the next look.
                if deleted == 0 {
                    break;
                }
            }
        }
        Ok((files, bytes))
    }

    /// Whether that upload is on the list, and no row names it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_quarantined_upload(&self, hash: ContentHash) -> Result<bool> {
        const WHAT: &str = "looking into the quarantine";
        sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT EXISTS (SELECT 1 FROM quarantine q WHERE kind = 'upload' AND name = ? AND {})",
            unnamed()
        )))
        .bind(hash.to_string())
        .fetch_one(&mut *self.db.reader(WHAT).await?)
        .await
        .map_err(sql(WHAT))
    }
}

/// Takes an upload that a row names again off the list, in the transaction that writes the row.
pub(super) async fn is_named_again(tx: &mut SqliteConnection, upload: ContentHash) -> Result<()> {
    sqlx::query("DELETE FROM quarantine WHERE kind = 'upload' AND name = ?")
        .bind(upload.to_string())
        .execute(tx)
        .await
        .map_err(sql("taking an upload out of the quarantine"))
        .map(drop)
}

async fn names_named(connection: &mut SqliteConnection, kind: StoredKind) -> Result<HashSet<String>> {
    let names: Vec<String> = sqlx::query_scalar(AssertSqlSafe(kind.named()))
        .fetch_all(connection)
        .await
        .map_err(sql("reading which files rows name"))?;
    Ok(names.into_iter().collect())
}

/// The condition that no row names the file `q`; each list of names is made once per statement.
fn unnamed() -> String {
    let cases = StoredKind::ALL
        .iter()
        .map(|kind| format!("WHEN '{}' THEN q.name IN (SELECT name FROM ({}))", kind.as_str(), kind.named()));
    format!("NOT CASE q.kind {} END", cases.collect::<Vec<_>>().join(" "))
}

fn hash_of(name: &str) -> Result<ContentHash> {
    name.parse().map_err(|_| strange("a blob in quarantine without a hash"))
}

fn quarantined(row: &SqliteRow) -> Result<Quarantined> {
    let kind = col::<&str>(row, "kind")?;
    Ok(Quarantined {
        kind: StoredKind::from_name(kind).ok_or_else(|| strange("a kind of file that there is not"))?,
        name: col(row, "name")?,
        size_bytes: count(row, "size_bytes")?,
        missed: time(row, "missed")?,
        due: time(row, "due")?,
    })
}
