//! [`FlacFrames`]: the frames of a FLAC file as they lie in it, undecoded.
//!
//! Purpose: putting them into another container. The demuxer finds them and checks their checksums.

use std::{fs::File, path::Path, sync::Arc};

use fanfare_model::{Error, ErrorKind, Result};
use symphonia::core::formats::FormatReader;

use super::{
    flac::without_metadata,
    flac_end,
    guard::{Trouble, guarded},
    readers::Origin,
};
use crate::{
    Container, Limits,
    probe::{AudioBytes, find_audio, open_regular},
};

/// What a FLAC file says of itself (RFC 9639, section 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlacInfo {
    /// Frames of the smallest block, the last one aside.
    pub min_block: u32,
    /// Frames of the largest block.
    pub max_block: u32,
    pub rate_hz: u32,
    pub channels: usize,
    pub bits: u8,
}

/// One frame of FLAC.
pub(crate) struct FlacFrame {
    /// Where its samples lie in the track.
    pub first: u64,
    /// How many there are.
    pub frames: u64,
    pub bytes: Vec<u8>,
}

/// The frames of a file, from the first on.
pub(crate) struct FlacFrames {
    reader: Box<dyn FormatReader>,
    info: FlacInfo,
}

impl FlacFrames {
    /// Opens a file; `None` if it is none in native FLAC.
    ///
    /// # Errors
    /// Those of opening and reading, `Malformed` for a damaged head.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Option<Self>> {
        let file = Arc::new(open_regular(path)?);
        let audio = find_audio(&file, limits)?;
        if audio.container != Container::Flac {
            return Ok(None);
        }
        Self::of(file, audio, limits).map(Some)
    }

    fn of(file: Arc<File>, audio: AudioBytes, limits: &Limits) -> Result<Self> {
        let (prefix, start) = without_metadata(&file, audio, limits)?;
        let info = read_info(&prefix)?;
        let audio = AudioBytes { start, ..audio };
        let end = flac_end::find(&file, audio, prefix.get(8..).unwrap_or_default(), limits)?.at;
        let audio = AudioBytes { end, ..audio };
        let origin = Origin { prefix, ..Origin::new(file, audio) };
        let reader = origin.reader().map_err(Trouble::into_error)?;
        Ok(Self { reader, info })
    }

    pub(crate) const fn info(&self) -> FlacInfo {
        self.info
    }

    /// The next frame; `None` at the end and at the first trouble.
    pub(crate) fn next(&mut self) -> Option<FlacFrame> {
        let packet = guarded(|| self.reader.next_packet()).ok()??;
        Some(FlacFrame {
            first: u64::try_from(packet.pts.get()).ok()?,
            frames: packet.dur.get(),
            bytes: packet.data.into_vec(),
        })
    }
}

fn read_info(prefix: &[u8]) -> Result<FlacInfo> {
    let info = prefix
        .get(8..42)
        .ok_or_else(|| Error::new(ErrorKind::Malformed, "the FLAC file has no stream information"))?;
    let block = |at: usize| u32::from(u16::from_be_bytes([info[at], info[at + 1]]));
    let packed =
        u64::from_be_bytes([info[10], info[11], info[12], info[13], info[14], info[15], info[16], info[17]]);
    Ok(FlacInfo {
        min_block: block(0),
        max_block: block(2),
        rate_hz: (packed >> 44) as u32,
        channels: (packed >> 41 & 7) as usize + 1,
        bits: (packed >> 36 & 31) as u8 + 1,
    })
}
