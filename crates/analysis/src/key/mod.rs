//! Tonic and mode, with the tuning, and the keys in turn.
//!
//! Purpose: the key a musician would name. Spectral peaks are folded into fine pitch-class bins, the tuning is found from
//! where they lie between semitones, and 24 keys are judged by published profiles, chords, bass, beginning and end; where
//! the music modulates, each stretch has its key.
//!
//! Vocabulary: a *segment* is half a second of pitch content; a *cue* is one reason for a key; a *stretch* is what the
//! results call a segment of the key: a run of segments in one key.
//!
//! Invariants: segments are cut by absolute frame number; memory is bounded (2 MB); music without
//! pitch gives no key and a warning.

mod judge;
mod local;
mod profiles;
mod scale;

use fanfare_model::{
    Result,
    features::{FeaturePart, Key, KeySegment, Mode},
};
use judge::{Segment, Tally, judge, tuning};
use local::Stretch;
use scale::is_minor;

use crate::{
    Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, RATE_11K_HZ,
    TONAL_HOP,
    shared::pitch::{FINE_BINS, FinePitch},
};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "key",
    version: 2,
    about: "Tonic and mode with confidence, tuning, modulations",
    start: |_| Ok(Box::new(KeyListener::new())),
};

/// Frames of tonal spectra in a segment: 0.56 s.
const SEGMENT_FRAMES: u32 = 6;
/// Length of a segment in seconds.
const SEGMENT_S: f64 = SEGMENT_FRAMES as f64 * TONAL_HOP as f64 / RATE_11K_HZ as f64;
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
/// From here on the tuning is told: halfway between the two, in proportion.
const TUNING_TOLD: f64 = 0.09;

/// Segments kept until the tuning is taken as known (19 minutes); later ones are added up at once.
const TUNING_SEGMENTS: usize = 2_048;

/// Hears a track's pitch content.
struct KeyListener {
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
            segments: Vec::new(),
            tally: Tally::default(),
            tuned: None,
            open: EMPTY,
            open_frames: 0,
            fine: [0.0; FINE_BINS],
            sounding: 0,
        }
    }

    fn measure(&mut self, pitches: &[FinePitch]) {
        for pitch in pitches {
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
        self.measure(chunk.tonal_pitches());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.measure(end.tonal_pitches());
        if self.open_frames > 0 {
            self.segments.push(std::mem::replace(&mut self.open, EMPTY));
        }
        let none = |why| Ok(AnalyzerOutput { part: FeaturePart::Key(None), absences: vec![why] });
        if end.duration_s() < SHORTEST_S {
            return none(Absence::too_short("a key", end.duration_s(), SHORTEST_S));
        }
        if self.sounding == 0 {
            return none(Absence::new(AbsenceReason::Silent, "no key: the track is silent"));
        }
        let (tuning_cents, sharpness) = self.add_up();
        match judge(std::mem::take(&mut self.tally)) {
            Some((verdict, stretches)) if sharpness >= LEAST_TUNED && self.sounding >= FEWEST_SOUNDING => {
                let trust = (sharpness / WELL_TUNED).min(1.0);
                let mut key = named(verdict.key, verdict.confidence * trust);
                key.tuning_cents = (sharpness >= TUNING_TOLD).then_some(tuning_cents);
                key.segments = segments(&stretches, &key, end.duration_s(), trust);
                Ok(AnalyzerOutput::new(FeaturePart::Key(Some(key))))
            }
            _ => none(Absence::new(AbsenceReason::NoPitch, "no key: hardly any pitched sound")),
        }
    }
}

fn named(key: usize, confidence: f64) -> Key {
    Key::new(key % 12, if is_minor(key) { Mode::Minor } else { Mode::Major }, confidence)
}

/// The stretches as the results tell them; one in the track's key when there is no modulation.
fn segments(stretches: &[Stretch], whole: &Key, duration_s: f64, trust: f64) -> Vec<KeySegment> {
    let last = stretches.len().saturating_sub(1);
    let told = |(index, stretch): (usize, &Stretch)| {
        let key = if last == 0 { whole.clone() } else { named(stretch.key, stretch.confidence * trust) };
        KeySegment {
            start_s: if index == 0 { 0.0 } else { stretch.first_segment as f64 * SEGMENT_S },
            end_s: if index == last { duration_s } else { stretch.end_segment as f64 * SEGMENT_S },
            tonic: key.tonic,
            mode: key.mode,
            confidence: key.confidence,
            camelot: key.camelot,
        }
    };
    stretches.iter().enumerate().map(told).collect()
}
