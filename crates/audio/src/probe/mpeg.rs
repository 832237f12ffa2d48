//! Frame headers of MPEG audio (ISO 11172-3, 13818-3) and of ADTS (ISO 13818-7), enough to find their frames.

/// One MPEG audio frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MpegHeader {
    /// Layer 1, 2 or 3.
    pub layer: u8,
    /// Frames per second.
    pub rate_hz: u32,
    /// One or two.
    pub channels: u8,
    /// Bytes of the whole frame with its header.
    pub bytes: usize,
    /// Frames of audio that it decodes to.
    pub frames: u32,
    /// Bytes between the header and the main data (CRC and side information) of layer 3.
    pub side_bytes: usize,
}

/// Bit rates in kb/s by index (ISO 11172-3 2.4.2.3; 13818-3 2.4.2.3): MPEG-1 layers 1, 2, 3; MPEG-2 layer 1;
/// MPEG-2 layers 2 and 3.
const BITRATES_KBPS: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl MpegHeader {
    /// The header at the start of the bytes, if there is one with a known length (for the others see [`free_format`]).
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[sync, version_layer, rates, mode, ..] = bytes else { return None };
        if sync != 0xff || version_layer & 0xe0 != 0xe0 {
            return None;
        }
        let (version, layer_bits) = ((version_layer >> 3) & 3, (version_layer >> 1) & 3);
        let layer = match layer_bits {
            3 => 1,
            2 => 2,
            1 => 3,
            _ => return None,
        };
        // Version bits: 3 is MPEG-1, 2 is MPEG-2 (half the rates), 0 is MPEG-2.5 (a quarter), 1 is reserved.
        let (mpeg1, shift) = match version {
            3 => (true, 0),
            2 => (false, 1),
            0 => (false, 2),
            _ => return None,
        };
        let rate_hz = *[44_100, 48_000, 32_000].get(usize::from((rates >> 2) & 3))? >> shift;
        let table = match (mpeg1, layer) {
            (true, layer) => usize::from(layer) - 1,
            (false, 1) => 3,
            (false, _) => 4,
        };
        let bitrate_bps = *BITRATES_KBPS[table].get(usize::from(rates >> 4))? * 1_000;
        if bitrate_bps == 0 || mode & 3 == 2 {
            return None;
        }
        let padding = u32::from((rates >> 1) & 1);
        let frames = match (layer, mpeg1) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1152,
        };
        let length = if layer == 1 {
            (12 * bitrate_bps / rate_hz + padding) * 4
        } else {
            frames / 8 * bitrate_bps / rate_hz + padding
        };
        let channels = if mode >> 6 == 3 { 1 } else { 2 };
        let crc = if version_layer & 1 == 0 { 2 } else { 0 };
        let side_bytes = crc
            + match (mpeg1, channels) {
                (true, 2) => 32,
                (true, _) | (false, 2) => 17,
                (false, _) => 9,
            };
        Some(Self { layer, rate_hz, channels, bytes: length as usize, frames, side_bytes })
    }

    /// Whether both belong to one stream: everything but the bit rate is the same.
    pub fn continues(self, other: Self) -> bool {
        (self.layer, self.rate_hz, self.channels) == (other.layer, other.rate_hz, other.channels)
    }
}

/// The first frame of layer 3 in free format at the start of the bytes, without its padding byte (ISO 11172-3, 2.4.2.3: bit
/// rate index 0; all frames have the same length but for the padding, and no header says it). Two more frames must follow, or
/// one and the end.
pub fn free_format(bytes: &[u8]) -> Option<MpegHeader> {
    /// Bytes of the shortest and the longest frame looked for: 640 kbit/s at 8 kHz in MPEG-2.5.
    const LENGTHS: std::ops::Range<usize> = 48..5_800;
    let read = |at: usize| -> Option<(MpegHeader, usize)> {
        let mut head: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        let is_free = head[2] >> 4 == 0;
        // Everything but the length is read as if a bit rate was named.
        head[2] |= 0x10;
        let header = MpegHeader::read(&head).filter(|header| is_free && header.layer == 3)?;
        Some((header, usize::from(head[2] >> 1 & 1)))
    };
    let (first, padding) = read(0)?;
    let follows = |at: usize| read(at).filter(|(next, _)| next.continues(first));
    LENGTHS.into_iter().find_map(|length| {
        let second = length + padding;
        let (_, padding) = follows(second)?;
        let third = second + length + padding;
        (third + 4 > bytes.len() || follows(third).is_some()).then_some(MpegHeader { bytes: length, ..first })
    })
}

