//! Files and folders of a backup, which their owner alone may read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use fanfare_model::{ContentHash, Result};

use crate::{BlobKind, file_work::failed};

pub(super) fn private_folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| failed("making", path, error))
}

/// A new file that its owner alone may read, in place of one of that name.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(path)
}

/// Where a blob lies in a backup or a data folder's `blobs`.
pub(super) fn blob_path(blobs: &Path, kind: BlobKind, name: ContentHash) -> PathBuf {
    let name = name.to_string();
    blobs.join(kind.as_str()).join(&name[..2]).join(name)
}
