//! The database of one moment, in a file of its own, without what can be made again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use fanfare_model::{Error, ErrorKind, Result, Timestamp};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use super::{
    damaged::Damaged,
    files::private_file,
    manifest::BackedUpFile,
    named::{Named, SNAPSHOT, add_titles, names_in, open, options},
};
use crate::{
    DATABASE_FILE, Store, connect,
    error::sql,
    file_work::{failed, hash_of},
    fresh_id,
};

const WHAT: &str = "copying the database";

/// A snapshot in a backup's folder.
pub(super) struct Snapshot {
    path: PathBuf,
    name: String,
}

/// Takes one, while others write on.
pub(super) async fn take(store: &Store, data: &Path, place: &Path) -> Result<Snapshot> {
    let random: String = fresh_id(Timestamp(0)).iter().skip(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{SNAPSHOT}{random}.db");
    let path = place.join(&name);
    let snapshot = Snapshot { path: path.clone(), name };
    // Made here, so that nobody else can ever read it; SQLite fills a file that is empty.
    private_file(&path).map_err(|error| failed("making", &path, error))?;
    let database = data.join(DATABASE_FILE);
    // On a disk that cannot be written the database is opened as the store opened it.
    let source =
        if store.only_reads().is_some() { connect::without_writing(&database) } else { options(&database) };
    let made = snapshot.fill(source).await;
    if made.is_err() {
        snapshot.remove();
    }
    made.map(|()| snapshot)
}

impl Snapshot {
    async fn fill(&self, source: SqliteConnectOptions) -> Result<()> {
        let target = self.path.to_str().ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "the path of a backup has to be Unicode")
                .remedy("name another folder")
        })?;
        let mut source = source.connect().await.map_err(sql(WHAT))?;
        // One read transaction: everything in it is of one moment.
        sqlx::query("VACUUM INTO ?").bind(target).execute(&mut source).await.map_err(|error| {
            let error = sql(WHAT)(error);
            // The source is only read: it is the backup's disk that is full.
            match error.kind() {
                ErrorKind::Io if !self.path.is_file() => Error::new(
                    ErrorKind::Conflict,
                    format!(
                        "the folder of {} was moved or replaced while the backup was made",
                        self.path.display()
                    ),
                )
                .remedy("run the command again; on a disk that was unmounted, mount it first")
                .because(error),
                ErrorKind::NoSpace => failed(WHAT, &self.path, std::io::ErrorKind::StorageFull.into()),
                _ => error,
            }
        })?;
        source.close().await.map_err(sql(WHAT))?;
        let mut copy = open(&self.path).await?;
        for statement in [
            "PRAGMA journal_mode = DELETE",
            "PRAGMA foreign_keys = ON",
            // What can be made again is left out, so its rows are.
            "DELETE FROM transcode WHERE file IS NOT NULL OR NOT pinned",
            // Their holders work on with the other database. What ends with the copy is no failure of theirs.
            "UPDATE track SET state = CASE WHEN content IS NULL THEN 'queued' \
                 WHEN published IS NULL THEN 'ready' ELSE 'published' END \
                 WHERE state = 'processing' AND id IN (SELECT subject FROM job WHERE state = 'running')",
            "UPDATE job SET state = 'waiting', owner = NULL, lease_until = NULL, attempt = attempt - 1 WHERE state = 'running'",
            // These are about files that no row names, which are not copied.
            "DELETE FROM quarantine",
            "UPDATE installation SET mark = NULL",
        ] {
            sqlx::raw_sql(statement).execute(&mut copy).await.map_err(sql(WHAT))?;
        }
        let sound: String =
            sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await.map_err(sql(WHAT))?;
        copy.close().await.map_err(sql(WHAT))?;
        if sound != "ok" {
            return Err(crate::error::damaged(WHAT, &sound));
        }
        Ok(())
    }

    /// What the manifest says of it.
    pub(super) async fn file(&self) -> Result<BackedUpFile> {
        let (hash, size_bytes) = hash_of(&self.path).await?;
        Ok(BackedUpFile { name: self.name.clone(), size_bytes, blake3: hash.to_string() })
    }

    /// The blobs that its rows name.
    pub(super) async fn named(&self) -> Result<Named> {
        names_in(&self.path).await
    }

    /// Says whose the files are.
    pub(super) async fn add_titles(&self, files: &mut [Damaged]) -> Result<()> {
        add_titles(&self.path, files).await
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn remove(&self) {
        // Else the next backup does.
        let _ = fs::remove_file(&self.path);
    }
}
