//! MP3 of a constant rate whose every block is made by itself.
//!
//! Purpose: from the PCM around a block of 196 MP3 frames (5.1 s at 44.1 kHz) to exactly the bytes of those frames.
//! A block depends on its own PCM, the little before it that the filter bank and the psychoacoustic model look back
//! upon, and nothing else. So a listener who jumps into a track that was never encoded gets the same bytes as one who
//! waited, the blocks of a track can be made in any order and side by side, and the place of every frame in the
//! finished file is known before any of it exists.
//!
//! How: every block has an encoder of its own, which hears [`BEFORE`] frames more in front, whose output is dropped,
//! and a little behind. No bit reservoir: a frame's data never lie in the frame before. Padding (ISO/IEC 11172-3,
//! 2.4.2.3: a frame has `144 * bit rate / rate` bytes, one more where the remainder adds up to one) follows a pattern of
//! 49 frames at 44.1 kHz and needs none at 32 and 48 kHz; a block is a multiple of 49 frames long, so every block has
//! the same number of bytes.
//!
//! What it costs: the frames in front (2 % of the time), and the reservoir (0.15 dB of signal to noise on the demo album
//! at 192 kbit/s). LAME's quality 5 in place of 3, its default, costs nothing that can be measured there and takes a tenth
//! of the time less; both are LAME's own program's figures (docs/caching.md).
//!
//! Invariants: a decoder that takes off what the [`info_frame`] says gives exactly the frames of the source.

use fanfare_model::{ChannelLayout, Error, ErrorKind, Result, SampleRate, SampleSpec};

#[cfg(feature = "mp3-lame")]
use super::native::lame::Lame;

/// Frames of PCM in an MP3 frame (MPEG-1 Layer III).
pub(crate) const FRAME: u64 = 1_152;
/// MP3 frames of a block: four periods of the padding at 44.1 kHz.
pub(crate) const BLOCK: u64 = 4 * 49;
/// MP3 frames that a block's encoder hears in front. The filter bank looks back one, the psychoacoustic model's
/// window decision two.
pub(crate) const BEFORE: u64 = 4;
/// Frames of PCM behind a block that its encoder has to see before it gives the last MP3 frame: LAME holds back 224.
pub(crate) const AFTER: u64 = FRAME;
/// Frames by which the encoder delays (LAME's `ENCDELAY`).
const ENCODER_DELAY: u64 = 576;
/// The least padding behind the last frame, so that a decoder's own delay of 529 finds something to give.
const MIN_PADDING: u64 = 576;
/// Layer III bit rates of MPEG-1 in kbit/s, by their index in a header (ISO/IEC 11172-3, 2.4.2.3).
const BITRATES_KBPS: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
/// Rates of MPEG-1 in Hz, by their index in a header.
const RATES_HZ: [u32; 3] = [44_100, 48_000, 32_000];

/// The spec in which a source is encoded: mono stays mono, more than two channels become two; a rate that MPEG-1 lacks
/// becomes a multiple or a fraction of it where there is one.
pub(crate) fn spec_for(source: SampleSpec) -> SampleSpec {
    let layout = if source.channels() == 1 { ChannelLayout::Mono } else { ChannelLayout::Stereo };
    let hz = source.rate.hz();
    let known = RATES_HZ.into_iter().find(|rate| *rate == hz);
    let related = || {
        RATES_HZ.into_iter().find(|rate| hz.is_multiple_of(*rate) || (hz < *rate && rate.is_multiple_of(hz)))
    };
    let rate_hz = known.or_else(related).unwrap_or(if hz < 44_100 { 44_100 } else { 48_000 });
    SampleSpec { rate: SampleRate::new(rate_hz).unwrap_or(SampleRate::CD), layout }
}

/// Bytes of the first `frames` MP3 frames that an encoder gives: padding is due whenever the remainders sum up to a
/// byte, counted from its first frame on, which has none.
fn bytes_of(frames: u64, rate_hz: u32, bitrate_kbps: u32) -> u64 {
    let (rate, bits) = (u64::from(rate_hz), 144_000 * u64::from(bitrate_kbps));
    let (whole, rest) = (bits / rate, bits % rate);
    frames * whole + (frames.saturating_sub(1) * rest).div_ceil(rate)
}

/// One file's coder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mp3 {
    pub(crate) spec: SampleSpec,
    pub(crate) bitrate_kbps: u32,
}

