//! Level and its movement, clipping, silence at both ends.

use fanfare_model::{
    Result,
    features::{Dynamics, FeaturePart},
};

use crate::{AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "dynamics",
    version: 1,
    about: "Level and its movement, clipping, silence at both ends",
    start: |_| Ok(Box::new(Stub)),
};

struct Stub;

impl Analyzer for Stub {
    fn push(&mut self, _chunk: &AnalysisChunk<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        Ok(AnalyzerOutput::new(FeaturePart::Dynamics(Dynamics::default())))
    }
}
