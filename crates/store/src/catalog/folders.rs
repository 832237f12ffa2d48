//! Library folders.

use std::path::Path;

use fanfare_model::{
    ContentHash, Error, ErrorKind, FolderId, Presence, Result, Timestamp, TrackId, TrackState,
    library::Folder,
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    Catalog,
    filing::Filing,
    leftover::{CoversOf, Leftover},
    mixtapes_kept::{self, Leaving},
    track_rows::{presence, track_state},
};
use crate::{
    db::commit,
    error::sql,
    fresh_id,
    paths::{path, path_bytes},
    rows::{col, count, id, maybe_hash, maybe_time, time},
};

/// What a scan needs to know of a track it has seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The track's id.
    pub id: TrackId,
    /// Its path below the folder.
    pub relative_path: String,
    /// The file's size when it was last looked at.
    pub size_bytes: u64,
    /// The file's modification time when it was last looked at.
    pub modified: Timestamp,
    /// The file's inode change time when it was last looked at, in ns; `None` when that is not known.
    pub changed_ns: Option<i64>,
    /// Hash of its bytes, once they were read.
    pub content_hash: Option<ContentHash>,
    /// State.
    pub state: TrackState,
    /// Whether the file was there when it was last looked for.
    pub presence: Presence,
    /// Since when it is missing.
    pub missing_since: Option<Timestamp>,
    /// When the track was first seen.
    pub added: Timestamp,
}

impl Catalog {
    /// Adds a library folder (existing one of the same path is returned).
    ///
    /// # Errors
    /// `Invalid` when the path is not absolute: it would mean another folder after the next start.
    pub async fn add_folder(&self, path: &Path, now: Timestamp) -> Result<Folder> {
        const WHAT: &str = "adding a folder";
        if !path.is_absolute() {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("{} is not an absolute path", path.display()),
            )
            .remedy("name the folder from the root on"));
        }
        let mut tx = self.db.write(WHAT).await?;
        let row = sqlx::query(
            "INSERT INTO folder (id, path, added) VALUES (?, ?, ?) \
             ON CONFLICT (path) DO UPDATE SET path = excluded.path RETURNING id, path, added, scanned",
        )
        .bind(&fresh_id(now)[..])
        .bind(path_bytes(path)?)
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let folder = folder(&row)?;
        commit(tx, WHAT).await?;
        Ok(folder)
    }

    /// Every library folder, in the order they were added.
    pub async fn folders(&self) -> Result<Vec<Folder>> {
        const WHAT: &str = "listing folders";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT id, path, added, scanned FROM folder ORDER BY n")
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(folder).collect()
    }

    /// Removes a folder and its tracks, with covers and ladders that nothing else uses. Files in it are never touched.
    /// Transcodes stay until the cache's size or age limit, because the same music may be added again from another place.
    ///
    /// # Errors
    /// `NotFound` when there is no such folder.
    pub async fn remove_folder(&self, id: FolderId) -> Result<()> {
        const WHAT: &str = "removing a folder";
        let mut tx = self.db.write(WHAT).await?;
        let n = folder_row(&mut tx, id).await?;
        let mut filing = Filing::default();
        let mut leftover = Leftover::default();
        leftover.covers(&mut tx, CoversOf::Folder(n)).await?;
        let rows = sqlx::query("SELECT DISTINCT artist, release, content FROM track WHERE folder = ?")
            .bind(n)
            .fetch_all(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        for row in rows {
            filing.touch(col(&row, "artist")?, col(&row, "release")?);
            filing.check_content(col(&row, "content")?);
        }
        sqlx::query(
            "UPDATE job SET state = 'cancelled', owner = NULL, lease_until = NULL \
             WHERE state IN ('waiting', 'running', 'parked') \
                 AND subject IN (SELECT id FROM track WHERE folder = ?)",
        )
        .bind(n)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let kept = mixtapes_kept::keep(&mut tx, Leaving::Folder(n)).await?;
        for statement in [
            "DELETE FROM track_search WHERE rowid IN (SELECT n FROM track WHERE folder = ?)",
            "DELETE FROM track WHERE folder = ?",
            "DELETE FROM folder WHERE n = ?",
        ] {
            sqlx::query(statement).bind(n).execute(&mut *tx).await.map_err(sql(WHAT))?;
        }
        mixtapes_kept::replace(&mut tx, &kept).await?;
        leftover.ladders(&mut tx).await?;
        filing.finish(&mut tx).await?;
        commit(tx, WHAT).await?;
        self.remove_left(leftover).await;
        Ok(())
    }

    /// Everything a scan compares with, by folder; in order of path.
    pub async fn known_files(&self, folder: FolderId) -> Result<Vec<KnownFile>> {
        const WHAT: &str = "listing known files";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id, t.relative_path, t.size_bytes, t.modified, t.changed_ns, t.state, t.presence, \
                 t.missing_since, t.added, coalesce(c.hash, t.hash) AS hash FROM track t LEFT JOIN content c ON c.n = t.content \
             WHERE t.folder = (SELECT n FROM folder WHERE id = ?) ORDER BY t.relative_path",
        )
        .bind(&folder.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(known_file).collect()
    }
}

/// The folder's row number; `NotFound` when there is no such folder.
pub(super) async fn folder_row(tx: &mut SqliteConnection, id: FolderId) -> Result<i64> {
    sqlx::query_scalar("SELECT n FROM folder WHERE id = ?")
        .bind(&id.as_bytes()[..])
        .fetch_optional(tx)
        .await
        .map_err(sql("looking for a folder"))?
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such folder"))
}

pub(super) fn known_file(row: &SqliteRow) -> Result<KnownFile> {
    Ok(KnownFile {
        id: id(row, "id", TrackId::from_bytes)?,
        relative_path: col(row, "relative_path")?,
        size_bytes: count(row, "size_bytes")?,
        modified: time(row, "modified")?,
        changed_ns: col(row, "changed_ns")?,
        content_hash: maybe_hash(row, "hash")?,
        state: track_state(row)?,
        presence: presence(row)?,
        missing_since: maybe_time(row, "missing_since")?,
        added: time(row, "added")?,
    })
}

fn folder(row: &SqliteRow) -> Result<Folder> {
    Ok(Folder {
        id: id(row, "id", FolderId::from_bytes)?,
        path: path(col(row, "path")?)?,
        added: time(row, "added")?,
        scanned: maybe_time(row, "scanned")?,
    })
}
