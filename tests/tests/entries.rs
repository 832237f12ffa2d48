//! A track can enter by three ways: a scan, an upload and live playback measure the same (issue 4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path, time::Duration};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What a 440 Hz mono sine of amplitude 0.3 measures by BS.1770, in LUFS (docs/coverage.md A51).
const EXPECTED_LUFS: f64 = -14.1;
const WITHIN_LU: f64 = 0.1;
const SOON: Duration = Duration::from_millis(250);

/// The tone. Each entry gets another length: results belong to content, and the same content is analyzed only once.
fn tone(seconds: f64) -> Vec<u8> {
    wav::wav(44_100, &[signals::sine(44_100, seconds, 440.0, 0.3)], wav::WavFormat::I16)
}

/// Looks at that answer after every event of the server, and every now and then, until it is as wanted.
async fn until(server: &TestServer, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
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

fn is_ready(track: &Value) -> bool {
    assert_ne!(track["state"], "failed", "{track}");
    track["state"] == "ready"
}

async fn lufs(server: &TestServer, track: &str) -> f64 {
    let features = server.json(&format!("/api/v1/tracks/{track}/features")).await;
    features["loudness"]["integrated_lufs"].as_f64().unwrap_or_else(|| panic!("{features}"))
}

async fn id_of(server: &TestServer, name: &str) -> String {
    let listed = server.json("/api/v1/tracks").await;
    let rows = listed["items"].as_array().unwrap();
    let row = rows.iter().find(|row| row["relative_path"] == name).unwrap_or_else(|| panic!("{listed}"));
    row["id"].as_str().unwrap().to_owned()
}

async fn send(server: &TestServer, bytes: &[u8]) -> String {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sent.wav\"\r\n\r\n";
    let body = [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Plays a variant to its end, as a player does: the playlist again and again until it has one.
async fn play(server: &TestServer, track: &str) -> usize {
    let base = format!("/api/v1/tracks/{track}/hls");
    let get = async |path: String| {
        let answer = server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.unwrap()
    };
    get(format!("{base}/index.m3u8")).await;
    let mut played = 0;
    loop {
        let playlist = String::from_utf8(get(format!("{base}/high/index.m3u8")).await.to_vec()).unwrap();
        let segments: Vec<&str> = playlist.lines().filter(|line| line.ends_with(".m4s")).collect();
        for segment in &segments[played..] {
            assert!(!get(format!("{base}/high/{segment}")).await.is_empty());
        }
        played = segments.len();
        if playlist.contains("#EXT-X-ENDLIST") {
            return played;
        }
        tokio::task::yield_now().await;
    }
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
}

#[tokio::test]
async fn the_same_tone_measures_the_same_through_scan_upload_and_live_playback() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    put(&music, "played.wav", &tone(12.0));
    put(&music, "scanned.wav", &tone(13.0));
    let environment = [
        // Nothing is analyzed by itself; and no other program is needed.
        ("FANFARE_ANALYSIS_ON_ARRIVAL", "false"),
        ("FANFARE_ANALYSIS_SCHEDULE", "off"),
        // The run of this test need not wait until the player of this test has been silent for a while.
        ("FANFARE_ANALYSIS_YIELD_WHILE_PLAYING", "false"),
        ("FANFARE_HLS_LADDER", "high=flac"),
    ];
    let environment = environment.map(|(name, value)| (name.into(), value.into())).to_vec();
    let server =
        TestServer::start(ServerStart { folders: vec![music], environment, ..ServerStart::default() });
    server.sign_in().await;
    until(&server, "/api/v1/library", |library| library["tracks"] == 2).await;
    let (played, scanned) = (id_of(&server, "played.wav").await, id_of(&server, "scanned.wav").await);

    // Upload.
    let sent = send(&server, &tone(14.0)).await;
    until(&server, &format!("/api/v1/tracks/{sent}"), is_ready).await;
    for track in [&played, &scanned] {
        let track = server.json(&format!("/api/v1/tracks/{track}")).await;
        assert_eq!(track["state"], "queued", "not analyzed yet: {track}");
    }

    // Live playback: the track that is played is analyzed, and no other.
    assert!(play(&server, &played).await >= 2, "12 s in segments of about 6 s");
    until(&server, &format!("/api/v1/tracks/{played}"), is_ready).await;
    assert_eq!(server.json(&format!("/api/v1/tracks/{scanned}")).await["state"], "queued");

    // Scan, analyzed by a run of background analysis.
    let run =
        server.request(Method::POST, "/api/v1/tasks/schedule/run").json(&json!({})).send().await.unwrap();
    assert_eq!(run.status(), StatusCode::ACCEPTED);
    until(&server, &format!("/api/v1/tracks/{scanned}"), is_ready).await;

    let mut measured = Vec::new();
    for (entry, track) in [("scan", &scanned), ("upload", &sent), ("live playback", &played)] {
        let lufs = lufs(&server, track).await;
        println!("{entry}: {lufs:.3} LUFS");
        assert!((lufs - EXPECTED_LUFS).abs() < WITHIN_LU, "{entry}: {lufs} LUFS");
        measured.push(lufs);
    }
    // Whole periods of the same tone: the length makes no difference either.
    let spread = measured.iter().fold(f64::MIN, |most, lufs| most.max(*lufs))
        - measured.iter().fold(f64::MAX, |least, lufs| least.min(*lufs));
    assert!(spread < 0.01, "{measured:?}");
}
