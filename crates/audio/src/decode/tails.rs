//! Where files that were cut end, for containers whose demuxer does not open them then: Ogg and CAF.

use std::fs::File;

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
    let page_end = |at: usize| {
        let page = bytes.get(at..).filter(|page| page.starts_with(b"OggS\0"))?;
        let lengths = page.get(27..27 + usize::from(*page.get(26)?))?;
        Some(at + 27 + lengths.len() + lengths.iter().map(|length| usize::from(*length)).sum::<usize>())
    };
    let mut end = None;
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"OggS")) {
        // Only a page behind which another one begins, or nothing does, is taken for one.
        let page = page_end(at).filter(|end| *end <= bytes.len());
        end = page.or(end).filter(|end| page.is_some() || *end == at);
    }
    let begun = |end: &usize| bytes[*end..].starts_with(&b"OggS"[..(bytes.len() - end).min(4)]);
    Ok(end.filter(|end| *end < bytes.len() && begun(end)).map(|end| from + end as u64))
}

/// The corrected length of the samples of a CAF file that ends inside them, and how many bytes are missing (Apple Core Audio
/// Format Specification 1.0, "Audio Data chunk"); `None` for others.
///
/// # Errors
/// I/O.
pub(super) fn caf_samples(file: &File, audio: AudioBytes) -> Result<Option<(Patch, u64)>> {
    let mut at = audio.start + 8;
    // Packets of other codecs cannot be told apart without the table behind them. "desc" comes first; its rate, then the codec.
    if !read_at(file, at + 12 + 8, 4)?.starts_with(b"lpcm") {
        return Ok(None);
    }
    for _ in 0..MAX_CHUNKS {
        let head = read_at(file, at, 12)?;
        let Some(size) = head.get(4..12).and_then(|size| <[u8; 8]>::try_from(size).ok()) else { break };
        let (size, body) = (u64::from_be_bytes(size), at + 12);
        let left = audio.end.saturating_sub(body);
        if head.starts_with(b"data") {
            // A length of -1 is "to the end".
            let is_cut = size != u64::MAX && size > left;
            return Ok(
                is_cut.then(|| (Patch { at: at + 4, bytes: left.to_be_bytes().to_vec() }, size - left))
            );
        }
        at = body.saturating_add(size);
        if at >= audio.end {
            break;
        }
    }
    Ok(None)
}
