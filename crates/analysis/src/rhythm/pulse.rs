//! How the pulse moves over the track: a path through the tempogram.
//!
//! Autocorrelation of the onset strength in windows of 12 s, summed over multiples of each period as a comb
//! (G. Percival and G. Tzanetakis, "Streamlined Tempo Estimation", IEEE/ACM TASLP 22, 2014; A. Klapuri, A. Eronen and J. Astola,
//! "Analysis of the Meter of Acoustic Musical Signals", IEEE TASLP 14, 2006), then the best path by dynamic programming.
//! The path follows one metrical level; which level is the beat is decided later.

use super::onset::FRAME_RATE_HZ;

/// Frames in a window (11.9 s) and between windows (3 s).
const WINDOW: usize = 1_024;
const HOP: usize = 256;
/// Steps of the period grid in an octave: 1 %.
const STEPS_PER_OCTAVE: f64 = 72.0;
/// Periods looked at, in seconds: two octaves, so that every pulse has a level inside.
const SHORTEST_S: f64 = 0.26;
const LONGEST_S: f64 = 1.1;
/// Teeth of the comb.
const TEETH: usize = 4;
/// Cost of moving one step from window to window, up to [`NEAR`] steps.
const MOVE_COST: f64 = 0.04;
const NEAR: usize = 4;
/// Cost of a new tempo at once, up to [`NEW_TEMPO`] steps (0.4 octaves).
const JUMP_COST: f64 = 0.6;
const NEW_TEMPO: usize = 29;
/// Cost of going further: that is rather another metrical level of the same tempo, and the path keeps to one.
const LEVEL_COST: f64 = 4.0;

/// Beats to either side, and frames (0.5 s) between moments, of a path that was walked.
const NEARBY: usize = 2;
const WALKED_HOP: f64 = 43.0;

/// The period of one metrical level over time.
#[derive(Clone)]
pub(super) struct Path {
    /// Period in frames at moments that are `hop` frames apart, from `first_centre` on.
    periods: Vec<f64>,
    first_centre: f64,
    hop: f64,
    /// Mean height of the autocorrelation at the period or a small multiple of it along the path: 0 (no pulse) to 1.
    pub(super) clarity: f64,
}

impl Path {
    /// The period in frames at a position in frames.
    pub(super) fn period(&self, position: f64) -> f64 {
        let at = ((position - self.first_centre) / self.hop).clamp(0.0, (self.periods.len() - 1) as f64);
        let low = at.floor() as usize;
        let high = (low + 1).min(self.periods.len() - 1);
        self.periods[low] + (self.periods[high] - self.periods[low]) * (at - at.floor())
    }

    /// The path as these beats of its own level walked it: closer to a soloist than windows of 12 s can be.
    pub(super) fn walked(&self, beats: &[f64]) -> Self {
        let (Some(first), Some(last)) = (beats.first(), beats.last()) else { return self.clone() };
        if beats.len() <= 2 * NEARBY {
            return self.clone();
        }
        let mut next = 0;
        let periods = (0..=((last - first) / WALKED_HOP) as usize)
            .map(|k| {
                let at = first + k as f64 * WALKED_HOP;
                while next + 1 < beats.len() && beats[next + 1] <= at {
                    next += 1;
                }
                let from = next.saturating_sub(NEARBY);
                let to = (next + NEARBY).min(beats.len() - 1);
                (beats[to] - beats[from]) / (to - from) as f64
            })
            .collect();
        Self { periods, first_centre: *first, hop: WALKED_HOP, clarity: self.clarity }
    }

