//! `fanfare backup` while people send and listen, `fanfare restore` elsewhere, `fanfare doctor --deep` (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use fanfare_store::{DATABASE_FILE, Store, StoreOptions};
use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::{Ended, ended, fanfare_command, run},
    sending::{audio, becomes_ready, blobs, files_below, send, sign_in_again, song, until, upload},
};
use reqwest::Method;
use serde_json::Value;

/// A server in that data folder. Uploads need no other program there.
fn start(data: &Path) -> TestServer {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    TestServer::start(ServerStart { data: Some(data.to_owned()), environment, ..ServerStart::default() })
}

fn backup(target: &Path, data: &Path) -> Ended {
    run(&["backup", target.to_str().unwrap(), "--data", data.to_str().unwrap()])
}

fn restore(backup: &Path, data: &Path, more: &[&str]) -> Ended {
    let command = ["restore", backup.to_str().unwrap(), "--data", data.to_str().unwrap()];
    run(&[&command[..], more].concat())
}

fn deep(data: &Path) -> Ended {
    run(&["doctor", "--deep", "--data", data.to_str().unwrap()])
}

/// What must be equal between a data folder and one that was restored; and nothing is wrong with it.
async fn dump(data: &Path) -> Value {
    let store = Store::open(data, &StoreOptions::worker()).await.unwrap();
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    let dump = store.catalog().canonical_dump().await.unwrap();
    store.close().await;
    dump
}

fn flip_a_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn good(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_people_send_delete_and_listen_is_whole_and_restores_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, target) = (at("data"), at("backup"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("fanfare.toml"), "[storage]\nquarantine_days = 90\n").unwrap();
    let server = start(&data);
    server.sign_in().await;
    let first = upload(&server, &song(2.0, 1)).await;

    // Files are sent, deleted and listened to until three backups are made.
    let (over, sent, number) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(2));
    let sending = async || {
        while !over.load(Ordering::SeqCst) {
            let this = number.fetch_add(1, Ordering::SeqCst);
            let (status, track) = send(&server, &song(0.5, this)).await;
            assert_eq!(status, 201, "{track}");
            sent.fetch_add(1, Ordering::SeqCst);
            if this % 2 == 0 {
                let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
                let gone = server.request(Method::DELETE, &path).send().await.unwrap();
                assert_eq!(gone.status(), 204);
            }
        }
    };
    let listening = async || {
        while !over.load(Ordering::SeqCst) {
            assert_eq!(audio(&server, &first).await.0, 200);
        }
    };
    let backing_up = async || {
        for round in 0..3 {
            let (target, data) = (target.clone(), data.clone());
            let before = sent.load(Ordering::SeqCst);
            let done = tokio::task::spawn_blocking(move || backup(&target, &data)).await.unwrap();
            good(&done);
            let restored = at(&format!("restored-{round}"));
            let (from, to) = (at("backup"), restored.clone());
            good(&tokio::task::spawn_blocking(move || restore(&from, &to, &[])).await.unwrap());
            dump(&restored).await;
            // The next one meets more of them.
            until(&server, "/api/v1/tracks", |_| sent.load(Ordering::SeqCst) > before).await;
        }
        over.store(true, Ordering::SeqCst);
    };
    tokio::join!(sending(), sending(), listening(), backing_up());
    until(&server, "/api/v1/library", |all| all["queued"] == 0 && all["processing"] == 0).await;
    let list = server.json("/api/v1/tracks?limit=500").await;
    for track in list["items"].as_array().unwrap() {
        becomes_ready(&server, track).await;
    }
    good(&backup(&target, &data));
    let again = backup(&target, &data);
    good(&again);
    assert!(again.out.contains("copied 0 files"), "only what is new is copied: {}", again.out);
    let (played, expected) = (audio(&server, &first).await, dump(&data).await);
    assert!(server.stop().success());

    let restored = at("elsewhere");
    let done = restore(&target, &restored, &[]);
    good(&done);
    assert!(done.out.contains("settings"), "{}", done.out);
    assert_eq!(dump(&restored).await, expected);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    for path in [&target, &restored, &restored.join(DATABASE_FILE), &restored.join("fanfare.toml")] {
        assert_eq!(mode(path), 0, "{}", path.display());
    }
    for path in files_below(&target) {
        assert_eq!(mode(&path), 0, "{}", path.display());
    }
    let server = start(&restored);
    sign_in_again(&server).await;
    assert_eq!(audio(&server, &first).await, played, "the same id and the same bytes");
    assert_eq!(server.json("/api/v1/quarantine").await["days"], 90);
    assert!(server.stop().success());
}

