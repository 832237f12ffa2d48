//! Nightly runs: what they find, what they leave, how they end. The worker of these tests is this very program,
//! started again with the ignored test [`nightly_process`] as its only task.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{fs, path::PathBuf};

use fanfare_audio::FfmpegUse;
use fanfare_ingest::{BackgroundOptions, Ingest, QuietHours, Schedule};
use fanfare_model::{ErrorKind, Task, TaskKind, TaskState, TrackState};
use fanfare_store::Store;
use fanfare_worker::{WorkerProcessOptions, run_worker};

mod fixture;
use fixture::{Fixture, ended, open_store, rest, tracks};

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn nightly_process() {
    // Names of tests may be given in any number: the data folder is one that matches none.
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    tokio::runtime::Runtime::new().unwrap().block_on(run_worker(options)).unwrap();
}

/// Nothing is analyzed before the test asks for a run.
fn later() -> BackgroundOptions {
    // Flat out: these tests are about what is analyzed, not when.
    BackgroundOptions {
        on_arrival: false,
        schedule: Schedule::Off,
        pacing: 0.0,
        cpu_share_percent: 100,
        ..BackgroundOptions::default()
    }
}

async fn analyzing(fixture: &Fixture, store: &Store, background: BackgroundOptions) -> Ingest {
    let mut args = ["nightly_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    fixture.ingest_with(store, std::env::current_exe().unwrap(), args, 2, background).await
}

/// An ingest whose worker never works.
async fn idling(fixture: &Fixture, store: &Store, background: BackgroundOptions) -> Ingest {
    fixture.ingest_with(store, "/bin/cat".into(), Vec::new(), 2, background).await
}

async fn states(store: &Store) -> Vec<TrackState> {
    tracks(store).await.into_iter().map(|row| row.track.state).collect()
}

async fn run(ingest: &Ingest) -> Task {
    let task = ingest.run_nightly_now().await.unwrap();
    ended(ingest, task).await;
    // With its failures, which events leave out.
    ingest.background_status().await.unwrap().last.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_hears_what_lacks_results_and_a_second_one_finds_nothing() {
    let fixture = Fixture::new();
    for number in 0..5 {
        fixture.song(&format!("{number:02}.wav"), number);
    }
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    assert_eq!(states(&store).await, [TrackState::Queued; 5]);
    assert_eq!(store.jobs().counts("analyze-track").await.unwrap().waiting, 0, "nobody is in a hurry");

    let task = run(&ingest).await;
    assert_eq!((task.kind, task.state), (TaskKind::Nightly, TaskState::Succeeded), "{task:?}");
    assert_eq!((task.current, task.total, &*task.message), (5, 5, "5 tracks analyzed"));
    assert_eq!(states(&store).await, [TrackState::Ready; 5]);

    let task = run(&ingest).await;
    assert_eq!((task.state, task.total), (TaskState::Succeeded, 0), "{task:?}");
    assert_eq!(task.message, "every track has all its results");
    // What is set applies at once.
    ingest.set_background(BackgroundOptions { on_arrival: true, ..later() }).unwrap();
    fixture.song("new.wav", 9);
    fixture::scan(&ingest).await;
    rest(&ingest).await;
    assert_eq!(states(&store).await, [TrackState::Ready; 6]);
    assert_eq!(
        ingest.set_background(BackgroundOptions { pacing: -1.0, ..later() }).unwrap_err().kind(),
        ErrorKind::Invalid
    );
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_failures_names_them_and_a_retry_takes_up_only_those() {
    let fixture = Fixture::new();
    fixture.song("00.wav", 0);
    let broken = fixture.song("01.wav", 1);
    let whole = fs::read(&broken).unwrap();
    fs::write(&broken, &whole[..44]).unwrap();
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let first = run(&ingest).await;
    assert_eq!(first.state, TaskState::PartialSuccess, "{first:?}");
    assert_eq!((first.failure_count, &*first.message), (1, "1 track analyzed, 1 failed"));
    let failure = &first.failures[0];
    assert!(failure.subject.ends_with("01.wav") && !failure.message.is_empty(), "{failure:?}");
    assert_eq!(
        (failure.track.is_some(), failure.next_retry),
        (true, None),
        "its content will not mend itself"
    );

    // By itself it is not taken up again; when a user asks it is, and nothing else.
    assert_eq!(run(&ingest).await.total, 0);
    let retried = ingest.retry(first.id).await.unwrap();
    ended(&ingest, retried).await;
    let second = ingest.background_status().await.unwrap().last.unwrap();
    assert_eq!(
        (second.id, second.state, second.total),
        (retried, TaskState::PartialSuccess, 1),
        "{second:?}"
    );
    assert_eq!(states(&store).await, [TrackState::Ready, TrackState::Failed]);
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_its_budget_a_run_begins_nothing_and_the_next_one_goes_on() {
    let fixture = Fixture::new();
    for number in 0..3 {
        fixture.song(&format!("{number:02}.wav"), number);
    }
    let store = fixture.store().await;
    // Over as soon as it began: 3.6 ms.
    let ingest = idling(&fixture, &store, BackgroundOptions { budget_h: 1e-6, ..later() }).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let task = run(&ingest).await;
    assert_eq!(task.state, TaskState::Succeeded, "{task:?}");
    assert_eq!(task.message, "0 tracks analyzed, 3 tracks deferred to the next run (its 0.0 h are over)");
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!((counts.waiting, counts.cancelled), (0, 3));
    assert_eq!(states(&store).await, [TrackState::Queued; 3]);
    ingest.shutdown().await;
    store.close().await;

    let store = open_store(&fixture.data()).await;
    let ingest = analyzing(&fixture, &store, later()).await;
    rest(&ingest).await;
    assert_eq!(run(&ingest).await.message, "3 tracks analyzed");
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_cancelled_and_one_that_died_leaves_nothing_queued() {
    let fixture = Fixture::new();
    fixture.song("00.wav", 0);
    let store = fixture.store().await;
    let ingest = idling(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let waiting = async || store.jobs().counts("analyze-track").await.unwrap().waiting;
    let begin = async || {
        let (_, mut events) = ingest.hub().subscribe(None);
        let task = ingest.run_nightly_now().await.unwrap();
        while events.recv().await.unwrap().task.total == 0 {}
        assert_eq!(waiting().await, 1);
        task
    };
    let task = begin().await;
    assert_eq!(ingest.run_nightly_now().await.unwrap(), task, "there is one at a time");
    ingest.cancel(task).await.unwrap();
    let task = ended(&ingest, task).await;
    assert_eq!(
        (task.state, &*task.message),
        (TaskState::Cancelled, "cancelled: 0 tracks analyzed, 1 track left")
    );
    assert_eq!(waiting().await, 0);
    assert_eq!(ingest.cancel(task.id).await.unwrap_err().kind(), ErrorKind::Conflict);

    let task = begin().await;
    ingest.shutdown().await;
    assert_eq!(waiting().await, 1, "the server stopped in the middle of it");
    let again = idling(&fixture, &store, later()).await;
    assert_eq!(waiting().await, 0);
    let task = store.catalog().task(task).await.unwrap().unwrap();
    assert_eq!(task.state, TaskState::Cancelled, "{task:?}");
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_stops_the_track_that_is_analyzed() {
    let fixture = Fixture::new();
    fixture.song("00.wav", 0);
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    // While something plays the worker holds the track and does not go on with it.
    let playing = ingest.playing();
    let (_, mut events) = ingest.hub().subscribe(None);
    let task = ingest.run_nightly_now().await.unwrap();
    while states(&store).await != [TrackState::Processing] {
        events.recv().await.unwrap();
    }
    ingest.cancel(task).await.unwrap();
    let task = ended(&ingest, task).await;
    assert_eq!(
        (task.state, &*task.message),
        (TaskState::Cancelled, "cancelled: 0 tracks analyzed, 1 track left")
    );
    assert_eq!(states(&store).await, [TrackState::Queued]);
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!((counts.running, counts.waiting, counts.done), (0, 0, 0));
    drop(playing);
    ingest.shutdown().await;
}

/// issue 12
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_begins_with_the_server_hears_what_the_first_scan_finds() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    // Quiet hours that are the whole day: the run is caught up with as soon as the schedule begins.
    let background = BackgroundOptions {
        schedule: "05:00".parse().unwrap(),
        quiet_hours: QuietHours::parse_setting("05:00-05:00").unwrap(),
        ..later()
    };
    let ingest = analyzing(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    ingest.shutdown().await;
    for number in 0..41 {
        fixture.song(&format!("{number:02}.wav"), number);
    }
    let ingest = analyzing(&fixture, &store, background).await;
    // A folder that is named at the start belongs to it as well.
    let beside = fixture.folder.path().join("beside");
    fixture::write_song(&beside.join("41.wav"), 41);
    ingest.add_folder(&beside).await.unwrap();
    let (_, mut events) = ingest.hub().subscribe(None);
    ingest.begin_schedule();
    let task = loop {
        let task = events.recv().await.unwrap().task;
        if task.kind == TaskKind::Nightly && task.state.is_over() {
            break task;
        }
    };
    assert_eq!((task.state, &*task.message), (TaskState::Succeeded, "42 tracks analyzed"), "{task:?}");
    assert_eq!(states(&store).await, [TrackState::Ready; 42]);
    ingest.shutdown().await;
}

/// issue 12
#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_up_what_scans_find_that_begin_meanwhile_and_each_track_once() {
    let fixture = Fixture::new();
    let broken = fixture.song("broken.wav", 0);
    let whole = fs::read(&broken).unwrap();
    fs::write(&broken, &whole[..44]).unwrap();
    fixture.song("00.wav", 1);
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    // While something plays the run holds at its first track.
    let playing = ingest.playing();
    let (_, mut events) = ingest.hub().subscribe(None);
    let run = ingest.run_nightly_now().await.unwrap();
    while events.recv().await.unwrap().task.total != 2 {}
    fixture.song("01.wav", 2);
    fixture::scan(&ingest).await;
    ingest.set_background(BackgroundOptions { yield_while_playing: false, ..later() }).unwrap();
    let task = ended(&ingest, run).await;
    assert_eq!((task.state, &*task.message), (TaskState::PartialSuccess, "2 tracks analyzed, 1 failed"));
    drop(playing);
    ingest.shutdown().await;
}

/// issue 12: a run whose folder goes away ends with what it could do, says so, and can be tried again.
#[tokio::test(flavor = "multi_thread")]
async fn storage_that_is_away_costs_its_own_tracks_only() {
    let fixture = Fixture::new();
    fixture.song("here/00.wav", 0);
    fixture.song("away/01.wav", 1);
    fixture.song("away/02.wav", 2);
    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store, later()).await;
    for folder in ["here", "away"] {
        ingest.add_folder(&fixture.music().join(folder)).await.unwrap();
    }
    rest(&ingest).await;
    let (mounted, unplugged) = (fixture.music().join("away"), fixture.folder.path().join("unplugged"));
    fs::rename(&mounted, &unplugged).unwrap();
    let task = run(&ingest).await;
    assert_eq!(task.state, TaskState::PartialSuccess, "{task:?}");
    assert_eq!(
        task.message, "1 track analyzed, 2 tracks left to the next run: their storage is away",
        "{task:?}"
    );
    assert_eq!((task.failure_count, task.failures.len()), (2, 2), "{task:?}");
    for failure in &task.failures {
        let name = failure.subject.rsplit('/').next().unwrap();
        assert!(["01.wav", "02.wav"].contains(&name), "{failure:?}");
        assert_eq!(failure.kind, ErrorKind::Unavailable);
        assert!(failure.message.contains("is away"), "{failure:?}");
    }
    let by_path: Vec<_> =
        tracks(&store).await.into_iter().map(|row| (row.track.relative_path, row.track.state)).collect();
    assert_eq!(by_path[0], ("00.wav".to_owned(), TrackState::Ready));
    assert_eq!(by_path[1], ("01.wav".to_owned(), TrackState::Queued), "it is tried again when it is back");
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!((counts.waiting, counts.running), (0, 0), "nothing is left behind");

    fs::rename(&unplugged, &mounted).unwrap();
    let retried = ingest.retry(task.id).await.unwrap();
    let task = ended(&ingest, retried).await;
    assert_eq!((task.state, &*task.message), (TaskState::Succeeded, "2 tracks analyzed"), "{task:?}");
    assert_eq!(states(&store).await, [TrackState::Ready; 3]);
    ingest.shutdown().await;
}

/// issue 12
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_what_is_under_way_is_that() {
    let fixture = Fixture::new();
    fixture.song("00.wav", 0);
    let store = fixture.store().await;
    let ingest = idling(&fixture, &store, later()).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let (_, mut events) = ingest.hub().subscribe(None);
    let task = ingest.run_nightly_now().await.unwrap();
    while events.recv().await.unwrap().task.total == 0 {}
    assert_eq!(ingest.retry(task).await.unwrap(), task);
    ingest.cancel(task).await.unwrap();
    ended(&ingest, task).await;
    let again = ingest.retry(task).await.unwrap();
    assert_ne!(again, task);
    ingest.shutdown().await;
}
