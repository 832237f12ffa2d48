//! Bands on the scales of hearing: ERB and mel.

use std::f64::consts::PI;

use crate::{ONSET_SIZE, RATE_22K_HZ};

/// Bins of a spectrum.
pub(super) const BINS: usize = ONSET_SIZE / 2 + 1;
/// Width of a bin, in Hz.
pub(super) const BIN_HZ: f64 = RATE_22K_HZ as f64 / ONSET_SIZE as f64;

/// Bands on the ERB scale.
const ERB_BANDS: usize = 40;
/// Lowest band's centre, in Hz.
const ERB_LOW_HZ: f64 = 50.0;
/// Bands on the mel scale, and cepstral coefficients kept of them: the choice of the HTK book and of Essentia.
const MEL_BANDS: usize = 40;
const COEFFICIENTS: usize = 13;
/// Highest frequency of the mel bands, in Hz.
const MEL_HIGH_HZ: f64 = 11_000.0;
/// A band's energy is not read below that (-100 dB).
const MEL_FLOOR: f64 = 1e-10;

/// Equivalent rectangular bandwidth at a frequency, in Hz (B. R. Glasberg and B. C. J. Moore, Derivation of
/// auditory filter shapes from notched-noise data, Hearing Research 47, 1990, equation 3).
fn erb_hz(frequency_hz: f64) -> f64 {
    24.7 * (4.37 * frequency_hz / 1_000.0 + 1.0)
}

/// Number of ERBs below a frequency (the same, equation 4).
fn erb_number(frequency_hz: f64) -> f64 {
    21.4 * (4.37 * frequency_hz / 1_000.0 + 1.0).log10()
}

/// The frequency below which there are so many ERBs, in Hz.
fn erb_frequency_hz(number: f64) -> f64 {
    (10.0_f64.powf(number / 21.4) - 1.0) * 1_000.0 / 4.37
}

/// Energy in 40 bands, centred at equal steps of ERB number from 50 Hz to under 11,025 Hz, of a mean power
/// spectrum. Each band is weighted by the power response of a fourth-order gammatone filter of 1.019 ERB
/// (R. D. Patterson et al., An efficient auditory filterbank based on the gammatone function, APU report
/// 2341, 1988).
pub(super) fn erb_bands(spectrum: &[f64]) -> Vec<f64> {
    let (low, high) = (erb_number(ERB_LOW_HZ), erb_number(f64::from(RATE_22K_HZ) / 2.0));
    (0..ERB_BANDS)
        .map(|band| {
            let centre_hz = erb_frequency_hz(low + (high - low) * band as f64 / ERB_BANDS as f64);
            let width_hz = 1.019 * erb_hz(centre_hz);
            let weighted = spectrum.iter().zip(0_u16..).map(|(power, bin)| {
                let distance = (f64::from(bin) * BIN_HZ - centre_hz) / width_hz;
                power * (1.0 + distance * distance).powi(-4)
            });
            weighted.sum()
        })
        .collect()
}

/// Frequency to mel and back (the HTK book, section 5.6).
fn mel(frequency_hz: f64) -> f64 {
    2_595.0 * (1.0 + frequency_hz / 700.0).log10()
}

fn mel_frequency_hz(mel: f64) -> f64 {
    700.0 * (10.0_f64.powf(mel / 2_595.0) - 1.0)
}

/// Mel-frequency cepstra of frames, and the sums of them: what Essentia's MFCC computes with its `logType` set to
/// `dbpow` (with its default, `dbamp`, every coefficient is twice as large).
pub(super) struct Cepstra {
    /// Each mel band's first bin and its weights, which add up to one.
    triangles: Vec<(usize, Vec<f32>)>,
    /// The orthonormal cosine transform (DCT-II) of the bands' levels in dB, a row for each coefficient.
    transform: [[f64; MEL_BANDS]; COEFFICIENTS],
    /// The last frame, if it was added.
    last: Option<[f64; COEFFICIENTS]>,
    frames: u64,
    changes: u64,
    sums: [f64; COEFFICIENTS],
    squares: [f64; COEFFICIENTS],
    change_squares: [f64; COEFFICIENTS],
}

