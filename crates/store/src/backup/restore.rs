//! A data folder out of a backup.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{
    Step,
    copy::{One, copy_one, detached, hash_of},
    failed,
    folder::{blob_path, private_file, private_folder, sync},
    manifest::{BackedUpFile, Manifest},
    snapshot::names_in,
};
use crate::{BLOB_FOLDER, BlobKind, DATABASE_FILE, Store, StoreOptions, lost::RESTORING};

const SETTINGS: &str = "fanfare.toml";
/// What may lie in a folder that counts as empty: the lock of the restore that runs, what file systems put there.
const NOTHING: &[&str] = &["lock", "lost+found"];

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the backup holds.
    pub manifest: Manifest,
    /// Files that were copied; the others were there.
    pub copied: u64,
    /// What the restored database's check found: a sentence each.
    pub troubles: Vec<String>,
}

/// Makes a data folder of a backup. The folder must be empty or not there; with `keep_files` it may be one whose database
/// is lost: its files are kept, and those that no row names are in quarantine after the next start.
///
/// The database is put in place last, so a restore that was interrupted leaves a folder that no server starts on, and can
/// be done again.
///
/// # Errors
/// `NotFound` where there is no backup, or none that is whole; `Conflict` when the folder is not empty; `Io` when the backup
/// is damaged; `NoSpace`.
pub async fn restore(
    backup: &Path,
    data: &Path,
    keep_files: bool,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Restored> {
    let manifest = Manifest::of(backup)?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("there is no backup in {} that is whole", backup.display()))
            .remedy("name a folder that `fanfare backup` finished")
    })?;
    is_as_written(backup, &manifest.database).await?;
    if let Some(settings) = &manifest.settings {
        is_as_written(backup, settings).await?;
    }
    may_be_written(data, keep_files).await?;
    // Everything is looked for before anything is written.
    let named = names_in(&backup.join(&manifest.database.name)).await?;
    let known: Vec<(&str, &str)> =
        manifest.damaged.iter().map(|file| (file.kind.as_str(), file.name.as_str())).collect();
    let wanted: Vec<_> = named
        .all()
        .filter(|(kind, name)| !known.contains(&(kind.as_str(), name.to_string().as_str())))
        .collect();
    let blobs = backup.join("blobs");
    if let Some((kind, name)) = wanted.iter().find(|(kind, name)| !blob_path(&blobs, *kind, *name).is_file())
    {
        return Err(broken(format!("{} {name} is missing", kind.as_str())));
    }

    private_folder(data)?;
    let mark = data.join(RESTORING);
    private_file(&mark).map_err(|error| failed("writing", &mark, error))?;
    let copied = copy_blobs(&blobs, &data.join(BLOB_FOLDER), &wanted, progress).await?;
    if let Some(settings) = &manifest.settings {
        put(&backup.join(&settings.name), &data.join(SETTINGS)).await?;
    }
    sync(data)?;
    for stale in ["-wal", "-shm"] {
        // Of the lost database; beside another one they would be taken for its own.
        let _ = fs::remove_file(data.join(format!("{DATABASE_FILE}{stale}")));
    }
    put(&backup.join(&manifest.database.name), &data.join(DATABASE_FILE)).await?;
    fs::remove_file(&mark).map_err(|error| failed("removing", &mark, error))?;
    sync(data)?;
    let store = Store::open(data, &StoreOptions::default()).await?;
    let troubles = store.catalog().check().await;
    store.close().await;
    Ok(Restored { manifest, copied, troubles: troubles? })
}

async fn copy_blobs(
    from: &Path,
    to: &Path,
    wanted: &[(BlobKind, fanfare_model::ContentHash)],
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<u64> {
    let (mut copied, mut bytes, files) = (0, 0, wanted.len() as u64);
    for (number, (kind, name)) in wanted.iter().enumerate() {
        progress(Step { done: number as u64, files, bytes });
        let target = blob_path(to, *kind, *name);
        // One that is there is left only if it is whole.
        if target.is_file() && hash_of(&target).await?.0 == *name {
            continue;
        }
        match copy_one(blob_path(from, *kind, *name), target, *name).await? {
            One::Copied(size) => {
                copied += 1;
                bytes += size;
            }
            One::Wrong(_) => return Err(broken(format!("{} {name} is damaged", kind.as_str()))),
        }
    }
    progress(Step { done: files, files, bytes });
    Ok(copied)
}

async fn may_be_written(data: &Path, keep_files: bool) -> Result<()> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("opening", data, error)),
    };
    let is_nothing = |entry: &fs::DirEntry| NOTHING.iter().any(|name| entry.file_name() == *name);
    let used = entries.map_while(io::Result::ok).any(|entry| !is_nothing(&entry));
    if !used || data.join(RESTORING).is_file() {
        return Ok(());
    }
    let opened = Store::open(data, &StoreOptions { busy_timeout_ms: 1_000, ..StoreOptions::worker() }).await;
    let is_lost = matches!(&opened, Err(error) if error.kind() == ErrorKind::Conflict);
    if let Ok(store) = opened {
        store.close().await;
    }
    if is_lost && keep_files {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Conflict, format!("the data folder {} is not empty", data.display()));
    Err(if is_lost {
        error.remedy(
            "name a new folder with --data; or, as its database is lost, keep its files with --keep-files",
        )
    } else {
        error.remedy("name a folder with --data that is empty or not there yet")
    })
}

async fn is_as_written(backup: &Path, file: &BackedUpFile) -> Result<()> {
    let (hash, size_bytes) = hash_of(&backup.join(&file.name)).await?;
    if hash.to_string() == file.blake3 && size_bytes == file.size_bytes {
        return Ok(());
    }
    Err(broken(format!("{} is not as it was written", file.name)))
}

fn broken(what: String) -> Error {
    Error::new(ErrorKind::Io, format!("the backup is damaged: {what}"))
        .remedy("make the backup again while the data folder is there, or use another one; nothing was put in its place")
}

/// Copies a file under its name in one step.
async fn put(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    detached(move || {
        let part = to.with_extension("restoring");
        let written = |error| failed("writing", &part, error);
        let mut source = File::open(&from).map_err(|error| failed("reading", &from, error))?;
        let mut target = private_file(&part).map_err(written)?;
        io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(written)?;
        fs::rename(&part, &to).map_err(written)
    })
    .await
}
