//! Gated means and percentiles out of bounded memory.
//!
//! Windows are counted in bins of 0.01 LU from -70 to 50 LUFS, each with its count and its energy. Means are
//! exact but for windows within 0.01 LU of the relative gate; percentiles are the mean of their bin, and
//! so exact wherever the windows of a bin are alike, else within 0.01 LU.

use fanfare_model::features::GatingBlocks;

/// What BS.1770-5 adds to the logarithm so that a 997 Hz sine reads its level, in LU (Annex 1, equation 2).
const OFFSET_LU: f64 = -0.691;
/// The absolute gate, in LUFS (BS.1770-5 Annex 1; Tech 3342).
pub(super) const ABSOLUTE_GATE_LUFS: f64 = -70.0;
/// The relative gate of integrated loudness, as a factor of energy: -10 LU (BS.1770-5 Annex 1).
pub(super) const RELATIVE_GATE: f64 = 0.1;
/// The relative gate of the loudness range, as a factor of energy: -20 LU (Tech 3342).
const RANGE_GATE: f64 = 0.01;
/// The percentiles between which the range lies (Tech 3342).
const RANGE_PERCENTILES: [u64; 2] = [10, 95];

const BINS_PER_LU: f64 = 100.0;
const BINS: usize = 12_000;
/// Bins that make a step of [`GatingBlocks`].
const BINS_PER_STEP: usize = 10;

/// The loudness of a mean square, in LUFS.
pub(super) fn loudness_of(energy: f64) -> f64 {
    OFFSET_LU + 10.0 * energy.log10()
}

/// Windows above the absolute gate, by loudness.
pub(super) struct Histogram {
    counts: Vec<u32>,
    energies: Vec<f64>,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; BINS], energies: vec![0.0; BINS] }
    }

    /// Counts a window of that mean square, if it is above the absolute gate.
    pub(super) fn add(&mut self, energy: f64) {
        let loudness = loudness_of(energy);
        if loudness > ABSOLUTE_GATE_LUFS {
            let bin = (((loudness - ABSOLUTE_GATE_LUFS) * BINS_PER_LU) as usize).min(BINS - 1);
            self.counts[bin] = self.counts[bin].saturating_add(1);
            self.energies[bin] += energy;
        }
    }

    /// The windows counted in steps of 0.1 LU.
    pub(super) fn steps(&self) -> GatingBlocks {
        let steps = self.counts.chunks(BINS_PER_STEP).zip(self.energies.chunks(BINS_PER_STEP));
        let steps = (0..).zip(steps).filter_map(|(step, (counts, energies))| {
            let count = counts.iter().fold(0, |sum: u32, count| sum.saturating_add(*count));
            (count > 0).then(|| (step, count, energies.iter().sum()))
        });
        GatingBlocks(steps.collect())
    }

    /// The bins whose windows are above a gate at `factor` times the mean of all.
    fn above(&self, factor: f64) -> impl Iterator<Item = (u64, f64)> {
        let (count, energy) = self.bins().fold((0, 0.0), |(c, e), (count, energy)| (c + count, e + energy));
        let gate = if count == 0 { 0.0 } else { factor * energy / count as f64 };
        self.bins().filter(move |(count, energy)| *energy > gate * *count as f64)
    }

    /// Count and energy of every bin that has any.
    fn bins(&self) -> impl Iterator<Item = (u64, f64)> {
        let bins = self.counts.iter().zip(&self.energies);
        bins.filter(|(count, _)| **count > 0).map(|(count, energy)| (u64::from(*count), *energy))
    }

    /// Integrated loudness, in LUFS; `None` if no window is above the absolute gate.
    pub(super) fn integrated(&self) -> Option<f64> {
        let above = self.above(RELATIVE_GATE);
        let (count, energy) = above.fold((0, 0.0), |(c, e), (count, energy)| (c + count, e + energy));
        (count > 0).then(|| loudness_of(energy / count as f64))
    }

    /// Loudness range, in LU; `None` if no window is above the absolute gate.
    pub(super) fn range(&self) -> Option<f64> {
        let bins: Vec<(u64, f64)> = self.above(RANGE_GATE).collect();
        let count: u64 = bins.iter().map(|(count, _)| count).sum();
        let last = count.checked_sub(1)?;
        let percentile = |percent: u64| {
            // The rank of Tech 3342's listing: round((n - 1) * percent / 100), from 0.
            let rank = (last * percent + 50) / 100;
            let mut seen = 0;
            let found = bins.iter().find(|(count, _)| {
                seen += count;
                seen > rank
            });
            found.map(|(count, energy)| loudness_of(energy / *count as f64))
        };
        let [low, high] = RANGE_PERCENTILES.map(percentile);
        Some(high? - low?)
    }
}
