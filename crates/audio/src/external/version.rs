//! Asking `ffmpeg` its version, which also tells whether a program is `ffmpeg`.

use std::{io::Read, path::Path, process::Stdio, sync::mpsc, thread, time::Duration};

use fanfare_model::{Error, ErrorKind, Result};

use super::launch::{REINSTALL, end, launch};
use crate::Limits;

/// How long `ffmpeg -version` may take: it does nothing but load its libraries.
const VERSION_TIME: Duration = Duration::from_secs(10);

/// The version that a program tells.
///
/// # Errors
/// `NoDecoder` when it tells none: it is not `ffmpeg`, or not one that works.
pub(super) fn version_of(program: &Path) -> Result<String> {
    let silent = || {
        let said = format!("{} is not a working ffmpeg: it does not tell its version", program.display());
        Error::new(ErrorKind::NoDecoder, said).remedy(REINSTALL)
    };
    let mut child = launch(program, ["-version"], Stdio::null(), &Limits::default())?;
    // What it complains of says no more than that there is no answer.
    drop(child.stderr.take());
    let (send, receive) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let mut text = String::new();
            let _ = output.take(4_096).read_to_string(&mut text);
            let _ = send.send(text);
        });
    }
    let text = receive.recv_timeout(VERSION_TIME);
    end(&mut child);
    let text = text.map_err(|_| silent())?;
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("ffmpeg"), Some("version"), Some(version)) => Ok(version.chars().take(100).collect()),
        _ => Err(silent()),
    }
}
