//! The connections: one that writes, several that read, and the rule how each begins.
//!
//! Invariants: every write transaction is `BEGIN IMMEDIATE`, so it never fails half-way for a lock; no
//! transaction waits for anything but the database; readers cannot write (`query_only`).

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fanfare_model::{ErrorKind, Result};
use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::Instant;

use crate::{
    StoreOptions,
    error::{busy, damaged, is_busy, is_malformed, sql},
    failure::Failure,
    patience::{Patience, Wait},
    uses::{self, Uses},
};

/// The pause before a database that another process is opening is tried again.
const OPEN_AGAIN: Duration = Duration::from_millis(20);
/// How long SQLite itself waits for the write lock before we look at our own deadline again.
const LOCK_SLICE: Duration = Duration::from_millis(40);
/// How long is waited at the end for somebody else's write, to note what was used.
const LAST_WAIT: Duration = Duration::from_millis(500);
/// The pause between two slices, in which the connection is free for others of this process.
const LOCK_PAUSE: Duration = Duration::from_millis(5);
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

/// A write transaction. When it is over, however it ended, the store has another edition.
pub(crate) struct WriteTx {
    transaction: Transaction<'static, Sqlite>,
    edition: Edition,
    /// What it stores of failures; told once it is committed.
    pub(crate) failures: Vec<Failure>,
}

impl WriteTx {
    /// Says that nobody's rights and no track's file depend on what this writes (notes of use and the like).
    pub(crate) fn is_a_note(&mut self) {
        self.edition.0 = None;
    }
}

impl Deref for WriteTx {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

/// Counts when it is dropped, unless emptied.
struct Edition(Option<Arc<AtomicU64>>);

impl Drop for Edition {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A read transaction: sees one state of the database throughout.
pub(crate) type ReadTx = Transaction<'static, Sqlite>;

/// The connections of one open store.
#[derive(Clone)]
pub(crate) struct Db {
    writer: SqlitePool,
    readers: SqlitePool,
    lock_wait: Duration,
    edition: Arc<AtomicU64>,
    uses: Uses,
}

impl Db {
    /// What was used and is not written yet.
    pub(crate) const fn uses(&self) -> &Uses {
        &self.uses
    }

    /// See [`crate::Store::edition`].
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Ordering::SeqCst)
    }

