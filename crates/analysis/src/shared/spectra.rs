//! Short-time spectra, framed by absolute frame number.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

use super::window::hann_unit_sine;

/// The spectra that a chunk completed: one row of magnitudes per frame.
///
/// Frame k is centred on sample k * hop of its signal; before the beginning and after the end there are
/// zeros. A signal of n samples has ceil(n / hop) frames. Bin b is the frequency b * rate / size. The Hann
/// window (periodic) is scaled so that a full-scale sine on a bin has magnitude 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpectraBlock {
    first_frame_index: u64,
    bins: usize,
    magnitudes: Vec<f32>,
}

impl SpectraBlock {
    /// The number of the first row's frame in the track.
    #[must_use]
    pub const fn first_frame_index(&self) -> u64 {
        self.first_frame_index
    }

    /// How many bins a row has: window size / 2 + 1 (0 in an empty block).
    #[must_use]
    pub const fn bins(&self) -> usize {
        self.bins
    }

    /// How many frames there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.magnitudes.len().checked_div(self.bins) {
            Some(frames) => frames,
            None => 0,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.magnitudes.is_empty()
    }

    /// The frames' magnitudes in order, `bins` each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.magnitudes.chunks_exact(self.bins.max(1))
    }
}

/// A streaming short-time Fourier transform.
pub(crate) struct Stft {
    size: usize,
    hop: usize,
    window: Vec<f32>,
    fft: Arc<dyn RealToComplex<f32>>,
    /// Samples from the next frame's first on.
    pending: Vec<f32>,
    samples: u64,
    next_frame: u64,
    windowed: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Stft {
    pub(crate) fn new(size: usize, hop: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(size);
        Self {
            size,
            hop,
            window: hann_unit_sine(size),
            // Frame 0 is centred on sample 0.
            pending: vec![0.0; size / 2],
            samples: 0,
            next_frame: 0,
            windowed: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// The frames that these samples complete.
    pub(crate) fn push(&mut self, samples: &[f32]) -> SpectraBlock {
        self.pending.extend_from_slice(samples);
        self.samples += samples.len() as u64;
        self.frames()
    }

    /// The frames of the last samples, and those that only zeros complete.
    pub(crate) fn finish(&mut self, samples: &[f32]) -> SpectraBlock {
        self.pending.extend_from_slice(samples);
        self.samples += samples.len() as u64;
        let total = self.samples.div_ceil(self.hop as u64);
        let missing = (total - self.next_frame) as usize;
        if missing > 0 {
            self.pending.resize((missing - 1) * self.hop + self.size, 0.0);
        }
        self.frames()
    }

    fn frames(&mut self) -> SpectraBlock {
        let bins = self.size / 2 + 1;
        let count =
            if self.pending.len() < self.size { 0 } else { (self.pending.len() - self.size) / self.hop + 1 };
        let mut block =
            SpectraBlock { first_frame_index: self.next_frame, bins, magnitudes: vec![0.0; count * bins] };
        for (frame, row) in block.magnitudes.chunks_exact_mut(bins).enumerate() {
            let samples = &self.pending[frame * self.hop..][..self.size];
            for ((out, sample), weight) in self.windowed.iter_mut().zip(samples).zip(&self.window) {
                *out = sample * weight;
            }
            // The lengths are the plan's own, so this cannot fail; a row of zeros would be the outcome.
            let done =
                self.fft.process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch);
            if done.is_ok() {
                for (magnitude, value) in row.iter_mut().zip(&self.spectrum) {
                    *magnitude = (value.re * value.re + value.im * value.im).sqrt();
                }
            }
        }
        self.pending.drain(..count * self.hop);
        self.next_frame += count as u64;
        block
    }
}
