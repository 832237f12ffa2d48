//! Reading everything again: whether the bytes of each file are still those that it is named by.

use std::path::PathBuf;

use fanfare_model::{ContentHash, ErrorKind, Result};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{Catalog, blob_names::referred_to};
use crate::{
    BlobKind,
    blobs::timestamp,
    error::sql,
    file_work::{Found, hash_of},
    rows::{bytes, col, count, maybe_hash},
};

/// Which tracks of a rotten file are named, at most.
const TRACKS_NAMED: i64 = 5;
/// What is being done where titles are looked for.
const WHOSE: &str = "looking whose file that is";

/// How far the reading is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeepStep {
    /// Files read.
    pub done: u64,
    /// Files in all.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// A file whose bytes are not what they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotten {
    /// What it is: `upload`, `cover`, `media`, `cache` or `library`.
    pub kind: &'static str,
    /// Its name, or its path in the library.
    pub name: String,
    /// What is wrong with it.
    pub found: Found,
    /// The tracks that need it, by title.
    pub tracks: Vec<String>,
}

/// What was read, and what was found.
#[derive(Debug, Clone, Default)]
pub struct DeepChecked {
    /// Files read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are not what they were.
    pub rotten: Vec<Rotten>,
}

/// A file to be read.
struct ToRead {
    kind: &'static str,
    name: String,
    /// `None` for what is not there.
    path: Option<PathBuf>,
    /// `None` where only the size is known.
    hash: Option<ContentHash>,
    size_bytes: Option<u64>,
    /// Of the bytes of the track that it belongs to.
    of: Option<ContentHash>,
}

impl Catalog {
    /// Reads every blob again and compares it with its name, and every transcode with the checksum in its row (files that
    /// were made before there were checksums: with the size). With `library`, also the files of library folders whose size
    /// and time did not change.
    ///
    /// # Errors
    /// Those of the database; `Unavailable` while the storage is away.
    pub async fn check_deeply(
        &self,
        library: bool,
        progress: &mut (dyn FnMut(DeepStep) + Send),
    ) -> Result<DeepChecked> {
        let mut files = self.blobs_to_read().await?;
        files.extend(self.cached_to_read().await?);
        if library {
            files.extend(self.library_to_read().await?);
        }
        let mut checked = DeepChecked { files: files.len() as u64, ..DeepChecked::default() };
        for (number, file) in files.iter().enumerate() {
            progress(DeepStep { done: number as u64, files: checked.files, bytes: checked.bytes });
            let (found, read) = look(file).await;
            checked.bytes += read;
            let Some(found) = found else { continue };
            // Deleted since the list was made: nobody misses it.
            if file.kind != "library" && !self.is_still_named(file).await? {
                continue;
            }
            let tracks = self.tracks_of(file).await?;
            checked.rotten.push(Rotten { kind: file.kind, name: file.name.clone(), found, tracks });
        }
        progress(DeepStep { done: checked.files, files: checked.files, bytes: checked.bytes });
        Ok(checked)
    }

    async fn blobs_to_read(&self) -> Result<Vec<ToRead>> {
        const WHAT: &str = "listing blobs to read again";
        let mut files = Vec::new();
        for kind in BlobKind::ALL {
            let rows =
                sqlx::query(AssertSqlSafe(format!("SELECT DISTINCT name FROM ({})", referred_to(*kind))))
                    .fetch_all(&mut *self.db.reader(WHAT).await?)
                    .await
                    .map_err(sql(WHAT))?;
            for row in &rows {
                let Some(hash) = bytes::<32>(row, "name")?.map(ContentHash::from_bytes) else { continue };
                let path = self.blobs.local(*kind, hash).await?;
                let (kind, name) = (kind.as_str(), hash.to_string());
                files.push(ToRead { kind, name, path, hash: Some(hash), size_bytes: None, of: Some(hash) });
            }
        }
        Ok(files)
    }

    async fn cached_to_read(&self) -> Result<Vec<ToRead>> {
        const WHAT: &str = "listing transcodes to look at";
        let rows = sqlx::query("SELECT file, size_bytes, hash, sum FROM transcode WHERE file IS NOT NULL")
            .fetch_all(&mut *self.db.reader(WHAT).await?)
            .await
            .map_err(sql(WHAT))?;
        let file = |row| {
            let name: String = col(row, "file")?;
            let path = self.cache.path(&name);
            let (size_bytes, of) = (Some(count(row, "size_bytes")?), maybe_hash(row, "hash")?);
            let hash = maybe_hash(row, "sum")?;
            Ok(ToRead { kind: "cache", name, path, hash, size_bytes, of })
        };
        rows.iter().map(file).collect()
    }

