//! What the server says where something is not as it should be: a kind, a sentence and what to do (issues 12 and 13).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, os::unix::fs::symlink};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::{
    sending::{becomes_ready, blobs, send, song, until, upload},
    small_disk::SmallDisk,
};
use reqwest::Method;
use serde_json::Value;

/// The status of an answer, its sentence and its remedy.
async fn said(server: &TestServer, method: Method, path: &str) -> (u16, String, String) {
    let answer = server.request(method, path).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    println!("{path}: {status} {body}");
    (status, text("detail"), text("remedy"))
}

/// issue 12: an upload whose bytes were gone answered that it "was not kept"; a link that leads to itself played as 500.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_or_a_link_that_leads_to_itself_is_answered_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("song.wav");
    let tone = signals::sine(44_100, 2.0, 300.0, 0.3);
    fs::write(&file, wav::wav(44_100, &[tone], wav::WavFormat::I16)).unwrap();
    let environment =
        vec![("FANFARE_WATCH".into(), "false".into()), ("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    let folders = vec![folder.path().to_owned()];
    let server = TestServer::start(ServerStart { folders, environment, ..ServerStart::default() });
    server.sign_in().await;
    let listed = until(&server, "/api/v1/tracks", |tracks| tracks["total"] == 1).await;
    let path =
        format!("/api/v1/tracks/{}/audio?quality=original", listed["items"][0]["id"].as_str().unwrap());

    fs::remove_file(&file).unwrap();
    let (status, sentence, remedy) = said(&server, Method::GET, &path).await;
    assert_eq!((status, sentence.as_str()), (404, "the track's file is gone"));
    assert!(remedy.contains("put it back"), "{remedy}");
    symlink("song.wav", &file).unwrap();
    let (status, sentence, remedy) = said(&server, Method::GET, &path).await;
    assert_eq!(status, 404);
    assert!(sentence.contains("links lead in a circle"), "{sentence}");
    assert!(remedy.contains("make the link lead to the file"), "{remedy}");

    let uploaded = upload(&server, &song(4.0, 7)).await;
    for blob in blobs(server.data(), "upload") {
        fs::remove_file(blob).unwrap();
    }
    let path = format!("/api/v1/tracks/{}/audio?quality=original", uploaded["id"].as_str().unwrap());
    let (status, sentence, remedy) = said(&server, Method::GET, &path).await;
    assert_eq!((status, sentence.as_str()), (404, "the uploaded file is missing in the data folder"));
    assert!(remedy.contains("send the same file again"), "{remedy}");

    // issue 12: an empty filter removed everything.
    let id = server.json("/api/v1/folders").await["items"][0]["id"].as_str().unwrap().to_owned();
    for empty in ["", "/", "//"] {
        let path = format!("/api/v1/folders/{id}/missing?below={empty}");
        let (status, sentence, remedy) = said(&server, Method::DELETE, &path).await;
        assert_eq!((status, sentence.as_str()), (400, "`below` names no folder"));
        assert!(remedy.contains("leave `below` out"), "{remedy}");
    }

    // issue 13: what is scanned and how that ended, instead of a line for each step of the database.
    let log = fs::read_to_string(server.data().join("server.log")).unwrap();
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).collect::<Vec<_>>();
    let root = folder.path().canonicalize().unwrap().display().to_string();
    let (began, ended) = (lines("scanning a library folder"), lines("scanned a library folder"));
    assert!(began.len() == 1 && began[0].contains(&root), "{log}");
    assert!(ended[0].contains(&root) && ended[0].contains("1 added"), "{log}");
    assert_eq!((lines("schema").len(), lines("made a new database").len()), (1, 1), "{log}");
    assert!(server.stop().success());
}

/// issue 12: a disk may have room for bytes and none for files.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_for_another_file_is_full_and_heals() {
    let Some(disk) = SmallDisk::of_files(400) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let log = tempfile::NamedTempFile::new().unwrap();
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    let server = TestServer::start(ServerStart {
        data: Some(disk.path().join("data")),
        log: Some(log.path().to_owned()),
        environment,
        ..ServerStart::default()
    });
    server.sign_in().await;
    upload(&server, &song(4.0, 1)).await;
    let fillers = disk.path().join("fillers");
    fs::create_dir(&fillers).unwrap();
    let made = (0..).take_while(|number| fs::write(fillers.join(number.to_string()), "").is_ok()).count();
    let (status, body) = send(&server, &song(4.0, 2)).await;
    println!("after {made} files: {status} {body}");
    assert_eq!((status, body["kind"].as_str()), (507, Some("no-space")), "{body}");
    assert!(!body["remedy"].as_str().unwrap_or_default().is_empty(), "{body}");
    assert_eq!(server.json("/api/v1/tracks").await["total"], 1, "what is there is listed and plays");

    fs::remove_dir_all(&fillers).unwrap();
    // It is noticed within moments, without a restart.
    let (mut status, mut body) = send(&server, &song(4.0, 3)).await;
    while status != 201 {
        assert!([503, 507].contains(&status), "{status} {body}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        (status, body) = send(&server, &song(4.0, 3)).await;
    }
    becomes_ready(&server, &body).await;
    assert!(server.stop().success());
}
