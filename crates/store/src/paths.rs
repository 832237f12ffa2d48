//! Paths as the database holds them.

use std::path::{Path, PathBuf};

use fanfare_model::Result;

/// A path as stored: the system's own bytes where it has them, so that any name survives.
#[cfg(unix)]
pub(crate) fn path_bytes(path: &Path) -> Result<Vec<u8>> {
    Ok(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec())
}

/// A stored path.
#[cfg(unix)]
pub(crate) fn path(bytes: &[u8]) -> Result<PathBuf> {
    Ok(PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(crate) fn path_bytes(path: &Path) -> Result<Vec<u8>> {
    let text = path.to_str().map(|text| text.as_bytes().to_vec());
    text.ok_or_else(|| {
        fanfare_model::Error::new(
            fanfare_model::ErrorKind::Invalid,
            format!("{} is not Unicode", path.display()),
        )
    })
}

/// A stored path.
#[cfg(not(unix))]
pub(crate) fn path(bytes: &[u8]) -> Result<PathBuf> {
    std::str::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|_| crate::error::strange("a path that is not Unicode"))
}
