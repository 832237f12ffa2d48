//! Loudness over time, for drawing: curves in bounded memory.
//!
//! Steps begin as long as 100 ms. Whenever one more than [`LoudnessSeries::MOST`] would be needed, neighbours
//! are joined, the larger value staying, and steps are twice as long: always between 600 and 1,200 of them
//! from the first minute on, and a loud moment is never drawn lower than it was.

use fanfare_model::features::LoudnessSeries;

use super::gating::{ABSOLUTE_GATE_LUFS, loudness_of};

/// The shortest step, in seconds: that of gating blocks.
const STEP_S: f64 = 0.1;

/// Momentary and short-term mean squares, the largest of each step.
pub(super) struct Series {
    /// Of each step: momentary, short-term; 0 where no window was full.
    steps: Vec<[f64; 2]>,
    /// How often steps were joined: one is 2^k * [`STEP_S`] long.
    joined: u32,
}

impl Series {
    pub(super) const fn new() -> Self {
        Self { steps: Vec::new(), joined: 0 }
    }

    /// Takes the values of windows that end in the `number`th step of 100 ms; numbers never fall.
    pub(super) fn add(&mut self, number: u64, values: [f64; 2]) {
        while number >> self.joined >= LoudnessSeries::MOST as u64 {
            self.steps =
                self.steps.chunks(2).map(|pair| pair.iter().copied().fold([0.0; 2], larger)).collect();
            self.joined += 1;
        }
        let at = (number >> self.joined) as usize;
        if at >= self.steps.len() {
            self.steps.resize(at + 1, [0.0; 2]);
        }
        self.steps[at] = larger(self.steps[at], values);
    }

    /// The curves; `None` when there is nothing to draw.
    pub(super) fn curves(&self) -> Option<LoudnessSeries> {
        let curve = |which: usize| -> Vec<Option<f32>> {
            let loudness = self.steps.iter().map(|values| loudness_of(values[which]));
            loudness
                .map(|lufs| (lufs.is_finite() && lufs > ABSOLUTE_GATE_LUFS).then_some(lufs as f32))
                .collect()
        };
        let (momentary_lufs, short_term_lufs) = (curve(0), curve(1));
        let any = momentary_lufs.iter().chain(&short_term_lufs).any(Option::is_some);
        let step_s = STEP_S * f64::from(self.joined).exp2();
        any.then_some(LoudnessSeries { step_s, momentary_lufs, short_term_lufs })
    }
}

fn larger(one: [f64; 2], other: [f64; 2]) -> [f64; 2] {
    [one[0].max(other[0]), one[1].max(other[1])]
}
