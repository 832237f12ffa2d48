//! Which files a list of paths means.

use std::path::{Path, PathBuf};

use fanfare_audio::CancelFlag;
use fanfare_model::{Error, ErrorKind};
use walkdir::WalkDir;

/// A path to report on, or why there is nothing to hear at it.
#[derive(Debug)]
pub struct Found {
    /// As given, or below a folder that was given.
    pub path: PathBuf,
    /// What is wrong with it already.
    pub problem: Option<Problem>,
    /// What files that are made of it are named, without suffix; empty when none are asked for.
    pub name: String,
    /// The number of its folder among the albums, where those are asked for.
    pub album: Option<usize>,
}

/// Why there is nothing to analyze at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ErrorKind,
    message: String,
    remedy: Option<String>,
}

impl Problem {
    fn of(error: &Error) -> Self {
        let remedy = error.remedy_text().map(str::to_owned);
        Self { kind: error.kind(), message: error.message().to_owned(), remedy }
    }

    /// As an error.
    pub fn error(&self) -> Error {
        let error = Error::new(self.kind, self.message.clone());
        match &self.remedy {
            Some(remedy) => error.remedy(remedy.clone()),
            None => error,
        }
    }
}

impl Found {
    /// A file that may be analyzed.
    pub const fn good(path: PathBuf) -> Self {
        Self { path, problem: None, name: String::new(), album: None }
    }

    fn bad(path: PathBuf, error: &Error) -> Self {
        Self { path, problem: Some(Problem::of(error)), name: String::new(), album: None }
    }
}

/// Files as given, folders walked in sorted order for what could be audio by its suffix. Links are followed,
/// loops are not.
pub fn find(paths: &[PathBuf], cancel: &CancelFlag) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, cancel, &mut found),
            Ok(metadata) if metadata.is_file() => {
                found.push(Found::good(path.clone()));
            }
            Ok(_) => {
                let error = Error::new(ErrorKind::NotAudio, "neither a file nor a folder");
                found.push(Found::bad(path.clone(), &error));
            }
            Err(error) => found.push(Found::bad(path.clone(), &Error::from_io("looking at it", error))),
        }
    }
    found
}

/// A folder that was named and holds nothing to hear is a problem of its own: silence would look like success.
fn walk(folder: &Path, cancel: &CancelFlag, found: &mut Vec<Found>) {
    let before = found.len();
    walk_entries(folder, cancel, found);
    if found.len() == before && !cancel.is_cancelled() {
        let error = Error::new(ErrorKind::Empty, "the folder holds no audio files");
        found.push(Found::bad(folder.to_path_buf(), &error));
    }
}

fn walk_entries(folder: &Path, cancel: &CancelFlag, found: &mut Vec<Found>) {
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    // A path that is named on the command line is never left out.
    for entry in
        walk.filter_entry(|entry| entry.depth() == 0 || !fanfare_audio::is_system_name(entry.file_name()))
    {
        if cancel.is_cancelled() {
            return;
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() && fanfare_audio::is_audio_suffix(entry.path()) => {
                found.push(Found::good(entry.into_path()));
            }
            Ok(_) => {}
            // A loop only says that the folder was walked already.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                // A dangling link is worth a word only when it could have been audio.
                // As the system said it: the walk's own words name the path again, and hide what the system's number means.
                let error = match error.into_io_error() {
                    Some(error) => Error::from_io("looking at it", error),
                    None => Error::new(ErrorKind::Io, "looking at it: it cannot be read"),
                };
                if error.kind() != ErrorKind::NotFound || fanfare_audio::is_audio_suffix(&path) {
                    found.push(Found::bad(path, &error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: the remedy of the system's errors was left out.
    #[test]
    fn what_cannot_be_looked_at_is_named_with_what_to_do() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        std::os::unix::fs::symlink("circle.flac", at("circle.flac")).unwrap();
        let long = at(&"n".repeat(256));
        for (path, remedy) in [
            (at("circle.flac"), "make the link lead to"),
            // In a folder.
            (top.path().to_owned(), "make the link lead to"),
            (long, "use a shorter one"),
        ] {
            let found = find(std::slice::from_ref(&path), &CancelFlag::default());
            assert_eq!(found.len(), 1, "{found:?}");
            let error = found[0].problem.as_ref().unwrap().error();
            assert!(error.to_string().contains(remedy), "{error}");
        }
    }
}
