//! `fanfare serve` from outside: first start, library, playing, live tasks, restart, shutdown.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::fs;

use fanfare_testkit::server::{OWNER, ServerStart, TestServer};
use fanfare_tests::command::{run, write_tone};
use reqwest::{Method, header};
use serde_json::{Value, json};

/// Looks at that answer after every event of the server until it is as wanted.
async fn until(server: &TestServer, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    // The stream begins with the present state and says something at least every 15 s.
    let mut events = server.request(Method::GET, "/api/v1/events").send().await.unwrap();
    assert_eq!(events.status(), 200);
    loop {
        let answer = server.json(path).await;
        if wanted(&answer) {
            return answer;
        }
        assert!(events.chunk().await.unwrap().is_some(), "the stream of events ended");
    }
}

/// Waits until every track is analyzed.
async fn analyzed(server: &TestServer, tracks: u64) -> Value {
    until(server, "/api/v1/library", |library| {
        let done = library["ready"].as_u64().unwrap() + library["failed"].as_u64().unwrap();
        library["tracks"] == tracks && done == tracks
    })
    .await
}

#[tokio::test]
async fn from_the_first_link_to_playing() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    assert_eq!(run(&["demo", music.to_str().unwrap()]).code, Some(0));
    fs::write(music.join("broken.mp3"), "this is no music").unwrap();
    let server = TestServer::start(ServerStart { folders: vec![music.clone()], ..ServerStart::default() });

    let status = server.json("/api/v1/status").await;
    assert_eq!((&status["setup_needed"], &status["signed_in"]), (&json!(true), &json!(false)));
    let closed = server.request(Method::GET, "/api/v1/tracks").send().await.unwrap();
    assert_eq!(closed.status(), 401);
    server.sign_in().await;

    let library = analyzed(&server, 6).await;
    assert_eq!((&library["ready"], &library["failed"]), (&json!(5), &json!(1)));
    let found = server.json("/api/v1/tracks?search=two+whe").await;
    assert_eq!(found["total"], 1, "{found}");
    let track = &found["items"][0];
    assert_eq!(
        (&track["title"], &track["codec"], &track["has_cover"]),
        (&json!("Two Wheels"), &json!("flac"), &json!(true))
    );
    assert!(track["integrated_lufs"].is_f64() && track["tempo_bpm"].is_f64(), "{track}");
    let failed = server.json("/api/v1/tracks?state=failed").await;
    assert_eq!(failed["items"][0]["failure"]["kind"], "not-audio", "{failed}");

    let id = track["id"].as_str().unwrap();
    let columns = server.json(&format!("/api/v1/tracks/{id}/waveform/columns")).await;
    assert_eq!(columns["peaks"].as_array().unwrap().len(), 800);
    assert_eq!(columns["bands"].as_array().unwrap().len(), 800);
    let waveform = server.json(&format!("/api/v1/tracks/{id}/waveform?samples_per_pixel=4100")).await;
    assert_eq!(
        (&waveform["version"], &waveform["bits"], &waveform["channels"]),
        (&json!(2), &json!(8), &json!(1))
    );
    assert_eq!(waveform["samples_per_pixel"], 4096, "the next multiple of a cell below");
    let length = waveform["length"].as_u64().unwrap();
    assert_eq!(waveform["data"].as_array().unwrap().len() as u64, 2 * length);
    let dat = format!("/api/v1/tracks/{id}/waveform.dat?samples_per_pixel=4100");
    let dat = server.request(Method::GET, &dat).send().await.unwrap();
    assert_eq!(dat.headers()[header::CONTENT_TYPE], "application/octet-stream");
    let dat = dat.bytes().await.unwrap();
    assert_eq!((dat[0], dat[4], dat.len() as u64), (2, 1, 24 + 2 * length));
    let part = server
        .request(Method::GET, &format!("/api/v1/tracks/{id}/audio?quality=original"))
        .header(header::RANGE, "bytes=0-3")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap().as_ref(), b"fLaC");
    let tasks = server.json("/api/v1/tasks").await;
    assert!(!tasks.to_string().is_empty());
    assert!(server.stop().success(), "SIGTERM ends it in order");
}

#[tokio::test]
async fn what_is_known_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (music, data) = (folder.path().join("music"), folder.path().join("data"));
    fs::create_dir(&music).unwrap();
    write_tone(&music.join("a.wav"), 440.0, 1.0);
    let start = ServerStart { folders: vec![music], data: Some(data.clone()), ..ServerStart::default() };
    let server = TestServer::start(start.clone());
    server.sign_in().await;
    analyzed(&server, 1).await;
    let before = server.json("/api/v1/tracks").await;
    assert!(server.stop().success());

    let server = TestServer::start(start);
    assert_eq!(server.setup_link, None, "the owner exists");
    let body = json!({ "name": OWNER.0, "password": OWNER.1 });
    let answer = server.request(Method::POST, "/api/v1/login").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    analyzed(&server, 1).await;
    assert_eq!(server.json("/api/v1/tracks").await, before);

    let second = run(&["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code, Some(6), "{}", second.err);
    assert!(second.err.contains("another server"), "{}", second.err);
}

#[tokio::test]
async fn changes_in_the_folder_are_heard_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    write_tone(&music.join("a.wav"), 440.0, 1.0);
    let server = TestServer::start(ServerStart { folders: vec![music.clone()], ..ServerStart::default() });
    server.sign_in().await;
    analyzed(&server, 1).await;
    let id = server.json("/api/v1/tracks").await["items"][0]["id"].clone();
    write_tone(&music.join("b.wav"), 880.0, 1.0);
    analyzed(&server, 2).await;
    fs::rename(music.join("a.wav"), music.join("c.wav")).unwrap();
    let moved = until(&server, "/api/v1/tracks?search=c", |found| found["total"] == 1).await;
    assert_eq!(moved["items"][0]["id"], id, "a moved file stays the same track");
    fs::remove_file(music.join("b.wav")).unwrap();
    analyzed(&server, 1).await;
}
