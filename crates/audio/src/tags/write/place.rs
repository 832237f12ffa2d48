//! A file's place in its folder, and putting another file there: whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{BufWriter, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use fanfare_model::{ContentHash, Error, ErrorKind, Result, Timestamp};

use super::{
    analyzed::{AnalyzedFile, Rewritten},
    output,
    pieces::{Piece, each_block},
};
use crate::probe::open_regular;

/// Bytes written at a time.
const WRITE_BYTES: usize = 256 << 10;
/// Bytes of extended attributes that are carried over, of all names and of one value: Linux allows no more.
const ATTRIBUTE_BYTES: usize = 64 << 10;

/// A file that may be replaced.
pub(super) struct Place {
    path: PathBuf,
    folder: PathBuf,
    file: Arc<File>,
    opened: Metadata,
}

impl Place {
    /// Opens a file that is the one that was heard, and that has no other name.
    pub(super) fn open(path: &Path, analyzed: &AnalyzedFile) -> Result<Self> {
        let at_path =
            fs::symlink_metadata(path).map_err(|error| Error::from_io("looking at the file", error))?;
        if at_path.is_symlink() {
            return Err(left_alone(
                "the file is a symbolic link, and what it leads to may be used elsewhere",
            ));
        }
        let file = Arc::new(open_regular(path)?);
        let opened = file.metadata().map_err(|error| Error::from_io("looking at the file", error))?;
        if opened.nlink() > 1 {
            return Err(left_alone(
                "the file has other names (hard links), which would go on leading to the old one",
            ));
        }
        if opened.len() != analyzed.size_bytes || modified(&opened) != analyzed.modified {
            return Err(changed());
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let place = Self { path: path.to_owned(), folder, file, opened };
        if analyzed.content_hash.is_some_and(|hash| place.hash().is_ok_and(|now| now != hash)) {
            return Err(changed());
        }
        Ok(place)
    }

    pub(super) const fn file(&self) -> &Arc<File> {
        &self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the new file beside the old one, has it checked, and puts it in its place.
    pub(super) fn replace(
        &self,
        pieces: &[Piece],
        check: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Rewritten> {
        let new = New::create(self.temporary_path())?;
        let outcome = self.fill_and_rename(&new, pieces, check);
        if outcome.as_ref().map_or(true, |rewritten| !rewritten.changed) {
            // What remains if even that fails is taken up again by the next attempt.
            let _ = fs::remove_file(&new.path);
        }
        outcome
    }

    fn fill_and_rename(
        &self,
        new: &New,
        pieces: &[Piece],
        check: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Rewritten> {
        let writing = |error| Error::from_io("writing the new file", error);
        let mut into = Hashed {
            file: BufWriter::with_capacity(WRITE_BYTES, &new.file),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        };
        output::write(pieces, &self.file, &mut into)?;
        into.file.flush().map_err(writing)?;
        let content_hash = ContentHash::from_bytes(*into.hasher.finalize().as_bytes());
        let size_bytes = into.bytes;
        drop(into);
        if size_bytes == self.opened.len() && self.hash()? == content_hash {
            let modified = modified(&self.opened);
            let changed_ns = changed_ns(&self.opened);
            return Ok(Rewritten { changed: false, size_bytes, modified, changed_ns, content_hash });
        }
        self.carry_over(&new.file)?;
        new.file.sync_all().map_err(writing)?;
        check(&new.path)?;
        // The last look: from here to the rename nothing is done that takes time.
        let now = fs::symlink_metadata(&self.path)
            .map_err(|error| Error::from_io("looking at the file once more", error))?;
        let same = |of: &Metadata| (of.dev(), of.ino(), of.len(), of.mtime(), of.mtime_nsec(), of.nlink());
        if same(&now) != same(&self.opened) {
            return Err(changed());
        }
        fs::rename(&new.path, &self.path)
            .map_err(|error| Error::from_io("putting the new file in place", error))?;
        // Without it a power cut could bring the old file back, which is whole as well; so this is no failure.
        if let Err(error) = File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            tracing::warn!(%error, "the folder of a rewritten file could not be synced");
        }
        let metadata =
            new.file.metadata().map_err(|error| Error::from_io("looking at the new file", error))?;
        let (modified, changed_ns) = (modified(&metadata), changed_ns(&metadata));
        Ok(Rewritten { changed: true, size_bytes, modified, changed_ns, content_hash })
    }

    /// Owner, mode and extended attributes of the old file, as far as this process may set them.
    fn carry_over(&self, new: &File) -> Result<()> {
        let (uid, gid) = (self.opened.uid(), self.opened.gid());
        if let Err(error) = std::os::unix::fs::fchown(new, Some(uid), Some(gid)) {
            tracing::debug!(%error, "the owner of a rewritten file stays this process's");
        }
        // After the owner: changing that takes away set-user-id bits.
        new.set_permissions(fs::Permissions::from_mode(self.opened.mode() & 0o7777))
            .map_err(|error| Error::from_io("setting the new file's mode", error))?;
        for (name, value) in attributes(&self.file) {
            if let Err(error) = rustix::fs::fsetxattr(new, &*name, &value, rustix::fs::XattrFlags::empty()) {
                tracing::debug!(%error, "an extended attribute of a rewritten file was not kept");
            }
        }
        Ok(())
    }

    /// The name that a new file has while it is made: known from the file's own, so that what a kill left behind is
    /// found again; hidden, and without a suffix of audio, so that no scan takes it for a track.
    fn temporary_path(&self) -> PathBuf {
        use std::os::unix::ffi::OsStrExt as _;
        let name = self.path.file_name().unwrap_or_default();
        let mark = &blake3::hash(name.as_bytes()).to_hex()[..16];
        self.folder.join(OsString::from(format!(".fanfare-{mark}.tmp")))
    }

    fn hash(&self) -> Result<ContentHash> {
        let mut hasher = blake3::Hasher::new();
        each_block(&self.file, 0..self.opened.len(), |block| {
            hasher.update(block);
            Ok(())
        })?;
        Ok(ContentHash::from_bytes(*hasher.finalize().as_bytes()))
    }
}

/// The file that is being made, locked as long as this lives.
struct New {
    path: PathBuf,
    file: File,
}

impl New {
    fn create(path: PathBuf) -> Result<Self> {
        let making = |error| {
            Error::from_io("making a new file beside the old one", error)
                .remedy("let Fanfare write to the folder, or switch the writing of tags off")
        };
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_follow)
            .open(&path)
            .map_err(making)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            Err(TryLockError::Error(error)) => return Err(making(error)),
        }
        // The holder of the lock before may have put the file in its place meanwhile: then this is no new file.
        let still_there = fs::symlink_metadata(&path).and_then(|there| {
            file.metadata().map(|mine| (there.dev(), there.ino()) == (mine.dev(), mine.ino()))
        });
        if !matches!(still_there, Ok(true)) {
            return Err(busy());
        }
        file.set_len(0).map_err(making)?;
        Ok(Self { path, file })
    }
}

/// Counts and hashes what is written.
struct Hashed<W> {
    file: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: std::io::Write> std::io::Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Names and values of a file's extended attributes; none where the system has none.
fn attributes(file: &File) -> Vec<(OsString, Vec<u8>)> {
    use std::os::unix::ffi::OsStrExt as _;
    let mut names = vec![0; ATTRIBUTE_BYTES];
    let Ok(length) = rustix::fs::flistxattr(file, &mut names[..]) else { return Vec::new() };
    names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .filter_map(|name| {
            let name = std::ffi::OsStr::from_bytes(name);
            let mut value = vec![0; ATTRIBUTE_BYTES];
            let length = rustix::fs::fgetxattr(file, name, &mut value[..]).ok()?;
            value.truncate(length);
            Some((name.to_owned(), value))
        })
        .collect()
}

/// To the millisecond, as the catalog has it.
/// The inode change time in ns; `None` where the file system has none.
fn changed_ns(of: &Metadata) -> Option<i64> {
    let ns = of.ctime().checked_mul(1_000_000_000)?.checked_add(of.ctime_nsec())?;
    (ns != 0).then_some(ns)
}

fn modified(of: &Metadata) -> Timestamp {
    let clamp = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp(match of.modified().map(|time| time.duration_since(UNIX_EPOCH)) {
        Ok(Ok(after)) => clamp(after.as_millis()),
        Ok(Err(before)) => -clamp(before.duration().as_millis()),
        Err(_) => 0,
    })
}

fn left_alone(message: &str) -> Error {
    Error::new(ErrorKind::Unsupported, message)
        .remedy("the file is left as it is; the gains are in the catalog and used from there")
}

fn changed() -> Error {
    Error::new(ErrorKind::Conflict, "the file changed since it was analyzed")
        .remedy("it is analyzed and written again after the next scan")
}

fn busy() -> Error {
    Error::new(ErrorKind::Busy, "somebody else is writing tags to the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> (PathBuf, Place) {
        let path = folder.join("track.flac");
        fs::write(&path, b"old bytes").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        let analyzed =
            AnalyzedFile { size_bytes: metadata.len(), modified: modified(&metadata), content_hash: None };
        let place = Place::open(&path, &analyzed).unwrap();
        (path, place)
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn trouble_on_the_way_leaves_the_old_file_and_nothing_else() {
        type Check = fn(&Path) -> Result<()>;
        let refuse: Check = |_| Err(Error::new(ErrorKind::Unsupported, "not the same"));
        let rewrite: Check = |new| {
            let old = new.with_file_name("track.flac");
            fs::write(old, b"somebody else's").map_err(|error| Error::from_io("test", error))
        };
        let replace: Check = |new| {
            let old = new.with_file_name("track.flac");
            fs::remove_file(&old)
                .and_then(|()| fs::write(old, b"old bytes"))
                .map_err(|error| Error::from_io("test", error))
        };
        let remove: Check = |new| {
            fs::remove_file(new.with_file_name("track.flac")).map_err(|error| Error::from_io("test", error))
        };
        let new = Piece::New(b"new ".to_vec());
        for (what, pieces, check, kind, left) in [
            (
                "refused",
                vec![new.clone(), Piece::Keep(0..9)],
                refuse,
                ErrorKind::Unsupported,
                Some(&b"old bytes"[..]),
            ),
            (
                "cut short",
                vec![new.clone(), Piece::Keep(0..99)],
                refuse,
                ErrorKind::Malformed,
                Some(b"old bytes"),
            ),
            ("changed", vec![new.clone()], rewrite, ErrorKind::Conflict, Some(b"somebody else's")),
            ("replaced", vec![new.clone()], replace, ErrorKind::Conflict, Some(b"old bytes")),
            ("removed", vec![new], remove, ErrorKind::NotFound, None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (path, place) = place(folder.path());
            let error = place.replace(&pieces, check).unwrap_err();
            assert_eq!(error.kind(), kind, "{what}: {error}");
            assert_eq!(fs::read(&path).ok().as_deref(), left, "{what}");
            assert_eq!(names(folder.path()), usize::from(left.is_some()), "{what}");
        }
    }

    #[test]
    fn one_writes_at_a_time_and_what_a_kill_left_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let (path, place) = place(folder.path());
        let held = New::create(place.temporary_path()).unwrap();
        let pieces = [Piece::Keep(4..9), Piece::New(b", new".to_vec())];
        let error = place.replace(&pieces, |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!(fs::read(&path).unwrap(), b"old bytes");
        drop(held);
        fs::write(place.temporary_path(), b"half of something much longer").unwrap();
        assert!(place.replace(&pieces, |_| Ok(())).unwrap().changed);
        assert_eq!(fs::read(&path).unwrap(), b"bytes, new");
        assert_eq!(names(folder.path()), 1);
    }
}
