//! The head of a FLAC file without its metadata (RFC 9639, section 8), or in place of one that is not there.
//!
//! Why: tags, pictures and cue sheets can be megabytes and damaged, and none of it is needed to decode. The
//! demuxer gets `fLaC`, the stream information block marked as the last, and the frames.
//!
//! Frames without a head are a file of their own (section 9: a decoder may begin at any frame), and lie in CAF.

use std::fs::File;

use fanfare_model::{Error, ErrorKind, Result};
use symphonia::core::codecs::audio::{AudioCodecParameters, well_known::CODEC_ID_FLAC};

use super::flac_end;
use crate::{
    Limits,
    probe::{
        AudioBytes,
        flac::{FlacHeader, MAX_HEADER_BYTES},
        read_at,
    },
};

/// Metadata blocks that a file may have; beyond it is a loop or an attack.
const MAX_BLOCKS: usize = 4_096;

/// Bytes that hold the first two frames, but for the largest of many channels.
const NEAR_BYTES: usize = 128 << 10;

/// The replacement for everything before the first frame, and where that frame is.
///
/// # Errors
/// `Malformed`, limits, I/O.
pub(super) fn without_metadata(file: &File, audio: AudioBytes, limits: &Limits) -> Result<(Vec<u8>, u64)> {
    let head = read_at(file, audio.start, MAX_HEADER_BYTES)?;
    if !head.starts_with(b"fLaC") {
        let first = FlacHeader::read(&head, 0).ok_or_else(|| {
            Error::new(ErrorKind::Malformed, "no FLAC frame is where the first should be")
                .at_byte(audio.start)
        })?;
        let near = read_at(file, audio.start, NEAR_BYTES)?;
        if numbers_are_of_samples(first, &near) {
            return Err(Error::new(ErrorKind::Unsupported, "FLAC of an old form without its head"));
        }
        let last = flac_end::last_header(file, audio, limits)?;
        return Ok((head_of(first, last)?, audio.start));
    }
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

/// Whether frames that say that all blocks are of one size are numbered by their samples, as encoders before 2007 did when
/// blocks were of any size. Only the second frame shows it.
fn numbers_are_of_samples(first: FlacHeader, bytes: &[u8]) -> bool {
    let next = |step: u64| first.number.checked_add(step);
    let numbers =
        (1..bytes.len()).filter_map(|at| FlacHeader::read(bytes, at)).map(|header| Some(header.number));
    let second = numbers.into_iter().find(|number| *number == next(1) || *number == next(first.block.into()));
    !first.any_size && second.is_some_and(|number| number != next(1))
}

/// A head for frames that have none, from what the first and the last of them say (section 8.2).
fn head_of(first: FlacHeader, last: Option<FlacHeader>) -> Result<Vec<u8>> {
    let (Some(rate_hz), Some(bits)) = (first.rate_hz, first.bits) else {
        return Err(Error::new(ErrorKind::Unsupported, "FLAC frames that do not say their rate or depth"));
    };
    // 16 and 65,535 are the least and the most there can be.
    let (least, most) = if first.any_size {
        (16, u16::MAX)
    } else {
        u16::try_from(first.block).map_or((16, u16::MAX), |b| (b, b))
    };
    let total = last.map_or(0, |last| {
        let end = last.first_sample(first.block).saturating_add(u64::from(last.block));
        // 36 bits; 0 is "unknown".
        Some(end.saturating_sub(first.first_sample(first.block)))
            .filter(|total| *total < 1 << 36)
            .unwrap_or(0)
    });
    let packed = u64::from(rate_hz & 0xf_ffff) << 44
        | u64::from(first.channels - 1) << 41
        | u64::from(bits - 1) << 36
        | total;
    let mut head = b"fLaC\x80\x00\x00\x22".to_vec();
    head.extend(least.to_be_bytes());
    head.extend(most.to_be_bytes());
    head.extend([0; 6]);
    head.extend(packed.to_be_bytes());
    head.extend([0; 16]);
    Ok(head)
}

fn cut_off(at: u64) -> Error {
    Error::new(ErrorKind::Malformed, "the FLAC file ends inside its metadata").at_byte(at)
}

/// Whether such a head counts no frames, as that of a stream without sound does. (A stream whose encoder did not know the
/// length counts none either.)
pub(super) fn counts_no_frames(head: &[u8]) -> bool {
    head.get(21..26).is_some_and(|total| total[0] & 15 == 0 && total[1..] == [0; 4])
}

/// The frames that the header of a FLAC stream counts (RFC 9639, section 8.2: 36 bits); `None` where it counts none.
pub(super) fn total_frames(params: &AudioCodecParameters) -> Option<u64> {
    let info = params.extra_data.as_ref().filter(|_| params.codec == CODEC_ID_FLAC)?;
    let bytes = info.get(13..18)?;
    let total = bytes.iter().fold(0, |total, byte| total << 8 | u64::from(*byte)) & ((1 << 36) - 1);
    (total > 0).then_some(total)
}
