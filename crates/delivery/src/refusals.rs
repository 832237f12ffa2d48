//! Why a track cannot be sent at all: its file is away, was not kept, or cannot be read. For every interface alike.
//!
//! Invariant: no sentence names a path of the server: those are for its log.

use fanfare_model::{
    Error, ErrorKind, Presence, Result, Track, TrackHome, TrackState, UploadedBytes, time::rfc3339,
};

/// Refuses to play a track whose file is missing.
///
/// # Errors
/// `NotFound` with what to do about it.
pub(crate) fn refuse_missing(track: &Track) -> Result<()> {
    if track.presence != Presence::Missing {
        return Ok(());
    }
    let since = track.missing_since.map_or_else(String::new, |since| format!(" since {}", rfc3339(since)));
    Err(Error::new(ErrorKind::NotFound, format!("the track's file is missing{since}"))
        .remedy("connect its storage or put the file back, then scan the library"))
}

/// Refuses to have a ladder made of what cannot be decoded. What may pass (storage that was away) is tried.
///
/// # Errors
/// That of the last attempt.
pub(crate) fn refuse_unplayable(track: &Track) -> Result<()> {
    match &track.failure {
        Some(failure) if failure.next_retry.is_none() && track.state == TrackState::Failed => {
            Err(Error::new(failure.kind, format!("the track cannot be played: {}", failure.message)))
        }
        _ => Ok(()),
    }
}

/// The error of a track that has no file (any more).
pub(crate) fn no_file(track: &Track) -> Error {
    match track.home {
        TrackHome::Folder(_) => no_track(),
        TrackHome::Upload(UploadedBytes::Original | UploadedBytes::Incoming) => {
            Error::new(ErrorKind::NotFound, "the uploaded file is missing in the data folder").remedy(
                "send the same file again, or restore a backup; `fanfare doctor --deep` names all such files",
            )
        }
        TrackHome::Upload(UploadedBytes::Gone) => {
            Error::new(ErrorKind::NotFound, "the uploaded file was not kept")
                .remedy(format!("play /api/v1/tracks/{}/hls/index.m3u8", track.id))
        }
    }
}

/// The error of a track that there is not.
pub(crate) fn no_track() -> Error {
    no_such("track")
}

/// The error of something that there is not.
pub(crate) fn no_such(what: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no such {what}"))
}

/// The error of a file that changed since it was scanned: another track may have been copied over it, which is not for guests
/// to play.
pub(crate) fn not_scanned() -> Error {
    Error::new(ErrorKind::Conflict, "the track's file changed since it was scanned")
        .remedy("play it again in a minute, when it was scanned")
}

/// What a listener is told of a file that cannot be opened.
pub(crate) fn not_opened(error: &Error) -> Error {
    if error.kind() == ErrorKind::NotFound {
        return match error.remedy_text() {
            Some(remedy) => {
                Error::new(ErrorKind::NotFound, "the track's file cannot be reached: links lead in a circle")
                    .remedy(remedy)
            }
            None => Error::new(ErrorKind::NotFound, "the track's file is gone")
                .remedy("put it back, or scan the library"),
        };
    }
    tracing::warn!(%error, "a track's file cannot be opened");
    let told = Error::new(error.kind(), "the track's file cannot be opened");
    error.remedy_text().into_iter().fold(told, Error::remedy)
}

/// What a listener is told of a track that cannot be given as HLS.
pub(crate) fn no_ladder(error: &Error) -> Error {
    tracing::warn!(%error, "a track cannot be given as HLS");
    let remedy = error.remedy_text().unwrap_or("play the original");
    match error.kind() {
        ErrorKind::NotFound => Error::new(ErrorKind::NotFound, "the track's file is gone").remedy(remedy),
        kind => Error::new(kind, "the track cannot be given as HLS").remedy(remedy),
    }
}
