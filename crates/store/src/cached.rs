//! Transcodes of tracks: the folder they lie in, and one while it is made.
//!
//! Purpose: [`CacheFolder`] knows the complete files, by names that are made of hash, quality and bitrate. A worker writes
//! a file block by block ([`MakingFile`]) where the server can already read from it ([`Following`]); whole, it is renamed
//! to its name.
//!
//! Vocabulary: the *index* of a file being made is a line of JSON with its grid, then the number of every block that is
//! written, a line each. A block's line is written after its bytes.
//!
//! Invariants: under its name a file is whole, always; a name from anywhere else than [`Profile::file_name`] leads
//! nowhere; what is being made is gone when its maker ends or the server starts again; the checksum of a file is that of
//! its bytes before it had its name.

mod check;
mod following;
mod making;
mod remembered;
mod room;
mod row;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_model::{Attempt, JobId, Profile, Quality, Result, Timestamp};

use crate::blobs::timestamp;
pub use check::Look;
pub use following::Following;
pub use making::{Kept, Making, MakingFile};
use remembered::Checked;
pub use remembered::Damage;
pub use row::CachedFile;

/// The folder, below the cache folder, of files that are being made.
const MAKING: &str = ".making";

/// Where transcodes lie.
#[derive(Debug, Clone)]
pub struct CacheFolder {
    root: PathBuf,
    /// Which files were found as they were made, by their bytes.
    checked: Arc<Checked>,
}

impl CacheFolder {
    /// That folder; it is made when the first file is.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, checked: Arc::default() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file of that name lies, or would; `None` for what is no name of ours.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.root.join(name))
    }

    /// How many bytes the file of that name has; `None` when there is none.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<u64> {
        let metadata = fs::symlink_metadata(self.path(name)?).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Removes the file of that name, if there is one; who has it open reads on.
    ///
    /// # Errors
    /// `PermissionDenied`, `Io`.
    pub fn remove(&self, name: &str) -> Result<()> {
        let Some(path) = self.path(name) else { return Ok(()) };
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.failed("removing a file from the cache", error))
            }
            _ => Ok(()),
        }
    }

    /// The names of all files of ours, in no order; none where the folder is not there.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.root) else { return Vec::new() };
        let names =
            entries.map_while(std::io::Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| is_name(name)).collect()
    }

    /// Every file of ours with its size and when it was last written, in no order.
    #[must_use]
    pub fn files(&self) -> Vec<(String, u64, Timestamp)> {
        let file = |name: String| {
            let metadata = fs::symlink_metadata(self.path(&name)?).ok()?;
            let written = timestamp(metadata.modified().ok()?);
            metadata.is_file().then_some((name, metadata.len(), written))
        };
        self.names().into_iter().filter_map(file).collect()
    }

    /// Removes what earlier lives left half made. For the start of a server.
    pub fn tidy(&self) {
        self.remove_probes();
        if let Err(error) = fs::remove_dir_all(self.root.join(MAKING))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "half-made files stay in the cache folder");
        }
    }

    /// Where an attempt makes its files.
    #[must_use]
    pub fn making(&self, job: JobId, attempt: Attempt) -> PathBuf {
        self.root.join(MAKING).join(format!("{job}-{}", attempt.0))
    }
}

fn file_path(folder: &Path, profile: Profile) -> PathBuf {
    folder.join(format!("{profile}.part"))
}

fn index_path(folder: &Path, profile: Profile) -> PathBuf {
    folder.join(format!("{profile}.index"))
}

/// Whether that is a name as [`Profile::file_name`] makes them.
fn is_name(name: &str) -> bool {
    let Some((hash, rest)) = name.split_once('_') else { return false };
    let Some((quality, rest)) = rest.split_once('_') else { return false };
    let Some((rate, suffix)) = rest.split_once("k.") else { return false };
    hash.len() == 64
        && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && Quality::TRANSCODED.iter().any(|known| known.as_str() == quality)
        && (1..=4).contains(&rate.len())
        && rate.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(suffix, "mp3" | "opus" | "m4a")
}

#[cfg(test)]
mod tests;
