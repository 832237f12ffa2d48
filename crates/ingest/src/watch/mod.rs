//! Watching library folders: something changed there, and it is quiet again.
//!
//! Every change only makes its whole folder dirty; when the folder has been quiet for a while, it is scanned.
//! A scan of an unchanged tree is cheap (it opens no file), so nothing is gained by scanning parts, and
//! nothing can be missed by it. Files that are still being written are put off by the scan itself.
//!
//! Where the kernel cannot watch (its limit of watches is reached, a network file system, storage that is
//! away), the folder is scanned from time to time instead.

mod eye;
mod quiet;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use fanfare_model::{FolderId, library::Folder};
use fanfare_store::Store;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use self::{
    eye::{Eye, EyeOpened},
    quiet::Quiet,
};
use crate::scan::desk::{Cause, ScanDesk};

/// How often watching is set up again where it failed, and lost mounts are noticed.
const LOOK_AFTER: Duration = Duration::from_secs(60);
/// How often folders that cannot be watched are scanned, unless the settings say otherwise.
const FALLBACK_POLL: Duration = Duration::from_secs(15 * 60);

/// What the watcher is told by eyes and by the rest of the crate.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen {
    /// Something changed in that folder.
    Change(FolderId),
    /// That folder cannot be watched (any more).
    Blind(FolderId),
    /// The list of folders changed.
    Folders,
}

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
    eye: Option<Eye>,
    quiet: Quiet,
    polled: Instant,
}

/// Looks after the library's folders until the stop is told.
pub(crate) async fn run(
    store: Store,
    desk: ScanDesk,
    options: WatchOptions,
    (sender, mut seen): (mpsc::Sender<Seen>, mpsc::Receiver<Seen>),
    mut stop: watch::Receiver<bool>,
) {
    let mut watched: BTreeMap<FolderId, Watched> = BTreeMap::new();
    let mut warned = false;
    let mut look_after = tokio::time::interval(LOOK_AFTER);
    loop {
        let due = watched.values().filter_map(|folder| folder.quiet.due()).min();
        let far = Instant::now() + LOOK_AFTER;
        tokio::select! {
            _ = stop.changed() => return,
            event = seen.recv() => match event {
                Some(Seen::Change(id)) => if let Some(folder) = watched.get_mut(&id) {
                    folder.quiet.note(Instant::now());
                },
                Some(Seen::Blind(id)) => if let Some(folder) = watched.get_mut(&id) {
                    folder.eye = None;
                },
                Some(Seen::Folders) => {
                    refresh(&store, &mut watched).await;
                    // A folder is watched from the moment it joins, not from the next round on.
                    for folder in watched.values_mut().filter(|folder| folder.eye.is_none()) {
                        look(folder, &options, &sender, &mut warned).await;
                    }
                }
                None => return,
            },
            _ = look_after.tick() => {
                refresh(&store, &mut watched).await;
                for folder in watched.values_mut() {
                    look(folder, &options, &sender, &mut warned).await;
                }
            }
            () = tokio::time::sleep_until(due.unwrap_or(far)) => {}
        }
        let now = Instant::now();
        for (id, folder) in &mut watched {
            let unseen = options.watch && folder.eye.is_none();
            let every = options.poll_interval.or_else(|| unseen.then_some(FALLBACK_POLL));
            let poll = every.is_some_and(|every| now.duration_since(folder.polled) >= every);
            if folder.quiet.take_if_due(now) || poll {
                folder.polled = now;
                // Refused only while shutting down.
                let _asked = desk.ask(Cause::Quiet, Some(*id)).await;
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
        let new =
            || Watched { folder: folder.clone(), eye: None, quiet: Quiet::default(), polled: Instant::now() };
        watched.entry(folder.id).or_insert_with(new);
    }
}

/// Opens an eye on the folder where there is none, or where what it looks at is not there any more.
async fn look(watched: &mut Watched, options: &WatchOptions, sender: &mpsc::Sender<Seen>, warned: &mut bool) {
    if !options.watch {
        return;
    }
    if let Some(eye) = &watched.eye {
        if eye.still_looks_at(&watched.folder.path) {
            return;
        }
        // Another file system is mounted there now, or none: what it holds is new to us.
        watched.eye = None;
        watched.quiet.note(Instant::now());
    }
    let (id, path, sender) = (watched.folder.id, watched.folder.path.clone(), sender.clone());
    // Watching a large tree takes one call per folder in it.
    let opened = tokio::task::spawn_blocking(move || Eye::open(id, &path, sender)).await;
    match opened {
        Ok(EyeOpened::Open(eye)) => {
            watched.eye = Some(eye);
            // What changed before the eye was open was seen by nobody.
            watched.quiet.note(Instant::now());
        }
        Ok(EyeOpened::Blind { error, limit }) => {
            if !*warned {
                *warned = true;
                let remedy =
                    if limit { "raise the sysctl fs.inotify.max_user_watches" } else { "nothing is lost" };
                let path = watched.folder.path.display();
                tracing::warn!(%path, error, remedy, "a folder cannot be watched, it is scanned from time to time");
            }
        }
        Ok(EyeOpened::Away) => {}
        Err(error) => tracing::warn!(%error, "setting up the watching of a folder broke off"),
    }
}
