//! The beat of one stretch of a track, and what all stretches come to.

use fanfare_model::{Bpm, features::Rhythm};

use super::{bars, metre, onset::FRAME_RATE_HZ, pulse, scene::Scene};

/// Fewer onsets make no beat.
const FEWEST_ONSETS: usize = 6;
/// Fewer beats make no tempo.
const FEWEST_BEATS: usize = 5;
/// Autocorrelation at the pulse below which there is none (noise and rain stay under it, composed music over 0.27), and from
/// which on it is plain.
const LEAST_CLARITY: f64 = 0.2;
const CLEAR: f64 = 0.5;
/// By how much beats are late, in seconds: half-way between clicks (early by 3 ms) and struck notes (late by 9 ms).
const LATENCY_S: f64 = 0.003;

/// A stretch's beat with everything about it; positions in frames from the stretch's beginning.
struct Pulse {
    confidence: f64,
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
    let verdict = metre::judge(scene, &path)?;
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
    let confidence = verdict.confidence * (path.clarity / CLEAR).min(1.0);
    Some(Pulse { confidence, meter: verdict.meter, beats, downbeats })
}

/// What the stretches so far come to.
#[derive(Default)]
pub(super) struct Whole {
    frames: usize,
    onsets: usize,
    /// Confidence times frames.
    confidence: f64,
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
        self.confidence += pulse.confidence * scene.strength.len() as f64;
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
        rhythm.tempo_bpm = Some(Bpm(60.0 * FRAME_RATE_HZ / f64::from(*period)));
        rhythm.tempo_confidence = Some(self.confidence / self.frames.max(1) as f64);
        rhythm.beats_per_bar = Some(if self.threes > self.fours { 3 } else { 4 });
        rhythm.beats_s = std::mem::take(&mut self.beats_s);
        rhythm.downbeats_s = std::mem::take(&mut self.downbeats_s);
        true
    }
}
