//! The worker process under its supervisor. The worker of these tests is this very program, started again
//! with the ignored test [`worker_process`] as its only task.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{fs, path::PathBuf};

use fanfare_audio::FfmpegUse;
use fanfare_ingest::Ingest;
use fanfare_model::{ErrorKind, TaskKind, TaskState, TrackState, features::Features};
use fanfare_store::Store;
use fanfare_worker::{WorkerProcessOptions, run_worker};
use rustix::process::{Pid, Signal, kill_process};

#[path = "../../ingest/tests/fixture/mod.rs"]
mod fixture;
use fixture::{Fixture, open_store, rest, scan, tracks, write_song};

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn worker_process() {
    // Names of tests may be given in any number: the data folder is one that matches none.
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run_worker(options)).unwrap();
}

async fn analyzing(fixture: &Fixture, store: &Store) -> Ingest {
    let mut args = ["worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    fixture.ingest(store, std::env::current_exe().unwrap(), args, 2).await
}

fn songs(fixture: &Fixture, count: u32) {
    for number in 0..count {
        fixture.song(&format!("{number:02}.wav"), number);
    }
}

/// What a library looks like when nothing disturbed it.
async fn undisturbed(count: u32) -> serde_json::Value {
    let fixture = Fixture::new();
    songs(&fixture, count);
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    ingest.shutdown().await;
    store.catalog().canonical_dump().await.unwrap()
}

/// Waits until a worker runs that is not `before`, and gives its process id.
async fn worker_pid(ingest: &Ingest, before: Option<Pid>) -> Pid {
    loop {
        let pid = ingest.worker_status().pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).unwrap()));
        match pid {
            Some(pid) if Some(pid) != before => return pid,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tracks_are_heard_and_broken_ones_listed_with_their_reason() {
    let fixture = Fixture::new();
    songs(&fixture, 3);
    fs::write(fixture.music().join("text.mp3"), "no music at all").unwrap();
    let wav = fs::read(fixture.music().join("00.wav")).unwrap();
    fs::write(fixture.music().join("header only.wav"), &wav[..44]).unwrap();
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let rows = tracks(&store).await;
    for row in &rows {
        let path = row.track.relative_path.as_str();
        if path.starts_with('0') {
            assert_eq!(row.track.state, TrackState::Ready, "{path}: {:?}", row.track.failure);
            let (results, _) = store.catalog().analysis(row.track.id).await.unwrap();
            assert_eq!(results.len(), fanfare_analysis::versions().len(), "{path}");
            assert!(Features::from_results(results).waveform.is_some());
            assert!(row.track.content_hash.is_some());
        } else {
            assert_eq!(row.track.state, TrackState::Failed, "{path}");
            assert!(!row.track.failure.as_ref().unwrap().message.is_empty());
        }
    }
    assert_eq!(rows.len(), 5);
    let tasks = store.catalog().tasks(10).await.unwrap();
    let analysis = tasks.iter().find(|task| task.kind == TaskKind::Analysis).unwrap();
    assert!(matches!(analysis.state, TaskState::PartialSuccess | TaskState::Succeeded), "{analysis:?}");
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
    assert_eq!(ingest.worker_status().pid, None);
    assert_eq!(ingest.worker_status().last_exit.as_deref(), Some("it ended by itself"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_is_replaced_and_nothing_is_lost_or_done_twice() {
    let fixture = Fixture::new();
    songs(&fixture, 12);
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store).await;
    let (_, mut events) = ingest.hub().subscribe(None);
    ingest.add_folder(&fixture.music()).await.unwrap();
    let mut killed = None;
    for _ in 0..3 {
        let pid = worker_pid(&ingest, killed).await;
        // Any event will do: it only spreads the kills over the work.
        events.recv().await.unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        killed = Some(pid);
    }
    rest(&ingest).await;
    assert!(ingest.worker_status().restarts >= 2);
    assert!(ingest.worker_status().last_exit.unwrap().contains("signal 9"));
    ingest.shutdown().await;
    assert_eq!(store.catalog().canonical_dump().await.unwrap(), undisturbed(12).await);
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_goes_on_where_it_was_and_no_attempt_counts() {
    let fixture = Fixture::new();
    songs(&fixture, 12);
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store).await;
    let (_, mut events) = ingest.hub().subscribe(None);
    ingest.add_folder(&fixture.music()).await.unwrap();
    while events.recv().await.unwrap().task.kind != TaskKind::Analysis {}
    ingest.shutdown().await;
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!(counts.running, 0, "{counts:?}");
    assert_eq!(counts.parked, 0, "{counts:?}");
    store.close().await;

    let store = open_store(&fixture.data()).await;
    let ingest = analyzing(&fixture, &store).await;
    rest(&ingest).await;
    ingest.shutdown().await;
    assert_eq!(store.catalog().canonical_dump().await.unwrap(), undisturbed(12).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_failed_for_its_content_can_be_retried() {
    let fixture = Fixture::new();
    let song = fixture.song("00.wav", 0);
    let whole = fs::read(&song).unwrap();
    fs::write(&song, &whole[..44]).unwrap();
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let failed = tracks(&store).await.remove(0).track;
    assert_eq!(failed.state, TrackState::Failed);

    ingest.retry_track(failed.id).await.unwrap();
    rest(&ingest).await;
    assert_eq!(tracks(&store).await[0].track.state, TrackState::Failed, "nothing about it changed");

    write_song(&song, 1);
    scan(&ingest).await;
    rest(&ingest).await;
    let row = tracks(&store).await.remove(0);
    assert_eq!((row.track.state, row.track.id), (TrackState::Ready, failed.id), "{:?}", row.track.failure);
    assert_eq!(
        ingest.retry_track(fanfare_model::TrackId::from_bytes([1; 16])).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    ingest.shutdown().await;
}
