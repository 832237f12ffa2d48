//! Standard output and standard error, with a closed pipe as a quiet end.

use std::io::{self, Write as _};

use fanfare_model::{Error, ErrorKind};

use super::exit::Exit;

/// Why a command ended before its end.
#[derive(Debug)]
pub enum Stop {
    /// The reader of the output closed it: nothing is left to do, and that is no error.
    PipeClosed,
    /// An error that ends the command.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a command returns.
pub type Done = Result<Exit, Stop>;

/// Prints an error on standard error, in one line: `fanfare: sentence; remedy`.
pub fn complain(error: &Error) {
    note(format_args!("fanfare: {}", printable(&error.to_string())));
}

/// Prints a line on standard error. A closed standard error is ignored.
pub fn note(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn stopped(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::PipeClosed,
        _ => Stop::Failed(Error::from_io("standard output", error)),
    }
}

/// Prints bytes on standard output.
///
/// # Errors
/// [`Stop::PipeClosed`] when the reader has gone, else the I/O error.
pub fn write(bytes: &[u8]) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(stopped)
}

/// Prints a line on standard output.
///
/// # Errors
/// As [`write()`].
pub fn line(text: impl std::fmt::Display) -> Result<(), Stop> {
    write(format!("{text}\n").as_bytes())
}

/// A line of JSON on standard output.
///
/// # Errors
/// As [`write()`].
pub fn json_line(value: &impl serde::Serialize) -> Result<(), Stop> {
    let mut bytes = serde_json::to_vec(value)
        .map_err(|error| Error::new(ErrorKind::Internal, "the answer has no JSON form").because(error))?;
    bytes.push(b'\n');
    write(&bytes)
}

/// The text with control characters replaced, so that a file's name cannot steer the terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
