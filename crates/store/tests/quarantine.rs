//! Files that no row names: kept, listed, deleted late; and data folders whose database was lost (issue 12).
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use std::{fs, path::Path};

use fanfare_model::{ContentHash, ErrorKind, Role, Tags, Timestamp, UserId, job::Products};
use fanfare_store::{
    BlobKind, DATABASE_FILE, Keeping, NewUpload, ScanChange, ScannedFile, Store, StoreOptions, StoredKind,
    Uploaded, refuse_lost_database,
};
use support::{Fixture, NOW, file, hash, properties};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const KEEPING: Keeping = Keeping { blobs_ms: 30 * DAY_MS, cache_ms: 7 * DAY_MS, young_ms: HOUR_MS };
const UPLOAD: StoredKind = StoredKind::Blob(BlobKind::Upload);

fn day(number: i64) -> Timestamp {
    NOW.plus_ms(number * DAY_MS)
}

/// Sets back when a file was last stored, as if it was long ago.
fn age(path: &Path) {
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
}

fn blob_path(data: &Path, kind: BlobKind, name: ContentHash) -> std::path::PathBuf {
    let name = name.to_string();
    data.join("blobs").join(kind.as_str()).join(&name[..2]).join(name)
}

/// A blob that was stored long ago.
async fn old_blob(fixture: &Fixture, kind: BlobKind, bytes: &[u8]) -> ContentHash {
    let name = fixture.store.blobs().put(kind, bytes).await.unwrap();
    age(&blob_path(fixture.data.path(), kind, name));
    name
}

/// What is on the list, by kind and the day on which it is deleted.
async fn listed(store: &Store) -> Vec<(StoredKind, String, i64)> {
    let page = store.catalog().quarantine(&KEEPING, 0, 100).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    let files = page.items.into_iter();
    files.map(|file| (file.kind, file.name, (file.due.0 - NOW.0).div_euclid(DAY_MS))).collect()
}

async fn is_there(store: &Store, kind: BlobKind, name: ContentHash) -> bool {
    store.blobs().contains(kind, name).await.unwrap()
}

fn upload(content: &[u8]) -> NewUpload {
    NewUpload {
        name: "song.flac".to_owned(),
        hash: hash(content),
        size_bytes: content.len() as u64,
        tags: Tags::default(),
        audio: Some(properties()),
        picture: false,
        uploader: UserId::from_bytes([9; 16]),
        keep: true,
        products: Products::of_ladder("low=aac:96"),
    }
}

#[tokio::test]
async fn a_file_that_no_row_names_is_kept_for_thirty_days_through_restarts() {
    let fixture = Fixture::new().await;
    let lost = old_blob(&fixture, BlobKind::Upload, b"lost").await;
    let mut store = fixture.store.clone();
    for number in 0..30 {
        let swept = store.catalog().sweep(&KEEPING, day(number)).await.unwrap();
        assert_eq!((swept.missed, swept.deleted), (u64::from(number == 0), 0), "day {number}");
        assert_eq!(listed(&store).await, [(UPLOAD, lost.to_string(), 30)], "day {number}");
        store.close().await;
        store = Store::open(fixture.data.path(), &StoreOptions::default()).await.unwrap();
        assert!(is_there(&store, BlobKind::Upload, lost).await);
    }
    let counts = store.catalog().quarantine_counts().await.unwrap();
    assert_eq!((counts.files, counts.bytes, counts.uploads, counts.upload_bytes), (1, 4, 1, 4));
    let swept = store.catalog().sweep(&KEEPING, day(30)).await.unwrap();
    assert_eq!((swept.deleted, swept.deleted_bytes), (1, 4));
    assert!(!is_there(&store, BlobKind::Upload, lost).await && listed(&store).await.is_empty());
}

