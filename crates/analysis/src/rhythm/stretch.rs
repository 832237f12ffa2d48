//! The beat of one stretch of a track, and what all stretches come to.

use fanfare_model::{
    Bpm,
    features::{Rhythm, TempoCandidate},
};

use super::{bars, metre, onset::FRAME_RATE_HZ, pulse, scene::Scene, steadiness};

/// Fewer onsets make no beat.
const FEWEST_ONSETS: usize = 6;
/// Fewer beats make no tempo.
const FEWEST_BEATS: usize = 5;
/// Autocorrelation at the pulse below which there is none (noise, rain, speech and a freely played organ stay under 0.23, composed
/// and recorded music with a beat over 0.25), and from which on it is plain.
const LEAST_CLARITY: f64 = 0.24;
const CLEAR: f64 = 0.5;
/// Tempi closer than this are one, as in the tempo scores of MIREX.
const SAME_TEMPO: f64 = 0.04;
/// Candidates less probable than this are left out, and so are those after the first five.
const LEAST_PROBABLE: f64 = 0.02;
const MOST_CANDIDATES: usize = 5;
/// By how much beats are late, in seconds: half-way between clicks (early by 3 ms) and struck notes (late by 9 ms).
const LATENCY_S: f64 = 0.003;

/// A stretch's beat with everything about it; positions in frames from the stretch's beginning.
struct Pulse {
    confidence: f64,
    /// Levels in bpm with their probability, the chosen one first.
    tempi: Vec<(f64, f64)>,
    meter: usize,
    beats: Vec<f64>,
    /// Indices of beats.
    downbeats: Vec<usize>,
}

/// The beat, if there is one.
fn found(scene: &Scene) -> Option<Pulse> {
    if scene.onsets.len() < FEWEST_ONSETS {
        return None;
    }
    let path = pulse::path(&scene.strength)?;
    if path.clarity < LEAST_CLARITY {
        return None;
    }
    let clarity = path.clarity;
    let verdict = metre::judge(scene, path)?;
    let mut beats = verdict.beats;
    let downbeats = bars::downbeats(scene, &beats, verdict.meter, verdict.first);
    // Beats go on to the end of the bar in which the last onset falls, not through the silence after it.
    let last_onset = *scene.onsets.last()? as f64 + 4.0;
    let sounding = beats.iter().filter(|beat| **beat <= last_onset).count();
    let end = downbeats.iter().copied().find(|downbeat| *downbeat >= sounding).unwrap_or(beats.len());
    beats.truncate(end);
    if beats.len() < FEWEST_BEATS {
        return None;
    }
    let downbeats = downbeats.into_iter().filter(|n| *n < beats.len()).collect();
    let confidence = verdict.tempi[0].1 * (clarity / CLEAR).min(1.0);
    Some(Pulse { confidence, tempi: verdict.tempi, meter: verdict.meter, beats, downbeats })
}

/// What the stretches so far come to.
#[derive(Default)]
pub(super) struct Whole {
    frames: usize,
    onsets: usize,
    /// Confidence times frames.
    confidence: f64,
    /// Tempi in bpm that differ by more than [`SAME_TEMPO`], with probability times frames.
    tempi: Vec<(f64, f64)>,
    beats_s: Vec<f64>,
    downbeats_s: Vec<f64>,
    /// Periods over spans of four beats, in frames.
    periods: Vec<f32>,
    /// Beats in bars of three and in bars of four.
    threes: usize,
    fours: usize,
}

