//! Opus of a constant rate whose every block is made by itself, as Ogg pages.
//!
//! Purpose: as [`mp3`](super::mp3), for players that know Opus. A block is five pages of fifty packets of 20 ms: 5 s.
//!
//! How: every block has an encoder of its own, which hears [`BEFORE`] packets more in front, whose output is dropped.
//! Its first packet is coded without prediction (`OPUS_SET_PREDICTION_DISABLED`), so that a decoder that comes from the
//! block before needs nothing that this encoder does not know; what the transform overlaps is the same sound in both. The
//! rate is constant (`OPUS_SET_VBR(0)`), so every packet and every page has one size.
//!
//! Ogg pages: RFC 3533, section 6; Opus in Ogg: RFC 7845.
//!
//! Invariant: a decoder gives exactly the frames of the source at 48 kHz (pre-skip in front, the last granule position
//! behind: RFC 7845, section 4).

use fanfare_model::{ChannelLayout, Error, ErrorKind, Result, SampleRate, SampleSpec};

use super::native::libopus::LibOpus;

/// Frames of a packet: 20 ms at 48 kHz.
pub(crate) const FRAME: u64 = 960;
/// Packets of a page: about a second.
const PAGE: u64 = 50;
/// Packets of a block.
pub(crate) const BLOCK: u64 = 5 * PAGE;
/// Packets that a block's encoder hears in front: the 80 ms after which a decoder has converged (RFC 7845, section 4.6).
pub(crate) const BEFORE: u64 = 4;
/// Frames by which the encoder delays (libopus, restricted low delay: 2.5 ms).
const PRE_SKIP: u64 = 120;
/// Marks the pages of one stream; there is one in a file.
const SERIAL: u32 = u32::from_be_bytes(*b"Fanf");
/// The largest payload of a page: 255 segments of 255 bytes.
const MAX_PAGE_BYTES: usize = 255 * 255;

/// The spec in which a source is encoded.
pub(crate) fn spec_for(source: SampleSpec) -> SampleSpec {
    let layout = if source.channels() == 1 { ChannelLayout::Mono } else { ChannelLayout::Stereo };
    SampleSpec { rate: SampleRate::new(48_000).unwrap_or(SampleRate::CD), layout }
}

/// One file's coder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opus {
    pub(crate) spec: SampleSpec,
    pub(crate) bitrate_kbps: u32,
    /// Frames of the track at 48 kHz.
    pub(crate) frames: u64,
    /// Pages in front of the first audio page.
    pub(crate) head_pages: u32,
}

impl Opus {
    /// Packets of a track of that many frames.
    pub(crate) fn packets(frames: u64) -> u64 {
        (frames + PRE_SKIP).div_ceil(FRAME).max(1)
    }

    fn packet_bytes(self) -> usize {
        (self.bitrate_kbps as usize * 1_000 / 8) * 20 / 1_000
    }

    /// Bytes of a page of that many packets: header, one lacing value for every 255 bytes and the rest, packets.
    fn page_bytes(self, packets: u64) -> u64 {
        let packet = self.packet_bytes() as u64;
        if packets == 0 { 0 } else { 27 + packets * (packet / 255 + 1) + packets * packet }
    }

    /// Bytes of the first so many packets of any block.
    pub(crate) fn block_bytes(self, packets: u64) -> u64 {
        (packets / PAGE) * self.page_bytes(PAGE) + self.page_bytes(packets % PAGE)
    }

    /// Bytes of all packets of a track.
    pub(crate) fn audio_bytes(self, packets: u64) -> u64 {
        (packets / BLOCK) * self.block_bytes(BLOCK) + self.block_bytes(packets % BLOCK)
    }

