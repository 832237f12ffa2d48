//! Analysis of a track: what is stored, once, by whom, and what happens when it fails.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{
    Attempt, ErrorKind, JobState, TaskId, TrackId, TrackState,
    features::{AnalyzerOutcome, AnalyzerResult, FeaturePart, Features, Loudness, Waveform},
    job::{JobError, Products},
    track::TrackFailure,
};
use fanfare_store::{ANALYZE_ATTEMPTS, AfterFailure, LeaseKey, ScanChange, ScannedFile, TrackRow};
use support::*;

async fn row(fixture: &Fixture, id: TrackId) -> TrackRow {
    fixture.store.catalog().track(id).await.unwrap().unwrap()
}

fn track_of(job: &fanfare_model::Job) -> TrackId {
    job.kind.track()
}

#[tokio::test]
async fn what_was_heard_comes_back_bit_for_bit() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let job = fixture.claim_one(NOW).await;
    let (id, catalog) = (track_of(&job), fixture.store.catalog());
    catalog.begin_analysis(job.id, job.attempt, OWNER, id, NOW).await.unwrap();
    assert_eq!(row(&fixture, id).await.track.state, TrackState::Processing);
    let done = commit_of(&job, b"one");
    catalog.commit_analysis(done.clone(), later(1)).await.unwrap();
    let (results, warnings) = catalog.analysis(id).await.unwrap();
    assert_eq!((results, warnings), (done.results, done.warnings));
    let row = row(&fixture, id).await;
    assert_eq!((row.track.state, row.track.content_hash), (TrackState::Ready, Some(hash(b"one"))));
    assert_eq!(row.track.audio, Some(done.audio));
    assert_eq!((row.key.as_deref(), row.camelot.as_deref()), (Some("A minor"), Some("8A")));
    assert_eq!((row.tempo_bpm, row.integrated_lufs), (Some(0.1 + 0.2), Some(-9.123_456_789_012_345)));
    assert_eq!(row.replaygain_track_gain_db, Some(-8.876_543_210_987_655));
    assert_eq!(fixture.store.jobs().job(job.id).await.unwrap().unwrap().state, JobState::Done);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn delivery_may_repeat_and_the_effect_may_not() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let first = fixture.claim_one(NOW).await;
    let catalog = fixture.store.catalog();
    // The first holder freezes; somebody else analyzes the track.
    assert_eq!(fixture.store.jobs().reap(later(61)).await.unwrap(), 1);
    let second = fixture.claim_one(later(61)).await;
    assert_eq!(second.id, first.id);
    catalog.commit_analysis(commit_of(&second, b"one"), later(62)).await.unwrap();
    let before = catalog.canonical_dump().await.unwrap();
    let mut zombie = commit_of(&first, b"other");
    zombie.results.truncate(1);
    for done in [zombie, commit_of(&second, b"one")] {
        let error = catalog.commit_analysis(done, later(63)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    for attempt in [first.attempt, second.attempt] {
        let id = track_of(&first);
        let begun = catalog.begin_analysis(first.id, attempt, OWNER, id, NOW).await;
        assert_eq!(begun.unwrap_err().kind(), ErrorKind::Conflict);
        let reason = failure(ErrorKind::Malformed, "late");
        let failed = catalog
            .fail_analysis(
                LeaseKey::new(first.id, attempt, OWNER),
                id,
                &reason_of(&reason),
                reason.next_retry,
                NOW,
            )
            .await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Conflict);
    }
    assert_eq!(catalog.canonical_dump().await.unwrap(), before);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_job_is_only_good_for_its_own_track() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac"]).await;
    let (one, two) = (fixture.claim_one(NOW).await, fixture.claim_one(NOW).await);
    let mut wrong = commit_of(&one, b"x");
    wrong.track = track_of(&two);
    let error = fixture.store.catalog().commit_analysis(wrong, NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn results_of_another_file_are_refused_and_the_job_waits() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let job = fixture.claim_one(NOW).await;
    let (id, catalog) = (track_of(&job), fixture.store.catalog());
    catalog.begin_analysis(job.id, job.attempt, OWNER, id, NOW).await.unwrap();
    let mut other = commit_of(&job, b"one");
    other.modified = later(1);
    let error = catalog.commit_analysis(other, NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().contains("changed"), "{error}");
    let row = row(&fixture, id).await;
    assert_eq!((row.track.state, row.track.content_hash), (TrackState::Queued, None));
    let waiting = fixture.store.jobs().job(job.id).await.unwrap().unwrap();
    assert_eq!(waiting.state, JobState::Waiting);
    assert!(waiting.run_at > NOW, "not at once: the scan has to notice first");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_failed_track_says_why_and_can_be_queued_again() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let job = fixture.claim_one(NOW).await;
    let (id, catalog) = (track_of(&job), fixture.store.catalog());
    let reason = failure(ErrorKind::Malformed, "frame 3 is broken");
    catalog
        .fail_analysis(
            LeaseKey::new(job.id, job.attempt, OWNER),
            id,
            &reason_of(&reason),
            reason.next_retry,
            NOW,
        )
        .await
        .unwrap();
    let failed = row(&fixture, id).await.track;
    assert_eq!((failed.state, failed.failure), (TrackState::Failed, Some(reason)));
    let parked = fixture.store.jobs().job(job.id).await.unwrap().unwrap();
    assert_eq!((parked.state, parked.last_error.unwrap().offset_bytes), (JobState::Parked, Some(7)));
    assert_eq!(catalog.queue_missing_analysis(&[("loudness", 1)], None, NOW).await.unwrap(), 0);
    fixture.assert_clean().await;

    let task = TaskId::from_bytes([5; 16]);
    for _ in 0..2 {
        catalog.requeue_track(id, Some(task), &Products::of_ladder("high=flac"), later(1)).await.unwrap();
        let queued = row(&fixture, id).await.track;
        assert_eq!((queued.state, queued.failure), (TrackState::Queued, None));
        assert_eq!(fixture.store.jobs().task_counts(task).await.unwrap().waiting, 1);
    }
    fixture.analyze_all().await;
    assert_eq!(row(&fixture, id).await.track.state, TrackState::Ready);
    let unknown = catalog
        .requeue_track(TrackId::from_bytes([0; 16]), None, &Products::of_ladder("high=flac"), NOW)
        .await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_track_that_was_heard_stays_ready_whatever_becomes_of_another_hearing() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    fixture.analyze_all().await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    let id = fixture.id("A/B/one.flac").await;
    let versions = [("key", 2)];
    assert_eq!(catalog.queue_missing_analysis(&versions, None, NOW).await.unwrap(), 1);
    let job = fixture.claim_one(NOW).await;
    catalog.begin_analysis(job.id, job.attempt, OWNER, id, NOW).await.unwrap();
    let away = TrackFailure { next_retry: Some(later(60)), ..failure(ErrorKind::Unavailable, "it is away") };
    catalog
        .fail_analysis(LeaseKey::new(job.id, job.attempt, OWNER), id, &reason_of(&away), away.next_retry, NOW)
        .await
        .unwrap();
    let track = row(&fixture, id).await.track;
    assert_eq!((track.state, track.failure), (TrackState::Ready, Some(away)));
    fixture.assert_clean().await;

    // It is due when it says so, and not with the next scan.
    let task = TaskId::from_bytes([5; 16]);
    assert_eq!(catalog.queue_missing_analysis(&versions, None, later(1)).await.unwrap(), 0);
    assert_eq!(catalog.queue_candidates(&versions, false, task, later(59)).await.unwrap(), 0);
    assert_eq!(catalog.queue_candidates(&versions, false, task, later(60)).await.unwrap(), 1);
    let job = fixture.claim_one(later(60)).await;
    catalog.begin_analysis(job.id, job.attempt, OWNER, id, later(60)).await.unwrap();
    assert_eq!(row(&fixture, id).await.track.state, TrackState::Processing);
    // Who holds it loses it with its task, and the track is what it was.
    assert_eq!(jobs.stop_task(task, later(61)).await.unwrap(), 1);
    assert_eq!(row(&fixture, id).await.track.state, TrackState::Ready);
    let late = catalog.commit_analysis(commit_of(&job, b"one"), later(62)).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn jobs_of_no_task_are_forgotten_but_what_may_be_retried_is_not() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac"]).await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    let (done, parked) = (fixture.claim_one(NOW).await, fixture.claim_one(NOW).await);
    jobs.finish(done.id, done.attempt, OWNER, NOW).await.unwrap();
    let broken = failure(ErrorKind::Malformed, "broken");
    catalog
        .fail_analysis(
            LeaseKey::new(parked.id, parked.attempt, OWNER),
            track_of(&parked),
            &reason_of(&broken),
            broken.next_retry,
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(catalog.forget_jobs(NOW).await.unwrap(), 0, "not yet");
    assert_eq!(catalog.forget_jobs(later(1)).await.unwrap(), 1);
    assert!(jobs.job(done.id).await.unwrap().is_none());
    assert!(jobs.job(parked.id).await.unwrap().is_some());
}

#[tokio::test]
async fn all_failed_tracks_can_be_queued_again_at_once() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/fine.flac"]).await;
    fixture.analyze_all().await;
    let names: Vec<String> = (0..600).map(|number| format!("A/B/{number}.flac")).collect();
    fixture.add(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    fixture
        .scan(vec![ScanChange::Unreadable {
            relative_path: "A/B/never.flac".to_owned(),
            size_bytes: 1,
            modified: NOW,
            changed_ns: None,
            failure: failure(ErrorKind::PermissionDenied, "no access"),
        }])
        .await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    for job in jobs.claim("analyze-track", OWNER, 500, NOW).await.unwrap() {
        let failure = failure(ErrorKind::Malformed, "broken");
        catalog
            .fail_analysis(
                LeaseKey::new(job.id, job.attempt, OWNER),
                track_of(&job),
                &reason_of(&failure),
                failure.next_retry,
                NOW,
            )
            .await
            .unwrap();
    }
    let task = TaskId::from_bytes([5; 16]);
    assert_eq!(
        catalog.requeue_failed(Some(task), &Products::of_ladder("high=flac"), later(1)).await.unwrap(),
        501
    );
    let counts = jobs.counts("analyze-track").await.unwrap();
    assert_eq!((counts.waiting, counts.parked, counts.done), (601, 0, 1));
    assert_eq!(
        jobs.task_counts(task).await.unwrap().waiting,
        501,
        "those that were queued stay where they were"
    );
    let library = catalog.counts().await.unwrap();
    assert_eq!((library.queued, library.failed, library.ready), (601, 0, 1));
    assert_eq!(
        catalog.requeue_failed(Some(task), &Products::of_ladder("high=flac"), later(2)).await.unwrap(),
        0
    );
    // A retried job gets all its attempts again, and may fail and be retried once more.
    let job = fixture.claim_one(later(2)).await;
    assert!(job.max_attempts >= job.attempt.0 + ANALYZE_ATTEMPTS - 1, "{job:?}");
    let again = failure(ErrorKind::Malformed, "broken");
    catalog
        .fail_analysis(
            LeaseKey::new(job.id, job.attempt, OWNER),
            track_of(&job),
            &reason_of(&again),
            again.next_retry,
            later(2),
        )
        .await
        .unwrap();
    assert_eq!(catalog.requeue_failed(None, &Products::of_ladder("high=flac"), later(3)).await.unwrap(), 1);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_track_that_kills_every_worker_fails_with_a_sentence() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/poison.flac"]).await;
    let id = fixture.id("A/B/poison.flac").await;
    let catalog = fixture.store.catalog();
    for attempt in 1..=ANALYZE_ATTEMPTS {
        let now = later(i64::from(attempt) * 600);
        let job = fixture.claim_one(now).await;
        assert_eq!(job.attempt, Attempt(attempt));
        catalog.begin_analysis(job.id, job.attempt, OWNER, id, now).await.unwrap();
        let ended = if attempt % 2 == 0 {
            fixture.store.jobs().reap(now.plus_ms(60_000)).await.unwrap()
        } else {
            fixture.store.jobs().release_owner(OWNER, now).await.unwrap()
        };
        assert_eq!(ended, 1);
        let state = row(&fixture, id).await.track.state;
        assert_eq!(state, if attempt < ANALYZE_ATTEMPTS { TrackState::Queued } else { TrackState::Failed });
        fixture.assert_clean().await;
    }
    let failure = row(&fixture, id).await.track.failure.unwrap();
    assert_eq!(failure.message, "the worker died while analyzing this file 5 times");
    assert_eq!(fixture.store.jobs().counts("analyze-track").await.unwrap().parked, 1);
}

#[tokio::test]
async fn a_retry_shows_when_it_comes_and_the_last_one_fails_the_track() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let id = fixture.id("A/B/one.flac").await;
    for attempt in 1..=ANALYZE_ATTEMPTS {
        let now = later(i64::from(attempt) * 100);
        let job = fixture.claim_one(now).await;
        fixture.store.catalog().begin_analysis(job.id, job.attempt, OWNER, id, now).await.unwrap();
        let error = JobError {
            kind: ErrorKind::Io,
            message: "disk away".to_owned(),
            offset_bytes: None,
            remedy: None,
        };
        let after = AfterFailure::RetryAt(now.plus_ms(1_000));
        fixture
            .store
            .jobs()
            .fail(LeaseKey::new(job.id, job.attempt, OWNER), error, after, now)
            .await
            .unwrap();
        let track = row(&fixture, id).await.track;
        let failure = track.failure.unwrap();
        if attempt < ANALYZE_ATTEMPTS {
            assert_eq!((track.state, failure.next_retry), (TrackState::Queued, Some(now.plus_ms(1_000))));
        } else {
            assert_eq!((track.state, failure.next_retry), (TrackState::Failed, None));
        }
        assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::Io, "disk away"));
    }
    let parked = fixture.store.jobs().counts("analyze-track").await.unwrap().parked;
    assert_eq!(parked, 1);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn only_what_is_missing_is_queued() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac", "A/B/three.flac"]).await;
    let catalog = fixture.store.catalog();
    let now_versions = [("key", 1), ("loudness", 1), ("rhythm", 1), ("waveform", 1)];
    assert_eq!(catalog.queue_missing_analysis(&now_versions, None, NOW).await.unwrap(), 0, "queued already");
    fixture.analyze_all().await;
    assert_eq!(catalog.queue_missing_analysis(&now_versions, None, NOW).await.unwrap(), 0);
    let task = TaskId::from_bytes([1; 16]);
    assert_eq!(catalog.queue_missing_analysis(&[("key", 2)], Some(task), NOW).await.unwrap(), 3);
    assert_eq!(catalog.queue_missing_analysis(&[("key", 2)], Some(task), NOW).await.unwrap(), 0);
    assert_eq!(fixture.store.jobs().task_counts(task).await.unwrap().waiting, 3);
    let id = fixture.id("A/B/one.flac").await;
    assert_eq!(row(&fixture, id).await.track.state, TrackState::Ready, "it can be played all along");

    // A newer result replaces, an older one does not; a failed analyzer counts as analyzed.
    let job = fixture.claim_one(NOW).await;
    catalog.begin_analysis(job.id, job.attempt, OWNER, track_of(&job), NOW).await.unwrap();
    fixture.store.jobs().give_back(job.id, job.attempt, OWNER, NOW).await.unwrap();
    assert_eq!(row(&fixture, track_of(&job)).await.track.state, TrackState::Ready);
    let job = fixture.claim_one(NOW).await;
    let path = row(&fixture, track_of(&job)).await.track.relative_path;
    let mut done = commit_of(&job, path.as_bytes());
    let outcome = AnalyzerOutcome::Failed { kind: ErrorKind::Timeout, message: "too slow".to_owned() };
    done.results = vec![
        AnalyzerResult { analyzer: "key".to_owned(), version: 2, outcome },
        ok("loudness", 0, FeaturePart::Loudness(Loudness::default())),
    ];
    catalog.commit_analysis(done, NOW).await.unwrap();
    let features = Features::from_results(catalog.analysis(track_of(&job)).await.unwrap().0);
    assert!(features.key.is_none() && features.loudness.unwrap().integrated_lufs.is_some());
    assert_eq!(row(&fixture, track_of(&job)).await.key, None);
    assert_eq!(catalog.queue_missing_analysis(&[("key", 2)], None, NOW).await.unwrap(), 0);
    fixture.assert_clean().await;
}

