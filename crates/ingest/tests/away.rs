//! Storage that is away while an upload is worked on: tried again with growing pauses, given up with a reason if it stays
//! away, and nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests say what they expect

use std::{fs, path::PathBuf};

use bytes::Bytes;
use fanfare_audio::FfmpegUse;
use fanfare_ingest::{Ingest, UploadOptions};
use fanfare_model::{
    ErrorKind, Job, JobState, TaskKind, TaskState, Timestamp, TrackId, TrackState, UserId, job::JobError,
};
use fanfare_store::{AfterFailure, BlobKind, LeaseKey, PROCESS_ATTEMPTS, Store, Uploaded};
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav},
};
use fanfare_worker::{WorkerProcessOptions, run_worker};

mod fixture;
use fixture::{Fixture, rest};

const QUEUE: &str = "process-track";
const PERSON: UserId = UserId::from_bytes([5; 16]);

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn away_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run_worker(options)).unwrap();
}

async fn working(fixture: &Fixture, store: &Store) -> Ingest {
    let mut args = ["away_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let ingest = fixture.ingest(store, std::env::current_exe().unwrap(), args, 2).await;
    ingest.set_uploads(options());
    ingest
}

/// A ladder that needs no other program.
fn options() -> UploadOptions {
    UploadOptions { ladder: "high=flac".to_owned(), ..UploadOptions::default() }
}

/// An upload that nobody has worked on yet, and its job.
async fn waiting(fixture: &Fixture, store: &Store) -> (TrackId, Job) {
    let idle = fixture.scanning(store).await;
    idle.set_uploads(options());
    let song = wav(44_100, &[signals::sine(44_100, 4.0, 440.0, 0.3)], WavFormat::I16);
    let mut receiving = idle.receive("song.wav", PERSON).await.unwrap();
    receiving.write(Bytes::from(song)).await.unwrap();
    let Uploaded::Added(track) = receiving.finish().await.unwrap() else { panic!("it is new") };
    // Looked at by claiming it, then as it was.
    let now = fanfare_model::Timestamp(i64::MAX / 4);
    let job = store.jobs().claim(QUEUE, "test", 1, now).await.unwrap().remove(0);
    store.jobs().give_back(job.id, job.attempt, "test", now).await.unwrap();
    idle.shutdown().await;
    (track, job)
}

/// Until that many attempts have failed; gives the job as it waits (or is parked) then.
async fn attempted(store: &Store, job: &Job, attempts: u32) -> Job {
    loop {
        let job = store.jobs().job(job.id).await.unwrap().unwrap();
        assert_ne!(job.state, JobState::Done);
        if job.attempt.0 >= attempts && job.state != JobState::Running {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

/// The pause is over: as if the clock had gone on, at the price of one attempt.
async fn pause_is_over(store: &Store, job: &Job) {
    let later = job.run_at.plus_ms(1);
    let claimed = store.jobs().claim(QUEUE, "clock", 1, later).await.unwrap().remove(0);
    let error = JobError {
        kind: ErrorKind::Unavailable,
        message: "the clock".to_owned(),
        offset_bytes: None,
        remedy: None,
    };
    let after = AfterFailure::RetryAt(Timestamp(0));
    store
        .jobs()
        .fail(LeaseKey::new(claimed.id, claimed.attempt, "clock"), error, after, later)
        .await
        .unwrap();
}

async fn state(store: &Store, track: TrackId) -> TrackState {
    store.catalog().track(track).await.unwrap().unwrap().track.state
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_is_away_is_tried_again_and_the_upload_becomes_ready_when_it_is_back() {
    // The bytes that were sent; where the ladder is made; both.
    for part in ["upload", "unfinished", ""] {
        let fixture = Fixture::new();
        let store = fixture.store().await;
        let (track, job) = waiting(&fixture, &store).await;
        let (there, away) = (fixture.data().join("blobs").join(part), fixture.data().join("away"));
        fs::rename(&there, &away).unwrap();
        let ingest = working(&fixture, &store).await;
        let failed = attempted(&store, &job, 1).await;
        let error = failed.last_error.as_ref().unwrap();
        assert_eq!(
            (failed.state, error.kind),
            (JobState::Waiting, ErrorKind::Unavailable),
            "{part}: {error:?}"
        );
        let pause_ms = failed.run_at.0 - now().0;
        assert!((30_000..75_000).contains(&pause_ms), "{part}: tried again in {pause_ms} ms");
        assert_eq!(state(&store, track).await, TrackState::Queued, "{part}: it waits");
        assert!(!there.exists(), "{part}: nothing was made where the storage will be");

        fs::rename(&away, &there).unwrap();
        pause_is_over(&store, &failed).await;
        rest(&ingest).await;
        assert_eq!(state(&store, track).await, TrackState::Ready, "{part}");
        assert_eq!(fs::read_dir(store.blobs().staging()).unwrap().count(), 0, "{part}");
        assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new(), "{part}");
        ingest.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_stays_away_parks_the_upload_with_its_reason_and_its_bytes() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let (track, job) = waiting(&fixture, &store).await;
    let (there, away) = (fixture.data().join("blobs"), fixture.data().join("away"));
    fs::rename(&there, &away).unwrap();
    let ingest = working(&fixture, &store).await;
    // Each pause that is skipped is an attempt, too.
    let mut pauses_ms = Vec::new();
    let mut attempts = 1;
    let parked = loop {
        let failed = attempted(&store, &job, attempts).await;
        if failed.state == JobState::Parked {
            break failed;
        }
        pauses_ms.push(failed.run_at.0 - now().0);
        pause_is_over(&store, &failed).await;
        attempts += 2;
    };
    assert_eq!(parked.attempt.0, PROCESS_ATTEMPTS);
    assert!(pauses_ms.windows(2).all(|pair| pair[0] < pair[1]), "pauses grow: {pauses_ms:?}");
    rest(&ingest).await;
    let row = store.catalog().track(track).await.unwrap().unwrap().track;
    let failure = row.failure.unwrap();
    assert_eq!((row.state, failure.kind), (TrackState::Failed, ErrorKind::Unavailable));
    assert!(failure.message.contains("away"), "{failure:?}");
    let tasks = store.catalog().tasks(10).await.unwrap();
    let task = tasks.iter().find(|task| task.kind == TaskKind::Upload).unwrap();
    assert_eq!((task.state, task.failure_count), (TaskState::Failed, 1), "{task:?}");

    fs::rename(&away, &there).unwrap();
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap().len(), 1, "nothing is lost");
    ingest.retry_track(track).await.unwrap();
    rest(&ingest).await;
    assert_eq!(state(&store, track).await, TrackState::Ready);
    ingest.shutdown().await;
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}
