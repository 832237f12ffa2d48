//! Finding `ffmpeg`.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{clip::decodes, version::version_of};
use crate::FfmpegUse;

/// Where `ffmpeg` is, as an absolute path: children are started in another folder.
///
/// # Errors
/// [`ErrorKind::NoDecoder`] with what to do about it.
pub(crate) fn find(use_: &FfmpegUse) -> Result<PathBuf> {
    match use_ {
        FfmpegUse::Off => Err(Error::new(ErrorKind::NoDecoder, "ffmpeg is switched off")
            .remedy("switch it on in the settings to hear this format")),
        FfmpegUse::At(path) if is_program(path) => {
            std::path::absolute(path).map_err(|error| Error::from_io("looking for ffmpeg", error))
        }
        FfmpegUse::At(path) => {
            let why = if path.is_file() { "it is not executable" } else { "there is no such file" };
            let said = format!("there is no ffmpeg where the settings say: {}: {why}", path.display());
            Err(Error::new(ErrorKind::NoDecoder, said).remedy("install ffmpeg there or correct the setting"))
        }
        FfmpegUse::Auto => std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            // A relative folder would mean whatever lies in the present one.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join("ffmpeg"))
            .find(|path| is_program(path))
            .ok_or_else(|| Error::new(ErrorKind::NoDecoder, "ffmpeg was not found").remedy("install ffmpeg")),
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The version of the `ffmpeg` that would be used, for example `5.1.9-0+deb12u1`; for `doctor`.
///
/// # Errors
/// [`ErrorKind::NoDecoder`] when there is none, or what is there does not answer as `ffmpeg` does.
pub fn ffmpeg_version(use_: &FfmpegUse) -> Result<String> {
    version_of(&find(use_)?)
}

/// Whether the `ffmpeg` that would be used decodes: it is asked for its version, and to decode a clip.
///
/// # Errors
/// [`ErrorKind::NoDecoder`] when there is none, or it does not; `Busy`, `Io` when the system has no process to give.
pub fn check_ffmpeg(use_: &FfmpegUse) -> Result<()> {
    let program = find(use_)?;
    version_of(&program)?;
    decodes(&program)
}

/// What changes when another program is installed in place of the `ffmpeg` that would be used: its path, number, size and times.
/// `None` when there is none. It is not started for this.
#[must_use]
pub fn ffmpeg_identity(use_: &FfmpegUse) -> Option<String> {
    let program = find(use_).ok()?;
    let found = program.metadata().ok()?;
    let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
    Some(format!("{}:{}:{}:{times:?}", program.display(), found.ino(), found.size()))
}
