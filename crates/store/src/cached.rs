//! Smaller files of tracks: the folder they lie in, and one while it is made.
//!
//! Purpose: [`CacheFolder`] knows the files that are whole, by names that we make (docs/coverage.md E3). A worker writes one block
//! by block ([`MakingFile`]) where the server can already read from it ([`Following`]); whole, it is renamed to its name.
//!
//! Vocabulary: the *index* of a file being made is a line of JSON with its grid, then the number of every block that is
//! written, a line each. A block's line is written after its bytes.
//!
//! Invariants: under its name a file is whole, always; a name from anywhere else than [`Profile::file_name`] leads
//! nowhere; what is being made is gone when its maker ends or the server starts again.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_model::{Attempt, BlockGrid, Error, ErrorKind, JobId, Profile, Result, Timestamp};
use rustix::{fs::FallocateFlags, io::Errno};

use crate::blobs::timestamp;

/// The folder, below the cache folder, of files that are being made.
const MAKING: &str = ".making";
/// The longest line of an index, in bytes.
const MAX_LINE_BYTES: u64 = 4_096;

/// Where smaller files lie.
#[derive(Debug, Clone)]
pub struct CacheFolder {
    root: PathBuf,
}

impl CacheFolder {
    /// That folder; it is made when the first file is.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
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

    fn failed(&self, what: &str, error: std::io::Error) -> Error {
        let read_only = error.kind() == std::io::ErrorKind::ReadOnlyFilesystem;
        let error = Error::from_io(format!("{what} ({})", self.root.display()), error);
        match error.kind() {
            _ if read_only => {
                error.remedy("make that disk writable, or set `audio_cache.dir` to a folder on another one")
            }
            ErrorKind::NoSpace => error.remedy("free space on that disk, or run `fanfare cache clear`"),
            ErrorKind::PermissionDenied => error.remedy(
                "let the user who runs fanfare write that folder, or set `audio_cache.dir` to another one",
            ),
            _ => error,
        }
    }
}

/// A place where an attempt makes its files. Dropped, it is removed with all that is half made.
#[derive(Debug)]
pub struct Making {
    cache: CacheFolder,
    folder: PathBuf,
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

    /// Gives a file that lies in this place, and is whole, its name; gives its size.
    ///
    /// # Errors
    /// `NoSpace`, `PermissionDenied`, `Io`.
    pub fn keep_file(&self, path: &Path, name: &str) -> Result<u64> {
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

    /// Gives the whole file its name (sync, rename, sync the folder); gives its size.
    ///
    /// # Errors
    /// `Internal` when it is not whole; `NoSpace`, `PermissionDenied`, `Io`.
    pub fn keep(self, name: &str) -> Result<u64> {
        if !self.missing.is_empty() {
            return Err(Error::new(ErrorKind::Internal, "a file with blocks missing is not kept"));
        }
        keep(&self.cache, &self.path, name)
    }
}

fn keep(cache: &CacheFolder, path: &Path, name: &str) -> Result<u64> {
    let failed = |error| cache.failed("keeping a file in the cache", error);
    let target =
        cache.path(name).ok_or_else(|| Error::new(ErrorKind::Internal, "this is no name of ours"))?;
    let file = File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(path, &target).map_err(failed)?;
    File::open(&cache.root).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(file.metadata().map_err(failed)?.len())
}

/// A file being made, seen by who reads from it.
#[derive(Debug)]
pub struct Following {
    file: Arc<File>,
    index: BufReader<File>,
    grid: BlockGrid,
    done: Vec<bool>,
    left: u32,
}

impl Following {
    /// Opens the file that is made for that profile there; `None` while it has not begun.
    ///
    /// # Errors
    /// `Io` when its index cannot be read.
    pub fn open(folder: &Path, profile: Profile) -> Result<Option<Self>> {
        let opened = File::open(index_path(folder, profile))
            .and_then(|index| Ok((index, Arc::new(File::open(file_path(folder, profile))?))));
        let (index, file) = match opened {
            Ok(both) => both,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unread(error)),
        };
        let mut index = BufReader::new(index);
        let mut line = String::new();
        index.by_ref().take(MAX_LINE_BYTES).read_line(&mut line).map_err(unread)?;
        if !line.ends_with('\n') {
            return Ok(None);
        }
        let grid: BlockGrid = serde_json::from_str(&line)
            .map_err(|error| Error::new(ErrorKind::Io, "an index line is damaged").because(error))?;
        let mut following =
            Self { file, index, grid, done: vec![false; grid.blocks as usize], left: grid.blocks };
        following.look()?;
        Ok(Some(following))
    }

