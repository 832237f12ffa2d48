//! Tracks whose files are missing: when they are removed, and when not; and scans that could not be stored.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{fs, time::Duration};

use fanfare_ingest::{DataLock, Ingest, IngestOptions, Removed, remove_missing};
use fanfare_model::{Presence, Tags, TaskKind, TaskState, Timestamp, TrackId};
use fanfare_store::{ScanChange, ScannedFile, Store, StoreOptions};

mod fixture;
use fixture::{Fixture, paths, scan, tracks};

const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

fn days_ago(days: i64) -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap() - days * DAY_MS)
}

fn file(path: &str) -> ScannedFile {
    ScannedFile {
        relative_path: path.to_owned(),
        size_bytes: 1,
        modified: Timestamp(1),
        changed_ns: None,
        tags: Tags::default(),
        audio: None,
        cover: None,
        cover_error: None,
    }
}

async fn is_known(store: &Store, id: TrackId) -> bool {
    store.catalog().track(id).await.unwrap().is_some()
}

/// issue 12: tracks of a server that was off for weeks were removed at its first scan.
#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_was_missing_for_31_days_is_removed_once_the_server_has_watched_for_long_enough() {
    let fixture = Fixture::new();
    fixture.song("stays.wav", 1);
    let store = fixture.store().await;
    let catalog = store.catalog();
    let folder = catalog.add_folder(&fixture.music(), days_ago(50)).await.unwrap().id;
    let mut ids = Vec::new();
    for (path, missing_for) in [("long.wav", 31), ("shorter.wav", 29)] {
        catalog.apply_scan(folder, None, vec![ScanChange::Added(file(path))], days_ago(40)).await.unwrap();
        let known = catalog.known_files(folder).await.unwrap();
        let id = known.iter().find(|known| known.relative_path == path).unwrap().id;
        catalog.apply_scan(folder, None, vec![ScanChange::Missing(id)], days_ago(missing_for)).await.unwrap();
        ids.push(id);
    }
    let ingest = fixture.scanning(&store).await;
    for _ in 0..2 {
        let said = scan(&ingest).await.message;
        assert!(!said.contains("removed"), "{said}");
        assert!(is_known(&store, ids[0]).await, "the server has just started");
    }
    // As if a day had gone by.
    ingest.remove_missing_after(Duration::ZERO);
    ingest.set_keep_missing(0);
    scan(&ingest).await;
    assert!(is_known(&store, ids[0]).await, "kept until a user removes it");
    ingest.set_keep_missing(30);
    assert_eq!(scan(&ingest).await.message, "1 removed");
    assert_eq!((is_known(&store, ids[0]).await, is_known(&store, ids[1]).await), (false, true));
    assert_eq!(paths(&store).await, ["stays.wav"]);
    ingest.shutdown().await;
}

/// issue 12: "remove now" removed tracks whose files were back.
#[tokio::test(flavor = "multi_thread")]
async fn missing_tracks_whose_files_are_back_are_restored_and_not_removed() {
    let fixture = Fixture::new();
    let songs = [1, 2, 3].map(|number| fixture.song(&format!("a/{number}.wav"), number));
    let store = fixture.store().await;
    let ingest = fixture.scanning(&store).await;
    let folder = ingest.add_folder(&fixture.music()).await.unwrap().id;
    scan(&ingest).await;
    let before = tracks(&store).await;
    let kept = fixture.folder.path().join("kept");
    fs::create_dir(&kept).unwrap();
    for song in &songs {
        fs::rename(song, kept.join(song.file_name().unwrap())).unwrap();
    }
    assert_eq!(scan(&ingest).await.message, "3 missing, 1 folder away");

    // Without a scan they stay as they are; with one they are restored.
    fs::rename(kept.join("1.wav"), &songs[0]).unwrap();
    assert_eq!(remove_missing(&store, folder, "elsewhere", None).await.unwrap(), Removed::default());
    fs::rename(kept.join("2.wav"), &songs[1]).unwrap();
    fs::remove_file(kept.join("3.wav")).unwrap();
    let removed = ingest.remove_missing(folder, "").await.unwrap();
    println!("{removed:?}");
    assert_eq!(removed.removed, 1);
    scan(&ingest).await;
    let after = tracks(&store).await;
    let ids = |rows: &[fanfare_store::TrackRow]| rows.iter().map(|row| row.track.id).collect::<Vec<_>>();
    assert_eq!(ids(&after), ids(&before)[..2]);
    assert!(after.iter().all(|row| row.track.presence == Presence::Here));

    // What comes back between the last scan and the removal stays as well.
    fs::rename(&songs[0], kept.join("1.wav")).unwrap();
    fs::remove_file(&songs[1]).unwrap();
    scan(&ingest).await;
    fs::rename(kept.join("1.wav"), &songs[0]).unwrap();
    assert_eq!(
        remove_missing(&store, folder, "", None).await.unwrap(),
        Removed { removed: 1, back: 1, recent: 0 }
    );
    scan(&ingest).await;
    assert_eq!(ids(&tracks(&store).await), ids(&before)[..1]);
    ingest.shutdown().await;
}

/// issue 12: a change that a scan could not store, because another process held the database, was lost until the next scan
/// that a user asked for: a watched folder tells of a change once.
#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_could_not_be_stored_is_tried_again_by_itself() {
    let fixture = Fixture::new();
    fixture.song("1.wav", 1);
    fs::create_dir_all(fixture.data()).unwrap();
    let options = StoreOptions { migrate: true, readers: 2, busy_timeout_ms: 100 };
    let store = Store::open(&fixture.data(), &options).await.unwrap();
    store.catalog().add_folder(&fixture.music(), Timestamp(0)).await.unwrap();
    let options = IngestOptions {
        data_dir: fixture.data(),
        worker_exe: "/bin/cat".into(),
        worker_args: Vec::new(),
        pictures: fixture::pictures(),
        jobs: 1,
        watch: true,
        poll_interval: None,
        background: Default::default(),
        uploads: Default::default(),
        cache: Default::default(),
        quarantine_days: fanfare_ingest::QUARANTINE_DAYS,
        keep_missing_days: 30,
    };
    let ingest =
        Ingest::start(DataLock::acquire(&fixture.data()).unwrap(), store.clone(), options).await.unwrap();
    let until = async |expected: &[&str]| {
        while paths(&store).await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, until(&["1.wav"])).await.expect("the first scan");
    scan(&ingest).await;

    let other = fixture.store().await;
    let held = other.hold().await.unwrap();
    let (_, mut events) = ingest.hub().subscribe(None);
    fs::remove_file(fixture.music().join("1.wav")).unwrap();
    fixture.song("2.wav", 2);
    let failed = async {
        loop {
            let event = events.recv().await.unwrap();
            if event.task.kind == TaskKind::Scan && event.task.state == TaskState::Failed {
                return event.task.message.clone();
            }
        }
    };
    let said = tokio::time::timeout(PATIENCE, failed).await.expect("a scan that fails");
    println!("held: {said}");
    assert_eq!(paths(&store).await, ["1.wav"]);
    drop(held);
    tokio::time::timeout(PATIENCE, until(&["2.wav"])).await.expect("the change arrives by itself");
    ingest.shutdown().await;
}
