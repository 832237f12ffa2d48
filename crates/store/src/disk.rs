//! [`Disk`]: whether the data folder can be written, and if not, why.
//!
//! On a full or read-only disk nothing is damaged: what is stored can be read. So everything that only reads goes on, and
//! everything that would write reports the cause. Both can end without a restart, so the disk is checked again and again.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use fanfare_model::{Error, ErrorKind};
use rustix::fs::{StatVfsMountFlags, statvfs};
use tokio::sync::{Notify, watch};

use crate::{
    probe::{self, free_bytes, free_bytes_at},
    reserve,
};

/// While the disk can be written, a check writes a test file only if less than this is free.
const LITTLE_BYTES: u64 = 4 << 20;
/// The same for inodes: an upload makes a few dozen files.
const FEW_INODES: u64 = 256;
/// A disk counts as full when this much cannot be written: a few pages of the database.
const ENOUGH_BYTES: usize = 64 << 10;
/// The same for a disk that was full: more, so that it is not full again after the first write.
const ENOUGH_AGAIN_BYTES: usize = 1 << 20;

/// How the names of test files begin; the number of the process follows.
const TEST_FILE: &str = ".room-";

/// Why nothing can be stored in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    /// No space is left, or none of this user's quota.
    Full,
    /// The file system is mounted read-only, or became so after an error.
    ReadOnly,
    /// The database that this process has open is not where it was: it was moved, deleted or replaced.
    Moved,
}

impl Unwritable {
    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Moved => "moved",
        }
    }

    /// What happened, without a path: people who are not signed in read it too.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Full => {
                "the disk of the data folder is full: what is stored still plays, and nothing new is stored"
            }
            Self::ReadOnly => {
                "the disk of the data folder is read-only: what is stored still plays, and nothing new is stored"
            }
            Self::Moved => {
                "the database `fanfare.db` was moved, deleted or replaced while the server runs: what is stored still plays, and \
                 nothing new is stored"
            }
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Full => "make room on that disk; nothing needs to be restarted",
            Self::ReadOnly => {
                "look at the system's log for errors of that disk, and make it writable (`mount -o remount,rw`); nothing needs to be restarted"
            }
            Self::Moved => {
                "move the file back to its place, then the server goes on by itself; to go on with another file there, or with a backup \
                 (`fanfare restore`), stop the server first and start it again"
            }
        }
    }

    /// The error for a write that is not tried at all.
    #[must_use]
    pub fn error(self) -> Error {
        let kind = match self {
            Self::Full => ErrorKind::NoSpace,
            Self::ReadOnly | Self::Moved => ErrorKind::Unavailable,
        };
        Error::new(kind, self.sentence()).remedy(self.remedy())
    }

    /// The state of the disk that a system error reports, if it reports one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(Self::Full),
            io::ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            _ => None,
        }
    }
}

/// The disk that the data folder lies on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Disk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    found: watch::Sender<Option<Unwritable>>,
    /// Number of test files that were written.
    looks: AtomicU32,
    /// A write failed: free space as the file system states it is not believed (it does not know of quotas).
    in_doubt: AtomicBool,
    check_is_due: Notify,
}