    /// Takes in the blocks that were written since the last look.
    ///
    /// # Errors
    /// `Io`.
    pub fn look(&mut self) -> Result<()> {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.index.by_ref().take(MAX_LINE_BYTES).read_line(&mut line).map_err(unread)?;
            if !line.ends_with('\n') {
                // Not whole yet: read again at the next look.
                let back = i64::try_from(read).unwrap_or(0);
                self.index.seek_relative(-back).map_err(unread)?;
                if read == 0 {
                    // A reader at its end stays there until it is moved.
                    let here = self.index.stream_position().map_err(unread)?;
                    self.index.seek(SeekFrom::Start(here)).map_err(unread)?;
                }
                return Ok(());
            }
            let block = line.trim().parse::<usize>().ok();
            if let Some(done) = block.and_then(|block| self.done.get_mut(block))
                && !std::mem::replace(done, true)
            {
                self.left -= 1;
            }
        }
    }

    /// How the file lies.
    #[must_use]
    pub const fn grid(&self) -> BlockGrid {
        self.grid
    }

    /// Whether a block can be read.
    #[must_use]
    pub fn has(&self, block: u32) -> bool {
        self.done.get(block as usize).copied().unwrap_or(false)
    }

    /// Whether all of it can be read.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.left == 0
    }

    /// The open file.
    #[must_use]
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

fn unread(error: std::io::Error) -> Error {
    Error::from_io("reading a file that is being made", error)
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
mod tests {
    use fanfare_model::{ContentHash, Quality, SmallCodec};

    use super::*;

    const GRID: BlockGrid = BlockGrid { head_bytes: 4, block_bytes: 3, blocks: 3, len_bytes: 12 };

    fn profile() -> Profile {
        Profile::of(Quality::Medium, SmallCodec::Mp3).unwrap()
    }

    #[test]
    fn a_file_can_be_read_while_it_is_made_and_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().join("cache/audio"));
        let job = JobId::from_bytes([1; 16]);
        let place = cache.making(job, Attempt(1));
        assert!(Following::open(&place, profile()).unwrap().is_none());
        let making = cache.begin(job, Attempt(1)).unwrap();
        let mut file = making.file(profile(), GRID, b"head").unwrap();
        let mut seen = Following::open(&place, profile()).unwrap().unwrap();
        assert_eq!((seen.grid(), seen.has(0), seen.is_whole()), (GRID, false, false));

        assert_eq!(file.block(1, b"xx").unwrap_err().kind(), ErrorKind::Internal);
        file.block(1, b"two").unwrap();
        seen.look().unwrap();
        assert_eq!((seen.has(0), seen.has(1), seen.is_whole()), (false, true, false));
        let mut torn = fs::File::options().append(true).open(index_path(&place, profile())).unwrap();
        torn.write_all(b"2").unwrap();
        seen.look().unwrap();
        assert!(!seen.has(2), "half a line is not read");
        torn.write_all(b"\n").unwrap();
        seen.look().unwrap();
        assert!(seen.has(2));

        let name = profile().file_name(ContentHash::from_bytes([7; 32]));
        assert_eq!((file.next_missing(1), file.next_missing(0)), (Some(2), Some(0)));
        file.block(0, b"one").unwrap();
        assert_eq!(cache.size(&name), None);
        file.block(2, b"en").unwrap();
        assert_eq!(file.keep(&name).unwrap(), 12);
        drop(making);
        assert!(!place.exists());
        assert_eq!((cache.size(&name), cache.names()), (Some(12), vec![name.clone()]));
        let mut bytes = [0; 3];
        seen.file().read_exact_at(&mut bytes, 7).unwrap();
        assert_eq!(&bytes, b"two", "who had it open reads on");
        cache.remove(&name).unwrap();
        cache.remove(&name).unwrap();
        assert_eq!(cache.size(&name), None);
    }

    #[test]
    fn half_a_file_is_never_kept_and_a_later_attempt_sweeps_it_away() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().to_path_buf());
        let job = JobId::from_bytes([2; 16]);
        let making = cache.begin(job, Attempt(1)).unwrap();
        let file = making.file(profile(), GRID, b"head").unwrap();
        let name = profile().file_name(ContentHash::from_bytes([7; 32]));
        assert_eq!(file.keep(&name).unwrap_err().kind(), ErrorKind::Internal);
        std::mem::forget(making); // its worker was killed
        let _second = cache.begin(job, Attempt(2)).unwrap();
        assert!(!cache.making(job, Attempt(1)).exists());
        cache.tidy();
        assert!(!cache.making(job, Attempt(2)).exists() && cache.names().is_empty());
    }

    #[test]
    fn only_names_of_ours_lead_anywhere() {
        let cache = CacheFolder::new(PathBuf::from("/cache"));
        let good = profile().file_name(ContentHash::from_bytes([0xab; 32]));
        assert_eq!(cache.path(&good), Some(PathBuf::from(format!("/cache/{good}"))));
        for name in [
            "",
            "..",
            "/etc/passwd",
            "a_medium_192k.mp3",
            &format!("../{good}"),
            &format!("{good}/"),
            &good.replace("mp3", "php"),
        ] {
            assert_eq!(cache.path(name), None, "{name}");
        }
    }
}
