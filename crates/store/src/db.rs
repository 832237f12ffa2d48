//! The connections: one that writes, several that read, and the rule how each begins.
//!
//! Invariants: every write transaction is `BEGIN IMMEDIATE`, so it never fails half-way for a lock; no
//! transaction waits for anything but the database; readers cannot write (`query_only`).

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use fanfare_model::{ErrorKind, Result, Timestamp};
use sqlx::{Connection, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection};
use tokio::{sync::watch, time::Instant};

use crate::{
    StoreOptions,
    connect::{self, Pools},
    disk::{Disk, Unwritable},
    ended::EndedSessions,
    error::{busy, is_busy, sql},
    failure::Failure,
    patience::{Patience, Wait},
    steady::{Steady, WATCHED_FOR},
    uses::{self, Uses},
};

/// How long is waited at the end for somebody else's write, to note what was used.
const LAST_WAIT: Duration = Duration::from_millis(500);
/// The pause between two slices, in which the connection is free for others of this process.
const LOCK_PAUSE: Duration = Duration::from_millis(5);
/// A write transaction. When it is over, however it ended, the store has another write_generation.
pub(crate) struct WriteTx {
    transaction: Transaction<'static, Sqlite>,
    /// Suspected of being full if this is not committed.
    given_up: GivenUp,
    write_generation: WriteGeneration,
    /// What it stores of failures; told once it is committed.
    pub(crate) failures: Vec<Failure>,
}

impl WriteTx {
    /// Says that nobody's rights and no track's file depend on what this writes (notes of use and the like).
    pub(crate) fn is_a_note(&mut self) {
        self.write_generation.0 = None;
        self.given_up.0 = None;
    }
}