impl Cepstra {
    pub(super) fn new() -> Self {
        let step = mel(MEL_HIGH_HZ) / (MEL_BANDS + 1) as f64;
        let corner = |n: usize| n as f64 * step;
        let triangles = (0..MEL_BANDS)
            .map(|band| {
                let (low, centre, high) = (corner(band), corner(band + 1), corner(band + 2));
                let first = (mel_frequency_hz(low) / BIN_HZ).ceil() as usize;
                let last = ((mel_frequency_hz(high) / BIN_HZ).floor() as usize).min(BINS - 1);
                // Straight in mel, as the warping of HTK is.
                let weight = |bin: usize| {
                    let at = mel(bin as f64 * BIN_HZ);
                    ((at - low) / (centre - low)).min((high - at) / (high - centre)).max(0.0)
                };
                let sum: f64 = (first..=last).map(weight).sum();
                (first, (first..=last).map(|bin| (weight(bin) / sum) as f32).collect())
            })
            .collect();
        let bands = MEL_BANDS as f64;
        let transform = std::array::from_fn(|k| {
            let scale = (if k == 0 { 1.0 } else { 2.0 } / bands).sqrt();
            std::array::from_fn(|n| scale * (PI * k as f64 * (n as f64 + 0.5) / bands).cos())
        });
        Self {
            triangles,
            transform,
            last: None,
            frames: 0,
            changes: 0,
            sums: [0.0; COEFFICIENTS],
            squares: [0.0; COEFFICIENTS],
            change_squares: [0.0; COEFFICIENTS],
        }
    }

    /// Adds a frame's power spectrum.
    pub(super) fn add(&mut self, power: &[f32]) {
        let mut levels_db = [0.0; MEL_BANDS];
        for (level, (first, weights)) in levels_db.iter_mut().zip(&self.triangles) {
            let weighted = weights.iter().zip(&power[*first..]).map(|(weight, power)| weight * power);
            *level = 10.0 * f64::from(weighted.sum::<f32>()).max(MEL_FLOOR).log10();
        }
        let now =
            self.transform.map(|row| row.iter().zip(&levels_db).map(|(weight, level)| weight * level).sum());
        self.frames += 1;
        self.changes += u64::from(self.last.is_some());
        let before = self.last.replace(now).unwrap_or(now);
        for k in 0..COEFFICIENTS {
            let change: f64 = now[k] - before[k];
            self.sums[k] += now[k];
            self.squares[k] += now[k] * now[k];
            self.change_squares[k] += change * change;
        }
    }

    /// A frame that is left out: what comes after it is no change from what was before.
    pub(super) const fn skip(&mut self) {
        self.last = None;
    }

    /// Mean of each coefficient; empty without frames.
    pub(super) fn means(&self) -> Vec<f64> {
        let frames = self.frames as f64;
        if self.frames == 0 { Vec::new() } else { self.sums.iter().map(|sum| sum / frames).collect() }
    }

    /// Standard deviation of each coefficient; empty without frames.
    pub(super) fn deviations(&self) -> Vec<f64> {
        let frames = self.frames as f64;
        let deviation = |(mean, squares): (f64, &f64)| (squares / frames - mean * mean).max(0.0).sqrt();
        self.means().into_iter().zip(&self.squares).map(deviation).collect()
    }

    /// Root mean square of each coefficient's change from a frame to the next; empty with fewer than two in a row.
    pub(super) fn changes(&self) -> Vec<f64> {
        let changes = self.changes as f64;
        if self.changes == 0 {
            return Vec::new();
        }
        self.change_squares.iter().map(|squares| (squares / changes).sqrt()).collect()
    }
}