#[tokio::test]
async fn a_clock_that_jumps_and_a_server_that_was_off_hardly_shorten_the_time() {
    let fixture = Fixture::new().await;
    let lost = old_blob(&fixture, BlobKind::Upload, b"lost").await;
    let catalog = fixture.store.catalog();
    for (number, due) in [(0, 30), (4_000, 4_028), (-500, -472), (-499, -472), (4_000, 4_025)] {
        assert_eq!(catalog.sweep(&KEEPING, day(number)).await.unwrap().deleted, 0);
        assert_eq!(listed(&fixture.store).await, [(UPLOAD, lost.to_string(), due)], "day {number}");
    }
}

#[tokio::test]
async fn an_older_database_that_is_put_back_begins_to_count_again() {
    let fixture = Fixture::new().await;
    let data = fixture.data.path();
    let lost = old_blob(&fixture, BlobKind::Upload, b"lost").await;
    for number in 0..20 {
        fixture.store.catalog().sweep(&KEEPING, day(number)).await.unwrap();
    }
    fixture.store.close().await;
    let copy = data.join("copy.db");
    fs::copy(data.join(DATABASE_FILE), &copy).unwrap();
    let store = Store::open(data, &StoreOptions::default()).await.unwrap();
    let newer = store.blobs().put(BlobKind::Upload, b"newer").await.unwrap();
    age(&blob_path(data, BlobKind::Upload, newer));
    store.catalog().add_upload(&upload(b"newer"), None, 0, NOW).await.unwrap();
    assert!(!store.catalog().sweep(&KEEPING, day(29)).await.unwrap().other_database);
    store.close().await;

    fs::copy(&copy, data.join(DATABASE_FILE)).unwrap();
    let store = Store::open(data, &StoreOptions::default()).await.unwrap();
    for number in [40, 41, 42] {
        let swept = store.catalog().sweep(&KEEPING, day(number)).await.unwrap();
        assert_eq!((swept.other_database, swept.deleted), (number == 40, 0));
        let list = listed(&store).await;
        assert!(list.contains(&(UPLOAD, lost.to_string(), 70)), "{list:?}");
        assert!(list.contains(&(UPLOAD, newer.to_string(), 70)), "{list:?}");
    }
}

