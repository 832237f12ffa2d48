//! Scans: what happened to the files, and what the catalog says afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{fs, os::unix::fs::symlink, path::Path};

use fanfare_ingest::{DataLock, Ingest};
use fanfare_model::{Error, ErrorKind, TaskState, job::JobError};
use fanfare_store::{LeaseKey, Store};

mod fixture;
use fixture::{Fixture, ended, paths, rest, scan, tracks, write_song};

/// A library that was scanned once.
struct Scanned {
    fixture: Fixture,
    store: Store,
    ingest: Ingest,
}

async fn scanned(prepare: impl FnOnce(&Fixture)) -> Scanned {
    let fixture = Fixture::new();
    prepare(&fixture);
    let store = fixture.store().await;
    let ingest = fixture.scanning(&store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    scan(&ingest).await;
    Scanned { fixture, store, ingest }
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_ends_in_the_catalog() {
    type Change = fn(&Fixture);
    let cases: [(&str, Change, &[&str], &str); 15] = [
        ("nothing", |_| {}, &["a/1.wav", "a/2.wav", "b/3.wav"], "nothing changed"),
        ("added", |b| drop(b.song("c/4.wav", 4)), &["a/1.wav", "a/2.wav", "b/3.wav", "c/4.wav"], "1 added"),
        ("changed", |b| drop(b.song("a/1.wav", 9)), &["a/1.wav", "a/2.wav", "b/3.wav"], "1 changed"),
        (
            "missing",
            |b| fs::remove_file(b.music().join("a/1.wav")).unwrap(),
            &["a/2.wav", "b/3.wav"],
            "1 missing",
        ),
        (
            "moved",
            |b| fs::rename(b.music().join("a/1.wav"), b.music().join("b/1.wav")).unwrap(),
            &["a/2.wav", "b/1.wav", "b/3.wav"],
            "1 moved",
        ),
        (
            "folder renamed",
            |b| fs::rename(b.music().join("a"), b.music().join("z")).unwrap(),
            &["b/3.wav", "z/1.wav", "z/2.wav"],
            "2 moved",
        ),
        ("folder missing", |b| fs::remove_dir_all(b.music().join("a")).unwrap(), &["b/3.wav"], "2 missing"),
        (
            "two swapped",
            |b| {
                let path = |name| b.music().join(name);
                fs::rename(path("a/1.wav"), path("a/x.wav")).unwrap();
                fs::rename(path("a/2.wav"), path("a/1.wav")).unwrap();
                fs::rename(path("a/x.wav"), path("a/2.wav")).unwrap();
            },
            &["a/1.wav", "a/2.wav", "b/3.wav"],
            "2 moved",
        ),
        (
            "names that begin with a dot",
            |b| {
                b.song(".45 Club/5.wav", 5);
                b.song("a/.6.wav", 6);
            },
            &[".45 Club/5.wav", "a/.6.wav", "a/1.wav", "a/2.wav", "b/3.wav"],
            "2 added",
        ),
        (
            "files and folders of the system",
            |b| {
                b.song(".Trash-1000/5.wav", 5);
                b.song("@eaDir/6.wav", 6);
                b.song("a/._7.wav", 7);
            },
            &["a/1.wav", "a/2.wav", "b/3.wav"],
            "nothing changed",
        ),
        (
            "no regular files",
            |b| {
                fifo(&b.music().join("a/fifo.wav"));
                fs::create_dir(b.music().join("a/folder.flac")).unwrap();
                let _socket = std::os::unix::net::UnixListener::bind(b.music().join("s.mp3")).unwrap();
            },
            &["a/1.wav", "a/2.wav", "b/3.wav"],
            "nothing changed",
        ),
        (
            "links in a circle",
            |b| {
                symlink(b.music(), b.music().join("a/up")).unwrap();
                symlink("x", b.music().join("a/x")).unwrap();
            },
            &["a/1.wav", "a/2.wav", "b/3.wav"],
            "nothing changed",
        ),
        (
            "links to a file that is there, and out of the library",
            |b| {
                let outside = b.folder.path().join("outside");
                write_song(&outside.join("7.wav"), 7);
                write_song(&outside.join("8.wav"), 8);
                symlink("../b/3.wav", b.music().join("a/3.wav")).unwrap();
                symlink(outside.join("7.wav"), b.music().join("7.wav")).unwrap();
                symlink(&outside, b.music().join("more")).unwrap();
                symlink(&outside, b.music().join("again")).unwrap();
            },
            &["7.wav", "a/1.wav", "a/2.wav", "again/7.wav", "again/8.wav", "b/3.wav"],
            "3 added",
        ),
        (
            "a link that leads nowhere",
            |b| symlink("nowhere", b.music().join("a/9.wav")).unwrap(),
            &["a/1.wav", "a/2.wav", "!a/9.wav", "b/3.wav"],
            "1 unreadable",
        ),
        (
            "a name that is no Unicode",
            |b| {
                use std::os::unix::ffi::OsStrExt as _;
                write_song(&b.music().join(std::ffi::OsStr::from_bytes(b"a/caf\xe9.wav")), 5);
                write_song(&b.music().join(std::ffi::OsStr::from_bytes(b"a/\xe9t\xe9/6.wav")), 6);
            },
            &["a/1.wav", "a/2.wav", "!a/caf\u{fffd}.wav", "b/3.wav"],
            "1 unreadable",
        ),
    ];
    for (name, change, expected, message) in cases {
        let library = scanned(|fixture| {
            for (path, number) in [("a/1.wav", 1), ("a/2.wav", 2), ("b/3.wav", 3)] {
                fixture.song(path, number);
            }
        })
        .await;
        change(&library.fixture);
        let task = scan(&library.ingest).await;
        assert_eq!(paths(&library.store).await, expected, "{name}");
        assert_eq!(task.message, message, "{name}: {task:?}");
        let again = scan(&library.ingest).await;
        assert_eq!(again.message, "nothing changed", "{name}, once more");
        assert_eq!(library.store.catalog().check().await.unwrap(), Vec::<String>::new(), "{name}");
        library.ingest.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_track_keeps_its_id() {
    let library = scanned(|fixture| drop(fixture.song("a/1.wav", 1))).await;
    let before = tracks(&library.store).await;
    fs::rename(library.fixture.music().join("a"), library.fixture.music().join("b")).unwrap();
    scan(&library.ingest).await;
    let after = tracks(&library.store).await;
    assert_eq!(after[0].track.relative_path, "b/1.wav");
    assert_eq!(after[0].track.id, before[0].track.id);
    library.ingest.shutdown().await;
}

/// Ids and paths of the missing tracks.
async fn missing(store: &Store) -> Vec<(fanfare_model::TrackId, String)> {
    let query = fanfare_store::TrackQuery {
        presence: fanfare_model::Presence::Missing,
        limit: 500,
        ..fanfare_store::TrackQuery::default()
    };
    let page = store.catalog().tracks(&query).await.unwrap();
    page.items.into_iter().map(|row| (row.track.id, row.track.relative_path)).collect()
}

/// The folders that count as away, with why.
async fn away(store: &Store) -> Vec<(String, fanfare_model::AwayReason)> {
    let missing = store.catalog().missing().await.unwrap();
    missing.into_values().flat_map(|one| one.away).map(|away| (away.path, away.reason)).collect()
}

// issue 12
#[tokio::test(flavor = "multi_thread")]
async fn storage_that_is_away_hides_its_tracks_and_removes_nothing() {
    use fanfare_model::AwayReason::{AllGone, NotThere};
    let library = scanned(|fixture| drop(fixture.song("a/1.wav", 1))).await;
    let (store, ingest, music) = (&library.store, &library.ingest, library.fixture.music());
    let before = tracks(store).await.remove(0).track.id;
    let parked = library.fixture.folder.path().join("parked");
    fs::rename(&music, &parked).unwrap();
    for _ in 0..3 {
        let task = scan(ingest).await;
        assert_eq!((task.state, task.failure_count), (TaskState::Failed, 1), "{}", task.message);
        assert_eq!(paths(store).await, Vec::<String>::new(), "a missing folder");
        assert_eq!(missing(store).await, [(before, "a/1.wav".to_owned())]);
        assert_eq!(away(store).await, [(String::new(), NotThere)]);
    }
    fs::create_dir(&music).unwrap();
    for _ in 0..3 {
        scan(ingest).await;
        assert_eq!(
            missing(store).await,
            [(before, "a/1.wav".to_owned())],
            "an empty mount point, asked thrice"
        );
    }
    fs::remove_dir(&music).unwrap();
    fs::rename(&parked, &music).unwrap();
    assert_eq!(scan(ingest).await.message, "1 back");
    assert_eq!(tracks(store).await.remove(0).track.id, before);
    assert_eq!((missing(store).await, away(store).await), (vec![], vec![]));

    fs::remove_dir_all(music.join("a")).unwrap();
    scan(ingest).await;
    assert_eq!(away(store).await, [(String::new(), AllGone)]);
    let folder = store.catalog().folders().await.unwrap()[0].id;
    assert_eq!(ingest.remove_missing(folder, "").await.unwrap().removed, 1);
    rest(ingest).await;
    assert_eq!((missing(store).await, away(store).await), (vec![], vec![]), "a user removed it");
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    library.ingest.shutdown().await;
}

// issue 12
#[tokio::test(flavor = "multi_thread")]
async fn nested_storage_that_is_away_hides_its_tracks_and_removes_nothing() {
    // Where the storage is put while it is away, and whether it is a link's target outside the library.
    for linked in [false, true] {
        let library = scanned(|fixture| {
            fixture.song("b/1.wav", 1);
            let nas = if linked { fixture.folder.path().join("nas") } else { fixture.music().join("nas") };
            write_song(&nas.join("a/2.wav"), 2);
            if linked {
                symlink(&nas, fixture.music().join("nas")).unwrap();
            }
        })
        .await;
        let (store, ingest) = (&library.store, &library.ingest);
        let root = library.fixture.folder.path();
        let nas = if linked { root.join("nas") } else { library.fixture.music().join("nas") };
        let before = tracks(store).await;
        // With nothing at the mount point, and with a stray file.
        for stray in [false, true] {
            fs::rename(&nas, root.join("parked")).unwrap();
            fs::create_dir(&nas).unwrap();
            if stray {
                write_song(&nas.join("stray.wav"), 3);
            }
            for _ in 0..2 {
                scan(ingest).await;
                let found: Vec<String> = missing(store).await.into_iter().map(|(_, path)| path).collect();
                assert_eq!(found, ["nas/a/2.wav"], "linked: {linked}, stray: {stray}");
            }
            fs::remove_dir_all(&nas).unwrap();
            fs::rename(root.join("parked"), &nas).unwrap();
            scan(ingest).await;
            let after = tracks(store).await;
            let ids = |of: &[fanfare_store::TrackRow]| of.iter().map(|row| row.track.id).collect::<Vec<_>>();
            assert_eq!(ids(&after), ids(&before), "back, linked: {linked}, stray: {stray}");
            assert_eq!(away(store).await, []);
        }
        assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
        library.ingest.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_taken_out_while_it_is_scanned_does_not_end_the_scan_of_the_others() {
    let library = scanned(|_| {}).await;
    let (store, ingest) = (&library.store, &library.ingest);
    let other = library.fixture.folder.path().canonicalize().unwrap().join("other");
    write_song(&other.join("stays.wav"), 1);
    store.catalog().add_folder(&other, fanfare_model::Timestamp(0)).await.unwrap();
    // The one that goes is scanned first, and has so much to read that it is not done in a moment.
    for number in 0..400 {
        library.fixture.song(&format!("{number}.wav"), number);
    }
    let (_, mut events) = ingest.hub().subscribe(None);
    let id = ingest.scan_now().await.unwrap();
    loop {
        let event = events.recv().await.unwrap();
        if event.task.id == id && event.task.step == "reading tags" {
            break;
        }
    }
    let gone = store.catalog().folders().await.unwrap()[0].id;
    ingest.remove_folder(gone).await.unwrap();
    let task = ended(ingest, id).await;
    assert_eq!(task.state, TaskState::Succeeded, "{task:?}");
    assert_eq!(paths(store).await, ["stays.wav"]);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_moved_while_it_could_not_be_reached_is_tried_again() {
    let library = scanned(|fixture| drop(fixture.song("a/1.wav", 1))).await;
    let (store, ingest) = (&library.store, &library.ingest);
    let now = fanfare_model::Timestamp(i64::MAX / 2);
    let job = store.jobs().claim("analyze-track", "me", 1, now).await.unwrap().remove(0);
    let track = tracks(store).await.remove(0).track;
    let reason = JobError::from(&Error::new(ErrorKind::NotFound, "it is not there"));
    store
        .catalog()
        .fail_analysis(LeaseKey::new(job.id, job.attempt, "me"), track.id, &reason, None, now)
        .await
        .unwrap();
    fs::rename(library.fixture.music().join("a"), library.fixture.music().join("b")).unwrap();
    scan(ingest).await;
    let after = tracks(store).await.remove(0).track;
    assert_eq!((after.id, after.relative_path.as_str()), (track.id, "b/1.wav"));
    assert_eq!((after.state, after.failure), (fanfare_model::TrackState::Queued, None));
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!((counts.waiting, counts.parked), (1, 0), "{counts:?}");
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_the_library_do_not_overlap() {
    let library = scanned(|fixture| drop(fixture.song("a/1.wav", 1))).await;
    let music = library.fixture.music();
    let again = library.ingest.add_folder(&music.join("a/..")).await.unwrap();
    assert_eq!(again.path, music);
    for (path, kind) in [
        (music.join("a"), ErrorKind::Invalid),
        (library.fixture.folder.path().to_owned(), ErrorKind::Invalid),
        (music.join("a/1.wav"), ErrorKind::Invalid),
        (music.join("nowhere"), ErrorKind::NotFound),
    ] {
        assert_eq!(library.ingest.add_folder(&path).await.unwrap_err().kind(), kind, "{}", path.display());
    }
    let folder = library.store.catalog().folders().await.unwrap()[0].id;
    library.ingest.remove_folder(folder).await.unwrap();
    assert_eq!(paths(&library.store).await, Vec::<String>::new());
    assert!(music.join("a/1.wav").exists());
    library.ingest.shutdown().await;
}

/// Issue 12: what Fanfare keeps itself does not become tracks, whether its folder is named or merely met.
#[tokio::test(flavor = "multi_thread")]
async fn what_fanfare_keeps_itself_is_no_library() {
    let library = scanned(|fixture| {
        fixture.song("a/1.wav", 1);
        write_song(&fixture.data().join("cache/audio/kept.wav"), 7);
        symlink(fixture.data(), fixture.music().join("link")).unwrap();
    })
    .await;
    assert_eq!(paths(&library.store).await, ["a/1.wav"], "what a link leads to is left out");
    for folder in
        [library.fixture.data(), library.fixture.data().join("cache"), library.fixture.music().join("link")]
    {
        let refused = library.ingest.add_folder(&folder).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{}", folder.display());
        assert!(refused.message().contains("Fanfare itself"), "{refused}");
    }
    let said = scan(&library.ingest).await;
    let said = library.store.catalog().task(said.id).await.unwrap().unwrap();
    let said: Vec<String> = said.log.into_iter().map(|line| line.text).collect();
    assert!(said.iter().any(|line| line.starts_with("left out") && line.contains("link")), "{said:?}");
    // A library around the data folder is one, without it.
    let folder = library.store.catalog().folders().await.unwrap()[0].id;
    library.ingest.remove_folder(folder).await.unwrap();
    library.ingest.add_folder(library.fixture.folder.path()).await.unwrap();
    scan(&library.ingest).await;
    assert_eq!(paths(&library.store).await, ["music/a/1.wav"]);
    library.ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_refused_and_the_first_ones_end_frees_the_folder() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let first = fixture.scanning(&store).await;
    let refused = DataLock::acquire(&fixture.data()).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    first.shutdown().await;
    fixture.scanning(&store).await.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_can_be_cancelled_and_done_again() {
    let library = scanned(|fixture| {
        for number in 0..20 {
            fixture.song(&format!("{number}.wav"), number);
        }
    })
    .await;
    let (store, ingest) = (&library.store, &library.ingest);
    let analyzing = ingest.hub().active();
    assert_eq!(analyzing.len(), 1, "tracks wait to be analyzed: {analyzing:?}");
    ingest.cancel(analyzing[0].id).await.unwrap();
    assert_eq!(ended(ingest, analyzing[0].id).await.state, TaskState::Cancelled);
    assert_eq!(ingest.cancel(analyzing[0].id).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(store.jobs().task_counts(analyzing[0].id).await.unwrap().cancelled, 20);
    rest(ingest).await;

    let again = ingest.retry(analyzing[0].id).await.unwrap();
    assert_eq!(store.jobs().task_counts(again).await.unwrap().waiting, 20);
    let unknown = fanfare_model::TaskId::from_bytes([7; 16]);
    assert_eq!(ingest.cancel(unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(ingest.retry(unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(ingest.retry(again).await.unwrap(), again, "it is being done");
    ingest.shutdown().await;
}

/// PNGs of one grey pixel, by its level: each becomes another cover.
fn picture(level: u8) -> Vec<u8> {
    let image = image::GrayImage::from_pixel(4, 4, image::Luma([level]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_beside_the_files_is_their_cover_whenever_it_comes() {
    let library = scanned(|fixture| {
        for (path, number) in [("a/1.wav", 1), ("a/2.wav", 2), ("b/3.wav", 3)] {
            fixture.song(path, number);
        }
        fs::write(fixture.music().join("b/Folder.PNG"), picture(9)).unwrap();
    })
    .await;
    let (store, ingest, music) = (&library.store, &library.ingest, library.fixture.music());
    let covers = async || {
        let rows = tracks(store).await;
        rows.into_iter().map(|row| row.track.cover).collect::<Vec<_>>()
    };
    let first = covers().await;
    assert!(first[0].is_none() && first[1].is_none() && first[2].is_some(), "{first:?}");

    fs::write(music.join("a/cover.png"), picture(20)).unwrap();
    scan(ingest).await;
    let second = covers().await;
    assert!(second[0].is_some() && second[0] == second[1] && second[2] == first[2], "{second:?}");

    fs::write(music.join("a/cover.png"), picture(200)).unwrap();
    scan(ingest).await;
    let third = covers().await;
    assert!(third[0].is_some() && third[0] != second[0], "{third:?}");

    fs::write(music.join("a/cover.png"), "<svg/>").unwrap();
    let task = scan(ingest).await;
    assert_eq!(covers().await[..2], [None, None], "{task:?}");
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_found_without_anybody_asking() {
    let fixture = Fixture::new();
    fixture.song("a/1.wav", 1);
    let store = fixture.store().await;
    let options = fanfare_ingest::IngestOptions {
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
    store.catalog().add_folder(&fixture.music(), fanfare_model::Timestamp(0)).await.unwrap();
    let ingest =
        Ingest::start(DataLock::acquire(&fixture.data()).unwrap(), store.clone(), options).await.unwrap();
    let (_, mut events) = ingest.hub().subscribe(None);
    let mut scans = async |ingest: &Ingest| loop {
        let event = events.recv().await.unwrap();
        if event.task.kind == fanfare_model::TaskKind::Scan && event.task.state.is_over() {
            return ended(ingest, event.task.id).await.message;
        }
    };
    assert_eq!(scans(&ingest).await, "1 added");
    fixture.song("new/deep/2.wav", 2);
    assert_eq!(scans(&ingest).await, "1 added");
    fs::remove_dir_all(fixture.music().join("new")).unwrap();
    assert_eq!(scans(&ingest).await, "1 missing");
    ingest.shutdown().await;
}
