//! What the cues of a window say, and the sum of it.
//!
//! Two logistic functions, one for each question. Their weights were fitted by regularised logistic regression on
//! one half of a set of recordings (speech in English, Spanish and French; orchestral, composed, solo and drum
//! music; mixtures) and judged on the other half, of other speakers, languages and composers; docs/analysis.md
//! has the outcome.

use std::collections::VecDeque;

use super::{cues::Cues, frames::WINDOW_BLOCKS};

/// Under this there are no syllables, whatever else is heard: speech in a very reverberant room swings four times
/// as much, steady noise a tenth.
const LEAST_SYLLABLES: f64 = -2.6;
/// Under this no pitch is held: the half-overlapping windows of noise are alike to 0.35, those of speech to 0.38.
const LEAST_HELD: f64 = 0.4;

/// So many pauses say all that pauses can say: speech seldom has more, drums without a room have.
const MOST_PAUSES: f64 = 0.3;
/// Onsets as regular as this are a beat, whatever else is heard: of an hour of speech no window reaches 0.6.
const BEAT: f64 = 0.65;

/// How likely there is speech, and music, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Presence {
    pub(super) speech: f64,
    pub(super) music: f64,
}

/// Judges a window.
pub(super) fn judge(cues: &Cues) -> Presence {
    let speech = 14.7 + 1.04 * cues.syllables - 14.2 * cues.near - 11.0 * cues.pulse - 8.0 * cues.fast;
    let pauses = cues.pauses.min(MOST_PAUSES);
    let music = -9.8 + 14.8 * cues.near + 6.6 * cues.far + 4.5 * cues.pulse - 14.0 * pauses;
    let moves = cues.syllables > LEAST_SYLLABLES;
    let music = match cues.pulse > BEAT {
        true if moves => 1.0,
        _ if moves || cues.near > LEAST_HELD => logistic(music),
        _ => 0.0,
    };
    Presence { speech: if moves { logistic(speech) } else { 0.0 }, music }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Adds up blocks as they leave the window.
#[derive(Default)]
pub(super) struct Tally {
    /// The blocks of the present window: the sum over windows so far, and of how many.
    open: VecDeque<(Presence, f64)>,
    blocks: usize,
    speech: usize,
    music: usize,
}

/// Sounding blocks, and the share of speech and music in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    pub(super) blocks: usize,
    pub(super) speech: f64,
    pub(super) music: f64,
}

impl Tally {
    /// A new sounding block.
    pub(super) fn block(&mut self) {
        if self.open.len() == WINDOW_BLOCKS {
            self.close();
        }
        self.open.push_back((Presence::default(), 0.0));
        self.blocks += 1;
    }

    /// What a window of the open blocks says.
    pub(super) fn window(&mut self, presence: Presence) {
        for (sum, count) in &mut self.open {
            sum.speech += presence.speech;
            sum.music += presence.music;
            *count += 1.0;
        }
    }

    fn close(&mut self) {
        if let Some((sum, count)) = self.open.pop_front() {
            self.speech += usize::from(sum.speech > 0.5 * count);
            self.music += usize::from(sum.music > 0.5 * count);
        }
    }

    /// The outcome.
    pub(super) fn shares(&mut self) -> Shares {
        while !self.open.is_empty() {
            self.close();
        }
        let share = |count: usize| count as f64 / self.blocks.max(1) as f64;
        Shares { blocks: self.blocks, speech: share(self.speech), music: share(self.music) }
    }
}
