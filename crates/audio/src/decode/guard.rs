//! Calls into Symphonia: its errors become ours, and a panic inside it becomes an error.
//!
//! Why: Symphonia is written not to panic on any input, but it says so of a moving target; one file must
//! never take the other tracks of a worker along.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use fanfare_model::{Error, ErrorKind};
use symphonia::core::errors::{Error as Foreign, Result as ForeignResult};

/// Why a call into Symphonia gave nothing.
pub(super) enum Trouble {
    /// The stream starts again with other parameters (chained Ogg).
    Restart,
    /// The bytes end before the format says so.
    CutOff,
    /// The bytes are damaged here, says the sentence; the next packet may be fine.
    Damaged(String),
    /// What it found is not supported.
    Unsupported(String),
    /// This decoder would give wrong sound; the sentence says for what.
    Wrong(&'static str),
    /// The seek cannot be done.
    Unseekable,
    /// Reading failed for a reason outside the file's bytes.
    Io(io::Error),
    /// It panicked: nothing of it may be used any more.
    Panicked,
}

/// Calls into Symphonia.
pub(super) fn guarded<T>(call: impl FnOnce() -> ForeignResult<T>) -> Result<T, Trouble> {
    // The state that a panic may have left half-changed is never used again: see `Trouble::Panicked`.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Trouble::from(error)),
        Err(_) => Err(Trouble::Panicked),
    }
}

impl From<Foreign> for Trouble {
    fn from(error: Foreign) -> Self {
        match error {
            Foreign::ResetRequired => Self::Restart,
            Foreign::IoError(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => Self::CutOff,
                // Symphonia's own readers report damage through these kinds; the system never does.
                io::ErrorKind::Other | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                    Self::Damaged(error.to_string())
                }
                _ => Self::Io(error),
            },
            Foreign::DecodeError(what) | Foreign::LimitError(what) => Self::Damaged(what.to_owned()),
            Foreign::Unsupported(what) => Self::Unsupported(what.to_owned()),
            Foreign::SeekError(_) => Self::Unseekable,
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl Trouble {
    /// The trouble with a stream that follows in the file.
    pub(super) fn of_next_stream(error: Error) -> Self {
        match error.kind() {
            // The file may be well: the disk could not read it.
            ErrorKind::Io => Self::Io(io::Error::other(error.message().to_owned())),
            _ => Self::Unsupported(error.message().to_owned()),
        }
    }

    /// The error of a file that cannot be opened because of this.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::CutOff => {
                Error::new(ErrorKind::Malformed, "the file is cut off, or a length in its headers is wrong")
            }
            Self::Damaged(what) => Error::new(ErrorKind::Malformed, format!("the file is damaged: {what}")),
            Self::Unsupported(what) => {
                Error::new(ErrorKind::Unsupported, format!("not decodable here: {what}"))
            }
            Self::Wrong(what) => Error::new(ErrorKind::Unsupported, what).remedy("install ffmpeg to play it"),
            Self::Io(error) => Error::from_io("reading the file", error),
            Self::Restart => Error::new(ErrorKind::Malformed, "the file starts again inside its headers"),
            Self::Unseekable => Error::new(ErrorKind::Unsupported, "the stream cannot be sought in"),
            Self::Panicked => {
                Error::new(ErrorKind::Malformed, "the file is damaged in a way that stopped the decoder")
            }
        }
    }
}