impl Whole {
    /// Adds the next stretch.
    pub(super) fn add(&mut self, scene: &Scene) {
        let start = self.frames as f64;
        self.frames += scene.strength.len();
        self.onsets += scene.onsets.len();
        let Some(pulse) = found(scene) else { return };
        let weight = scene.strength.len() as f64;
        self.confidence += pulse.confidence * weight;
        for (bpm, probability) in pulse.tempi {
            match self.tempi.iter_mut().find(|(known, _)| is_same_tempo(*known, bpm)) {
                Some((_, sum)) => *sum += probability * weight,
                None => self.tempi.push((bpm, probability * weight)),
            }
        }
        match pulse.meter {
            3 => self.threes += pulse.beats.len(),
            _ => self.fours += pulse.beats.len(),
        }
        // Spans of four beats: jitter averages out, drift does not.
        let span = 4.min(pulse.beats.len() - 1);
        self.periods.extend(
            pulse.beats.iter().zip(&pulse.beats[span..]).map(|(from, to)| ((to - from) / span as f64) as f32),
        );
        let seconds: Vec<f64> =
            pulse.beats.iter().map(|beat| ((start + beat) / FRAME_RATE_HZ - LATENCY_S).max(0.0)).collect();
        // Where two stretches meet, the beats of the first go on: one that comes too soon after them is not a beat.
        let soonest = match self.beats_s.last() {
            Some(last) => last + 0.6 * (seconds[1] - seconds[0]),
            None => 0.0,
        };
        self.downbeats_s.extend(pulse.downbeats.iter().map(|n| seconds[*n]).filter(|at| *at >= soonest));
        self.beats_s.extend(seconds.into_iter().filter(|at| *at >= soonest));
    }

    /// Writes down what was found; whether there is a beat.
    pub(super) fn summary(&mut self, rhythm: &mut Rhythm, duration_s: f64) -> bool {
        rhythm.onset_rate_hz = Some(self.onsets as f64 / duration_s);
        self.periods.sort_by(f32::total_cmp);
        let Some(period) = self.periods.get(self.periods.len() / 2).filter(|period| **period > 0.0) else {
            return false;
        };
        let tempo = 60.0 * FRAME_RATE_HZ / f64::from(*period);
        rhythm.tempo_bpm = Some(Bpm(tempo));
        rhythm.tempo_candidates = candidates(&self.tempi, tempo);
        rhythm.tempo_confidence = Some(self.confidence / self.frames.max(1) as f64);
        rhythm.beats_per_bar = Some(if self.threes > self.fours { 3 } else { 4 });
        if let Some(steadiness) = steadiness::judge(&self.beats_s) {
            let (slowest, fastest) = steadiness.range_bpm;
            rhythm.tempo_range_bpm = Some((Bpm(slowest), Bpm(fastest)));
            rhythm.tempo_stability = Some(steadiness.stability);
        }
        rhythm.beats_s = std::mem::take(&mut self.beats_s);
        rhythm.downbeats_s = std::mem::take(&mut self.downbeats_s);
        true
    }
}

fn is_same_tempo(one: f64, other: f64) -> bool {
    (one / other - 1.0).abs() <= SAME_TEMPO
}

/// The tempi with their share of all, that which is nearest to the answer first and exactly so; the others keep their ratios to it.
fn candidates(tempi: &[(f64, f64)], answer: f64) -> Vec<TempoCandidate> {
    let far = |bpm: f64| (bpm / answer).ln().abs();
    let mut sorted = tempi.to_vec();
    let Some(chosen) = (0..sorted.len()).min_by(|a, b| far(sorted[*a].0).total_cmp(&far(sorted[*b].0)))
    else {
        return Vec::new();
    };
    sorted.swap(0, chosen);
    let total: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    let scale = answer / sorted[0].0;
    sorted[1..].sort_by(|a, b| b.1.total_cmp(&a.1));
    sorted.truncate(MOST_CANDIDATES);
    let first = sorted[0];
    sorted.retain(|tempo| *tempo == first || tempo.1 >= LEAST_PROBABLE * total);
    let kept: f64 = sorted.iter().map(|(_, weight)| weight).sum::<f64>().max(f64::MIN_POSITIVE);
    sorted
        .into_iter()
        .map(|(bpm, weight)| {
            // The answer itself must not come back changed by rounding.
            let tempo = if bpm == first.0 { answer } else { bpm * scale };
            TempoCandidate { tempo_bpm: Bpm(tempo), confidence: weight / kept }
        })
        .collect()
}
