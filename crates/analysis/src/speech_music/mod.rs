//! Speech or music: what a track mostly is, and how much of it is either.
//!
//! Decided every 0.93 s on windows of 5.6 s, by four cues that have told the two apart since the field began:
//!
//! - *syllables*: speech swings at the rate of syllables, about 4 Hz, in every band (E. Scheirer and M. Slaney,
//!   Construction and evaluation of a robust multifeature speech/music discriminator, ICASSP 1997; T. Houtgast
//!   and H. J. M. Steeneken, A review of the MTF concept in room acoustics, JASA 77, 1985);
//! - *held pitch*: notes stay where they are, a voice that speaks glides all the time (the "harmonic stability"
//!   of the same field; J. Saunders, Real-time discrimination of broadcast speech/music, ICASSP 1996, finds the
//!   same from zero crossings);
//! - *pulse*: onsets that come back after the same time (the pulse metric of Scheirer and Slaney);
//! - *pauses*: frames far below the mean level (their low-energy frames).
//!
//! None of them looks at bandwidth or level: telephone speech is speech, and music through a telephone is music.
//!
//! Vocabulary: a *block* is 0.93 s; blocks in which nothing sounds are taken out, and six of the others in a row
//! make a *window*. Speech and music are two questions, so that a voice over music can be both. A block's
//! answer is the mean of the windows it is in.

mod cues;
mod frames;
mod judge;
mod sums;

use fanfare_model::{
    Result,
    features::{FeaturePart, SpeechMusic, SpeechMusicProfile},
};

use crate::{
    Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, SpectraBlock,
};
use cues::CueReader;
use frames::{BLOCK_S, Frames, WINDOW_BLOCKS};
use judge::{Tally, judge};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "speech_music",
    version: 1,
    about: "speech, music or both, and the share of each",
    start: |_| {
        Ok(Box::new(SpeechMusicAnalyzer {
            frames: Frames::new(),
            reader: CueReader::new(),
            tally: Tally::default(),
        }))
    },
};

/// A share under this is nothing: a block or two of doubt.
const NOTHING: f64 = 0.15;
/// Speech and music each above this make a track mixed.
const BOTH: f64 = 0.3;

struct SpeechMusicAnalyzer {
    frames: Frames,
    reader: CueReader,
    tally: Tally,
}

impl SpeechMusicAnalyzer {
    fn measure(&mut self, onset: &SpectraBlock, tonal: &SpectraBlock) {
        for (row, index) in onset.rows().zip(onset.first_frame_index()..) {
            if index.is_multiple_of(2) {
                self.frames.onset(row);
            }
        }
        for (row, index) in tonal.rows().zip(tonal.first_frame_index()..) {
            if index.is_multiple_of(2) {
                self.frames.tonal(row);
            }
        }
        while let Some(sounds) = self.frames.next_block() {
            if sounds {
                self.tally.block();
                if let Some(window) = self.frames.window() {
                    self.tally.window(judge(&self.reader.read(window)));
                }
            }
        }
    }
}

impl Analyzer for SpeechMusicAnalyzer {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.measure(chunk.onset_spectra(), chunk.tonal_spectra());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.measure(end.onset_spectra(), end.tonal_spectra());
        let needed_s = BLOCK_S * WINDOW_BLOCKS as f64;
        let mut absences = Vec::new();
        let shares = self.tally.shares();
        let sounding_s = shares.blocks as f64 * BLOCK_S;
        let found = if shares.blocks >= WINDOW_BLOCKS {
            let profile = profile(shares.speech, shares.music);
            if profile == SpeechMusicProfile::Silence {
                absences.push(Absence::new(
                    AbsenceReason::NeitherKind,
                    "sounds, but neither speech nor music was heard",
                ));
            }
            Some(SpeechMusic { profile, music: shares.music, speech: shares.speech })
        } else if end.duration_s() < needed_s {
            let duration_s = end.duration_s();
            absences.push(Absence::new(
                AbsenceReason::TooShort,
                format!("too short to tell speech from music: {duration_s:.1} s, needs {needed_s:.1} s"),
            ));
            None
        } else if shares.blocks > 0 {
            absences.push(Absence::new(
                AbsenceReason::TooQuiet,
                format!(
                    "too little sound to tell speech from music: {sounding_s:.1} s, needs {needed_s:.1} s"
                ),
            ));
            None
        } else {
            Some(SpeechMusic { profile: SpeechMusicProfile::Silence, music: 0.0, speech: 0.0 })
        };
        Ok(AnalyzerOutput { part: FeaturePart::SpeechMusic(found), absences })
    }
}

fn profile(speech: f64, music: f64) -> SpeechMusicProfile {
    if speech < NOTHING && music < NOTHING {
        SpeechMusicProfile::Silence
    } else if speech > BOTH && music > BOTH {
        SpeechMusicProfile::Mixed
    } else if speech > music {
        SpeechMusicProfile::Speech
    } else {
        SpeechMusicProfile::Music
    }
}