#[tokio::test]
async fn a_file_that_a_row_names_again_leaves_the_list() {
    let fixture = Fixture::new().await;
    let (store, catalog) = (&fixture.store, fixture.store.catalog());
    let song = old_blob(&fixture, BlobKind::Upload, b"song").await;
    let cover = old_blob(&fixture, BlobKind::Cover, b"cover").await;
    catalog.sweep(&KEEPING, NOW).await.unwrap();
    assert_eq!(listed(store).await.len(), 2);
    assert!(catalog.is_quarantined_upload(song).await.unwrap());
    let added = catalog.add_upload(&upload(b"song"), None, 0, NOW).await.unwrap();
    assert!(matches!(added, Uploaded::Added(_)));
    fixture.scan(vec![ScanChange::Added(ScannedFile { cover: Some(cover), ..file("A/B/one.flac") })]).await;
    assert!(listed(store).await.is_empty() && !catalog.is_quarantined_upload(song).await.unwrap());
    for (kind, name) in [(BlobKind::Upload, song), (BlobKind::Cover, cover)] {
        let refused = catalog.delete_quarantined(StoredKind::Blob(kind), &name.to_string()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    }
    assert_eq!(catalog.empty_quarantine().await.unwrap(), (0, 0));
    for number in 1..80 {
        assert_eq!(catalog.sweep(&KEEPING, day(number)).await.unwrap().deleted, 0);
    }
    assert!(is_there(store, BlobKind::Upload, song).await && is_there(store, BlobKind::Cover, cover).await);
}

#[tokio::test]
async fn one_file_or_all_can_be_deleted_now() {
    let fixture = Fixture::new().await;
    let catalog = fixture.store.catalog();
    let one = old_blob(&fixture, BlobKind::Upload, b"one").await;
    for number in 0..120_u8 {
        old_blob(&fixture, BlobKind::Cover, &[number]).await;
    }
    catalog.sweep(&KEEPING, NOW).await.unwrap();
    assert_eq!(catalog.delete_quarantined(UPLOAD, &one.to_string()).await.unwrap(), 3);
    let again = catalog.delete_quarantined(UPLOAD, &one.to_string()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NotFound);
    for strange in ["", "..", "../../fanfare.db", "x"] {
        let error = catalog.delete_quarantined(UPLOAD, strange).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{strange:?}");
    }
    assert_eq!(catalog.empty_quarantine().await.unwrap(), (120, 120));
    assert!(fixture.store.blobs().list(BlobKind::Cover).await.unwrap().is_empty());
}

#[tokio::test]
async fn files_stored_a_moment_ago_are_not_listed_and_transcodes_are_kept_for_a_week() {
    let fixture = Fixture::new().await;
    let catalog = fixture.store.catalog();
    let now = fanfare_model::Timestamp(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .try_into()
            .unwrap(),
    );
    fixture.store.blobs().put(BlobKind::Media, b"its row comes in a moment").await.unwrap();
    assert_eq!(catalog.sweep(&KEEPING, now).await.unwrap().missed, 0);

    let profile = fanfare_model::Profile::of(fanfare_model::Quality::Low, fanfare_model::TranscodeCodec::Mp3);
    let name = profile.unwrap().file_name(hash(b"track"));
    let small = catalog.cache().path(&name).unwrap();
    fs::create_dir_all(small.parent().unwrap()).unwrap();
    fs::write(&small, "small").unwrap();
    age(&small);
    // What else lies there is not ours.
    fs::write(small.with_file_name("notes.txt"), "mine").unwrap();
    for number in 0..=7 {
        assert!(small.exists(), "day {number}");
        catalog.sweep(&KEEPING, now.plus_ms(number * DAY_MS)).await.unwrap();
    }
    assert!(!small.exists() && small.with_file_name("notes.txt").exists());
}

/// As an unmounted disk looks: the folder of the blobs is gone, or is a mount point with nothing in it.
#[tokio::test]
async fn while_the_storage_is_away_nothing_is_listed_forgotten_or_made() {
    let fixture = Fixture::new().await;
    let data = fixture.data.path();
    let song = old_blob(&fixture, BlobKind::Upload, b"song").await;
    let lost = old_blob(&fixture, BlobKind::Upload, b"lost").await;
    fixture.store.catalog().add_upload(&upload(b"song"), None, 0, NOW).await.unwrap();
    fixture.store.catalog().sweep(&KEEPING, NOW).await.unwrap();
    let before = listed(&fixture.store).await;
    assert_eq!(before, [(UPLOAD, lost.to_string(), 30)]);
    fixture.store.close().await;
    for mounted in ["blobs", "blobs/upload"] {
        for leaves_mount_point in [false, true] {
            let (here, away) = (data.join(mounted), data.join("away"));
            fs::rename(&here, &away).unwrap();
            if leaves_mount_point {
                fs::create_dir(&here).unwrap();
            }
            let store = Store::open(data, &StoreOptions::default()).await.unwrap();
            let case = format!("{mounted}, a mount point left: {leaves_mount_point}");
            store.catalog().sweep(&KEEPING, day(1)).await.unwrap();
            assert_eq!(listed(&store).await, before, "{case}");
            for answer in [
                store.blobs().get(BlobKind::Upload, song).await.map(|_| ()),
                store.blobs().put(BlobKind::Upload, b"new").await.map(drop),
                store.catalog().add_upload(&upload(b"new"), None, 0, NOW).await.map(drop),
            ] {
                let error = answer.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{case}: {error}");
            }
            let written = fs::read_dir(&here).map_or(0, Iterator::count);
            assert_eq!(written, 0, "nothing is written where the disk would hide it: {case}");
            store.close().await;
            if leaves_mount_point {
                fs::remove_dir(&here).unwrap();
            }
            fs::rename(&away, &here).unwrap();
        }
    }
    let store = Store::open(data, &StoreOptions::default()).await.unwrap();
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    store.catalog().sweep(&KEEPING, day(1)).await.unwrap();
    assert_eq!(listed(&store).await, before);
}

/// A data folder with a person, an upload that is a track, and a cover; nothing has it open.
async fn used_folder() -> tempfile::TempDir {
    let fixture = Fixture::new().await;
    old_blob(&fixture, BlobKind::Upload, b"song").await;
    old_blob(&fixture, BlobKind::Cover, b"cover").await;
    fixture.store.catalog().add_upload(&upload(b"song"), None, 0, NOW).await.unwrap();
    fixture.store.people().create_user("ann", "x", Role::Owner, NOW).await.unwrap();
    fixture.store.close().await;
    fixture.data
}

/// Every file below, with its size.
fn files(data: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(data).unwrap().display().to_string();
                found.push((name, entry.metadata().unwrap().len()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_folder_whose_database_is_lost_is_refused_and_nothing_is_changed() {
    let fresh = tempfile::tempdir().unwrap();
    Store::open(fresh.path(), &StoreOptions::default()).await.unwrap().close().await;
    let impatient = StoreOptions { busy_timeout_ms: 60, ..StoreOptions::worker() };
    for case in ["missing", "of no bytes", "a fresh schema"] {
        let data = used_folder().await;
        let file = data.path().join(DATABASE_FILE);
        fs::remove_file(&file).unwrap();
        match case {
            "of no bytes" => drop(fs::File::create(&file).unwrap()),
            "a fresh schema" => drop(fs::copy(fresh.path().join(DATABASE_FILE), &file).unwrap()),
            _ => {}
        }
        let before = files(data.path());
        for options in [&StoreOptions::default(), &impatient] {
            for _ in 0..2 {
                let error = Store::open(data.path(), options).await.err().unwrap();
                assert_eq!(error.kind(), ErrorKind::Conflict, "{case}: {error}");
                assert!(error.message().contains("1 upload and 1 file of covers"), "{error}");
                assert!(error.remedy_text().unwrap().contains("fanfare begin-anew"), "{error}");
            }
        }
        assert_eq!(refuse_lost_database(data.path()).is_err(), case != "a fresh schema");
        let mut after = files(data.path());
        // SQLite makes these beside a database while it is open; nothing is in them.
        after.retain(|(name, _)| !name.ends_with("-wal") && !name.ends_with("-shm"));
        assert_eq!(after, before, "{case}");
    }
}

#[tokio::test]
async fn a_new_database_that_the_owner_asks_for_keeps_every_file() {
    let data = used_folder().await;
    let cache = data.path().join("cache/audio");
    let refused = Store::begin_anew(data.path(), &cache, NOW).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "a database in use stays: {refused}");
    fs::remove_file(data.path().join(DATABASE_FILE)).unwrap();
    let (store, set_aside) = Store::begin_anew(data.path(), &cache, NOW).await.unwrap();
    assert_eq!(set_aside.len(), 0);
    store.catalog().sweep(&KEEPING, NOW).await.unwrap();
    store.close().await;
    // There is no account yet: it is a new installation now, because the owner said so.
    let store = Store::open(data.path(), &StoreOptions::default()).await.unwrap();
    let counts = store.catalog().quarantine_counts().await.unwrap();
    assert_eq!((counts.files, counts.uploads), (2, 1));
    assert!(is_there(&store, BlobKind::Upload, hash(b"song")).await);
    store.close().await;
}

#[tokio::test]
async fn a_new_installation_is_not_taken_for_a_lost_one() {
    let data = tempfile::tempdir().unwrap();
    let open = async || Store::open(data.path(), &StoreOptions::default()).await.unwrap();
    open().await.close().await;
    let store = open().await;
    // The first scan was cut short after its first cover, before anybody made an account.
    store.catalog().add_folder("/music".as_ref(), NOW).await.unwrap();
    store.blobs().put(BlobKind::Cover, b"cover").await.unwrap();
    store.close().await;
    open().await.close().await;
}
