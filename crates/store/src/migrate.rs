//! Bringing a database to the schema this program knows: forward only, all steps in one transaction.
//!
//! The schema's number is SQLite's `user_version`; `application_id` says that the file is ours. A database
//! is at one schema or at the next, never between.

use std::time::Duration;

use fanfare_model::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use tokio::time::Instant;

use crate::{
    db::{Db, commit},
    disk::Unwritable,
    error::sql,
};

/// The steps, in order; step 1 makes schema 1. A released step is never edited.
const STEPS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_library.sql"),
    include_str!("../../../migrations/sqlite/0002_suspects.sql"),
    include_str!("../../../migrations/sqlite/0003_doors.sql"),
    include_str!("../../../migrations/sqlite/0004_cache.sql"),
    include_str!("../../../migrations/sqlite/0005_mixtapes.sql"),
    include_str!("../../../migrations/sqlite/0006_former_bytes.sql"),
    include_str!("../../../migrations/sqlite/0007_quota.sql"),
    include_str!("../../../migrations/sqlite/0008_task_kinds.sql"),
    include_str!("../../../migrations/sqlite/0009_presence.sql"),
    include_str!("../../../migrations/sqlite/0010_quarantine.sql"),
    include_str!("../../../migrations/sqlite/0011_attempts.sql"),
    include_str!("../../../migrations/sqlite/0012_covers.sql"),
    include_str!("../../../migrations/sqlite/0013_former_places.sql"),
    include_str!("../../../migrations/sqlite/0014_transcode_sums.sql"),
    include_str!("../../../migrations/sqlite/0015_folding.sql"),
    include_str!("../../../migrations/sqlite/0016_session_use.sql"),
];

/// `FANF`: marks the file as ours in SQLite's header.
const APPLICATION_ID: i64 = 0x46_41_4e_46;

/// How often a worker looks whether the server has brought the schema up to date.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The newest schema that this program knows.
pub(crate) const fn newest() -> i64 {
    STEPS.len() as i64
}

/// What is being done here.
const WHAT: &str = "bringing the database up to date";

/// Brings the database up to date.
pub(crate) async fn migrate(db: &Db) -> Result<()> {
    let found = version(&mut *db.reader(WHAT).await?).await?;
    if found.is_current()? {
        return Ok(());
    }
    let mut transaction = db.write(WHAT).await?;
    // Looked at again under the lock: another server may have been faster.
    let found = version(&mut transaction).await?;
    if found.is_current()? {
        return Ok(());
    }
    if found.schema == 0 && found.tables > 0 {
        return Err(Error::new(ErrorKind::Conflict, "the database file belongs to another program")
            .remedy("choose another data folder"));
    }
    let was = found.schema;
    let failed = move |error| match sql(WHAT)(error) {
        full if full.kind() == ErrorKind::NoSpace && was > 0 => too_old(was, Unwritable::Full).because(full),
        other => other,
    };
    for (step, number) in STEPS.iter().zip(1_i64..) {
        if number > found.schema {
            sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(failed)?;
        }
    }
    for (pragma, value) in [("application_id", APPLICATION_ID), ("user_version", newest())] {
        // A pragma takes no bound values; both are numbers from this file.
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA {pragma} = {value}")))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    commit(transaction, WHAT).await?;
    match was {
        0 => tracing::info!(schema = newest(), "made a new database"),
        _ => tracing::info!(from = was, to = newest(), "brought the database up to date"),
    }
    Ok(())
}

/// Refuses a database that has to be brought up to date, if the disk cannot be written.
pub(crate) async fn refuse_old(db: &Db, why: Unwritable) -> Result<()> {
    let found = version(&mut *db.reader("reading the database's schema").await?).await?;
    if found.is_current()? { Ok(()) } else { Err(too_old(found.schema, why)) }
}

fn too_old(schema: i64, why: Unwritable) -> Error {
    let (newest, cause) = (newest(), why.as_str());
    let kind = why.error().kind();
    let message = format!(
        "the database has schema {schema} and this program needs {newest}; it cannot be brought up to date, because \
         the disk of the data folder is {cause}; nothing was changed"
    );
    let remedy = match why {
        Unwritable::Full => "make room on that disk (as much again as the database has), then start again",
        Unwritable::ReadOnly | Unwritable::Moved => {
            "make that disk writable (`mount -o remount,rw`), then start again"
        }
    };
    Error::new(kind, message).remedy(remedy)
}

/// Waits until somebody else has brought the database up to date; refuses when nobody does.
pub(crate) async fn wait_until_current(db: &Db, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        let found = version(&mut *db.reader("reading the database's schema").await?).await?;
        if found.is_current()? {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let (found, needed) = (found.schema, newest());
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the database has schema {found}, this program needs {needed}"),
            )
            .remedy("start `fanfare serve` of the same version once; it brings the database up to date"));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What a database says about itself.
struct Found {
    schema: i64,
    tables: i64,
}

impl Found {
    /// Whether nothing is to be done; an error when the schema is from the future.
    fn is_current(&self) -> Result<bool> {
        if self.schema > newest() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "the database was written by a newer fanfare: it has schema {}, this one knows {}",
                    self.schema,
                    newest()
                ),
            )
            .remedy("use the newer version; or restore a backup that this one made, into a new folder (`fanfare restore BACKUP --data NEW`)"));
        }
        Ok(self.schema == newest())
    }
}

async fn version(connection: &mut SqliteConnection) -> Result<Found> {
    let row = sqlx::query(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(connection)
    .await
    .map_err(sql("reading the database's schema"))?;
    Ok(Found { schema: row.get(0), tables: row.get(1) })
}
