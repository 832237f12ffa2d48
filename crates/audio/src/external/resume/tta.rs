//! A TTA file with silence for its lost frames ("TTA1 lossless audio format", header and seek table).
//!
//! The seek table has the size of each frame, and each frame ends with a checksum (CRC-32) of its bytes. So it shows which
//! frames are intact, and where they lie after bytes were lost or added: a frame is looked for at each place until its checksum
//! is right. The checksums of all places are computed from each other (Rabin and Karp, 1987: a rolling hash).

use std::fs::File;

use fanfare_model::Result;

use crate::{
    external::bytes::Piece,
    probe::{AudioBytes, read_at},
};

/// Bytes of the header, with its checksum.
const HEADER_BYTES: u64 = 22;
/// A frame is 256/245 of a second long.
const FRAME_LENGTH: (u64, u64) = (256, 245);
/// A frame of more bytes than this is no frame: a second of eight channels of 32 bits at 192 kHz has about six million.
const MAX_FRAME_BYTES: u64 = 16 << 20;
/// Frames behind a damaged one that are tried at one place.
const TRIED: usize = 32;
/// Bytes looked through for one frame, and for all frames of a file.
const SEARCHED_BYTES: u64 = 8 << 20;
const MOST_SEARCHED_BYTES: u64 = 256 << 20;

/// What the seek table says.
struct Frames<'a> {
    file: &'a File,
    audio: AudioBytes,
    sizes: Vec<u64>,
    /// Where each frame lies in a file without damage.
    starts: Vec<u64>,
}

/// The pieces of the file, with zeros in place of frames that are lost; `None` where it is not TTA, or its header is damaged.
///
/// # Errors
/// I/O.
pub(super) fn pieces(file: &File, audio: AudioBytes) -> Result<Option<Vec<Piece>>> {
    let Some(frames) = Frames::read(file, audio)? else { return Ok(None) };
    let first = frames.starts.first().copied().unwrap_or(audio.end);
    let mut pieces = vec![Piece::File(audio.start..first)];
    // How far the frames lie from where they should, and where the last intact one ended.
    let (mut shift, mut ended, mut budget) = (0, first, MOST_SEARCHED_BYTES);
    for frame in 0..frames.sizes.len() {
        let mut intact = frames.is_intact(frame, shift)?;
        if !intact
            && !frames.near(frame, shift)?
            && let Some(found) = frames.another_shift(frame, shift, ended, &mut budget)?
        {
            shift = found;
            intact = frames.is_intact(frame, shift)?;
        }
        let size = frames.sizes[frame];
        match frames.place(frame, shift).filter(|_| intact) {
            Some(at) => {
                ended = at + size;
                match pieces.last_mut() {
                    Some(Piece::File(range)) if range.end == at => range.end = ended,
                    _ => pieces.push(Piece::File(at..ended)),
                }
            }
            None => pieces.push(Piece::Zeros(size)),
        }
    }
    Ok(Some(pieces))
}