    /// The pages of a block, from planes that begin [`BEFORE`] packets in front of it.
    ///
    /// # Errors
    /// Those of libopus.
    pub(crate) fn encode(self, block: u32, planes: &[&[f32]], packets: u64) -> Result<Vec<u8>> {
        let channels = self.spec.channels();
        let encoder = LibOpus::new(channels, u64::from(self.bitrate_kbps) * 1_000)?;
        let short = || Error::new(ErrorKind::Internal, "a block has too little sound");
        let mut interleaved = vec![0.0; FRAME as usize * channels];
        let size = self.packet_bytes();
        let mut made = vec![0; size * usize::try_from(BEFORE + packets).map_err(|_| short())?];
        for (number, packet) in made.chunks_exact_mut(size).enumerate() {
            for (channel, plane) in planes.iter().enumerate() {
                let from = number * FRAME as usize;
                let frames = plane.get(from..from + FRAME as usize).ok_or_else(short)?;
                let places = interleaved.iter_mut().skip(channel).step_by(channels);
                places.zip(frames).for_each(|(place, sample)| *place = *sample);
            }
            encoder.independent(number as u64 == BEFORE)?;
            encoder.encode(&interleaved, packet)?;
        }
        let kept = &made[BEFORE as usize * size..];
        let first = u64::from(block) * BLOCK;
        let all = Self::packets(self.frames);
        let mut pages = Vec::with_capacity(usize::try_from(self.block_bytes(packets)).unwrap_or_default());
        for (number, page) in kept.chunks(size * PAGE as usize).enumerate() {
            let behind = first + number as u64 * PAGE + (page.len() / size) as u64;
            let last = behind == all;
            // The end of the last page says how many frames of its last packet count.
            let granule = if last { PRE_SKIP + self.frames } else { behind * FRAME };
            let sequence = u64::from(self.head_pages) + (first / PAGE) + number as u64;
            let packets: Vec<&[u8]> = page.chunks(size).collect();
            page_into(&mut pages, &packets, if last { 4 } else { 0 }, granule, sequence as u32);
        }
        Ok(pages)
    }

    /// The pages in front of the sound, from the fields of the comment header; and how many they are.
    pub(crate) fn head(spec: SampleSpec, source_hz: u32, comments: &[String]) -> (Vec<u8>, u32) {
        let mut identification = b"OpusHead\x01".to_vec();
        identification.push(spec.channels() as u8);
        identification.extend((PRE_SKIP as u16).to_le_bytes());
        identification.extend(source_hz.to_le_bytes());
        identification.extend([0, 0, 0]); // no output gain; mapping family 0
        let mut tags = b"OpusTags".to_vec();
        let text = |tags: &mut Vec<u8>, text: &str| {
            tags.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
            tags.extend(text.as_bytes());
        };
        text(&mut tags, "Fanfare, libopus");
        tags.extend(u32::try_from(comments.len()).unwrap_or(0).to_le_bytes());
        comments.iter().for_each(|comment| text(&mut tags, comment));
        let mut head = Vec::new();
        page_into(&mut head, &[&identification], 2, 0, 0);
        // A packet longer than a page goes on in the next one.
        let mut pages = 1;
        let mut rest = &tags[..];
        loop {
            let part = &rest[..rest.len().min(MAX_PAGE_BYTES)];
            rest = &rest[part.len()..];
            let goes_on = !rest.is_empty() || part.len() == MAX_PAGE_BYTES;
            let continued = u8::from(pages > 1);
            part_into(&mut head, part, continued, goes_on, pages);
            pages += 1;
            if !goes_on {
                return (head, pages);
            }
        }
    }
}

/// A page of whole packets.
fn page_into(out: &mut Vec<u8>, packets: &[&[u8]], kind: u8, granule: u64, sequence: u32) {
    let mut lacing = Vec::new();
    for packet in packets {
        lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
        lacing.push((packet.len() % 255) as u8);
    }
    write_page(out, &lacing, &packets.concat(), kind, granule, sequence);
}

/// A page that holds a part of one packet, which may go on in the next.
fn part_into(out: &mut Vec<u8>, part: &[u8], kind: u8, goes_on: bool, sequence: u32) {
    let mut lacing = vec![255; part.len() / 255];
    if !goes_on {
        lacing.push((part.len() % 255) as u8);
    }
    // On a page on which no packet ends the position is -1 (RFC 3533, section 6).
    let granule = if goes_on { u64::MAX } else { 0 };
    write_page(out, &lacing, part, kind, granule, sequence);
}

fn write_page(out: &mut Vec<u8>, lacing: &[u8], payload: &[u8], kind: u8, granule: u64, sequence: u32) {
    let start = out.len();
    out.extend(b"OggS\0");
    out.push(kind);
    out.extend(granule.to_le_bytes());
    out.extend(SERIAL.to_le_bytes());
    out.extend(sequence.to_le_bytes());
    out.extend([0; 4]);
    out.push(lacing.len() as u8);
    out.extend(lacing);
    out.extend(payload);
    let crc = crc32(&out[start..]);
    out[start + 22..start + 26].copy_from_slice(&crc.to_le_bytes());
}

/// The table of a CRC-32 with the polynomial 0x04c11db7, bits not reversed, from 0 (RFC 3533, section 6).
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = (at as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| crc << 8 ^ CRC[((crc >> 24) as u8 ^ byte) as usize])
}
