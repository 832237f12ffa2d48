//! Which files and sockets a process has open, as `/proc` lists them.

use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf};

use rustix::process::{Pid, Resource, getrlimit, prlimit};

/// What a process has open.
#[derive(Debug, Default, Clone)]
pub struct OpenFiles {
    /// The numbers of all its descriptors, in order.
    pub numbers: Vec<u64>,
    /// Files below a folder `cache`, still there or not.
    pub cached: Vec<PathBuf>,
    /// Bytes of files that are removed and take space because they are open.
    pub removed_bytes: u64,
    /// Descriptors of removed files.
    pub removed: usize,
}

impl OpenFiles {
    /// Those of that process; none when it is gone.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let mut open = Self::default();
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return open };
        for entry in entries.flatten() {
            // What was closed meanwhile is not open.
            let (Ok(target), Some(number)) = (fs::read_link(entry.path()), number(&entry)) else { continue };
            open.numbers.push(number);
            let shown = target.to_string_lossy();
            if shown.contains("/cache/") {
                open.cached.push(target.clone());
            }
            if shown.starts_with('/') && shown.ends_with(" (deleted)") {
                open.removed += 1;
                open.removed_bytes += fs::metadata(entry.path()).map_or(0, |file| file.blocks() * 512);
            }
        }
        open.numbers.sort_unstable();
        open
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The number that the next descriptor will have.
    #[must_use]
    pub fn next_free(&self) -> u64 {
        (0..)
            .zip(&self.numbers)
            .find(|(free, number)| free != *number)
            .map_or(self.count() as u64, |(free, _)| free)
    }
}

fn number(entry: &fs::DirEntry) -> Option<u64> {
    entry.file_name().to_str()?.parse().ok()
}

/// Sets how many files a running process may have open (its soft limit); what is open stays open.
///
/// # Panics
/// When the system refuses.
pub fn limit_open_files(pid: u32, limit: u64) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let maximum = getrlimit(Resource::Nofile).maximum;
    prlimit(Some(pid), Resource::Nofile, rustix::process::Rlimit { current: Some(limit), maximum }).unwrap();
}
