//! [`FolderScan`]: one folder to scan, what that takes, and what it came to.

use std::{collections::HashSet, future::Future, sync::Arc, time::Duration};

use fanfare_audio::{CancelFlag, Limits};
use fanfare_channel::detached::{STALLED, attend};
use fanfare_model::{Error, ErrorKind, FolderId, Result, library::Folder};
use fanfare_store::{ScanApplied, Store};

use crate::{live_task::LiveTask, own::OwnFolders, pictures::Pictures, task_tracker::TaskTracker};

/// How often a long scan says in the log how far it is.
pub(super) const SAY_EVERY: Duration = Duration::from_secs(30);

/// Bytes that are compared in one scan at most, because a time of their files is another one: minutes of a disk's time, so
/// that a library with a new owner keeps nobody waiting for long. The next scan goes on.
pub(super) const RECHECK_BYTES: u64 = 4 << 30;
/// Bytes of new files that are read in one scan at most to see whether they are known tracks; likewise.
pub(super) const MOVE_BYTES: u64 = RECHECK_BYTES;

/// One folder to scan, and everything that takes.
pub(crate) struct FolderScan<'a> {
    pub(crate) store: &'a Store,
    pub(crate) folder: &'a Folder,
    pub(crate) task: &'a LiveTask,
    pub(crate) task_tracker: &'a TaskTracker,
    /// Whether what is found is analyzed at once, and not with the next nightly run.
    pub(crate) on_arrival: bool,
    pub(crate) cancel: &'a CancelFlag,
    /// What is passed by wherever it lies in the folder.
    pub(crate) own: &'a OwnFolders,
    pub(crate) limits: &'a Limits,
    /// Where covers are decoded.
    pub(crate) pictures: &'a Pictures,
    /// Held by every thread that asks the folder's storage, so that it is known which are still at it.
    pub(crate) at_it: Arc<()>,
    /// Every file is compared byte by byte.
    pub(crate) full: bool,
    /// How long missing tracks are kept, in ms; `None`: until a user removes them.
    pub(crate) keep_ms: Option<i64>,
    /// The log says that it begins, and how far it is.
    pub(crate) told: bool,
}

/// What the scan of a folder came to.
#[derive(Debug, Default)]
pub(crate) struct FolderOutcome {
    pub(crate) applied: ScanApplied,
    /// Audio files that are there.
    pub(crate) files: u64,
    /// Files that were being written, or are still to be compared: worth another scan soon.
    pub(crate) changing: u64,
    /// The library folder itself is not there.
    pub(crate) not_there: bool,
    /// Folders in it that count as away.
    pub(crate) away: u64,
    /// Files whose bytes were compared.
    pub(crate) compared: u64,
    /// Other library folders that tracks were taken from: worth another scan soon.
    pub(crate) taken_from: HashSet<FolderId>,
    /// What of it was left out, as text.
    pub(crate) left_out: Vec<String>,
    /// Folders in it that could not be read.
    pub(crate) unread: Vec<UnreadFolder>,
}

/// A folder that could not be read: what is in it is not known.
#[derive(Debug)]
pub(crate) struct UnreadFolder {
    /// The path as a person is shown it.
    pub(crate) path: String,
    /// The error, and what to do.
    pub(crate) error: String,
    pub(crate) remedy: String,
}

impl FolderScan<'_> {
    /// Waits for work on the folder's storage; see [`attend`].
    pub(super) async fn attend<T>(
        &self,
        work: impl Future<Output = T>,
        answers: impl Fn() -> u64,
    ) -> Result<T> {
        attend(work, answers, self.cancel, STALLED).await.map_err(|error| match error.kind() {
            ErrorKind::Unavailable => {
                error.context(format!("the folder {} is away", self.folder.path.display()))
            }
            _ => error,
        })
    }

    /// The path as a person is shown it: with its folder, because there may be several.
    pub(super) fn shown(&self, relative: &str) -> String {
        self.folder.path.join(relative).display().to_string()
    }

    pub(super) fn check_cancel(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the scan was cancelled"));
        }
        Ok(())
    }
}
