//! Opening a file of a library without ever waiting for another process, and the hash of its bytes.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use fanfare_audio::CancelFlag;
use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use fanfare_store::hash_blocks;
use rustix::fs::OFlags;

/// Opens a file for reading only if it is a regular one, without ever waiting for another process.
///
/// # Errors
/// `NotAudio` for anything but a regular file; I/O errors.
pub fn open_regular(path: &Path) -> Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| Error::from_io("open the file", error))?;
    let meta = file.metadata().map_err(|error| Error::from_io("look at the file", error))?;
    if meta.is_file() { Ok(file) } else { Err(Error::new(ErrorKind::NotAudio, "this is no regular file")) }
}

/// The hash of a file's bytes; `on_block` is called for each block that was read.
///
/// # Errors
/// I/O errors; `Cancelled`.
pub fn hash_file(file: &File, cancel: &CancelFlag, on_block: &mut dyn FnMut()) -> Result<ContentHash> {
    let check = |_: &[u8]| {
        if cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "hashing was cancelled"));
        }
        on_block();
        Ok(())
    };
    hash_blocks(file, |error| Error::from_io("read the file", error), check).map(|(hash, _)| hash)
}
