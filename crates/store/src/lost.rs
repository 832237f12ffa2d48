//! A data folder whose database is gone while the files beside it are there.
//!
//! Such a folder is no new installation: a new database there takes every file for one that nobody needs.
//! So it is refused until somebody says what is to be done.

use std::path::Path;

use fanfare_model::{Error, ErrorKind, Result, Timestamp};

use crate::{
    BlobKind,
    blobs::blob_counts,
    db::{Db, commit},
    error::sql,
    open::{BLOB_FOLDER, DATABASE_FILE},
};

/// Lies in a data folder while a backup is restored into it: what is there then is not yet a data folder.
pub(crate) const RESTORING: &str = "restoring";

/// Refuses a data folder into which a restore was begun and not finished, one that has blobs and no database, and one
/// with a database file of no bytes. Touches nothing.
///
/// # Errors
/// `Conflict`, with what can be done.
pub fn refuse_lost_database(data: &Path) -> Result<()> {
    if data.join(RESTORING).is_file() {
        let what = format!("a restore into {} was begun and did not end", data.display());
        return Err(Error::new(ErrorKind::Conflict, what).remedy(
            "run `fanfare restore DIR` again with a backup that is whole, or name another folder with --data",
        ));
    }
    let is_empty = std::fs::metadata(data.join(DATABASE_FILE)).map_or(true, |file| file.len() == 0);
    if is_empty { refuse(data) } else { Ok(()) }
}

/// Refuses a data folder that has blobs, and a database in which nothing was ever stored.
pub(crate) async fn refuse_empty_database(data: &Path, db: &Db) -> Result<()> {
    if is_empty(db).await? { refuse(data) } else { Ok(()) }
}

fn refuse(data: &Path) -> Result<()> {
    let counts = blob_counts(&data.join(BLOB_FOLDER));
    let of = |kind: BlobKind| counts.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return Ok(());
    }
    let (uploads, others) = (of(BlobKind::Upload), all - of(BlobKind::Upload));
    Err(Error::new(
        ErrorKind::Conflict,
        format!(
            "the database in {} is missing or empty, but files that belong to one are there: {uploads} uploads and \
             {others} covers and streams; nothing was changed",
            data.display()
        ),
    )
    .remedy(
        "put the database `fanfare.db` back, or restore a backup (`fanfare restore DIR`); to begin with a new one beside \
         these files: `fanfare begin-anew`",
    ))
}

/// Whether nobody and nothing was ever stored in that database, and nobody asked to begin anew.
pub(crate) async fn is_empty(db: &Db) -> Result<bool> {
    const WHAT: &str = "looking whether the database is empty";
    let mut reader = db.reader(WHAT).await?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
    // A database of another program has tables, too; it is refused for that reason.
    if !tables.is_empty() && !tables.iter().any(|name| name == "track") {
        return Ok(false);
    }
    for (table, statement) in [
        ("user", "SELECT EXISTS (SELECT 1 FROM user)"),
        ("folder", "SELECT EXISTS (SELECT 1 FROM folder)"),
        ("track", "SELECT EXISTS (SELECT 1 FROM track)"),
        ("mixtape", "SELECT EXISTS (SELECT 1 FROM mixtape)"),
        ("installation", "SELECT EXISTS (SELECT 1 FROM installation WHERE begun IS NOT NULL)"),
    ] {
        if tables.iter().any(|name| name == table) {
            let used: bool =
                sqlx::query_scalar(statement).fetch_one(&mut *reader).await.map_err(sql(WHAT))?;
            if used {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Notes that somebody asked for a new database beside files of a lost one.
pub(crate) async fn note_begun(db: &Db, now: Timestamp) -> Result<()> {
    const WHAT: &str = "noting that the database begins anew";
    let mut tx = db.write(WHAT).await?;
    sqlx::query("UPDATE installation SET begun = ?")
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    commit(tx, WHAT).await
}
