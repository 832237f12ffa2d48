//! Spectral shape: bands, centroid, rolloff, flatness, cepstrum.

use fanfare_model::{
    Result,
    features::{FeaturePart, Timbre},
};

use crate::{AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "timbre",
    version: 1,
    about: "Spectral shape: bands, centroid, rolloff, flatness, cepstrum",
    start: |_| Ok(Box::new(Stub)),
};

struct Stub;

impl Analyzer for Stub {
    fn push(&mut self, _chunk: &AnalysisChunk<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        Ok(AnalyzerOutput::new(FeaturePart::Timbre(Timbre::default())))
    }
}
