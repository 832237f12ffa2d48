//! From segments of pitch content to a key: tuning, profiles, chords, beginning and end.

use std::collections::VecDeque;

use super::{
    local::{KeyPath, Stretch},
    profiles::{PROFILES, correlation},
    scale::{Classes, KEYS, in_scale, is_minor, normalised, rotated, supporting_chords},
};
use crate::shared::pitch::{FINE_BINS, FINE_PER_SEMITONE};

/// Pitch content of half a second.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) all: [f32; FINE_BINS],
    pub(super) bass: [f32; FINE_BINS],
}

/// Semitone steps of the triads.
const MAJOR_TRIAD: [usize; 3] = [0, 4, 7];
const MINOR_TRIAD: [usize; 3] = [0, 3, 7];
/// How many cues a key is judged by.
const CUES: usize = 10;

/// Weights of the cues, as odds: four profiles, share of the scale, share of the tonic chord, of its neighbours in
/// fifths, end, beginning, bass. Rounded by hand; a fit over generated pieces gives the same order of size, but for the end:
/// composed pieces always end on the tonic, while recorded ones fade, loop or stop anywhere, so it counts as the beginning does.
const WEIGHTS: [f64; CUES] = [1.0, 1.0, 1.5, 1.0, 4.0, 6.0, 6.0, 1.5, 1.5, 0.5];

/// What a note's first eight harmonics put into other pitch classes, against its own: semitones up and share. Harmonic h
/// has 0.6^(h-1) of the first one's amplitude (E. Gómez, "Tonal Description of Polyphonic Audio", section 3.3), of which
/// peaks count by the square root: the third and sixth are fifths, the fifth is a major third, the seventh a minor seventh.
const HARMONICS: [(usize, f64); 3] = [(7, 0.365), (4, 0.150), (10, 0.090)];
/// Rounds of taking them off; what is left after each is at most 0.61 of what was before.
const HARMONIC_ROUNDS: usize = 12;

/// A judged key.
pub(super) struct Verdict {
    /// 0 to 11 major, 12 to 23 minor.
    pub(super) key: usize,
    /// Probability among the 24 keys.
    pub(super) confidence: f64,
}

/// Deviation of the tuning from 440 Hz in cents (-50 to 50) and how sharply it is defined (0 to 1).
pub(super) fn tuning(bins: &[f64; FINE_BINS]) -> (f64, f64) {
    let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
    for (bin, weight) in bins.iter().enumerate() {
        let angle = std::f64::consts::TAU * (bin % FINE_PER_SEMITONE) as f64 / FINE_PER_SEMITONE as f64;
        re += weight * angle.cos();
        im += weight * angle.sin();
        sum += weight;
    }
    if sum <= 0.0 {
        return (0.0, 0.0);
    }
    (im.atan2(re) / std::f64::consts::TAU * 100.0, re.hypot(im) / sum)
}

/// Twelve pitch classes out of fine bins, for that tuning.
fn chroma(bins: &[f32; FINE_BINS], tuning_cents: f64) -> [f64; 12] {
    let shift = tuning_cents / 100.0 * FINE_PER_SEMITONE as f64;
    let mut classes = [0.0; 12];
    for (bin, weight) in bins.iter().enumerate() {
        let at = bin as f64 - shift;
        let class = (at / FINE_PER_SEMITONE as f64).round();
        let off = (at / FINE_PER_SEMITONE as f64 - class) * std::f64::consts::PI;
        classes[(class as i64).rem_euclid(12) as usize] += f64::from(*weight) * off.cos().powi(2);
    }
    classes
}

/// The chroma without what harmonics put into it, else a lone low note sounds like its major chord.
fn without_harmonics(sounding: &[f64; 12]) -> [f64; 12] {
    let mut notes = *sounding;
    for _ in 0..HARMONIC_ROUNDS {
        notes = std::array::from_fn(|class| {
            let from_others = HARMONICS.iter().map(|(up, share)| share * notes[(class + 12 - up) % 12]);
            sounding[class] - from_others.sum::<f64>()
        });
    }
    notes.map(|level| level.max(0.0))
}

/// The tonic triad of a key, or the triad itself when triads are numbered like keys.
const fn triad(key: usize) -> [usize; 3] {
    if is_minor(key) { MINOR_TRIAD } else { MAJOR_TRIAD }
}

