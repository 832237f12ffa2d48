//! A copy of a data folder in another folder, made while a server runs, and a data folder made of such a copy.
//!
//! Vocabulary: a *backup* is a folder with a manifest, a database of one moment (the *snapshot*), and the blobs that its
//! rows name. Blobs have the names that they have in the data folder: the hash of their bytes. One that is there is read, and
//! copied again only if it is damaged.
//!
//! Invariants: the manifest is written last, by a rename, and names the snapshot: a backup that was interrupted is the one
//! before it, or none; every byte that is copied is hashed on the way and compared with its name; what can be made again
//! (transcodes, streams of library tracks) is left out, and so are the rows that name it; a whole copy in a backup is
//! never replaced by a damaged one; a restore puts only what is whole in place, and names the rest.

mod copy;
mod damaged;
mod errors;
mod files;
mod folder;
mod left_out;
mod libraries;
mod manifest;
mod named;
mod other;
mod restore;
mod snapshot;

pub use crate::file_work::Found;
pub use copy::Step;
pub use damaged::Damaged;
pub use folder::refuse_overlap;
pub use manifest::{Kept, MANIFEST_FILE, Manifest};
pub use restore::{Restored, refuse_data, restore};

use std::path::Path;

use fanfare_model::{Result, Timestamp};

use crate::Store;
use copy::{Verified, copy_missing};

/// Snapshots taken at most, because uploads were deleted while their bytes were to be copied; the last holds writers up.
const SNAPSHOTS: u32 = 4;

/// What a backup did.
#[derive(Debug, Clone)]
pub struct BackedUp {
    /// What the backup holds.
    pub manifest: Manifest,
    /// Files that were copied now; the others were there, and whole.
    pub copied: u64,
    /// Of those, files that were in the backup and damaged there.
    pub mended: u64,
    /// The bytes that were copied.
    pub copied_bytes: u64,
    /// Files of the data folder that are missing or damaged and of which the backup has, and keeps, a whole copy.
    pub only_here: Vec<Damaged>,
}

/// What a backup is made with.
#[derive(Debug, Clone, Copy)]
pub struct BackupOptions<'a> {
    /// The settings file, if there is one.
    pub settings: Option<&'a Path>,
    /// The program's version.
    pub version: &'a str,
    /// The time.
    pub now: Timestamp,
    /// Whether a backup that seems to be that of another installation is replaced.
    pub replace: bool,
}

/// Brings a backup up to date, or makes one in a folder that is empty or not there.
///
/// # Errors
/// `Conflict` for a folder that is neither empty nor a backup, and for the backup of another installation; `Busy` while another backup is made there; `NoSpace`, `Io`,
/// `Unavailable`. Then the backup is what it was before.
pub async fn backup(
    store: &Store,
    data: &Path,
    target: &Path,
    options: BackupOptions<'_>,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<BackedUp> {
    libraries::refuse_backup(store, target).await?;
    folder::refuse_cache(target, store.catalog().cache().root())?;
    let (place, before) = folder::open(data, target)?;
    let (mut copied, mut mended, mut copied_bytes) = (0, 0, 0);
    let (mut verified, mut taken) = (Verified::new(), 0);
    let (snapshot, named, mut damaged, only_here) = loop {
        taken += 1;
        // Where nothing can be written, nothing is deleted meanwhile.
        let is_last = taken == SNAPSHOTS || store.only_reads().is_some();
        let hold =
            if is_last && store.only_reads().is_none() { Some(store.hold_writers().await?) } else { None };
        let snapshot = snapshot::take(store, data, &place).await?;
        let named = snapshot.named().await?;
        if let Some(before) = before.as_ref().filter(|_| !options.replace)
            && let Err(error) = other::refuse(&place, before, snapshot.path(), &named).await
        {
            snapshot.remove();
            return Err(error);
        }
        let done = copy_missing(store, &place, &named, &mut verified, progress).await?;
        copied += done.copied;
        mended += done.mended;
        copied_bytes += done.bytes;
        drop(hold);
        // Deleted after the snapshot was taken: another one does not name it.
        if done.missing.is_empty() || is_last {
            break (snapshot, named, [done.damaged, done.missing].concat(), done.only_here);
        }
        snapshot.remove();
    };
    let only_here = still_needed(store, only_here).await?;
    snapshot.add_titles(&mut damaged).await?;
    let manifest = Manifest {
        format: manifest::FORMAT,
        version: options.version.to_owned(),
        created_ms: options.now.0,
        database: snapshot.file().await?,
        settings: folder::copy_settings(&place, options.settings)?,
        kept: named.kept(&place),
        damaged,
    };
    // Once for all files, before anything says that they are there.
    folder::sync(&place)?;
    manifest.store(&place)?;
    folder::tidy(&place, &manifest, before.as_ref(), &named);
    Ok(BackedUp { manifest, copied, mended, copied_bytes, only_here })
}

/// Those that the database still names, with titles: what was deleted meanwhile is not lost.
async fn still_needed(store: &Store, found: Vec<Damaged>) -> Result<Vec<Damaged>> {
    let mut needed = Vec::new();
    for mut file in found {
        if let Some(titles) = store.catalog().titles_of_blob(&file.kind, &file.name).await? {
            file.titles = titles;
            needed.push(file);
        }
    }
    Ok(needed)
}
