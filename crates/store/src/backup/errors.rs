//! Errors of backups.

use std::path::Path;

use fanfare_model::{Error, ErrorKind};

pub(super) fn no_backup(path: &Path) -> Error {
    Error::new(ErrorKind::Conflict, format!("{} is no backup and not empty", path.display()))
        .remedy("name a folder that is empty or not there yet, or an earlier backup")
}

/// The error for a backup without which nothing can be restored.
pub(super) fn broken(what: &str) -> Error {
    Error::new(ErrorKind::Io, format!("the backup is damaged: {what}")).remedy(
        "make the backup again while the data folder is there (`fanfare backup DIR` mends it), or use another backup; nothing \
         was put in its place",
    )
}
