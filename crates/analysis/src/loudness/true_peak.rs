//! Sample peak and true peak of one channel (BS.1770-5 Annex 2).
//!
//! The signal is interpolated to at least 192 kHz: four times below 96 kHz, twice below 192 kHz, and not at
//! all from there on. The interpolator is a sinc under a Kaiser window with 20 taps per phase (the standard's
//! example has 12): within 0.04 dB up to 0.42 of the sample rate. Phase 0 is the signal itself; phase 2 is
//! symmetric, and phases 1 and 3 mirror each other, so that sums and differences of mirrored samples serve
//! all three.
//!
//! Even four values per sample can miss a top by 0.5 dB at 0.42 of the sample rate (cos(pi f / 4 rate)); where
//! that could matter, a parabola through the highest value and its neighbours finds the top between them.
//!
//! A block that cannot exceed the peak found so far (its largest sample times the filter's largest gain,
//! and the parabola's) is not interpolated. That cannot change the result, since only the maximum is kept;
//! blocks begin at multiples of their length, however the frames arrive.

use crate::shared::window::{kaiser, sinc};

/// Taps of a phase.
const TAPS: usize = 20;
/// Mirrored pairs of taps.
const PAIRS: usize = TAPS / 2;
/// The Kaiser window's beta: the least error up to 0.42 of the sample rate for 20 taps, found by search.
const BETA: f64 = 5.0;
/// Frames that are screened and interpolated at a time.
const BLOCK: usize = 32;
/// Frames in a vector.
const LANES: usize = 8;
/// A parabola's top is never taken to be higher than that times the value it stands on (0.5 dB).
const MAX_RISE: f32 = 1.06;
/// Frames before a block that its values need.
const HISTORY: usize = TAPS;

/// How much finer than the sample rate the peak is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oversampling {
    None,
    Twice,
    FourTimes,
}

/// Finds the peaks of one channel.
pub(super) struct TruePeak {
    oversampling: Oversampling,
    /// Half of phase 2, and the even and odd part of phase 1, outermost pair first.
    half: [f32; PAIRS],
    even: [f32; PAIRS],
    odd: [f32; PAIRS],
    /// More than any output can be for samples of 1.
    max_gain: f32,
    /// The last [`HISTORY`] frames and those that came since.
    buffer: Vec<f32>,
    sample_peak: f32,
    true_peak: f32,
}

impl TruePeak {
    pub(super) fn new(rate_hz: u32) -> Self {
        let oversampling = match rate_hz {
            ..96_000 => Oversampling::FourTimes,
            96_000..192_000 => Oversampling::Twice,
            _ => Oversampling::None,
        };
        let phase = |offset: f64| {
            let weight = |tap: usize| {
                let distance = tap as f64 - (PAIRS - 1) as f64 - offset;
                sinc(distance) * kaiser(distance / PAIRS as f64, BETA)
            };
            let scale = 1.0 / (0..TAPS).map(weight).sum::<f64>();
            std::array::from_fn::<f64, TAPS, _>(|tap| weight(tap) * scale)
        };
        let (quarter, half) = (phase(0.25), phase(0.5));
        let gain = |taps: &[f64; TAPS]| taps.iter().map(|tap| tap.abs()).sum::<f64>();
        Self {
            oversampling,
            half: std::array::from_fn(|pair| half[pair] as f32),
            even: std::array::from_fn(|pair| ((quarter[pair] + quarter[TAPS - 1 - pair]) / 2.0) as f32),
            odd: std::array::from_fn(|pair| ((quarter[pair] - quarter[TAPS - 1 - pair]) / 2.0) as f32),
            // A little more, for rounding.
            max_gain: (gain(&quarter).max(gain(&half)) * 1.000_1) as f32,
            buffer: vec![0.0; HISTORY],
            sample_peak: 0.0,
            true_peak: 0.0,
        }
    }

    /// Largest absolute sample so far.
    pub(super) const fn sample_peak(&self) -> f32 {
        self.sample_peak
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        self.sample_peak = self.sample_peak.max(largest(samples));
        if self.oversampling == Oversampling::None {
            return;
        }
        self.buffer.extend_from_slice(samples);
        let ready = self.buffer.len() - HISTORY;
        let mut at = 0;
        while ready - at >= BLOCK {
            self.block(at);
            at += BLOCK;
        }
        self.buffer.drain(..at);
    }

