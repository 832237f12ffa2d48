//! Bands on the scales of hearing: ERB and mel.

use std::f64::consts::PI;

use super::{BIN_HZ, BINS};
use crate::RATE_22K_HZ;

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

/// Means of the logarithmic energy in 40 triangular mel bands: what Essentia's MFCC computes with its
/// `logType` set to `dbpow` (with its default, `dbamp`, every coefficient is twice as large).
pub(super) struct MelBands {
    /// Each band's first bin and its weights, which add up to one.
    triangles: Vec<(usize, Vec<f32>)>,
    sums: [f64; MEL_BANDS],
}

impl MelBands {
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
        Self { triangles, sums: [0.0; MEL_BANDS] }
    }

    /// Adds a frame's power spectrum.
    pub(super) fn add(&mut self, power: &[f32]) {
        for (sum, (first, weights)) in self.sums.iter_mut().zip(&self.triangles) {
            let weighted = weights.iter().zip(&power[*first..]).map(|(weight, power)| weight * power);
            *sum += 10.0 * f64::from(weighted.sum::<f32>()).max(MEL_FLOOR).log10();
        }
    }

    /// The mean in dB of each band over that many frames.
    pub(super) fn means(&self, frames: u64) -> [f64; MEL_BANDS] {
        self.sums.map(|sum| sum / frames as f64)
    }
}

/// The first cepstral coefficients: an orthonormal cosine transform (DCT-II) of the bands' levels in dB. The
/// transform is linear, so that it may be taken of the means.
pub(super) fn cepstrum(levels_db: [f64; MEL_BANDS]) -> Vec<f64> {
    let bands = MEL_BANDS as f64;
    (0..COEFFICIENTS)
        .map(|k| {
            let scale = (if k == 0 { 1.0 } else { 2.0 } / bands).sqrt();
            let angle = |n: usize| PI * k as f64 * (n as f64 + 0.5) / bands;
            scale * levels_db.iter().enumerate().map(|(n, level)| level * angle(n).cos()).sum::<f64>()
        })
        .collect()
}
