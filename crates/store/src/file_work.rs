//! Reading and writing whole files: on a thread that may wait, with errors that say what to do.

use std::{fs::File, path::Path};

use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::hash_reader;

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is not there.
    Missing,
    /// Its bytes are not those that it is named by.
    Damaged,
    /// The system could not read it.
    Unreadable,
}

/// The hash of a file, and how many bytes it has.
pub(crate) async fn hash_of(path: &Path) -> Result<(ContentHash, u64)> {
    let path = path.to_owned();
    detached(move || {
        let read = |error| failed("reading", &path, error);
        File::open(&path).and_then(hash_reader).map_err(read)
    })
    .await
}

/// File work on a thread that may wait.
pub(crate) async fn detached<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| {
        Err(Error::new(ErrorKind::Internal, "copying a file broke off").because(ended))
    })
}

pub(crate) fn failed(what: &str, path: &Path, error: std::io::Error) -> Error {
    let error = Error::from_io(format_args!("{what} {}", path.display()), error);
    match error.kind() {
        ErrorKind::NoSpace => error.remedy("make room on that disk, or name a folder on another one"),
        ErrorKind::Io => error.remedy("check that disk"),
        // What the cause alone tells is in the error already.
        _ => error,
    }
}
