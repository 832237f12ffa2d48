//! Watching library folders: something changed there, and it is quiet again.
//!
//! Every change only makes its whole folder dirty; when the folder has been quiet for a while, it is scanned.
//! A scan of an unchanged tree is cheap (it opens no file), so nothing is gained by scanning parts, and
//! nothing can be missed by it. Files that are still being written are put off by the scan itself.
//!
//! Where the kernel cannot watch (its limit of watches is reached, a network file system, storage that is
//! away), the folder is scanned from time to time instead.

mod folder_watcher;
mod pending_changes;
mod quiet;

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    time::Duration,
};

use fanfare_channel::detached::detached;
use fanfare_model::{FolderId, library::Folder};
use fanfare_store::Store;
use tokio::{sync::watch, time::Instant};

pub(crate) use self::pending_changes::PendingChanges;
use self::{
    folder_watcher::{FolderChange, FolderWatcher, Looked},
    quiet::Quiet,
};
use crate::{
    scan::scheduler::{Cause, ScanScheduler},
    text::READ_REMEDY,
};

/// How often watching is set up again where it failed, and lost mounts are noticed.
const LOOK_AFTER: Duration = Duration::from_secs(60);
/// How often the table of mounts is looked at: reading a few kilobytes of memory.
const LOOK_AT_MOUNTS: Duration = Duration::from_secs(5);
/// How often folders that cannot be watched are scanned, unless the settings say otherwise.
const FALLBACK_POLL: Duration = Duration::from_secs(15 * 60);

/// How folders are watched.
#[derive(Debug, Clone)]
pub(crate) struct WatchOptions {
    /// Whether to ask the kernel at all.
    pub(crate) watch: bool,
    /// Scan everything that often, watched or not.
    pub(crate) poll_interval: Option<Duration>,
}

/// A folder that is looked after.
struct Watched {
    folder: Folder,
    folder_watcher: Option<FolderWatcher>,
    /// A look at it is under way; on storage that hangs it may never end.
    looking: bool,
    quiet: Quiet,
    polled: Instant,
    /// The log says that it cannot be watched.
    blind_told: bool,
    /// Folders in it of which the log says that they cannot be watched.
    left_out_told: HashSet<PathBuf>,
}

/// Looks after the library's folders until the stop is told.
pub(crate) async fn run(
    store: Store,
    scheduler: ScanScheduler,
    options: WatchOptions,
    pending_changes: PendingChanges,
    mut stop: watch::Receiver<bool>,
) {
    let mut watched: BTreeMap<FolderId, Watched> = BTreeMap::new();
    let mut look_after = tokio::time::interval(LOOK_AFTER);
    let mut look_at_mounts = tokio::time::interval(LOOK_AT_MOUNTS);
    loop {
        let due = watched.values().filter_map(|folder| folder.quiet.due()).min();
        let far = Instant::now() + LOOK_AFTER;
        tokio::select! {
            _ = stop.changed() => return,
            seen = pending_changes.take() => {
                for id in seen.changed {
                    if let Some(folder) = watched.get_mut(&id) {
                        folder.quiet.note(Instant::now());
                    }
                }
                for id in seen.blind {
                    if let Some(folder) = watched.get_mut(&id) {
                        folder.folder_watcher = None;
                    }
                }
                for (id, looked) in seen.looked {
                    if let Some(folder) = watched.get_mut(&id) {
                        folder.take_in(looked);
                    }
                }
                if seen.folders {
                    refresh(&store, &mut watched).await;
                    // A folder is watched from the moment it joins, not from the next round on.
                    for folder in watched.values_mut().filter(|folder| folder.folder_watcher.is_none()) {
                        folder.look(&options, &pending_changes);
                    }
                }
            }
            _ = look_after.tick() => {
                refresh(&store, &mut watched).await;
                for folder in watched.values_mut() {
                    folder.look(&options, &pending_changes);
                }
            }
            _ = look_at_mounts.tick() => {
                // What was mounted may be a folder of the library, or hide one.
                for (id, folder) in &mut watched {
                    if scheduler.is_mounted_otherwise(*id, &folder.folder.path) {
                        folder.look(&options, &pending_changes);
                        folder.quiet.note(Instant::now());
                    }
                }
            }
            () = tokio::time::sleep_until(due.unwrap_or(far)) => {}
        }
        let now = Instant::now();
        for (id, folder) in &mut watched {
            let unseen = options.watch && folder.is_unseen();
            let every = options.poll_interval.or_else(|| unseen.then_some(FALLBACK_POLL));
            let poll = every.is_some_and(|every| now.duration_since(folder.polled) >= every);
            if folder.quiet.take_if_due(now) || poll {
                folder.polled = now;
                // Refused only while shutting down.
                let _asked = scheduler.ask(Cause::Quiet, Some(*id)).await;
            }
        }
    }
}

