//! [`Folder`]: where files are written beside the answers (`--plot`, `--waveform`).
//!
//! Invariants: a file appears whole under its name or not at all; one that was there is replaced in one step; nothing that
//! was read from an input becomes part of a path except through [`Names`](super::names::Names).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
};

use fanfare_model::{Error, Result};

/// A folder that can be written to.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    option: &'static str,
}

impl Folder {
    /// Makes the folder where it is missing, and tries whether files can be written into it: it is better to know
    /// before hours of hearing. `option` is what it was named by.
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

    /// Writes a file, or replaces it. `name` comes from [`Names`](super::names::Names).
    ///
    /// # Errors
    /// Why not, with what to do. What was there before is still there then.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (temporary, path) = (self.temporary(name), self.path.join(name));
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

fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    // A full disk is noticed here and not by whoever looks at the file.
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use fanfare_model::ErrorKind;

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
        folder.write("x.svg", b"first").unwrap();
        // A link is replaced, not followed.
        std::os::unix::fs::symlink(place.path().join("elsewhere"), below.join("y.svg")).unwrap();
        for name in ["x.svg", "y.svg"] {
            folder.write(name, b"second").unwrap();
            assert_eq!(fs::read(below.join(name)).unwrap(), b"second");
        }
        assert_eq!(names(&below), ["x.svg", "y.svg"]);
        assert!(!place.path().join("elsewhere").exists());
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
