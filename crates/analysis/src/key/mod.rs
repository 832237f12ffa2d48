//! Tonic and mode, with the tuning.
//!
//! Purpose: the key a musician would name. Spectral peaks are folded into fine pitch-class bins, the tuning is found from
//! where they lie between semitones, and 24 keys are judged by published profiles, chords, bass, beginning and end.
//!
//! Vocabulary: a *segment* is half a second of pitch content; a *cue* is one reason for a key.
//!
//! Invariants: segments are cut by absolute frame number; memory is bounded (1 MB); music without
//! pitch gives no key and a warning.

mod judge;
pub(crate) mod peaks;
mod profiles;

use fanfare_model::{
    Result,
    features::{FeaturePart, Key},
};
use judge::{Segment, Tally, judge, tuning};
use peaks::{FINE_BINS, PitchFolder};

use crate::{
    AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, RATE_11K_HZ, SpectraBlock,
    TONAL_SIZE,
};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "key",
    version: 1,
    about: "Tonic and mode, with confidence",
    start: |_| Ok(Box::new(KeyListener::new())),
};

/// Frames of tonal spectra in a segment: 0.56 s.
const SEGMENT_FRAMES: u32 = 6;
/// Shorter music has no key to speak of, in seconds.
const SHORTEST_S: f64 = 3.0;
/// Below this energy (a full-scale sine has 1) a frame is silence: -80 dB.
const SILENT: f32 = 1e-8;
/// Fewer sounding frames (1.5 s) make no key.
const FEWEST_SOUNDING: u64 = 16;
/// How sharply the tuning must be defined (0: pitches anywhere, 1: all on semitones) for music to be tonal.
const LEAST_TUNED: f64 = 0.05;
/// From here on the tuning takes nothing off the confidence.
const WELL_TUNED: f64 = 0.15;

/// Segments kept until the tuning is taken as known (19 minutes); later ones are added up at once.
const TUNING_SEGMENTS: usize = 2_048;

/// Hears a track's pitch content.
struct KeyListener {
    folder: PitchFolder,
    segments: Vec<Segment>,
    tally: Tally,
    /// Deviation in cents and how sharply it is defined, once [`TUNING_SEGMENTS`] were heard.
    tuned: Option<(f64, f64)>,
    open: Segment,
    open_frames: u32,
    fine: [f64; FINE_BINS],
    sounding: u64,
}

const EMPTY: Segment = Segment { all: [0.0; FINE_BINS], bass: [0.0; FINE_BINS] };

impl KeyListener {
    fn new() -> Self {
        Self {
            folder: PitchFolder::new(TONAL_SIZE / 2 + 1, f64::from(RATE_11K_HZ)),
            segments: Vec::new(),
            tally: Tally::default(),
            tuned: None,
            open: EMPTY,
            open_frames: 0,
            fine: [0.0; FINE_BINS],
            sounding: 0,
        }
    }

    fn hear(&mut self, spectra: &SpectraBlock) {
        for row in spectra.rows() {
            let pitch = self.folder.fold(row);
            if pitch.energy > SILENT {
                self.sounding += 1;
                // Frames full of drums put peaks anywhere: trust those whose energy is in peaks.
                let trust = pitch.tonalness * pitch.tonalness;
                for bin in 0..FINE_BINS {
                    self.open.all[bin] += pitch.all[bin] * trust;
                    self.open.bass[bin] += pitch.bass[bin] * trust;
                    self.fine[bin] += f64::from(pitch.all[bin] * trust);
                }
            }
            self.open_frames += 1;
            if self.open_frames == SEGMENT_FRAMES {
                self.segments.push(std::mem::replace(&mut self.open, EMPTY));
                self.open_frames = 0;
                if self.segments.len() == TUNING_SEGMENTS {
                    self.add_up();
                }
            }
        }
    }

    /// Moves the segments into the tally; gives the tuning and how sharply it is defined.
    fn add_up(&mut self) -> (f64, f64) {
        let tuned = *self.tuned.get_or_insert_with(|| tuning(&self.fine));
        self.tally.add(&self.segments, tuned.0);
        self.segments.clear();
        tuned
    }
}

impl Analyzer for KeyListener {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.hear(chunk.tonal_spectra());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.hear(end.tonal_spectra());
        if self.open_frames > 0 {
            self.segments.push(std::mem::replace(&mut self.open, EMPTY));
        }
        let none = |why: String| Ok(AnalyzerOutput { part: FeaturePart::Key(None), warnings: vec![why] });
        if end.duration_s() < SHORTEST_S {
            return none(format!("too short for a key: {:.1} s, needs 3 s", end.duration_s()));
        }
        if self.sounding == 0 {
            return none("no key: the track is silent".to_owned());
        }
        let (_, sharpness) = self.add_up();
        match judge(&self.tally) {
            Some(verdict) if sharpness >= LEAST_TUNED && self.sounding >= FEWEST_SOUNDING => {
                Ok(AnalyzerOutput::new(FeaturePart::Key(Some(Key::new(
                    verdict.tonic,
                    verdict.mode,
                    verdict.confidence * (sharpness / WELL_TUNED).min(1.0),
                )))))
            }
            _ => none("no key: hardly any pitched sound".to_owned()),
        }
    }
}
