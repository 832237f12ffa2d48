//! Where files that were cut end, for containers whose demuxer does not open them then: Ogg and CAF.

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use super::bytes::Patch;
use crate::probe::{AudioBytes, read_at};

/// More than two of the longest pages of Ogg (RFC 3533, section 6: 65,307 bytes).
const LAST_PAGES: u64 = 136 << 10;
/// Chunks looked at before the samples of a CAF file.
const MAX_CHUNKS: u32 = 1_000;

/// The end of the last whole page of an Ogg file that ends inside a page; `None` for others.
///
/// # Errors
/// I/O.
pub(super) fn ogg_end(file: &File, audio: AudioBytes) -> Result<Option<u64>> {
    let from = audio.end.saturating_sub(LAST_PAGES).max(audio.start);
    let bytes = read_at(file, from, usize::try_from(audio.end - from).unwrap_or(0))?;
    let mut end = None;
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"OggS")) {
        // Only a page behind which another one begins, or nothing does, is taken for one.
        let page = page_end(&bytes, at).filter(|end| *end <= bytes.len());
        end = page.or(end).filter(|end| page.is_some() || *end == at);
    }
    let begun = |end: &usize| bytes[*end..].starts_with(&b"OggS"[..(bytes.len() - end).min(4)]);
    Ok(end.filter(|end| *end < bytes.len() && begun(end)).map(|end| from + end as u64))
}

/// Whether an Ogg file ends with a whole page at position 0 (RFC 3533, section 6: granule position): its headers are there, and
/// no sound.
///
/// # Errors
/// I/O.
pub(super) fn ogg_is_empty(file: &File, audio: AudioBytes) -> Result<bool> {
    let from = audio.end.saturating_sub(LAST_PAGES / 2).max(audio.start);
    let bytes = read_at(file, from, usize::try_from(audio.end - from).unwrap_or(0))?;
    let last = bytes.windows(5).rposition(|window| window == b"OggS\0");
    Ok(last.is_some_and(|at| {
        bytes.get(at + 6..at + 14) == Some(&[0; 8]) && page_end(&bytes, at) == Some(bytes.len())
    }))
}

/// Where the page that begins at that place ends by its table of lengths.
fn page_end(bytes: &[u8], at: usize) -> Option<usize> {
    let page = bytes.get(at..).filter(|page| page.starts_with(b"OggS\0"))?;
    let lengths = page.get(27..27 + usize::from(*page.get(26)?))?;
    Some(at + 27 + lengths.len() + lengths.iter().map(|length| usize::from(*length)).sum::<usize>())
}

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
