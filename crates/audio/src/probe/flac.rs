//! Frame headers of FLAC (RFC 9639, section 9.1), and streams of frames without a head.

use symphonia::core::{
    checksum::{Crc8Ccitt, Crc16Ansi},
    io::Monitor as _,
};

/// Bytes of the longest frame header.
pub const MAX_HEADER_BYTES: usize = 16;

/// Headers in front of which nothing was found that they belong to; bytes that look like one by chance are rare.
const MAX_LONE_HEADERS: usize = 64;

/// A frame header whose checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlacHeader {
    /// Where in the bytes it begins.
    pub at: usize,
    /// Frames per second; `None` where only the stream information has it.
    pub rate_hz: Option<u32>,
    /// One to eight.
    pub channels: u32,
    /// Bits per sample; `None` where only the stream information has them.
    pub bits: Option<u32>,
    /// Samples per channel.
    pub block: u32,
    /// Number of the frame or, where blocks may be of any size, of its first sample.
    pub number: u64,
    /// Whether blocks may be of any size.
    pub any_size: bool,
}

impl FlacHeader {
    /// The frame header at that place.
    pub fn read(bytes: &[u8], at: usize) -> Option<Self> {
        const RATES_HZ: [u32; 11] =
            [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
        let head = bytes.get(at..bytes.len().min(at + MAX_HEADER_BYTES))?;
        let &[0xff, second, sizes, form, ..] = head else { return None };
        if second & 0xfe != 0xf8 || sizes >> 4 == 0 || sizes & 15 == 15 || form & 1 != 0 || form >> 4 > 10 {
            return None;
        }
        let (number, number_bytes) = coded_number(&head[4..])?;
        let byte = |at: usize| head.get(at).map(|byte| u32::from(*byte));
        let short = |at: usize| head.get(at..at + 2).map(|b| u32::from(u16::from_be_bytes([b[0], b[1]])));
        let mut end = 4 + number_bytes;
        let (block, block_bytes) = match u32::from(sizes >> 4) {
            1 => (192, 0),
            power @ 2..=5 => (576 << (power - 2), 0),
            6 => (byte(end)? + 1, 1),
            7 => (short(end)? + 1, 2),
            power => (256 << (power - 8), 0),
        };
        end += block_bytes;
        let (rate_hz, rate_bytes) = match sizes & 15 {
            0 => (None, 0),
            12 => (byte(end).map(|thousands| thousands * 1_000), 1),
            13 => (short(end), 2),
            14 => (short(end).map(|tens| tens * 10), 2),
            index => (RATES_HZ.get(usize::from(index) - 1).copied(), 0),
        };
        end += rate_bytes;
        let mut crc = Crc8Ccitt::new(0);
        crc.process_buf_bytes(head.get(..end)?);
        let channels = match u32::from(form >> 4) {
            independent @ 0..=7 => independent + 1,
            _ => 2,
        };
        let bits = [None, Some(8), Some(12), None, Some(16), Some(20), Some(24), Some(32)];
        (head.get(end) == Some(&crc.crc())).then_some(Self {
            at,
            rate_hz,
            channels,
            bits: bits[usize::from(form >> 1 & 7)],
            block,
            number,
            any_size: second & 1 == 1,
        })
    }

    /// Whether the stream information (section 8.2) has another rate or channel count.
    pub fn differs_from(self, info: &[u8]) -> bool {
        let Some(&[a, b, c]) = info.get(10..13) else { return false };
        let packed = u32::from_be_bytes([0, a, b, c]);
        let (rate_hz, channels) = (packed >> 4, (packed >> 1 & 7) + 1);
        self.channels != channels || self.rate_hz.is_some_and(|own| own != rate_hz)
    }

    /// The first sample of the frame, by its number.
    pub fn first_sample(self, fixed_block: u32) -> u64 {
        self.number.saturating_mul(if self.any_size { 1 } else { u64::from(fixed_block) })
    }

    /// Whether the other frame is the one behind this one.
    fn precedes(self, other: Self) -> bool {
        let step = if self.any_size { u64::from(self.block) } else { 1 };
        self.any_size == other.any_size
            && self.channels == other.channels
            && self.rate_hz == other.rate_hz
            && self.bits == other.bits
            && self.number.checked_add(step) == Some(other.number)
    }
}

/// The number at the start of the bytes, which is coded like a character of UTF-8, but of up to seven bytes; and its length.
fn coded_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = match first.leading_ones() {
        0 => return Some((u64::from(first), 1)),
        1 | 8 => return None,
        ones => ones as usize,
    };
    let mut number = u64::from(first) & ((1 << (7 - length)) - 1);
    for byte in bytes.get(1..length)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        number = number << 6 | u64::from(byte & 0x3f);
    }
    Some((number, length))
}

