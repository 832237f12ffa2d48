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
mod room;

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_model::{Attempt, JobId, Profile, Result, Timestamp};

use crate::blobs::timestamp;
use check::Checked;
pub use check::{Damage, Look};
pub use following::Following;
pub use making::{Kept, Making, MakingFile};

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

    /// Makes the place for an attempt's files.
    ///
    /// # Errors
    /// `NoSpace`, `PermissionDenied`, `Io`, with a remedy.
    pub fn begin(&self, job: JobId, attempt: Attempt) -> Result<Making> {
        let parent = self.root.join(MAKING);
        let builder = |recursive| {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(recursive).mode(0o700);
            builder
        };
        builder(true).create(&parent).map_err(|error| self.failed("making the cache folder", error))?;
        // What earlier attempts left, whose worker was killed, is worth nothing: they are fenced out.
        let earlier = format!("{job}-");
        let entries =
            fs::read_dir(&parent).map_err(|error| self.failed("reading the cache folder", error))?;
        for entry in entries.map_while(std::io::Result::ok) {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&earlier)) {
                let _ = fs::remove_dir_all(entry.path()); // else at the next start of the server
            }
        }
        let folder = self.making(job, attempt);
        builder(false).create(&folder).map_err(|error| self.failed("making the cache folder", error))?;
        Ok(Making { cache: self.clone(), folder })
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
        && matches!(quality, "high" | "medium" | "low")
        && (1..=4).contains(&rate.len())
        && rate.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(suffix, "mp3" | "opus" | "m4a")
}

#[cfg(test)]
mod tests;
