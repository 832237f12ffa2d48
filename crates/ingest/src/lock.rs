//! One server per data folder: an advisory lock that ends with its process, however that ends.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind as ErrorKindOfIo, Read as _, Seek as _, Write as _},
    path::Path,
};

use fanfare_model::{Error, ErrorKind, Result};
use rustix::fs::{FlockOperation, flock};

/// Name of the lock file in the data folder.
const LOCK_FILE: &str = "lock";

/// The held lock; dropping it (or the end of the process) releases it.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock of that data folder.
    ///
    /// # Errors
    /// `Busy` when another process holds it, with that process's id where it is known; I/O errors.
    pub fn acquire(data_dir: &Path) -> Result<Self> {
        fs::create_dir_all(data_dir)
            .map_err(|error| Error::from_io(format!("make the data folder {}", data_dir.display()), error))?;
        let path = data_dir.join(LOCK_FILE);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = match opened {
            // A lock needs no right to write. Where there is no lock file, the folder itself can be locked.
            Err(error) if error.kind() == ErrorKindOfIo::ReadOnlyFilesystem => {
                File::open(&path).or_else(|_| File::open(data_dir))
            }
            opened => opened,
        }
        .map_err(|error| not_opened(&path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(held_by_another(&mut file, data_dir)),
            Err(error) => {
                return Err(Error::from_io(format!("lock {}", path.display()), error.into()).remedy(
                    "put the data folder on a local file system: locks do not work on every network share",
                ));
            }
        }
        // The number is only for the message that a second server prints; failing to write it is harmless.
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = noted {
            tracing::debug!(%error, "could not note the process id in the lock file");
        }
        Ok(Self { _file: file })
    }
}

fn not_opened(path: &Path, error: std::io::Error) -> Error {
    let error = Error::from_io(format!("open the lock file {}", path.display()), error);
    if error.kind() == ErrorKind::NoSpace {
        return error.remedy(
            "make room on the disk of the data folder (where `df` shows room, its inodes are used up: `df -i`), or name another folder \
             with --data DIR",
        );
    }
    error
}

fn held_by_another(file: &mut File, data_dir: &Path) -> Error {
    let mut text = String::new();
    let holder = match file.take(32).read_to_string(&mut text) {
        Ok(_) => text.trim().parse::<u32>().ok(),
        Err(_) => None,
    };
    let who =
        holder.map_or_else(|| "another server".to_owned(), |pid| format!("another server (process {pid})"));
    Error::new(ErrorKind::Busy, format!("{who} is using the data folder {}", data_dir.display()))
        .remedy("stop it first, or give this one a data folder of its own with --data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_holds() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataLock::acquire(folder.path()).unwrap();
        let refused = DataLock::acquire(folder.path()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Busy);
        assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
        drop(held);
        DataLock::acquire(folder.path()).unwrap();
    }
}
