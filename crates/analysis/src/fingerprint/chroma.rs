//! From samples to the chroma image: Hamming frames, energy per pitch class, smoothing, normalisation.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

/// Rate of the samples taken, in Hz (Chromaprint's `DEFAULT_SAMPLE_RATE`).
pub(super) const SAMPLE_RATE_HZ: u32 = 11_025;
/// Samples in a frame (Chromaprint: frame size 4096).
const FRAME: usize = 4096;
/// Samples from one frame to the next (Chromaprint: a third of a frame, 1365).
pub(super) const HOP: usize = FRAME / 3;
/// Pitch range in Hz (Chromaprint: 28 to 3520).
const LOWEST_HZ: f64 = 28.0;
const HIGHEST_HZ: f64 = 3520.0;
/// Weights of five successive rows (Chromaprint: `kChromaFilterCoefficients`).
const SMOOTHING: [f64; 5] = [0.25, 0.75, 1.0, 0.75, 0.25];
/// A row whose Euclidean norm is below this is silence and becomes zero (Chromaprint's normalizer).
const SILENCE_NORM: f64 = 0.01;

/// One row of the chroma image: twelve pitch classes, A first.
pub(super) type Row = [f64; 12];

/// Makes rows of the chroma image out of 11,025 Hz mono samples, whatever pieces they come in.
pub(super) struct ChromaImage {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// Pitch class of each transform bin from `first_bin` on.
    pitch_class: Vec<u8>,
    first_bin: usize,
    pending: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    recent: [Row; SMOOTHING.len()],
    frames: u64,
}

impl ChromaImage {
    /// An image without rows.
    pub(super) fn new() -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FRAME);
        let step = 2.0 * std::f64::consts::PI / (FRAME as f64 - 1.0);
        let window = (0..FRAME).map(|i| (0.54 - 0.46 * (step * i as f64).cos()) as f32).collect();
        let bin_of = |hz: f64| (FRAME as f64 * hz / f64::from(SAMPLE_RATE_HZ)).round() as usize;
        let first_bin = bin_of(LOWEST_HZ).max(1);
        let pitch_class = (first_bin..bin_of(HIGHEST_HZ).min(FRAME / 2))
            .map(|bin| {
                let hz = bin as f64 * f64::from(SAMPLE_RATE_HZ) / FRAME as f64;
                // Octaves above A0 = 440 / 16 Hz; classes are cut, not rounded, as Chromaprint does.
                let octaves = (hz / (440.0 / 16.0)).log2();
                (12.0 * (octaves - octaves.floor())) as u8
            })
            .collect();
        Self {
            input: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            window,
            pitch_class,
            first_bin,
            pending: Vec::new(),
            recent: [[0.0; 12]; SMOOTHING.len()],
            frames: 0,
        }
    }

    /// Takes samples, gives each row that they complete to `take`.
    pub(super) fn push(&mut self, samples: &[f32], take: &mut impl FnMut(&Row)) {
        self.pending.extend_from_slice(samples);
        let mut start = 0;
        while start + FRAME <= self.pending.len() {
            let energy = self.energy(start);
            start += HOP;
            self.recent.rotate_left(1);
            self.recent[SMOOTHING.len() - 1] = energy;
            self.frames += 1;
            if self.frames >= SMOOTHING.len() as u64 {
                take(&self.smoothed());
            }
        }
        self.pending.drain(..start);
    }

    fn energy(&mut self, start: usize) -> Row {
        let frame = &self.pending[start..start + FRAME];
        for ((slot, sample), weight) in self.input.iter_mut().zip(frame).zip(&self.window) {
            *slot = sample * weight;
        }
        let mut row = [0.0; 12];
        // The buffers were made by the transform itself, so their lengths fit and this cannot fail.
        if self.fft.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch).is_ok() {
            for (class, bin) in self.pitch_class.iter().zip(&self.spectrum[self.first_bin..]) {
                row[usize::from(*class)] += f64::from(bin.norm_sqr());
            }
        }
        row
    }

    fn smoothed(&self) -> Row {
        let mut row = [0.0; 12];
        for (past, weight) in self.recent.iter().zip(SMOOTHING) {
            for (value, energy) in row.iter_mut().zip(past) {
                *value += energy * weight;
            }
        }
        let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm < SILENCE_NORM || !norm.is_finite() {
            return [0.0; 12];
        }
        row.map(|value| value / norm)
    }
}