impl<'a> Frames<'a> {
    fn read(file: &'a File, audio: AudioBytes) -> Result<Option<Self>> {
        let head = read_at(file, audio.start, HEADER_BYTES as usize)?;
        let number = |at: usize| {
            let bytes: Option<[u8; 4]> = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(|bytes| u64::from(u32::from_le_bytes(bytes)))
        };
        let (Some(rate_hz), Some(length), true) = (number(10), number(14), head.starts_with(b"TTA1")) else {
            return Ok(None);
        };
        let frame_length = (rate_hz * FRAME_LENGTH.0 / FRAME_LENGTH.1).max(1);
        let count = length.div_ceil(frame_length);
        let table_bytes = count * 4 + 4;
        if audio.end - audio.start < HEADER_BYTES + table_bytes {
            return Ok(None);
        }
        let table = read_at(file, audio.start + HEADER_BYTES, table_bytes as usize)?;
        let (table, sum) = table.split_at(table.len().saturating_sub(4));
        if crc32(table).to_le_bytes() != *sum {
            return Ok(None);
        }
        let sizes: Vec<u64> = table
            .chunks_exact(4)
            .map(|size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]).into())
            .collect();
        let mut at = audio.start + HEADER_BYTES + table_bytes;
        let mut starts = Vec::with_capacity(sizes.len());
        for size in &sizes {
            starts.push(at);
            at += size;
        }
        Ok(sizes.iter().all(|size| (5..=MAX_FRAME_BYTES).contains(size)).then_some(Self {
            file,
            audio,
            sizes,
            starts,
        }))
    }

    /// Where a frame lies with that shift, if that is in the file.
    fn place(&self, frame: usize, shift: i64) -> Option<u64> {
        let at = self.starts.get(frame)?.checked_add_signed(shift)?;
        (at >= self.starts[0] && at + self.sizes[frame] <= self.audio.end).then_some(at)
    }

    fn is_intact(&self, frame: usize, shift: i64) -> Result<bool> {
        let Some(at) = self.place(frame, shift) else { return Ok(false) };
        let bytes = read_at(self.file, at, self.sizes[frame] as usize)?;
        let (sound, sum) = bytes.split_at(bytes.len().saturating_sub(4));
        Ok(crc32(sound).to_le_bytes() == *sum)
    }

    /// Whether a frame right behind that one is intact with that shift.
    fn near(&self, frame: usize, shift: i64) -> Result<bool> {
        for next in (frame + 1..self.sizes.len()).take(TRIED) {
            if self.is_intact(next, shift)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The shift of the next intact frame, from that one on, where bytes were lost or added between it and the last one.
    fn another_shift(&self, frame: usize, shift: i64, ended: u64, budget: &mut u64) -> Result<Option<i64>> {
        // Behind damage in one place the end of the file tells.
        let whole = self.starts.last().zip(self.sizes.last()).map_or(0, |(at, size)| at + size);
        let at_end = self.audio.end as i64 - whole as i64;
        if at_end != shift && (self.is_intact(frame, at_end)? || self.near(frame, at_end)?) {
            return Ok(Some(at_end));
        }
        for next in (frame..self.sizes.len()).take(TRIED) {
            let size = self.sizes[next];
            let room = self.starts[next].saturating_add_signed(shift).saturating_sub(ended) + 2 * size;
            let room = room.min(SEARCHED_BYTES).min(*budget);
            *budget -= room;
            let bytes = read_at(self.file, ended, room as usize)?;
            if let Some(offset) = find_checked(&bytes, size as usize) {
                return Ok(Some((ended + offset as u64) as i64 - self.starts[next] as i64));
            }
        }
        Ok(None)
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// The polynomial of CRC-32 with its bits reversed (ISO 3309).
const POLYNOMIAL: u32 = 0xedb8_8320;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut value, mut bit) = (at as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};

const fn step(sum: u32, byte: u8) -> u32 {
    sum >> 8 ^ TABLE[((sum ^ byte as u32) & 0xff) as usize]
}

/// The first place in the bytes at which that many of them end with the checksum of the others.
fn find_checked(bytes: &[u8], size: usize) -> Option<usize> {
    let length = size.checked_sub(4)?;
    let behind_zeros = |sum: u32| (0..length).fold(sum, |sum, _| step(sum, 0));
    // What a byte that leaves the window adds to the sum: the sum of bytes is the sum of their bits.
    let of_bits: [u32; 8] = std::array::from_fn(|bit| behind_zeros(step(0, 1 << bit)));
    let leaving: [u32; 256] = std::array::from_fn(|byte| {
        (0..8).filter(|bit| byte >> bit & 1 == 1).fold(0, |sum, bit| sum ^ of_bits[bit])
    });
    let start = !behind_zeros(u32::MAX);
    let mut sum = bytes.get(..length)?.iter().fold(0, |sum, byte| step(sum, *byte));
    for at in 0..=bytes.len().checked_sub(size)? {
        if (sum ^ start).to_le_bytes() == bytes[at + length..at + size] {
            return Some(at);
        }
        sum = step(sum, bytes[at + length]) ^ leaving[usize::from(bytes[at])];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_their_checksum_are_found_at_any_place() {
        let noise: Vec<u8> = (0..5_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
        for (at, size) in [(0, 5), (1, 100), (777, 1_000), (3_999, 1_000)] {
            let mut bytes = noise.clone();
            let sum = crc32(&bytes[at..at + size - 4]);
            bytes[at + size - 4..at + size].copy_from_slice(&sum.to_le_bytes());
            assert_eq!(find_checked(&bytes, size), Some(at), "{size} bytes at {at}");
            bytes[at] ^= 1;
            assert_eq!(find_checked(&bytes, size), None);
        }
        assert_eq!(find_checked(&noise[..3], 100), None);
    }
}
