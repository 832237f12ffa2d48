//! Which level is the beat, and where the bar begins: hypotheses judged by how music goes.

use super::{
    beats,
    onset::FRAME_RATE_HZ,
    pulse::Path,
    scene::{ALL, BASS, BODY, HARMONY, HIGH, LOW, SNARE, Scene},
};

/// Levels tried, as multiples of the path's period.
const RATIOS: [f64; 10] = [0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 1.0, 4.0 / 3.0, 1.5, 2.0, 3.0, 4.0];
/// Beats outside of this range of tempo are not called beats, in bpm.
pub(super) const SLOWEST_BPM: f64 = 48.0;
pub(super) const FASTEST_BPM: f64 = 220.0;
/// Phases tried, as parts of a beat: quarters, and thirds for swung and compound time.
const PHASES: [f64; 6] = [0.0, 0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.75];
/// How many cues a hypothesis is judged by.
pub(super) const CUES: usize = 26;

/// One level with one phase.
pub(super) struct Grid {
    pub(super) beats: Vec<f64>,
    pub(super) bpm: f64,
}

/// A grid with bars on it.
pub(super) struct Hypothesis {
    pub(super) grid: usize,
    pub(super) meter: usize,
    /// Index of the first downbeat among the beats.
    pub(super) first: usize,
    pub(super) cues: [f64; CUES],
}

/// All grids worth judging.
pub(super) fn grids(scene: &Scene, path: &Path, freedom: usize) -> Vec<Grid> {
    let mut grids = Vec::new();
    for ratio in RATIOS {
        let rough = 60.0 * FRAME_RATE_HZ / (ratio * path.median());
        if !(0.8 * SLOWEST_BPM..=1.25 * FASTEST_BPM).contains(&rough) {
            continue;
        }
        let smooth = beats::at_level(&scene.strength, path, ratio, freedom);
        if smooth.len() < 8 {
            continue;
        }
        // Of the beats, not of the path: where that changes its level half-way, beats need not.
        let mut intervals: Vec<f64> = smooth.windows(5).map(|five| (five[4] - five[0]) / 4.0).collect();
        intervals.sort_by(f64::total_cmp);
        let bpm = 60.0 * FRAME_RATE_HZ / intervals[intervals.len() / 2].max(1.0);
        if !(SLOWEST_BPM..=FASTEST_BPM).contains(&bpm) {
            continue;
        }
        for phase in PHASES {
            let beats = if phase == 0.0 { smooth.clone() } else { beats::shifted(&smooth, phase) };
            grids.push(Grid { beats, bpm });
        }
    }
    grids
}

/// Means of a layer over the places of a bar.
struct Places {
    on: Vec<f64>,
    half: f64,
}

/// What a grid sounds like, beat by beat.
struct Read {
    /// Layers at each beat and half-way to the next.
    on: Vec<[f64; 7]>,
    half: Vec<[f64; 7]>,
    /// Mean likeness of beats that many beats apart.
    likeness: [f64; 9],
}

fn read(scene: &Scene, beats: &[f64]) -> Read {
    let layers = |at: f64| -> [f64; 7] { std::array::from_fn(|layer| scene.at(layer, at)) };
    let gap =
        |n: usize| if n + 1 < beats.len() { beats[n + 1] - beats[n] } else { beats[n] - beats[n.max(1) - 1] };
    let on: Vec<[f64; 7]> = beats.iter().map(|at| layers(*at)).collect();
    let half: Vec<[f64; 7]> = (0..beats.len()).map(|n| layers(beats[n] + 0.5 * gap(n))).collect();
    // The figure of a beat: four layers at six places.
    let mut figures: Vec<[f32; 24]> = (0..beats.len())
        .map(|n| {
            std::array::from_fn(|i| {
                let place = [0.0, 0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.75][i / 4];
                let layer = [LOW, SNARE, HIGH, BODY][i % 4];
                scene.at(layer, beats[n] + place * gap(n)) as f32
            })
        })
        .collect();
    let mut mean = [0.0_f32; 24];
    for figure in &figures {
        for (mean, value) in mean.iter_mut().zip(figure) {
            *mean += value / figures.len() as f32;
        }
    }
    for figure in &mut figures {
        figure.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        let norm = figure.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
        figure.iter_mut().for_each(|value| *value /= norm);
    }
    let likeness = std::array::from_fn(|lag| {
        if lag == 0 || figures.len() <= lag {
            return 0.0;
        }
        let sum: f32 = figures
            .iter()
            .zip(&figures[lag..])
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>())
            .sum();
        f64::from(sum) / (figures.len() - lag) as f64
    });
    Read { on, half, likeness }
}