    async fn library_to_read(&self) -> Result<Vec<ToRead>> {
        const WHAT: &str = "listing library files to read again";
        let folders = self.folders().await?;
        let mut files = Vec::new();
        for folder in folders {
            let rows = sqlx::query(
                "SELECT relative_path, size_bytes, modified, hash FROM track \
                 WHERE folder = (SELECT n FROM folder WHERE id = ?) AND hash IS NOT NULL",
            )
            .bind(&folder.id.as_bytes()[..])
            .fetch_all(&mut *self.db.reader(WHAT).await?)
            .await
            .map_err(sql(WHAT))?;
            for row in &rows {
                let path = folder.path.join(col::<&str>(row, "relative_path")?);
                let (size, modified) = (count(row, "size_bytes")?, col::<i64>(row, "modified")?);
                let Ok(meta) = std::fs::metadata(&path) else { continue };
                let is_as_scanned =
                    meta.len() == size && meta.modified().is_ok_and(|time| timestamp(time).0 == modified);
                // Changed, moved or away: what the next scan is for.
                if is_as_scanned {
                    let (name, hash) = (path.display().to_string(), maybe_hash(row, "hash")?);
                    files.push(ToRead {
                        kind: "library",
                        name,
                        path: Some(path),
                        hash,
                        size_bytes: None,
                        of: hash,
                    });
                }
            }
        }
        Ok(files)
    }

    async fn is_still_named(&self, file: &ToRead) -> Result<bool> {
        is_named(&mut *self.db.reader(WHOSE).await?, file.kind, &file.name).await
    }

    /// Titles of tracks that need the file.
    async fn tracks_of(&self, file: &ToRead) -> Result<Vec<String>> {
        titles_of(&mut *self.db.reader(WHOSE).await?, file.kind, file.of).await
    }

    /// Whether a track has those bytes as an upload that is kept, and they are missing or damaged: sent again, they take their
    /// place. Reads them.
    ///
    /// # Errors
    /// Those of the database; `Unavailable` while the storage is away.
    pub async fn original_is_damaged(&self, hash: ContentHash) -> Result<bool> {
        let name = hash.to_string();
        if !is_named(&mut *self.db.reader(WHOSE).await?, BlobKind::Upload.as_str(), &name).await? {
            return Ok(false);
        }
        Ok(match self.blobs.local(BlobKind::Upload, hash).await? {
            Some(path) => hash_of(&path).await.is_ok_and(|(found, _)| found != hash),
            None => true,
        })
    }

    /// Titles of what needs a blob; `None` where no row names it.
    pub(crate) async fn titles_of_blob(&self, kind: &str, name: &str) -> Result<Option<Vec<String>>> {
        let mut reader = self.db.reader(WHOSE).await?;
        if !is_named(&mut reader, kind, name).await? {
            return Ok(None);
        }
        titles_of(&mut reader, kind, name.parse().ok()).await.map(Some)
    }
}

async fn is_named(connection: &mut SqliteConnection, kind: &str, name: &str) -> Result<bool> {
    let named = match BlobKind::ALL.iter().find(|known| known.as_str() == kind) {
        Some(kind) => format!("SELECT lower(hex(name)) AS name FROM ({})", referred_to(*kind)),
        None => "SELECT file AS name FROM transcode WHERE file IS NOT NULL".to_owned(),
    };
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT ? IN (SELECT name FROM ({named}))")))
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(sql(WHOSE))
}

/// Titles of the tracks and mixtapes that need a file. `of` is the name of a cover or of a part of a stream; for other kinds
/// the hash of the track's bytes.
pub(crate) async fn titles_of(
    connection: &mut SqliteConnection,
    kind: &str,
    of: Option<ContentHash>,
) -> Result<Vec<String>> {
    let statement = match kind {
        "cover" => {
            "SELECT title FROM track WHERE cover = ?1 \
             UNION SELECT title FROM mixtape WHERE cover = ?1 OR composed = ?1 ORDER BY title LIMIT ?2"
        }
        "media" => {
            "SELECT t.title FROM transcode_part p JOIN transcode x ON x.n = p.transcode \
             JOIN track t ON t.hash = x.hash WHERE p.blob = ?1 ORDER BY t.title LIMIT ?2"
        }
        _ => "SELECT title FROM track WHERE hash = ?1 ORDER BY title LIMIT ?2",
    };
    sqlx::query_scalar(statement)
        .bind(of.map(|hash| hash.as_bytes().to_vec()))
        .bind(TRACKS_NAMED)
        .fetch_all(connection)
        .await
        .map_err(sql(WHOSE))
}

/// What is wrong with a file, and how many bytes were read of it.
async fn look(file: &ToRead) -> (Option<Found>, u64) {
    let Some(path) = &file.path else { return (Some(Found::Missing), 0) };
    if let (None, Some(size)) = (file.hash, file.size_bytes) {
        return match std::fs::symlink_metadata(path) {
            Ok(meta) if meta.len() == size => (None, 0),
            Ok(_) => (Some(Found::Damaged), 0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Some(Found::Missing), 0),
            Err(_) => (Some(Found::Unreadable), 0),
        };
    }
    match hash_of(path).await {
        Ok((hash, read)) => ((Some(hash) != file.hash).then_some(Found::Damaged), read),
        Err(error) if error.kind() == ErrorKind::NotFound => (Some(Found::Missing), 0),
        Err(_) => (Some(Found::Unreadable), 0),
    }
}
