//! Decoding in a boxed `ffmpeg` child.
use std::{fs::File, sync::Arc};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{Container, FfmpegUse, OpenOptions, PcmSource, probe::AudioBytes};

pub(crate) fn only_external(container: Container) -> bool {
    !matches!(
        container,
        Container::Wav
            | Container::Rf64
            | Container::Aiff
            | Container::Caf
            | Container::Flac
            | Container::Mp3
            | Container::Adts
            | Container::Mp4
            | Container::Ogg
            | Container::Matroska
    )
}

pub(crate) fn open(
    _file: &Arc<File>,
    _audio: AudioBytes,
    _options: &OpenOptions,
    _chunk_frames: usize,
) -> Result<Box<dyn PcmSource>> {
    Err(Error::new(ErrorKind::Unsupported, "needs ffmpeg").remedy("install ffmpeg"))
}

/// The version of the ffmpeg that would be used, for `doctor`.
///
/// # Errors
/// `Unavailable` when there is none.
pub fn ffmpeg_version(_use: &FfmpegUse) -> Result<String> {
    Err(Error::new(ErrorKind::Unavailable, "not built yet"))
}
