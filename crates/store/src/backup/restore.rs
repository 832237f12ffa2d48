//! A data folder out of a backup.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use fanfare_model::{Error, ErrorKind, Result};
use sqlx::{Connection as _, Row as _, sqlite::SqliteRow};

use super::{
    copy::{One, Step, copy_one, is_whole},
    damaged::Damaged,
    errors::broken,
    files::{blob_path, private_file, private_folder},
    folder::sync,
    left_out::forget,
    libraries::refuse,
    manifest::{BackedUpFile, Manifest},
    named::{Named, add_titles, names_in, open},
};
use crate::{
    BLOB_FOLDER, DATABASE_FILE, Store, StoreOptions,
    database_file::set_aside,
    error::sql,
    file_work::{detached, failed, hash_of},
    lost::{self, RESTORING, State},
};

const SETTINGS: &str = "fanfare.toml";
/// What they are called until they are complete.
const SETTINGS_PART: &str = "fanfare.restoring";
const DATABASE_PART: &str = "fanfare.db.restoring";
/// What may lie in a folder that counts as empty: the lock of the restore that runs, what file systems put there.
const NOTHING: &[&str] = &["lock", LOST_AND_FOUND];
const LOST_AND_FOUND: &str = "lost+found";

const LIBRARIES: &str = "reading the library folders of the backup";

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the backup holds.
    pub manifest: Manifest,
    /// Files that were copied; the others were there.
    pub copied: u64,
    /// Files that were left out, because the backup has them damaged or not at all.
    pub left_out: Vec<Damaged>,
    /// Whether the settings file was left out for that reason.
    pub without_settings: bool,
    /// Where the files of the database are that was there before.
    pub set_aside: Vec<PathBuf>,
    /// What the restored database's check found: a sentence each.
    pub troubles: Vec<String>,
}

/// Makes a data folder of a backup. The folder must be empty or not there (an empty folder of blobs may be in it: a disk of their
/// own), or one whose database is damaged; with `keep_files` it may be one whose database is lost, or damaged and without blobs. Its files are kept, and those that no row names go into quarantine with the next
/// [sweep](crate::Catalog::sweep). What was there of a database gets another name.
///
/// The database is put in place last, so a restore that was interrupted leaves a folder that no server starts on, and can
/// be done again. A file that is damaged in the backup is left out; without manifest and database nothing is restored.
///
/// # Errors
/// `NotFound` where there is no backup, or none that is whole; `Conflict` when the folder is not empty; `Io` when manifest or
/// database of the backup are damaged; `NoSpace`.
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
    let snapshot = backup.join(&manifest.database.name);
    if !is_as_written(backup, &manifest.database).await {
        return Err(broken(&format!("its database ({}) is not as it was written", manifest.database.name)));
    }
    let named = names_in(&snapshot).await?;
    may_be_written(data, keep_files, named.count()).await?;

    private_folder(data)?;
    let mark = data.join(RESTORING);
    private_file(&mark).map_err(|error| failed("writing", &mark, error))?;
    let (copied, mut left_out) = copy_blobs(backup, data, &named, &manifest, progress).await?;
    add_titles(&snapshot, &mut left_out).await?;
    let without_settings = match &manifest.settings {
        Some(settings) if is_as_written(backup, settings).await => {
            copy(&backup.join(&settings.name), &data.join(SETTINGS_PART)).await?;
            put(&data.join(SETTINGS_PART), &data.join(SETTINGS))?;
            false
        }
        damaged => damaged.is_some(),
    };
    let part = data.join(DATABASE_PART);
    copy(&snapshot, &part).await?;
    forget(&part, &left_out).await?;
    sync(data)?;
    let set_aside = set_aside(data)?;
    put(&part, &data.join(DATABASE_FILE))?;
    fs::remove_file(&mark).map_err(|error| failed("removing", &mark, error))?;
    sync(data)?;
    let store = Store::open(data, &StoreOptions::default()).await?;
    let troubles = store.catalog().check().await;
    store.close().await;
    let mut troubles = troubles?;
    troubles.retain(|trouble| !left_out.iter().any(|file| *trouble == file.is_missing()));
    Ok(Restored { manifest, copied, left_out, without_settings, set_aside, troubles })
}

/// Refuses a data folder that lies in a library folder: one of `folders`, or one that the backup's database names.
///
/// # Errors
/// `Invalid`. A backup that cannot be read is refused by what reads it.
pub async fn refuse_data(backup: &Path, data: &Path, folders: &[PathBuf]) -> Result<()> {
    let mut libraries: Vec<PathBuf> = folders.to_vec();
    if let Ok(Some(manifest)) = Manifest::of(backup) {
        libraries.extend(folders_in(&backup.join(&manifest.database.name)).await.unwrap_or_default());
    }
    for library in libraries {
        refuse("a restored data folder", data, &library, Vec::new()).await?;
    }
    Ok(())
}

