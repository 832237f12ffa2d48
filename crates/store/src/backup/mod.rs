//! A copy of a data folder in another folder, made while a server runs, and a data folder made of such a copy.
//!
//! Vocabulary: a *backup* is a folder with a manifest, a database of one moment (the *snapshot*), and the blobs that its
//! rows name. Blobs have the names that they have in the data folder, so one that is there is not copied again.
//!
//! Invariants: the manifest is written last, by a rename, and names the snapshot: a backup that was interrupted is the one
//! before it, or none; every byte that is copied is hashed on the way and compared with its name; what can be made again
//! (smaller files, streams of library tracks) is left out, and so are the rows that name it.

mod copy;
mod folder;
mod manifest;
mod restore;
mod snapshot;

pub(crate) use copy::hash_of;
pub use copy::{Damaged, Found};
pub use manifest::{Kept, MANIFEST_FILE, Manifest};
pub use restore::{Restored, restore};

use std::path::Path;

use fanfare_model::{Error, ErrorKind, Result, Timestamp};

use crate::Store;
use copy::copy_missing;

/// Snapshots taken at most, because uploads were deleted while their bytes were to be copied; the last holds writers up.
const SNAPSHOTS: u32 = 4;

/// How far a backup or a restore is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Files done.
    pub done: u64,
    /// Files in all.
    pub files: u64,
    /// Bytes copied so far.
    pub bytes: u64,
}

/// What a backup did.
#[derive(Debug, Clone)]
pub struct BackedUp {
    /// What the backup holds.
    pub manifest: Manifest,
    /// Files that were copied now; the others were there.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
}

/// Brings a backup up to date, or makes one in a folder that is empty or not there. `settings` is the settings file, if
/// there is one; `version` the program's.
///
/// # Errors
/// `Conflict` for a folder that is neither empty nor a backup; `Busy` while another backup is made there; `NoSpace`, `Io`,
/// `Unavailable`. Then the backup is what it was before.
pub async fn backup(
    store: &Store,
    data: &Path,
    target: &Path,
    (settings, version, now): (Option<&Path>, &str, Timestamp),
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<BackedUp> {
    let (place, before) = folder::open(data, target)?;
    let (mut copied, mut copied_bytes) = (0, 0);
    let mut taken = 0;
    let (snapshot, named, damaged) = loop {
        taken += 1;
        let hold = if taken == SNAPSHOTS { Some(store.hold_writers().await?) } else { None };
        let snapshot = snapshot::take(data, &place).await?;
        let named = snapshot.named().await?;
        let done = copy_missing(store, &place, &named, progress).await?;
        copied += done.copied;
        copied_bytes += done.bytes;
        drop(hold);
        // Deleted after the snapshot was taken: another one does not name it.
        if done.missing.is_empty() || taken == SNAPSHOTS {
            break (snapshot, named, [done.damaged, done.missing].concat());
        }
        snapshot.remove();
    };
    let manifest = Manifest {
        format: manifest::FORMAT,
        version: version.to_owned(),
        created_ms: now.0,
        database: snapshot.file().await?,
        settings: folder::copy_settings(&place, settings)?,
        kept: named.kept(&place),
        damaged,
    };
    // Once for all files, before anything says that they are there.
    folder::sync(&place)?;
    manifest.store(&place)?;
    folder::tidy(&place, &manifest, before.as_ref(), &named);
    Ok(BackedUp { manifest, copied, copied_bytes })
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> Error {
    let error = Error::from_io(format_args!("{what} {}", path.display()), error);
    match error.kind() {
        ErrorKind::NoSpace => error.remedy("make room on that disk, or name a folder on another one"),
        ErrorKind::Io => error.remedy("check that disk"),
        _ => error,
    }
}

fn no_backup(path: &Path) -> Error {
    Error::new(ErrorKind::Conflict, format!("{} is no backup and not empty", path.display()))
        .remedy("name a folder that is empty or not there yet, or an earlier backup")
}