/// Whether the frame between the two places is whole: its checksum is over all of it and then 0 (section 9.3). Frames inside
/// another container are not: there are bytes of the container between them.
fn is_whole(bytes: &[u8], from: usize, to: usize) -> bool {
    let mut crc = Crc16Ansi::new(0);
    bytes.get(from..to).is_some_and(|frame| {
        crc.process_buf_bytes(frame);
        crc.crc() == 0
    })
}

/// Whether the metadata behind the marker at that place (section 8.1) leads to a frame. Another container has the marker and the
/// stream information in a head of its own. Metadata that does not end in these bytes counts.
fn leads_to_a_frame(bytes: &[u8], marker: usize) -> bool {
    /// The types of blocks that there are end here.
    const LAST_TYPE: u8 = 6;
    let mut at = marker + 4;
    while let Some(&[kind, a, b, c]) = bytes.get(at..at + 4) {
        if kind & 0x7f > LAST_TYPE {
            return false;
        }
        at += 4 + u32::from_be_bytes([0, a, b, c]) as usize;
        if kind & 0x80 != 0 {
            return bytes.len() < at + MAX_HEADER_BYTES || FlacHeader::read(bytes, at).is_some();
        }
    }
    true
}

/// Where a stream of FLAC begins that does not begin with its marker: at a marker behind other bytes, or at the first frame
/// of a stream without a head. A frame counts where another one follows it at its end; one alone only at the very beginning.
pub fn find_flac(bytes: &[u8]) -> Option<usize> {
    let is_head = |at: usize| bytes[at..].starts_with(b"fLaC\0\0\0\x22") && leads_to_a_frame(bytes, at);
    if let Some(at) = (0..bytes.len()).find(|at| is_head(*at)) {
        return Some(at);
    }
    let mut seen: Vec<FlacHeader> = Vec::new();
    for header in (0..bytes.len()).filter_map(|at| FlacHeader::read(bytes, at)) {
        if let Some(first) =
            seen.iter().find(|first| first.precedes(header) && is_whole(bytes, first.at, header.at))
        {
            return Some(first.at);
        }
        if seen.len() < MAX_LONE_HEADERS {
            seen.push(header);
        }
    }
    seen.first().filter(|first| first.at == 0 && first.rate_hz.is_some() && first.number == 0).map(|_| 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_give_rate_channels_block_and_number() {
        // 4,096 samples at 44.1 kHz, stereo of 16 bits, frame 0x81; then the checksum.
        let mut header = vec![0xff, 0xf8, 0xc9, 0x18, 0xc2, 0x81];
        let mut crc = Crc8Ccitt::new(0);
        crc.process_buf_bytes(&header);
        header.push(crc.crc());
        let expected = FlacHeader {
            at: 0,
            rate_hz: Some(44_100),
            channels: 2,
            bits: Some(16),
            block: 4_096,
            number: 0x81,
            any_size: false,
        };
        assert_eq!(FlacHeader::read(&header, 0), Some(expected));
        assert_eq!(expected.first_sample(4_096), 0x81 * 4_096);
        header[6] ^= 1;
        assert_eq!(FlacHeader::read(&header, 0), None);
    }
}
