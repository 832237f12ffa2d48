//! How long a file is by its headers, without decoding it: [`header_length`].

use std::{path::Path, sync::Arc};

use fanfare_model::{Error, ErrorKind, Result, SampleRate};

use crate::{
    Limits, decode,
    probe::{find_audio, open_regular},
    tags,
};

/// How long a file is, by its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLength {
    /// Frames per second.
    pub rate: SampleRate,
    /// Frames that the file should give when it is decoded.
    pub frames: Option<u64>,
    /// Frames of the whole track; more than [`Self::frames`] where the end of the file is missing.
    pub whole_frames: Option<u64>,
}

/// Reads how long a file is.
///
/// # Errors
/// As [`crate::open`], save for what only decoding can tell.
pub fn header_length(path: &Path, limits: &Limits) -> Result<HeaderLength> {
    let file = Arc::new(open_regular(path)?);
    let audio = find_audio(&file, limits)?;
    let (rate_hz, frames, whole_frames) = match decode::describe(file.clone(), audio, limits) {
        Ok(described) if described.facts.codec != "other" => {
            (described.rate_hz, described.frames, described.whole_frames)
        }
        Err(error) if !matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Malformed) => {
            return Err(error);
        }
        // What ffmpeg decodes has a header that is read here.
        _ => {
            let properties = tags::properties(&file, audio, limits)?;
            (properties.sample_rate_hz, properties.frames, properties.frames)
        }
    };
    let rate =
        SampleRate::new(rate_hz).ok_or_else(|| Error::new(ErrorKind::Malformed, "the sample rate is 0"))?;
    Ok(HeaderLength { rate, frames, whole_frames })
}