/// Every hypothesis over these grids, with its cues.
pub(super) fn hypotheses(scene: &Scene, grids: &[Grid]) -> Vec<Hypothesis> {
    let mut all = Vec::new();
    for (index, grid) in grids.iter().enumerate() {
        let read = read(scene, &grid.beats);
        let span = grid.beats.last().copied().unwrap_or(0.0) - grid.beats.first().copied().unwrap_or(0.0);
        let inside = scene
            .onsets
            .iter()
            .filter(|n| {
                let at = **n as f64;
                at >= grid.beats[0] - 3.0 && at <= grid.beats[0] + span + 3.0
            })
            .count();
        let per_beat = inside as f64 / grid.beats.len().max(1) as f64;
        for meter in [3, 4] {
            for first in 0..meter {
                all.push(Hypothesis {
                    grid: index,
                    meter,
                    first,
                    cues: cues(&read, meter, first, grid.bpm, per_beat),
                });
            }
        }
    }
    all
}

/// Weights of the cues, in their order: logarithms of odds. Their signs are as theory has them: strong beats bear onsets, kicks
/// and changes of chord and bass (F. Lerdahl and R. Jackendoff, "A Generative Theory of Tonal Music", 1983, metrical preference rules 3, 5
/// and 6; D. Temperley, "The Cognition of Basic Musical Structures", 2001, chapter 2); snares fall on weak beats; a beat holds a few
/// onsets. Their sizes began as a logistic regression over 120 composed pieces and were then gone over by hand with the recordings of
/// docs/recorded-music.md. No single one decides: changing any one by a third turns one piece of 120 at most.
/// Set by hand: the preferred tempo (standard deviation 0.41 octaves about 110 bpm, after the resonance near half a second of
/// L. van Noorden and D. Moelants, "Resonance in the Perception of Musical Pulse", J. New Music Research 28, 1999), the kick on one, and no
/// weight on bass between beats (syncopated bass is as common as straight).
const WEIGHTS: [f64; CUES] = [
    0.7, 0.72, 0.0, 0.45, 0.24, 2.62, -3.43, -1.55, 1.81, -1.68, -1.76, 0.6, -0.29, 0.3, 0.5, -0.85, 0.5,
    0.75, 0.29, -0.28, 0.24, 1.98, 0.33, -3.0, -1.08, -0.37,
];