impl Mp3 {
    /// MP3 frames of a track of that many PCM frames at [`Self::spec`]'s rate.
    pub(crate) fn packets(self, frames: u64) -> u64 {
        (frames + ENCODER_DELAY + MIN_PADDING).div_ceil(FRAME)
    }

    /// Bytes of the first so many MP3 frames of any block.
    pub(crate) fn block_bytes(self, packets: u64) -> u64 {
        let bytes = |frames| bytes_of(frames, self.spec.rate.hz(), self.bitrate_kbps);
        bytes(BEFORE + packets) - bytes(BEFORE)
    }

    /// The first `packets` MP3 frames of a block, from planes that begin [`BEFORE`] MP3 frames in front of it and go on
    /// [`AFTER`] PCM frames behind.
    ///
    /// # Errors
    /// `Internal` when the encoder gives something else than that; `Unsupported` where none is built in.
    #[cfg(feature = "mp3-lame")]
    pub(crate) fn encode(self, planes: &[&[f32]], packets: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut lame = Lame::new(self.spec, self.bitrate_kbps)?;
        lame.push(planes, &mut bytes)?;
        let strange = || Error::new(ErrorKind::Internal, "the MP3 encoder gave frames of another kind");
        let mut sizes = Sizes { bytes: &bytes, at: 0, mp3: self };
        let skipped: usize = (0..BEFORE).map(|_| sizes.next().ok_or_else(strange)).sum::<Result<_>>()?;
        let kept: usize = (0..packets).map(|_| sizes.next().ok_or_else(strange)).sum::<Result<_>>()?;
        if kept as u64 != self.block_bytes(packets) {
            return Err(strange());
        }
        bytes.truncate(skipped + kept);
        bytes.drain(..skipped);
        Ok(bytes)
    }

    /// Says that there is no encoder.
    #[cfg(not(feature = "mp3-lame"))]
    pub(crate) fn encode(self, _: &[&[f32]], _: u64) -> Result<Vec<u8>> {
        Err(missing())
    }

    /// The first four bytes of every frame, without padding (ISO/IEC 11172-3, 2.4.1.3): no CRC, joint stereo.
    fn header(self) -> [u8; 4] {
        let place = |list: &[u32], value| list.iter().position(|known| *known == value).unwrap_or(0) as u8;
        let (bitrate, rate) =
            (place(&BITRATES_KBPS, self.bitrate_kbps), place(&RATES_HZ, self.spec.rate.hz()));
        let mode: u8 = if self.spec.channels() == 1 { 0b11 } else { 0b01 };
        // 0x04: "original", as LAME sets it.
        [0xff, 0xfb, bitrate << 4 | rate << 2, mode << 6 | 0x04]
    }

    /// The frame in front of all others: it sounds like nothing and says how long the track is, and how many frames a
    /// decoder drops at both ends (the "Info" tag of Xing and LAME, as in LAME's `VbrTag.c` documentation).
    ///
    /// The CRC of the music is left 0, because it would be known only when everything is encoded; decoders do not ask for it.
    pub(crate) fn info_frame(self, frames: u64) -> Vec<u8> {
        let packets = self.packets(frames);
        let padding = packets * FRAME - ENCODER_DELAY - frames;
        let len = bytes_of(1, self.spec.rate.hz(), self.bitrate_kbps);
        let audio = self.audio_bytes(packets) + len;
        let mut frame = vec![0; usize::try_from(len).unwrap_or_default()];
        frame[..4].copy_from_slice(&self.header());
        // Behind the header and the side information, which is all zero: nothing sounds.
        let mut at = 4 + if self.spec.channels() == 1 { 17 } else { 32 };
        let mut put = |bytes: &[u8]| {
            frame[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
        put(b"Info");
        put(&0b1111_u32.to_be_bytes()); // frames, bytes, table of contents, quality follow
        put(&number(packets));
        put(&number(audio));
        let table: Vec<u8> = (0..100_u32).map(|percent| (percent * 256 / 100) as u8).collect();
        put(&table);
        put(&number(u64::from(self.bitrate_kbps).min(100)));
        put(b"LAME3.100");
        put(&[0x01, 0]); // constant rate; low-pass not told
        put(&[0; 8]); // peak and gains: they are in the tags
        put(&[0, self.bitrate_kbps.min(255) as u8]);
        let ends = (ENCODER_DELAY << 12 | padding.min(0xfff)) as u32;
        put(&ends.to_be_bytes()[1..]);
        put(&[if self.spec.channels() == 1 { 0x00 } else { 0x0c }, 0, 0, 0]); // joint stereo; no gain; no preset
        put(&number(audio));
        put(&[0, 0]);
        let crc = crc16(&frame[..at]);
        frame[at..at + 2].copy_from_slice(&crc.to_be_bytes());
        frame
    }

    /// Bytes of all MP3 frames of a track.
    pub(crate) fn audio_bytes(self, packets: u64) -> u64 {
        (packets / BLOCK) * self.block_bytes(BLOCK) + self.block_bytes(packets % BLOCK)
    }
}

/// What is said where no encoder is built in.
pub(crate) fn missing() -> Error {
    Error::new(ErrorKind::Unsupported, "this build has no MP3 encoder")
        .remedy("build with the feature `mp3-lame`, or set `audio_cache.codec` to opus or aac")
}

/// Walks over MP3 frames, giving the size of each.
#[cfg(feature = "mp3-lame")]
struct Sizes<'a> {
    bytes: &'a [u8],
    at: usize,
    mp3: Mp3,
}

#[cfg(feature = "mp3-lame")]
impl Iterator for Sizes<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let header = self.bytes.get(self.at..self.at + 4)?;
        let expected = self.mp3.header();
        if header[..2] != expected[..2] || header[2] & !0x02 != expected[2] {
            return None;
        }
        let whole = bytes_of(1, self.mp3.spec.rate.hz(), self.mp3.bitrate_kbps);
        let size = usize::try_from(whole).ok()? + usize::from(header[2] & 0x02 != 0);
        self.at += size;
        (self.at <= self.bytes.len()).then_some(size)
    }
}

