//! Loudness and peaks: BS.1770-5, EBU R 128, ReplayGain 2.

use fanfare_model::{
    Result,
    features::{FeaturePart, Loudness},
};

use crate::{AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "loudness",
    version: 1,
    about: "Loudness and peaks: BS.1770-5, EBU R 128, ReplayGain 2",
    start: |_| Ok(Box::new(Stub)),
};

struct Stub;

impl Analyzer for Stub {
    fn push(&mut self, _chunk: &AnalysisChunk<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        Ok(AnalyzerOutput::new(FeaturePart::Loudness(Loudness::default())))
    }
}
