//! A password from a terminal without echo, or from the first line of standard input. Never from arguments.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use fanfare_model::{Error, ErrorKind, MAX_PASSWORD_BYTES, Result, check_password};

/// Asks for a new password (twice, on a terminal) or reads it from standard input.
///
/// # Errors
/// `Invalid` when it is too short, too long or typed differently the second time; I/O kinds.
pub fn read() -> Result<String> {
    if io::stdin().is_terminal() {
        let first = ask("password: ")?;
        let second = ask("again: ")?;
        if first != second {
            return Err(Error::new(ErrorKind::Invalid, "the two passwords differ"));
        }
        check_password(&first)?;
        return Ok(first);
    }
    let password = first_line()?;
    check_password(&password)?;
    Ok(password)
}

fn first_line() -> Result<String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(MAX_PASSWORD_BYTES as u64 + 2)
        .read_line(&mut line)
        .map_err(|error| Error::from_io("reading the password", error))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "no password was given on standard input"));
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