    /// The true peak of the whole channel.
    pub(super) fn finish(&mut self) -> f32 {
        if self.oversampling != Oversampling::None {
            // What follows the end is silence; the last blocks need it, and the filter rings into it.
            self.push(&[0.0; HISTORY + BLOCK]);
        }
        self.true_peak.max(self.sample_peak)
    }

    /// Interpolates between [`BLOCK`] frames.
    fn block(&mut self, at: usize) {
        let samples = &self.buffer[at..at + BLOCK + HISTORY];
        if largest(samples) * self.max_gain * MAX_RISE <= self.true_peak.max(self.sample_peak) {
            return;
        }
        let mut peak = [0.0_f32; LANES];
        let mut between = [[[0.0; LANES]; 3]; BLOCK / LANES];
        for (between, first) in between.iter_mut().zip((1..).step_by(LANES)) {
            let samples = &samples[first..first + LANES + TAPS - 1];
            *between = if self.oversampling == Oversampling::Twice {
                [self.halves(samples), [0.0; LANES], [0.0; LANES]]
            } else {
                self.quarters(samples)
            };
            for phase in between {
                for lane in 0..LANES {
                    let value = phase[lane].abs();
                    peak[lane] = if value > peak[lane] { value } else { peak[lane] };
                }
            }
        }
        // The frames between which the values lie.
        let frames = &samples[HISTORY - PAIRS..][..BLOCK + 1];
        let peak = peak.into_iter().fold(largest(frames), f32::max);
        self.true_peak = self.true_peak.max(peak);
        if peak * MAX_RISE > self.true_peak {
            let before = self.quarters(&samples[..LANES + TAPS - 1]).map(|phase| phase[0]);
            self.true_peak = self.true_peak.max(self.top(before, frames, &between));
        }
    }

    /// The highest top of the parabolas through a block's values.
    fn top(&self, before: [f32; 3], frames: &[f32], between: &[[[f32; LANES]; 3]]) -> f32 {
        let phases = if self.oversampling == Oversampling::Twice { 1 } else { 3 };
        // The last value before the block: a half or three quarters behind the frame before it.
        let mut left = before[if phases == 1 { 1 } else { 2 }].abs();
        let mut middle = frames[0].abs();
        let mut top = 0.0_f32;
        let mut next = |right: f32| {
            let right = right.abs();
            if middle >= left && middle >= right {
                let curvature = 2.0 * middle - left - right;
                let rise =
                    if curvature > 0.0 { (left - right) * (left - right) / (8.0 * curvature) } else { 0.0 };
                top = top.max((middle + rise).min(middle * MAX_RISE));
            }
            (left, middle) = (middle, right);
        };
        for (n, frame) in frames[1..].iter().enumerate() {
            let group = &between[n / LANES];
            group[..phases].iter().for_each(|phase| next(phase[n % LANES]));
            next(*frame);
        }
        top
    }

    /// What lies half way between frames.
    fn halves(&self, samples: &[f32]) -> [f32; LANES] {
        let mut half = [0.0; LANES];
        for pair in 0..PAIRS {
            let before = &samples[pair..][..LANES];
            let after = &samples[TAPS - 1 - pair..][..LANES];
            for lane in 0..LANES {
                half[lane] += self.half[pair] * (before[lane] + after[lane]);
            }
        }
        half
    }

    /// What lies a quarter, a half and three quarters of the way between frames.
    fn quarters(&self, samples: &[f32]) -> [[f32; LANES]; 3] {
        let (mut half, mut even, mut odd) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for pair in 0..PAIRS {
            let before = &samples[pair..][..LANES];
            let after = &samples[TAPS - 1 - pair..][..LANES];
            for lane in 0..LANES {
                let sum = before[lane] + after[lane];
                let difference = before[lane] - after[lane];
                half[lane] += self.half[pair] * sum;
                even[lane] += self.even[pair] * sum;
                odd[lane] += self.odd[pair] * difference;
            }
        }
        let quarter = std::array::from_fn(|lane| even[lane] + odd[lane]);
        let three_quarters = std::array::from_fn(|lane| even[lane] - odd[lane]);
        [quarter, half, three_quarters]
    }
}

/// The largest absolute value.
fn largest(samples: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (blocks, rest) = samples.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            let value = block[lane].abs();
            lanes[lane] = if value > lanes[lane] { value } else { lanes[lane] };
        }
    }
    lanes.into_iter().chain(rest.iter().map(|sample| sample.abs())).fold(0.0, f32::max)
}