/// Where frames in free format begin behind a few other bytes.
pub fn find_free_format(bytes: &[u8]) -> Option<usize> {
    /// Further back chance is as likely.
    const MOST: usize = 4_096;
    (0..bytes.len().min(MOST)).find(|at| free_format(&bytes[*at..]).is_some())
}

/// Whether the bytes begin with the header of another frame in that free format; its padding byte.
pub fn continues_free_format(bytes: &[u8], first: MpegHeader) -> Option<usize> {
    let mut head: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let is_free = head[2] >> 4 == 0;
    head[2] |= 0x10;
    let header = MpegHeader::read(&head).filter(|header| is_free && header.continues(first))?;
    (header.layer == 3).then_some(usize::from(head[2] >> 1 & 1))
}

/// Whether some granule of a layer 3 frame mixes block lengths (ISO 11172-3, 2.4.1.7 and 2.4.2.7: `mixed_block_flag`):
/// long blocks in the lowest two bands beside short ones.
pub fn mixes_blocks(frame: &[u8]) -> bool {
    let Some(header) = MpegHeader::read(frame).filter(|header| header.layer == 3) else { return false };
    let mpeg1 = header.frames == 1152;
    let crc_bytes = if frame[1] & 1 == 0 { 2 } else { 0 };
    let mono = header.channels == 1;
    // Begin of the main data, private bits, and in MPEG-1 four bits of shared scale factors per channel.
    let (granules, lead_bits, compress_bits) = match (mpeg1, mono) {
        (true, true) => (2, 9 + 5 + 4, 4),
        (true, false) => (2, 9 + 3 + 8, 4),
        (false, true) => (1, 8 + 1, 9),
        (false, false) => (1, 8 + 2, 9),
    };
    // Of a granule: lengths and gain, then 22 bits of either kind of window, then the last two or three flags.
    let window_at = 12 + 9 + 8 + compress_bits;
    let granule_bits = window_at + 1 + 22 + if mpeg1 { 3 } else { 2 };
    let bit = |at: usize| frame.get(4 + crc_bytes + at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    (0..granules * usize::from(header.channels)).any(|granule| {
        let window = lead_bits + granule * granule_bits + window_at;
        // Window switching, two bits of block type, mixed.
        bit(window) && bit(window + 3)
    })
}

/// Where the main data of layer 3 frames lies (ISO 11172-3, 2.4.1.7: `main_data_begin`, `part2_3_length`): each frame's
/// begins behind that of the frame before, and does not go on behind its own end.
#[derive(Debug, Default)]
pub struct MainData {
    /// Bytes in front of the next frame's own that belong to no frame before, where that is known.
    left: Option<usize>,
}

impl MainData {
    /// What came before the next frame is lost.
    pub fn lose(&mut self) {
        self.left = Some(0);
    }

    /// Takes the next frame; whether its main data lies where it may.
    pub fn fits(&mut self, frame: &[u8]) -> bool {
        let Some(header) = MpegHeader::read(frame).filter(|header| header.layer == 3) else { return true };
        let (mpeg1, mono) = (header.frames == 1152, header.channels == 1);
        let crc_bytes = if frame[1] & 1 == 0 { 2 } else { 0 };
        let number = |at: usize, bits: usize| {
            (at..at + bits).fold(0_usize, |number, at| {
                let byte = frame.get(4 + crc_bytes + at / 8).copied().unwrap_or(0);
                number << 1 | usize::from(byte >> (7 - at % 8) & 1)
            })
        };
        // As in `mixes_blocks`: what comes before the granules, and their length.
        let (granules, begin_bits, lead_bits, granule_bits) = match (mpeg1, mono) {
            (true, true) => (2, 9, 18, 59),
            (true, false) => (4, 9, 20, 59),
            (false, true) => (1, 8, 9, 63),
            (false, false) => (2, 8, 10, 63),
        };
        let begin = number(0, begin_bits);
        let bits: usize = (0..granules).map(|granule| number(lead_bits + granule * granule_bits, 12)).sum();
        let own = frame.len().saturating_sub(4 + header.side_bytes);
        let there = begin + own;
        let fits = self.left.is_none_or(|left| begin <= left) && bits.div_ceil(8) <= there;
        // Behind a frame that is damaged there may be what was left before it and its own bytes, at most.
        self.left = match self.left {
            _ if fits => there.checked_sub(bits.div_ceil(8)),
            left => left.map(|left| left + own),
        };
        fits
    }
}

/// Length in bytes of the ADTS frame at the start of the bytes, and its rate index, if there is one.
fn adts_frame(bytes: &[u8]) -> Option<(usize, u8)> {
    let &[sync, id, rate, b3, b4, b5, ..] = bytes else { return None };
    let rate_index = (rate >> 2) & 15;
    if sync != 0xff || id & 0xf6 != 0xf0 || rate_index > 12 {
        return None;
    }
    let length = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
    (length > 7).then_some((length, rate_index))
}

/// How many frames in a row make chance unlikely: each matches noise about once in 2^17 bytes.
const FRAMES_IN_A_ROW: usize = 3;

/// Where the first run of MPEG audio frames begins.
pub fn find_mpeg(bytes: &[u8]) -> Option<usize> {
    find(bytes, |at| {
        let first = MpegHeader::read(bytes.get(at..)?)?;
        run(bytes, at, |at| {
            MpegHeader::read(bytes.get(at..)?).filter(|next| next.continues(first)).map(|header| header.bytes)
        })
    })
}

/// Where the first run of ADTS frames begins.
pub fn find_adts(bytes: &[u8]) -> Option<usize> {
    find(bytes, |at| {
        let (_, rate) = adts_frame(bytes.get(at..)?)?;
        run(bytes, at, |at| {
            adts_frame(bytes.get(at..)?).filter(|(_, next)| *next == rate).map(|(length, _)| length)
        })
    })
}

fn find(bytes: &[u8], is_run: impl Fn(usize) -> Option<()>) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = bytes.get(at..)?.iter().position(|byte| *byte == 0xff) {
        at += next;
        if is_run(at).is_some() {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether frames follow each other from `at`: [`FRAMES_IN_A_ROW`], or at least one that ends with the bytes.
fn run(bytes: &[u8], mut at: usize, length_at: impl Fn(usize) -> Option<usize>) -> Option<()> {
    for found in 0..FRAMES_IN_A_ROW {
        match length_at(at) {
            Some(length) if at + length <= bytes.len() => at += length,
            // The file ends inside a frame, or exactly after one (trailing tags may follow it).
            _ if found > 0
                && (at >= bytes.len()
                    || bytes[at..].starts_with(b"TAG")
                    || bytes[at..].starts_with(b"APETAG")) =>
            {
                return Some(());
            }
            Some(_) if found > 1 => return Some(()),
            _ => return None,
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_give_length_rate_and_channels() {
        // MPEG-1 layer 3, 128 kb/s, 44.1 kHz, joint stereo; MPEG-2 layer 3, 64 kb/s, 22.05 kHz, mono, padded.
        for (bytes, expected) in [
            ([0xff, 0xfb, 0x90, 0x44], Some((3, 44_100, 2, 417, 1152))),
            ([0xff, 0xf3, 0x82, 0xc4], Some((3, 22_050, 1, 209, 576))),
            ([0xff, 0xfb, 0xf0, 0x44], None),
            ([0xff, 0xfb, 0x00, 0x44], None),
            ([0xff, 0xe9, 0x90, 0x44], None),
        ] {
            let found = MpegHeader::read(&bytes).map(|h| (h.layer, h.rate_hz, h.channels, h.bytes, h.frames));
            assert_eq!(found, expected, "{bytes:x?}");
        }
    }
}
