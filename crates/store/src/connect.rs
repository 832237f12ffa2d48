//! How the database file is opened: for writing, or, on a disk that cannot be written, for reading.

use std::{fs, path::Path, time::Duration};

use fanfare_model::{ErrorKind, Result};
use sqlx::{
    ConnectOptions as _, SqlitePool,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePoolOptions, SqliteSynchronous,
    },
};
use tokio::time::Instant;

use crate::{
    StoreOptions,
    error::{damaged, is_malformed, sql},
};

/// The pause before a database that another process is opening is tried again.
const OPEN_AGAIN: Duration = Duration::from_millis(20);
/// How long SQLite itself waits for the write lock before we look at our own deadline again.
const LOCK_SLICE: Duration = Duration::from_millis(40);
/// Page cache of a reader (negative = KiB for SQLite).
const READER_CACHE_KIB: &str = "-6000";
/// Page cache of the writer: a scan writes all over a dozen indexes. With four readers 56 MB at most, reached
/// only by a library larger than that.
const WRITER_CACHE_KIB: &str = "-32000";
/// Pages in the write-ahead log before it is folded into the database. SQLite's 1,000 folds the same index
/// pages in again and again during a scan.
const CHECKPOINT_PAGES: &str = "4000";
/// The write-ahead log is cut back to this many bytes when it was folded into the database.
const JOURNAL_LIMIT_BYTES: &str = "67108864";
/// Rows that wait between SQLite's thread and ours; the default of 50 costs a switch per page.
const ROW_BUFFER: usize = 256;
/// Distinct statements kept prepared; a list of tracks alone has dozens of varieties.
const STATEMENTS: usize = 200;

/// The connections of a database.
#[derive(Clone)]
pub(crate) struct Pools {
    /// The connection that writes; `None` where nothing can be written.
    pub(crate) writer: Option<SqlitePool>,
    pub(crate) readers: SqlitePool,
}

/// How long to wait for other writers.
pub(crate) const fn lock_wait(options: &StoreOptions) -> Duration {
    Duration::from_millis(options.busy_timeout_ms as u64)
}

/// What all connections have in common.
fn common(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .row_buffer_size(ROW_BUFFER)
        .pragma("temp_store", "memory")
        // Functions of views and triggers in a database file from another person must not run.
        .pragma("trusted_schema", "off")
        .disable_statement_logging()
}

fn pool(options: &StoreOptions) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .acquire_timeout(lock_wait(options))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

fn readers(options: &StoreOptions, connect: SqliteConnectOptions) -> SqlitePool {
    pool(options).max_connections(options.readers.max(1)).connect_lazy_with(
        connect
            .busy_timeout(lock_wait(options))
            .synchronous(SqliteSynchronous::Normal)
            .pragma("cache_size", READER_CACHE_KIB)
            .pragma("query_only", "on"),
    )
}

/// Opens the database with one connection that writes and several that read.
pub(crate) async fn to_write(file: &Path, options: &StoreOptions) -> Result<Pools> {
    let lock_wait = lock_wait(options);
    let connect =
        common(file).journal_mode(SqliteJournalMode::Wal).pragma("journal_size_limit", JOURNAL_LIMIT_BYTES);
    let writing = connect
        .clone()
        .busy_timeout(LOCK_SLICE.min(lock_wait))
        .pragma("cache_size", WRITER_CACHE_KIB)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        // FULL: a job or commit that was acknowledged survives a power cut.
        .synchronous(SqliteSynchronous::Full);
    let deadline = Instant::now() + lock_wait;
    let writer = loop {
        let opened = pool(options).max_connections(1).connect_with(writing.clone()).await;
        match opened.map_err(|error| not_opened(file, error)) {
            Ok(writer) => break writer,
            // Another process is just making the log: SQLite does not wait for that by itself.
            Err(error) if error.kind() == ErrorKind::Busy && Instant::now() < deadline => {
                tokio::time::sleep(OPEN_AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    };
    Ok(Pools { writer: Some(writer), readers: readers(options, connect) })
}

/// Opens the database for reading, on a disk that cannot be written.
///
/// A reader of a write-ahead log needs the log's index beside the database (`-shm`). SQLite makes it where it is missing; here
/// it cannot be made. There are two ways to read without it, and both are correct only while no process writes:
///
/// - The log is empty, as after every orderly end: `immutable=1` reads the database file alone.
/// - The log is not empty, as after a crash: `immutable=1` would miss what is in it. In exclusive locking mode SQLite keeps the
///   index in its own memory, and reads the log. The lock that this mode takes cannot be taken on a file that is open for
///   reading, so the file is opened with SQLite's system layer without locks (`unix-none`).
///
/// No process writes on a read-only file system. On a full one no other process can open the database for writing either, until
/// there is room; then the server opens it again within seconds. What a command wrote in between is seen from then on.
/// Readers write nothing, so they can damage nothing.
pub(crate) fn to_read(file: &Path, options: &StoreOptions) -> Pools {
    Pools { writer: None, readers: readers(options, without_writing(file)) }
}

/// How a connection reads a database on a disk that cannot be written; see [`to_read`].
pub(crate) fn without_writing(file: &Path) -> SqliteConnectOptions {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let log_is_empty = fs::metadata(&log).map_or(true, |log| log.len() == 0);
    let connect = common(file).read_only(true);
    if log_is_empty {
        connect.immutable(true)
    } else {
        connect.vfs("unix-none").locking_mode(SqliteLockingMode::Exclusive)
    }
}

/// How a connection reads a database beside those that have it open in this process.
pub(crate) fn second_reader(file: &Path) -> SqliteConnectOptions {
    common(file).read_only(true).pragma("cache_size", READER_CACHE_KIB)
}

/// The error of a database that does not open. A database that SQLite calls malformed is read as a plain file: if the system
/// cannot read it either, the disk fails and the database may be whole.
fn not_opened(file: &Path, error: sqlx::Error) -> fanfare_model::Error {
    const WHAT: &str = "opening the database";
    if !is_malformed(&error) {
        return sql(WHAT)(error);
    }
    let read = std::fs::File::open(file).and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()));
    match read {
        Ok(_) => damaged(WHAT, &error.to_string()).because(error),
        Err(failed) => {
            fanfare_model::Error::from_io(format_args!("{WHAT}: reading {}", file.display()), failed)
                .remedy("check the disk that holds the data folder")
        }
    }
}