    /// The median period in frames.
    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.periods.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

/// Finds the path; `None` when nothing repeats.
pub(super) fn path(strength: &[f32]) -> Option<Path> {
    let octaves = (LONGEST_S / SHORTEST_S).log2();
    let grid: Vec<f64> = (0..=(octaves * STEPS_PER_OCTAVE) as usize)
        .map(|step| SHORTEST_S * FRAME_RATE_HZ * 2_f64.powf(step as f64 / STEPS_PER_OCTAVE))
        .collect();
    let longest = (grid[grid.len() - 1] * TEETH as f64).ceil() as usize + 2;
    let window = WINDOW.min(strength.len());
    let starts: Vec<usize> =
        (0..).map(|k| k * HOP).take_while(|start| *start == 0 || start + window <= strength.len()).collect();
    let mut salience: Vec<Vec<f64>> = Vec::with_capacity(starts.len());
    let mut heights: Vec<Vec<f64>> = Vec::with_capacity(starts.len());
    for start in &starts {
        let part = &strength[*start..(*start + window).min(strength.len())];
        let lags = autocorrelation(part, longest);
        let at = |lag: f64| -> f64 {
            let low = lag.floor() as usize;
            match (lags.get(low), lags.get(low + 1)) {
                (Some(a), Some(b)) => a + (b - a) * (lag - lag.floor()),
                _ => 0.0,
            }
        };
        // Of a waltz's beat it may be the third tooth that stands out, of a backbeat the second.
        heights.push(
            grid.iter()
                .map(|period| (1..=TEETH).map(|tooth| at(period * tooth as f64)).fold(0.0, f64::max))
                .collect(),
        );
        salience.push(
            grid.iter()
                .map(|period| {
                    // Weak preference for a moderate pulse (half a second), one octave wide, so that the path stays on one level.
                    let off = (period / FRAME_RATE_HZ / 0.5).log2();
                    let comb: f64 =
                        (1..=TEETH).map(|tooth| at(period * tooth as f64)).sum::<f64>() / TEETH as f64;
                    comb + 0.1 * (-0.5 * off * off).exp()
                })
                .collect(),
        );
    }
    let steps = best_path(&salience);
    let clarity =
        steps.iter().zip(&heights).map(|(step, row)| row[*step]).sum::<f64>() / steps.len().max(1) as f64;
    // Between the steps of the grid the top of a parabola through the salience is the better answer.
    let periods: Vec<f64> = steps
        .iter()
        .zip(&salience)
        .map(|(step, row)| {
            let (Some(before), Some(after)) =
                (step.checked_sub(1).and_then(|s| row.get(s)), row.get(step + 1))
            else {
                return grid[*step];
            };
            let bend = before - 2.0 * row[*step] + after;
            let offset = if bend < -1e-9 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
            grid[*step] * 2_f64.powf(offset / STEPS_PER_OCTAVE)
        })
        .collect();
    (!periods.is_empty()).then(|| Path {
        periods,
        first_centre: window as f64 / 2.0,
        hop: HOP as f64,
        clarity,
    })
}

/// Autocorrelation of what varies, by lag, as a part of that at lag 0; each lag by as many products as it has.
fn autocorrelation(part: &[f32], longest: usize) -> Vec<f64> {
    let mean = part.iter().sum::<f32>() / part.len().max(1) as f32;
    let centred: Vec<f32> = part.iter().map(|value| value - mean).collect();
    let product = |lag: usize| -> f64 {
        let (Some(a), Some(b)) = (centred.get(..centred.len().saturating_sub(lag)), centred.get(lag..))
        else {
            return 0.0;
        };
        // Eight sums side by side: the compiler makes vector code of them.
        let mut sums = [0.0_f32; 8];
        for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += a * b;
            }
        }
        f64::from(sums.iter().sum::<f32>()) / a.len().max(1) as f64
    };
    let energy = product(0).max(1e-9);
    (0..=longest).map(|lag| if lag < part.len() * 3 / 4 { product(lag) / energy } else { 0.0 }).collect()
}

fn best_path(salience: &[Vec<f64>]) -> Vec<usize> {
    let Some(first) = salience.first() else { return Vec::new() };
    let mut scores = first.clone();
    let mut from: Vec<Vec<usize>> = Vec::with_capacity(salience.len());
    for row in &salience[1..] {
        let mut next = Vec::with_capacity(row.len());
        let mut origin = Vec::with_capacity(row.len());
        for (step, value) in row.iter().enumerate() {
            let mut choice = (f64::MIN, step);
            for (other, score) in scores.iter().enumerate() {
                let far = other.abs_diff(step);
                let cost = if far <= NEAR {
                    MOVE_COST * far as f64
                } else if far <= NEW_TEMPO {
                    JUMP_COST
                } else {
                    LEVEL_COST
                };
                if score - cost > choice.0 {
                    choice = (score - cost, other);
                }
            }
            next.push(choice.0 + value);
            origin.push(choice.1);
        }
        scores = next;
        from.push(origin);
    }
    let mut step = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
    let mut steps = vec![step];
    for origin in from.iter().rev() {
        step = origin[step];
        steps.push(step);
    }
    steps.reverse();
    steps
}