/// Takes up new folders and forgets removed ones.
async fn refresh(store: &Store, watched: &mut BTreeMap<FolderId, Watched>) {
    let folders = match store.catalog().folders().await {
        Ok(folders) => folders,
        Err(error) => return tracing::warn!(%error, "could not read the list of folders to watch"),
    };
    let present: HashSet<FolderId> = folders.iter().map(|folder| folder.id).collect();
    watched.retain(|id, _| present.contains(id));
    for folder in folders {
        let new = || Watched {
            folder: folder.clone(),
            folder_watcher: None,
            looking: false,
            quiet: Quiet::default(),
            polled: Instant::now(),
            blind_told: false,
            left_out_told: HashSet::new(),
        };
        watched.entry(folder.id).or_insert_with(new);
    }
}

impl Watched {
    /// Begins to open an folder_watcher on the folder where there is none, or where what it looks at is not there any
    /// more. What comes of it is put on the pending_changes.
    fn look(&mut self, options: &WatchOptions, pending_changes: &PendingChanges) {
        if !options.watch || std::mem::replace(&mut self.looking, true) {
            return;
        }
        let (id, path, open) = (
            self.folder.id,
            self.folder.path.clone(),
            self.folder_watcher.as_ref().map(|watcher| watcher.open().clone()),
        );
        let (changes, pending_changes) = (pending_changes.clone(), pending_changes.clone());
        let on_change = move |change| {
            changes.note(|seen| {
                if change == FolderChange::NotAllWatched {
                    seen.blind.insert(id);
                }
                seen.changed.insert(id);
            });
        };
        // Watching a large tree takes one call per folder in it.
        let look = detached("watch", move || FolderWatcher::look(&path, open.as_ref(), on_change));
        tokio::spawn(async move {
            let looked =
                look.await.unwrap_or_else(|error| Looked::Blind { error: error.to_string(), limit: false });
            pending_changes.note(|seen| seen.looked.push((id, looked)));
        });
    }

    /// Whether changes to what a scan finds may stay unseen.
    fn is_unseen(&self) -> bool {
        let left_out = |watcher: &FolderWatcher| watcher.left_out().iter().any(|folder| folder.is_listed);
        self.folder_watcher.as_ref().is_none_or(left_out)
    }

    fn take_in(&mut self, looked: Looked) {
        self.looking = false;
        // Another file system is mounted there now, or none: what it holds is new to us. And what changed
        // before a new folder_watcher was open was seen by nobody.
        if matches!(looked, Looked::Open(_))
            || (self.folder_watcher.is_some() && !matches!(looked, Looked::Same))
        {
            self.quiet.note(Instant::now());
        }
        match looked {
            Looked::Same => {}
            Looked::Open(folder_watcher) => {
                self.blind_told = false;
                self.tell_left_out(&folder_watcher);
                self.folder_watcher = Some(folder_watcher);
            }
            Looked::Away => self.folder_watcher = None,
            Looked::Blind { error, limit } => {
                self.folder_watcher = None;
                if !std::mem::replace(&mut self.blind_told, true) {
                    let remedy = if limit {
                        "raise the sysctl fs.inotify.max_user_watches"
                    } else {
                        "nothing is lost"
                    };
                    let path = self.folder.path.display();
                    tracing::warn!(%path, error, remedy, "a folder cannot be watched, it is scanned from time to time");
                }
            }
        }
    }

    /// Says of each folder once that it cannot be watched.
    fn tell_left_out(&mut self, folder_watcher: &FolderWatcher) {
        let left_out = folder_watcher.left_out();
        self.left_out_told.retain(|told| left_out.iter().any(|folder| folder.path == *told));
        for folder in left_out {
            if self.left_out_told.insert(folder.path.clone()) {
                let (path, error) = (folder.path.display(), &folder.error);
                let remedy = if folder.forbidden { READ_REMEDY } else { "nothing is lost" };
                tracing::warn!(%path, error, remedy, "a folder in the library cannot be watched, all others are");
            }
        }
    }
}
