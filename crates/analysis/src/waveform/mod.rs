//! The shape of the track in 800 columns.

use fanfare_model::{
    Result,
    features::{FeaturePart, Waveform},
};

use crate::{AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "waveform",
    version: 1,
    about: "The shape of the track in 800 columns",
    start: |_| Ok(Box::new(Stub)),
};

struct Stub;

impl Analyzer for Stub {
    fn push(&mut self, _chunk: &AnalysisChunk<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        Ok(AnalyzerOutput::new(FeaturePart::Waveform(Waveform::default())))
    }
}
