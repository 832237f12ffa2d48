//! Looking again and again whether the data folder can be written, and whether the database is still the file that was opened.

use std::{path::Path, time::Duration};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{
    Store, connect,
    disk::{Disk, Unwritable},
    reserve,
    store::Parts,
};

/// How often a disk that can be written is checked, and how often one that cannot.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The pause after a check, however many writes fail.
const PAUSE: Duration = Duration::from_millis(250);

impl Store {
    /// Why nothing can be stored, by the last check.
    #[must_use]
    pub fn unwritable(&self) -> Option<Unwritable> {
        self.inner.db.disk().found()
    }

    /// Why no write is tried at all: the database is open for reading only, its disk is read-only, or its file was moved.
    #[must_use]
    pub fn only_reads(&self) -> Option<Unwritable> {
        let found = self.unwritable()?;
        let db = &self.inner.db;
        (found != Unwritable::Full || db.only_reads() || db.only_deletes()).then_some(found)
    }

    /// Whether tracks and files can be deleted though nothing else can be written.
    #[must_use]
    pub fn only_deletes(&self) -> bool {
        self.unwritable() == Some(Unwritable::Full) && self.inner.db.only_deletes()
    }

    /// Checks whether the data folder can be written. If it could not be written before and now can, this first does what opening
    /// left out: it opens the database again, for writing, and tidies up the folder.
    pub async fn look_at_disk(&self) -> Option<Unwritable> {
        let disk = self.inner.db.disk();
        let store = self.clone();
        let look = move |disk: &Disk| if store.is_moved() { Some(Unwritable::Moved) } else { disk.look() };
        let Ok(found) = detached(disk, look).await else { return disk.found() };
        if found.is_none()
            && let Err(error) = self.open_to_write().await
        {
            tracing::warn!(%error, "the disk of the data folder can be written, but the database could not be opened for writing yet");
            return disk.found();
        }
        disk.note(found);
        self.keep_deleting_possible().await;
        found
    }

    /// On a full disk: leaves what room there is to deleting.
    async fn keep_deleting_possible(&self) {
        let Parts { db, options, file, .. } = &*self.inner;
        let begins = options.migrate && !db.only_reads() && !db.only_deletes();
        if begins && makes_room(db.disk(), folder(file)) {
            db.set_only_deletes(true);
        }
        if db.only_deletes() {
            db.fold_log().await;
        }
    }

    /// Whether another file, or none, is where the database was that this process has open.
    fn is_moved(&self) -> bool {
        let opened = &self.inner.opened;
        // Where neither is known (a file system without them, a disk that does not answer), nothing is said.
        opened.is_some_and(|opened| opened.is_elsewhere(&self.inner.file))
    }

    async fn open_to_write(&self) -> Result<()> {
        let db = &self.inner.db;
        if db.only_reads() {
            let pools = connect::to_write(&self.inner.file, &self.inner.options).await?;
            if !db.only_reads() {
                // Another call opened it meanwhile.
                return Ok(());
            }
            let former = db.replace(pools);
            // Reads under way go on to their end.
            tokio::spawn(async move { former.readers.close().await });
        }
        if db.only_deletes() {
            reserve::make(folder(&self.inner.file));
            db.set_only_deletes(false);
        }
        self.tidy_first().await
    }

    /// Checks again and again whether the data folder can be written and its blobs are there, and after the start the database.
    pub async fn watch(&self) {
        tokio::join!(self.watch_disk(), self.watch_blobs(), self.watch_database());
    }

    /// Every second: a person who plays an upload is told at once that its storage is away, and the page should say so soon.
    async fn watch_blobs(&self) {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            self.look_at_blobs().await;
        }
    }

    /// Checks whether the storage of the blobs is there, once their folders were made.
    pub(super) async fn look_at_blobs(&self) {
        let is_first = *self.inner.is_first.lock().await;
        if !is_first {
            self.inner.blobs_watch.look().await;
        }
    }

    /// Every few seconds, and more often while the disk cannot be written. At once after a write that did not fit.
    async fn watch_disk(&self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            let pause = if self.unwritable().is_some() { LOOK_AGAIN } else { LOOK_EVERY };
            // At the end of the pause or after a failed write, whichever is first.
            let _either = tokio::time::timeout(pause, self.inner.db.disk().until_check_is_due()).await;
            self.look_at_disk().await;
        }
    }

    /// Resolves when a check finds that the data folder can be written.
    pub async fn until_writable(&self) {
        self.inner.db.disk().until_writable().await;
    }

    /// Says that a write into the data folder failed in that way: if there was no room, the disk is checked.
    pub fn note_failed_write(&self, error: &Error) {
        if error.kind() == ErrorKind::NoSpace {
            self.inner.db.disk().check_soon();
        }
    }
}

/// The folder of a file.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

/// Whether the disk is full and there is room for deleting, which is made now where it is kept.
pub(super) fn makes_room(disk: &Disk, data: &Path) -> bool {
    disk.found() == Some(Unwritable::Full) && reserve::give_up(data)
}

/// Checks the disk on a thread that may block.
pub(super) async fn detached(
    disk: &Disk,
    look: impl FnOnce(&Disk) -> Option<Unwritable> + Send + 'static,
) -> Result<Option<Unwritable>> {
    let disk = disk.clone();
    let looked = tokio::task::spawn_blocking(move || look(&disk)).await;
    looked.map_err(|error| Error::new(ErrorKind::Internal, format!("a thread of the store ended: {error}")))
}
