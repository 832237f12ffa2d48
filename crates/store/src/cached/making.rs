//! Files of the cache folder while they are made ([`Making`]), and how they are given their names.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, FileExt as _},
    path::{Path, PathBuf},
};

use fanfare_model::{Attempt, BlockGrid, ContentHash, Error, ErrorKind, JobId, Profile, Result};
use rustix::{fs::FallocateFlags, io::Errno};

use super::{CacheFolder, MAKING, check::sum_of, file_path, index_path};

/// A file that was given its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The hash of its bytes, by which damage is found later.
    pub sum: ContentHash,
}

impl CacheFolder {
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

/// A place where an attempt makes its files. Dropped, it is removed with all that is half made.
#[derive(Debug)]
pub struct Making {
    pub(super) cache: CacheFolder,
    pub(super) folder: PathBuf,
}

impl Making {
    /// Begins a file: writes its head and keeps room for all of it.
    ///
    /// # Errors
    /// `NoSpace` when the whole file does not fit on the disk, `PermissionDenied`, `Io`.
    pub fn file(&self, profile: Profile, grid: BlockGrid, head: &[u8]) -> Result<MakingFile> {
        let failed = |error| self.cache.failed("writing to the cache", error);
        let file = File::create_new(file_path(&self.folder, profile)).map_err(failed)?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, grid.len_bytes) {
            // File systems that cannot keep room say so when they are full.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Err(failed(error.into())),
        }
        file.write_all_at(head, 0).map_err(failed)?;
        let mut index = File::create_new(index_path(&self.folder, profile)).map_err(failed)?;
        let line = serde_json::to_string(&grid).unwrap_or_default() + "\n";
        index.write_all(line.as_bytes()).map_err(failed)?;
        Ok(MakingFile {
            cache: self.cache.clone(),
            path: file_path(&self.folder, profile),
            file,
            index,
            grid,
            missing: (0..grid.blocks).collect(),
        })
    }

    /// A file that is made elsewise, to be [kept](Self::keep_file) when it is whole.
    #[must_use]
    pub fn path(&self, profile: Profile) -> PathBuf {
        file_path(&self.folder, profile)
    }

    /// Gives a file that lies in this place, and is whole, its name; gives its size and checksum.
    ///
    /// # Errors
    /// `NoSpace`, `PermissionDenied`, `Io`.
    pub fn keep_file(&self, path: &Path, name: &str) -> Result<Kept> {
        keep(&self.cache, path, name)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // What cannot be removed is removed at the next start of the server.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A file being made.
#[derive(Debug)]
pub struct MakingFile {
    cache: CacheFolder,
    path: PathBuf,
    file: File,
    index: File,
    grid: BlockGrid,
    missing: std::collections::BTreeSet<u32>,
}

impl MakingFile {
    /// Writes a block; one that is there already is left as it is.
    ///
    /// # Errors
    /// `Internal` for bytes that do not fit the grid; `NoSpace`, `Io`.
    pub fn block(&mut self, block: u32, bytes: &[u8]) -> Result<()> {
        let place = self.grid.bytes_of(block).filter(|place| place.end - place.start == bytes.len() as u64);
        let place = place.ok_or_else(|| Error::new(ErrorKind::Internal, "a block does not fit its file"))?;
        if !self.missing.contains(&block) {
            return Ok(());
        }
        let failed = |error| self.cache.failed("writing to the cache", error);
        self.file.write_all_at(bytes, place.start).map_err(failed)?;
        self.index.write_all(format!("{block}\n").as_bytes()).map_err(failed)?;
        self.missing.remove(&block);
        Ok(())
    }

    /// The first block at or behind that one that is not there yet, else the first of all; `None` when all are.
    #[must_use]
    pub fn next_missing(&self, from: u32) -> Option<u32> {
        self.missing.range(from..).next().or_else(|| self.missing.first()).copied()
    }

    /// Whether a block is still to be made.
    #[must_use]
    pub fn lacks(&self, block: u32) -> bool {
        self.missing.contains(&block)
    }

    /// Gives the whole file its name (sync, rename, sync the folder); gives its size and checksum.
    ///
    /// # Errors
    /// `Internal` when it is not whole; `NoSpace`, `PermissionDenied`, `Io`.
    pub fn keep(self, name: &str) -> Result<Kept> {
        if !self.missing.is_empty() {
            return Err(Error::new(ErrorKind::Internal, "a file with blocks missing is not kept"));
        }
        keep(&self.cache, &self.path, name)
    }
}

fn keep(cache: &CacheFolder, path: &Path, name: &str) -> Result<Kept> {
    let failed = |error| cache.failed("keeping a file in the cache", error);
    let target =
        cache.path(name).ok_or_else(|| Error::new(ErrorKind::Internal, "this is no name of ours"))?;
    let file = File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    // Read again: the checksum is that of what the disk gives, whatever was to be written.
    let sum = sum_of(&file).map_err(failed)?;
    fs::rename(path, &target).map_err(failed)?;
    File::open(cache.root()).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(Kept { size_bytes: file.metadata().map_err(failed)?.len(), sum })
}
