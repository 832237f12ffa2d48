//! Loudness written into files once it is measured: for a track, for a release, without anything being analyzed twice.
//!
//! The worker of these tests is this very program, started again with the ignored test [`retag_process`] as its only task.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests say what they expect

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_analysis::loudness::{Judged, Measured, Release};
use fanfare_audio::{FfmpegUse, Limits, read_tags};
use fanfare_channel::PostAnalysis as _;
use fanfare_ingest::{Ingest, WriteReplayGain, release_gain};
use fanfare_model::{Features, Tags, Task, TaskKind, TaskState, TrackState};
use fanfare_store::Store;
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav_with_tags},
};
use fanfare_worker::{WorkerParts, WorkerProcessOptions, run_worker_with};

mod fixture;
use fixture::{Fixture, rest, scan, tracks};

const RATE_HZ: u32 = 8_000;
/// The file in the data folder that says that tags are not written (yet).
const OFF: &str = "off";

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn retag_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let mut parts = WorkerParts::default();
    assert!(parts.post_analysis.is_empty(), "nothing is written unless a user asked for it");
    if !data_dir.join(OFF).exists() {
        parts.post_analysis.push(Arc::new(WriteReplayGain::default()));
    }
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run_worker_with(options, parts)).unwrap();
    std::process::exit(0);
}

/// A tone of that level on that album.
fn song(fixture: &Fixture, name: &str, album: Option<&str>, amplitude: f64) {
    let tone = signals::sine(RATE_HZ, 2.0, 440.0, amplitude);
    let mut tags = vec![("INAM", name), ("IART", "a singer")];
    tags.extend(album.map(|album| ("IPRD", album)));
    fs::write(fixture.music().join(name), wav_with_tags(RATE_HZ, &[tone], WavFormat::I16, &tags)).unwrap();
}

async fn analyzing(fixture: &Fixture, store: &Store) -> Ingest {
    let mut args = ["retag_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    fixture.ingest(store, std::env::current_exe().unwrap(), args, 2).await
}

/// The samples, wherever the tags are.
fn sound(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"data").unwrap();
    let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap());
    bytes[at + 8..][..size as usize].to_vec()
}

fn tags(fixture: &Fixture, name: &str) -> Tags {
    let reading = read_tags(&fixture.music().join(name), &Limits::default()).unwrap();
    assert!(reading.warnings.is_empty(), "{name}: {:?}", reading.warnings);
    reading.tags
}

/// Features of all tracks, by path.
async fn features(store: &Store) -> BTreeMap<String, Features> {
    let mut all = BTreeMap::new();
    for row in tracks(store).await {
        let (results, _) = store.catalog().analysis(row.track.id).await.unwrap();
        all.insert(row.track.relative_path, Features::from_results(results));
    }
    all
}

/// What tracks with these features are together.
fn together<'a>(tracks: impl IntoIterator<Item = &'a fanfare_model::features::Loudness>) -> Release {
    let tracks: Vec<_> =
        tracks.into_iter().map(|loudness| Some(Measured { loudness, audio: None })).collect();
    Judged::of(&tracks).release
}

fn hundredths(value: Option<f64>) -> Option<f64> {
    value.map(|value| (value * 100.0).round() / 100.0)
}

/// The catalog knows every file as it is.
async fn assert_known(fixture: &Fixture, store: &Store) {
    for row in tracks(store).await {
        let (path, track) = (&row.track.relative_path, &row.track);
        let file = fs::read(fixture.music().join(path)).unwrap();
        assert_eq!(track.state, TrackState::Ready, "{path}: {:?}", track.failure);
        assert_eq!(track.size_bytes, file.len() as u64, "{path}");
        assert_eq!(track.content_hash, Some(fanfare_store::blob_name(&file)), "{path}");
        assert_eq!(track.tags, tags(fixture, path), "{path}: as a scan would read them");
    }
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
}

