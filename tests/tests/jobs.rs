//! `fanfare jobs`: what was given up, listed, retried and discarded beside a running server and without one (issue 12;
//! docs/coverage.md D17, D18).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    path::Path,
    time::{Duration, Instant},
};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::command::{Ended, run};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Far longer than any of it takes: a test that waits that long has failed.
const DEADLINE: Duration = Duration::from_secs(120);

fn jobs(data: &Path, args: &[&str]) -> Ended {
    let place = ["--data", data.to_str().unwrap()];
    run(&["jobs"].iter().chain(args).chain(&place).copied().collect::<Vec<_>>())
}

fn parked(data: &Path) -> Vec<Value> {
    let listed = jobs(data, &["parked", "--json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    listed.json_lines()
}

/// Looks until exactly one job is parked that was tried that often.
async fn until_tried(data: &Path, times: u64) -> Value {
    let begun = Instant::now();
    loop {
        let found = parked(data);
        if let [one] = &*found
            && one["attempts"] == times
        {
            return one.clone();
        }
        assert!(begun.elapsed() < DEADLINE, "{found:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sends a header that promises audio, and none of it.
async fn send_broken(server: &TestServer) {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"broken.wav\"\r\n\r\n";
    let song = wav::wav(44_100, &[signals::sine(44_100, 1.0, 440.0, 0.3)], wav::WavFormat::I16);
    let body = [head.as_bytes(), &song[..44], b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn parked_jobs_are_listed_retried_and_discarded_beside_a_server_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::start(ServerStart { data: Some(data.clone()), ..ServerStart::default() });
    server.sign_in().await;
    let none = jobs(&data, &["parked"]);
    assert_eq!((none.code, none.out.as_str()), (Some(0), "no job is parked\n"));
    send_broken(&server).await;
    let first = until_tried(&data, 1).await;
    let id = first["id"].as_str().unwrap();
    assert_eq!(first["queue"], "process-track");
    assert_eq!(first["attempt_log"].as_array().unwrap().len(), 1);
    assert!(!first["reason"]["remedy"].as_str().unwrap().is_empty());
    let listed = jobs(&data, &["parked", "--queue", "process-track"]);
    for part in [id, "tried once", "broken.wav: ", "\n  -> "] {
        assert!(listed.out.contains(part), "{part:?} in {}", listed.out);
    }

    // Beside the server, whose worker tries it again.
    let retried = jobs(&data, &["retry", id]);
    assert_eq!(retried.code, Some(0), "{}", retried.err);
    assert!(retried.out.contains("the running server"), "{}", retried.out);
    let second = until_tried(&data, 2).await;
    assert_eq!(second["id"], id);
    let numbers: Vec<_> =
        second["attempt_log"].as_array().unwrap().iter().map(|one| one["attempt"].as_u64()).collect();
    assert_eq!(numbers, [Some(2), Some(1)]);
    assert!(server.stop().success());

    // Without one.
    let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);
    assert!(doctor.out.contains("1 given up: 1 in process-track"), "{}", doctor.out);
    for (args, code) in [
        (&["retry"][..], 2),
        (&["retry", id, "--all"], 2),
        (&["retry", "--all", "--kind", "strange"], 2),
        (&["retry", "00000000000000000000000000000000"], 3),
        (&["discard", "00000000000000000000000000000000"], 3),
        (&["discard"], 2),
    ] {
        let refused = jobs(&data, args);
        assert_eq!(refused.code, Some(code), "{args:?} {} {}", refused.out, refused.err);
    }
    let discarded = jobs(&data, &["discard", id]);
    assert_eq!(discarded.code, Some(0), "{}", discarded.err);
    assert_eq!(jobs(&data, &["discard", id]).code, Some(7), "it is off the list");
    assert_eq!(parked(&data), Vec::<Value>::new());
    let all = jobs(&data, &["retry", "--all"]);
    assert_eq!((all.code, all.out.as_str()), (Some(0), "no job is parked\n"));
}
