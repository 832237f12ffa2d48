//! [`FlacCopy`]: the lossless variant of a FLAC file without encoding: its own frames, put into segments.
//!
//! Paced by the decoded PCM: a block is copied when its frames have been heard. A block that the file does not
//! have as it should (damage, a frame of another length) is encoded from the PCM instead, and so is everything
//! behind it: what is heard is always what the other variants have too.

use std::path::{Path, PathBuf};

use fanfare_model::{Error, ErrorKind, Result, SampleSpec};

use crate::{
    Limits,
    decode::{FlacFrames, FlacInfo},
    encode::{CodecConfig, EncodedStream, Encoder, FlacEncoder, Packet, flac},
};

/// Sync code of a frame header with the fixed-block bit (RFC 9639, section 9.1).
const FIXED_SYNC: [u8; 2] = [0xff, 0xf8];

/// Whether a frame's own header says what the stream information says: players obey it, so a file could
/// otherwise sound there as it was not heard here.
fn is_of(frame: &[u8], info: FlacInfo) -> bool {
    let &[first, second, block_and_rate, channels_and_bits, ..] = frame else { return false };
    // Channel codes up to 7 are one less than the count; 8 to 10 are stereo with a difference.
    let channels = match channels_and_bits >> 4 {
        code @ 0..=7 => usize::from(code) + 1,
        8..=10 => 2,
        _ => return false,
    };
    let bits = match channels_and_bits >> 1 & 7 {
        0 => info.bits,
        4 => 16,
        6 => 24,
        _ => return false,
    };
    let rate_hz = match block_and_rate & 15 {
        1 => 88_200,
        2 => 176_400,
        3 => 192_000,
        4 => 8_000,
        5 => 16_000,
        6 => 22_050,
        7 => 24_000,
        8 => 32_000,
        9 => 44_100,
        10 => 48_000,
        11 => 96_000,
        0 => info.rate_hz,
        // Spelled out behind numbers of variable length, for rates so rare that encoding is the simpler way.
        _ => return false,
    };
    [first, second] == FIXED_SYNC && (channels, bits, rate_hz) == (info.channels, info.bits, info.rate_hz)
}

/// A file whose frames can be copied.
pub(super) struct CopySource {
    path: PathBuf,
    frames: FlacFrames,
}

impl CopySource {
    /// Opens a file of that spec; `None` if it is no FLAC of one block size and of a depth that is encoded too.
    ///
    /// # Errors
    /// Those of opening and reading.
    pub(super) fn open(path: &Path, limits: &Limits, spec: SampleSpec) -> Result<Option<Self>> {
        let frames = FlacFrames::open(path, limits)?;
        Ok(frames
            .filter(|frames| suits(frames.info(), spec))
            .map(|frames| Self { path: path.to_owned(), frames }))
    }

    /// Frames of its blocks.
    pub(super) const fn block_frames(&self) -> u32 {
        self.frames.info().max_block
    }

    /// The same from the start, for another variant.
    ///
    /// # Errors
    /// Those of opening and reading; `Conflict` when the file is another one by now.
    pub(super) fn again(&self, limits: &Limits) -> Result<FlacFrames> {
        FlacFrames::open(&self.path, limits)?
            .filter(|frames| frames.info() == self.frames.info())
            .ok_or_else(|| Error::new(ErrorKind::Conflict, "the file changed while it was opened"))
    }
}

fn suits(info: FlacInfo, spec: SampleSpec) -> bool {
    info.min_block == info.max_block
        && (16..=flac::MAX_BLOCK_FRAMES).contains(&info.max_block)
        && info.rate_hz == spec.rate.hz()
        && info.channels == spec.channels()
        // What the encoder takes over with, should it have to.
        && matches!(info.bits, 16 | 24)
        && flac::carries(spec)
}

/// Copies blocks while they are as they should be, then encodes.
pub(super) struct FlacCopy {
    stream: EncodedStream,
    file: Option<FlacFrames>,
    /// The number of the next block.
    next: u32,
    /// PCM from the next block on.
    waiting: Vec<Vec<f32>>,
    /// What takes over.
    encoder: Option<FlacEncoder>,
    info: FlacInfo,
}

