//! Whether the folder of a kind of blob is there, or the mount point of a disk that is not.
//!
//! A folder of ours holds a small file of its own from the start. One without it that is empty is a mount point: nothing
//! is written there, because the disk would hide it, and nobody says that its blobs are gone.

use std::{fs, io, path::Path};

use fanfare_model::Result;

use super::{BlobKind, errors::of_storage};

/// The file that tells our folder from an empty mount point.
const OURS: &str = ".fanfare";
const TEXT: &str =
    "This folder belongs to Fanfare. Its files are named by what is in them; change nothing here.\n";

/// Makes the folder of a kind, with the file that says so. For the first process, where nothing is away.
pub(super) fn make(root: &Path, kind: BlobKind) -> Result<()> {
    let folder = root.join(kind.as_str());
    let failed = |error| of_storage("making the folder of blobs", error);
    fs::create_dir_all(&folder).map_err(failed)?;
    match fs::OpenOptions::new().write(true).create_new(true).open(folder.join(OURS)) {
        Ok(mut file) => io::Write::write_all(&mut file, TEXT.as_bytes()).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Whether a folder that held blobs of the kind is not there, or has nothing in it.
pub(super) fn is_away(root: &Path, kind: BlobKind) -> bool {
    check(root, kind).is_err()
}

/// Says that the folder of the kind is there.
///
/// # Errors
/// `Unavailable` when it is not there or is an empty mount point; what the file system says otherwise.
pub(super) fn check(root: &Path, kind: BlobKind) -> Result<()> {
    look(root, kind).map_err(|error| of_storage("looking for blobs", error))
}

/// The same, as the system says it.
pub(super) fn look(root: &Path, kind: BlobKind) -> io::Result<()> {
    fs::read_dir(root.join(kind.as_str())).and_then(|mut entries| match entries.next() {
        Some(entry) => entry.map(drop),
        None => Err(io::ErrorKind::NotFound.into()),
    })
}

/// How many blobs of each kind there are. For a start without a database: whatever cannot be read counts as none.
pub(crate) fn blob_counts(root: &Path) -> [(BlobKind, u64); 3] {
    let count = |kind: BlobKind| {
        let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = below(&root.join(kind.as_str()));
        let names = folders.flat_map(|folder| below(&folder.path()).collect::<Vec<_>>());
        let is_blob = |entry: &fs::DirEntry| {
            entry.file_name().to_str().is_some_and(|name| name.parse::<fanfare_model::ContentHash>().is_ok())
        };
        (kind, names.filter(is_blob).count() as u64)
    };
    [count(BlobKind::Cover), count(BlobKind::Upload), count(BlobKind::Media)]
}