async fn folders_in(database: &Path) -> Result<Vec<PathBuf>> {
    let mut connection = open(database).await?;
    let rows = sqlx::query("SELECT path FROM folder ORDER BY n")
        .fetch_all(&mut connection)
        .await
        .map_err(sql(LIBRARIES));
    connection.close().await.map_err(sql(LIBRARIES))?;
    // As the system has them: names need not be Unicode.
    let path = |row: &SqliteRow| row.try_get("path").map(|bytes| PathBuf::from(OsString::from_vec(bytes)));
    rows?.iter().map(|row| path(row).map_err(sql(LIBRARIES))).collect()
}

/// Copies the undamaged files; returns their number, and the files that are damaged.
async fn copy_blobs(
    backup: &Path,
    data: &Path,
    named: &Named,
    manifest: &Manifest,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<(u64, Vec<Damaged>)> {
    let (from, to) = (backup.join("blobs"), data.join(BLOB_FOLDER));
    let (mut copied, mut bytes, files) = (0, 0, named.count());
    let mut left_out = Vec::new();
    for (number, (kind, name)) in named.all().enumerate() {
        progress(Step { done: number as u64, files, bytes });
        let target = blob_path(&to, kind, name);
        // One that is there is left only if it is whole.
        if is_whole(&target, name).await {
            continue;
        }
        match copy_one(blob_path(&from, kind, name), target, name).await? {
            One::Copied(size) => {
                copied += 1;
                bytes += size;
            }
            One::Wrong(found) => {
                let known = manifest.damaged.iter().find(|file| file.is(kind, name));
                left_out.push(known.cloned().unwrap_or_else(|| Damaged::new(kind, name, found)));
            }
        }
    }
    progress(Step { done: files, files, bytes });
    Ok((copied, left_out))
}

/// Refuses a data folder that is in use. `files`: how many blobs come into it.
async fn may_be_written(data: &Path, keep_files: bool, files: u64) -> Result<()> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("opening", data, error)),
    };
    let used = entries.map_while(io::Result::ok).any(|entry| !is_nothing(&entry));
    if !used || data.join(RESTORING).is_file() {
        return Ok(());
    }
    let refused = |more: &str, remedy: String| {
        Err(Error::new(ErrorKind::Conflict, format!("the data folder {} is not empty{more}", data.display()))
            .remedy(remedy))
    };
    let elsewhere = "name a folder with --data that is empty or not there yet".to_owned();
    let is_ours = lost::has_blobs(data) || fs::exists(data.join(DATABASE_FILE)).unwrap_or(true);
    match lost::state(data).await? {
        // What is written to the place where a disk is missing is hidden once it is mounted.
        State::Damaged if files > 0 && !keep_files && !lost::has_blobs(data) => Err(no_blobs(data)),
        State::Damaged => Ok(()),
        State::Lost if is_ours && keep_files => Ok(()),
        State::Lost if is_ours => refused(
            ", and its database is missing or empty",
            format!(
                "keep its files and restore beside them: `fanfare restore BACKUP --data {} --keep-files`; or name a new folder \
                 with --data",
                data.display()
            ),
        ),
        State::Lost => refused("", elsewhere),
        State::Newer => refused(": its database was written by a newer fanfare", elsewhere),
        State::InUse => refused(": its database is in use", elsewhere),
    }
}

/// Whether what lies in a data folder counts as nothing: the folder of blobs may be the empty disk that is for them.
fn is_nothing(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    NOTHING.iter().any(|nothing| name == *nothing) || (name == BLOB_FOLDER && holds_no_file(&entry.path()))
}

fn holds_no_file(folder: &Path) -> bool {
    let is_no_file = |entry: fs::DirEntry| {
        entry.file_name() == LOST_AND_FOUND
            || (entry.file_type().is_ok_and(|kind| kind.is_dir()) && holds_no_file(&entry.path()))
    };
    fs::read_dir(folder).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(is_no_file)))
}

fn no_blobs(data: &Path) -> Error {
    let (blobs, data) = (data.join(BLOB_FOLDER), data.display());
    let message = format!(
        "the database in {data} is damaged, and there are no files in {}: is it on a disk that is not mounted?",
        blobs.display()
    );
    Error::new(ErrorKind::Conflict, message).remedy(format!(
        "mount its disk and run the command again; if the files are gone: `fanfare restore BACKUP --data {data} --keep-files`"
    ))
}

async fn is_as_written(backup: &Path, file: &BackedUpFile) -> bool {
    let found = hash_of(&backup.join(&file.name)).await;
    found.is_ok_and(|(hash, size_bytes)| hash.to_string() == file.blake3 && size_bytes == file.size_bytes)
}

/// Copies a file and writes it to the disk.
async fn copy(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    detached(move || {
        let written = |error| failed("writing", &to, error);
        let mut source = File::open(&from).map_err(|error| failed("reading", &from, error))?;
        let mut target = private_file(&to).map_err(written)?;
        io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(written)
    })
    .await
}

/// Gives a file that is complete its name.
fn put(part: &Path, to: &Path) -> Result<()> {
    fs::rename(part, to).map_err(|error| failed("writing", to, error))
}
