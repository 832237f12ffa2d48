//! Whether the storage of the blobs (`blobs` in the data folder) is there: checked again and again, because it may be a disk of
//! its own that is unmounted and mounted while the server runs.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{BlobKind, place};
use crate::trouble::StorageTrouble;

/// How long a check may take: storage that hangs never answers.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Why the blobs cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlobsAway {
    /// Their folder is not there, or is an empty mount point.
    NotThere,
    /// Their folder may not be read, or its disk fails.
    Unreadable,
    /// Their storage gives no answer.
    Hangs,
}

/// What a person can do about all of them.
const REMEDY: &str = "connect the storage of the folder `blobs` in the data folder, or move the folder back: the server then goes on by \
                      itself, and nothing is deleted meanwhile; if it is gone permanently, restore a backup (`fanfare restore DIR`)";

impl BlobsAway {
    pub(crate) const fn trouble(self) -> StorageTrouble {
        let sentence = match self {
            Self::NotThere => {
                "the storage of uploads and covers is not there: uploads do not play and none is taken; what is in library folders plays"
            }
            Self::Unreadable => {
                "the storage of uploads and covers cannot be read: uploads do not play and none is taken; what is in library folders plays"
            }
            Self::Hangs => {
                "the storage of uploads and covers gives no answer: uploads do not play and none is taken; what is in library folders plays"
            }
        };
        StorageTrouble { state: "uploads-away", sentence, remedy: REMEDY }
    }
}

/// Checks the storage of the blobs, and remembers what was found. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct BlobsWatch {
    root: PathBuf,
    found: Arc<Mutex<Option<BlobsAway>>>,
}

impl BlobsWatch {
    /// Of the blobs in that folder, which count as being there until they are checked.
    pub(crate) fn of(root: PathBuf) -> Self {
        Self { root, found: Arc::default() }
    }

    /// The result of the last check.
    pub(crate) fn found(&self) -> Option<BlobsAway> {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks; on storage that hangs it comes back only when that answers, and what is known until then is told.
    pub(crate) async fn look(&self) {
        let root = self.root.clone();
        let mut looking = tokio::task::spawn_blocking(move || look(&root));
        let looked = match tokio::time::timeout(ANSWER_TIME, &mut looking).await {
            Ok(looked) => looked,
            Err(_) => {
                self.note(Some(BlobsAway::Hangs));
                looking.await
            }
        };
        if let Ok(Some(found)) = looked {
            self.note(found);
        }
    }

    /// Remembers what was found, and logs a change.
    fn note(&self, found: Option<BlobsAway>) {
        let before =
            std::mem::replace(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner), found);
        let folder = self.root.display();
        match (before, found) {
            (before, found) if before == found => {}
            (_, Some(away)) => {
                let trouble = away.trouble();
                tracing::error!(%folder, remedy = trouble.remedy, "{}", trouble.sentence);
            }
            (_, None) => tracing::info!(%folder, "the storage of uploads and covers is there again"),
        }
    }
}

/// What is found there now; `None` when that cannot be told, because this process may open no more files.
pub(crate) fn look(root: &std::path::Path) -> Option<Option<BlobsAway>> {
    for kind in BlobKind::ALL {
        match place::look(root, *kind) {
            Ok(()) => {}
            Err(error) if is_ours(&error) => return None,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Some(Some(BlobsAway::NotThere));
            }
            Err(_) => return Some(Some(BlobsAway::Unreadable)),
        }
    }
    Some(None)
}

/// Whether the reason is a limit of this process or machine, and not the storage.
fn is_ours(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let limits = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::INTR];
    error.raw_os_error().is_some_and(|code| limits.iter().any(|limit| limit.raw_os_error() == code))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Issue 12: nothing said that the uploads' storage was away.
    #[tokio::test]
    async fn storage_that_goes_and_comes_back_is_noticed_whatever_is_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (root, kept) = (folder.path().join("blobs"), folder.path().join("kept"));
        for kind in BlobKind::ALL {
            place::make(&root, *kind).unwrap();
        }
        let watch = BlobsWatch::of(root.clone());
        let found = async || {
            watch.look().await;
            watch.found()
        };
        assert_eq!(found().await, None);
        fs::rename(&root, &kept).unwrap();
        assert_eq!(found().await, Some(BlobsAway::NotThere));
        fs::create_dir(&root).unwrap();
        assert_eq!(found().await, Some(BlobsAway::NotThere), "an empty mount point");
        fs::remove_dir(&root).unwrap();
        fs::write(&root, "a file").unwrap();
        assert_eq!(found().await, Some(BlobsAway::NotThere), "a file in its place");
        fs::remove_file(&root).unwrap();
        std::os::unix::fs::symlink(&root, &root).unwrap();
        assert_eq!(found().await, Some(BlobsAway::Unreadable), "a link that leads nowhere");
        fs::remove_file(&root).unwrap();
        fs::rename(&kept, &root).unwrap();
        assert_eq!(found().await, None);
        fs::remove_dir_all(root.join("upload")).unwrap();
        assert_eq!(found().await, Some(BlobsAway::NotThere), "one kind alone");
    }
}