fn cues(read: &Read, meter: usize, first: usize, bpm: f64, per_beat: f64) -> [f64; CUES] {
    let places = |layer: usize| -> Places {
        let mut sums = vec![(0.0, 0.0); meter];
        for (n, row) in read.on.iter().enumerate() {
            let place = (n + meter - first) % meter;
            sums[place].0 += row[layer];
            sums[place].1 += 1.0;
        }
        let half = read.half.iter().map(|row| row[layer]).sum::<f64>() / read.half.len().max(1) as f64;
        Places { on: sums.iter().map(|(sum, count)| sum / f64::max(*count, 1.0)).collect(), half }
    };
    let mean = |places: &Places| places.on.iter().sum::<f64>() / places.on.len() as f64;
    let rest = |places: &Places| places.on[1..].iter().sum::<f64>() / (places.on.len() - 1) as f64;
    let odd = |places: &Places| (places.on[1] + places.on[places.on.len() - 1]) / 2.0;
    let (all, low, snare, high) = (places(ALL), places(LOW), places(SNARE), places(HIGH));
    let (harmony, bass) = (places(HARMONY), places(BASS));
    let four = meter == 4;
    let in_four = |value: f64| if four { value } else { 0.0 };
    let in_three = |value: f64| if four { 0.0 } else { value };
    let slow = (bpm / 110.0).log2();
    let busy = per_beat.max(0.1).log2();
    let like = |lag: usize| read.likeness[lag];
    [
        // Beats are where things happen, more than half-way between them.
        mean(&all) - 1.0,
        mean(&low) - 1.0,
        low.half - 1.0,
        mean(&snare) - 1.0,
        mean(&high) - high.half,
        // Harmony and bass change on the downbeat, less on other beats, least between beats.
        harmony.on[0] - 1.0,
        rest(&harmony) - 1.0,
        harmony.half - 1.0,
        bass.on[0] - 1.0,
        rest(&bass) - 1.0,
        bass.half - 1.0,
        // Four in a bar: kick on one, snare on two and four, or a lone snare on three (half time, one drop).
        in_four(low.on[0] - odd(&low)),
        in_four(odd(&snare) - snare.on[0]),
        in_four(odd(&snare) - snare.on[2]),
        in_four(f64::max(snare.on[2] - f64::max(snare.on[0], odd(&snare)), 0.0)),
        in_four(harmony.on[2] - odd(&harmony)),
        in_four(f64::max(snare.on[1].min(snare.on[meter - 1]) - f64::max(snare.on[0], snare.on[2]), 0.0)),
        // Three in a bar: low on one, light on two and three. Rarer than four.
        in_three(low.on[0] - rest(&low)),
        in_three(rest(&snare) - snare.on[0]),
        in_three(1.0),
        // Figures come back after a bar.
        in_four(like(4) - like(3)) + in_three(like(3) - like(4)),
        like(1),
        like(meter) - like(1),
        // Tempo near 110, and how busy a beat is.
        slow * slow,
        busy,
        busy * busy,
    ]
}

/// The hypothesis that music speaks for.
pub(super) struct Verdict {
    pub(super) meter: usize,
    pub(super) first: usize,
    pub(super) beats: Vec<f64>,
    /// Each level's tempo in bpm and its probability among all hypotheses, the most probable first: that of these beats.
    pub(super) tempi: Vec<(f64, f64)>,
}

/// Judges all hypotheses; `None` when there is none.
pub(super) fn judge(scene: &Scene, path: Path) -> Option<Verdict> {
    let (freedom, path) = beats::settle(&scene.strength, path);
    let grids = grids(scene, &path, freedom);
    let all = hypotheses(scene, &grids);
    let score = |h: &Hypothesis| h.cues.iter().zip(WEIGHTS).map(|(cue, weight)| cue * weight).sum::<f64>();
    let scores: Vec<f64> = all.iter().map(score).collect();
    let highest = scores.iter().copied().max_by(f64::total_cmp)?;
    let mut tempi: Vec<(f64, f64)> = Vec::new();
    let mut total = 0.0;
    for (hypothesis, score) in all.iter().zip(&scores) {
        let odds = (score - highest).exp();
        let bpm = grids[hypothesis.grid].bpm;
        total += odds;
        match tempi.iter_mut().find(|(tempo, _)| *tempo == bpm) {
            Some((_, sum)) => *sum += odds,
            None => tempi.push((bpm, odds)),
        }
    }
    tempi.iter_mut().for_each(|(_, sum)| *sum /= total);
    // The most probable tempo, whatever its bars; then the best bars that it has.
    tempi.sort_by(|a, b| b.1.total_cmp(&a.1));
    let tempo = tempi[0].0;
    let best = (0..all.len())
        .filter(|n| grids[all[*n].grid].bpm == tempo)
        .max_by(|a, b| scores[*a].total_cmp(&scores[*b]))?;
    let Hypothesis { grid, meter, first, .. } = all[best];
    Some(Verdict { meter, first, beats: grids[grid].beats.clone(), tempi })
}
