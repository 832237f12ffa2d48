//! Spectral shape, averaged over the sounding part of a track.
//!
//! Read from every second onset spectrum: windows of 46 ms every 23 ms at 22,050 Hz, so up to 11 kHz. A
//! frame below [`SILENCE`] has no shape and is left out. All figures but the zero crossings are of the mono
//! mix at 22,050 Hz; those are of the mono mix at the source's rate.

mod bands;

use fanfare_model::{
    Result,
    features::{FeaturePart, Timbre},
};

use crate::{
    Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, RATE_22K_HZ,
    SpectraBlock,
};
use bands::{BIN_HZ, BINS, Cepstra, erb_bands};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "timbre",
    version: 3,
    about: "spectral shape: ERB bands, centroid, rolloff, flatness, zero crossings, cepstrum",
    start: |context| Ok(Box::new(TimbreAnalyzer::new(context.spec.rate.hz()))),
};

/// A frame whose power, relative to a full-scale sine, is below -80 dB is silent: what is left there of a recording of
/// 16 bits is rounding and dither, whose shape says nothing of the music.
const SILENCE: f32 = 1e-8;
/// Share of the energy that lies under the rolloff frequency.
const ROLLOFF_SHARE: f32 = 0.85;
/// Lower bound of a bin's power in the geometric mean: the rounding noise of the transform.
const FLATNESS_FLOOR: f32 = 1e-20;
/// Share of the band that resampling leaves flat; flatness looks no further.
const FLAT_SHARE: f64 = 0.84;
/// Sums kept side by side.
const LANES: usize = 8;

struct TimbreAnalyzer {
    cepstra: Cepstra,
    /// Bins that flatness looks at, a multiple of [`LANES`].
    flat_bins: usize,
    frames: u64,
    sounding: u64,
    power: Vec<f32>,
    /// Sums over the sounding frames.
    power_sum: Vec<f64>,
    centroid_sum: f64,
    rolloff_sum: f64,
    flatness_sum: f64,
    crossings: u64,
    below: bool,
}

impl TimbreAnalyzer {
    fn new(rate_hz: u32) -> Self {
        let flat_hz = f64::from(rate_hz.min(RATE_22K_HZ)) / 2.0 * FLAT_SHARE;
        let flat_bins = (flat_hz / BIN_HZ) as usize / LANES * LANES;
        Self {
            cepstra: Cepstra::new(),
            flat_bins: flat_bins.max(LANES),
            frames: 0,
            sounding: 0,
            power: vec![0.0; BINS],
            power_sum: vec![0.0; BINS],
            centroid_sum: 0.0,
            rolloff_sum: 0.0,
            flatness_sum: 0.0,
            crossings: 0,
            below: false,
        }
    }

    fn add(&mut self, block: &SpectraBlock) {
        for (row, index) in block.rows().zip(block.first_frame_index()..) {
            if index.is_multiple_of(2) {
                self.frame(row);
            }
        }
    }

    fn frame(&mut self, magnitudes: &[f32]) {
        self.frames += 1;
        for (power, magnitude) in self.power.iter_mut().zip(magnitudes) {
            *power = magnitude * magnitude;
        }
        let total = sum(&self.power);
        // Also refuses what is not finite.
        if !(SILENCE..f32::MAX).contains(&total) {
            self.cepstra.skip();
            return;
        }
        self.sounding += 1;
        for (sum, power) in self.power_sum.iter_mut().zip(&self.power) {
            *sum += f64::from(*power);
        }
        self.centroid_sum += centroid(magnitudes);
        self.rolloff_sum += rolloff(&self.power, total);
        self.flatness_sum += flatness(&self.power[..self.flat_bins]);
        self.cepstra.add(&self.power);
    }

    /// Counts where the sign changes; zero is positive.
    fn count_crossings(&mut self, samples: &[f32]) {
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
        self.crossings += u64::from((*first < 0.0) != self.below);
        let changes = |pair: &[f32]| u32::from((pair[0] < 0.0) != (pair[1] < 0.0));
        // 32-bit counts fill vectors; a chunk has far fewer than 2^32 frames.
        self.crossings += u64::from(samples.windows(2).map(changes).sum::<u32>());
        self.below = *last < 0.0;
    }
}

