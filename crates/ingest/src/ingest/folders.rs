//! Library folders: adding and removing them, and removing tracks whose files are missing.

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fanfare_audio::CancelFlag;
use fanfare_channel::{
    clock,
    detached::{self, LOOK_TIME, attend, detached},
};
use fanfare_model::{Error, ErrorKind, FolderId, Presence, Result, Timestamp, TrackId, library::Folder};
use fanfare_store::{KnownFile, Mounts, Store};

use super::Ingest;
use crate::scan::{is_below, scheduler::Cause};

/// How long a scan of the folder is waited for before missing tracks are removed. Files that are back where they were are
/// found without it.
const SCAN_FIRST: Duration = Duration::from_secs(30);

/// What became of missing tracks that were to be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Tracks that were removed.
    pub removed: u64,
    /// Tracks that were not removed, because their files are back.
    pub back: u64,
    /// Tracks that were not removed, because they are missing only since the time that was given.
    pub recent: u64,
}

/// Removes the missing tracks of a library folder permanently, or those below that folder in it (an empty path is all of them).
/// The disk is looked at first: a track whose file is back stays, and the next scan restores it. No file is touched.
/// With `missing_before`, tracks that are missing since that time or later stay as well.
///
/// # Errors
/// `NotFound` when there is no such folder; `Unavailable` when its storage gives no answer: then nothing is removed; errors
/// of the store.
pub async fn remove_missing(
    store: &Store,
    folder: FolderId,
    below: &str,
    missing_before: Option<Timestamp>,
) -> Result<Removed> {
    let catalog = store.catalog();
    let folders = catalog.folders().await?;
    let root = folders.into_iter().find(|known| known.id == folder).map(|known| known.path);
    let root = root.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such folder"))?;
    let mut known = catalog.known_files(folder).await?;
    known.retain(|file| file.presence == Presence::Missing && is_below(&file.relative_path, below));
    let is_recent = |file: &KnownFile| {
        missing_before.is_some_and(|before| file.missing_since.is_none_or(|since| since >= before))
    };
    let recent: Vec<TrackId> = known.iter().filter(|file| is_recent(file)).map(|file| file.id).collect();
    known.retain(|file| !is_recent(file));
    let back = are_back(root, known).await?;
    let stay = [&*back, &*recent].concat();
    let removed = catalog.remove_missing(folder, below, &stay, clock::now()).await?;
    Ok(Removed { removed, back: back.len() as u64, recent: recent.len() as u64 })
}

/// Those whose files are where they were, with the same size.
async fn are_back(root: PathBuf, known: Vec<KnownFile>) -> Result<Vec<TrackId>> {
    let answers = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&answers);
    let looking = detached("missing", move || {
        let is_back = |file: &KnownFile| {
            counted.fetch_add(1, Ordering::Relaxed);
            let meta = fs::metadata(root.join(&file.relative_path));
            meta.is_ok_and(|meta| meta.is_file() && meta.size() == file.size_bytes)
        };
        known.iter().filter(|file| is_back(file)).map(|file| file.id).collect()
    });
    attend(looking, || answers.load(Ordering::Relaxed), &CancelFlag::default(), LOOK_TIME).await?
}

impl Ingest {
    /// As [`remove_missing`], after a scan of the folder: what is back elsewhere is restored as well.
    ///
    /// # Errors
    /// As [`remove_missing`].
    pub async fn remove_missing(&self, folder: FolderId, below: &str) -> Result<Removed> {
        self.inner.scheduler.ask(Cause::Quiet, Some(folder)).await?;
        if tokio::time::timeout(SCAN_FIRST, self.inner.scheduler.all_ended()).await.is_err() {
            tracing::info!(%folder, "missing tracks are removed while a scan goes on");
        }
        let found = remove_missing(&self.inner.store, folder, below, None).await?;
        let Removed { removed, back, .. } = found;
        tracing::info!(%folder, below, removed, back, "removed missing tracks on request");
        self.inner.work_queues.count().await;
        // What stands in place of what was removed is found now. Refused only while shutting down.
        let _asked = self.inner.scheduler.ask(Cause::Quiet, Some(folder)).await;
        Ok(found)
    }

    /// Folders that the last scan of each library folder left out (of systems, of other programs, of Fanfare itself), as text.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        self.inner.scheduler.left_out()
    }

    /// How many days missing tracks are kept from the next scan on; 0: until a user removes them.
    pub fn set_keep_missing(&self, days: u32) {
        self.inner.scheduler.keep_missing(days);
    }

    /// How long the server must have watched since its start, or since its clock jumped, before missing tracks are removed by
    /// themselves: a day unless told.
    pub fn remove_missing_after(&self, watched_for: Duration) {
        self.inner.scheduler.remove_after(watched_for);
    }

    /// Adds a folder to the library and scans it; adding one that belongs to it already only scans it.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied` or `Invalid` when it is no readable folder, lies in (or around) one
    /// that belongs to the library, or in what Fanfare itself keeps; `Unavailable` when its storage gives no answer; errors of the store.
    pub async fn add_folder(&self, path: &Path) -> Result<Folder> {
        let (wanted, own) = (path.to_owned(), self.inner.own.clone());
        let others = self.inner.store.catalog().folders().await?;
        let path = detached::look(move || {
            own.refuse(&wanted)?;
            let path = real_folder(&wanted)?;
            refuse_overlap(&path, &others).map(|()| path)
        });
        let path = path.await??;
        let folder = self.inner.store.catalog().add_folder(&path, clock::now()).await?;
        self.inner.pending_changes.note(|seen| seen.folders = true);
        self.inner.scheduler.ask(Cause::Start, Some(folder.id)).await?;
        Ok(folder)
    }

    /// Takes a folder and its tracks out of the library; its files are never touched.
    ///
    /// # Errors
    /// `NotFound`; errors of the store.
    pub async fn remove_folder(&self, id: FolderId) -> Result<()> {
        self.inner.store.catalog().remove_folder(id).await?;
        self.inner.pending_changes.note(|seen| seen.folders = true);
        self.inner.task_tracker.count().await;
        Ok(())
    }
}

/// Refuses a folder that lies in one that belongs to the library, or around it, also by another mount: its files would be tracks
/// twice. One that is in the library by this path already is in it, whatever lies in it.
fn refuse_overlap(path: &Path, others: &[Folder]) -> Result<()> {
    if others.iter().any(|other| other.path == path) {
        return Ok(());
    }
    let mounts = Mounts::now();
    let overlaps = |other: &&Folder| mounts.lies_in(path, &other.path) || mounts.lies_in(&other.path, path);
    let Some(other) = others.iter().find(overlaps) else { return Ok(()) };
    let message = format!("the folder overlaps with {}", other.path.display());
    Err(Error::new(ErrorKind::Invalid, message).remedy("remove that one first"))
}

/// The folder's real path, if it is a folder that can be listed.
fn real_folder(path: &Path) -> Result<PathBuf> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(
            Error::new(ErrorKind::Invalid, "the path is empty, or holds a zero byte").remedy("name a folder")
        );
    }
    let named = || format!("open the folder {}", path.display());
    let real = path.canonicalize().map_err(|error| Error::from_io(named(), error))?;
    if !real.is_dir() {
        return Err(Error::new(ErrorKind::Invalid, format!("{} is no folder", path.display())));
    }
    std::fs::read_dir(&real).map_err(|error| Error::from_io(named(), error))?;
    Ok(real)
}
