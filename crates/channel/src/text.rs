//! Sentences for people that server and worker write in the same words.

use std::path::Path;

use fanfare_model::{Error, Track, TrackId, job::JobError};

/// How the sentence begins of a cache folder that cannot be written.
pub const CACHE_UNWRITABLE: &str = "nothing can be stored in the cache";
/// How the sentence begins of a cache at its cap.
pub const CACHE_FULL: &str = "the cache is full";

/// Whether a job was given up for an error that ends a run of making transcodes: by its sentence, which is all that is stored.
pub fn ended_a_run(given_up: &JobError) -> bool {
    [CACHE_UNWRITABLE, CACHE_FULL].iter().any(|begin| given_up.message.starts_with(begin))
}

/// The error's sentence and remedy, without the byte offset, which is stored in a field of its own.
pub fn sentence(error: &Error) -> String {
    match error.remedy_text() {
        Some(remedy) => format!("{}; {remedy}", error.message()),
        None => error.message().to_owned(),
    }
}

/// What people are shown of a track's file that lies there: the path, or the name under which it was uploaded (its bytes
/// lie under a name that says nothing).
pub fn shown(track: &Track, path: &Path) -> String {
    match track.home.folder() {
        Some(_) => path.display().to_string(),
        None => track.relative_path.clone(),
    }
}

/// How a track is named of which nothing is known any more.
pub fn unnamed(track: TrackId) -> String {
    format!("track {track}")
}
