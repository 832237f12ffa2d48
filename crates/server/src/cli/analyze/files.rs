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
    pub problem: Option<(ErrorKind, String)>,
    /// What files that are made of it are named, without suffix; empty when none are asked for.
    pub name: String,
    /// The number of its folder among the albums, where those are asked for.
    pub album: Option<usize>,
}

impl Found {
    /// A file that may be analyzed.
    pub const fn good(path: PathBuf) -> Self {
        Self { path, problem: None, name: String::new(), album: None }
    }

    fn bad(path: PathBuf, kind: ErrorKind, message: &str) -> Self {
        Self { path, problem: Some((kind, message.to_owned())), name: String::new(), album: None }
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
            Ok(_) => found.push(Found::bad(path.clone(), ErrorKind::NotAudio, "neither a file nor a folder")),
            Err(error) => {
                let error = Error::from_io("looking at it", error);
                found.push(Found::bad(path.clone(), error.kind(), error.message()));
            }
        }
    }
    found
}

/// A folder that was named and holds nothing to hear is a problem of its own: silence would look like success.
fn walk(folder: &Path, cancel: &CancelFlag, found: &mut Vec<Found>) {
    let before = found.len();
    walk_entries(folder, cancel, found);
    if found.len() == before && !cancel.is_cancelled() {
        let message = "the folder holds no audio files";
        found.push(Found::bad(folder.to_path_buf(), ErrorKind::Empty, message));
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
                    found.push(Found::bad(path, error.kind(), error.message()));
                }
            }
        }
    }
}