impl FlacCopy {
    pub(super) fn new(file: FlacFrames, spec: SampleSpec) -> Result<Self> {
        let info = file.info();
        let block = info.max_block;
        let encoder = FlacEncoder::new(spec, info.bits, block, true)?;
        let stream = EncodedStream {
            config: CodecConfig::Flac(flac::stream_info(spec, info.bits, block)),
            ..encoder.stream().clone()
        };
        let waiting = vec![Vec::new(); spec.channels()];
        Ok(Self { stream, file: Some(file), next: 0, waiting, encoder: None, info })
    }

    /// Copies the next block, which has that many frames; false if the file does not have it.
    fn copy(&mut self, frames: usize, packets: &mut Vec<Packet>) -> bool {
        let block = u64::from(self.stream.packet_frames);
        let found = self.file.as_mut().and_then(FlacFrames::next).filter(|frame| {
            frame.first == u64::from(self.next) * block
                && frame.frames == frames as u64
                && is_of(&frame.bytes, self.info)
        });
        let Some(frame) = found else {
            self.file = None;
            return false;
        };
        packets.push(Packet { bytes: frame.bytes, frames: frames as u32 });
        self.next += 1;
        for plane in &mut self.waiting {
            plane.drain(..frames);
        }
        true
    }

    /// Encodes what waits, from the next block on.
    fn encode(&mut self, packets: &mut Vec<Packet>) -> Result<()> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => none.insert(
                FlacEncoder::new(self.stream.spec, self.info.bits, self.stream.packet_frames, true)?
                    .starting_at(self.next),
            ),
        };
        encoder.push(&self.waiting, packets)?;
        self.waiting.iter_mut().for_each(Vec::clear);
        Ok(())
    }
}

impl Encoder for FlacCopy {
    fn stream(&self) -> &EncodedStream {
        &self.stream
    }

    fn push(&mut self, planes: &[Vec<f32>], packets: &mut Vec<Packet>) -> Result<()> {
        for (waiting, plane) in self.waiting.iter_mut().zip(planes) {
            waiting.extend(plane);
        }
        let block = self.stream.packet_frames as usize;
        while self.file.is_some() && self.waiting[0].len() >= block {
            if !self.copy(block, packets) {
                break;
            }
        }
        if self.file.is_none() { self.encode(packets) } else { Ok(()) }
    }

    fn finish(&mut self, packets: &mut Vec<Packet>) -> Result<()> {
        let rest = self.waiting[0].len();
        if rest == 0 || (self.file.is_some() && self.copy(rest, packets)) {
            return self.encoder.as_mut().map_or(Ok(()), |encoder| encoder.finish(packets));
        }
        self.encode(packets)?;
        self.encoder.as_mut().map_or(Ok(()), |encoder| encoder.finish(packets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_says_something_else_than_its_stream_is_not_copied() {
        let info = FlacInfo { min_block: 4_096, max_block: 4_096, rate_hz: 44_100, channels: 2, bits: 16 };
        for (header, copied) in [
            ([0xff, 0xf8, 0xc9, 0x18], true),  // left and right, 44.1 kHz, 16 bits
            ([0xff, 0xf8, 0xc9, 0xa8], true),  // middle and side
            ([0xff, 0xf8, 0xc0, 0x10], true),  // all as in the stream information
            ([0xff, 0xf9, 0xc9, 0x18], false), // blocks of any size
            ([0xff, 0xf8, 0xca, 0x18], false), // 48 kHz
            ([0xff, 0xf8, 0xcd, 0x18], false), // a rate further behind
            ([0xff, 0xf8, 0xcf, 0x18], false), // no rate
            ([0xff, 0xf8, 0xc9, 0x08], false), // one channel
            ([0xff, 0xf8, 0xc9, 0xb8], false), // no channels
            ([0xff, 0xf8, 0xc9, 0x1c], false), // 24 bits
        ] {
            assert_eq!(is_of(&header, info), copied, "{header:x?}");
        }
        assert!(!is_of(&[0xff], info));
    }
}
