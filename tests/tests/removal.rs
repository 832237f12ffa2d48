//! What a deleted upload leaves: nothing, at once, whatever was made of it and whichever job works on it (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::run,
    crash::children_of,
    open_files::OpenFiles,
    sending::{send, song, upload},
    until::until,
};
use reqwest::Method;
use serde_json::Value;

/// Files below the data folder with their sizes, but for the database, logs and what names the workers.
fn files(data: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![data.join("blobs"), data.join("cache")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // What is gone meanwhile is not there.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.path(), metadata.len());
            }
        }
    }
    found
}

fn bytes(files: &BTreeMap<PathBuf, u64>) -> u64 {
    files.values().sum()
}

async fn delete(server: &TestServer, track: &Value) {
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    let answer = server.request(Method::DELETE, &path).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// Waits until the same files are there as before and no removed one takes space.
async fn is_as_before(server: &TestServer, before: &BTreeMap<PathBuf, u64>, what: &str) {
    until(what, async || {
        let children =
            children_of(server.pid()).into_iter().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
        let held: u64 = children.chain([server.pid()]).map(|pid| OpenFiles::of(pid).removed_bytes).sum();
        (files(server.data()) == *before && held == 0).then_some(())
    })
    .await;
    println!("{what}: {} files, {} bytes, as before", before.len(), bytes(before));
}

async fn serve() -> TestServer {
    let server = TestServer::start(ServerStart::default());
    server.sign_in().await;
    server
}

#[tokio::test]
async fn a_deleted_upload_leaves_no_file_and_what_another_track_has_stays() {
    let server = serve().await;
    let empty = files(server.data());
    let kept = upload(&server, &song(6.0, 1)).await;
    until("the transcode of the upload is made", async || {
        files(server.data()).keys().any(|path| path.extension().is_some_and(|end| end == "mp3")).then_some(())
    })
    .await;
    let with_one = files(server.data());
    for round in 0..2 {
        let track = upload(&server, &song(6.0, 2)).await;
        for path in ["hls/index.m3u8", "audio?quality=low", "audio?quality=high"] {
            let path = format!("/api/v1/tracks/{}/{path}", track["id"].as_str().unwrap());
            let answer = server.request(Method::GET, &path).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let _all = answer.bytes().await.unwrap();
        }
        let with_two = files(server.data());
        assert!(bytes(&with_two) > bytes(&with_one) + 500_000, "{}", bytes(&with_two));
        delete(&server, &track).await;
        is_as_before(&server, &with_one, &format!("deleted when ready, round {round}")).await;
    }
    delete(&server, &kept).await;
    is_as_before(&server, &empty, "deleted the last one").await;
    assert!(server.stop().success());
}

#[tokio::test]
async fn an_upload_that_is_deleted_while_it_is_processed_is_worked_on_no_longer_and_leaves_no_file() {
    let server = serve().await;
    let empty = files(server.data());
    let counted = server.json("/api/v1/cache").await;
    let (status, track) = send(&server, &song(240.0, 3)).await;
    assert_eq!(status, 201, "{track}");
    let original = bytes(&files(server.data()));
    until("something is being made of it", async || (bytes(&files(server.data())) > original).then_some(()))
        .await;
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    let state = server.json(&path).await["state"].clone();
    delete(&server, &track).await;
    is_as_before(&server, &empty, &format!("deleted while {state}")).await;
    let cache = server.json("/api/v1/cache").await;
    for counter in ["files", "size_bytes", "hls_bytes", "encoding"] {
        assert_eq!(cache[counter], counted[counter], "{counter}");
    }
    // The worker is free for the next one.
    let next = upload(&server, &song(2.0, 4)).await;
    delete(&server, &next).await;
    is_as_before(&server, &empty, "deleted the next one").await;
    assert!(server.stop().success());
}

/// Issue 12: `scan --remove-missing` removed a library whose disk was not mounted when it ran.
#[test]
fn a_scan_removes_only_what_was_missing_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, music, away) = (at("data"), at("music"), at("away"));
    fs::create_dir_all(&music).unwrap();
    for number in 0..3 {
        fs::write(music.join(format!("{number}.wav")), song(1.0, number)).unwrap();
    }
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (data, named) = (text(&data), text(&music));
    let scan = |more: &[&str]| run(&[&["scan", &named, "--data", &data], more].concat());
    let first = scan(&[]);
    assert!(first.out.contains("3 tracks"), "{}{}", first.out, first.err);

    // Its disk is not mounted: an empty folder is there.
    fs::rename(&music, &away).unwrap();
    fs::create_dir(&music).unwrap();
    let kept = scan(&["--remove-missing"]);
    assert!(kept.out.contains("0 missing tracks removed"), "{}{}", kept.out, kept.err);
    assert!(kept.out.contains("3 tracks missing"), "{}", kept.out);
    fs::remove_dir(&music).unwrap();
    fs::rename(&away, &music).unwrap();
    let back = scan(&["--remove-missing"]);
    assert!(back.out.contains("0 missing tracks removed") && back.out.contains("3 tracks"), "{}", back.out);

    // Missing since an earlier scan: removed when a user asks for it again.
    fs::rename(&music, &away).unwrap();
    fs::create_dir(&music).unwrap();
    scan(&[]);
    let gone = scan(&["--remove-missing"]);
    assert!(gone.out.contains("3 missing tracks removed"), "{}{}", gone.out, gone.err);
}
