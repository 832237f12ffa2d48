//! Halving a sample rate with a half-band filter.
//!
//! A windowed-sinc low-pass at a quarter of the sample rate has zeros at every second tap, and its other
//! taps are symmetric (Vaidyanathan, Multirate Systems and Filter Banks, 1993, section 4.6): 16 products
//! give one output. Kaiser window for 80 dB; with r the rate coming in, flat to 0.21 r, 80 dB down from
//! 0.29 r, so that what folds stays above 0.21 r of the halved rate's 0.25 r.

use super::window::{kaiser, kaiser_beta, sinc};

/// Distinct taps on each side of the centre.
const TAPS: usize = 16;
/// Stop-band attenuation, in dB.
const STOP_DB: f64 = 80.0;
/// Outputs computed at a time: enough to keep sixteen lanes busy.
const LANES: usize = 16;

/// A streaming 2:1 decimator without delay: output n is the sound at input 2n, zeros before and after.
pub(crate) struct HalfBand {
    taps: [f32; TAPS],
    /// Inputs 2m, from the next output's own on.
    even: Vec<f32>,
    /// Inputs 2m + 1, from `TAPS` before the next output on.
    odd: Vec<f32>,
    inputs: u64,
    outputs: u64,
}

impl HalfBand {
    pub(crate) fn new() -> Self {
        let beta = kaiser_beta(STOP_DB);
        let tap = |k: usize| {
            let offset = (2 * k + 1) as f64;
            sinc(offset / 2.0) / 2.0 * kaiser(offset / (2 * TAPS) as f64, beta)
        };
        // The taps of one side add up to a quarter, so that a constant passes unchanged.
        let scale = 0.25 / (0..TAPS).map(tap).sum::<f64>();
        let taps = std::array::from_fn(|k| (tap(k) * scale) as f32);
        Self { taps, even: Vec::new(), odd: vec![0.0; TAPS], inputs: 0, outputs: 0 }
    }

    /// The outputs that these inputs complete.
    pub(crate) fn push(&mut self, input: &[f32]) -> Vec<f32> {
        self.take(input);
        // Output n reads the odd inputs up to n + TAPS - 1.
        let ready = (self.odd.len() + 1).saturating_sub(2 * TAPS).min(self.even.len());
        self.filter(ready)
    }

    /// The last outputs: half of all inputs in all, rounded up.
    pub(crate) fn finish(&mut self) -> Vec<f32> {
        let total = self.inputs.div_ceil(2);
        let mut out = self.push(&[0.0; 2 * TAPS]);
        out.truncate(out.len() - (self.outputs - total) as usize);
        out
    }

    fn take(&mut self, input: &[f32]) {
        let rest = if self.inputs.is_multiple_of(2) {
            input
        } else if let Some((first, rest)) = input.split_first() {
            self.odd.push(*first);
            rest
        } else {
            input
        };
        let (pairs, last) = rest.as_chunks::<2>();
        self.even.extend(pairs.iter().map(|pair| pair[0]));
        self.odd.extend(pairs.iter().map(|pair| pair[1]));
        self.even.extend(last);
        self.inputs += input.len() as u64;
    }

    fn filter(&mut self, count: usize) -> Vec<f32> {
        let mut out = vec![0.0; count];
        let (blocks, rest) = out.as_chunks_mut::<LANES>();
        let in_blocks = blocks.len() * LANES;
        for (block, n) in blocks.iter_mut().zip((0..).step_by(LANES)) {
            *block = outputs(&self.taps, &self.even, &self.odd, n);
        }
        for (out, n) in rest.iter_mut().zip(in_blocks..) {
            [*out] = outputs(&self.taps, &self.even, &self.odd, n);
        }
        self.even.drain(..count);
        self.odd.drain(..count);
        self.outputs += count as u64;
        out
    }
}

/// `N` outputs from the `n`th on. Every lane does the same operations in the same order, whatever `N` is:
/// an output does not depend on the block it was computed in.
fn outputs<const N: usize>(taps: &[f32; TAPS], even: &[f32], odd: &[f32], n: usize) -> [f32; N] {
    let mut sum = [0.0; N];
    let even = &even[n..n + N];
    let odd = &odd[n..n + N + 2 * TAPS - 1];
    for (k, tap) in taps.iter().enumerate() {
        let before = &odd[TAPS - 1 - k..][..N];
        let after = &odd[TAPS + k..][..N];
        for lane in 0..N {
            sum[lane] += tap * (before[lane] + after[lane]);
        }
    }
    for lane in 0..N {
        sum[lane] += 0.5 * even[lane];
    }
    sum
}
