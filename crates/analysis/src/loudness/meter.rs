//! Energy over time: steps of 10 ms, joined into momentary (400 ms) and short-term (3 s) windows.
//!
//! Step k ends at frame floor(k * rate / 100): where 10 ms is no whole number of frames, steps differ by one
//! frame, never drift, and a window's mean is taken over the frames it really has. Gating blocks and
//! short-term values for the range are taken every 100 ms (75 % overlap of 400 ms; Tech 3342 asks for no
//! less than 10 Hz); the maxima are looked for every 10 ms.

use fanfare_model::{
    ChannelLayout,
    features::{GatingBlocks, LoudnessSeries},
};

use super::{
    gating::{Histogram, loudness_of},
    series::Series,
    weighting::{KWeighting, PairState, channel_weights},
};

/// Steps in a second.
const STEPS_PER_S: u64 = 100;
/// Steps between gating blocks.
const BLOCK_STEPS: u64 = 10;
/// Steps of a momentary window (400 ms).
const MOMENTARY_STEPS: usize = 40;
/// Steps of a short-term window (3 s).
const SHORT_TERM_STEPS: usize = 300;

/// Two channels that are filtered together.
struct Pair {
    /// Which planes; a single one is its own partner and the second sum is ignored.
    planes: [usize; 2],
    weights: [f64; 2],
    state: PairState,
    /// Energy since the last step.
    sums: [f64; 2],
}

/// Measures the loudness of a track.
pub(super) struct Meter {
    rate_hz: u64,
    filter: KWeighting,
    pairs: Vec<Pair>,
    frame: u64,
    steps: u64,
    /// The energy of the last steps; step k is at k modulo the length.
    momentary: [f64; MOMENTARY_STEPS],
    short_term: [f64; SHORT_TERM_STEPS],
    momentary_max: f64,
    short_term_max: f64,
    blocks: Histogram,
    ranges: Histogram,
    series: Series,
}

/// What was measured, in LUFS and LU; `None` where nothing could be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    pub(super) integrated: Option<f64>,
    pub(super) range: Option<f64>,
    pub(super) momentary_max: Option<f64>,
    pub(super) short_term_max: Option<f64>,
}

impl Meter {
    pub(super) fn new(rate_hz: u32, layout: ChannelLayout) -> Self {
        let weights = channel_weights(layout);
        let counted: Vec<usize> = (0..weights.len()).filter(|&channel| weights[channel] > 0.0).collect();
        let pairs = counted
            .chunks(2)
            .map(|channels| {
                let (planes, weights) = match *channels {
                    [one, two] => ([one, two], [weights[one], weights[two]]),
                    [one, ..] => ([one, one], [weights[one], 0.0]),
                    [] => ([0, 0], [0.0, 0.0]),
                };
                Pair { planes, weights, state: PairState::default(), sums: [0.0; 2] }
            })
            .collect();
        Self {
            rate_hz: u64::from(rate_hz),
            filter: KWeighting::new(rate_hz),
            pairs,
            frame: 0,
            steps: 0,
            momentary: [0.0; MOMENTARY_STEPS],
            short_term: [0.0; SHORT_TERM_STEPS],
            momentary_max: 0.0,
            short_term_max: 0.0,
            blocks: Histogram::new(),
            ranges: Histogram::new(),
            series: Series::new(),
        }
    }

    /// The frame at which that many steps end.
    const fn boundary(&self, steps: u64) -> u64 {
        // The product stays below 2^64 for as long as the frame number itself does at 100 Hz and more.
        steps * self.rate_hz / STEPS_PER_S
    }

    pub(super) fn push(&mut self, planes: &[Vec<f32>]) {
        let frames = planes.first().map_or(0, Vec::len);
        let mut at = 0;
        while at < frames {
            let step_end = self.boundary(self.steps + 1);
            let count = (frames - at).min((step_end - self.frame) as usize);
            for pair in &mut self.pairs {
                let [one, two] = pair.planes.map(|plane| &planes[plane][at..at + count]);
                self.filter.add_energy(&mut pair.state, one, two, &mut pair.sums);
            }
            at += count;
            self.frame += count as u64;
            if self.frame == step_end {
                self.end_step();
            }
        }
    }

    fn end_step(&mut self) {
        let mut energy = 0.0;
        for pair in &mut self.pairs {
            energy += pair.weights[0] * pair.sums[0] + pair.weights[1] * pair.sums[1];
            pair.sums = [0.0; 2];
            pair.state.forget_nothing();
        }
        self.momentary[(self.steps % MOMENTARY_STEPS as u64) as usize] = energy;
        self.short_term[(self.steps % SHORT_TERM_STEPS as u64) as usize] = energy;
        // The series' steps are as long as those between blocks, and a window belongs where it ends.
        let series_step = self.steps / BLOCK_STEPS;
        self.steps += 1;
        let (momentary, short_term) = (self.mean(&self.momentary), self.mean(&self.short_term));
        if let Some(mean) = momentary {
            self.momentary_max = self.momentary_max.max(mean);
            if self.steps.is_multiple_of(BLOCK_STEPS) {
                self.blocks.add(mean);
            }
        }
        if let Some(mean) = short_term {
            self.short_term_max = self.short_term_max.max(mean);
            if self.steps.is_multiple_of(BLOCK_STEPS) {
                self.ranges.add(mean);
            }
        }
        self.series.add(series_step, [momentary, short_term].map(|mean| mean.unwrap_or(0.0)));
    }

    /// The mean square over a window that ends now; `None` as long as it is not full.
    fn mean<const N: usize>(&self, window: &[f64; N]) -> Option<f64> {
        let first = self.steps.checked_sub(N as u64)?;
        let frames = self.boundary(self.steps) - self.boundary(first);
        // Four sums side by side; the windows' lengths are multiples of four.
        let mut sums = [0.0; 4];
        for energies in window.as_chunks::<4>().0 {
            for lane in 0..4 {
                sums[lane] += energies[lane];
            }
        }
        Some(((sums[0] + sums[1]) + (sums[2] + sums[3])) / frames as f64)
    }

    /// The curves, if any window was full and above -70 LUFS.
    pub(super) fn series(&self) -> Option<LoudnessSeries> {
        self.series.curves()
    }

    /// The gating blocks, if any is above -70 LUFS.
    pub(super) fn blocks(&self) -> Option<GatingBlocks> {
        Some(self.blocks.steps()).filter(|blocks| !blocks.0.is_empty())
    }

    pub(super) fn reading(&self) -> Reading {
        let maximum = |energy: f64| (energy > 0.0).then(|| loudness_of(energy));
        Reading {
            integrated: self.blocks.integrated(),
            range: self.ranges.range(),
            momentary_max: maximum(self.momentary_max),
            short_term_max: maximum(self.short_term_max),
        }
    }
}