/// Only the time limit ends a run; there is no limit on the count.
#[tokio::test]
async fn a_run_queues_every_candidate_there_is_however_many() {
    const MANY: u64 = 10_000;
    let fixture = Fixture::new().await;
    let change = |number| ScanChange::Added(file(&format!("A/B/{number}.flac")));
    let catalog = fixture.store.catalog();
    // They were found while nothing was to be analyzed on arrival.
    catalog.apply_scan_for_later(fixture.folder, (0..MANY).map(change).collect(), NOW).await.unwrap();
    let (task, versions) = (TaskId::from_bytes([1; 16]), [("key", 1)]);
    assert_eq!(catalog.queue_candidates(&versions, false, task, NOW).await.unwrap(), MANY);
    assert_eq!(fixture.store.jobs().task_counts(task).await.unwrap().waiting, MANY);
    assert_eq!(catalog.queue_candidates(&versions, false, task, NOW).await.unwrap(), 0, "all are queued");
}

#[tokio::test]
async fn a_withdrawn_job_is_queued_again_when_asked() {
    let fixture = Fixture::new().await;
    let task = TaskId::from_bytes([1; 16]);
    let change = vec![ScanChange::Added(file("A/B/one.flac"))];
    fixture.store.catalog().apply_scan(fixture.folder, Some(task), change, NOW).await.unwrap();
    assert_eq!(fixture.store.jobs().cancel_task(task, NOW).await.unwrap(), 1);
    assert_eq!(fixture.store.catalog().queue_missing_analysis(&[], None, NOW).await.unwrap(), 1);
    fixture.analyze_all().await;
    fixture.assert_clean().await;
}