async fn analyses(store: &Store) -> usize {
    let tasks = store.catalog().tasks(50).await.unwrap();
    assert!(tasks.iter().all(|task| task.state == TaskState::Succeeded), "{tasks:?}");
    tasks.iter().filter(|task| task.kind == TaskKind::Analysis).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn gains_of_tracks_and_releases_are_written_and_nothing_is_heard_twice() {
    let fixture = Fixture::new();
    let levels = [("a.wav", Some("One"), 0.5), ("b.wav", Some("One"), 0.1), ("c.wav", None, 0.3)];
    for (name, album, amplitude) in levels {
        song(&fixture, name, album, amplitude);
    }
    song(&fixture, "silence.wav", None, 0.0);
    song(&fixture, "linked.wav", Some("Two"), 0.2);
    fs::hard_link(fixture.music().join("linked.wav"), fixture.folder.path().join("elsewhere")).unwrap();
    let names = ["a.wav", "b.wav", "c.wav", "silence.wav", "linked.wav"];
    let sounds = names.map(|name| sound(&fixture.music().join(name)));
    let untouched = ["silence.wav", "linked.wav"].map(|name| fs::read(fixture.music().join(name)).unwrap());

    let store = fixture.store().await;
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    // The last hook may outlast its task; a worker that is told to stop ends it first.
    ingest.shutdown().await;

    let analyzed = features(&store).await;
    let loudness = |name: &str| analyzed[name].loudness.as_ref().unwrap();
    let album = together(["a.wav", "b.wav"].map(loudness));
    assert!(album.gain_db.is_some());
    // Players ask for the same value.
    let rows = tracks(&store).await;
    let one = rows.iter().find(|row| row.track.relative_path == "a.wav").unwrap();
    let asked = release_gain(one.track.release.unwrap(), &store).await.unwrap();
    assert_eq!((asked.gain_db, asked.peak, asked.missing.len()), (album.gain_db, album.peak, 0));
    for (name, album) in [("a.wav", Some(&album)), ("b.wav", Some(&album)), ("c.wav", None)] {
        let found = tags(&fixture, name);
        let of_album = album.and_then(|album| album.gain_db);
        assert_eq!(
            found.replaygain_track_gain_db,
            hundredths(loudness(name).replaygain_track_gain_db),
            "{name}"
        );
        assert_eq!(found.replaygain_album_gain_db, hundredths(of_album), "{name}");
        assert_eq!((found.title.as_deref(), found.artist.as_deref()), (Some(name), Some("a singer")));
    }
    assert_eq!(names.map(|name| sound(&fixture.music().join(name))), sounds, "the sound is the same");
    // What cannot be written stays, and is analyzed all the same.
    assert_eq!(
        ["silence.wav", "linked.wav"].map(|name| fs::read(fixture.music().join(name)).unwrap()),
        untouched
    );
    assert_known(&fixture, &store).await;
    assert_eq!(analyses(&store).await, 1);

    // A server that restarts scans: every file is known as it is.
    let ingest = analyzing(&fixture, &store).await;
    scan(&ingest).await;
    rest(&ingest).await;
    assert_eq!(analyses(&store).await, 1, "nothing was analyzed again");

    // Another track on the release: it is analyzed, and the gain of the release is another one in all of them.
    song(&fixture, "d.wav", Some("One"), 0.9);
    scan(&ingest).await;
    rest(&ingest).await;
    ingest.shutdown().await;
    let analyzed = features(&store).await;
    let loudness = |name: &str| analyzed[name].loudness.as_ref().unwrap();
    let now = together(["a.wav", "b.wav", "d.wav"].map(loudness));
    assert!(now.gain_db.unwrap() < album.gain_db.unwrap() - 1.0);
    for name in ["a.wav", "b.wav", "d.wav"] {
        assert_eq!(tags(&fixture, name).replaygain_album_gain_db, hundredths(now.gain_db), "{name}");
    }
    assert_known(&fixture, &store).await;
    let task = store.catalog().tasks(50).await.unwrap();
    let last = task.iter().filter(|task| task.kind == TaskKind::Analysis).max_by_key(|task| task.created);
    assert_eq!(last.unwrap().total, 1, "only the new one was analyzed");
}

/// The last task of writing tags.
async fn pass(store: &Store) -> Option<Task> {
    let tasks = store.catalog().tasks(50).await.unwrap();
    tasks.into_iter().filter(|task| task.kind == TaskKind::Tags).max_by_key(|task| task.created)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_before_is_written_when_that_is_switched_on() {
    let fixture = Fixture::new();
    for (name, album, amplitude) in
        [("a.wav", Some("One"), 0.5), ("b.wav", Some("One"), 0.1), ("c.wav", None, 0.3), ("d.wav", None, 0.4)]
    {
        song(&fixture, name, album, amplitude);
    }
    let names = ["a.wav", "b.wav", "c.wav", "d.wav"];
    let link = fixture.folder.path().join("elsewhere");
    fs::hard_link(fixture.music().join("d.wav"), &link).unwrap();
    let before = names.map(|name| fs::read(fixture.music().join(name)).unwrap());
    let sounds = names.map(|name| sound(&fixture.music().join(name)));
    let store = fixture.store().await;
    fs::write(fixture.data().join(OFF), "").unwrap();
    let ingest = analyzing(&fixture, &store).await;
    ingest.set_write_tags(false);
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    assert_eq!(names.map(|name| fs::read(fixture.music().join(name)).unwrap()), before, "only read");

    ingest.set_write_tags(true);
    while pass(&store).await.is_none_or(|task| !task.state.is_over()) {
        tokio::task::yield_now().await;
    }
    let task = pass(&store).await.unwrap();
    assert_eq!((task.state, task.total), (TaskState::PartialSuccess, 4), "{task:?}");
    assert_eq!(task.message, "3 files written, 1 left alone");
    assert!(task.failures[0].subject.ends_with("d.wav"), "{:?}", task.failures);
    let analyzed = features(&store).await;
    let loudness = |name: &str| analyzed[name].loudness.as_ref().unwrap();
    let album = together(["a.wav", "b.wav"].map(loudness));
    for (name, album) in [("a.wav", Some(&album)), ("b.wav", Some(&album)), ("c.wav", None)] {
        let found = tags(&fixture, name);
        let of_album = album.and_then(|album| album.gain_db);
        assert_eq!(
            found.replaygain_track_gain_db,
            hundredths(loudness(name).replaygain_track_gain_db),
            "{name}"
        );
        assert_eq!(found.replaygain_album_gain_db, hundredths(of_album), "{name}");
    }
    assert_eq!(names.map(|name| sound(&fixture.music().join(name))), sounds, "the sound is the same");
    assert_known(&fixture, &store).await;

    // Once more: only what was left alone is looked at, now that nothing stands in its way.
    let written = names.map(|name| fs::metadata(fixture.music().join(name)).unwrap().modified().unwrap());
    fs::remove_file(link).unwrap();
    let again = ingest.retry(task.id).await.unwrap();
    rest(&ingest).await;
    let task = pass(&store).await.unwrap();
    assert_eq!(
        (task.id, task.state, &*task.message),
        (again, TaskState::Succeeded, "1 file written"),
        "{task:?}"
    );
    let now = names.map(|name| fs::metadata(fixture.music().join(name)).unwrap().modified().unwrap());
    assert_eq!(now[..3], written[..3], "what is written already is not touched");
    // A nightly run finds nothing to write, and nobody is told of that.
    ingest.run_nightly_now().await.unwrap();
    rest(&ingest).await;
    assert_eq!(pass(&store).await.unwrap().id, again);
    // Nothing is analyzed again because of all that.
    scan(&ingest).await;
    rest(&ingest).await;
    let tasks = store.catalog().tasks(50).await.unwrap();
    assert_eq!(tasks.iter().filter(|task| task.kind == TaskKind::Analysis).count(), 1, "{tasks:?}");
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nightly_run_writes_what_was_heard_before_while_that_is_on() {
    let fixture = Fixture::new();
    song(&fixture, "a.wav", None, 0.5);
    let store = fixture.store().await;
    fs::write(fixture.data().join(OFF), "").unwrap();
    let ingest = analyzing(&fixture, &store).await;
    // As the settings had it when the server started: no switch, so nothing happens at once.
    ingest.set_write_tags(true);
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    assert!(pass(&store).await.is_none());
    ingest.run_nightly_now().await.unwrap();
    while pass(&store).await.is_none_or(|task| !task.state.is_over()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(pass(&store).await.unwrap().message, "1 file written");
    assert!(tags(&fixture, "a.wav").replaygain_track_gain_db.is_some());
    assert_known(&fixture, &store).await;
    ingest.shutdown().await;
}

/// Waits until a file has the gain that is expected of its release.
async fn has_album_gain(fixture: &Fixture, name: &str, expected: bool) {
    loop {
        let found = tags(fixture, name);
        if found.replaygain_track_gain_db.is_some() {
            assert_eq!(found.replaygain_album_gain_db.is_some(), expected, "{name}");
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Album One with a file that the scan reads and the analysis refuses, because there is no decoder for its format. It comes
/// last in order of path.
fn album_with_a_broken_track(fixture: &Fixture) {
    for (name, album, amplitude) in
        [("a.wav", "One", 0.5), ("b.wav", "One", 0.1), ("c.wav", "One", 0.3), ("x.wav", "Two", 0.4)]
    {
        song(fixture, name, Some(album), amplitude);
    }
    let broken = fixture.music().join("c.wav");
    let mut bytes = fs::read(&broken).unwrap();
    let format = bytes.windows(4).position(|window| window == b"fmt ").unwrap() + 8;
    bytes[format..format + 2].copy_from_slice(&0x7ffe_u16.to_le_bytes());
    fs::write(&broken, bytes).unwrap();
}

async fn state_of(store: &Store, path: &str) -> TrackState {
    tracks(store).await.into_iter().find(|row| row.track.relative_path == path).unwrap().track.state
}

/// issue 12: a release whose last track failed got its gains only at the next nightly run.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_written_when_its_last_track_is_given_up() {
    let fixture = Fixture::new();
    album_with_a_broken_track(&fixture);
    let store = fixture.store().await;
    let mut args = ["retag_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    // One at a time, in order of path.
    let ingest = fixture.ingest(&store, std::env::current_exe().unwrap(), args, 1).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    for (name, of_album) in [("a.wav", false), ("b.wav", false), ("x.wav", true)] {
        has_album_gain(&fixture, name, of_album).await;
    }
    assert_eq!(state_of(&store, "c.wav").await, TrackState::Failed);
    ingest.shutdown().await;
}

/// issue 12: likewise where the last track ended the process that was to write.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_process_left_waiting_is_written_when_nothing_is_left_to_do() {
    let fixture = Fixture::new();
    album_with_a_broken_track(&fixture);
    let store = fixture.store().await;
    fs::write(fixture.data().join(OFF), "").unwrap();
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    ingest.shutdown().await;
    assert_eq!(state_of(&store, "c.wav").await, TrackState::Failed);
    assert!(tags(&fixture, "a.wav").replaygain_track_gain_db.is_none());
    WriteReplayGain::default().catch_up(None, &store).await.unwrap();
    for name in ["a.wav", "b.wav"] {
        has_album_gain(&fixture, name, false).await;
    }
    assert!(tags(&fixture, "x.wav").replaygain_track_gain_db.is_none(), "that is for the nightly run");
}