/// CRC-16 with the polynomial `x^16 + x^15 + x^2 + 1`, bits reversed, from 0: the one that the tag is checked by.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rate_hz: u32, channels: usize) -> SampleSpec {
        SampleSpec { rate: SampleRate::new(rate_hz).unwrap(), layout: ChannelLayout::of(channels).unwrap() }
    }

    #[test]
    fn rates_become_what_mpeg_1_has() {
        for (source, target) in [
            (44_100, 44_100),
            (48_000, 48_000),
            (32_000, 32_000),
            (96_000, 48_000),
            (88_200, 44_100),
            (176_400, 44_100),
            (192_000, 48_000),
            (22_050, 44_100),
            (11_025, 44_100),
            (16_000, 48_000),
            (24_000, 48_000),
            (8_000, 48_000),
            (37_800, 44_100),
            (50_000, 48_000),
        ] {
            assert_eq!(spec_for(spec(source, 6)), spec(target, 2), "{source}");
        }
        assert_eq!(spec_for(spec(44_100, 1)), spec(44_100, 1));
    }

    #[test]
    fn every_block_has_as_many_bytes_as_every_other() {
        for (rate, kbps) in [(44_100, 128), (44_100, 192), (44_100, 256), (48_000, 192), (32_000, 128)] {
            let mp3 = Mp3 { spec: spec(rate, 2), bitrate_kbps: kbps };
            // What one encoder would give for all of it: the pattern repeats with every block.
            for block in 1..4 {
                let bytes = |frames| bytes_of(frames, rate, kbps);
                let here = bytes(BEFORE + (block + 1) * BLOCK) - bytes(BEFORE + block * BLOCK);
                assert_eq!(here, mp3.block_bytes(BLOCK), "{rate} {kbps}");
            }
            let seconds = (BLOCK * FRAME) as f64 / f64::from(rate);
            let rate_kbps = mp3.block_bytes(BLOCK) as f64 * 8.0 / seconds / 1_000.0;
            assert!((rate_kbps - f64::from(kbps)).abs() < 0.01, "{rate_kbps}");
        }
    }

    #[cfg(feature = "mp3-lame")]
    #[test]
    fn a_block_is_as_long_as_it_was_said_to_be() {
        for (rate, channels, kbps) in [(44_100, 2, 192), (44_100, 1, 128), (48_000, 2, 256), (32_000, 2, 128)]
        {
            let mp3 = Mp3 { spec: spec(rate, channels), bitrate_kbps: kbps };
            for packets in [1, 7, BLOCK] {
                let frames = ((BEFORE + packets) * FRAME + AFTER) as usize;
                let plane: Vec<f32> = (0..frames).map(|at| (at as f32 * 0.05).sin() * 0.4).collect();
                let planes = vec![&plane[..]; channels];
                let bytes = mp3.encode(&planes, packets).unwrap();
                assert_eq!(bytes.len() as u64, mp3.block_bytes(packets));
                assert_eq!(bytes, mp3.encode(&planes, packets).unwrap(), "the same again");
            }
        }
    }
}