impl Disk {
    /// The disk of this folder. It counts as writable until it is checked.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let (found, _) = watch::channel(None);
        Self {
            inner: Arc::new(Inner {
                folder: folder.to_owned(),
                found,
                looks: AtomicU32::new(0),
                in_doubt: AtomicBool::new(false),
                check_is_due: Notify::new(),
            }),
        }
    }

    /// Says that a write failed for lack of room: the next check writes a file, and is made soon.
    pub(crate) fn check_soon(&self) {
        self.doubt();
        self.inner.check_is_due.notify_one();
    }

    /// Says that a write failed, for whatever reason: the next check writes a file.
    pub(crate) fn doubt(&self) {
        self.inner.in_doubt.store(true, Ordering::Relaxed);
    }

    /// Resolves after [`Self::check_soon`].
    pub(crate) async fn until_check_is_due(&self) {
        self.inner.check_is_due.notified().await;
    }

    /// Removes the files of checks that a crash interrupted. A check of another process loses nothing: it goes on writing
    /// into its file.
    pub(crate) fn remove_left_over(&self) {
        probe::remove_left_over(&self.inner.folder, TEST_FILE, ENOUGH_AGAIN_BYTES);
    }

    /// Checks by writing a file, whatever the file system says is free (only this finds a quota). Blocks; remembers nothing.
    #[must_use]
    pub fn try_writing(&self) -> Option<Unwritable> {
        // What is free then is kept for deleting: the disk stays full until there is more.
        if reserve::is_given_up(&self.inner.folder) {
            let Some(free) = free_bytes_at(&self.inner.folder) else { return self.found() };
            if free < reserve::RESERVE_BYTES + ENOUGH_AGAIN_BYTES as u64 {
                return Some(Unwritable::Full);
            }
        }
        let enough = match self.found() {
            Some(Unwritable::Full) => ENOUGH_AGAIN_BYTES,
            _ => ENOUGH_BYTES,
        };
        self.inner.looks.fetch_add(1, Ordering::Relaxed);
        probe::try_writing(&self.inner.folder, TEST_FILE, enough).err().as_ref().and_then(Unwritable::of)
    }

    /// Checks, and writes a file only if that is needed: on a healthy disk only the free space is read. Blocks; remembers
    /// nothing.
    #[must_use]
    pub fn look(&self) -> Option<Unwritable> {
        // If this fails, something else is wrong with the disk, and reads and writes report it; nothing new is known.
        let Ok(figures) = statvfs(&self.inner.folder) else { return self.found() };
        if figures.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Some(Unwritable::ReadOnly);
        }
        let free = free_bytes(&figures);
        // File systems without a fixed number of inodes say 0 of 0.
        let inodes = figures.f_files == 0 || figures.f_favail >= FEW_INODES;
        let is_in_doubt = self.inner.in_doubt.swap(false, Ordering::Relaxed);
        let is_kept = !reserve::is_given_up(&self.inner.folder);
        let is_well = self.found().is_none() && free >= LITTLE_BYTES && inodes && !is_in_doubt && is_kept;
        if is_well { None } else { self.try_writing() }
    }

    /// Whether the file system is read-only now: one system call, which does not read the disk.
    pub(crate) fn is_read_only(&self) -> bool {
        statvfs(&self.inner.folder).is_ok_and(|figures| figures.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// The result of the last check.
    #[must_use]
    pub fn found(&self) -> Option<Unwritable> {
        *self.inner.found.borrow()
    }

    /// Remembers the result of a check, and logs a change.
    pub(crate) fn note(&self, found: Option<Unwritable>) {
        let changed = self.inner.found.send_if_modified(|last| std::mem::replace(last, found) != found);
        let folder = self.inner.folder.display();
        match found {
            _ if !changed => {}
            Some(why) => {
                tracing::error!(%folder, remedy = why.remedy(), "{}", why.sentence());
            }
            None => tracing::info!(%folder, "the disk of the data folder can be written again"),
        }
    }

    /// Resolves when a check finds that the disk can be written.
    pub async fn until_writable(&self) {
        let mut found = self.inner.found.subscribe();
        // The sender lives as long as `self`.
        let _writable = found.wait_for(Option::is_none).await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Issue 12: the cause was a code of the system, or damage.
    #[test]
    fn the_systems_codes_are_told_apart() {
        for (code, found) in [
            (rustix::io::Errno::NOSPC, Some(Unwritable::Full)),
            (rustix::io::Errno::DQUOT, Some(Unwritable::Full)),
            (rustix::io::Errno::ROFS, Some(Unwritable::ReadOnly)),
            (rustix::io::Errno::IO, None),
            (rustix::io::Errno::ACCESS, None),
        ] {
            assert_eq!(Unwritable::of(&code.into()), found, "{code:?}");
        }
        for (why, kind) in [
            (Unwritable::Full, ErrorKind::NoSpace),
            (Unwritable::ReadOnly, ErrorKind::Unavailable),
            (Unwritable::Moved, ErrorKind::Unavailable),
        ] {
            let error = why.error();
            assert_eq!(error.kind(), kind);
            assert!(
                error.to_string().contains(if why == Unwritable::Moved {
                    "by itself"
                } else {
                    "nothing needs to be restarted"
                }),
                "{error}"
            );
            assert!(kind.is_transient(), "work waits for it");
        }
    }

    #[tokio::test]
    async fn a_look_leaves_nothing_behind_and_waiting_ends_when_it_can_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path());
        assert_eq!((disk.try_writing(), disk.look()), (None, None));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        disk.note(Some(Unwritable::Full));
        assert_eq!(disk.found(), Some(Unwritable::Full));
        let waiting = tokio::spawn({
            let disk = disk.clone();
            async move { disk.until_writable().await }
        });
        disk.note(disk.look());
        waiting.await.unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// Issue 12: a quota that ran out was not seen while the file system stated free space.
    #[tokio::test]
    async fn after_a_failed_write_free_space_is_not_believed_but_tried() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path());
        let tried = || disk.inner.looks.load(Ordering::Relaxed);
        assert_eq!((disk.look(), tried()), (None, 0), "a healthy disk is not written to");
        disk.check_soon();
        disk.until_check_is_due().await;
        assert_eq!((disk.look(), tried()), (None, 1));
        assert_eq!((disk.look(), tried()), (None, 1), "and once only");
    }

    /// Issue 12: after a crash such a file stayed permanently, and one of a process with the same number made the check fail.
    #[test]
    fn files_of_checks_that_were_interrupted_are_removed_and_disturb_none() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path());
        for name in [format!(".room-{}-0", std::process::id()), ".room-1-7".to_owned(), "other".to_owned()] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(disk.try_writing(), None);
        disk.remove_left_over();
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["other"]);
    }
}
