//! Parked jobs: listed with their reasons, retried as what they are, discarded, and gone when the work is done in another
//! way (issue 12).
#![allow(clippy::unwrap_used, clippy::panic)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{
    EnrichmentState, Error, ErrorKind, Job, JobId, JobKind, JobState, Tags, TaskId, Timestamp, Track,
    TrackId, TrackState, UserId, Wanted,
    enrichment::Enrichment,
    job::{JobError, Products},
};
use fanfare_store::{
    AfterFailure, AnalysisCommit, BlobKind, EnrichCommit, LeaseKey, NewUpload, ParkedFilter, ProcessCommit,
    Uploaded,
};
use support::{Fixture, NOW, OWNER, commit_of, hash, later, properties};

const ENRICH: &str = "enrich-track-audio";
const PROCESS: &str = "process-track";
const ANALYZE: &str = "analyze-track";

fn products() -> Products {
    Products::of_ladder("high=flac")
}

async fn add(fixture: &Fixture, content: &[u8]) -> TrackId {
    fixture.store.blobs().put(BlobKind::Upload, content).await.unwrap();
    let new = NewUpload {
        name: "a song.flac".to_owned(),
        hash: hash(content),
        size_bytes: content.len() as u64,
        tags: Tags { title: Some("A Song".to_owned()), ..Tags::default() },
        audio: Some(properties()),
        picture: false,
        uploader: UserId::from_bytes([9; 16]),
        keep: true,
        products: Products::of_ladder("low=aac:96"),
    };
    match fixture.store.catalog().add_upload(&new, None, 0, NOW).await.unwrap() {
        Uploaded::Added(id) => id,
        Uploaded::Known(id) => panic!("{id} is there already"),
    }
}

async fn claim(fixture: &Fixture, queue: &str, now: Timestamp) -> Option<Job> {
    fixture.store.jobs().claim(queue, OWNER, 1, now).await.unwrap().pop()
}

/// The next job of that queue is given up for that reason.
async fn park(fixture: &Fixture, queue: &str, error: &Error, now: Timestamp) -> JobId {
    let job = claim(fixture, queue, now).await.unwrap();
    let (error, park) = (JobError::from(error), AfterFailure::Park);
    fixture.store.jobs().fail(LeaseKey::new(job.id, job.attempt, OWNER), error, park, now).await.unwrap();
    job.id
}

async fn process(fixture: &Fixture, content: &[u8]) {
    let job = claim(fixture, PROCESS, NOW).await.unwrap();
    let done = ProcessCommit {
        // Without damage: a retry of what was damaged decodes again.
        analyzed: AnalysisCommit { warnings: Vec::new(), ..commit_of(&job, content) },
        ladder: None,
        small: Vec::new(),
        duplicate: None,
        is_whole: true,
    };
    fixture.store.catalog().commit_process(&done, NOW).await.unwrap();
}

async fn enrich(fixture: &Fixture, now: Timestamp) {
    let job = claim(fixture, ENRICH, now).await.unwrap();
    let done = EnrichCommit {
        job: job.id,
        attempt: job.attempt,
        owner: OWNER.to_owned(),
        track: job.kind.track(),
        found: Enrichment::default(),
        duplicate: None,
    };
    fixture.store.catalog().commit_enrichment(&done, now).await.unwrap();
}

/// An upload whose enrichment failed open.
async fn failed_open(fixture: &Fixture, content: &[u8]) -> (TrackId, JobId) {
    let id = add(fixture, content).await;
    process(fixture, content).await;
    let job =
        park(fixture, ENRICH, &Error::new(ErrorKind::Io, "it broke").remedy("look at the disk"), NOW).await;
    let track = track(fixture, id).await;
    assert_eq!((track.state, track.enrichment), (TrackState::Ready, EnrichmentState::Failed));
    assert_eq!(track.enrichment_error.as_deref(), Some("it broke; look at the disk"));
    (id, job)
}

async fn track(fixture: &Fixture, id: TrackId) -> Track {
    fixture.store.catalog().track(id).await.unwrap().unwrap().track
}

async fn parked(fixture: &Fixture) -> u64 {
    let counts = fixture.store.catalog().parked_counts().await.unwrap();
    counts.iter().map(|(_, jobs)| jobs).sum()
}

