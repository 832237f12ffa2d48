//! Whether SQLite can read all of the database: checked once after the start, and again after a request met a part that it
//! cannot read. A damaged page does no harm until a request needs what is on it.
//!
//! The check reads on a connection of its own, table after table, and ends after [`CHECK_TIME`]. The file is never opened here
//! in another way: closing it would end the locks that SQLite has on it.

use std::{
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use fanfare_model::{ErrorKind, Result};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::{
    BLOB_FOLDER, Store, connect,
    error::{is_malformed, malformed, sql},
    trouble::{DAMAGED, StorageTrouble},
};

/// How long one check may take: it competes with those who listen for the disk.
const CHECK_TIME: Duration = Duration::from_secs(120);
/// The pause after a check, however many requests fail.
const CHECK_AGAIN: Duration = Duration::from_secs(60);
/// How many steps of SQLite's machine pass between two looks at the clock: a few milliseconds.
const STEPS: i32 = 100_000;
const WHAT: &str = "checking the database";

impl Store {
    /// What is wrong with the data folder, by the last checks; the worst if there are several.
    #[must_use]
    pub fn trouble(&self) -> Option<StorageTrouble> {
        let unwritable = self.unwritable().map(|why| StorageTrouble {
            state: why.as_str(),
            sentence: why.sentence(),
            remedy: why.remedy(),
        });
        let damaged = self.inner.is_damaged.load(Ordering::Relaxed).then_some(DAMAGED);
        damaged.or(unwritable).or_else(|| self.uploads_away())
    }

    /// Why uploads cannot be reached, by the last check.
    #[must_use]
    pub fn uploads_away(&self) -> Option<StorageTrouble> {
        self.inner.blobs_watch.found().map(crate::blobs::BlobsAway::trouble)
    }

    /// Why blobs cannot be reached, asked now. For a command: nothing is remembered. Blocks.
    #[must_use]
    pub fn blobs_away(&self) -> Option<StorageTrouble> {
        let root = self.inner.file.with_file_name(BLOB_FOLDER);
        crate::blobs::look_for_blobs(&root).flatten().map(crate::blobs::BlobsAway::trouble)
    }

    /// Checks now, and after a request met damage; ends when damage is found, which only a restart mends.
    pub async fn watch_database(&self) {
        loop {
            let began = Instant::now();
            match self.check_database().await {
                Ok(true) => {
                    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(took_ms, "the database was checked");
                }
                Ok(false) => {
                    let folder = super::watching::folder(&self.inner.file).display();
                    tracing::error!(%folder, remedy = DAMAGED.remedy, "{}", DAMAGED.sentence);
                    self.inner.is_damaged.store(true, Ordering::Relaxed);
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Timeout => {
                    tracing::info!(%error, "the database was checked in part");
                }
                Err(error) => tracing::warn!(%error, "the database could not be checked"),
            }
            malformed().notified().await;
            tokio::time::sleep(CHECK_AGAIN.saturating_sub(began.elapsed())).await;
        }
    }

    /// Whether SQLite can read all of the database.
    ///
    /// # Errors
    /// `Timeout` when it took too long; what the database reports.
    async fn check_database(&self) -> Result<bool> {
        match quick_check(&self.inner.file).await {
            Ok(sound) => Ok(sound),
            Err(error) if is_malformed(&error) => Ok(false),
            Err(error) => Err(match &error {
                sqlx::Error::Database(database) if database.code().as_deref() == Some("9") => {
                    fanfare_model::Error::new(
                        ErrorKind::Timeout,
                        format!("{WHAT} took longer than {} s", CHECK_TIME.as_secs()),
                    )
                }
                _ => sql(WHAT)(error),
            }),
        }
    }
}

async fn quick_check(file: &Path) -> Result<bool, sqlx::Error> {
    let mut connection = connect::second_reader(file).connect().await?;
    let until = Instant::now() + CHECK_TIME;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < until);
    let sound = tables_are_sound(&mut connection).await;
    connection.close().await?;
    sound
}

/// One statement for each table, so that no transaction is long.
async fn tables_are_sound(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
            .fetch_all(&mut *connection)
            .await?;
    for table in tables {
        let statement = format!("PRAGMA quick_check('{}')", table.replace('\'', "''"));
        let said: Option<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_optional(&mut *connection).await?;
        if said.as_deref() != Some("ok") {
            tracing::debug!(table, ?said, "the check of a table");
            return Ok(false);
        }
    }
    Ok(true)
}
