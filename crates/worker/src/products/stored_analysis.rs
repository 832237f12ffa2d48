//! What the store has of a track's analysis, and what follows from it together with new results.

use fanfare_analysis::AnalyzerEntry;
use fanfare_model::{
    AudioProperties, ContentHash, Features, Result, Track, enrichment::Enrichment, features::AnalyzerResult,
};
use fanfare_store::Store;

use super::choice::PreviousAnalysis;

/// What the store has of a track already.
pub(crate) async fn previous_analysis(
    store: &Store,
    analyzers: &[AnalyzerEntry],
    track: &Track,
) -> Result<Option<PreviousAnalysis>> {
    let Some(content_hash) = track.content_hash else { return Ok(None) };
    let (results, _) = store.catalog().analysis(track.id).await?;
    Ok(Some(PreviousAnalysis::of(content_hash, &results, analyzers)))
}

/// What follows from the results, those from before included. A track for which nothing follows (too short, silent)
/// has none.
pub(crate) async fn enrichment(
    store: &Store,
    track: &Track,
    content_hash: ContentHash,
    audio: &AudioProperties,
    analyzed: &[AnalyzerResult],
) -> Option<Enrichment> {
    let mut results = Vec::new();
    if track.content_hash == Some(content_hash) {
        let (before, _) = store.catalog().analysis(track.id).await.ok()?;
        let again = |old: &AnalyzerResult| analyzed.iter().any(|new| new.analyzer == old.analyzer);
        results.extend(before.into_iter().filter(|old| !again(old)));
    }
    results.extend(analyzed.iter().cloned());
    let features = Features::from_results(results);
    fanfare_analysis::describe(&features, audio.duration_s().unwrap_or_default()).ok()
}
