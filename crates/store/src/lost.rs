//! A data folder whose database is gone or damaged while the files beside it are there.
//!
//! Such a folder is no new installation: a new database there would take every file for an unused one.
//! So it is refused until the owner says what is to be done. Each refusal names commands that work in that state.

use std::path::{Path, PathBuf};

use fanfare_model::{Error, ErrorKind, Result, Timestamp, words};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::{
    BlobKind,
    blobs::blob_counts,
    connect,
    database_file::{self, Seen},
    db::{Db, commit},
    error::sql,
    migrate,
    options::{BLOB_FOLDER, DATABASE_FILE},
};

const WHAT: &str = "looking whether the database is lost";

/// Lies in a data folder while a backup is restored into it: what is there then is not yet a data folder.
pub(crate) const RESTORING: &str = "restoring";

/// Refuses a data folder into which a restore was begun and that has no database yet, one that has blobs and no database, one
/// with a database file of no bytes, and one whose database file is no database or only a part of one. Touches nothing.
///
/// # Errors
/// `Conflict`, with what can be done; what the file system reports.
pub fn refuse_lost_database(data: &Path) -> Result<()> {
    let file = data.join(DATABASE_FILE);
    let seen = database_file::look(&file)?;
    if seen != Seen::Database && is_restoring(data) {
        return Err(half_restored(data));
    }
    match seen {
        Seen::Nothing if database_file::has_log(&file) => Err(lost(
            data,
            format_args!("the database {} is missing or empty, but its log is there", file.display()),
        )),
        Seen::Nothing => refuse(data),
        Seen::Damaged(what) => Err(damaged(data, &what)),
        Seen::Database => Ok(()),
    }
}

fn is_restoring(data: &Path) -> bool {
    data.join(RESTORING).is_file()
}

fn half_restored(data: &Path) -> Error {
    let what = format!("a restore into {} was begun and did not end", data.display());
    Error::new(ErrorKind::Conflict, what).remedy(
        "run `fanfare restore DIR` again; or name another folder with --data; without a backup: `fanfare begin-anew`, which keeps all \
         files",
    )
}

/// Refuses a data folder into which a restore was begun and not finished. A restore puts the database in place last, so beside
/// one that is whole only the mark is left over; `may_remove` says whether it is removed. Only for the process that holds the
/// data folder.
///
/// # Errors
/// `Conflict`, with what can be done; what the file system reports.
pub(crate) async fn end_restore(data: &Path, may_remove: bool) -> Result<()> {
    if !is_restoring(data) {
        return Ok(());
    }
    match state(data).await? {
        State::Lost | State::Damaged => return Err(half_restored(data)),
        State::Newer | State::InUse => {}
    }
    if may_remove {
        match remove_mark(data) {
            Ok(()) => {
                tracing::info!(folder = %data.display(), "the mark of a restore that had ended was removed")
            }
            // It is tried again at the next start.
            Err(error) => tracing::warn!(%error, "the mark of a restore that had ended could not be removed"),
        }
    }
    Ok(())
}

fn remove_mark(data: &Path) -> Result<()> {
    match std::fs::remove_file(data.join(RESTORING)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::from_io("removing the mark of a restore that did not end", error))
        }
        _ => Ok(()),
    }
}

/// Refuses a data folder that has blobs, and a database in which nothing was ever stored.
pub(crate) async fn refuse_empty_database(data: &Path, db: &Db) -> Result<()> {
    if is_empty(&mut *db.reader(WHAT).await?).await? { refuse(data) } else { Ok(()) }
}

/// The error for a data folder whose database file is damaged.
pub(crate) fn damaged(data: &Path, what: &str) -> Error {
    let (file, folder) = (data.join(DATABASE_FILE), data.display());
    Error::new(
        ErrorKind::Conflict,
        format!("the database file {} is damaged: {what}; nothing was changed", file.display()),
    )
    .remedy(format!(
        "restore a backup: `fanfare restore BACKUP --data {folder}`; without a backup: `fanfare begin-anew --data {folder}`; \
         both keep all files, and the damaged database under another name"
    ))
}

/// After an error: the same error, or the one for a damaged database if that is the cause.
pub(crate) async fn or_damaged(data: &Path, error: Error) -> Error {
    match damaged_database(data).await {
        Some(damaged) => damaged.because(error),
        None => error,
    }
}

