//! How the tempo moves: the range of local tempo, and whether it stands still, drifts or breathes.
//!
//! Two measures, both free of unit. *Spread*: logarithm of the 95th over the 5th percentile of the tempo over sixteen beats
//! (four bars: what a listener calls the tempo there). *Unrest*: median deviation of the tempo over four beats from that
//! over the sixteen around them. A drift of any size, or a jump, moves both alike and has no unrest; players' jitter
//! averages out over four beats (12 ms at 120 bpm leave 0.6 %); expressive timing does not.

use fanfare_model::features::TempoStability;

/// Beats over which tempo is local, and over which it is smooth.
const LOCAL: usize = 4;
const SMOOTH: usize = 16;
/// Spread from which on the tempo moves: two per cent to either side, the least change of tempo that listeners notice
/// (C. Drake and M.-C. Botte, "Tempo sensitivity in auditory sequences", Perception & Psychophysics 54, 1993).
const DRIFTING: f64 = 0.04;
/// Unrest from which on it is rubato. Made signals: 0.2 to 0.6 % for 12 ms of jitter, up to 0.1 % for drifts and jumps; 1.2 to 3 %
/// when each beat is up to a tenth longer or shorter than the last. Played expressively, intervals vary by 10 % and more
/// (B. Repp, "Diversity and commonality in music performance", J. Acoust. Soc. Am. 92, 1992).
const RUBATO: f64 = 0.01;
/// An interval that differs by more than this factor from the median is a hole in the beats or a change of level, not tempo.
const HOLE: f64 = 1.6;

/// What is known of the tempo's movement.
pub(super) struct Steadiness {
    /// 5th and 95th percentile of the tempo over four beats, in bpm.
    pub(super) range_bpm: (f64, f64),
    pub(super) stability: TempoStability,
}

/// Looks at the beats' times; `None` when there are too few.
pub(super) fn judge(beats_s: &[f64]) -> Option<Steadiness> {
    let last = beats_s.len().checked_sub(1)?;
    let median = at_part(&mut beats_s.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>(), 0.5)?;
    let is_hole = |n: usize| {
        let ratio = (beats_s[n + 1] - beats_s[n]) / median;
        !(1.0 / HOLE..=HOLE).contains(&ratio)
    };
    // Holes up to each beat, so that spans with one are left out at once.
    let mut holes = vec![0_usize];
    for n in 0..last {
        holes.push(holes[n] + usize::from(is_hole(n)));
    }
    let mean = |from: usize, to: usize| {
        (to > from && holes[to] == holes[from]).then(|| (beats_s[to] - beats_s[from]) / (to - from) as f64)
    };
    let (mut local, mut smooth, mut unrest) = (Vec::new(), Vec::new(), Vec::new());
    for from in 0..=last.saturating_sub(LOCAL) {
        let Some(here) = mean(from, (from + LOCAL).min(last)) else { continue };
        local.push(here);
        let margin = (SMOOTH - LOCAL) / 2;
        let around = mean(from.saturating_sub(margin), (from + LOCAL + margin).min(last));
        if let Some(around) = around {
            smooth.push(around);
            unrest.push((here / around).ln().abs());
        }
    }
    let (fastest, slowest) = (at_part(&mut local, 0.05)?, at_part(&mut local, 0.95)?);
    let unrest = at_part(&mut unrest, 0.5).unwrap_or(0.0);
    let spread = match (at_part(&mut smooth, 0.05), at_part(&mut smooth, 0.95)) {
        (Some(short), Some(long)) => (long / short).ln(),
        _ => 0.0,
    };
    let stability = match () {
        () if unrest >= RUBATO => TempoStability::Rubato,
        () if spread >= DRIFTING => TempoStability::Drifting,
        () => TempoStability::Steady,
    };
    Some(Steadiness { range_bpm: (60.0 / slowest, 60.0 / fastest), stability })
}

/// The value below which that part of the values lies; `None` unless it is above zero.
fn at_part(values: &mut [f64], part: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let index = (part * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(index).copied().filter(|value| *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(count: usize, interval: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut at = 0.0;
        (0..count)
            .map(|n| {
                let here = at;
                at += interval(n);
                here
            })
            .collect()
    }

    #[test]
    fn movement_is_told_by_name() {
        use TempoStability::{Drifting, Rubato, Steady};
        let breath = |n: usize| 0.5 * (1.0 + 0.12 * (n as f64 * 0.7).sin());
        for (name, times, stability, (low, high)) in [
            ("constant", beats(120, |_| 0.5), Steady, (120.0, 120.0)),
            ("three per cent in all", beats(120, |n| 0.5 - 0.015 * n as f64 / 120.0), Steady, (120.0, 123.7)),
            (
                "a drift of ten per cent",
                beats(120, |n| 0.5 / (1.0 + 0.1 * n as f64 / 120.0)),
                Drifting,
                (120.6, 131.3),
            ),
            ("a jump", beats(120, |n| if n < 60 { 0.5 } else { 0.4 }), Drifting, (120.0, 150.0)),
            ("breathing", beats(120, breath), Rubato, (110.8, 131.3)),
            ("a pause", beats(120, |n| if n == 60 { 9.0 } else { 0.5 }), Steady, (120.0, 120.0)),
            ("few beats", beats(6, |_| 0.5), Steady, (120.0, 120.0)),
        ] {
            let found = judge(&times).unwrap_or_else(|| panic!("{name}: nothing"));
            assert_eq!(found.stability, stability, "{name}");
            let (slowest, fastest) = found.range_bpm;
            assert!(
                (slowest - low).abs() < 1.0 && (fastest - high).abs() < 1.0,
                "{name}: {slowest} to {fastest}"
            );
        }
        assert!(judge(&[]).is_none() && judge(&[1.0]).is_none() && judge(&[1.0, 1.0]).is_none());
    }
}
