//! The next block of a WavPack file behind damage (WavPack 5 file format, section 2: the block header).

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use crate::probe::read_at;

/// Bytes of a block header.
const HEADER_BYTES: usize = 32;
/// The largest block, which `ffmpeg` takes, too.
const MAX_BLOCK_BYTES: u64 = 1 << 20;
/// Versions of the stream that decoders know.
const VERSIONS: std::ops::RangeInclusive<u16> = 0x402..=0x410;
/// The flag of the first block for its frames: blocks of other channels follow.
const INITIAL: u32 = 1 << 11;
/// Bytes looked through at once.
const WINDOW_BYTES: usize = 1 << 20;

/// What the header of a block says.
struct Block {
    bytes: u64,
    first_frame: u64,
    frames: u64,
    is_initial: bool,
}

impl Block {
    fn read(head: &[u8]) -> Option<Self> {
        let head: &[u8; HEADER_BYTES] = head.get(..HEADER_BYTES)?.try_into().ok()?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let bytes = u64::from(number(4)) + 8;
        let is_valid = head.starts_with(b"wvpk")
            && (HEADER_BYTES as u64..=MAX_BLOCK_BYTES).contains(&bytes)
            && VERSIONS.contains(&u16::from_le_bytes([head[8], head[9]]));
        is_valid.then(|| Self {
            bytes,
            // The high bytes of both 40-bit numbers stand in front of them.
            first_frame: u64::from(head[10]) << 32 | u64::from(number(16)),
            frames: number(20).into(),
            is_initial: number(24) & INITIAL != 0,
        })
    }
}

/// Where a block begins from which a decoder can go on that read the range from its start, and stopped at the first bytes
/// that are no block.
///
/// # Errors
/// I/O.
pub(super) fn next(file: &File, range: Range<u64>) -> Result<Option<u64>> {
    let (mut at, mut last, mut reached) = (range.start, None, 0);
    while at < range.end
        && let Some(block) = Block::read(&read_at(file, at, HEADER_BYTES)?)
    {
        last = Some(at);
        reached = reached.max(block.first_frame + block.frames);
        at += block.bytes;
    }
    // The length in the last header may be damaged: the next block may begin right behind that header.
    let mut at = last.map_or(range.start + 1, |last| last + HEADER_BYTES as u64);
    while at < range.end {
        let window = read_at(file, at, WINDOW_BYTES)?;
        for (offset, _) in window.windows(4).enumerate().filter(|(_, four)| four == b"wvpk") {
            let begin = at + offset as u64;
            let block = match window.get(offset..offset + HEADER_BYTES) {
                Some(head) => Block::read(head),
                None => Block::read(&read_at(file, begin, HEADER_BYTES)?),
            };
            let follows = |block: &Block| {
                block.is_initial
                    && block.frames > 0
                    && block.first_frame >= reached
                    && begin + block.bytes <= range.end
            };
            if block.as_ref().is_some_and(follows) {
                return Ok(Some(begin));
            }
        }
        if window.len() < WINDOW_BYTES {
            break;
        }
        at += (WINDOW_BYTES - 3) as u64;
    }
    Ok(None)
}
