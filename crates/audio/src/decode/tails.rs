//! Where CAF files end that were cut, or that other bytes follow: their demuxer does not open them.

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use super::bytes::Patch;
use crate::probe::{AudioBytes, read_at};

/// Chunks looked at before the samples of a CAF file.
const MAX_CHUNKS: u32 = 1_000;

/// The corrected length of the samples of a CAF file that ends inside them, and how many bytes are missing (Apple Core Audio
/// Format Specification 1.0, "Audio Data chunk"); `None` for others.
///
/// # Errors
/// I/O.
pub(super) fn caf_samples(file: &File, audio: AudioBytes) -> Result<Option<(Patch, u64)>> {
    // Packets of other codecs cannot be told apart without the table behind them.
    let Some((body, size)) = caf_data(file, audio, b"lpcm")? else { return Ok(None) };
    let left = audio.end.saturating_sub(body);
    let is_cut = size > left;
    Ok(is_cut.then(|| (Patch { at: body - 8, bytes: left.to_be_bytes().to_vec() }, size - left)))
}

/// Where in a CAF file the frames of FLAC lie; `None` for others. Frames say themselves where they end; the table of packets
/// is not needed, and writers are known that put wrong numbers into it.
///
/// # Errors
/// I/O.
pub(super) fn caf_flac(file: &File, audio: AudioBytes) -> Result<Option<Range<u64>>> {
    let Some((body, size)) = caf_data(file, audio, b"flac")? else { return Ok(None) };
    // A count of edits, then the packets.
    let (start, end) = (body + 4, body.saturating_add(size).min(audio.end));
    Ok((start < end).then_some(start..end))
}

/// Where the body of the data chunk of a CAF file with that codec begins, and its length as declared; -1, which is "to the
/// end", is replaced by what is left.
fn caf_data(file: &File, audio: AudioBytes, codec: &[u8; 4]) -> Result<Option<(u64, u64)>> {
    let mut at = audio.start + 8;
    // "desc" comes first; its rate, then the codec.
    if !read_at(file, at + 12 + 8, 4)?.starts_with(codec) {
        return Ok(None);
    }
    for _ in 0..MAX_CHUNKS {
        let head = read_at(file, at, 12)?;
        let Some(size) = head.get(4..12).and_then(|size| <[u8; 8]>::try_from(size).ok()) else { break };
        let (size, body) = (u64::from_be_bytes(size), at + 12);
        if head.starts_with(b"data") {
            let left = audio.end.saturating_sub(body);
            return Ok(Some((body, if size == u64::MAX { left } else { size })));
        }
        at = body.saturating_add(size);
        if at >= audio.end {
            break;
        }
    }
    Ok(None)
}

/// Where the last chunk of a CAF file ends, if something else follows it; `None` for others.
///
/// # Errors
/// I/O.
pub(super) fn caf_end(file: &File, audio: AudioBytes) -> Result<Option<u64>> {
    let (mut at, mut has_samples) = (audio.start + 8, false);
    // "desc" comes first; its rate, then the codec. Those with packets need the table of their lengths.
    let mut has_lengths = read_at(file, at + 12 + 8, 4)?.starts_with(b"lpcm");
    for _ in 0..MAX_CHUNKS {
        if at >= audio.end {
            return Ok(None);
        }
        let head = read_at(file, at, 12)?;
        let is_name = head.len() == 12 && head[..4].iter().all(|byte| (b' '..=b'~').contains(byte));
        let size =
            head.get(4..12).and_then(|size| <[u8; 8]>::try_from(size).ok()).map_or(0, u64::from_be_bytes);
        let is_samples = head.starts_with(b"data");
        let end = (at + 12).checked_add(size).filter(|end| is_name && *end <= audio.end);
        let Some(end) = end else {
            // Samples may go on to the end of the file, or be cut.
            return Ok(Some(at).filter(|_| has_samples && has_lengths && !is_samples));
        };
        has_samples |= is_samples;
        has_lengths |= head.starts_with(b"pakt");
        at = end;
    }
    Ok(None)
}
