//! [`Store`]: an open data folder, and the ways to what is in it. How one is opened is in `open`.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use fanfare_model::Result;
use tokio::sync::{Mutex, watch};

use crate::{
    BlobStore, Catalog, FileBlobStore, JobQueue, People, SqliteJobQueue, StoreOptions,
    blobs::BlobsWatch,
    database_file::Identity,
    db::{Db, WriteTx},
    error::sql,
};

/// How long notes of use wait for other writers: next time will do.
const USES_WAIT: Duration = Duration::from_millis(250);

/// An open data folder. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Parts>,
}

/// The right to write, held by [`Store::hold`].
#[cfg(feature = "testsuite")]
pub struct WriteGuard {
    _transaction: crate::db::WriteTx,
}

pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) catalog: Catalog,
    pub(crate) jobs: SqliteJobQueue,
    pub(crate) blobs: Arc<FileBlobStore>,
    pub(crate) blobs_watch: BlobsWatch,
    /// A check found that a part of the database cannot be read.
    pub(crate) is_damaged: AtomicBool,
    pub(crate) people: People,
    /// The database.
    pub(crate) file: PathBuf,
    /// Which file that was when it was opened.
    pub(crate) opened: Option<Identity>,
    pub(crate) options: StoreOptions,
    /// Whether this process still has to tidy up the data folder.
    pub(crate) is_first: Mutex<bool>,
}

impl Store {
    /// What is known of the music.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// A number that is another one after every write of this process that could change a right or the place of a file. What was
    /// looked up while it was this is still true as far as this process goes while it stays; others
    /// (the worker, the command line) write without it changing.
    #[must_use]
    pub fn write_generation(&self) -> u64 {
        self.inner.db.write_generation()
    }

    /// Changes whenever this process ended a right: a session, a key, a person, what an old password opened.
    #[must_use]
    pub fn rights_changes(&self) -> watch::Receiver<u64> {
        self.inner.db.rights_changes()
    }

    /// Says that a right ended that is not in the database.
    pub fn note_rights_changed(&self) {
        self.inner.db.note_rights_changed();
    }

    /// What is still to do.
    #[must_use]
    pub fn jobs(&self) -> &dyn JobQueue {
        &self.inner.jobs
    }

    /// Bytes that belong to us.
    #[must_use]
    pub fn blobs(&self) -> &dyn BlobStore {
        &*self.inner.blobs
    }

    /// People, sessions, keys.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.inner.people
    }

    /// Writes when keys and transcodes were last used, which requests only note, and removes the rows of sessions that were
    /// ended while that could not be stored. Called by a background task about every
    /// minute; closing does it, too.
    ///
    /// # Errors
    /// As every writing call; after `Busy` the notes are kept for the next time.
    pub async fn write_uses(&self) -> Result<()> {
        self.inner.db.write_uses(USES_WAIT).await
    }

    /// Waits until the database may be written, and writes nothing: for work that is long and ends with a write.
    ///
    /// # Errors
    /// `Busy` when somebody else writes for too long.
    pub async fn writable(&self) -> Result<()> {
        self.inner.db.write("waiting for the right to write").await.map(|mut tx| tx.is_a_note())
    }

    /// Keeps every process from writing the database until that is dropped, which is for moments only.
    pub(crate) async fn hold_writers(&self) -> Result<WriteTx> {
        let mut tx = self.inner.db.write("holding writers up for a backup").await?;
        tx.is_a_note();
        Ok(tx)
    }

    /// Writes everything out and closes. Later calls on any clone fail with `Unavailable`.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Lets the database grow by at most that many pages from now on, or freely again: a full disk, for tests.
    ///
    /// # Errors
    /// As every writing call.
    #[cfg(feature = "testsuite")]
    pub async fn limit_pages(&self, more: Option<u32>) -> Result<()> {
        self.inner.db.limit_pages(more).await
    }

    /// Holds the right to write, as another process may, until what is given is dropped; for tests.
    ///
    /// # Errors
    /// As every writing call.
    #[cfg(feature = "testsuite")]
    pub async fn hold(&self) -> Result<WriteGuard> {
        let mut transaction = self.inner.db.write("holding the database").await?;
        transaction.is_a_note();
        Ok(WriteGuard { _transaction: transaction })
    }

    /// A small query that succeeds when the database answers (readiness).
    ///
    /// # Errors
    /// `Busy` when no reader is free in time, `Unavailable` after [`Self::close`], `Io` or `Internal` when
    /// the database cannot be read.
    pub async fn ping(&self) -> Result<()> {
        const WHAT: &str = "asking the database";
        let mut connection = self.inner.db.reader(WHAT).await?;
        sqlx::query("SELECT count(*) FROM folder")
            .fetch_one(&mut *connection)
            .await
            .map_err(sql(WHAT))
            .map(|_| ())
    }
}
