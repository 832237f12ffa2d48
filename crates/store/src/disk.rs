//! [`Disk`]: whether the data folder can be written, and if not, why.
//!
//! A full disk and a read-only one are no damage: what is stored can be read, so everything that only reads goes on, and
//! everything that would write says the cause. Both pass without a restart, so somebody looks again and again.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use fanfare_model::{Error, ErrorKind};
use rustix::fs::{StatVfsMountFlags, statvfs};
use tokio::sync::watch;

/// While everything is well, nothing is written to find that out until the file system says that less is free.
const LITTLE_BYTES: u64 = 4 << 20;
/// What has to fit in for the disk to count as one that is not full: a few pages of the database.
const ENOUGH_BYTES: usize = 64 << 10;
/// The same for one that was full: more, so that it is not full again with the first write.
const ENOUGH_AGAIN_BYTES: usize = 1 << 20;

/// Why nothing can be stored in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    /// No space is left, or none of this user's quota.
    Full,
    /// The file system is mounted read-only, or became so after an error.
    ReadOnly,
}

impl Unwritable {
    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
        }
    }

    /// What happened, without a path: strangers read it, too.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Full => {
                "the disk of the data folder is full: what is there plays, and nothing new is stored"
            }
            Self::ReadOnly => {
                "the disk of the data folder is read-only: what is there plays, and nothing new is stored"
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
        }
    }

    /// The error of a write that is not even tried.
    #[must_use]
    pub fn error(self) -> Error {
        let kind = match self {
            Self::Full => ErrorKind::NoSpace,
            Self::ReadOnly => ErrorKind::Unavailable,
        };
        Error::new(kind, self.sentence()).remedy(self.remedy())
    }

    /// What that error of the system says of the disk, if it says this.
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
    /// Two who look at once must not share a file.
    looks: AtomicU32,
}

impl Disk {
    /// That of this folder, which is taken to be writable until somebody looks.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let (found, _) = watch::channel(None);
        Self { inner: Arc::new(Inner { folder: folder.to_owned(), found, looks: AtomicU32::new(0) }) }
    }

    /// Looks by writing, however much the file system says is free (a quota is seen only so). Blocks; remembers nothing.
    #[must_use]
    pub fn try_writing(&self) -> Option<Unwritable> {
        let enough = match self.found() {
            Some(Unwritable::Full) => ENOUGH_AGAIN_BYTES,
            _ => ENOUGH_BYTES,
        };
        let number = self.inner.looks.fetch_add(1, Ordering::Relaxed);
        let path = self.inner.folder.join(format!(".room-{}-{number}", std::process::id()));
        let written = File::create_new(&path).and_then(|mut file| file.write_all(&vec![0; enough]));
        // Left behind only by a crash in between; the next process of that number writes over none of it.
        let _removed = fs::remove_file(&path);
        written.err().as_ref().and_then(Unwritable::of)
    }

    /// Looks, and writes only where that is needed to know: a healthy disk is asked for its figures alone. Blocks;
    /// remembers nothing.
    #[must_use]
    pub fn look(&self) -> Option<Unwritable> {
        // What cannot be asked is in other trouble, which its users tell.
        let figures = statvfs(&self.inner.folder).ok()?;
        if figures.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Some(Unwritable::ReadOnly);
        }
        let free = figures.f_bavail.saturating_mul(figures.f_frsize);
        if self.found().is_none() && free >= LITTLE_BYTES { None } else { self.try_writing() }
    }

    /// Whether the file system is read-only at this moment: one call that reads no disk.
    pub(crate) fn is_read_only(&self) -> bool {
        statvfs(&self.inner.folder).is_ok_and(|figures| figures.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// What was found last.
    #[must_use]
    pub fn found(&self) -> Option<Unwritable> {
        *self.inner.found.borrow()
    }

    /// Remembers what was found; the log tells a change.
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

    /// Resolves when it can be written, as far as somebody looked.
    pub async fn until_writable(&self) {
        let mut found = self.inner.found.subscribe();
        // The sender lives as long as `self`.
        let _writable = found.wait_for(Option::is_none).await;
    }
}

#[cfg(test)]
mod tests {
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
        for (why, kind) in
            [(Unwritable::Full, ErrorKind::NoSpace), (Unwritable::ReadOnly, ErrorKind::Unavailable)]
        {
            let error = why.error();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains("nothing needs to be restarted"), "{error}");
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
}
