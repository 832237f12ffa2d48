//! [`BlockSink`]: hears a track, or a part of it, and gives blocks.

use fanfare_model::{Error, ErrorKind, Result};

use super::coder::Coder;
use crate::{PcmSink, SharedChunk, encode::fit::Fit};

/// Takes a block that is ready. An error ends the pass.
pub type TakeBlock = Box<dyn FnMut(u32, Vec<u8>) -> Result<()> + Send>;

/// A pass over a track, for one file.
pub(super) struct BlockSink {
    coder: Coder,
    fit: Fit,
    take: TakeBlock,
    /// Packets of the whole track.
    packets: u64,
    /// The block that is made next.
    block: u32,
    /// Frames from the next block's window on, as far as they were heard; all planes have one length.
    waiting: Vec<Vec<f32>>,
    /// The frame of the track at the coder's rate that `waiting` begins with; negative where silence was put in front.
    at: i64,
    /// The source's next frame, and how many it is to have.
    received: u64,
    frames: u64,
}

impl BlockSink {
    /// `start`: the first block, the first fitted frame that comes, the source's frame at which the pass begins.
    pub(super) fn new(
        coder: Coder,
        fit: Fit,
        packets: u64,
        start: (u32, u64, u64),
        frames: u64,
        take: TakeBlock,
    ) -> Self {
        let (block, first, received) = start;
        // In front of the track is silence.
        let at = coder.window_start(block);
        let silence = usize::try_from(first.cast_signed() - at).unwrap_or_default();
        let waiting = vec![vec![0.0; silence]; coder.spec().channels()];
        Self { coder, fit, take, packets, block, waiting, at, received, frames }
    }

    /// Packets of the next block; 0 when there is none any more.
    fn due(&self) -> u64 {
        let before = u64::from(self.block) * self.coder.block_packets();
        self.packets.saturating_sub(before).min(self.coder.block_packets())
    }

    fn take_in(&mut self, planes: Vec<Vec<f32>>) {
        for (waiting, mut plane) in self.waiting.iter_mut().zip(planes) {
            waiting.append(&mut plane);
        }
    }

    /// Makes every block whose window is full.
    fn encode(&mut self) -> Result<()> {
        loop {
            let packets = self.due();
            let window = usize::try_from(self.coder.window_frames(packets)).unwrap_or(usize::MAX);
            if packets == 0 || self.waiting.iter().any(|plane| plane.len() < window) {
                return Ok(());
            }
            let planes: Vec<&[f32]> = self.waiting.iter().map(|plane| &plane[..window]).collect();
            let bytes = self.coder.encode(self.block, &planes, packets)?;
            (self.take)(self.block, bytes)?;
            self.block += 1;
            let next = self.coder.window_start(self.block);
            let done = usize::try_from(next - self.at).unwrap_or_default();
            for plane in &mut self.waiting {
                plane.drain(..done.min(plane.len()));
            }
            self.at = next;
        }
    }
}

impl PcmSink for BlockSink {
    fn push(&mut self, chunk: &SharedChunk) -> Result<()> {
        if chunk.first_frame().0 != self.received {
            return Err(Error::new(ErrorKind::Internal, "the pass does not begin where it should"));
        }
        self.received += chunk.frames() as u64;
        if self.due() == 0 {
            return Ok(());
        }
        let planes: Vec<Vec<f32>> = chunk.planes().iter().map(|plane| plane.to_vec()).collect();
        let fitted = if self.fit.is_nothing() { planes } else { self.fit.push(&planes)? };
        self.take_in(fitted);
        self.encode()
    }

    fn finish(&mut self) -> Result<()> {
        if self.received != self.frames {
            return Err(other_length(self.received, self.frames));
        }
        let rest = self.fit.finish()?;
        self.take_in(rest);
        // Behind the track is silence, too.
        while self.due() > 0 {
            let window = usize::try_from(self.coder.window_frames(self.due())).unwrap_or(usize::MAX);
            for plane in &mut self.waiting {
                plane.resize(plane.len().max(window), 0.0);
            }
            self.encode()?;
        }
        Ok(())
    }
}

/// The error of a source that is longer or shorter than it was said to be.
fn other_length(received: u64, frames: u64) -> Error {
    Error::new(ErrorKind::Malformed, format!("the file has {received} frames of audio and not {frames}"))
        .remedy("if it lies in a library folder, scan the library again; if it was uploaded, send it again")
}
