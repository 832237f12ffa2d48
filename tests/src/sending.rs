//! Sending files to a server, and waiting for what becomes of them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use fanfare_testkit::{
    server::{OWNER, TestServer},
    signals, wav,
};
use reqwest::Method;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_millis(250);

/// A song of that length; different numbers sound different.
#[must_use]
pub fn song(seconds: f64, number: u32) -> Vec<u8> {
    let tone = signals::sine(44_100, seconds, 200.0 + f64::from(number), 0.3);
    wav::wav(44_100, &[tone.clone(), tone], wav::WavFormat::I16)
}

/// Sends a file; gives the status and what is said.
pub async fn send(server: &TestServer, bytes: &[u8]) -> (u16, Value) {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sent.wav\"\r\n\r\n";
    let body = [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Sends a file that is taken, and waits until it is ready; gives its track.
pub async fn upload(server: &TestServer, bytes: &[u8]) -> Value {
    let (status, track) = send(server, bytes).await;
    assert_eq!(status, 201, "{track}");
    becomes_ready(server, &track).await
}

/// Asks again and again, whenever something happened or was to, until the answer is the wanted one.
pub async fn until(server: &TestServer, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut events = server.request(Method::GET, "/api/v1/events").send().await.unwrap();
    loop {
        let answer = server.json(path).await;
        if wanted(&answer) {
            return answer;
        }
        // Not every change of a track is an event of its task.
        if let Ok(event) = tokio::time::timeout(SOON, events.chunk()).await {
            assert!(event.unwrap().is_some(), "the stream of events ended");
        }
    }
}

/// Waits until a track is ready; gives it as it is then.
pub async fn becomes_ready(server: &TestServer, track: &Value) -> Value {
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    let track = until(server, &path, |track| track["state"] == "ready" || track["state"] == "failed").await;
    assert_eq!(track["state"], "ready", "{track}");
    track
}

/// What a listener gets of a track: the status and the bytes.
pub async fn audio(server: &TestServer, track: &Value) -> (u16, Vec<u8>) {
    let path = format!("/api/v1/tracks/{}/audio?quality=original", track["id"].as_str().unwrap());
    let answer = server.request(Method::GET, &path).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

/// Signs the owner of an earlier start in again.
pub async fn sign_in_again(server: &TestServer) {
    let body = json!({ "name": OWNER.0, "password": OWNER.1 });
    let answer = server.request(Method::POST, "/api/v1/login").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "login");
}

/// Every file in and below a folder, in order.
#[must_use]
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files.extend(files_below(&entry)) } else { files.push(entry) }
    }
    files.sort();
    files
}

/// The blobs of a kind in a data folder.
#[must_use]
pub fn blobs(data: &Path, kind: &str) -> Vec<PathBuf> {
    let is_blob = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 64);
    files_below(&data.join("blobs").join(kind)).into_iter().filter(is_blob).collect()
}

/// Sets every blob of a data folder back, as if it had been stored long ago.
pub fn age_blobs(data: &Path) {
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    for path in files_below(&data.join("blobs")) {
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
}
