//! The storage of the uploads (`blobs` in the data folder) goes away and comes back, while the server runs and before it starts
//! (issue 12): it is told everywhere, nothing is deleted, nothing fails permanently.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
};

use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::run,
    sending::{audio, becomes_ready, blobs, send, sign_in_again, song, until},
};
use reqwest::Method;
use serde_json::Value;

fn start(data: &Path, log: PathBuf) -> TestServer {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    TestServer::start(ServerStart {
        data: Some(data.to_owned()),
        log: Some(log),
        environment,
        ..ServerStart::default()
    })
}

/// How many lines of the log say that.
fn lines(log: &Path, said: &str) -> usize {
    fs::read_to_string(log).unwrap().lines().filter(|line| line.contains(said)).count()
}

async fn until_state(server: &TestServer, state: &Value) -> Value {
    until(server, "/api/v1/status", |status| status["storage"]["state"] == *state).await
}

/// What doctor says of the uploads; `None` when it says nothing of them.
fn doctor(data: &Path) -> Option<Value> {
    let ended = run(&["doctor", "--json", "--data", data.to_str().unwrap()]);
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    let checks = said["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == "uploads").cloned();
    assert_eq!(said["healthy"], found.is_none(), "{said}");
    found
}

const GONE: &str = "the storage of uploads and covers is not there";
const BACK: &str = "the storage of uploads and covers is there again";

/// issue 12: neither the status nor the log said a word.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_whose_storage_is_away_are_told_everywhere_and_play_again_when_it_is_back() {
    let home = tempfile::tempdir().unwrap();
    let (data, log) = (home.path().join("data"), home.path().join("log"));
    let (folder, away) = (data.join("blobs"), data.join("away"));
    let server = start(&data, log.clone());
    server.sign_in().await;
    let bytes = song(4.0, 1);
    let (status, track) = send(&server, &bytes).await;
    assert_eq!(status, 201, "{track}");
    becomes_ready(&server, &track).await;
    assert!(server.json("/api/v1/status").await["storage"].is_null());
    assert!(doctor(&data).is_none());

    for round in 1..=2 {
        fs::rename(&folder, &away).unwrap();
        let status = until_state(&server, &"uploads-away".into()).await;
        assert!(status["storage"]["detail"].as_str().unwrap().contains(GONE), "{status}");
        assert!(status["storage"]["remedy"].as_str().unwrap().contains("blobs"), "{status}");
        assert_eq!(server.json("/health/ready").await["status"], "degraded");
        // A file that is still open from an earlier request is sent.
        let (code, sent) = audio(&server, &track).await;
        assert!(code == 503 || (code, &sent) == (200, &bytes), "{code}");
        let (code, said) = send(&server, &song(4.0, 2)).await;
        assert_eq!((code, &said["kind"]), (503, &"unavailable".into()), "{said}");
        // Deleted now, its bytes would stay.
        let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
        assert_eq!(server.request(Method::DELETE, &path).send().await.unwrap().status(), 503);
        let found = doctor(&data).unwrap();
        assert!(found["found"].as_str().unwrap().contains(GONE) && found["remedy"].is_string(), "{found}");

        fs::rename(&away, &folder).unwrap();
        until_state(&server, &Value::Null).await;
        assert_eq!(audio(&server, &track).await, (200, bytes.clone()));
        assert_eq!((lines(&log, GONE), lines(&log, BACK)), (round, round), "one line for each change");
    }
    assert!(server.stop().success());

    // Away at the start.
    fs::rename(&folder, &away).unwrap();
    let log = home.path().join("second log");
    let server = start(&data, log.clone());
    assert!(server.storage.as_deref().is_some_and(|said| said.contains(GONE)), "{:?}", server.storage);
    sign_in_again(&server).await;
    assert_eq!(server.json("/api/v1/status").await["storage"]["state"], "uploads-away");
    assert_eq!(audio(&server, &track).await.0, 503);
    assert!(!folder.exists(), "nothing is made where the storage will be");
    fs::rename(&away, &folder).unwrap();
    until_state(&server, &Value::Null).await;
    assert_eq!(audio(&server, &track).await, (200, bytes));
    assert_eq!((lines(&log, GONE), lines(&log, BACK)), (1, 1));
    assert_eq!(blobs(&data, "upload").len(), 1);
    let parked = server.json("/api/v1/jobs/parked").await;
    assert_eq!(parked["items"].as_array().unwrap().len(), 0, "nothing failed permanently: {parked}");
    let (status, track) = send(&server, &song(4.0, 2)).await;
    assert_eq!(status, 201, "{track}");
    becomes_ready(&server, &track).await;
    assert!(server.stop().success());
}
