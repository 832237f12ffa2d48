//! [`Cutter`]: packets of any length in, chunks of one length out, as planes of `f32`.

use fanfare_model::{FrameIndex, Result, SampleSpec};
use symphonia::core::audio::{Audio as _, GenericAudioBufferRef};

use crate::{
    PcmChunk,
    samples::{LOUDEST, cleaned},
};

/// Collects frames until a chunk is full.
pub(super) struct Cutter {
    spec: SampleSpec,
    chunk_frames: usize,
    /// Factor that the file asks for.
    gain: f32,
    /// One plane per channel, `chunk_frames` long (or empty before the first frame of a chunk).
    planes: Vec<Vec<f32>>,
    filled: usize,
    /// Track index of the first frame in `planes`.
    first: u64,
    /// Whether a sample was not finite.
    saw_non_finite: bool,
}

impl Cutter {
    pub(super) fn new(spec: SampleSpec, chunk_frames: usize, gain: f32) -> Self {
        Self {
            spec,
            chunk_frames: chunk_frames.max(1),
            gain,
            planes: Vec::new(),
            filled: 0,
            first: 0,
            saw_non_finite: false,
        }
    }

    /// Frames that still fit.
    pub(super) fn room(&self) -> usize {
        self.chunk_frames - self.filled
    }

    /// Whether frames wait to be cut.
    pub(super) fn has_frames(&self) -> bool {
        self.filled > 0
    }

    /// Track index of the next frame.
    pub(super) fn position(&self) -> u64 {
        self.first + self.filled as u64
    }

    /// Whether a sample was replaced because it was not finite, since the last time this was asked.
    pub(super) fn take_non_finite(&mut self) -> bool {
        std::mem::take(&mut self.saw_non_finite)
    }

    /// Forgets what is collected and goes on at that track index.
    pub(super) fn restart(&mut self, first: u64) {
        self.filled = 0;
        self.planes.clear();
        self.first = first;
    }

    /// Takes the frames `from..to` of a decoded buffer; at most [`room`](Self::room).
    pub(super) fn push(&mut self, buffer: &GenericAudioBufferRef<'_>, from: usize, to: usize) {
        let (start, end) = (self.filled, self.filled + (to - from));
        self.prepare();
        let mut planes: Vec<&mut [f32]> =
            self.planes.iter_mut().map(|plane| &mut plane[start..end]).collect();
        buffer.slice(from..to).copy_to_slice_planar::<f32, _>(&mut planes);
        if matches!(buffer, GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_)) {
            self.finish(start, end);
        }
        self.filled = end;
    }

    /// Takes the frames `from..to` of planes; at most [`room`](Self::room).
    pub(super) fn push_planes(&mut self, planes: &[Vec<f32>], from: usize, to: usize) {
        let (start, end) = (self.filled, self.filled + (to - from));
        self.prepare();
        for (into, plane) in self.planes.iter_mut().zip(planes) {
            into[start..end].copy_from_slice(&plane[from..to]);
        }
        self.finish(start, end);
        self.filled = end;
    }

    /// Applies the gain to frames that were put, and cleans them.
    fn finish(&mut self, start: usize, end: usize) {
        for plane in &mut self.planes {
            let plane = &mut plane[start..end];
            if self.gain != 1.0 {
                plane.iter_mut().for_each(|sample| *sample *= self.gain);
            }
            self.saw_non_finite |= cleaned(plane);
        }
    }

    /// Takes that many frames of silence; at most [`room`](Self::room).
    pub(super) fn push_silence(&mut self, frames: usize) {
        self.prepare();
        for plane in &mut self.planes {
            plane[self.filled..self.filled + frames].fill(0.0);
        }
        self.filled += frames;
    }

    /// The collected frames as a chunk, if there are any.
    ///
    /// # Errors
    /// [`Internal`](fanfare_model::ErrorKind::Internal) if the planes do not match the spec.
    pub(super) fn cut(&mut self) -> Result<Option<PcmChunk>> {
        if self.filled == 0 {
            return Ok(None);
        }
        let mut planes = std::mem::take(&mut self.planes);
        for plane in &mut planes {
            plane.truncate(self.filled);
        }
        let chunk = PcmChunk::of_finite(self.spec, FrameIndex(self.first), planes)?;
        self.first += self.filled as u64;
        self.filled = 0;
        Ok(Some(chunk))
    }

    fn prepare(&mut self) {
        if self.planes.is_empty() {
            self.planes = vec![vec![0.0; self.chunk_frames]; self.spec.channels()];
        }
    }
}

/// Whether a decoded buffer has samples beyond [`LOUDEST`].
pub(super) fn too_loud(buffer: &GenericAudioBufferRef<'_>) -> bool {
    let GenericAudioBufferRef::F32(buffer) = buffer else { return false };
    // Without a branch per sample the compiler compares many at once. NaN is handled elsewhere.
    buffer.iter_planes().any(|plane| plane.iter().fold(false, |loud, sample| loud | (sample.abs() > LOUDEST)))
}
