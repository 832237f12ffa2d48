//! Copying blobs, each hashed on the way and compared with its name.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use fanfare_model::{ContentHash, Result};

use super::{
    damaged::Damaged,
    files::{blob_path, private_file, private_folder},
    named::Named,
};
use crate::{
    BlobKind, Store,
    file_work::{Found, detached, failed, hash_of},
    hash_blocks,
};

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

/// What copying did.
#[derive(Default)]
pub(super) struct Copied {
    pub(super) copied: u64,
    /// Of those, files that were in the backup and damaged there.
    pub(super) mended: u64,
    pub(super) bytes: u64,
    pub(super) missing: Vec<Damaged>,
    pub(super) damaged: Vec<Damaged>,
    /// Files of the data folder that are not whole, and are in the backup.
    pub(super) only_here: Vec<Damaged>,
}

/// Files of a backup that were read and are whole.
pub(super) type Verified = HashSet<(BlobKind, ContentHash)>;

/// Copies the blobs that are not whole in the backup. Each of it is read, but for those that are verified already.
pub(super) async fn copy_missing(
    store: &Store,
    place: &Path,
    named: &Named,
    verified: &mut Verified,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Copied> {
    let blobs = place.join("blobs");
    let mut done = Copied::default();
    let files = named.count();
    for (number, (kind, name)) in named.all().enumerate() {
        progress(Step { done: number as u64, files, bytes: done.bytes });
        let to = blob_path(&blobs, kind, name);
        let was_there = to.exists();
        let is_whole = verified.contains(&(kind, name)) || is_whole(&to, name).await;
        let Some(from) = store.blobs().local(kind, name).await? else {
            let lost = Damaged::new(kind, name, Found::Missing);
            // A person who deleted the upload meanwhile did not ask for the backup to lose it: one that is there stays.
            if is_whole {
                done.only_here.push(lost)
            } else {
                done.missing.push(lost)
            }
            continue;
        };
        if is_whole {
            verified.insert((kind, name));
            // Not read: `fanfare doctor --deep` does that. But a wrong size is seen here, and the good copy is not touched.
            if fs::metadata(&from).ok().map(|meta| meta.len())
                != fs::metadata(&to).ok().map(|meta| meta.len())
            {
                done.only_here.push(Damaged::new(kind, name, Found::Damaged));
            }
            continue;
        }
        match copy_one(from, to, name).await? {
            One::Copied(bytes) => {
                verified.insert((kind, name));
                done.copied += 1;
                done.mended += u64::from(was_there);
                done.bytes += bytes;
            }
            One::Wrong(Found::Missing) => done.missing.push(Damaged::new(kind, name, Found::Missing)),
            One::Wrong(found) => done.damaged.push(Damaged::new(kind, name, found)),
        }
    }
    progress(Step { done: files, files, bytes: done.bytes });
    Ok(done)
}

/// Whether there is a file whose bytes are what its name says. One that cannot be read is not.
pub(super) async fn is_whole(path: &Path, name: ContentHash) -> bool {
    path.exists() && hash_of(path).await.is_ok_and(|(found, _)| found == name)
}

/// What became of one file.
pub(super) enum One {
    Copied(u64),
    Wrong(Found),
}

/// Copies a blob, under its name only when it is whole and is what its name says.
pub(super) async fn copy_one(from: PathBuf, to: PathBuf, name: ContentHash) -> Result<One> {
    detached(move || {
        let source = match File::open(&from) {
            Ok(source) => source,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(One::Wrong(Found::Missing));
            }
            Err(_) => return Ok(One::Wrong(Found::Unreadable)),
        };
        let folder = to.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        let part = to.with_extension("part");
        let written = |error| failed("writing", &part, error);
        let mut target = private_file(&part).map_err(written)?;
        // An error of writing ends the backup, one of reading is told of the file.
        let write = |read: &[u8]| target.write_all(read).map_err(|error| Some(written(error)));
        let (found, bytes) = match hash_blocks(&source, |_| None, write) {
            Ok((hash, bytes)) if hash == name => (None, bytes),
            Ok((_, bytes)) => (Some(Found::Damaged), bytes),
            Err(None) => (Some(Found::Unreadable), 0),
            Err(Some(error)) => return Err(error),
        };
        if let Some(found) = found {
            let _ = fs::remove_file(&part); // else the next copy writes over it
            return Ok(One::Wrong(found));
        }
        fs::rename(&part, &to).map_err(written)?;
        Ok(One::Copied(bytes))
    })
    .await
}
