//! A new database is made under a temporary name, and renamed when it is complete. So if the disk is full or the process ends
//! before that, nothing that looks like a database is left behind.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use fanfare_model::{Error, ErrorKind, Result};
use rustix::fs::{CWD, RenameFlags, renameat_with, statvfs};

use crate::{
    StoreOptions, connect,
    db::Db,
    disk::{Disk, Unwritable},
    migrate,
};

/// What SQLite keeps beside a database file.
const SIDE_FILES: &[&str] = &["-wal", "-shm", "-journal"];

/// The beginning of an unfinished database's name; the number of its process follows.
const UNFINISHED: &str = "fanfare.db.new-";
/// Files and folders that a new data folder is of, and some to spare for the first upload.
const FILES_TO_BEGIN: u64 = 64;
/// How many databases this process began to make: two at the same time must not share a file.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Removes unfinished databases of processes that have ended.
fn remove_left_over(file: &Path) {
    let folder = file.parent().unwrap_or(file);
    for name in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()) {
        let process = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED)?.split('-').next());
        // Where `/proc` is missing, the files stay.
        let is_gone = process.is_some_and(|id| !Path::new("/proc").join(id).exists());
        if is_gone && Path::new("/proc/self").exists() {
            let _gone = fs::remove_file(folder.join(&name));
        }
    }
}

/// Makes the database if there is none. A database that another process makes meanwhile is kept.
///
/// # Errors
/// `NoSpace` on a full disk and `Io` on a read-only one, both with a remedy; otherwise the system's error.
pub(crate) async fn make(file: &Path, options: &StoreOptions, disk: &Disk) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    if let Some(why) = disk.found() {
        return Err(refused(why, file));
    }
    remove_left_over(file);
    if !has_room_for_files(file) {
        return Err(no_more_files(file));
    }
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let temporary = file.with_file_name(format!("{UNFINISHED}{}-{number}", std::process::id()));
    let made = build(&temporary, options, disk).await.and_then(|()| put_in_place(&temporary, file));
    remove(&temporary);
    made.map_err(|error| match error.kind() {
        ErrorKind::NoSpace => refused(Unwritable::Full, file).because(error),
        _ => error,
    })
}

/// Whether the disk has inodes for a new data folder. Without, a database can be complete and what lies beside it not.
fn has_room_for_files(file: &Path) -> bool {
    // File systems without a fixed number of inodes say 0 of 0. Where it cannot be asked, making the files tells.
    statvfs(file.parent().unwrap_or(file))
        .map_or(true, |figures| figures.f_files == 0 || figures.f_favail >= FILES_TO_BEGIN)
}

fn no_more_files(file: &Path) -> Error {
    let folder = file.parent().unwrap_or(file).display();
    Error::new(
        ErrorKind::NoSpace,
        format!(
            "the disk of the data folder {folder} has room for fewer than {FILES_TO_BEGIN} more files (its inodes are used up): no \
             database can be made there, and nothing was left behind"
        ),
    )
    .remedy("delete files on that disk (`df -i` shows how many it has room for), or name another folder with --data DIR")
}

async fn build(temporary: &Path, options: &StoreOptions, disk: &Disk) -> Result<()> {
    make_private_file(temporary)?;
    let db = Db::of(connect::to_write(temporary, options).await?, options, disk.clone());
    let made = migrate::migrate(&db).await;
    db.close().await;
    made?;
    // Closing folds the log into the file, which needs room once more.
    match fs::metadata(side_file(temporary, "-wal")) {
        Ok(log) if log.len() > 0 => Err(Unwritable::Full.error()),
        _ => Ok(()),
    }
}

fn put_in_place(temporary: &Path, file: &Path) -> Result<()> {
    let failed = |error: io::Error| Error::from_io(format_args!("making {}", file.display()), error);
    File::open(temporary).and_then(|made| made.sync_all()).map_err(failed)?;
    match renameat_with(CWD, temporary, CWD, file, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => return Ok(()),
        // Some file systems do not support that flag.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::rename(temporary, file).map_err(failed)?
        }
        Err(error) => return Err(failed(error.into())),
    }
    let folder = file.parent().unwrap_or(file);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The error for a data folder in which no database can be made.
fn refused(why: Unwritable, file: &Path) -> Error {
    let folder = file.parent().unwrap_or(file).display();
    match why {
        Unwritable::Full => Error::new(
            ErrorKind::NoSpace,
            format!("the disk of the data folder {folder} is full: no database can be made there, and nothing was left behind"),
        )
        .remedy("make room on that disk (10 MB are enough to begin), or name another folder with --data DIR"),
        Unwritable::ReadOnly | Unwritable::Moved => Error::new(
            ErrorKind::Io,
            format!("the disk of the data folder {folder} is read-only: no database can be made there"),
        )
        .remedy("make it writable (`mount -o remount,rw`), or name another folder with --data DIR"),
    }
}

fn side_file(file: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(end);
    PathBuf::from(name)
}

/// Removes a database that was not renamed. Missing files are no error.
fn remove(file: &Path) {
    let _missing = fs::remove_file(file);
    for end in SIDE_FILES {
        let _missing = fs::remove_file(side_file(file, end));
    }
}

/// Makes the database file before SQLite does, so that no other user can read it at any time.
/// SQLite gives its log and index beside it the same access.
fn make_private_file(file: &Path) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::from_io(format_args!("making {}", file.display()), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: a start on a full disk left a file behind that the next start took for a database.
    #[tokio::test]
    async fn what_was_left_unfinished_is_removed_and_what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fanfare.db");
        // No process has that number: the kernel gives none above 4,194,304.
        let left = folder.path().join(format!("{UNFINISHED}99999999-0-wal"));
        let begun = folder.path().join(format!("{UNFINISHED}1-0"));
        for path in [&left, &begun] {
            fs::write(path, b"x").unwrap();
        }
        let (options, disk) = (StoreOptions::default(), Disk::of(folder.path()));
        make(&file, &options, &disk).await.unwrap();
        assert!(!left.exists() && begun.exists() && file.is_file());
        let before = fs::read(&file).unwrap();
        disk.note(Some(Unwritable::Full));
        make(&file, &options, &disk).await.unwrap();
        assert!(fs::read(&file).unwrap() == before);
        fs::remove_file(&file).unwrap();
        let refused = make(&file, &options, &disk).await.unwrap_err();
        assert_eq!((refused.kind(), file.exists()), (ErrorKind::NoSpace, false), "{refused}");
    }
}
