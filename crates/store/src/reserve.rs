//! Room that is kept in the data folder, so that tracks can be deleted when its disk is full: deleting a row needs room in the
//! log of the database, and without it nothing of a full disk could be given back.
//!
//! The room is a file of zeros. On a full disk it is cut to no bytes, and stays so until there is room again: a file of no
//! bytes tells every process that what is free then is for deleting alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{FallocateFlags, fallocate};

use crate::probe::free_bytes_at;

/// Bytes that are kept: deleting a track changes a few dozen pages of the database, of 4 KiB each.
pub(crate) const RESERVE_BYTES: u64 = 4 << 20;
/// It is made first on a disk with this much left: it should not make a small disk full.
const PLENTY_BYTES: u64 = 16 * RESERVE_BYTES;
/// The name of the file.
const FILE: &str = ".reserve";

fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// Whether the room was given up, and is not there again.
pub(crate) fn is_given_up(data: &Path) -> bool {
    fs::metadata(path(data)).is_ok_and(|file| file.len() == 0)
}

/// Gives the room up for deleting; `false` where there is none.
pub(crate) fn give_up(data: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(path(data));
    file.and_then(|file| file.set_len(0)).is_ok()
}

/// Makes the room where it is missing. That it cannot be made changes nothing but that a full disk cannot be helped.
pub(crate) fn make(data: &Path) {
    let len = fs::metadata(path(data)).map(|file| file.len());
    let free = free_bytes_at(data).unwrap_or(0);
    let is_wanted = match len {
        Ok(len) => len < RESERVE_BYTES,
        Err(_) => free >= PLENTY_BYTES,
    };
    if is_wanted && let Err(error) = fill(&path(data)) {
        tracing::debug!(%error, "no room is kept for deleting on a full disk");
        let _ = if len.is_ok() { give_up(data) } else { fs::remove_file(path(data)).is_ok() };
    }
}

fn fill(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES) {
        // Some file systems have no such call.
        Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS | rustix::io::Errno::INVAL) => zeros(&file),
        done => Ok(done?),
    }
}

fn zeros(mut file: &File) -> io::Result<()> {
    let block = [0; 64 << 10];
    for _ in 0..RESERVE_BYTES / block.len() as u64 {
        file.write_all(&block)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_made_given_up_and_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert!(!give_up(data) && !is_given_up(data), "there is none yet");
        for _ in 0..2 {
            make(data);
            assert_eq!(fs::metadata(path(data)).unwrap().len(), RESERVE_BYTES);
            assert!(!is_given_up(data) && give_up(data) && is_given_up(data));
        }
        zeros(&File::options().write(true).open(path(data)).unwrap()).unwrap();
        assert_eq!(fs::metadata(path(data)).unwrap().len(), RESERVE_BYTES, "without fallocate, too");
    }
}
