//! The one place where a driver's error becomes ours: no other file names `sqlx::Error`'s cases.
//!
//! Result codes are SQLite's (<https://www.sqlite.org/rescode.html>).

use fanfare_model::{Error, ErrorKind};
use sqlx::error::{DatabaseError, Error as SqlError};
use tokio::sync::Notify;

use crate::trouble::DAMAGED;

const SQLITE_ERROR: i32 = 1;
const SQLITE_PERM: i32 = 3;
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_NOMEM: i32 = 7;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
/// The index of the log could not grow: SQLite gives only this code for it on a full disk.
const SQLITE_IOERR_SHMSIZE: i32 = 10 | (19 << 8);
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_AUTH: i32 = 23;
const SQLITE_NOTADB: i32 = 26;

/// Told when SQLite could not read a part of a database of this process. One for all stores of a process: errors of the driver
/// become ours where no store is known, and a check too many costs nothing.
pub(crate) fn malformed() -> &'static Notify {
    static MALFORMED: Notify = Notify::const_new();
    &MALFORMED
}

/// Whether that error is a part of the database that cannot be read, which the log says once for the whole database.
#[must_use]
pub fn is_unreadable_database(error: &Error) -> bool {
    error.kind() == ErrorKind::Io && error.remedy_text() == Some(DAMAGED.remedy)
}

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

/// Whether SQLite calls the file malformed, which a disk that cannot be read makes it do, too.
pub(crate) fn is_malformed(error: &SqlError) -> bool {
    matches!(error, SqlError::Database(error) if primary_code(&**error) == SQLITE_CORRUPT)
}

/// Whether SQLite says that the file is no database, or is malformed.
pub(crate) fn is_damaged(error: &SqlError) -> bool {
    matches!(error, SqlError::Database(error) if matches!(primary_code(&**error), SQLITE_CORRUPT | SQLITE_NOTADB))
}

/// The error for a database file that is known to be damaged.
pub(crate) fn damaged(what: &str, found: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("{what}: the database file is damaged ({found})")).remedy(
        "stop fanfare, then restore a backup with `fanfare restore DIR`, which keeps the damaged file; without a backup: \
         `fanfare begin-anew`, which keeps it and all other files",
    )
}

/// The error for a value in the database that this program did not write like that.
pub(crate) fn strange(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the database holds {what}")).remedy(
        "run `fanfare doctor`; if the database was edited by hand, restore a backup (`fanfare restore DIR`)",
    )
}

/// `.map_err(strange_json("tags"))`
pub(crate) fn strange_json(what: &'static str) -> impl Fn(serde_json::Error) -> Error {
    move |error| strange(format_args!("{what} that cannot be read ({error})"))
}

/// The error for a lease that somebody else has by now, or that was ended.
pub(crate) fn lost_lease() -> Error {
    Error::new(ErrorKind::Conflict, "the lease of this job was lost")
        .remedy("drop the work; the worker that holds the job now does it again")
}

fn primary_code(error: &dyn DatabaseError) -> i32 {
    // The low byte is the primary code, the rest says which variety of it.
    code(error) & 0xff
}

fn code(error: &dyn DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(SQLITE_ERROR)
}

/// Whether this process may open no further file: the database says of that only that it cannot be opened.
fn no_descriptor_is_free() -> bool {
    std::fs::File::open("/dev/null").is_err()
}

fn no_space() -> (ErrorKind, String, Option<&'static str>) {
    let remedy = "free some space where the data folder is; nothing needs to be restarted";
    (ErrorKind::NoSpace, "no space is left for the database".to_owned(), Some(remedy))
}

fn from_database(what: &str, error: Box<dyn DatabaseError>) -> Error {
    let (kind, sentence, remedy) = match primary_code(&*error) {
        SQLITE_BUSY | SQLITE_LOCKED => return busy(what),
        SQLITE_IOERR if code(&*error) == SQLITE_IOERR_SHMSIZE => no_space(),
        SQLITE_FULL => no_space(),
        // SQLite says so too when the system could not read the file (`SQLITE_IOERR_CORRUPTFS` becomes this on its
        // way out), so by itself it proves no damage: it is tried again, and `doctor --deep` finds out.
        SQLITE_CORRUPT => {
            malformed().notify_one();
            let found = error.message();
            (
                ErrorKind::Io,
                format!("the database could not be read: its disk fails, or the file is damaged ({found})"),
                Some(DAMAGED.remedy),
            )
        }
        SQLITE_NOTADB => return damaged(what, error.message()).because(SqlError::Database(error)),
        SQLITE_CONSTRAINT => {
            (ErrorKind::Conflict, format!("contradicts what is stored ({})", error.message()), None)
        }
        SQLITE_READONLY => (
            ErrorKind::Unavailable,
            "the database is read only".to_owned(),
            Some("make its disk and its files writable for the user that runs fanfare"),
        ),
        SQLITE_PERM | SQLITE_AUTH => (
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// An error of SQLite with that code.
    #[derive(Debug)]
    struct Coded(i32);

    impl std::fmt::Display for Coded {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "code {}", self.0)
        }
    }

    impl std::error::Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            "what SQLite says"
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> sqlx::error::ErrorKind {
            sqlx::error::ErrorKind::Other
        }
    }

    /// Issue 12: a disk that could not be read was called a damaged database, and an upload failed permanently.
    #[test]
    fn every_code_of_sqlite_has_its_kind_whatever_variety_it_is() {
        for (code, kind, says) in [
            (10, ErrorKind::Io, "reading or writing"),
            (10 | (1 << 8), ErrorKind::Io, "reading or writing"), // READ
            (10 | (2 << 8), ErrorKind::Io, "reading or writing"), // SHORT_READ
            (10 | (3 << 8), ErrorKind::Io, "reading or writing"), // WRITE
            (10 | (4 << 8), ErrorKind::Io, "reading or writing"), // FSYNC
            (10 | (19 << 8), ErrorKind::NoSpace, "no space"),     // SHMSIZE
            (10 | (33 << 8), ErrorKind::Io, "reading or writing"), // CORRUPTFS
            (11, ErrorKind::Io, "its disk fails, or the file is damaged"),
            (11 | (2 << 8), ErrorKind::Io, "its disk fails, or the file is damaged"), // SEQUENCE
            (26, ErrorKind::Internal, "damaged"),
            (13, ErrorKind::NoSpace, "no space"),
            (8, ErrorKind::Unavailable, "read only"),
            (8 | (4 << 8), ErrorKind::Unavailable, "read only"), // DBMOVED
            (14, ErrorKind::Io, "cannot be opened"),
            (5, ErrorKind::Busy, "another process"),
            (5 | (2 << 8), ErrorKind::Busy, "another process"), // SNAPSHOT
            (3, ErrorKind::PermissionDenied, "cannot be written"),
            (7, ErrorKind::Unavailable, "memory"),
        ] {
            let error = from_sql("reading tracks", SqlError::Database(Box::new(Coded(code))));
            assert_eq!(error.kind(), kind, "{code}: {error}");
            assert!(error.message().contains(says), "{code}: {error}");
            // What a disk did may pass; a damaged file does not heal.
            assert_eq!(kind.is_transient(), !matches!(code & 0xff, 26 | 3), "{code}");
            let remedy = error.remedy_text().unwrap_or_default();
            assert_eq!(
                remedy.contains("fanfare restore"),
                matches!(code & 0xff, 11 | 26),
                "{code}: {remedy}"
            );
        }
    }
}
