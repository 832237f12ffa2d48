//! Errors of the storage that blobs lie on.

use std::io;

use fanfare_model::{Error, ErrorKind};

/// An error of the storage that our own files lie on. A folder of ours that is not there, or closed to us, is storage that is
/// away and may come back: no reason to give up what waits for it.
#[must_use]
pub fn of_storage(what: &str, error: io::Error) -> Error {
    use io::ErrorKind::{
        NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StaleNetworkFileHandle,
    };
    match error.kind() {
        NotFound | NotADirectory | PermissionDenied | ReadOnlyFilesystem | StaleNetworkFileHandle => {
            Error::new(ErrorKind::Unavailable, format!("{what}: the storage of the data folder is away: {error}"))
                .because(error)
                .remedy("see that the folder `blobs` in the data folder can be read and written; nothing needs to be restarted")
        }
        _ => Error::from_io(what, error),
    }
}
