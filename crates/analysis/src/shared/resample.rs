//! From any sample rate to another: halved as often as possible, then a polyphase filter for the rest.
//!
//! The polyphase filter is a sinc at the lower of both rates' Nyquist frequencies under a Kaiser window of
//! 16 zero crossings on each side (J. O. Smith, Digital Audio Resampling, CCRMA, "Windowed sinc
//! interpolation"). The position of output n is n * in / out inputs, kept as an exact fraction: outputs
//! depend on their number alone, never on the chunk in which they were computed.

use super::{
    halfband::HalfBand,
    window::{kaiser, kaiser_beta, sinc},
};

/// Zero crossings of the sinc on each side, counted at the lower rate.
const CROSSINGS: f64 = 16.0;
/// Stop-band attenuation, in dB.
const STOP_DB: f64 = 80.0;
/// More phases than that are interpolated instead of tabled (a table of 1024 x 72 taps is 290 KiB).
const MAX_PHASES: u64 = 1024;
/// Sums kept side by side in a product.
const LANES: usize = 8;

/// A streaming resampler without delay: output n is the sound at n / out seconds, zeros before and after.
pub(crate) struct Resampler {
    halvings: Vec<HalfBand>,
    last: Option<Polyphase>,
    /// The ratio as asked for, and the samples that went in and came out.
    from_hz: u32,
    to_hz: u32,
    inputs: u64,
    outputs: u64,
}

impl Resampler {
    /// From `from_hz` to `to_hz`, neither zero.
    pub(crate) fn new(from_hz: u32, to_hz: u32) -> Self {
        let mut halvings = Vec::new();
        let mut rate_hz = from_hz;
        // Half-band filters cut nothing that the target keeps as long as it is reached or left above twice.
        while rate_hz.is_multiple_of(2) && (rate_hz / 2 == to_hz || rate_hz / 2 >= 2 * to_hz) {
            halvings.push(HalfBand::new());
            rate_hz /= 2;
        }
        let last = (rate_hz != to_hz).then(|| Polyphase::new(u64::from(rate_hz), u64::from(to_hz)));
        Self { halvings, last, from_hz, to_hz, inputs: 0, outputs: 0 }
    }

    /// The outputs that these inputs complete.
    pub(crate) fn push(&mut self, input: &[f32]) -> Vec<f32> {
        let mut halved: Option<Vec<f32>> = None;
        for halving in &mut self.halvings {
            halved = Some(halving.push(halved.as_deref().unwrap_or(input)));
        }
        let out = match &mut self.last {
            Some(last) => last.push(halved.as_deref().unwrap_or(input)),
            None => halved.unwrap_or_else(|| input.to_vec()),
        };
        self.inputs += input.len() as u64;
        self.outputs += out.len() as u64;
        out
    }

    /// The last outputs: ceil(inputs * out / in) in all.
    pub(crate) fn finish(&mut self) -> Vec<f32> {
        let mut tail = Vec::new();
        for halving in &mut self.halvings {
            tail = halving.push(&tail);
            tail.extend(halving.finish());
        }
        if let Some(last) = &mut self.last {
            tail = last.push(&tail);
            tail.extend(last.finish());
        }
        // Every stage rounds its own length up, which together may be one more than the whole.
        let total =
            (u128::from(self.inputs) * u128::from(self.to_hz)).div_ceil(u128::from(self.from_hz)) as u64;
        tail.truncate(total.saturating_sub(self.outputs) as usize);
        tail
    }
}

/// The rational part: `step` inputs per `phases` outputs.
struct Polyphase {
    /// The reduced fraction in / out: output n sits at input n * step / phases.
    step: u64,
    phases: u64,
    /// Rows of taps; row r is for an offset of r / rows between two inputs, one more row ends the range.
    table: Vec<f32>,
    rows: u64,
    /// Taps of a row, a multiple of [`LANES`]; the first `half - 1` and the next one lie before the output.
    taps: usize,
    half: usize,
    /// Inputs from `first` on; those before the track are zeros.
    buffer: Vec<f32>,
    inputs: u64,
    outputs: u64,
    /// Where the next output's row begins in `buffer`, and its numerator below `phases`.
    position: usize,
    remainder: u64,
}

impl Polyphase {
    fn new(from_hz: u64, to_hz: u64) -> Self {
        let common = gcd(from_hz, to_hz);
        let (step, phases) = (from_hz / common, to_hz / common);
        let cutoff = (to_hz as f64 / from_hz as f64).min(1.0);
        let half_width = CROSSINGS / cutoff;
        let half = (half_width.ceil() as usize).next_multiple_of(LANES / 2);
        let taps = 2 * half;
        let rows = phases.min(MAX_PHASES);
        let beta = kaiser_beta(STOP_DB);
        let mut table = Vec::with_capacity((rows as usize + 1) * taps);
        for row in 0..=rows {
            let offset = row as f64 / rows as f64;
            let weight = |tap: usize| {
                let distance = tap as f64 - (half - 1) as f64 - offset;
                sinc(distance * cutoff) * kaiser(distance / half_width, beta)
            };
            // Each row adds up to one, so that a constant passes unchanged.
            let scale = 1.0 / (0..taps).map(weight).sum::<f64>();
            table.extend((0..taps).map(|tap| (weight(tap) * scale) as f32));
        }
        // The first output needs `half - 1` inputs before input 0.
        let buffer = vec![0.0; half - 1];
        Self {
            step,
            phases,
            table,
            rows,
            taps,
            half,
            buffer,
            inputs: 0,
            outputs: 0,
            position: 0,
            remainder: 0,
        }
    }

    fn row(&self, row: u64) -> &[f32] {
        &self.table[row as usize * self.taps..][..self.taps]
    }

    fn push(&mut self, input: &[f32]) -> Vec<f32> {
        self.buffer.extend_from_slice(input);
        self.inputs += input.len() as u64;
        let expected = input.len() as u64 * self.phases / self.step + 1;
        let mut out = Vec::with_capacity(expected as usize);
        while self.position + self.taps <= self.buffer.len() {
            let window = &self.buffer[self.position..][..self.taps];
            out.push(if self.rows == self.phases {
                dot(self.row(self.remainder), window)
            } else {
                let exact = self.remainder as f64 * self.rows as f64 / self.phases as f64;
                let row = exact as u64;
                let (low, high) = (dot(self.row(row), window), dot(self.row(row + 1), window));
                low + (high - low) * (exact - row as f64) as f32
            });
            self.remainder += self.step;
            self.position += (self.remainder / self.phases) as usize;
            self.remainder %= self.phases;
        }
        self.outputs += out.len() as u64;
        let used = self.position.min(self.buffer.len());
        self.buffer.drain(..used);
        self.position -= used;
        out
    }

    /// The last outputs: ceil(inputs * out / in) in all.
    fn finish(&mut self) -> Vec<f32> {
        let total =
            (u128::from(self.inputs) * u128::from(self.phases)).div_ceil(u128::from(self.step)) as u64;
        let mut out = self.push(&vec![0.0; self.half + self.position]);
        out.truncate(out.len().saturating_sub((self.outputs - total) as usize));
        out
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The product of two slices whose length is a multiple of [`LANES`], summed in a fixed order.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}
