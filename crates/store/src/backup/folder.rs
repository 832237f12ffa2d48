//! The folder of a backup: whether it is one, who may read it, what is left over.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use rustix::fs::{FlockOperation, flock};

use super::{
    errors::no_backup,
    files::{private_file, private_folder},
    manifest::{BackedUpFile, MANIFEST_FILE, Manifest},
    named::{Named, SNAPSHOT},
};
use crate::{
    BlobKind, Mounts, blobs::blob_counts, file_work::failed, refuse_long_path, refuse_no_folder,
    refuse_no_unicode,
};

/// The file that marks a folder as a backup from its first moment, and keeps two from being made there at once.
const MARK: &str = ".fanfare-backup";
const SETTINGS: &str = "fanfare.toml";

/// A backup's folder, locked.
pub(super) struct Place {
    path: PathBuf,
    _lock: File,
}

impl std::ops::Deref for Place {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.path
    }
}

/// Opens the folder of a backup, makes it where it is not there; gives the manifest of the backup that is in it.
pub(super) fn open(data: &Path, target: &Path) -> Result<(Place, Option<Manifest>)> {
    refuse_overlap(target, data)?;
    refuse_no_folder(target)?;
    refuse_long_path(target)?;
    refuse_no_unicode(target)?;
    let before = match Manifest::of(target) {
        // This backup writes another one. What the damaged one named stays until then.
        Err(error) if error.kind() == ErrorKind::Io && target.join(MANIFEST_FILE).is_file() => {
            tracing::warn!(%error, "the manifest is made again");
            Before::Damaged
        }
        found => found?.map_or(Before::None, |manifest| Before::Whole(Box::new(manifest))),
    };
    let mark = target.join(MARK);
    let is_used = match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(failed("opening", target, error)),
    };
    if is_used && !mark.is_file() {
        return Err(no_backup(target));
    }
    private_folder(target)?;
    // A link may be made to lead elsewhere while the backup is made.
    let target = &fs::canonicalize(target).map_err(|error| failed("opening", target, error))?;
    refuse_overlap(target, data)?;
    let mark = target.join(MARK);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&mark)
        .map_err(|error| failed("opening", &mark, error))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(Error::new(
                ErrorKind::Busy,
                format!("another backup into {} runs", target.display()),
            )
            .remedy("wait until it is done"));
        }
        Err(error) => return Err(failed("locking", &mark, error.into())),
    }
    let place = Place { path: target.to_owned(), _lock: lock };
    // What an interrupted backup left half written is worth nothing; whole blobs of it are.
    let before = match before {
        Before::Damaged => None,
        Before::None => {
            remove_snapshots(&place, None);
            None
        }
        Before::Whole(manifest) => {
            remove_snapshots(&place, Some(&manifest));
            Some(*manifest)
        }
    };
    Ok((place, before))
}

/// The manifest that was in the folder.
enum Before {
    None,
    Whole(Box<Manifest>),
    Damaged,
}

/// Refuses a backup that lies in a data folder, or around it: it is lost with the folder, and what is deleted in one is
/// deleted in the other. Links and mounts on the way hide nothing.
///
/// # Errors
/// `Invalid`.
pub fn refuse_overlap(target: &Path, data: &Path) -> Result<()> {
    let mounts = Mounts::now();
    if mounts.lies_in(target, data) || mounts.lies_in(data, target) {
        return Err(Error::new(ErrorKind::Invalid, "a backup cannot lie in the data folder, or around it")
            .remedy("name another folder, best on another disk"));
    }
    Ok(())
}

/// Refuses a place for a backup in the folder of transcodes, wherever that is: all of it may be deleted.
///
/// # Errors
/// `Invalid`.
pub(super) fn refuse_cache(target: &Path, cache: &Path) -> Result<()> {
    if !Mounts::now().lies_in(target, cache) {
        return Ok(());
    }
    let message = format!("a backup cannot lie in the cache folder {}", cache.display());
    Err(Error::new(ErrorKind::Invalid, message).remedy("name another folder, best on another disk"))
}

pub(super) fn copy_settings(place: &Place, settings: Option<&Path>) -> Result<Option<BackedUpFile>> {
    let Some(path) = settings else { return Ok(None) };
    let text = fs::read(path).map_err(|error| failed("reading", path, error))?;
    let hash = blake3::hash(&text);
    // A name of its own for each text, so that the backup before stays whole until this one is.
    let name = format!("{SETTINGS}.{}", hash.to_hex().get(..16).unwrap_or_default());
    let to = place.join(&name);
    private_file(&to)
        .and_then(|mut file| io::Write::write_all(&mut file, &text))
        .map_err(|error| failed("writing", &to, error))?;
    Ok(Some(BackedUpFile { name, size_bytes: text.len() as u64, blake3: hash.to_hex().to_string() }))
}

/// Writes everything of the backup's file system to the disk.
pub(super) fn sync(place: &Path) -> Result<()> {
    let synced = File::open(place).and_then(|folder| Ok(rustix::fs::syncfs(&folder)?));
    synced.map_err(|error| failed("writing to the disk of", place, error))
}

/// Removes what belonged to the backup before alone. What cannot be removed only takes space, until the next time.
pub(super) fn tidy(place: &Place, manifest: &Manifest, before: Option<&Manifest>, named: &Named) {
    remove_snapshots(place, Some(manifest));
    let old = before.and_then(|before| before.settings.as_ref()).map(|file| &file.name);
    if let Some(old) = old.filter(|old| manifest.settings.as_ref().map(|file| &file.name) != Some(old)) {
        let _ = fs::remove_file(place.join(old));
    }
    if before.is_none() || blob_counts(&place.join("blobs")).iter().map(|(_, files)| files).sum::<u64>() == 0
    {
        return;
    }
    let named: HashSet<(BlobKind, ContentHash)> = named.all().collect();
    for kind in BlobKind::ALL {
        for folder in entries(&place.join("blobs").join(kind.as_str())) {
            for path in entries(&folder) {
                let name = path.file_name().and_then(|name| name.to_str()?.parse::<ContentHash>().ok());
                let is_unfinished = path.extension().is_some_and(|end| end == "part");
                if is_unfinished || name.is_some_and(|name| !named.contains(&(*kind, name))) {
                    let _ = fs::remove_file(path);
                }
            }
        }
    }
}

fn remove_snapshots(place: &Place, keep: Option<&Manifest>) {
    let kept = keep.map(|manifest| manifest.database.name.as_str());
    for path in entries(place) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_snapshot = name.starts_with(SNAPSHOT) && kept.is_none_or(|kept| !name.starts_with(kept));
        if is_snapshot || name == "manifest.new" {
            let _ = fs::remove_file(path);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
