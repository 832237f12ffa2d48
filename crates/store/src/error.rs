//! The one place where a driver's error becomes ours: no other file names `sqlx::Error`'s cases.
//!
//! Result codes are SQLite's (<https://www.sqlite.org/rescode.html>).

use fanfare_model::{Error, ErrorKind};
use sqlx::error::{DatabaseError, Error as SqlError};

const SQLITE_ERROR: i32 = 1;
const SQLITE_PERM: i32 = 3;
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_NOMEM: i32 = 7;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_AUTH: i32 = 23;
const SQLITE_NOTADB: i32 = 26;

/// `.map_err(sql("reading tracks"))`: says what was being done, and maps the kind.
pub(crate) fn sql(what: &'static str) -> impl Fn(SqlError) -> Error {
    move |error| from_sql(what, error)
}

/// Maps a driver's error while doing `what`.
pub(crate) fn from_sql(what: &str, error: SqlError) -> Error {
    match error {
        SqlError::Database(error) => from_database(what, error),
        SqlError::PoolTimedOut => busy(what),
        SqlError::PoolClosed => Error::new(ErrorKind::Unavailable, format!("{what}: the store is closed")),
        SqlError::Io(error) => Error::from_io(what, error),
        SqlError::RowNotFound => Error::new(ErrorKind::NotFound, format!("{what}: no such row")),
        other => Error::new(ErrorKind::Internal, format!("{what}: {other}")).because(other),
    }
}

/// Whether somebody else holds the database, so that a moment later it may work.
pub(crate) fn is_busy(error: &SqlError) -> bool {
    match error {
        SqlError::Database(error) => matches!(primary_code(&**error), SQLITE_BUSY | SQLITE_LOCKED),
        _ => false,
    }
}

/// The error for a lock that was not given within the busy timeout.
pub(crate) fn busy(what: &str) -> Error {
    Error::new(ErrorKind::Busy, format!("{what}: another process holds the database"))
        .remedy("try again in a moment; if it persists, close other programs that have the database open")
}

/// The error for a value in the database that this program did not write like that.
pub(crate) fn strange(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the database holds {what}"))
        .remedy("run `fanfare doctor`; if the database was edited by hand, restore a backup")
}

/// `.map_err(strange_json("tags"))`
pub(crate) fn strange_json(what: &'static str) -> impl Fn(serde_json::Error) -> Error {
    move |error| strange(format_args!("{what} that cannot be read ({error})"))
}

/// The error for a lease that somebody else has by now, or that was ended.
pub(crate) fn lost_lease() -> Error {
    Error::new(ErrorKind::Conflict, "the lease of this job was lost")
        .remedy("drop the work; whoever holds the job now does it again")
}

fn primary_code(error: &dyn DatabaseError) -> i32 {
    let code = error.code().and_then(|code| code.parse::<i32>().ok());
    // The low byte is the primary code, the rest says which variety of it.
    code.unwrap_or(SQLITE_ERROR) & 0xff
}

/// Whether this process may open no further file: the database says of that only that it cannot be opened.
fn no_descriptor_is_free() -> bool {
    std::fs::File::open("/dev/null").is_err()
}

fn from_database(what: &str, error: Box<dyn DatabaseError>) -> Error {
    let (kind, sentence, remedy) = match primary_code(&*error) {
        SQLITE_BUSY | SQLITE_LOCKED => return busy(what),
        SQLITE_FULL => (
            ErrorKind::NoSpace,
            "no space is left for the database".to_owned(),
            Some("free some space where the data folder is"),
        ),
        SQLITE_CORRUPT | SQLITE_NOTADB => (
            ErrorKind::Internal,
            format!("the database file is damaged ({})", error.message()),
            Some("stop fanfare, keep a copy of the data folder, then restore a backup"),
        ),
        SQLITE_CONSTRAINT => {
            (ErrorKind::Conflict, format!("contradicts what is stored ({})", error.message()), None)
        }
        SQLITE_PERM | SQLITE_READONLY | SQLITE_AUTH => (
            ErrorKind::PermissionDenied,
            "the database cannot be written".to_owned(),
            Some("give the user that runs fanfare write access to the data folder and every file in it"),
        ),
        SQLITE_CANTOPEN if no_descriptor_is_free() => return Error::out_of_descriptors(what),
        SQLITE_CANTOPEN => (
            ErrorKind::Io,
            "the database file cannot be opened".to_owned(),
            Some("check that the data folder exists and belongs to the user that runs fanfare"),
        ),
        SQLITE_IOERR => (
            ErrorKind::Io,
            format!("reading or writing the database failed ({})", error.message()),
            Some("check the disk that holds the data folder"),
        ),
        SQLITE_NOMEM => (ErrorKind::Unavailable, "the database ran out of memory".to_owned(), None),
        _ => (ErrorKind::Internal, error.message().to_owned(), None),
    };
    let mapped = Error::new(kind, format!("{what}: {sentence}"));
    let mapped = if let Some(remedy) = remedy { mapped.remedy(remedy) } else { mapped };
    mapped.because(SqlError::Database(error))
}
