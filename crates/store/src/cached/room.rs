//! Whether new files can be kept in the cache folder, and if not, why: one sentence and one remedy for the log, a task,
//! `fanfare cache explain` and `fanfare doctor`.

use std::io;

use fanfare_model::{Error, ErrorKind, Result};
use rustix::io::Errno;

use super::CacheFolder;
use crate::probe;

/// How the names of probes begin; the number of the process follows.
const PROBE: &str = ".probe-";
/// A folder counts as writable when this much can be written: on a full disk a file can be made, and has no byte.
const PROBE_BYTES: usize = 64 << 10;

impl CacheFolder {
    /// Tries whether files can be made there. The folder itself is not made: the nearest one above it is tried. Blocks.
    ///
    /// # Errors
    /// `PermissionDenied`, `NoSpace`, `Io`, with a remedy: those with which making a file would fail.
    pub fn try_writing(&self) -> Result<()> {
        const WHAT: &str = "writing to the cache";
        let there = self.root().ancestors().find(|above| above.symlink_metadata().is_ok());
        let Some(folder) = there else { return Ok(()) };
        if !folder.is_dir() {
            return Err(self.failed(WHAT, io::ErrorKind::NotADirectory.into()));
        }
        probe::try_writing(folder, PROBE, PROBE_BYTES).map_err(|error| self.failed(WHAT, error))
    }

    /// Removes probes that a crash left. One of another process that is being written is lost to nobody.
    pub(super) fn remove_probes(&self) {
        let there = self.root().ancestors().find(|above| above.is_dir());
        if let Some(folder) = there {
            probe::remove_left_over(folder, PROBE, PROBE_BYTES);
        }
    }

    /// How many bytes are free for us on its disk; `None` where the system does not say. Blocks.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        probe::free_bytes_at(self.root())
    }

    /// Refuses a file of that many bytes if its disk has less free. Blocks.
    ///
    /// # Errors
    /// `NoSpace`, as keeping room for it would fail.
    pub fn refuse_full(&self, bytes: u64) -> Result<()> {
        match self.free_bytes() {
            Some(free) if free < bytes => Err(self.failed("writing to the cache", Errno::NOSPC.into())),
            _ => Ok(()),
        }
    }

    /// The error of the cache folder, with its name and what to do.
    pub(super) fn failed(&self, what: &str, error: io::Error) -> Error {
        let cause = error.kind();
        let error = Error::from_io(format!("{what} ({})", self.root().display()), error);
        match error.kind() {
            _ if cause == io::ErrorKind::ReadOnlyFilesystem => {
                error.remedy("make that disk writable, or set `audio_cache.dir` to a folder on another one")
            }
            _ if matches!(cause, io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists) => error
                .remedy(
                    "move away what lies there in place of a folder, or set `audio_cache.dir` to another one",
                ),
            ErrorKind::NoSpace => error.remedy("free space on that disk, or run `fanfare cache clear`"),
            ErrorKind::PermissionDenied => error.remedy(
                "let the user who runs fanfare write that folder, or set `audio_cache.dir` to another one",
            ),
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    // issue 12: a crash during the check left its test file behind.
    #[test]
    fn probes_that_a_crash_left_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".probe-17", ".probe-x", "probe-17"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::write(folder.path().join(".probe-18"), "notes").unwrap();
        // Where the cache folder is not there, the one above it was tried.
        for root in [folder.path().to_owned(), folder.path().join("cache/audio")] {
            fs::write(folder.path().join(".probe-17"), "x").unwrap();
            CacheFolder::new(root).tidy();
            let mut left: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            left.sort();
            assert_eq!(left, [".probe-18", ".probe-x", "probe-17"]);
        }
    }

    // issue 13: what `doctor` and `cache explain` say is what making a file would fail with.
    #[test]
    fn a_folder_says_beforehand_what_making_a_file_would_fail_with() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().join("cache/audio"));
        cache.try_writing().unwrap();
        assert!(!cache.root().exists(), "nothing is made by looking");
        assert!(cache.free_bytes().unwrap() > 0);
        cache.refuse_full(1).unwrap();
        let full = cache.refuse_full(u64::MAX).unwrap_err();
        assert_eq!(
            (full.kind(), full.remedy_text()),
            (ErrorKind::NoSpace, Some("free space on that disk, or run `fanfare cache clear`"))
        );
        fs::create_dir(folder.path().join("cache")).unwrap();
        fs::write(cache.root(), b"no folder").unwrap();
        let said = cache.try_writing().unwrap_err();
        let (job, attempt) = (fanfare_model::JobId::from_bytes([1; 16]), fanfare_model::Attempt(1));
        let failed = cache.begin(job, attempt).unwrap_err();
        assert_eq!((said.kind(), said.remedy_text()), (failed.kind(), failed.remedy_text()));
        assert!(said.remedy_text().unwrap().contains("audio_cache.dir"));
    }
}
