//! Dynamic complexity: how far the loudness strays from its global level, in dB.
//!
//! S. Streich, Music Complexity: a multi-faceted description of audio content, PhD thesis, UPF Barcelona 2007,
//! section 3.2, after E. Vickers, Automatic Long-term Loudness and Dynamics Matching, 111th AES
//! Convention, 2001: the signal passes a first-order high-pass (a cheap B curve), its energy a time constant of
//! 35 ms, and is read every 200 ms on a scale from -90 dB. Readings at the floor before the first and after
//! the last sound are left out. The global level weighs readings by 0.9^-dB; the complexity is the mean
//! distance of the readings from it.
//!
//! Essentia's DynamicComplexity (2.1-beta6) agrees within 0.01 dB where no reading is below -90 dB; it takes
//! readings down to -100 dB and leaves none out, and so gives a little more on tracks that fade to nothing.

/// Time between readings, in seconds.
pub(super) const FRAME_S: f64 = 0.2;
/// Time constant of the energy, in seconds.
const TIME_CONSTANT_S: f64 = 0.035;
/// Corner of the high-pass, in Hz: the pole of Vickers' filter, 0.9719 at 44.1 kHz.
const CORNER_HZ: f64 = 200.0;
/// The high-pass's gain at high frequencies (Vickers' 0.98595).
const GAIN: f64 = 0.985_95;
/// Where the scale begins, in dB.
const FLOOR_DB: f64 = -90.0;
/// Weight of a reading: this to the power of minus its dB.
const WEIGHT_BASE: f64 = 0.9;
/// Readings are counted in bins of this many parts of a dB: the complexity is exact to half a bin.
const BINS_PER_DB: f64 = 100.0;
/// Bins above the floor: enough for a sample of 16 times full scale.
const BINS: usize = 12_000;
/// A filter state below this is nothing; left alone it would end in slow subnormal numbers.
const NOTHING: f32 = 1e-18;

/// Measures dynamic complexity.
pub(super) struct Complexity {
    /// Weight of each frame's energy at the end of its 200 ms, and of the energy before.
    weights: Vec<f32>,
    decay: f64,
    pole: f32,
    gain: f32,
    /// The high-pass's last input and output.
    input: f32,
    output: f32,
    at: usize,
    sum: f64,
    energy: f64,
    /// Readings since the first above the floor; those at the floor wait for the next above it.
    counts: Vec<u32>,
    floors: u32,
    has_reading: bool,
}

impl Complexity {
    pub(super) fn new(rate_hz: u32) -> Self {
        let rate_hz = f64::from(rate_hz);
        let frame = (FRAME_S * rate_hz).floor().max(1.0);
        let step = (-1.0 / (TIME_CONSTANT_S * rate_hz)).exp();
        let weight = |n: usize| ((1.0 - step) * step.powf(frame - 1.0 - n as f64)) as f32;
        Self {
            weights: (0..frame as usize).map(weight).collect(),
            decay: step.powf(frame),
            pole: (-std::f64::consts::TAU * CORNER_HZ / rate_hz).exp() as f32,
            gain: GAIN as f32,
            input: 0.0,
            output: 0.0,
            at: 0,
            sum: 0.0,
            energy: 0.0,
            counts: vec![0; BINS + 1],
            floors: 0,
            has_reading: false,
        }
    }

    pub(super) fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let count = samples.len().min(self.weights.len() - self.at);
            let (now, rest) = samples.split_at(count);
            self.add(now);
            self.at += count;
            if self.at == self.weights.len() {
                self.read();
            }
            samples = rest;
        }
    }

    /// Serial by nature: each output of the high-pass needs the one before.
    fn add(&mut self, samples: &[f32]) {
        let (mut input, mut output, mut sum) = (self.input, self.output, self.sum);
        let (gain, pole) = (self.gain, self.pole);
        for (&sample, &weight) in samples.iter().zip(&self.weights[self.at..]) {
            output = gain * (sample - input) + pole * output;
            input = sample;
            sum += f64::from(weight * (output * output));
        }
        (self.input, self.output, self.sum) = (input, output, sum);
    }

    /// Takes a reading at the end of 200 ms.
    fn read(&mut self) {
        self.energy = self.decay * self.energy + self.sum;
        (self.at, self.sum) = (0, 0.0);
        if self.output.abs() < NOTHING {
            self.output = 0.0;
        }
        let above = (10.0 * self.energy.log10() - FLOOR_DB) * BINS_PER_DB;
        // Also false for the NaN of broken samples.
        if above > 0.0 {
            let bin = (above.round() as usize).min(BINS);
            self.counts[0] += if self.has_reading { self.floors } else { 0 };
            self.counts[bin] += 1;
            self.floors = 0;
            self.has_reading = true;
        } else {
            self.floors += 1;
        }
    }

    /// The complexity in dB; `None` if no reading was above the floor.
    pub(super) fn reading(&self) -> Option<f64> {
        if !self.has_reading {
            return None;
        }
        let readings = || {
            let level = |bin: usize| FLOOR_DB + bin as f64 / BINS_PER_DB;
            self.counts
                .iter()
                .enumerate()
                .filter(|(_, n)| **n > 0)
                .map(move |(bin, n)| (level(bin), f64::from(*n)))
        };
        let weight = |level: f64| WEIGHT_BASE.powf(-level);
        let total: f64 = readings().map(|(level, n)| n * weight(level)).sum();
        let global = readings().map(|(level, n)| n * weight(level) * level).sum::<f64>() / total;
        let count: f64 = readings().map(|(_, n)| n).sum();
        Some(readings().map(|(level, n)| n * (level - global).abs()).sum::<f64>() / count)
    }
}
