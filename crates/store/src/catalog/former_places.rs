//! What tells a scan that a file which is new to a folder is a known track: files of other library folders, and places where
//! tracks were before their storage was away.

use std::path::PathBuf;

use fanfare_model::{ContentHash, FolderId, Result, Timestamp, TrackId};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{Catalog, KnownFile, folders::known_file};
use crate::{
    error::sql,
    paths::path,
    rows::{col, count, id, maybe_hash, time},
};

/// A known file of another library folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileElsewhere {
    /// What is known of it.
    pub file: KnownFile,
    /// The library folder that it is in.
    pub folder: FolderId,
    /// Where that folder is.
    pub root: PathBuf,
}

/// Where a track was before its file was found elsewhere while its storage was away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerPlace {
    /// The track.
    pub track: TrackId,
    /// Its path below the folder at that time.
    pub relative_path: String,
    /// The file's size there.
    pub size_bytes: u64,
    /// The file's modification time there.
    pub modified: Timestamp,
    /// Hash of the track's bytes.
    pub content_hash: ContentHash,
    /// The library folder that the track is in now.
    pub folder: FolderId,
}

impl Catalog {
    /// Known files of other library folders that have one of those sizes; in order of folder and path.
    pub async fn files_elsewhere(&self, folder: FolderId, sizes: &[u64]) -> Result<Vec<FileElsewhere>> {
        const WHAT: &str = "looking for files of the same size in other folders";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id, t.relative_path, t.size_bytes, t.modified, t.changed_ns, t.state, t.presence, t.missing_since, \
                 t.added, coalesce(c.hash, t.hash) AS hash, f.id AS folder_id, f.path AS folder_path \
             FROM track t JOIN folder f ON f.n = t.folder LEFT JOIN content c ON c.n = t.content \
             WHERE f.id <> ?1 AND t.size_bytes IN (SELECT value FROM json_each(?2)) ORDER BY f.n, t.relative_path",
        )
        .bind(&folder.as_bytes()[..])
        .bind(json!(sizes).to_string())
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter()
            .map(|row| {
                let folder = id(row, "folder_id", FolderId::from_bytes)?;
                Ok(FileElsewhere { file: known_file(row)?, folder, root: path(col(row, "folder_path")?)? })
            })
            .collect()
    }

    /// Uploads that have one of those sizes; the path of each is its name.
    pub async fn uploads_of_sizes(&self, sizes: &[u64]) -> Result<Vec<KnownFile>> {
        const WHAT: &str = "looking for uploads of the same size";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id, t.relative_path, t.size_bytes, t.modified, t.changed_ns, t.state, t.presence, t.missing_since, \
                 t.added, coalesce(c.hash, t.hash) AS hash FROM track t LEFT JOIN content c ON c.n = t.content \
             WHERE t.folder IS NULL AND t.size_bytes IN (SELECT value FROM json_each(?)) ORDER BY t.n",
        )
        .bind(json!(sizes).to_string())
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(known_file).collect()
    }

    /// Places in that library folder where tracks were before; in order of path.
    pub async fn former_places(&self, folder: FolderId) -> Result<Vec<FormerPlace>> {
        const WHAT: &str = "listing where tracks were";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id, p.relative_path, p.size_bytes, p.modified, coalesce(c.hash, t.hash) AS hash, f.id AS folder_id \
             FROM former_place p JOIN track t ON t.n = p.track JOIN folder f ON f.n = t.folder \
                 LEFT JOIN content c ON c.n = t.content \
             WHERE p.folder = (SELECT n FROM folder WHERE id = ?) AND coalesce(c.hash, t.hash) IS NOT NULL \
             ORDER BY p.relative_path, t.n",
        )
        .bind(&folder.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let mut places = Vec::new();
        for row in &rows {
            let Some(content_hash) = maybe_hash(row, "hash")? else { continue };
            places.push(FormerPlace {
                track: id(row, "id", TrackId::from_bytes)?,
                relative_path: col(row, "relative_path")?,
                size_bytes: count(row, "size_bytes")?,
                modified: time(row, "modified")?,
                content_hash,
                folder: id(row, "folder_id", FolderId::from_bytes)?,
            });
        }
        Ok(places)
    }
}

/// Notes where a track is now.
pub(super) async fn note(tx: &mut SqliteConnection, track: TrackId) -> Result<()> {
    sqlx::query(
        "INSERT INTO former_place (track, folder, relative_path, size_bytes, modified) \
         SELECT n, folder, relative_path, size_bytes, modified FROM track WHERE id = ? AND folder IS NOT NULL \
         ON CONFLICT DO UPDATE SET size_bytes = excluded.size_bytes, modified = excluded.modified",
    )
    .bind(&track.as_bytes()[..])
    .execute(tx)
    .await
    .map_err(sql("noting where a track was"))?;
    Ok(())
}

/// Forgets that a track was at that path, because it is there again.
pub(super) async fn forget_at(
    tx: &mut SqliteConnection,
    n: i64,
    folder: i64,
    relative_path: &str,
) -> Result<()> {
    sqlx::query("DELETE FROM former_place WHERE track = ? AND folder = ? AND relative_path = ?")
        .bind(n)
        .bind(folder)
        .bind(relative_path)
        .execute(tx)
        .await
        .map_err(sql("forgetting where a track was"))?;
    Ok(())
}
