//! [`Failure`]: what goes wrong with a file is told in the log, once, with the same fields wherever it happens.
//!
//! Whatever stores a failure (of an attempt, of a file that a scan cannot read, of an analyzer) notes it on its
//! transaction, and the commit writes the line: what was not stored is not told, and no layer above tells it again.
//! What is stored nowhere (a cover, tags that could not be written) is told where it happens, by the same type.
//!
//! Fields: `track` (its id), `file` (the path, or the name of an upload), `work` (the queue, or what was done), `kind`,
//! `cause`; for jobs `attempt`, `attempts` and, where one follows, `retry_in_s`. Names come from strangers: fields are
//! quoted with control characters escaped.

pub(crate) mod noted;

use fanfare_model::{Error, ErrorKind, TrackId};

/// How a failure is told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// The job waits for another attempt.
    Attempt { attempt: u32, attempts: u32, retry_in_s: i64 },
    /// The job was given up.
    GivenUp { attempt: u32, attempts: u32 },
    /// Something of a track failed, and nothing follows by itself.
    Part,
    /// As before; the track is none the worse for it.
    Warning,
}

/// A failure, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    track: Option<TrackId>,
    file: String,
    work: String,
    kind: ErrorKind,
    cause: String,
    told: Told,
}

impl Failure {
    /// A failure that no row tells. `work` says what could not be done, `file` with which one.
    #[must_use]
    pub fn new(work: &str, track: Option<TrackId>, file: impl Into<String>, error: &Error) -> Self {
        let (kind, cause) = (error.kind(), chain(error));
        Self { track, file: file.into(), work: work.to_owned(), kind, cause, told: Told::Warning }
    }

    /// Writes its line.
    pub fn tell(&self) {
        let Self { track, file, work, kind, cause, told } = self;
        let track = track.map(|track| track.to_string());
        let (track, kind) = (track.as_deref(), kind.as_str());
        match told {
            Told::Attempt { attempt, attempts, retry_in_s } => tracing::warn!(
                track,
                file,
                work,
                kind,
                cause,
                attempt,
                attempts,
                retry_in_s,
                "an attempt failed and is made again"
            ),
            Told::GivenUp { attempt, attempts } => {
                tracing::error!(track, file, work, kind, cause, attempt, attempts, "a job was given up");
            }
            Told::Part => tracing::error!(track, file, work, kind, cause, "a part of a track failed"),
            Told::Warning => tracing::warn!(track, file, work, kind, cause, "something failed"),
        }
    }
}

/// An error and everything behind it that it does not say itself, the nearest cause first.
fn chain(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_chain_of_causes_is_told() {
        let disk = std::io::Error::other("the disk is full");
        let write = Error::from_io("cannot write", disk);
        let error =
            Error::new(ErrorKind::Internal, "tags were not written").because(write).remedy("make room");
        assert_eq!(chain(&error), "tags were not written; make room: cannot write: the disk is full");
    }
}
