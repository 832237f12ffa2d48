//! The head of a FLAC file without its metadata (RFC 9639, section 8).
//!
//! Why: tags, pictures and cue sheets can be megabytes and damaged, and none of it is needed to decode. The
//! demuxer gets `fLaC`, the stream information block marked as the last, and the frames.

use std::fs::File;

use fanfare_model::{Error, ErrorKind, Result};
use symphonia::core::codecs::audio::{AudioCodecParameters, well_known::CODEC_ID_FLAC};

use crate::probe::{AudioBytes, read_at};

/// Metadata blocks that a file may have; beyond it is a loop or an attack.
const MAX_BLOCKS: usize = 4_096;

/// The replacement for everything before the first frame, and where that frame is.
pub(super) fn without_metadata(file: &File, audio: AudioBytes) -> Result<(Vec<u8>, u64)> {
    let mut at = audio.start + 4;
    let mut stream_info = None;
    for _ in 0..MAX_BLOCKS {
        let header = read_at(file, at, 4)?;
        let &[kind, a, b, c] = header.as_slice() else { return Err(cut_off(at)) };
        let length = u64::from(u32::from_be_bytes([0, a, b, c]));
        let next = at + 4 + length;
        if next > audio.end {
            return Err(cut_off(at));
        }
        if kind & 0x7f == 0 {
            stream_info = stream_info.or(Some(read_at(file, at + 4, length.min(64) as usize)?));
        }
        at = next;
        if kind & 0x80 != 0 {
            let info = stream_info.filter(|info| info.len() == 34).ok_or_else(|| {
                Error::new(ErrorKind::Malformed, "the FLAC file has no stream information")
                    .at_byte(audio.start)
            })?;
            let mut prefix = b"fLaC\x80\x00\x00\x22".to_vec();
            prefix.extend(info);
            return Ok((prefix, at));
        }
    }
    Err(Error::limit("metadata_blocks", MAX_BLOCKS as u64 + 1, MAX_BLOCKS as u64).at_byte(at))
}

fn cut_off(at: u64) -> Error {
    Error::new(ErrorKind::Malformed, "the FLAC file ends inside its metadata").at_byte(at)
}

/// The frames that the header of a FLAC stream counts (RFC 9639, section 8.2: 36 bits); `None` where it counts none.
pub(super) fn total_frames(params: &AudioCodecParameters) -> Option<u64> {
    let info = params.extra_data.as_ref().filter(|_| params.codec == CODEC_ID_FLAC)?;
    let bytes = info.get(13..18)?;
    let total = bytes.iter().fold(0, |total, byte| total << 8 | u64::from(*byte)) & ((1 << 36) - 1);
    (total > 0).then_some(total)
}
