//! Tempo, beats and bars.
//!
//! Purpose: the beat a musician would tap and the bar in which it lies.
//!
//! Steps: `onset` strength in five bands and change of `harmony` while the track is heard; then, at its end, the
//! `pulse`'s path through the tempogram, `beats` at each metrical level along it, a judgement of all levels,
//! phases and bars by musical cues (`metre`), and what became of the tempo (`steadiness`).
//!
//! Vocabulary: a *frame* is 11.6 ms; a *grid* is one metrical level with one phase; a *hypothesis* is a grid with bars.
//!
//! Invariants: everything is by absolute frame number, so chunks make no difference; memory is bounded (twenty
//! minutes of frames); music without a steady pulse gives no tempo and a warning.

mod bars;
mod beats;
mod dance;
mod harmony;
mod metre;
mod onset;
mod pulse;
mod scene;
mod steadiness;
mod stretch;

use fanfare_model::{
    Result,
    features::{FeaturePart, Rhythm},
};

use crate::{
    Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, ONSET_SIZE,
    RATE_22K_HZ, SpectraBlock, shared::pitch::FinePitch,
};
use dance::Levels;
use harmony::Harmony;
use onset::{GROUPS, OnsetBands};
use scene::Scene;
use stretch::Whole;

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "rhythm",
    version: 2,
    about: "Tempo, beats, bars, onset rate and danceability",
    start: |_| Ok(Box::new(RhythmListener::new())),
};

/// Shorter music has no tempo to speak of, in seconds.
const SHORTEST_S: f64 = 3.0;
/// Music whose mono mix stays under this peak (-60 dBFS) is not heard as music; the noise floor of a recording is.
const QUIETEST: f32 = 0.001;
/// Onset frames to a tonal frame: a hop of 256 at 22,050 Hz to one of 1,024 at 11,025 Hz.
const ROWS_PER_TONAL: usize = 8;
/// Longer tracks (mixes, concerts, audio books) are judged in stretches of ten minutes, in frames: their tempo and metre are not
/// one, and memory stays bounded.
const STRETCH: usize = 6_460 * ROWS_PER_TONAL;

/// Hears a track's rhythm.
struct RhythmListener {
    bands: OnsetBands,
    rows: Vec<[f32; GROUPS]>,
    harmony: Harmony,
    levels: Levels,
    whole: Whole,
    /// Largest absolute sample of the mono mix.
    peak: f32,
}

impl RhythmListener {
    fn new() -> Self {
        Self {
            bands: OnsetBands::new(ONSET_SIZE / 2 + 1, f64::from(RATE_22K_HZ)),
            rows: Vec::new(),
            harmony: Harmony::default(),
            levels: Levels::new(f64::from(RATE_22K_HZ)),
            whole: Whole::default(),
            peak: 0.0,
        }
    }

    fn measure(&mut self, onset: &SpectraBlock, pitches: &[FinePitch], samples: &[f32]) {
        for row in onset.rows() {
            self.rows.push(self.bands.push(row));
        }
        for pitch in pitches {
            self.harmony.push(pitch);
        }
        self.levels.push(samples);
        self.peak = samples.iter().fold(self.peak, |peak, sample| peak.max(sample.abs()));
        // What is left for the end is a stretch at least, or the whole track: never a scrap without a beat of its own.
        while self.rows.len() >= 2 * STRETCH && self.harmony.frames() >= 2 * STRETCH / ROWS_PER_TONAL {
            self.judge(STRETCH);
        }
    }

    /// Judges the first rows as a piece of its own, and drops them.
    fn judge(&mut self, rows: usize) {
        let scene = Scene::new(&self.rows[..rows], &self.harmony);
        self.whole.add(&scene);
        self.rows.drain(..rows);
        self.harmony.drop_first(rows / ROWS_PER_TONAL);
    }
}

impl Analyzer for RhythmListener {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.measure(chunk.onset_spectra(), chunk.tonal_pitches(), chunk.mono_22k());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.measure(end.onset_spectra(), end.tonal_pitches(), end.mono_22k());
        let duration_s = end.duration_s();
        let mut rhythm = Rhythm::default();
        let mut absences = Vec::new();
        if duration_s < SHORTEST_S {
            absences.push(Absence::too_short("tempo", duration_s, SHORTEST_S));
            return Ok(AnalyzerOutput { part: FeaturePart::Rhythm(rhythm), absences });
        }
        if self.peak < QUIETEST {
            let (reason, level) = match self.peak {
                0.0 => (AbsenceReason::Silent, "silence".to_owned()),
                peak => (
                    AbsenceReason::TooQuiet,
                    format!("the mono mix peaks at {:.1} dBFS, needs -60 dBFS", 20.0 * peak.log10()),
                ),
            };
            rhythm.onset_rate_hz = Some(0.0);
            rhythm.danceability = self.levels.danceability();
            absences.push(Absence::new(reason, format!("too quiet for tempo: {level}")));
            return Ok(AnalyzerOutput { part: FeaturePart::Rhythm(rhythm), absences });
        }
        self.judge(self.rows.len());
        let danceability = self.levels.danceability();
        if !self.whole.summary(&mut rhythm, duration_s) {
            absences.push(Absence::new(AbsenceReason::NoBeat, "no tempo: no steady beat was heard"));
        }
        rhythm.danceability = danceability;
        Ok(AnalyzerOutput { part: FeaturePart::Rhythm(rhythm), absences })
    }
}