    /// Connects to the database file, which must exist.
    pub(crate) async fn connect(file: &Path, options: &StoreOptions) -> Result<Self> {
        let lock_wait = Duration::from_millis(u64::from(options.busy_timeout_ms));
        let connect = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENTS)
            .row_buffer_size(ROW_BUFFER)
            .pragma("journal_size_limit", JOURNAL_LIMIT_BYTES)
            .pragma("temp_store", "memory")
            // Functions of views and triggers in a file somebody handed us must not run.
            .pragma("trusted_schema", "off")
            .disable_statement_logging();
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(lock_wait)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writing = connect
            .clone()
            .busy_timeout(LOCK_SLICE.min(lock_wait))
            .pragma("cache_size", WRITER_CACHE_KIB)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            // FULL: a job or commit that was acknowledged survives a power cut.
            .synchronous(SqliteSynchronous::Full);
        let deadline = Instant::now() + lock_wait;
        let writer = loop {
            let opened = pool().max_connections(1).connect_with(writing.clone()).await;
            let opened = opened.map_err(|error| not_opened(file, error));
            match opened {
                Ok(writer) => break writer,
                // Another process is just making the log: SQLite does not wait for that by itself.
                Err(error) if error.kind() == ErrorKind::Busy && Instant::now() < deadline => {
                    tokio::time::sleep(OPEN_AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        };
        let readers = pool().max_connections(options.readers.max(1)).connect_lazy_with(
            connect
                .busy_timeout(lock_wait)
                .synchronous(SqliteSynchronous::Normal)
                .pragma("cache_size", READER_CACHE_KIB)
                .pragma("query_only", "on"),
        );
        Ok(Self { writer, readers, lock_wait, edition: Arc::default(), uses: Uses::default() })
    }

    /// Begins a write, waiting at most the busy timeout for this process's and other processes' writers; under a
    /// [`crate::Patience`], what is left of that.
    pub(crate) async fn write(&self, what: &'static str) -> Result<WriteTx> {
        let wait = Wait::begin(self.lock_wait);
        let deadline = wait.deadline;
        loop {
            let connection = tokio::time::timeout_at(deadline, sound(&self.writer)).await;
            let connection = connection.map_err(|_| busy(what))?.map_err(sql(what))?;
            match Transaction::begin(connection, Some("BEGIN IMMEDIATE".into_sql_str())).await {
                Ok(transaction) => {
                    let edition = Edition(Some(Arc::clone(&self.edition)));
                    return Ok(WriteTx { transaction, edition, failures: Vec::new() });
                }
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                Err(error) => return Err(sql(what)(error)),
            }
        }
    }

    /// Begins a read of one consistent state.
    pub(crate) async fn read(&self, what: &'static str) -> Result<ReadTx> {
        let connection = sound(&self.readers).await.map_err(sql(what))?;
        Transaction::begin(connection, None).await.map_err(sql(what))
    }

    /// A connection for a single reading statement.
    pub(crate) async fn reader(&self, what: &'static str) -> Result<PoolConnection<Sqlite>> {
        sound(&self.readers).await.map_err(sql(what))
    }

    /// Lets the database grow by at most that many pages, or freely again (a full disk, for tests).
    #[cfg(feature = "testsuite")]
    pub(crate) async fn limit_pages(&self, more: Option<u32>) -> Result<()> {
        const WHAT: &str = "limiting the database's size";
        let mut connection = sound(&self.writer).await.map_err(sql(WHAT))?;
        let pages: i64 = sqlx::query_scalar("SELECT page_count FROM pragma_page_count")
            .fetch_one(&mut *connection)
            .await
            .map_err(sql(WHAT))?;
        let limit = more.map_or(i64::from(u32::MAX) - 1, |more| pages + i64::from(more));
        // A pragma takes no bound values; this is a number.
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {limit}")))
            .execute(&mut *connection)
            .await
            .map_err(sql(WHAT))?;
        Ok(())
    }

    /// Writes what was noted as used. What cannot be written because the database is busy stays for the next time.
    pub(crate) async fn write_uses(&self, wait: Duration) -> Result<()> {
        let pending = self.uses.take();
        if pending.is_empty() {
            return Ok(());
        }
        let begun = Patience::new(wait).over(self.write(uses::WHAT)).await;
        let mut tx = match begun {
            Ok(tx) => tx,
            Err(error) => {
                self.uses.put_back(pending);
                return Err(error);
            }
        };
        tx.is_a_note();
        pending.write(&mut tx).await?;
        commit(tx, uses::WHAT).await
    }

    /// Folds the write-ahead log into the database and closes every connection.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.write_uses(LAST_WAIT).await {
            tracing::debug!(%error, "when things were last used is not stored");
        }
        self.readers.close().await;
        if let Ok(mut connection) = self.writer.acquire().await {
            // Both are only for comfort: the next opening does the same work where this could not.
            for statement in ["PRAGMA optimize", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                if let Err(error) = sqlx::query(statement).execute(&mut *connection).await {
                    tracing::debug!(%error, statement, "not done while closing the store");
                }
            }
        }
        self.writer.close().await;
    }
}

/// The error of a database that does not open. One that SQLite calls malformed is read as a plain file: where the system
/// cannot do that either, the disk is at fault, not what is on it.
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

/// A connection that is in no transaction.
///
/// SQLite ends a transaction by itself when the disk is full or fails. The driver's own `ROLLBACK` then fails, and it
/// goes on believing that the transaction is open: such a connection would refuse every later one.
async fn sound(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
    loop {
        let mut connection = pool.acquire().await?;
        if connection.is_in_transaction() {
            // The rollback of a transaction that was dropped may still be under way; this waits for it.
            connection.ping().await?;
        }
        if !connection.is_in_transaction() {
            return Ok(connection);
        }
        tracing::debug!("a connection whose transaction ended by itself is replaced");
        connection.close().await?;
    }
}

/// Commits, saying what was being done if that fails; then the log tells what was stored of failures.
pub(crate) async fn commit(transaction: WriteTx, what: &'static str) -> Result<()> {
    let WriteTx { transaction, edition, failures } = transaction;
    let committed = transaction.commit().await;
    drop(edition);
    committed.map_err(sql(what))?;
    failures.iter().for_each(Failure::tell);
    Ok(())
}
