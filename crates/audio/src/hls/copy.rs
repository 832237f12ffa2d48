//! [`FlacCopy`]: the lossless rung of a FLAC file without encoding: its own frames, put into segments.
//!
//! Paced by the decoded PCM: a block is copied when its frames have been heard. A block that the file does not
//! have as it should (damage, a frame of another length) is encoded from the PCM instead, and so is everything
//! behind it: what is heard is always what the other rungs have too.

use std::path::{Path, PathBuf};

use fanfare_model::{Error, ErrorKind, Result, SampleSpec};

use crate::{
    Limits,
    decode::{FlacFrames, FlacInfo},
    encode::{CodecConfig, EncodedStream, Encoder, FlacEncoder, Packet, flac},
};

/// Sync code of a frame header with the fixed-block bit (RFC 9639, section 9.1).
const FIXED_SYNC: [u8; 2] = [0xff, 0xf8];

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

    /// The same from the start, for another rung.
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
    bits: u8,
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
        Ok(Self { stream, file: Some(file), next: 0, waiting, encoder: None, bits: info.bits })
    }

    /// Copies the next block, which has that many frames; false if the file does not have it.
    fn copy(&mut self, frames: usize, packets: &mut Vec<Packet>) -> bool {
        let block = u64::from(self.stream.packet_frames);
        let found = self.file.as_mut().and_then(FlacFrames::next).filter(|frame| {
            frame.first == u64::from(self.next) * block
                && frame.frames == frames as u64
                && frame.bytes.starts_with(&FIXED_SYNC)
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
                FlacEncoder::new(self.stream.spec, self.bits, self.stream.packet_frames, true)?
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
