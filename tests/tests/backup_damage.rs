//! Damage inside a backup: the next backup mends it, a restore leaves it out and names it, and nothing wrong is restored
//! (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
};

use fanfare_store::{DATABASE_FILE, Store, StoreOptions};
use fanfare_testkit::{
    pictures::{DEEP, id3, png, wav_with_id3},
    server::{ServerStart, TestServer},
};
use fanfare_tests::{
    command::{Ended, run},
    sending::{audio, blobs, files_below, send, sign_in_again, song, until, upload},
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

fn restore(backup: &Path, data: &Path) -> Ended {
    run(&["restore", backup.to_str().unwrap(), "--data", data.to_str().unwrap()])
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

async fn dump(data: &Path) -> Value {
    let store = Store::open(data, &StoreOptions::worker()).await.unwrap();
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    let dump = store.catalog().canonical_dump().await.unwrap();
    store.close().await;
    dump
}

/// The song with a picture, so that it gets a cover.
fn pictured() -> Vec<u8> {
    wav_with_id3(&song(2.0, 1), &id3(&png(64, 64, DEEP), "image/png", false))
}

async fn has_cover(server: &TestServer, track: &Value) {
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    until(server, &path, |track| track["has_cover"] == true).await;
}

/// How often work on a track was tried that is given up.
async fn attempts(server: &TestServer, track: &Value) -> u64 {
    attempts_in(&server.json("/api/v1/jobs/parked").await, track)
}

fn attempts_in(parked: &Value, track: &Value) -> u64 {
    let items = parked["items"].as_array().unwrap().iter();
    items.filter(|job| job["track"]["id"] == track["id"]).map(|job| job["attempts"].as_u64().unwrap()).sum()
}

async fn plays(server: &TestServer, track: &Value, song: &[u8]) {
    let (status, bytes) = audio(server, track).await;
    assert!(status == 200 && bytes == song, "{status}, {} bytes", bytes.len());
}

async fn status(server: &TestServer, track: &Value, what: &str) -> u16 {
    let path = format!("/api/v1/tracks/{}/{what}", track["id"].as_str().unwrap());
    server.request(Method::GET, &path).send().await.unwrap().status().as_u16()
}

/// A data folder with two uploads, one of them with a cover, and settings; and a backup of it.
struct Used {
    folder: tempfile::TempDir,
    /// With a cover.
    first: Value,
    second: Value,
}

impl Used {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("fanfare.toml"), "[storage]\nquarantine_days = 90\n").unwrap();
        let server = start(&data);
        server.sign_in().await;
        let first = upload(&server, &pictured()).await;
        let second = upload(&server, &song(2.0, 2)).await;
        has_cover(&server, &first).await;
        assert!(server.stop().success());
        let used = Self { folder, first, second };
        good(&backup(&used.target(), &used.data()));
        used
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.at("data")
    }

    fn target(&self) -> PathBuf {
        self.at("backup")
    }

    /// The file of the backup whose path contains that and that belongs to the first track where it can.
    fn part(&self, what: &str) -> PathBuf {
        let files = files_below(&self.target());
        let first = fanfare_store::blob_name(&pictured()).to_string();
        let is_it = |path: &&PathBuf| path.to_string_lossy().contains(what);
        let of_first = files.iter().find(|path| is_it(path) && path.ends_with(&first));
        of_first.or_else(|| files.iter().find(is_it)).unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_again_mends_whatever_was_damaged_in_it() {
    let used = Used::new().await;
    let (data, target, expected) = (used.data(), used.target(), dump(&used.data()).await);
    for (number, what) in
        ["blobs/upload", "blobs/cover", "blobs/media", "manifest.json", "database-", "fanfare.toml."]
            .into_iter()
            .enumerate()
    {
        let part = used.part(what);
        flip_a_byte(&part);
        let again = backup(&target, &data);
        good(&again);
        assert_eq!(
            again.out.contains("1 of them were damaged in the backup"),
            what.starts_with("blobs/"),
            "{what}: {}",
            again.out
        );
        let restored = used.at(&format!("restored-{number}"));
        good(&restore(&target, &restored));
        assert_eq!(dump(&restored).await, expected, "{what}");
        for kind in ["upload", "cover", "media"] {
            assert_eq!(blobs(&restored, kind).len(), blobs(&data, kind).len(), "{what}");
        }
    }
    let snapshots =
        files_below(&target).iter().filter(|path| path.to_string_lossy().contains("database-")).count();
    assert_eq!(snapshots, 1, "nothing of the damaged ones is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_leaves_out_what_is_damaged_names_it_and_restores_the_rest() {
    let used = Used::new().await;
    let title = format!("“{}”", used.first["title"].as_str().unwrap());
    for (number, (what, named, says)) in [
        ("blobs/upload", title.as_str(), "send the same file again"),
        ("blobs/cover", title.as_str(), "made again at the next start"),
        ("blobs/media", "“", "made again when it is played"),
        ("fanfare.toml.", "settings file", "was left out"),
    ]
    .into_iter()
    .enumerate()
    {
        let part = used.part(what);
        let (whole, restored) = (fs::read(&part).unwrap(), used.at(&format!("restored-{number}")));
        // Gone is like damaged.
        for damage in [flip_a_byte, |path: &Path| fs::remove_file(path).unwrap()] {
            let _ = fs::remove_dir_all(&restored);
            damage(&part);
            let done = restore(&used.target(), &restored);
            assert_eq!(done.code, Some(1), "{what}: {}{}", done.out, done.err);
            assert!(done.err.contains(named) && done.err.contains(says), "{what}: {}", done.err);
            let name = part.file_name().unwrap().to_str().unwrap();
            assert!(done.err.contains(name) || what.starts_with("fanfare"), "{what}: {}", done.err);
            assert_eq!(
                done.err.matches(name).count(),
                usize::from(!what.starts_with("fanfare")),
                "once: {}",
                done.err
            );
            assert!(
                files_below(&restored).iter().all(|path| !path.ends_with(name)),
                "nothing wrong is restored"
            );
            fs::write(&part, &whole).unwrap();
        }
        let server = start(&restored);
        sign_in_again(&server).await;
        plays(&server, &used.second, &song(2.0, 2)).await;
        // Streams and covers are made again; the upload is there again once it is sent again.
        if what == "blobs/upload" {
            let (status, said) = audio(&server, &used.first).await;
            let said = String::from_utf8_lossy(&said);
            assert!(status == 404 && said.contains("send the same file again"), "{said}");
            let (code, again) = send(&server, &pictured()).await;
            assert!(code == 200 && again["id"] == used.first["id"], "{code}: {again}");
        }
        plays(&server, &used.first, &pictured()).await;
        has_cover(&server, &used.first).await;
        assert_eq!(status(&server, &used.first, "cover").await, 200, "{what}");
        for track in [&used.first, &used.second] {
            assert_eq!(status(&server, track, "hls/index.m3u8").await, 200, "{what}");
            assert_eq!(status(&server, track, "hls/high/init.mp4").await, 200, "{what}");
        }
        assert!(server.stop().success());
        dump(&restored).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_restored_of_a_backup_whose_manifest_or_database_is_damaged() {
    let used = Used::new().await;
    for what in ["manifest.json", "database-"] {
        let part = used.part(what);
        let whole = fs::read(&part).unwrap();
        flip_a_byte(&part);
        let refused = restore(&used.target(), &used.at("restored"));
        assert_eq!(refused.code, Some(5), "{}", refused.err);
        assert!(
            refused.err.contains("the backup is damaged") && refused.err.contains("fanfare backup"),
            "{}",
            refused.err
        );
        assert!(!used.at("restored").join(DATABASE_FILE).exists());
        fs::write(&part, whole).unwrap();
    }
    good(&restore(&used.target(), &used.at("restored")));
}

/// issue 12: the cover was given up at the first start, permanently: the file was sent again, and the track stayed without cover
/// and with its error; other work on it stayed given up, too.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_without_the_file_of_an_upload_is_done_once_it_is_sent_again() {
    let used = Used::new().await;
    for what in ["blobs/upload", "blobs/cover"] {
        fs::remove_file(used.part(what)).unwrap();
    }
    assert_eq!(restore(&used.target(), &used.at("restored")).code, Some(1));
    let server = start(&used.at("restored"));
    sign_in_again(&server).await;
    let path = format!("/api/v1/tracks/{}", used.first["id"].as_str().unwrap());
    until(&server, &path, |track| track["cover_error"].is_string()).await;
    let before = attempts(&server, &used.first).await;
    assert!(before > 0, "songs of two seconds are too short to describe: that work was given up");

    let (code, again) = send(&server, &pictured()).await;
    assert!(code == 200 && again["id"] == used.first["id"], "{code}: {again}");
    let track = until(&server, &path, |track| track["has_cover"] == true).await;
    assert!(track["cover_error"].is_null(), "{track}");
    assert_eq!(status(&server, &used.first, "cover").await, 200);
    until(&server, "/api/v1/jobs/parked", |parked| attempts_in(parked, &used.first) > before).await;
    assert!(server.stop().success());
    dump(&used.at("restored")).await;
}

/// A file that rotted in the data folder is mended by sending it again.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_missing_or_damaged_is_whole_again_once_it_is_sent_again() {
    let used = Used::new().await;
    let path = blobs(&used.data(), "upload")
        .into_iter()
        .find(|path| path.ends_with(fanfare_store::blob_name(&pictured()).to_string()));
    let path = path.unwrap();
    let server = start(&used.data());
    sign_in_again(&server).await;
    for damage in [flip_a_byte, |path: &Path| fs::remove_file(path).unwrap()] {
        damage(&path);
        let (code, again) = send(&server, &pictured()).await;
        assert!(code == 200 && again["id"] == used.first["id"], "{code}: {again}");
        plays(&server, &used.first, &pictured()).await;
    }
    assert!(server.stop().success());
    dump(&used.data()).await;
}

/// A file of the data folder that rotted or is gone does not take the good copy along.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_in_the_data_folder_never_replaces_a_whole_copy() {
    let used = Used::new().await;
    let original = blobs(&used.data(), "upload").remove(0);
    let name = original.file_name().unwrap().to_str().unwrap().to_owned();
    let whole = fs::read(&original).unwrap();
    for (damage, is_said) in [("cut", true), ("gone", true), ("a byte", false)] {
        match damage {
            "cut" => fs::write(&original, &whole[..1_000]).unwrap(),
            "gone" => fs::remove_file(&original).unwrap(),
            _ => {
                fs::write(&original, &whole).unwrap();
                flip_a_byte(&original);
            }
        }
        let again = backup(&used.target(), &used.data());
        good(&again);
        assert_eq!(
            again.err.contains(&name) && again.err.contains("keeps its whole copy"),
            is_said,
            "{}",
            again.err
        );
        let restored = used.at(damage);
        good(&restore(&used.target(), &restored));
        let there = blobs(&restored, "upload").into_iter().find(|path| path.ends_with(&name)).unwrap();
        assert!(fs::read(there).unwrap() == whole, "{damage}");
    }
    // Damaged in both: it is told, and the backup goes on with the rest.
    let copy = files_below(&used.target()).into_iter().find(|path| path.ends_with(&name)).unwrap();
    flip_a_byte(&copy);
    let partly = backup(&used.target(), &used.data());
    assert_eq!(partly.code, Some(1), "{}", partly.out);
    assert!(partly.err.contains(&name) && partly.err.contains("is not in the backup"), "{}", partly.err);
    assert_eq!(restore(&used.target(), &used.at("partly")).code, Some(1));
}

/// Issue 12: a backup of the new, empty data folder that is made while a disk is not mounted deleted every upload in the old
/// backup; and a restore into the backup's own folder made a data folder of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_neither_replaced_by_another_folders_nor_made_a_data_folder() {
    let used = Used::new().await;
    let before = files_below(&used.target());
    let other = used.at("other");
    let server = start(&other);
    server.sign_in().await;
    let refused = backup(&used.target(), &other);
    assert_eq!(refused.code, Some(7), "{}", refused.err);
    assert!(refused.err.contains("knows none") && refused.err.contains("--replace"), "{}", refused.err);
    assert_eq!(files_below(&used.target()), before);

    for into in [used.target(), used.target().join("in"), used.folder.path().to_owned()] {
        let refused = restore(&used.target(), &into);
        assert_ne!(refused.code, Some(0), "{}", into.display());
        assert!(refused.err.contains("cannot lie in the data folder, or around it"), "{}", refused.err);
        assert_eq!(files_below(&used.target()), before, "{}", into.display());
    }
    good(&restore(&used.target(), &used.at("restored")));

    let target = used.target();
    good(&run(&["backup", target.to_str().unwrap(), "--replace", "--data", other.to_str().unwrap()]));
    assert_eq!(blobs_in(&target), 0, "it is that of the other folder now");
    assert!(server.stop().success());
}

fn blobs_in(backup: &Path) -> usize {
    files_below(&backup.join("blobs")).len()
}
