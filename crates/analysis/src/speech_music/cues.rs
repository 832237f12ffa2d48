//! The cues of a window.

use std::{f64::consts::PI, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

use super::{
    frames::{BANDS, BLOCK_FRAMES, FRAMES_HZ, Frame, Tone, WINDOW_BLOCKS},
    sums::dot,
};

/// Frames of a window.
const SIZE: usize = BLOCK_FRAMES * WINDOW_BLOCKS;
/// Rates at which syllables come, in Hz: an octave and a half about 4 Hz.
const SYLLABLES_HZ: (f64, f64) = (2.5, 7.5);
/// From there on a swing is too fast for syllables, in Hz: attacks, trills, roughness.
const FAST_HZ: f64 = 9.0;
/// Times after which a pulse may come back, in seconds: 240 to 30 a minute.
const PULSE_S: (f64, f64) = (0.25, 2.0);
/// A frame under this share of the mean level is a pause.
const PAUSE: f32 = 0.15;
/// Smallest swing that is told from none, as power relative to the squared mean.
const SWING_FLOOR: f64 = 1e-4;

/// What is heard in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cues {
    /// Natural logarithm of the power of the bands' swing at the rate of syllables, each relative to its mean squared.
    pub(super) syllables: f64,
    /// Share of the swing that is faster, 0 to 1.
    pub(super) fast: f64,
    /// Likeness of spectral peaks to those of 186 ms before, 0 to 1.
    pub(super) near: f64,
    /// Likeness of spectral peaks to those of 372 ms before, 0 to 1.
    pub(super) far: f64,
    /// Highest autocorrelation of the onsets, up to 1.
    pub(super) pulse: f64,
    /// Share of frames that are pauses.
    pub(super) pauses: f64,
}

/// Reads cues, with room to work in.
pub(super) struct CueReader {
    fft: Arc<dyn RealToComplex<f32>>,
    weights: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    onsets: Vec<f32>,
}

impl CueReader {
    pub(super) fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(SIZE);
        // A Hann window about the middle of its frames; a sine of amplitude a reads a^2 / 2 over its main lobe.
        let scale = (16.0_f64 / 3.0).sqrt() / SIZE as f64;
        let hann = |n: usize| 0.5 - 0.5 * (2.0 * PI * (n as f64 + 0.5) / SIZE as f64).cos();
        Self {
            weights: (0..SIZE).map(|n| (scale * hann(n)) as f32).collect(),
            input: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            onsets: Vec::with_capacity(SIZE),
            fft,
        }
    }

    /// Reads a whole window.
    pub(super) fn read(&mut self, (frames, tones): (&[Frame], &[Tone])) -> Cues {
        let (syllables, fast) = self.swing(frames);
        let total: f64 = tones.iter().map(|tone| f64::from(tone.weight)).sum();
        let held = |likeness: fn(&Tone) -> f32| {
            let sum: f64 = tones.iter().map(|tone| f64::from(tone.weight) * f64::from(likeness(tone))).sum();
            if total > 0.0 { sum / total } else { 0.0 }
        };
        let level = frames.iter().map(|frame| frame.level).sum::<f32>() / frames.len() as f32;
        let pauses = frames.iter().filter(|frame| frame.level < PAUSE * level).count();
        Cues {
            syllables,
            fast,
            near: held(|tone| tone.near),
            far: held(|tone| tone.far),
            pulse: self.pulse(frames),
            pauses: pauses as f64 / frames.len() as f64,
        }
    }

    /// How the levels of the bands swing: at the rate of syllables, and faster.
    fn swing(&mut self, frames: &[Frame]) -> (f64, f64) {
        let bin = |hz: f64| (hz / FRAMES_HZ * SIZE as f64).ceil() as usize;
        let means: [f32; BANDS] = std::array::from_fn(|band| {
            frames.iter().map(|frame| frame.bands[band]).sum::<f32>() / frames.len() as f32
        });
        let sum = f64::from(means.iter().sum::<f32>());
        let (mut syllables, mut fast) = (0.0, 0.0);
        for (band, mean) in means.iter().enumerate().filter(|(_, mean)| **mean > 0.0) {
            for ((input, frame), weight) in self.input.iter_mut().zip(frames).zip(&self.weights) {
                *input = (frame.bands[band] / mean - 1.0) * weight;
            }
            // The lengths are the plan's own, so this cannot fail.
            if self.fft.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch).is_err()
            {
                continue;
            }
            let power = |from: usize, to: usize| -> f64 {
                self.spectrum[from..to].iter().map(|value| f64::from(value.norm_sqr())).sum()
            };
            // A band counts as much as its level.
            let share = f64::from(*mean) / sum;
            syllables += share * power(bin(SYLLABLES_HZ.0), bin(SYLLABLES_HZ.1));
            let whole = power(1, self.spectrum.len());
            if whole > 0.0 {
                fast += share * power(bin(FAST_HZ), self.spectrum.len()) / whole;
            }
        }
        ((syllables + SWING_FLOOR).ln(), fast)
    }

    /// How like themselves the onsets are after the time from one beat to another.
    fn pulse(&mut self, frames: &[Frame]) -> f64 {
        let rise = |pair: &[Frame]| -> f32 {
            pair[0].bands.iter().zip(pair[1].bands).map(|(before, now)| (now - before).max(0.0)).sum()
        };
        self.onsets.clear();
        self.onsets.push(0.0);
        self.onsets.extend(frames.windows(2).map(rise));
        let mean = self.onsets.iter().sum::<f32>() / self.onsets.len() as f32;
        self.onsets.iter_mut().for_each(|onset| *onset -= mean);
        let power = dot(&self.onsets, &self.onsets);
        // Also refuses what is not finite.
        if !(f32::MIN_POSITIVE..f32::MAX).contains(&power) {
            return 0.0;
        }
        let lag = |seconds: f64| (seconds * FRAMES_HZ) as usize;
        let likeness = |lag: usize| {
            let products = dot(&self.onsets[lag..], &self.onsets[..SIZE - lag]);
            products / power * SIZE as f32 / (SIZE - lag) as f32
        };
        f64::from((lag(PULSE_S.0)..=lag(PULSE_S.1)).map(likeness).fold(0.0, f32::max))
    }
}
