//! Beats and bars on a lane, and the local tempo where it moves.
//!
//! Vocabulary: *level of detail*: what stands closer together than [`CLOSEST`] is not drawn; then every 2nd, 4th, ... bar is.

use std::fmt::Write as _;

use fanfare_model::features::{Rhythm, TempoStability};

use super::{
    scale::{Scale, round_step, ticks},
    style::{LEFT, RIGHT},
    svg::{Num, Path},
    words,
};

/// Height of the lane.
pub const LANE_HEIGHT: f64 = 32.0;
/// Height of the tempo panel.
pub const TEMPO_HEIGHT: f64 = 74.0;
/// Least distance of two ticks, in user units.
const CLOSEST: f64 = 3.0;
/// Least distance of two bar numbers.
const NUMBERS_APART: f64 = 52.0;
/// Beats on each side of the one whose local tempo is taken (the median over them).
const AROUND: usize = 4;
/// Least number of beats for a tempo curve.
const FEWEST: usize = 16;
/// The tempo axis covers at least this share of the tempo in both directions.
const LEAST_SWING: f64 = 0.04;

/// The times that are on the sheet, in order, no two the same.
fn in_order(times_s: &[f64], end_s: f64) -> Vec<f64> {
    let mut times: Vec<f64> = times_s.iter().copied().filter(|time| (0.0..=end_s).contains(time)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// Every how many of them can be drawn that far apart: a power of two.
fn every(times: &[f64], time: &Scale, apart: f64) -> usize {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return 1 };
    let spacing = (time.at(*last) - time.at(*first)) / (times.len().saturating_sub(1).max(1)) as f64;
    let mut every = 1;
    while times.len() > 1 && spacing * (every as f64) < apart && every < times.len() {
        every *= 2;
    }
    every
}

/// Draws the lane with its top at `top`, and the numbered bars as hairlines through `above` (top and bottom of a panel).
pub fn draw(svg: &mut String, rhythm: &Rhythm, time: &Scale, above: (f64, f64), top: f64) {
    let beats = in_order(&rhythm.beats_s, time.end());
    let bars = in_order(&rhythm.downbeats_s, time.end());
    let label = |svg: &mut String, text: &str| {
        let _ = write!(
            svg,
            r#"<text class="tiny soft end" x="{}" y="{}">{text}</text>"#,
            Num(LEFT - 10.0),
            Num(top + 9.0)
        );
    };
    if beats.is_empty() && bars.is_empty() {
        label(svg, "beats");
        let _ = write!(
            svg,
            r#"<text class="tiny soft" x="{}" y="{}">no steady beat</text>"#,
            Num(LEFT),
            Num(top + 9.0)
        );
        return;
    }
    label(svg, if bars.is_empty() { "beats" } else { "bars" });
    if every(&beats, time, CLOSEST) == 1 {
        let mut ticks = Path::default();
        for beat in &beats {
            ticks.stroke(time.at(*beat), top, 6.0);
        }
        let _ = write!(svg, r#"<path class="beat" d="{}"/>"#, ticks.as_str());
    }
    let mut strong = Path::default();
    for bar in bars.iter().step_by(every(&bars, time, CLOSEST)) {
        strong.stroke(time.at(*bar), top, 12.0);
    }
    let _ = write!(svg, r#"<path class="down" d="{}"/>"#, strong.as_str());
    numbers(svg, &bars, time, above, top);
}

/// Bar numbers every few bars, with a hairline through the panel above.
fn numbers(svg: &mut String, bars: &[f64], time: &Scale, above: (f64, f64), top: f64) {
    let mut lines = Path::default();
    let mut last = f64::MIN;
    for (index, bar) in bars.iter().enumerate().step_by(every(bars, time, NUMBERS_APART)) {
        let x = time.at(*bar);
        // Where bars are shorter than elsewhere, a number would stand on the one before.
        if x - last < NUMBERS_APART / 2.0 {
            continue;
        }
        last = x;
        lines.stroke(x, above.0, above.1 - above.0);
        let _ = write!(
            svg,
            r#"<text class="tiny soft mid" x="{}" y="{}">{}</text>"#,
            Num(x),
            Num(top + 23.0),
            index + 1
        );
    }
    let _ = write!(svg, r#"<path class="bar" d="{}"/>"#, lines.as_str());
}

/// Whether the tempo moves enough for a curve of its own.
pub fn moves(rhythm: &Rhythm) -> bool {
    let asked = match rhythm.tempo_stability {
        Some(TempoStability::Steady) => false,
        Some(TempoStability::Drifting | TempoStability::Rubato) => true,
        None => {
            rhythm.tempo_range_bpm.is_some_and(|(slowest, fastest)| fastest.0 - slowest.0 > 0.04 * slowest.0)
        }
    };
    asked && rhythm.tempo_bpm.is_some() && rhythm.beats_s.len() >= FEWEST
}

/// Draws the local tempo with its top at `top`; only where [`moves`].
pub fn draw_tempo(svg: &mut String, rhythm: &Rhythm, time: &Scale, top: f64) {
    let Some(tempo) = rhythm.tempo_bpm.map(|tempo| tempo.0).filter(|tempo| (1.0..=2000.0).contains(tempo))
    else {
        return;
    };
    let curve = local_tempo(&in_order(&rhythm.beats_s, time.end()));
    let (mut low, mut high) = (tempo * (1.0 - LEAST_SWING), tempo * (1.0 + LEAST_SWING));
    if let Some((slowest, fastest)) = rhythm.tempo_range_bpm {
        // A beat that was missed makes half the tempo: the axis follows the music, not the mistake.
        low = low.min(slowest.0.max(tempo / 2.0));
        high = high.max(fastest.0.min(tempo * 2.0));
    }
    let margin = (high - low) * 0.12;
    let (low, high) = (low - margin, high + margin);
    let y = Scale::new((low, high), (top + TEMPO_HEIGHT, top));
    for tick in ticks(low, high, round_step(high - low, 4)) {
        let place = y.at(tick);
        let _ = write!(svg, r#"<path class="grid" d="M{} {}H{}"/>"#, Num(LEFT), Num(place), Num(RIGHT));
        let _ = write!(
            svg,
            r#"<text class="tiny soft end" x="{}" y="{}">{}</text>"#,
            Num(LEFT - 10.0),
            Num(place + 3.5),
            words::tempo(tick)
        );
    }
    let mean = Num(y.within(tempo));
    let _ = write!(svg, r#"<path class="mean" d="M{} {mean}H{}"/>"#, Num(LEFT), Num(RIGHT));
    let mut path = Path::default();
    let mut last = f64::MIN;
    for (at_s, bpm) in curve {
        let x = time.at(at_s);
        if path.is_empty() {
            path.start(x, y.within(bpm));
        } else if x - last < 1.5 {
            continue;
        } else {
            path.line(x, y.within(bpm));
        }
        last = x;
    }
    let _ = write!(svg, r#"<path class="tempo" d="{}"/>"#, path.as_str());
}

/// The tempo around each beat: from the median distance of neighbouring beats, so that one missed beat changes nothing.
fn local_tempo(beats: &[f64]) -> Vec<(f64, f64)> {
    let distances: Vec<f64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
    (0..beats.len())
        .filter_map(|beat| {
            let around = &distances[beat.saturating_sub(AROUND)..(beat + AROUND).min(distances.len())];
            let mut around = around.to_vec();
            around.sort_by(f64::total_cmp);
            let middle =
                f64::midpoint(*around.get(around.len().wrapping_sub(1) / 2)?, *around.get(around.len() / 2)?);
            (middle > 0.0).then(|| (beats[beat], 60.0 / middle))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_beat_does_not_bend_the_tempo() {
        let mut beats: Vec<f64> = (0..40).map(|beat| f64::from(beat) * 0.5).collect();
        beats.remove(20);
        assert!(local_tempo(&beats).iter().all(|(_, bpm)| (bpm - 120.0).abs() < 1e-9));
        assert!(local_tempo(&[]).is_empty() && local_tempo(&[1.0]).is_empty());
    }

    #[test]
    fn three_hours_of_beats_stay_few_ticks() {
        let beats_s: Vec<f64> = (0..36_000).map(|beat| f64::from(beat) * 0.3).collect();
        let rhythm = Rhythm {
            downbeats_s: beats_s.iter().copied().step_by(4).collect(),
            beats_s,
            ..Rhythm::default()
        };
        let mut svg = String::new();
        draw(&mut svg, &rhythm, &Scale::new((0.0, 10_800.0), (LEFT, RIGHT)), (0.0, 9.0), 20.0);
        assert!(svg.len() < 20_000, "{}", svg.len());
        assert!(!svg.contains("class=\"beat\""), "beats closer than {CLOSEST} are a grey bar, not ticks");
        assert!(svg.matches("<text").count() <= 24);
    }
}