#[tokio::test]
async fn what_is_no_backup_is_refused_and_so_is_a_data_folder_that_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, target) = (at("data"), at("backup"));
    let server = start(&data);
    server.sign_in().await;
    upload(&server, &song(2.0, 1)).await;
    fs::create_dir(at("photos")).unwrap();
    fs::write(at("photos").join("holiday.jpg"), "mine").unwrap();
    for (into, code, says) in [
        (at("photos"), 7, "is no backup and not empty"),
        (data.join("backup"), 2, "cannot lie in the data folder"),
        (folder.path().to_owned(), 2, "cannot lie in the data folder"),
    ] {
        let refused = backup(&into, &data);
        assert_eq!(refused.code, Some(code), "{}", refused.err);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    assert_eq!(files_below(&at("photos")).len(), 1);
    assert!(!data.join("backup").exists());

    // Killed at whatever moment, a backup is whole or none, and can be gone on with.
    for _ in 0..4 {
        let mut command =
            fanfare_command(&["backup", target.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !target.exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if !target.join("manifest.json").exists() {
            let refused = restore(&target, &at("never"), &[]);
            assert_eq!(refused.code, Some(3), "{}", refused.err);
            assert!(!at("never").exists(), "no data folder is made for it");
        }
    }
    good(&backup(&target, &data));
    let names: Vec<PathBuf> = files_below(&target);
    assert_eq!(
        names.iter().filter(|path| path.to_string_lossy().contains("database-")).count(),
        1,
        "{names:?}"
    );
    assert!(server.stop().success());

    for used in [data.clone(), at("photos")] {
        let before = files_below(&used);
        let refused = restore(&target, &used, &[]);
        assert_eq!(refused.code, Some(7), "{}", refused.err);
        assert!(refused.err.contains("is not empty"), "{}", refused.err);
        let refused = restore(&target, &used, &["--keep-files"]);
        assert_eq!(refused.code, Some(7), "a database in use, or another's files: {}", refused.err);
        let after: Vec<_> = files_below(&used).into_iter().filter(|path| !path.ends_with("lock")).collect();
        assert_eq!(after, before.into_iter().filter(|path| !path.ends_with("lock")).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_flipped_byte_is_found_named_and_never_restored() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, target) = (at("data"), at("backup"));
    let server = start(&data);
    server.sign_in().await;
    upload(&server, &song(2.0, 1)).await;
    let kept = upload(&server, &song(2.0, 2)).await;
    good(&backup(&target, &data));
    // Beside a running server.
    let sound = deep(&data);
    good(&sound);
    assert!(sound.out.contains("files read again"), "{}", sound.out);

    for (number, kind) in ["upload", "media"].into_iter().enumerate() {
        let path = blobs(&data, kind).remove(0);
        let (name, whole) =
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
        flip_a_byte(&path);
        let found = deep(&data);
        assert_eq!(found.code, Some(1), "{}", found.out);
        assert_eq!(found.out.matches("is damaged").count(), 1, "{}", found.out);
        assert!(found.out.contains(&name) && found.out.contains("(of “"), "{}", found.out);
        let fresh = at(&format!("fresh-{number}"));
        let partly = backup(&fresh, &data);
        assert_eq!(partly.code, Some(1), "{}", partly.out);
        assert!(partly.err.contains(&name), "{}", partly.err);
        assert!(blobs_of(&fresh, kind).iter().all(|path| !path.ends_with(&name)), "it is not passed on");
        fs::remove_file(&path).unwrap();
        assert!(deep(&data).out.contains("is missing"));
        fs::write(&path, whole).unwrap();
        good(&deep(&data));
    }
    // A transcode, by its checksum.
    let is_small = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "mp3");
    let small = files_below(&data).into_iter().find(is_small).expect("one was made of each upload");
    flip_a_byte(&small);
    let found = deep(&data);
    assert_eq!(found.code, Some(1), "{}", found.out);
    let name = small.file_name().unwrap().to_str().unwrap();
    assert!(found.out.contains(name) && found.out.contains("fanfare cache refresh"), "{}", found.out);
    assert_eq!(audio(&server, &kept).await.0, 200);
    assert!(server.stop().success());

    // In the backup: a restore does not take it over. More in backup_damage.rs.
    let blob = blobs_of(&target, "upload").remove(0);
    flip_a_byte(&blob);
    let partly = restore(&target, &at("restored"), &[]);
    assert_eq!(partly.code, Some(1), "{}", partly.err);
    assert!(!files_below(&at("restored")).iter().any(|path| path.ends_with(blob.file_name().unwrap())));
}

/// Issue 12: a server made a new installation of what was half restored.
#[tokio::test(flavor = "multi_thread")]
async fn no_server_starts_on_half_a_restore_and_it_can_be_done_again_or_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, target, restored) = (at("data"), at("backup"), at("restored"));
    let server = start(&data);
    server.sign_in().await;
    upload(&server, &song(2.0, 1)).await;
    assert!(server.stop().success());
    good(&backup(&target, &data));
    for remedy in ["restore", "begin-anew"] {
        // The database cannot be put in place where a folder has its name, so the restore breaks off.
        let _ = fs::remove_dir_all(&restored);
        fs::create_dir_all(restored.join("fanfare.db.restoring")).unwrap();
        fs::write(restored.join("restoring"), "").unwrap();
        let broken_off = restore(&target, &restored, &[]);
        assert_eq!(broken_off.code, Some(5), "{}", broken_off.err);
        assert!(!restored.join(DATABASE_FILE).exists());
        let refused = run(&["serve", "--data", restored.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
        assert_eq!(refused.code, Some(7), "{}", refused.err);
        assert!(
            refused.err.contains("did not end") && refused.err.contains(&format!("fanfare {remedy}")),
            "{}",
            refused.err
        );
        fs::remove_dir(restored.join("fanfare.db.restoring")).unwrap();
        if remedy == "restore" {
            good(&restore(&target, &restored, &[]));
            assert_eq!(dump(&restored).await, dump(&data).await);
        } else {
            good(&run(&["begin-anew", "--data", restored.to_str().unwrap()]));
            assert!(start(&restored).stop().success());
        }
        assert_eq!(blobs(&restored, "upload").len(), 1);
    }
}

/// Issue 12: the second backup said that the file was damaged and in no backup, and its restore left it out.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_backup_keeps_the_whole_copy_of_what_was_damaged_since_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, target) = (at("data"), at("backup"));
    let server = start(&data);
    server.sign_in().await;
    let track = upload(&server, &song(2.0, 1)).await;
    let whole = audio(&server, &track).await;
    assert!(server.stop().success());
    good(&backup(&target, &data));
    let path = blobs(&data, "upload").remove(0);
    fs::write(&path, &fs::read(&path).unwrap()[..1_000]).unwrap();
    good(&backup(&target, &data));
    good(&restore(&target, &at("again"), &[]));
    let server = start(&at("again"));
    sign_in_again(&server).await;
    assert_eq!(audio(&server, &track).await, whole);
    assert!(server.stop().success());
}

fn blobs_of(backup: &Path, kind: &str) -> Vec<PathBuf> {
    files_below(&backup.join("blobs").join(kind))
}

#[tokio::test]
async fn a_backup_goes_into_a_folder_whose_database_is_lost_and_newer_uploads_wait_there() {
    let folder = tempfile::tempdir().unwrap();
    let (data, target) = (folder.path().join("data"), folder.path().join("backup"));
    let server = start(&data);
    server.sign_in().await;
    let old = upload(&server, &song(2.0, 1)).await;
    good(&backup(&target, &data));
    upload(&server, &song(2.0, 2)).await;
    assert!(server.stop().success());
    fs::remove_file(data.join(DATABASE_FILE)).unwrap();

    let refused = restore(&target, &data, &[]);
    assert_eq!(refused.code, Some(7), "{}", refused.err);
    assert!(refused.err.contains("--keep-files"), "{}", refused.err);
    let restored = restore(&target, &data, &["--keep-files"]);
    good(&restored);
    // issue 12: files that were stored minutes ago were not listed, and each was said to belong to a track.
    assert!(restored.out.contains("of which 1 upload can be made tracks again"), "{}", restored.out);
    let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);
    assert!(doctor.out.contains("1 upload ") && doctor.out.contains("that no track names"), "{}", doctor.out);
    let server = start(&data);
    sign_in_again(&server).await;
    assert_eq!(audio(&server, &old).await.0, 200);
    until(&server, "/api/v1/quarantine", |list| list["uploads"] == 1).await;
    assert_eq!(blobs(&data, "upload").len(), 2);
    assert!(server.stop().success());
}

/// The command's end is of the process, not of the terminal: progress goes nowhere in a pipe.
#[test]
fn a_backup_of_nothing_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("backup");
    let mut command = fanfare_command(&["backup", target.to_str().unwrap(), "--data"]);
    let refused = ended(command.arg(folder.path().join("none")).output().unwrap());
    assert_eq!(refused.code, Some(3), "{}", refused.err);
    assert!(!target.exists() && refused.out.is_empty());
}
