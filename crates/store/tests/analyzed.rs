//! When each analyzer's result was made (issue 12).
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{
    ErrorKind, Timestamp, TrackId,
    features::{AnalysisRun, AnalyzerOutcome, AnalyzerResult, FeaturePart},
};
use fanfare_store::AnalysisCommit;
use support::{Fixture, NOW, OWNER, commit_of, hash, later, ok};

const PATH: &str = "A/B/one.flac";

/// Analyzes the track again, which gives those results.
async fn analyze(fixture: &Fixture, results: Vec<AnalyzerResult>, now: Timestamp) {
    let id = fixture.id(PATH).await;
    let products = fanfare_model::job::Products::default();
    fixture.store.catalog().requeue_track(id, None, &products, now).await.unwrap();
    let job = fixture.store.jobs().claim("analyze-track", OWNER, 1, now).await.unwrap().remove(0);
    let done = AnalysisCommit { results, ..commit_of(&job, PATH.as_bytes()) };
    fixture.store.catalog().commit_analysis(done, now).await.unwrap();
}

/// Version and time of each analyzer, and the track's own time.
async fn times(fixture: &Fixture, id: TrackId) -> (Vec<(String, u32, Option<Timestamp>)>, Option<Timestamp>) {
    let catalog = fixture.store.catalog();
    let runs: Vec<AnalysisRun> = catalog.analysis_runs(id).await.unwrap();
    let track = catalog.track(id).await.unwrap().unwrap();
    (runs.into_iter().map(|run| (run.analyzer, run.version, run.analyzed)).collect(), track.analyzed)
}

#[tokio::test]
async fn a_result_has_the_time_of_its_making_until_it_is_made_again() {
    let fixture = Fixture::new().await;
    fixture.add(&[PATH]).await;
    let id = fixture.id(PATH).await;
    assert_eq!(times(&fixture, id).await, (Vec::new(), None));
    fixture.analyze_all().await;
    let of = |key: (u32, Timestamp), rest: Timestamp| {
        let rest = ["loudness", "rhythm", "waveform"].map(|analyzer| (analyzer.to_owned(), 1, Some(rest)));
        let mut all = vec![("key".to_owned(), key.0, Some(key.1))];
        all.extend(rest);
        all
    };
    assert_eq!(times(&fixture, id).await, (of((1, NOW), NOW), Some(NOW)));
    let key = |version| ok("key", version, FeaturePart::Key(None));
    let failed = AnalyzerResult {
        analyzer: "key".to_owned(),
        version: 1,
        outcome: AnalyzerOutcome::Failed { kind: ErrorKind::Internal, message: "no".to_owned() },
    };
    for (results, at, expected, latest) in [
        // Nothing was measured again: the track was looked at, and had everything.
        (Vec::new(), later(1), of((1, NOW), NOW), NOW),
        // A failure does not take the place of a good result.
        (vec![failed], later(2), of((1, NOW), NOW), NOW),
        // The analyzer's version grew.
        (vec![key(2)], later(3), of((2, later(3)), NOW), later(3)),
        // An older version does not take the place of a newer one.
        (vec![key(1)], later(4), of((2, later(3)), NOW), later(3)),
        // A retry that measures again.
        (vec![key(2)], later(5), of((2, later(5)), NOW), later(5)),
    ] {
        analyze(&fixture, results, at).await;
        assert_eq!(times(&fixture, id).await, (expected, Some(latest)), "{at:?}");
    }
    fixture.assert_clean().await;
}

#[tokio::test]
async fn the_answer_of_a_service_that_came_later_has_a_time_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.add(&[PATH]).await;
    fixture.analyze_all().await;
    let id = fixture.id(PATH).await;
    let asked = ok("acoustid", 1, FeaturePart::AcoustId(Vec::new()));
    let stored = fixture.store.catalog().add_result(id, hash(PATH.as_bytes()), &asked, later(9)).await;
    assert!(stored.unwrap());
    let (runs, track) = times(&fixture, id).await;
    assert_eq!(runs[0], ("acoustid".to_owned(), 1, Some(later(9))));
    assert_eq!(track, Some(NOW), "the sound was not analyzed again");
}

#[tokio::test]
async fn what_two_runs_are_compared_by_holds_no_times() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    for (fixture, at) in [(&one, later(1)), (&other, later(100))] {
        fixture.add(&[PATH]).await;
        fixture.analyze_all().await;
        analyze(fixture, vec![ok("key", 2, FeaturePart::Key(None))], at).await;
    }
    let (one_dump, other_dump) = (
        one.store.catalog().canonical_dump().await.unwrap(),
        other.store.catalog().canonical_dump().await.unwrap(),
    );
    assert_eq!(one_dump, other_dump);
    let id = one.id(PATH).await;
    let (_, analyzed) = times(&one, id).await;
    assert_eq!(analyzed, Some(later(1)));
}
