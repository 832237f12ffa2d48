//! What an analyzer is: the [`Analyzer`] trait and the [`AnalyzerEntry`] under which it is known.

use fanfare_model::{Result, SampleSpec, features::FeaturePart};

use crate::{Absence, AnalysisChunk, AnalysisEnd};

/// What is known of a track when an analyzer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartContext {
    /// What its frames look like.
    pub spec: SampleSpec,
    /// How many frames the file says it has: a hint only, never to be trusted.
    pub declared_frames: Option<u64>,
}

/// An analyzer as the list knows it.
#[derive(Debug, Clone, Copy)]
pub struct AnalyzerEntry {
    /// Its name in `--only`, in the database and in results.
    pub id: &'static str,
    /// Raised whenever the same audio may give another result: stored results of an older one are renewed.
    pub version: u32,
    /// One line for `--help` and the docs.
    pub about: &'static str,
    /// Makes one for a track.
    ///
    /// # Errors
    /// Whatever makes the analyzer impossible for such audio; the others go on without it.
    pub start: fn(&StartContext) -> Result<Box<dyn Analyzer>>,
}

/// Turns the sound of one track into one part of its features.
///
/// It runs on a thread of its own. It may expect every chunk in order from frame 0, then
/// [`finish`](Self::finish) once; a track without frames gives `finish` alone.
///
/// An implementer must: ask for a shared transform in *every* chunk or in none (a transform is a stream;
/// skipping a chunk is an error that ends the analyzer); keep memory independent of the track's length, or
/// bounded by a few bytes per second; give the same result for any division into chunks; answer every
/// input: what cannot be known is `None` with a line in [`AnalyzerOutput::absences`].
pub trait Analyzer: Send {
    /// Takes the next chunk.
    ///
    /// # Errors
    /// Any error ends this analyzer, and only this one.
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()>;

    /// Takes the end of the track, with the tails of the shared transforms, and gives the result.
    ///
    /// # Errors
    /// Any error is the analyzer's outcome.
    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput>;
}

/// What an analyzer found.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyzerOutput {
    /// Its part of the features.
    pub part: FeaturePart,
    /// Why values are missing.
    pub absences: Vec<Absence>,
}

impl AnalyzerOutput {
    /// A part about which there is nothing to add.
    #[must_use]
    pub const fn new(part: FeaturePart) -> Self {
        Self { part, absences: Vec::new() }
    }
}