impl Analyzer for TimbreAnalyzer {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.count_crossings(chunk.mono());
        self.add(chunk.onset_spectra());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.add(end.onset_spectra());
        let duration_s = end.duration_s();
        let mut absences = Vec::new();
        let mut part = Timbre {
            zero_crossing_rate_hz: (duration_s > 0.0).then(|| self.crossings as f64 / duration_s),
            ..Timbre::default()
        };
        if self.sounding == 0 {
            absences.push(Absence::new(AbsenceReason::Silent, "no timbre: nothing sounds"));
        } else {
            let mean = |sum: f64| sum / self.sounding as f64;
            let spectrum: Vec<f64> = self.power_sum.iter().map(|sum| mean(*sum)).collect();
            part.erb_bands = erb_bands(&spectrum);
            part.centroid_hz = Some(mean(self.centroid_sum));
            part.rolloff_hz = Some(mean(self.rolloff_sum));
            part.flatness = Some(mean(self.flatness_sum));
            part.mfcc_mean = self.cepstra.means();
            part.mfcc_deviation = self.cepstra.deviations();
            part.mfcc_change = self.cepstra.changes();
        }
        Ok(AnalyzerOutput { part: FeaturePart::Timbre(part), absences })
    }
}

/// The sum in lanes, in a fixed order.
fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] += block[lane];
        }
    }
    lanes.into_iter().chain(rest.iter().copied()).sum()
}

/// Mean frequency, weighted by magnitude, in Hz.
fn centroid(magnitudes: &[f32]) -> f64 {
    let (mut weights, mut moments) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let mut bins: [f32; LANES] = std::array::from_fn(|lane| lane as f32);
    // The last bin, the Nyquist frequency, is left over from the lanes.
    let (blocks, rest) = magnitudes.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            weights[lane] += block[lane];
            moments[lane] += block[lane] * bins[lane];
            bins[lane] += LANES as f32;
        }
    }
    let weight = weights.iter().chain(rest).map(|weight| f64::from(*weight)).sum::<f64>();
    let moment = moments.iter().map(|moment| f64::from(*moment)).sum::<f64>()
        + rest.iter().zip(bins).map(|(weight, bin)| f64::from(*weight) * f64::from(bin)).sum::<f64>();
    moment / weight * BIN_HZ
}

/// Frequency under which [`ROLLOFF_SHARE`] of the energy lies, in Hz.
fn rolloff(power: &[f32], total: f32) -> f64 {
    let wanted = total * ROLLOFF_SHARE;
    let mut under = 0.0;
    // Whole blocks first: a search bin by bin would wait for every single addition.
    let (blocks, _) = power.as_chunks::<LANES>();
    let mut bin = 0;
    for block in blocks {
        let [a, b, c, d, e, f, g, h] = *block;
        let here = ((a + e) + (b + f)) + ((c + g) + (d + h));
        if under + here >= wanted {
            break;
        }
        under += here;
        bin += LANES;
    }
    while bin + 1 < power.len() {
        under += power[bin];
        if under >= wanted {
            break;
        }
        bin += 1;
    }
    bin as f64 * BIN_HZ
}

/// Geometric over arithmetic mean of the power, from 0 (a line) to 1 (all alike).
fn flatness(power: &[f32]) -> f64 {
    // Logarithms are dear: factors are multiplied first, as many as a 64-bit number holds at the floor.
    const FACTORS: usize = 12;
    let (blocks, _) = power.as_chunks::<LANES>();
    let mut logarithm = 0.0;
    for group in blocks.chunks(FACTORS) {
        let mut products = [1.0_f64; LANES];
        for block in group {
            for lane in 0..LANES {
                let value = block[lane];
                products[lane] *= f64::from(if value > FLATNESS_FLOOR { value } else { FLATNESS_FLOOR });
            }
        }
        logarithm += products.iter().map(|product| product.ln()).sum::<f64>();
    }
    let mean = f64::from(sum(power)).max(f64::from(FLATNESS_FLOOR)) / power.len() as f64;
    ((logarithm / power.len() as f64).exp() / mean).min(1.0)
}