/// Has the disk checked when a write is given up, for whatever reason: a quota that ran out is known from nothing else.
struct GivenUp(Option<Disk>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(disk) = &self.0 {
            disk.doubt();
        }
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
struct WriteGeneration(Option<Arc<AtomicU64>>);

impl Drop for WriteGeneration {
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
    /// They are replaced when a disk that could not be written can be written.
    pools: Arc<RwLock<Pools>>,
    lock_wait: Duration,
    write_generation: Arc<AtomicU64>,
    /// Counts the times that a right ended.
    rights: watch::Sender<u64>,
    ended: EndedSessions,
    /// Since the clock was first read.
    steady: Arc<Mutex<Option<Steady>>>,
    uses: Uses,
    disk: Disk,
    /// Whether the disk is full and what room there is is kept for deleting.
    only_deletes: Arc<AtomicBool>,
}

impl Db {
    /// What was used and is not written yet.
    pub(crate) const fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Sessions that are over and may still have a row.
    pub(crate) const fn ended(&self) -> &EndedSessions {
        &self.ended
    }

    /// Whether the clock went on evenly for a day, so that what expired by it has expired.
    pub(crate) fn runs_evenly(&self, now: Timestamp) -> bool {
        let here = std::time::Instant::now();
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        steady.get_or_insert(Steady::new(here, now)).has_watched(WATCHED_FOR, here, now)
    }

    /// See [`crate::Store::rights_changes`].
    pub(crate) fn rights_changes(&self) -> watch::Receiver<u64> {
        self.rights.subscribe()
    }

    /// See [`crate::Store::note_rights_changed`].
    pub(crate) fn note_rights_changed(&self) {
        self.write_generation.fetch_add(1, Ordering::SeqCst);
        self.rights.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// See [`crate::Store::write_generation`].
    pub(crate) fn write_generation(&self) -> u64 {
        self.write_generation.load(Ordering::SeqCst)
    }

    /// Connects to the database file, which must exist; for reading only, if the disk cannot be written.
    pub(crate) async fn connect(file: &Path, options: &StoreOptions, disk: Disk) -> Result<Self> {
        let pools = match disk.found() {
            Some(Unwritable::ReadOnly) => connect::to_read(file, options),
            Some(Unwritable::Full) => match connect::to_write(file, options).await {
                Ok(pools) => pools,
                // SQLite needs room for the index of the log, unless the index is still there.
                Err(error) if matches!(error.kind(), ErrorKind::NoSpace | ErrorKind::Io) => {
                    connect::to_read(file, options)
                }
                Err(error) => return Err(error),
            },
            // A file that is opened is where it is.
            Some(Unwritable::Moved) | None => connect::to_write(file, options).await?,
        };
        Ok(Self::of(pools, options, disk))
    }

    /// With those connections.
    pub(crate) fn of(pools: Pools, options: &StoreOptions, disk: Disk) -> Self {
        Self {
            pools: Arc::new(RwLock::new(pools)),
            lock_wait: connect::lock_wait(options),
            write_generation: Arc::default(),
            rights: watch::Sender::default(),
            ended: EndedSessions::default(),
            steady: Arc::default(),
            uses: Uses::default(),
            disk,
            only_deletes: Arc::default(),
        }
    }

    /// The disk that the database lies on.
    pub(crate) const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Whether it was opened for reading only.
    pub(crate) fn only_reads(&self) -> bool {
        self.pools().writer.is_none()
    }

    /// Whether nothing is written but what deletes.
    pub(crate) fn only_deletes(&self) -> bool {
        self.only_deletes.load(Ordering::SeqCst)
    }

    /// Says whether nothing is written but what deletes.
    pub(crate) fn set_only_deletes(&self, only_deletes: bool) {
        self.only_deletes.store(only_deletes, Ordering::SeqCst);
    }

    /// Folds the log into the database and cuts it to no bytes, so that it does not take the room that is there for deleting.
    pub(crate) async fn fold_log(&self) {
        let Some(writer) = self.pools().writer else { return };
        let folded = async {
            let mut connection = sound(&writer).await?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await
        };
        if let Err(error) = folded.await {
            tracing::debug!(%error, "the log of the database could not be folded in");
        }
    }

    /// Uses these connections from now on, and returns the former ones.
    pub(crate) fn replace(&self, pools: Pools) -> Pools {
        std::mem::replace(&mut *self.pools.write().unwrap_or_else(PoisonError::into_inner), pools)
    }

    fn pools(&self) -> Pools {
        // Every change is one operation, so a poisoned lock leaves a whole value.
        self.pools.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection that writes; where there is none, the cause as an error.
    fn writer(&self) -> Result<SqlitePool> {
        if self.disk.is_read_only() {
            return Err(Unwritable::ReadOnly.error());
        }
        match self.disk.found() {
            // After an error a file system refuses writes without saying that it is read-only. Into a file without a name
            // nothing is written, because it is gone with this process.
            Some(why @ (Unwritable::ReadOnly | Unwritable::Moved)) => return Err(why.error()),
            Some(Unwritable::Full) | None => {}
        }
        let why = || self.disk.found().unwrap_or(Unwritable::Full).error();
        self.pools().writer.ok_or_else(why)
    }

    /// Begins a write that deletes, which is also possible while a full disk has room for that alone.
    pub(crate) async fn write_to_delete(&self, what: &'static str) -> Result<WriteTx> {
        self.begin(what, self.writer()?).await
    }

    /// Begins a write, waiting at most the busy timeout for this process's and other processes' writers; under a
    /// [`crate::Patience`], what is left of that.
    pub(crate) async fn write(&self, what: &'static str) -> Result<WriteTx> {
        let writer = self.writer()?;
        if self.only_deletes() {
            return Err(Unwritable::Full.error());
        }
        self.begin(what, writer).await
    }

    async fn begin(&self, what: &'static str, writer: SqlitePool) -> Result<WriteTx> {
        let wait = Wait::begin(self.lock_wait);
        let deadline = wait.deadline;
        loop {
            let connection = tokio::time::timeout_at(deadline, sound(&writer)).await;
            let connection = connection.map_err(|_| busy(what))?.map_err(sql(what))?;
            match Transaction::begin(connection, Some("BEGIN IMMEDIATE".into_sql_str())).await {
                Ok(transaction) => {
                    let write_generation = WriteGeneration(Some(Arc::clone(&self.write_generation)));
                    let given_up = GivenUp(Some(self.disk.clone()));
                    return Ok(WriteTx { transaction, given_up, write_generation, failures: Vec::new() });
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
        let connection = sound(&self.pools().readers).await.map_err(sql(what))?;
        Transaction::begin(connection, None).await.map_err(sql(what))
    }

    /// A connection for a single reading statement.
    pub(crate) async fn reader(&self, what: &'static str) -> Result<PoolConnection<Sqlite>> {
        sound(&self.pools().readers).await.map_err(sql(what))
    }

    /// Lets the database grow by at most that many pages, or freely again (a full disk, for tests).
    #[cfg(feature = "testsuite")]
    pub(crate) async fn limit_pages(&self, more: Option<u32>) -> Result<()> {
        const WHAT: &str = "limiting the database's size";
        let mut connection = sound(&self.writer()?).await.map_err(sql(WHAT))?;
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
        self.write_ended(wait).await?;
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

    /// Removes the rows of sessions that were ended while that could not be stored.
    async fn write_ended(&self, wait: Duration) -> Result<()> {
        const WHAT: &str = "removing ended sessions";
        let ended = self.ended.to_remove();
        if ended.is_empty() {
            return Ok(());
        }
        let mut tx = Patience::new(wait).over(self.write_to_delete(WHAT)).await?;
        for secret in &ended {
            sqlx::query("DELETE FROM session WHERE secret = ?")
                .bind(&secret[..])
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        commit(tx, WHAT).await?;
        ended.iter().for_each(|secret| self.ended.forget(secret));
        Ok(())
    }

    /// Folds the write-ahead log into the database and closes every connection.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.write_uses(LAST_WAIT).await {
            tracing::debug!(%error, "when things were last used is not stored");
        }
        let Pools { writer, readers } = self.pools();
        readers.close().await;
        let Some(writer) = writer else { return };
        if let Ok(mut connection) = writer.acquire().await {
            // Both are only for comfort: the next opening does the same work where this could not.
            for statement in ["PRAGMA optimize", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                if let Err(error) = sqlx::query(statement).execute(&mut *connection).await {
                    tracing::debug!(%error, statement, "not done while closing the store");
                }
            }
        }
        writer.close().await;
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
    let WriteTx { transaction, mut given_up, write_generation, failures } = transaction;
    let committed = transaction.commit().await;
    drop(write_generation);
    let committed = committed.map_err(sql(what));
    match (&committed, &given_up.0) {
        (Err(error), Some(disk)) if error.kind() == ErrorKind::NoSpace => disk.check_soon(),
        (Ok(()), _) => given_up.0 = None,
        _ => {}
    }
    committed?;
    failures.iter().for_each(Failure::tell);
    Ok(())
}
