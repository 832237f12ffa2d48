//! Backup and restore, and what is left of a restore that was interrupted.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use std::{fs, path::Path};

use fanfare_model::{
    ErrorKind, Role, Tags, Timestamp, UserId,
    job::{JobState, Products},
};
use fanfare_store::{
    BlobKind, DATABASE_FILE, NewUpload, Store, StoreOptions,
    backup::{BackupOptions, backup, restore},
};
use support::*;

const SONG: &[u8] = b"song";

/// A store with an account and an upload, and a backup of it.
async fn backed_up(target: &Path) -> Fixture {
    let fixture = Fixture::new().await;
    fixture.store.blobs().put(BlobKind::Upload, SONG).await.unwrap();
    let upload = NewUpload {
        name: "song.flac".to_owned(),
        hash: hash(SONG),
        size_bytes: SONG.len() as u64,
        tags: Tags::default(),
        audio: Some(properties()),
        picture: false,
        uploader: UserId::from_bytes([9; 16]),
        keep: true,
        products: Products::of_ladder("low=aac:96"),
    };
    fixture.store.catalog().add_upload(&upload, None, 0, NOW).await.unwrap();
    fixture.store.people().create_user("ann", "x", Role::Owner, NOW).await.unwrap();
    back_up(&fixture, target).await;
    fixture
}

async fn back_up(fixture: &Fixture, target: &Path) {
    let options = BackupOptions { settings: None, version: "1", now: NOW, replace: false };
    backup(&fixture.store, fixture.data.path(), target, options, &mut |_| {}).await.unwrap();
}

fn song_in(data: &Path) -> bool {
    let name = hash(SONG).to_string();
    data.join("blobs/upload").join(&name[..2]).join(name).is_file()
}

/// Issue 12: `serve` named `begin-anew`, and `begin-anew` named `serve`.
#[tokio::test]
async fn a_restore_that_ended_before_its_mark_was_removed_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let (target, data) = (place.path().join("backup"), place.path().join("data"));
    backed_up(&target).await;
    let mark = data.join("restoring");
    for by in ["serve", "begin-anew"] {
        let _ = fs::remove_dir_all(&data);
        restore(&target, &data, false, &mut |_| {}).await.unwrap();
        fs::write(&mark, "").unwrap();
        // Who does not hold the data folder reads, and leaves it.
        Store::open(&data, &StoreOptions::worker()).await.unwrap().close().await;
        assert!(mark.exists());
        if by == "begin-anew" {
            let refused = Store::begin_anew(&data, &data.join("cache"), NOW).await.err().unwrap();
            assert_eq!(refused.kind(), ErrorKind::Conflict, "a database in use stays: {refused}");
            assert!(!mark.exists(), "{by}");
        }
        let store = Store::open(&data, &StoreOptions::default()).await.unwrap();
        assert!(!mark.exists(), "{by}");
        assert_eq!(store.people().users().await.unwrap().len(), 1, "{by}");
        store.close().await;
    }
    // Beside a database that is not whole it says what it said.
    for content in [&b""[..], b"no database at all"] {
        fs::write(data.join(DATABASE_FILE), content).unwrap();
        for side in ["fanfare.db-wal", "fanfare.db-shm"] {
            let _ = fs::remove_file(data.join(side));
        }
        fs::write(&mark, "").unwrap();
        let refused = Store::open(&data, &StoreOptions::default()).await.err().unwrap();
        assert!(refused.message().contains("did not end"), "{refused}");
        assert!(mark.exists());
    }
}

/// Issue 12: an empty disk for the blobs was refused, and one that was not mounted was passed over.
#[tokio::test]
async fn a_restore_takes_an_empty_disk_for_blobs_and_refuses_a_missing_one() {
    let place = tempfile::tempdir().unwrap();
    let (target, data) = (place.path().join("backup"), place.path().join("data"));
    backed_up(&target).await;
    // A new data folder, with a new disk mounted at `blobs`; or a link to one.
    fs::create_dir_all(data.join("blobs/lost+found")).unwrap();
    restore(&target, &data, false, &mut |_| {}).await.unwrap();
    assert!(song_in(&data));
    let (linked, disk) = (place.path().join("linked"), place.path().join("disk"));
    fs::create_dir(&linked).unwrap();
    fs::create_dir(&disk).unwrap();
    std::os::unix::fs::symlink(&disk, linked.join("blobs")).unwrap();
    restore(&target, &linked, false, &mut |_| {}).await.unwrap();
    assert!(song_in(&linked));
    // One with files is in use.
    let used = place.path().join("used");
    fs::create_dir_all(used.join("blobs/upload")).unwrap();
    fs::write(used.join("blobs/upload/notes.txt"), "mine").unwrap();
    let refused = restore(&target, &used, false, &mut |_| {}).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");

    // The database is damaged, and the disk with the blobs is away: nothing is written to where it is mounted.
    fs::write(data.join(DATABASE_FILE), "no database at all").unwrap();
    let away = place.path().join("away");
    fs::rename(data.join("blobs"), &away).unwrap();
    for empty in [false, true] {
        if empty {
            fs::create_dir(data.join("blobs")).unwrap();
        }
        let refused = restore(&target, &data, false, &mut |_| {}).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
        assert!(refused.message().contains("is it on a disk that is not mounted"), "{refused}");
        assert!(refused.remedy_text().unwrap().contains("--keep-files"), "{refused}");
        assert!(!song_in(&data) && !data.join("restoring").exists());
    }
    // With the disk, and where the files are gone and the owner says so.
    fs::remove_dir(data.join("blobs")).unwrap();
    fs::rename(&away, data.join("blobs")).unwrap();
    restore(&target, &data, false, &mut |_| {}).await.unwrap();
    fs::write(data.join(DATABASE_FILE), "no database at all").unwrap();
    fs::remove_dir_all(data.join("blobs")).unwrap();
    restore(&target, &data, true, &mut |_| {}).await.unwrap();
    assert!(song_in(&data));
}

/// Issue 12: after the restore, the worker had "died" while it analyzed what was in work when the backup was made.
#[tokio::test]
async fn what_was_in_work_when_a_backup_was_made_waits_in_the_restored_folder() {
    let place = tempfile::tempdir().unwrap();
    let (target, data) = (place.path().join("backup"), place.path().join("data"));
    let fixture = Fixture::new().await;
    fixture.store.people().create_user("ann", "x", Role::Owner, NOW).await.unwrap();
    fixture.add(&["a.flac"]).await;
    let job = fixture.claim_one(NOW).await;
    let track = job.kind.track();
    fixture.store.catalog().begin_analysis(job.id, job.attempt, OWNER, track, NOW).await.unwrap();
    let state = async |store: &Store| store.catalog().track(track).await.unwrap().unwrap().track.state;
    let working = state(&fixture.store).await;
    back_up(&fixture, &target).await;
    restore(&target, &data, false, &mut |_| {}).await.unwrap();
    let store = Store::open(&data, &StoreOptions::default()).await.unwrap();
    let found = store.jobs().job(job.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.attempt.0, found.owner), (JobState::Waiting, 0, None));
    assert_ne!(state(&store).await, working);
    assert_eq!(store.jobs().reap(Timestamp(i64::MAX / 2)).await.unwrap(), 0, "no lease ran out");
    let again = store.jobs().claim("analyze-track", "other", 1, NOW).await.unwrap();
    assert_eq!((again[0].attempt.0, again[0].last_error.is_none()), (1, true));
    // The holder works on with the database that was backed up.
    assert_eq!(fixture.store.jobs().job(job.id).await.unwrap().unwrap().state, JobState::Running);
}