async fn state(fixture: &Fixture, id: JobId) -> JobState {
    fixture.store.jobs().job(id).await.unwrap().unwrap().state
}

/// How a user asks for a failed enrichment again.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Track,
    Task,
    Job,
    EveryJob,
}

#[tokio::test]
async fn a_retry_of_an_enrichment_is_an_enrichment_and_leaves_no_reason_behind() {
    for asked in [Asked::Track, Asked::Task, Asked::Job, Asked::EveryJob] {
        let fixture = Fixture::new().await;
        let (id, job) = failed_open(&fixture, b"one").await;
        let (catalog, task) = (fixture.store.catalog(), Some(TaskId::from_bytes([5; 16])));
        let products = products();
        match asked {
            Asked::Track => catalog.requeue_track(id, task, &products, later(1)).await.unwrap(),
            Asked::Task => {
                assert_eq!(catalog.requeue_failed(task, &products, later(1)).await.unwrap(), 1);
            }
            Asked::Job => catalog.retry_parked(job, task, Some(&products), later(1)).await.unwrap(),
            Asked::EveryJob => {
                let with = (task, Some(&products));
                assert_eq!(
                    catalog.retry_all_parked(ENRICH, None, later(1), with, later(1)).await.unwrap(),
                    1
                );
            }
        }
        let pending = track(&fixture, id).await;
        assert_eq!(
            (pending.state, pending.enrichment),
            (TrackState::Ready, EnrichmentState::Pending),
            "{asked:?}"
        );
        assert_eq!(pending.enrichment_error, None, "{asked:?}");
        for other in [PROCESS, ANALYZE] {
            assert_eq!(
                fixture.store.jobs().counts(other).await.unwrap().waiting,
                0,
                "{asked:?}: nothing is decoded"
            );
        }
        assert_eq!(fixture.store.jobs().task_counts(task.unwrap()).await.unwrap().waiting, 1, "{asked:?}");
        fixture.assert_clean().await;
        enrich(&fixture, later(2)).await;
        let done = track(&fixture, id).await;
        assert_eq!(
            (done.state, done.enrichment),
            (TrackState::Ready, EnrichmentState::Completed),
            "{asked:?}"
        );
        assert_eq!(done.enrichment_error, None, "{asked:?}");
        assert_eq!((parked(&fixture).await, state(&fixture, job).await), (0, JobState::Done), "{asked:?}");
        fixture.assert_clean().await;
    }
}

#[tokio::test]
async fn an_enrichment_whose_retry_was_withdrawn_is_retried_as_one() {
    let fixture = Fixture::new().await;
    let (id, _) = failed_open(&fixture, b"one").await;
    let (catalog, task, products) = (fixture.store.catalog(), TaskId::from_bytes([5; 16]), products());
    for _ in 0..2 {
        catalog.requeue_track(id, Some(task), &products, later(1)).await.unwrap();
        assert_eq!(fixture.store.jobs().cancel_task(task, later(1)).await.unwrap(), 1);
    }
    assert_eq!(catalog.requeue_failed(Some(task), &products, later(2)).await.unwrap(), 1);
    enrich(&fixture, later(2)).await;
    assert_eq!(track(&fixture, id).await.enrichment, EnrichmentState::Completed);
    assert_eq!(fixture.store.jobs().counts(ANALYZE).await.unwrap(), fanfare_store::JobCounts::default());
    fixture.assert_clean().await;
}

