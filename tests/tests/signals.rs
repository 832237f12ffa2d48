//! What the next start finds after the server was stopped, in order or at once (issue 12; docs/serving.md, "Shutdown").

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path};

use fanfare_store::{Store, StoreOptions};
use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::run,
    sending::{becomes_ready, send, sign_in_again, song},
    until::until,
};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::Value;

/// The exit code after a second signal (docs/cli.md, "Exit codes").
const AT_ONCE: i32 = 130;
const QUEUES: [&str; 6] = [
    "analyze-track",
    "process-track",
    "enrich-track-audio",
    "transcode-track",
    "stream-track",
    "cache-track",
];

fn start(music: &Path, data: &Path) -> TestServer {
    let (folders, data) = (vec![music.to_owned()], Some(data.to_owned()));
    TestServer::start(ServerStart { folders, data, ..ServerStart::default() })
}

/// Sends a long song and waits until it is being processed.
async fn upload_in_work(server: &TestServer, number: u32) -> Value {
    let (status, track) = send(server, &song(120.0, number)).await;
    assert_eq!(status, 201, "{track}");
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    until("the upload is processed", async || {
        (server.json(&path).await["state"] == "processing").then_some(())
    })
    .await;
    track
}

/// Jobs that wait and jobs with a lease, of all queues.
async fn waiting_and_held(data: &Path) -> (u64, u64) {
    let store = Store::open(data, &StoreOptions::worker()).await.unwrap();
    let mut found = (0, 0);
    for queue in QUEUES {
        let counts = store.jobs().counts(queue).await.unwrap();
        found = (found.0 + counts.waiting, found.1 + counts.running);
    }
    store.close().await;
    found
}

#[tokio::test]
async fn jobs_of_a_stopped_server_are_free_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (music, data) = (folder.path().join("music"), folder.path().join("data"));
    fs::create_dir(&music).unwrap();
    let server = start(&music, &data);
    server.sign_in().await;
    let track = upload_in_work(&server, 1).await;
    assert!(server.stop().success());
    let (waiting, held) = waiting_and_held(&data).await;
    println!("after the stop: {waiting} jobs wait, {held} are held");
    assert!(waiting >= 1, "the work goes on at the next start");
    assert_eq!(held, 0, "no job has to wait until a lease expires");
    let server = start(&music, &data);
    sign_in_again(&server).await;
    becomes_ready(&server, &track).await;
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once_with_the_documented_code_and_damages_nothing() {
    for (round, second) in [Signal::TERM, Signal::INT].into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let (music, data) = (folder.path().join("music"), folder.path().join("data"));
        fs::create_dir(&music).unwrap();
        fs::write(music.join("long.wav"), song(300.0, 7)).unwrap();
        let server = start(&music, &data);
        server.sign_in().await;
        let long = until("the library is scanned", async || {
            let page = server.json("/api/v1/tracks").await;
            (page["total"] == 1).then(|| page["items"][0].clone())
        })
        .await;
        let track = upload_in_work(&server, round as u32).await;
        // A client that does not read its answer keeps the server running for seconds.
        let path = format!("/api/v1/tracks/{}/audio?quality=original", long["id"].as_str().unwrap());
        let mut stalled = server.request(Method::GET, &path).send().await.unwrap();
        assert!(stalled.chunk().await.unwrap().is_some());
        server.signal(Signal::TERM);
        until("the first signal is taken", async || {
            fs::read_to_string(data.join("server.log")).unwrap().contains("shutting down").then_some(())
        })
        .await;
        server.signal(second);
        assert_eq!(server.wait().code(), Some(AT_ONCE), "after {second:?}");

        let server = start(&music, &data);
        sign_in_again(&server).await;
        becomes_ready(&server, &track).await;
        assert_eq!(server.json("/api/v1/tracks").await["total"], 2);
        assert!(server.stop().success());
        let checked = run(&["doctor", "--deep", "--data", data.to_str().unwrap()]);
        assert_eq!(checked.code, Some(0), "{}{}", checked.out, checked.err);
    }
}
