//! Decoding in a boxed child: `ffmpeg` for the formats that are not decoded in process.
//!
//! Purpose: rare formats without linking their decoders: a crash, a loop or a memory hog ends a child.
//!
//! The box: the child gets the file on its standard input and gives PCM on its standard output. Its
//! arguments are constants of this program, chosen by our own probe, and a number of bytes to leave out; no part of a name or
//! of a file is among them. It may use one demuxer, the listed audio decoders and one protocol; its environment holds only the mark of the process that started it;
//! memory, processor time, open files and file sizes are limited; it is killed when it stays silent or when
//! its source is dropped.
//!
//! Formats that are read from front to end are sent through a pipe. For the others (an index at the end, several passes) the
//! child gets the file itself as standard input, which the child opens again as `/dev/stdin` to seek in it.

mod arguments;
mod bytes;
mod child;
mod clip;
mod fault;
mod launch;
mod mark;
mod output;
mod program;
mod resume;
mod said;
mod source;
mod version;

use std::{fs::File, sync::Arc};

use fanfare_model::{ErrorKind, Result};

use crate::{
    Container, FfmpegUse, OpenOptions, PcmSource, decode,
    probe::{AudioBytes, read_at},
    tags,
};

pub(crate) use launch::{end, launch, refused};
pub use mark::ChildMark;
pub(crate) use program::find;
pub use program::{check_ffmpeg, ffmpeg_identity, ffmpeg_version};
pub(crate) use said::last_line;

/// Bytes that hold the header of a Musepack file.
const HEAD_BYTES: usize = 256;

/// Whether a container is never tried in process.
pub(crate) const fn only_external(container: Container) -> bool {
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

/// Whether there is an `ffmpeg` to use.
pub(crate) fn available(use_: &FfmpegUse) -> bool {
    program::find(use_).is_ok()
}

/// Opens the audio bytes of a file through `ffmpeg`.
///
/// # Errors
/// [`ErrorKind::NoDecoder`] when there is no `ffmpeg`, none that works, or it lacks the decoder; `Malformed` when it finds
/// nothing to decode, limits, `Timeout` when it stays silent.
pub(crate) fn open(
    file: &Arc<File>,
    audio: AudioBytes,
    options: &OpenOptions,
    chunk_frames: usize,
) -> Result<Box<dyn PcmSource>> {
    let program = program::find(&options.ffmpeg)?;
    let properties = match tags::properties(file, audio, &options.limits) {
        Err(error) if error.kind() == ErrorKind::LimitExceeded => return Err(error),
        properties => properties.ok(),
    };
    let mut source =
        source::External::open(program, file.clone(), audio, properties, &options.limits, chunk_frames)?;
    // What the child does not trim: padding of the last AAC packet and of a Wave64 chunk to eight bytes; both ends of Musepack;
    // what lies behind the declared size of AU.
    let end = match audio.container {
        Container::Mp4 => decode::mp4_frames(file, audio, source.spec().rate.hz()),
        Container::Wave64 | Container::Musepack7 | Container::Musepack8 | Container::Au => {
            source.facts().declared_frames
        }
        _ => None,
    };
    if let Some(frames) = end {
        source.end_at(frames);
    }
    let lead = match audio.container {
        Container::Musepack7 => Some(tags::MUSEPACK_DELAY),
        Container::Musepack8 => tags::musepack8_lead(&read_at(file, audio.start, HEAD_BYTES)?),
        _ => None,
    };
    if let Some(lead) = lead {
        source.begin_behind(lead)?;
    }
    if audio.container == Container::Au
        && let Some(behind_s) = tags::au_behind_s(file, audio)?
    {
        source.warn(format!(
            "{behind_s:.2} s lie behind the length that the header declares, and were left out"
        ));
    }
    let rate_hz = source.spec().rate.hz();
    if let Some(seconds) = decode::about_s(file, audio, rate_hz)? {
        source.expect_about((seconds * f64::from(rate_hz)) as u64);
    }
    if audio.container == Container::Wave64 {
        // The size of the whole, behind its 16-byte name.
        let size = read_at(file, audio.start + 16, 8)?.try_into().map_or(0, u64::from_le_bytes);
        let missing = size.saturating_sub(audio.end - audio.start);
        if missing > 0 {
            source.warn(format!("the file ends {missing} bytes before its declared end"));
        }
    }
    Ok(Box::new(source))
}
