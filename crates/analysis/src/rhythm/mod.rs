//! Tempo, beats and bars.
//!
//! Purpose: the beat a musician would tap and the bar in which it lies.
//!
//! Steps: [`onset`] strength in five bands and change of [`harmony`] while the track is heard; then, at its end, the
//! [`pulse`]'s path through the tempogram, [`beats`] at each metrical level along it, and a judgement of all levels,
//! phases and bars by musical cues ([`metre`]).
//!
//! Vocabulary: a *frame* is 11.6 ms; a *grid* is one metrical level with one phase; a *hypothesis* is a grid with bars.
//!
//! Invariants: everything is by absolute frame number, so chunks make no difference; memory is about 3 kB per second
//! of sound; music without a steady pulse gives no tempo and a warning.

mod bars;
mod beats;
mod dance;
mod harmony;
mod metre;
mod onset;
mod pulse;
mod scene;

use fanfare_model::{
    Bpm, Result,
    features::{FeaturePart, Rhythm},
};

use crate::{
    AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, ONSET_SIZE, RATE_11K_HZ,
    RATE_22K_HZ, SpectraBlock, TONAL_SIZE, key::peaks::PitchFolder,
};
use dance::Levels;
use harmony::Harmony;
use onset::{FRAME_RATE_HZ, GROUPS, OnsetBands};
use scene::Scene;

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "rhythm",
    version: 1,
    about: "Tempo, beats, bars, onset rate and danceability",
    start: |_| Ok(Box::new(RhythmListener::new())),
};

/// Shorter music has no tempo to speak of, in seconds.
const SHORTEST_S: f64 = 3.0;

/// Fewer onsets make no beat.
const FEWEST_ONSETS: usize = 6;
/// Autocorrelation at the pulse below which there is none (noise and rain stay under it, composed music over 0.27), and from
/// which on it is plain.
const LEAST_CLARITY: f64 = 0.2;
const CLEAR: f64 = 0.5;
/// By how much beats are late, in seconds: half-way between clicks (early by 3 ms) and struck notes (late by 9 ms).
const LATENCY_S: f64 = 0.003;

/// Hears a track's rhythm.
struct RhythmListener {
    bands: OnsetBands,
    rows: Vec<[f32; GROUPS]>,
    folder: PitchFolder,
    harmony: Harmony,
    levels: Levels,
}

impl RhythmListener {
    fn new() -> Self {
        Self {
            bands: OnsetBands::new(ONSET_SIZE / 2 + 1, f64::from(RATE_22K_HZ)),
            rows: Vec::new(),
            folder: PitchFolder::new(TONAL_SIZE / 2 + 1, f64::from(RATE_11K_HZ)),
            harmony: Harmony::default(),
            levels: Levels::new(f64::from(RATE_22K_HZ)),
        }
    }

    fn hear(&mut self, onset: &SpectraBlock, tonal: &SpectraBlock, samples: &[f32]) {
        for row in onset.rows() {
            self.rows.push(self.bands.push(row));
        }
        for row in tonal.rows() {
            self.harmony.push(&self.folder.fold(row));
        }
        self.levels.push(samples);
    }
}

impl Analyzer for RhythmListener {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.hear(chunk.onset_spectra(), chunk.tonal_spectra(), chunk.mono_22k());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.hear(end.onset_spectra(), end.tonal_spectra(), end.mono_22k());
        let duration_s = end.duration_s();
        let mut rhythm = Rhythm::default();
        let mut warnings = Vec::new();
        if duration_s < SHORTEST_S {
            warnings.push(format!("too short for tempo: {duration_s:.1} s, needs 3 s"));
            return Ok(AnalyzerOutput { part: FeaturePart::Rhythm(rhythm), warnings });
        }
        let scene = Scene::new(&self.rows, &self.harmony);
        rhythm.onset_rate_hz = Some(scene.onsets.len() as f64 / duration_s);
        rhythm.danceability = self.levels.danceability();
        match found(&scene) {
            Some(pulse) => {
                rhythm.tempo_bpm = Some(Bpm(pulse.bpm));
                rhythm.tempo_confidence = Some(pulse.confidence);
                rhythm.beats_s = pulse.beats_s;
                rhythm.downbeats_s = pulse.downbeats_s;
                rhythm.beats_per_bar = Some(pulse.meter);
            }
            None => warnings.push("no tempo: no steady beat was heard".to_owned()),
        }
        Ok(AnalyzerOutput { part: FeaturePart::Rhythm(rhythm), warnings })
    }
}

/// A beat with everything about it.
struct Pulse {
    bpm: f64,
    confidence: f64,
    meter: u8,
    beats_s: Vec<f64>,
    downbeats_s: Vec<f64>,
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
    let bpm = tempo(&beats)?;
    let seconds = |frames: &f64| (frames / FRAME_RATE_HZ - LATENCY_S).max(0.0);
    let beats_s: Vec<f64> = beats.iter().map(seconds).collect();
    let downbeats_s = downbeats.iter().filter_map(|n| beats_s.get(*n)).copied().collect();
    let confidence = verdict.confidence * (path.clarity / CLEAR).min(1.0);
    Some(Pulse { bpm, confidence, meter: verdict.meter as u8, beats_s, downbeats_s })
}

/// The tempo of most of the track: the median over spans of four beats, so that jitter averages out and drift does not.
fn tempo(beats: &[f64]) -> Option<f64> {
    let span = 4.min(beats.len().checked_sub(2)?);
    let mut spans: Vec<f64> =
        beats.iter().zip(beats.get(span..)?).map(|(from, to)| (to - from) / span as f64).collect();
    spans.sort_by(f64::total_cmp);
    let period = *spans.get(spans.len() / 2)?;
    (period > 0.0).then(|| 60.0 * FRAME_RATE_HZ / period)
}