/// The error for the database in a data folder, if its file is damaged. Reads all of it, also beside a running server.
pub async fn damaged_database(data: &Path) -> Option<Error> {
    let found = database_file::damage(&data.join(DATABASE_FILE)).await.ok().flatten();
    found.map(|what| damaged(data, &what))
}

/// What a database in a data folder is good for. Nobody may have it open.
pub(crate) enum State {
    /// There is none, or nothing was ever stored in it.
    Lost,
    /// It is damaged.
    Damaged,
    /// It was written by a newer program.
    Newer,
    /// It is in use, or another program's.
    InUse,
}

/// Looks at all of it, and changes nothing.
///
/// # Errors
/// `Io` when it cannot be read: then nothing is known.
pub(crate) async fn state(data: &Path) -> Result<State> {
    let file = data.join(DATABASE_FILE);
    if database_file::look(&file)? == Seen::Nothing {
        return Ok(State::Lost);
    }
    if database_file::damage(&file).await?.is_some() {
        return Ok(State::Damaged);
    }
    let mut connection = connect::without_writing(&file).connect().await.map_err(sql(WHAT))?;
    let schema: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.map_err(sql(WHAT))?;
    let state = if schema > migrate::newest() {
        State::Newer
    } else if is_empty(&mut connection).await? {
        State::Lost
    } else {
        State::InUse
    };
    connection.close().await.map_err(sql(WHAT))?;
    Ok(state)
}

/// Makes way for a new database where the present one is damaged, or is not there but its log is. Returns where the files are.
pub(crate) async fn make_way(data: &Path) -> Result<Vec<PathBuf>> {
    let is_nothing = database_file::look(&data.join(DATABASE_FILE))? == Seen::Nothing;
    let is_damaged = matches!(state(data).await?, State::Damaged);
    if is_nothing || is_damaged { database_file::set_aside(data) } else { Ok(Vec::new()) }
}

/// Whether files of a data folder are there.
pub(crate) fn has_blobs(data: &Path) -> bool {
    blob_counts(&data.join(BLOB_FOLDER)).iter().any(|(_, count)| *count > 0)
}

fn refuse(data: &Path) -> Result<()> {
    if !has_blobs(data) {
        return Ok(());
    }
    let counts = blob_counts(&data.join(BLOB_FOLDER));
    let of = |kind: BlobKind| counts.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    let (uploads, others) = (of(BlobKind::Upload), all - of(BlobKind::Upload));
    Err(lost(
        data,
        format_args!(
            "the database in {} is missing or empty, but files that belong to one are there: {} and {} of \
             covers and streams",
            data.display(),
            words::count(uploads, "upload"),
            words::count(others, "file")
        ),
    ))
}

fn lost(data: &Path, what: impl std::fmt::Display) -> Error {
    let folder = data.display();
    Error::new(ErrorKind::Conflict, format!("{what}; nothing was changed")).remedy(format!(
        "put the database `{DATABASE_FILE}` back, or restore a backup (`fanfare restore BACKUP --data {folder} --keep-files`); \
         to begin with a new one beside these files: `fanfare begin-anew --data {folder}`"
    ))
}

/// Whether no person and no track was ever stored in that database, and `begin-anew` was not run.
pub(crate) async fn is_empty(reader: &mut SqliteConnection) -> Result<bool> {
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

/// Notes that the owner asked for a new database next to the files of a lost one.
///
/// # Errors
/// `Conflict` for a database that is in use; those of the database and the file system.
pub(crate) async fn begin(data: &Path, db: &Db, now: Timestamp) -> Result<()> {
    const WHAT: &str = "noting that the database is a new one";
    if !is_empty(&mut *db.reader(WHAT).await?).await? {
        let what = format!("the database in {} is in use", data.display());
        return Err(
            Error::new(ErrorKind::Conflict, what).remedy("no new database is needed: start `fanfare serve`")
        );
    }
    let mut tx = db.write(WHAT).await?;
    sqlx::query("UPDATE installation SET begun = ?")
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    commit(tx, WHAT).await?;
    // What a restore that did not end left there is kept like the other files.
    remove_mark(data)
}