#[tokio::test]
async fn an_analysis_that_enriches_a_track_takes_the_reason_and_the_parked_job_away() {
    let fixture = Fixture::new().await;
    let (id, job) = failed_open(&fixture, b"one").await;
    let (catalog, task) = (fixture.store.catalog(), TaskId::from_bytes([5; 16]));
    assert_eq!(catalog.queue_candidates(&[("key", 2)], false, task, later(1)).await.unwrap(), 1);
    let analyze = claim(&fixture, ANALYZE, later(1)).await.unwrap();
    let done = AnalysisCommit { enrichment: Some(Enrichment::default()), ..commit_of(&analyze, b"one") };
    catalog.commit_analysis(done, later(1)).await.unwrap();
    let track = track(&fixture, id).await;
    assert_eq!((track.enrichment, track.enrichment_error), (EnrichmentState::Completed, None));
    assert_eq!((parked(&fixture).await, state(&fixture, job).await), (0, JobState::Cancelled));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_failed_analysis_of_a_track_that_lacks_its_enrichment_is_retried_as_an_analysis() {
    let fixture = Fixture::new().await;
    let (id, _) = failed_open(&fixture, b"one").await;
    let (catalog, task, products) = (fixture.store.catalog(), TaskId::from_bytes([5; 16]), products());
    assert_eq!(catalog.queue_candidates(&[("key", 2)], false, task, later(1)).await.unwrap(), 1);
    park(&fixture, ANALYZE, &Error::new(ErrorKind::Io, "the disk is away"), later(1)).await;
    assert!(track(&fixture, id).await.failure.is_some());
    catalog.requeue_track(id, None, &products, later(2)).await.unwrap();
    assert_eq!(fixture.store.jobs().counts(ANALYZE).await.unwrap().waiting, 1);
    assert_eq!(fixture.store.jobs().counts(ENRICH).await.unwrap().waiting, 0);
    assert_eq!(track(&fixture, id).await.failure, None);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn parked_jobs_are_listed_page_by_page_with_reasons_attempts_and_tracks() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac", "A/B/three.flac"]).await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    let first = claim(&fixture, ANALYZE, NOW).await.unwrap();
    let away = JobError::from(&Error::new(ErrorKind::Io, "the disk is away").remedy("plug it in"));
    let again = AfterFailure::RetryAt(later(5));
    jobs.fail(LeaseKey::new(first.id, first.attempt, OWNER), away.clone(), again, NOW).await.unwrap();
    assert_eq!(parked(&fixture).await, 0, "it is tried again");
    let broken = Error::new(ErrorKind::Malformed, "frame 3 is broken").at_byte(7);
    let mut expected = Vec::new();
    for at in [6, 7, 8] {
        let job = claim(&fixture, ANALYZE, later(at)).await.unwrap();
        let reason = JobError::from(&broken);
        jobs.fail(LeaseKey::new(job.id, job.attempt, OWNER), reason, AfterFailure::Park, later(at))
            .await
            .unwrap();
        expected.insert(0, (job.id, job.kind.track(), later(at), job.attempt.0));
    }
    let all = catalog.parked(&ParkedFilter::default(), None, 10).await.unwrap();
    assert_eq!((all.total, all.next), (3, None));
    let seen: Vec<_> = all
        .items
        .iter()
        .map(|parked| (parked.job.id, parked.track.as_ref().unwrap().id, parked.parked, parked.job.attempt.0))
        .collect();
    assert_eq!(seen, expected);
    for parked in &all.items {
        let reason = parked.job.last_error.as_ref().unwrap();
        assert_eq!((reason.kind, &*reason.message), (ErrorKind::Malformed, "frame 3 is broken"));
        assert_eq!((reason.offset_bytes, &reason.remedy), (Some(7), &None));
        assert!(parked.track.as_ref().unwrap().relative_path.starts_with("A/B/"));
        let log: Vec<_> = parked.attempts.iter().map(|one| (one.attempt.0, one.error.kind)).collect();
        let kinds = [ErrorKind::Malformed, ErrorKind::Io];
        let attempts = (1..=parked.job.attempt.0).rev().zip(kinds).collect::<Vec<_>>();
        assert_eq!(log, attempts, "the latest first");
    }
    let tried_twice = all.items.iter().find(|parked| parked.attempts.len() == 2).unwrap();
    assert_eq!(tried_twice.attempts[1].error, away);
    assert_eq!(tried_twice.attempts[1].ended, NOW);

    // Page by page it is the same, also when one is retried meanwhile.
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = catalog.parked(&ParkedFilter::default(), after, 1).await.unwrap();
        paged.extend(page.items.iter().map(|parked| parked.job.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, expected.iter().map(|one| one.0).collect::<Vec<_>>());
    for (queue, kind, found) in [
        (Some(ANALYZE), None, 3),
        (Some(PROCESS), None, 0),
        (None, Some(ErrorKind::Malformed), 3),
        (None, Some(ErrorKind::Io), 0),
        (Some(ANALYZE), Some(ErrorKind::Malformed), 3),
    ] {
        let filter = ParkedFilter { queue: queue.map(str::to_owned), kind };
        assert_eq!(catalog.parked(&filter, None, 10).await.unwrap().total, found, "{filter:?}");
    }
    assert_eq!(catalog.parked_counts().await.unwrap(), [(ANALYZE.to_owned(), 3)]);
}

#[tokio::test]
async fn only_the_latest_attempts_are_remembered() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    let mut last = 0;
    let broken = Error::new(ErrorKind::Io, "away");
    for round in 0..45_i64 {
        let now = later(round * 600);
        let job = claim(&fixture, ANALYZE, now).await.unwrap();
        last = job.attempt.0;
        let again = AfterFailure::RetryAt(now);
        jobs.fail(LeaseKey::new(job.id, job.attempt, OWNER), JobError::from(&broken), again, now)
            .await
            .unwrap();
        if state(&fixture, job.id).await == JobState::Parked && round < 44 {
            jobs.retry(job.id, now).await.unwrap();
        }
    }
    let page = catalog.parked(&ParkedFilter::default(), None, 10).await.unwrap();
    let remembered: Vec<u32> = page.items[0].attempts.iter().map(|one| one.attempt.0).collect();
    assert_eq!(remembered, (last - 19..=last).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_parked_job_that_is_discarded_leaves_its_track_as_it_is() {
    let fixture = Fixture::new().await;
    let id = add(&fixture, b"one").await;
    let broken = Error::new(ErrorKind::Malformed, "it is broken");
    let job = park(&fixture, PROCESS, &broken, NOW).await;
    fixture.store.jobs().discard(job, later(1)).await.unwrap();
    assert_eq!(parked(&fixture).await, 0);
    let failed = track(&fixture, id).await;
    assert_eq!(
        (failed.state, failed.failure.unwrap().message.as_str()),
        (TrackState::Failed, "it is broken")
    );
    assert!(fixture.store.catalog().track_path(id).await.unwrap().is_some(), "its bytes are there");
    // The track can still be asked for, with what is made of uploads now.
    fixture.store.catalog().requeue_track(id, None, &products(), later(2)).await.unwrap();
    let again = claim(&fixture, PROCESS, later(2)).await.unwrap();
    assert_eq!(again.kind, JobKind::make(id, Wanted::Upload(products())));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_retry_of_a_job_puts_its_track_in_step_whatever_the_queue() {
    for queue in [ANALYZE, PROCESS] {
        let fixture = Fixture::new().await;
        let id = if queue == ANALYZE {
            fixture.add(&["A/B/one.flac"]).await;
            fixture.id("A/B/one.flac").await
        } else {
            add(&fixture, b"one").await
        };
        let job = park(&fixture, queue, &Error::new(ErrorKind::Malformed, "broken"), NOW).await;
        assert_eq!(track(&fixture, id).await.state, TrackState::Failed, "{queue}");
        // By the queue alone, as by the list.
        fixture.store.jobs().retry(job, later(1)).await.unwrap();
        let queued = track(&fixture, id).await;
        assert_eq!((queued.state, queued.failure), (TrackState::Queued, None), "{queue}");
        assert!(claim(&fixture, queue, later(1)).await.is_some());
        fixture.assert_clean().await;
    }
}

#[tokio::test]
async fn all_parked_jobs_are_retried_in_steps_and_those_that_fail_meanwhile_are_not() {
    let fixture = Fixture::new().await;
    let names: Vec<String> = (0..1_200).map(|number| format!("A/B/{number}.flac")).collect();
    fixture.add(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    for _ in 0..1_200 {
        park(&fixture, ANALYZE, &Error::new(ErrorKind::Malformed, "broken"), NOW).await;
    }
    let (task, products) = (Some(TaskId::from_bytes([5; 16])), products());
    let mut retried = Vec::new();
    loop {
        let step =
            catalog.retry_all_parked(ANALYZE, None, NOW, (task, Some(&products)), later(1)).await.unwrap();
        if step == 0 {
            break;
        }
        retried.push(step);
        // It fails again at once, and would be found again for ever.
        park(&fixture, ANALYZE, &Error::new(ErrorKind::Malformed, "broken"), later(1)).await;
    }
    assert_eq!(retried, [500, 500, 200]);
    let counts = jobs.counts(ANALYZE).await.unwrap();
    assert_eq!((counts.waiting, counts.parked), (1_197, 3));
    fixture.assert_clean().await;
}