/// How well a chroma fits a triad: mean of its notes less the mean of the others.
fn triad_fit(chroma: &[f64; 12], root: usize, triad: [usize; 3]) -> f64 {
    let inside: f64 = triad.iter().map(|step| chroma[(root + step) % 12]).sum();
    let total: f64 = chroma.iter().sum();
    inside / 3.0 - (total - inside) / 9.0
}

/// What the segments so far add up to.
#[derive(Default)]
pub(super) struct Tally {
    whole: [f64; 12],
    bass: [f64; 12],
    /// How many segments sounded most like each triad: twelve major, twelve minor.
    chords: [f64; KEYS],
    sounding: f64,
    first: Vec<Classes>,
    last: VecDeque<Classes>,
    path: KeyPath,
}

/// How many sounding segments make a beginning and an end (2.2 s).
const EDGE: usize = 4;

impl Tally {
    /// Adds segments, by that tuning. Those far weaker than the loudest of them are pauses.
    pub(super) fn add(&mut self, segments: &[Segment], tuning_cents: f64) {
        let notes = |bins| without_harmonics(&chroma(bins, tuning_cents));
        let rows: Vec<Classes> = segments.iter().map(|s| (notes(&s.all), notes(&s.bass))).collect();
        let level = |row: &Classes| row.0.iter().sum::<f64>();
        let pause = 0.1 * rows.iter().map(level).fold(0.0, f64::max);
        for row in rows {
            if level(&row) > pause {
                self.add_sounding(row);
            } else {
                self.path.add_pause();
            }
        }
    }

    fn add_sounding(&mut self, row: Classes) {
        let (all, low) = (normalised(row.0), normalised(row.1));
        for class in 0..12 {
            self.whole[class] += all[class];
            self.bass[class] += low[class];
        }
        let fit = |chord: usize| triad_fit(&all, chord % 12, triad(chord)) + 0.15 * low[chord % 12];
        let best = (1..KEYS).fold(0, |best, chord| if fit(chord) > fit(best) { chord } else { best });
        self.chords[best] += 1.0;
        self.path.add(&(all, low), best);
        self.sounding += 1.0;
        if self.first.len() < EDGE {
            self.first.push(row);
        }
        if self.last.len() == EDGE {
            self.last.pop_front();
        }
        self.last.push_back(row);
    }
}

fn together<'a>(part: impl IntoIterator<Item = &'a Classes>) -> Classes {
    let mut sum = ([0.0; 12], [0.0; 12]);
    for (all, low) in part {
        for class in 0..12 {
            sum.0[class] += all[class];
            sum.1[class] += low[class];
        }
    }
    (normalised(sum.0), normalised(sum.1))
}

/// Judges the key of the whole track, and the keys in turn; `None` when nothing sounds.
///
/// A track that modulates is in one of the keys found in turn, however well another covers the notes of them all.
pub(super) fn judge(tally: Tally) -> Option<(Verdict, Vec<Stretch>)> {
    if tally.sounding < 1.0 {
        return None;
    }
    let scores = tally.scores();
    let stretches = tally.path.stretches();
    let possible = |key: &usize| stretches.len() < 2 || stretches.iter().any(|stretch| stretch.key == *key);
    let best = (0..KEYS).filter(possible).max_by(|a, b| scores[*a].total_cmp(&scores[*b]))?;
    let total: f64 = scores.iter().map(|score| (score - scores[best]).exp()).sum();
    Some((Verdict { key: best, confidence: 1.0 / total }, stretches))
}

impl Tally {
    /// How well each key fits the whole track, as odds.
    fn scores(&self) -> [f64; KEYS] {
        let (whole, bass) = (normalised(self.whole), normalised(self.bass));
        let chords = self.chords.map(|count| count / self.sounding);
        let (first, first_bass) = together(&self.first);
        let (last, last_bass) = together(&self.last);
        std::array::from_fn(|key| {
            let tonic = key % 12;
            let (degrees, low) = (rotated(&whole, tonic), rotated(&bass, tonic));
            let profile = |index: usize| correlation(&degrees, PROFILES[index].of(key));
            let cues: [f64; CUES] = [
                profile(0),
                profile(1),
                profile(2),
                profile(3),
                in_scale(&degrees, key),
                chords[key],
                supporting_chords(key).map(|chord| chords[chord]).sum(),
                4.0 * triad_fit(&last, tonic, triad(key)) + last_bass[tonic],
                4.0 * triad_fit(&first, tonic, triad(key)) + first_bass[tonic],
                low[0] + 0.5 * low[7],
            ];
            cues.iter().zip(WEIGHTS).map(|(cue, weight)| cue * weight).sum()
        })
    }
}
