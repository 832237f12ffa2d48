//! The Chromaprint fingerprint, by which AcoustID knows a recording.
//!
//! Purpose: the same codes as `fpcalc` gives (algorithm 1, `CHROMAPRINT_ALGORITHM_TEST2`), in the text form that
//! AcoustID accepts. Method: L. Lalinský, "How does Chromaprint work?" (2011), after Ke, Hoiem and
//! Sukthankar, "Computer Vision for Music Identification" (CVPR 2005); the table of classifiers is Chromaprint's.
//!
//! Vocabulary: a *row* is the chroma (energy of twelve pitch classes) of one frame of the 11,025 Hz mono mix; sixteen
//! *classifiers* compare areas of sixteen successive rows; their answers, two bits each, are one *code*.
//!
//! Invariants: the analyzer hears only the first [`LENGTH_S`] seconds, because AcoustID's index holds what `fpcalc` makes
//! by default, and two minutes tell duplicates apart; [`Fingerprinter::whole`] hears all; codes depend on the samples alone, never on how they were cut into chunks; memory is bounded.

mod chroma;
mod codes;
mod matching;
mod packed;

use chroma::{ChromaImage, HOP, SAMPLE_RATE_HZ};
use codes::Coder;
use fanfare_model::{
    Result,
    features::{FeaturePart, Fingerprint},
};

pub use matching::{CODE_S, FEWEST_SHARED, MOST_BIT_ERRORS, Match, Query, compare};
pub use packed::{MOST_CODES, MOST_TEXT_BYTES, pack, unpack};

use crate::{Absence, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "fingerprint",
    version: 1,
    about: "Chromaprint fingerprint of the first 120 s, as AcoustID takes it",
    start: |_| Ok(Box::new(Fingerprinter::default())),
};

/// How much of a track is fingerprinted, in seconds (`fpcalc`'s default, which AcoustID expects).
pub const LENGTH_S: u32 = 120;
/// Chromaprint's number of the algorithm in the text form.
const ALGORITHM: u8 = 1;

/// Makes the codes out of 11,025 Hz mono samples.
pub struct Fingerprinter {
    image: ChromaImage,
    coder: Coder,
    codes: Vec<u32>,
    samples: u64,
    most_samples: u64,
}

impl Default for Fingerprinter {
    /// Hears the first [`LENGTH_S`] seconds.
    fn default() -> Self {
        Self::first(u64::from(LENGTH_S * SAMPLE_RATE_HZ))
    }
}

impl Fingerprinter {
    /// Hears the whole track, up to [`MOST_CODES`] codes (nine hours); each code takes four bytes.
    #[must_use]
    pub fn whole() -> Self {
        Self::first(u64::from(MOST_CODES) * HOP as u64)
    }

    fn first(most_samples: u64) -> Self {
        Self { image: ChromaImage::new(), coder: Coder::new(), codes: Vec::new(), samples: 0, most_samples }
    }

    /// Takes the next samples (mono, 11,025 Hz, nominally -1 to 1); those after its length are ignored.
    pub fn push(&mut self, samples: &[f32]) {
        let left = (self.most_samples - self.samples).min(samples.len() as u64);
        let taken = &samples[..left as usize];
        self.samples += left;
        let (coder, codes) = (&mut self.coder, &mut self.codes);
        self.image.push(taken, &mut |row| codes.extend(coder.push(row)));
    }

    /// The codes so far; empty for less than about 2.8 seconds.
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// How much was heard, in seconds.
    #[must_use]
    pub fn analyzed_s(&self) -> f64 {
        self.samples as f64 / f64::from(SAMPLE_RATE_HZ)
    }

    /// The text form of the codes so far.
    #[must_use]
    pub fn text(&self) -> String {
        packed::pack(&self.codes, ALGORITHM)
    }
}

impl Analyzer for Fingerprinter {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        Self::push(self, chunk.mono_11k());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        Self::push(self, end.mono_11k());
        if self.codes.is_empty() {
            let absence = Absence::too_short("a fingerprint", end.duration_s(), 3.0);
            return Ok(AnalyzerOutput { part: FeaturePart::Fingerprint(None), absences: vec![absence] });
        }
        let print = Fingerprint {
            chromaprint: self.text(),
            algorithm: ALGORITHM,
            duration_s: end.duration_s().min(f64::from(LENGTH_S)),
        };
        Ok(AnalyzerOutput::new(FeaturePart::Fingerprint(Some(print))))
    }
}
