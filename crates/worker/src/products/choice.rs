//! Which analyzers analyze a track: those that lack a result, but for those that killed a worker with it.

use std::collections::HashSet;

use fanfare_analysis::AnalyzerEntry;
use fanfare_model::{
    ContentHash, ErrorKind,
    features::{AnalyzerOutcome, AnalyzerResult},
};

/// Results that the store has already.
#[derive(Debug, Clone)]
pub(crate) struct PreviousAnalysis {
    /// The bytes they belong to.
    pub(crate) content_hash: ContentHash,
    /// Analyzers that gave a result at their present version, be it that they failed.
    pub(crate) analyzers: HashSet<String>,
}

impl PreviousAnalysis {
    /// What the stored results say. That an analyzer failed is a result, too, until it has another version:
    /// the one that killed a worker with a track does not get it again because another one has to analyze it.
    pub(crate) fn of(content_hash: ContentHash, results: &[AnalyzerResult], all: &[AnalyzerEntry]) -> Self {
        let present = |result: &&AnalyzerResult| {
            all.iter().any(|entry| entry.id == result.analyzer && entry.version == result.version)
        };
        let analyzers = results.iter().filter(present).map(|result| result.analyzer.clone()).collect();
        Self { content_hash, analyzers }
    }
}

/// Who analyzes a track.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// Those that do.
    pub(crate) analyzers: Vec<AnalyzerEntry>,
    /// The results of those that are left out.
    pub(crate) left_out: Vec<AnalyzerResult>,
}

impl Choice {
    /// Of `all`, those that lack a result for these bytes, or all of them if none does, because then a user asked for the
    /// track to be analyzed again; without those that killed a worker with it.
    pub(crate) fn new(
        all: &[AnalyzerEntry],
        before: Option<&PreviousAnalysis>,
        content_hash: ContentHash,
        without: &[String],
    ) -> Self {
        let analyzed = before.filter(|before| before.content_hash == content_hash);
        let lacks =
            |entry: &&AnalyzerEntry| analyzed.is_none_or(|analyzed| !analyzed.analyzers.contains(entry.id));
        let missing: Vec<AnalyzerEntry> = all.iter().filter(lacks).copied().collect();
        let wanted = if missing.is_empty() { all.to_vec() } else { missing };
        let (killers, analyzers): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|entry| without.iter().any(|id| id == entry.id));
        Self { analyzers, left_out: killers.iter().map(left_out).collect() }
    }
}

/// The result of an analyzer that killed a worker with this track: a failure at its present version, so that it is
/// not tried again by itself before it is another version.
fn left_out(entry: &AnalyzerEntry) -> AnalyzerResult {
    let message = format!(
        "the analyzer {} was left out: it ended the worker on an earlier attempt at this track (it aborted, asked for \
         too much memory, or used up its stack)",
        entry.id
    );
    let outcome = AnalyzerOutcome::Failed { kind: ErrorKind::Internal, message };
    AnalyzerResult { analyzer: entry.id.to_owned(), version: entry.version, outcome }
}

#[cfg(test)]
mod tests {
    use fanfare_analysis::ANALYZERS;

    use super::*;

    #[test]
    fn an_analyzer_that_failed_hears_a_track_again_as_another_version_only() {
        let hash = ContentHash::from_bytes([1; 32]);
        for (version, again) in [(0, false), (1, true)] {
            // What it left behind when it killed a worker, at this version or at one before.
            let mut results: Vec<AnalyzerResult> = ANALYZERS.iter().map(left_out).collect();
            for result in &mut results {
                result.version -= version;
            }
            let others = |result: &AnalyzerResult| result.analyzer != "loudness";
            results.retain(others);
            results.push(left_out(ANALYZERS.iter().find(|entry| entry.id == "key").unwrap()));
            let before = PreviousAnalysis::of(hash, &results, ANALYZERS);
            let choice = Choice::new(ANALYZERS, Some(&before), hash, &[]);
            let analyzes = |id| choice.analyzers.iter().any(|entry| entry.id == id);
            assert_eq!(
                (analyzes("loudness"), analyzes("waveform"), analyzes("key")),
                (true, again, false),
                "{version}"
            );
        }
    }

    #[test]
    fn only_what_is_missing_for_these_bytes_is_heard_and_no_killer() {
        let (this, other) = (ContentHash::from_bytes([1; 32]), ContentHash::from_bytes([2; 32]));
        let all: HashSet<String> = ANALYZERS.iter().map(|entry| entry.id.to_owned()).collect();
        let but_loudness: HashSet<String> = all.iter().filter(|id| *id != "loudness").cloned().collect();
        for (before, without, loudness, waveform) in [
            (None, &[][..], true, true),
            (Some((this, HashSet::new())), &[], true, true),
            (Some((this, but_loudness.clone())), &[], true, false),
            (Some((other, but_loudness.clone())), &[], true, true),
            (Some((this, all)), &[], true, true),
            (None, &["loudness", "what was once"], false, true),
            (Some((this, but_loudness)), &["loudness"], false, false),
        ] {
            let before = before.map(|(content_hash, analyzers)| PreviousAnalysis { content_hash, analyzers });
            let without: Vec<String> = without.iter().map(|id: &&str| (*id).to_owned()).collect();
            let choice = Choice::new(ANALYZERS, before.as_ref(), this, &without);
            let analyzes = |id| choice.analyzers.iter().any(|entry| entry.id == id);
            assert_eq!(
                (analyzes("loudness"), analyzes("waveform")),
                (loudness, waveform),
                "{before:?} {without:?}"
            );
            let left_out: Vec<&str> = choice.left_out.iter().map(|result| &*result.analyzer).collect();
            assert_eq!(left_out, without.iter().filter(|id| *id == "loudness").collect::<Vec<_>>());
            assert!(choice.left_out.iter().all(|result| result.version > 0));
        }
    }
}
