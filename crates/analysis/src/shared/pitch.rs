//! Pitch content of one spectrum: interpolated peaks folded into one octave of fine bins.
//!
//! Spectral peaks with parabolic interpolation (J. O. Smith, "Spectral Audio Signal Processing"), folded as harmonic pitch
//! class profiles with fine bins (E. Gómez, "Tonal Description of Polyphonic Audio", INFORMS J. Computing, 2006), so
//! that the tuning can be settled at the end of the track.

use super::SpectraBlock;

/// Fine bins in an octave: 20 cents each.
pub(crate) const FINE_BINS: usize = 60;
/// Fine bins in a semitone.
pub(crate) const FINE_PER_SEMITONE: usize = FINE_BINS / 12;

/// Pitch content of one frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FinePitch {
    /// All pitches, folded to an octave; bin 0 is C at 440 Hz tuning.
    pub(crate) all: [f32; FINE_BINS],
    /// Pitches of the bass register, folded likewise.
    pub(crate) bass: [f32; FINE_BINS],
    /// Sum of squared peak magnitudes over the sum of all squared magnitudes: how much is tonal.
    pub(crate) tonalness: f32,
    /// Sum of squared magnitudes in the range looked at.
    pub(crate) energy: f32,
}

const LOWEST_HZ: f64 = 55.0;
const HIGHEST_HZ: f64 = 3_500.0;
/// Peaks below this frequency count as bass: about two octaves from the lowest note of a bass guitar.
const BASS_BELOW_HZ: f64 = 200.0;
/// Peaks weaker than this part of the frame's strongest (-50 dB) say nothing about harmony.
const WEAKEST: f32 = 0.003;
/// Frequency of C0 at 440 Hz tuning.
const C0_HZ: f64 = 16.351_597_831_287_414;

/// Finds pitch content in magnitude spectra.
pub(crate) struct PitchFolder {
    first: usize,
    end: usize,
    hz_per_bin: f64,
}

impl PitchFolder {
    /// For spectra of `bins` magnitudes, from 0 Hz to half of `rate_hz`.
    pub(crate) fn new(bins: usize, rate_hz: f64) -> Self {
        let hz_per_bin = rate_hz / 2.0 / (bins.max(2) - 1) as f64;
        let bin = |hz: f64| (hz / hz_per_bin).round() as usize;
        Self { first: bin(LOWEST_HZ).max(2), end: bin(HIGHEST_HZ).min(bins.saturating_sub(2)), hz_per_bin }
    }

    /// The pitch content of each spectrum.
    pub(crate) fn fold_all(&self, spectra: &SpectraBlock) -> Vec<FinePitch> {
        spectra.rows().map(|row| self.fold(row)).collect()
    }

    /// The pitch content of one spectrum.
    fn fold(&self, magnitudes: &[f32]) -> FinePitch {
        let mut pitch =
            FinePitch { all: [0.0; FINE_BINS], bass: [0.0; FINE_BINS], tonalness: 0.0, energy: 0.0 };
        if self.first >= self.end || magnitudes.len() < self.end + 2 {
            return pitch;
        }
        let range = &magnitudes[self.first..self.end];
        pitch.energy = range.iter().map(|m| m * m).sum();
        let strongest = range.iter().fold(0.0_f32, |a, b| a.max(*b));
        if !pitch.energy.is_finite() || strongest <= 1e-6 {
            pitch.energy = 0.0;
            return pitch;
        }
        let mut in_peaks = 0.0;
        for bin in self.first..self.end {
            let [far_left, left, here, right, far_right] = [
                magnitudes[bin - 2],
                magnitudes[bin - 1],
                magnitudes[bin],
                magnitudes[bin + 1],
                magnitudes[bin + 2],
            ];
            if here < strongest * WEAKEST
                || here <= left
                || here < right
                || left < far_left
                || right < far_right
            {
                continue;
            }
            // Over a Hann window the logarithm of the main lobe is nearly a parabola.
            let (a, b, c) = ((left.max(1e-12)).ln(), here.ln(), (right.max(1e-12)).ln());
            let bend = a - 2.0 * b + c;
            let offset = if bend < -1e-9 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
            let hz = (bin as f64 + f64::from(offset)) * self.hz_per_bin;
            in_peaks += left * left + here * here + right * right;
            let octaves = (hz / C0_HZ).log2();
            let fine = (octaves - octaves.floor()) * FINE_BINS as f64;
            // Square root: between energy, where one loud note hides the chord, and mere presence.
            let weight = here.sqrt();
            add(&mut pitch.all, fine, weight);
            if hz < BASS_BELOW_HZ {
                add(&mut pitch.bass, fine, weight);
            }
        }
        pitch.tonalness = (in_peaks / pitch.energy).min(1.0);
        pitch
    }
}

/// Adds a weight at a fractional bin, divided between its two neighbours.
fn add(bins: &mut [f32; FINE_BINS], at: f64, weight: f32) {
    let low = at.floor();
    let part = (at - low) as f32;
    let low = low as usize % FINE_BINS;
    bins[low] += weight * (1.0 - part);
    bins[(low + 1) % FINE_BINS] += weight * part;
}
