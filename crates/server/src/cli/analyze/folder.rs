//! [`Folder`]: where files are written beside the answers (`--plot`, `--waveform`).
//!
//! Invariants: a file appears whole under its name or not at all; one that was there is replaced in one step if Fanfare wrote
//! it, and stays if not; nothing that was read from an input becomes part of a path except through [`Names`](super::names::Names).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process,
};

use fanfare_model::{Error, ErrorKind, Result};

/// A folder that can be written to.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    option: &'static str,
}

impl Folder {
    /// Makes the folder where it is missing, and tries whether files can be written into it: it is better to know
    /// before hours of analysis. `option` is what it was named by.
    ///
    /// # Errors
    /// Why not, with what to do.
    pub fn open(path: &Path, option: &'static str) -> Result<Self> {
        let folder = Self { path: path.to_path_buf(), option };
        fs::create_dir_all(path).map_err(|error| folder.trouble("the folder cannot be made", path, error))?;
        let trial = folder.temporary("trial");
        File::create(&trial)
            .and_then(|_| fs::remove_file(&trial))
            .map_err(|error| folder.trouble("the folder cannot be written to", path, error))?;
        Ok(folder)
    }

    /// Writes a file, or replaces what an earlier run wrote. `name` comes from [`Names`](super::names::Names).
    ///
    /// # Errors
    /// `Conflict` for a file that is somebody else's; why else not, with what to do. What was there before is still there then.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (temporary, path) = (self.temporary(name), self.path.join(name));
        if is_foreign(&path) {
            let message = format!("{}: the file is there, and is not one that fanfare wrote", path.display());
            return Err(Error::new(ErrorKind::Conflict, message)
                .remedy(format!("move it, or name another folder with {}", self.option)));
        }
        written(&temporary, bytes).and_then(|()| fs::rename(&temporary, &path)).map_err(|error| {
            // Whatever is left of it; that it may not be there is no trouble of its own.
            let _ = fs::remove_file(&temporary);
            self.trouble("the file cannot be written", &path, error)
        })
    }

    /// A name beside the final one, so that the rename stays on one file system; of this process alone.
    fn temporary(&self, name: &str) -> PathBuf {
        self.path.join(format!(".fanfare-{}-{name}.part", process::id()))
    }

    fn trouble(&self, what: &str, path: &Path, error: io::Error) -> Error {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let remedy = if full {
            format!("make room, or name a folder on another disk with {}", self.option)
        } else {
            format!("name a folder that you may write to with {}", self.option)
        };
        Error::from_io(format_args!("{}: {what}", path.display()), error).remedy(remedy)
    }
}

/// What the files of earlier runs have in their first bytes, by the suffix of their names.
const MARKS: [(&str, &[u8]); 3] = [
    ("svg", b"<desc id=\"desc\">What was analyzed in "),
    ("dat", &[2, 0, 0, 0]), // audiowaveform, version 2
    ("json", b"{\"version\":2,\"channels\":"),
];
/// Bytes that are looked at: in front of a picture's mark stands the name of its file.
const HEAD_BYTES: u64 = 4_096;

/// Whether a file is there that somebody else wrote. A link is replaced, whatever it leads to: that stays.
fn is_foreign(path: &Path) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() > 0);
    let suffix = path.extension().unwrap_or_default();
    let Some((_, mark)) = MARKS.iter().find(|(of, _)| suffix == *of).filter(|_| is_file) else {
        return false;
    };
    let mut head = Vec::new();
    // One that cannot be read is not known to be ours.
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    let is_marked = match suffix == "svg" {
        true => head.windows(mark.len()).any(|part| part == *mark),
        false => head.starts_with(mark),
    };
    read.is_err() || !is_marked
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    // A full disk is noticed here, not later by a reader of the file.
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_replaced_whole_and_nothing_else_is_left() {
        let place = tempfile::tempdir().unwrap();
        let below = place.path().join("a/b");
        let folder = Folder::open(&below, "--plot").unwrap();
        folder.write("x.dat", &[2, 0, 0, 0, 1]).unwrap();
        // A link is replaced, not followed.
        std::os::unix::fs::symlink(place.path().join("elsewhere"), below.join("y.svg")).unwrap();
        for name in ["x.dat", "y.svg"] {
            folder.write(name, b"second").unwrap();
            assert_eq!(fs::read(below.join(name)).unwrap(), b"second");
        }
        assert_eq!(names(&below), ["x.dat", "y.svg"]);
        assert!(!place.path().join("elsewhere").exists());
    }

    /// Issue 12: a person's own `song.json` beside the song was replaced.
    #[test]
    fn a_file_that_somebody_else_wrote_stays() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), "--waveform").unwrap();
        for (name, mine) in [
            ("song.json", &b"{\"version\":2,\"title\":1}"[..]),
            ("song.dat", b"\x01\0\0\0"),
            ("song.svg", b"<?xml version=\"1.0\"?><svg></svg>"),
        ] {
            fs::write(place.path().join(name), mine).unwrap();
            let refused = folder.write(name, b"other").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Conflict);
            assert!(refused.to_string().contains("--waveform"), "{refused}");
            assert_eq!(fs::read(place.path().join(name)).unwrap(), mine);
        }
        assert_eq!(names(place.path()).len(), 3, "nothing is left beside them");
    }

    #[test]
    fn what_cannot_be_written_says_what_to_do() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Folder::open(&file, "--plot").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("--plot"), "{error}");
        let folder = Folder::open(place.path(), "--waveform").unwrap();
        fs::create_dir(place.path().join("taken.svg")).unwrap();
        let error = folder.write("taken.svg", b"x").unwrap_err();
        assert!(
            error.to_string().contains("taken.svg") && error.to_string().contains("--waveform"),
            "{error}"
        );
        assert_eq!(names(place.path()), ["file", "taken.svg"]);
    }
}
