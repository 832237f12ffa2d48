//! Parked jobs with a real worker: each retry does that thing only, and nothing is left of the reason (issue 12).
#![allow(clippy::unwrap_used, clippy::panic)] // tests say what they expect

use std::path::PathBuf;

use bytes::Bytes;
use fanfare_audio::FfmpegUse;
use fanfare_ingest::{Ingest, UploadOptions};
use fanfare_model::{
    EnrichmentState, Error, ErrorKind, JobId, JobKind, JobState, Timestamp, TrackId, TrackState, UserId,
    job::JobError,
};
use fanfare_store::{AfterFailure, ENRICH_ATTEMPTS, LeaseKey, NewJob, ParkedFilter, Store, Uploaded};
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav_with_tags},
};
use fanfare_worker::{WorkerParts, WorkerProcessOptions, run_worker_with};

mod fixture;
use fixture::{Fixture, rest};

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn worker_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run_worker_with(options, WorkerParts::default())).unwrap();
}

async fn ingest(fixture: &Fixture, store: &Store) -> Ingest {
    let mut args = ["worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let ingest = fixture.ingest(store, std::env::current_exe().unwrap(), args, 2).await;
    // No AAC: a ladder that needs no other program.
    ingest.set_uploads(UploadOptions { ladder: "high=flac".to_owned(), ..UploadOptions::default() });
    ingest
}

fn song(seconds: f64) -> Vec<u8> {
    wav_with_tags(
        44_100,
        &[signals::sine(44_100, seconds, 440.0, 0.3)],
        WavFormat::I16,
        &[("INAM", "a song")],
    )
}

async fn send(ingest: &Ingest, name: &str, bytes: &[u8]) -> TrackId {
    let mut receiving = ingest.receive(name, UserId::from_bytes([5; 16])).await.unwrap();
    receiving.write(Bytes::copy_from_slice(bytes)).await.unwrap();
    match receiving.finish().await.unwrap() {
        Uploaded::Added(id) => id,
        Uploaded::Known(id) => panic!("{id} is there already"),
    }
}

/// The enrichment of that track fails open: its attempts are made here, at a time that is far off for the worker.
async fn fail_open(store: &Store, track: TrackId) -> JobId {
    let far = Timestamp(i64::from(u32::MAX) * 1_000);
    let job = NewJob {
        kind: JobKind::Describe { track },
        task: None,
        dedupe_key: Some(format!("enrich:{track}")),
        priority: 0,
        run_at: far,
        max_attempts: ENRICH_ATTEMPTS,
    };
    let jobs = store.jobs();
    let id = jobs.enqueue(job, far).await.unwrap();
    for _ in 0..ENRICH_ATTEMPTS {
        let job = jobs.claim("enrich-track-audio", "test", 1, far).await.unwrap().remove(0);
        let error = JobError::from(&Error::new(ErrorKind::Io, "the disk is away"));
        jobs.fail(LeaseKey::new(job.id, job.attempt, "test"), error, AfterFailure::RetryAt(far), far)
            .await
            .unwrap();
    }
    assert_eq!(jobs.job(id).await.unwrap().unwrap().state, JobState::Parked);
    let track = store.catalog().track(track).await.unwrap().unwrap().track;
    assert_eq!((track.state, track.enrichment), (TrackState::Ready, EnrichmentState::Failed));
    assert_eq!(track.enrichment_error.as_deref(), Some("the disk is away"));
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_enrichment_is_only_enriched_again_and_nothing_stays_behind() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store).await;
    let id = send(&ingest, "one.wav", &song(12.0)).await;
    rest(&ingest).await;
    let runs = store.catalog().analysis_runs(id).await.unwrap();
    assert_eq!(runs.len(), fanfare_analysis::versions().len());
    assert!(runs.iter().all(|run| run.succeeded && run.analyzed.is_some()), "{runs:?}");
    for by_the_list in [false, true] {
        let job = fail_open(&store, id).await;
        if by_the_list {
            ingest.retry_job(job).await.unwrap();
        } else {
            ingest.retry_track(id).await.unwrap();
        }
        rest(&ingest).await;
        let track = store.catalog().track(id).await.unwrap().unwrap().track;
        assert_eq!((track.enrichment, track.enrichment_error), (EnrichmentState::Completed, None));
        assert_eq!(store.catalog().parked_counts().await.unwrap(), []);
        let done = store.jobs().job(job).await.unwrap().unwrap();
        assert_eq!((done.state, done.last_error), (JobState::Done, None));
    }
    // Nothing was decoded or measured again.
    assert_eq!(store.catalog().analysis_runs(id).await.unwrap(), runs);
    let analyses = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!(analyses, fanfare_store::JobCounts::default());
    assert_eq!(store.jobs().counts("process-track").await.unwrap().done, 1);
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_retried_all_at_once_or_discarded() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store).await;
    // A header that promises audio, and none of it; and a sound too short to say anything of.
    let broken = send(&ingest, "header.wav", &song(1.0)[..44]).await;
    let short = send(&ingest, "short.wav", &song(1.0)).await;
    rest(&ingest).await;
    let parked = async |filter: ParkedFilter| store.catalog().parked(&filter, None, 10).await.unwrap();
    let all = parked(ParkedFilter::default()).await;
    let mut seen: Vec<_> = all.items.iter().map(|one| (one.job.kind.queue(), one.job.kind.track())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("enrich-track-audio", short), ("process-track", broken)]);
    for one in &all.items {
        let reason = one.job.last_error.as_ref().unwrap();
        assert!(!reason.message.is_empty() && !reason.remedy().is_empty(), "{reason:?}");
        assert_eq!(one.attempts.len(), 1, "hopeless at once: {one:?}");
        assert_eq!(&one.attempts[0].error, reason);
    }
    let only = ParkedFilter { queue: Some("process-track".to_owned()), kind: None };
    assert_eq!(ingest.retry_jobs(&only).await.unwrap(), 1);
    rest(&ingest).await;
    assert_eq!(ingest.retry_jobs(&ParkedFilter::default()).await.unwrap(), 2);
    rest(&ingest).await;
    // Both failed again, and say how often.
    let again = parked(ParkedFilter::default()).await;
    let mut tried: Vec<_> =
        again.items.iter().map(|one| (one.job.kind.queue(), one.attempts.len())).collect();
    tried.sort_unstable();
    assert_eq!(tried, [("enrich-track-audio", 2), ("process-track", 3)]);
    for one in &again.items {
        ingest.discard_job(one.job.id).await.unwrap();
        assert_eq!(ingest.discard_job(one.job.id).await.unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(ingest.retry_job(one.job.id).await.unwrap_err().kind(), ErrorKind::Conflict);
    }
    assert_eq!(parked(ParkedFilter::default()).await.total, 0);
    let track = store.catalog().track(broken).await.unwrap().unwrap().track;
    assert!(track.state == TrackState::Failed && track.failure.is_some(), "{track:?}");
    assert!(store.catalog().track_path(broken).await.unwrap().is_some(), "its bytes stay");
    assert_eq!(ingest.retry_job(JobId::from_bytes([7; 16])).await.unwrap_err().kind(), ErrorKind::NotFound);
    ingest.shutdown().await;
}
