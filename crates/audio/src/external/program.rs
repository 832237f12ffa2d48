//! Finding `ffmpeg` and asking its version.

use std::{
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::mpsc,
    thread,
    time::Duration,
};

use fanfare_model::{Error, ErrorKind, Result};

use super::launch::{end, launch};
use crate::{FfmpegUse, Limits};

/// How long `ffmpeg -version` may take: it does nothing but load its libraries.
const VERSION_TIME: Duration = Duration::from_secs(10);

/// Where `ffmpeg` is.
///
/// # Errors
/// [`ErrorKind::Unsupported`] with what to do about it.
pub(crate) fn find(use_: &FfmpegUse) -> Result<PathBuf> {
    match use_ {
        FfmpegUse::Off => Err(Error::new(ErrorKind::Unsupported, "ffmpeg is switched off")
            .remedy("switch it on in the settings to hear this format")),
        FfmpegUse::At(path) if is_program(path) => Ok(path.clone()),
        FfmpegUse::At(_) => {
            Err(Error::new(ErrorKind::Unsupported, "there is no ffmpeg where the settings say")
                .remedy("install ffmpeg there or correct the setting"))
        }
        FfmpegUse::Auto => std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            // A relative folder would mean whatever lies in the present one.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join("ffmpeg"))
            .find(|path| is_program(path))
            .ok_or_else(|| {
                Error::new(ErrorKind::Unsupported, "ffmpeg was not found").remedy("install ffmpeg")
            }),
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The version of the `ffmpeg` that would be used, for example `5.1.9-0+deb12u1`; for `doctor`.
///
/// # Errors
/// [`ErrorKind::Unsupported`] when there is none, `Unavailable` when it does not answer.
pub fn ffmpeg_version(use_: &FfmpegUse) -> Result<String> {
    let program = find(use_)?;
    let silent =
        || Error::new(ErrorKind::Unavailable, "ffmpeg does not tell its version").remedy("reinstall ffmpeg");
    let mut child = launch(&program, ["-version"], Stdio::null(), &Limits::default())?;
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