#[tokio::test]
async fn equal_files_share_results_until_the_last_is_gone() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac"]).await;
    for _ in 0..2 {
        let job = fixture.claim_one(NOW).await;
        fixture.store.catalog().commit_analysis(commit_of(&job, b"same"), NOW).await.unwrap();
    }
    let (one, two) = (fixture.id("A/B/one.flac").await, fixture.id("A/B/two.flac").await);
    fixture.scan(vec![ScanChange::Removed(one)]).await;
    fixture.assert_clean().await;
    assert_eq!(fixture.store.catalog().analysis(two).await.unwrap().0, results());
    fixture.scan(vec![ScanChange::Changed(two, ScannedFile { size_bytes: 2, ..file("A/B/two.flac") })]).await;
    fixture.assert_clean().await;
    assert!(fixture.store.catalog().analysis(two).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn numbers_that_are_none_cost_only_their_analyzer() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let job = fixture.claim_one(NOW).await;
    let mut done = commit_of(&job, b"one");
    let wave =
        |peak| FeaturePart::Waveform(Waveform { peaks: vec![peak; 800], rms: vec![0.1; 800], detail: None });
    let loud = |gain| {
        let loudness = Loudness { replaygain_track_gain_db: Some(gain), ..Loudness::default() };
        FeaturePart::Loudness(loudness)
    };
    done.results = vec![
        ok("a", 1, loud(f64::NAN)),
        ok("b", 1, loud(f64::INFINITY)),
        ok("c", 1, wave(f32::NAN)),
        ok("d", 1, loud(-3.0)),
    ];
    fixture.store.catalog().commit_analysis(done, NOW).await.unwrap();
    let (results, _) = fixture.store.catalog().analysis(track_of(&job)).await.unwrap();
    for (result, fine) in results.iter().zip([false, false, false, true]) {
        let is_ok = matches!(result.outcome, AnalyzerOutcome::Ok { .. });
        assert_eq!(is_ok, fine, "{}", result.analyzer);
    }
}
