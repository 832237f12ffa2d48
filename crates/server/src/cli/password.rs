//! A password from a terminal without echo, or from the first line of standard input. Never from arguments.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use fanfare_model::{Error, ErrorKind, Result};

/// The longest password taken, in bytes: hashing must not become a way to waste time.
const MAX_BYTES: u64 = 1024;

/// Asks for a password (twice, on a terminal) or reads it from standard input.
///
/// # Errors
/// `Invalid` when it is empty, too long or typed differently the second time; I/O kinds.
pub fn read() -> Result<String> {
    if io::stdin().is_terminal() {
        let first = ask("password: ")?;
        let second = ask("again: ")?;
        if first != second {
            return Err(Error::new(ErrorKind::Invalid, "the two passwords differ"));
        }
        return Ok(first);
    }
    first_line()
}

fn first_line() -> Result<String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(MAX_BYTES + 2)
        .read_line(&mut line)
        .map_err(|error| Error::from_io("reading the password", error))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "no password was given on standard input"));
    }
    if password.len() as u64 > MAX_BYTES {
        return Err(Error::limit("password_bytes", password.len() as u64, MAX_BYTES));
    }
    Ok(password)
}

/// Echo off for as long as this lives, also when reading fails.
struct Quiet(rustix::termios::Termios);

impl Quiet {
    fn start() -> rustix::io::Result<Self> {
        let before = rustix::termios::tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Flush, &self.0);
    }
}

fn ask(prompt: &str) -> Result<String> {
    let mut err = io::stderr();
    let _ = write!(err, "{prompt}").and_then(|()| err.flush());
    let quiet = Quiet::start().map_err(|error| Error::from_io("turning echo off", error.into()))?;
    let line = first_line();
    drop(quiet);
    let _ = writeln!(err);
    line
}
