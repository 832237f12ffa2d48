//! Beats at one metrical level: dynamic programming along the path, then refinement and smoothing.
//!
//! D. Ellis, "Beat Tracking by Dynamic Programming", J. New Music Research 36 (2007), with the period free to follow the
//! tempogram's path.

use super::pulse::Path;

/// How freely beats may leave the path's period, as the standard deviation of the logarithm of an interval: a band to its drummer,
/// players who breathe together, a soloist. The cost of a deviation is that of a Gaussian; Ellis has one value between the last two.
pub(super) const FREEDOMS: [f64; 3] = [0.016, 0.032, 0.064];
/// Half width in beats of the window in which beats are smoothed, for each of [`FREEDOMS`].
const SMOOTHING: [usize; 3] = [3, 2, 1];

/// Which of [`FREEDOMS`] the music asks for: the one under which it is most probable, a unit of onset strength taken for a
/// factor of e. Freedom is paid for by the width of its Gaussian, so a beat that can be kept strictly is.
fn freedom(strength: &[f32], path: &Path) -> usize {
    let evidence = FREEDOMS.map(|freedom| {
        let (beats, score) = track(strength, path, 1.0, freedom);
        score / beats.len().max(1) as f64 - freedom.ln()
    });
    (0..FREEDOMS.len()).max_by(|a, b| evidence[*a].total_cmp(&evidence[*b])).unwrap_or(0)
}

/// The freedom that the music asks for, and the path it then takes: one that only free beats can follow is gone over once more,
/// now that they have shown where it leads.
pub(super) fn settle(strength: &[f32], path: Path) -> (usize, Path) {
    let first = freedom(strength, &path);
    if first == 0 {
        return (first, path);
    }
    let walked = path.walked(&track(strength, &path, 1.0, FREEDOMS[first]).0);
    (freedom(strength, &walked).max(1), walked)
}

/// The smoothed beats at one level.
pub(super) fn at_level(strength: &[f32], path: &Path, ratio: f64, freedom: usize) -> Vec<f64> {
    let (beats, _) = track(strength, path, ratio, FREEDOMS[freedom]);
    smoothed(strength, &beats, SMOOTHING[freedom])
}

/// Beats (positions in frames) that lie on onsets and keep `ratio` times the path's period, and their score: the onset strength
/// on them less the cost of their intervals.
fn track(strength: &[f32], path: &Path, ratio: f64, freedom: f64) -> (Vec<f64>, f64) {
    let tightness = 0.5 / (freedom * freedom);
    let frames = strength.len();
    let mut scores = vec![0.0_f64; frames];
    let mut from = vec![u32::MAX; frames];
    let mut costs: (f64, Vec<f64>, usize) = (0.0, Vec::new(), 0);
    for n in 0..frames {
        let period = (ratio * path.period(n as f64)).max(4.0);
        if (period - costs.0).abs() > 0.05 {
            let shortest = (0.75 * period).floor() as usize;
            let longest = (1.33 * period).ceil() as usize;
            let table =
                (shortest..=longest).map(|lag| tightness * (lag as f64 / period).ln().powi(2)).collect();
            costs = (period, table, shortest);
        }
        let mut best = (0.0, u32::MAX);
        for (i, cost) in costs.1.iter().enumerate() {
            let Some(before) = n.checked_sub(costs.2 + i) else { break };
            let score = scores[before] - cost;
            if score > best.0 {
                best = (score, before as u32);
            }
        }
        scores[n] = best.0 + f64::from(strength[n]);
        from[n] = best.1;
    }
    let last_period = (ratio * path.period(frames as f64)).max(4.0);
    let tail = frames.saturating_sub(last_period.ceil() as usize);
    let Some(mut at) = (tail..frames).max_by(|a, b| scores[*a].total_cmp(&scores[*b])) else {
        return (Vec::new(), 0.0);
    };
    let score = scores[at];
    let mut beats = vec![at as f64];
    while from[at] != u32::MAX {
        at = from[at] as usize;
        beats.push(at as f64);
    }
    beats.reverse();
    (beats, score)
}

/// Puts beats onto the onsets next to them, then smooths them: each becomes the value at its place of a line through its
/// neighbours, onsets weighing by their strength. Players jitter, the pulse does not.
fn smoothed(strength: &[f32], beats: &[f64], half: usize) -> Vec<f64> {
    if beats.len() < 4 {
        return beats.to_vec();
    }
    let observed: Vec<(f64, f64)> = beats.iter().map(|beat| nearest_onset(strength, *beat)).collect();
    (0..beats.len())
        .map(|n| {
            let (from, to) = (n.saturating_sub(half), (n + half + 1).min(beats.len()));
            let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (k, (position, strength)) in observed.iter().enumerate().take(to).skip(from) {
                let x = k as f64 - n as f64;
                // A raised cosine over the window: near neighbours count more.
                let weight =
                    (strength + 0.05) * (0.5 + 0.5 * (std::f64::consts::PI * x / (half + 1) as f64).cos());
                w += weight;
                wx += weight * x;
                wy += weight * position;
                wxx += weight * x * x;
                wxy += weight * x * position;
            }
            let determinant = w * wxx - wx * wx;
            if determinant.abs() < 1e-9 { observed[n].0 } else { (wxx * wy - wx * wxy) / determinant }
        })
        .collect()
}

/// The onset's centre within 3 frames of a position, and its strength; the position itself when there is none.
fn nearest_onset(strength: &[f32], position: f64) -> (f64, f64) {
    let centre = position.round().max(0.0) as usize;
    let (from, to) = (centre.saturating_sub(3), (centre + 4).min(strength.len()));
    let Some(peak) = (from..to).max_by(|a, b| strength[*a].total_cmp(&strength[*b])) else {
        return (position, 0.0);
    };
    let height = f64::from(strength[peak]);
    if height < 0.2 || peak == 0 || peak + 1 >= strength.len() {
        return (position, 0.0);
    }
    let (a, c) = (f64::from(strength[peak - 1]), f64::from(strength[peak + 1]));
    let bend = a - 2.0 * height + c;
    let offset = if bend < -1e-9 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    (peak as f64 + offset, height.min(3.0))
}

/// The same pulse, shifted by a part of a beat.
pub(super) fn shifted(beats: &[f64], part: f64) -> Vec<f64> {
    let mut out = Vec::with_capacity(beats.len() + 1);
    if let [first, second, ..] = beats {
        let before = first - (1.0 - part) * (second - first);
        if before >= 0.0 {
            out.push(before);
        }
    }
    out.extend(beats.windows(2).map(|pair| pair[0] + part * (pair[1] - pair[0])));
    out
}
