//! While another process holds the database (issue 12, S6): who reads does not notice, who writes is told soon.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::time::{Duration, Instant};

use fanfare_store::{Store, StoreOptions};
use fanfare_testkit::{
    server::{OWNER, ServerStart, TestServer},
    signals,
    wav::{self, WavFormat},
};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

/// Writers at the same time, of four kinds.
const WRITERS: usize = 50;
/// Reads in a row, before and beside the lock.
const READS: usize = 200;
/// Nothing here takes that long unless it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// What is asked again and again by those who only listen.
const READ_PATHS: &[&str] = &[
    "/api/v1/me",
    "/api/v1/tracks?limit=20",
    "/api/v1/library",
    "/api/v1/mixtapes",
    "/api/v1/settings",
    "/api/v1/keys",
    "/api/v1/tasks",
    "/api/v1/cache",
];

async fn new_key(server: &TestServer, name: &str) -> String {
    let made =
        server.request(Method::POST, "/api/v1/keys").json(&json!({ "name": name })).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    made.json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned()
}

/// A client that has no cookie.
fn stranger() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Reads by API key, one after the other; returns how long each took, sorted.
async fn read(server: &TestServer, client: &reqwest::Client, key: &str, audio: &str) -> Vec<Duration> {
    let mut took = Vec::new();
    for path in READ_PATHS.iter().copied().chain([audio]).cycle().take(READS) {
        let begun = Instant::now();
        let answer = client.get(format!("{}{path}", server.address)).bearer_auth(key).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.unwrap();
        took.push(begun.elapsed());
    }
    took.sort();
    took
}

fn p99(sorted: &[Duration]) -> Duration {
    sorted[sorted.len() * 99 / 100 - 1]
}

/// Writes what is number `number`; gives the status, the seconds of `Retry-After`, and how long it took.
async fn write(
    server: &TestServer,
    number: usize,
    tone: &[u8],
) -> (&'static str, StatusCode, Option<u64>, Duration) {
    let (what, request) = match number % 4 {
        0 => {
            let change = json!({ "values": { "analysis.pacing": 0.3 + number as f64 / 100.0 } });
            ("settings", server.request(Method::PATCH, "/api/v1/settings").json(&change))
        }
        1 => {
            let head = format!(
                "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{number}.wav\"\r\n\r\n"
            );
            let body = [head.as_bytes(), tone, b"\r\n--edge--\r\n"].concat();
            let request = server.request(Method::POST, "/api/v1/tracks").body(body);
            ("upload", request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge"))
        }
        2 => {
            let tape = json!({ "title": format!("Mixtape {number}"), "tracks": [] });
            ("mixtape", server.request(Method::POST, "/api/v1/mixtapes").json(&tape))
        }
        _ => {
            let login = json!({ "name": OWNER.0, "password": OWNER.1 });
            ("log-in", stranger().post(format!("{}/api/v1/login", server.address)).json(&login))
        }
    };
    let begun = Instant::now();
    let answer = tokio::time::timeout(HANGS, request.send()).await.expect("an answer").unwrap();
    let wait = answer.headers().get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let status = answer.status();
    let _whole = answer.bytes().await;
    (what, status, wait, begun.elapsed())
}

/// Fifty writers at once; gives each answer in words, and the shortest and longest time of any.
async fn write_all(
    server: &TestServer,
    tones: &[Vec<u8>],
    wanted: fn(StatusCode, Option<u64>) -> bool,
) -> (Duration, Duration) {
    let writes = tones.iter().enumerate().map(|(number, tone)| write(server, number, tone));
    let answers = futures_util::future::join_all(writes).await;
    for (what, status, wait, took) in &answers {
        assert!(wanted(*status, *wait), "{what}: {status}, Retry-After {wait:?}, after {took:?}");
    }
    let took = answers.iter().map(|answer| answer.3);
    (took.clone().min().unwrap(), took.max().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_writers_beside_a_held_database_are_told_so_in_time_and_readers_do_not_notice() {
    let environment = vec![("FANFARE_ANALYSIS_ON_ARRIVAL".into(), "false".into())];
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().to_owned());
    let server = TestServer::start(ServerStart { environment, data, ..ServerStart::default() });
    server.sign_in().await;
    let tones: Vec<Vec<u8>> = (0..=WRITERS)
        .map(|number| {
            wav::wav(44_100, &[signals::sine(44_100, 0.5, 300.0 + number as f64, 0.3)], WavFormat::I16)
        })
        .collect();
    let (_, status, ..) = write(&server, 1, &tones[WRITERS]).await;
    assert_eq!(status, StatusCode::CREATED);
    let track = server.json("/api/v1/tracks").await["items"][0]["id"].as_str().unwrap().to_owned();
    let audio = format!("/api/v1/tracks/{track}/audio?quality=original");
    let (first, fresh) = (new_key(&server, "first").await, new_key(&server, "fresh").await);
    let client = stranger();
    let before = read(&server, &client, &first, &audio).await;

    let other = Store::open(server.data(), &StoreOptions::worker()).await.unwrap();
    let held = other.hold().await.unwrap();
    // A key whose use was never noted: noting it is what used to wait.
    let beside = read(&server, &client, &fresh, &audio).await;
    let is_refused = |status, wait: Option<u64>| status == StatusCode::SERVICE_UNAVAILABLE && wait.is_some();
    let (shortest, longest) = write_all(&server, &tones[..WRITERS], is_refused).await;
    println!("reads before: p99 {:?}, most {:?}", p99(&before), before.last().unwrap());
    println!("reads beside: p99 {:?}, most {:?}", p99(&beside), beside.last().unwrap());
    println!("{WRITERS} writers beside: 503 after {shortest:?} to {longest:?}");
    assert!(p99(&beside) < shortest, "a read waited as a write does");
    let used = server.json("/api/v1/keys").await;
    let fresh = used["items"].as_array().unwrap().iter().find(|key| key["name"] == "fresh").unwrap();
    assert!(fresh["last_used"].is_string(), "known before it is written: {fresh}");

    drop(held);
    // A right password that could not be used is no guess: thirteen of them did not lock anybody out.
    let (_, longest) = write_all(&server, &tones[..WRITERS], |status, _| status.is_success()).await;
    println!("{WRITERS} writers afterwards: the last after {longest:?}");
    assert_eq!(
        server.json("/api/v1/tracks").await["total"],
        1 + WRITERS.div_ceil(4),
        "every upload that was sent again"
    );

    assert!(server.stop().success());
    let owner = other.people().users().await.unwrap().remove(0).id;
    let keys = other.people().keys(owner).await.unwrap();
    assert!(keys.iter().all(|key| key.last_used.is_some()), "the end of the server writes it: {keys:?}");
}
