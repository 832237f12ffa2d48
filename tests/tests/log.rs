//! What goes wrong with a file is one line in the log of the built binary, whichever process met it and however often it is
//! shown elsewhere: with the track's id, the file's name, the kind and the cause (issue 12; docs/coverage.md A11, D18, D20).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{ffi::OsString, fs, path::PathBuf, time::Duration};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::crash::child_of;
use reqwest::Method;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

const RATE_HZ: u32 = 44_100;
/// How long the log is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(50);

/// A song; different numbers sound different.
fn song(seconds: f64, number: u32) -> Vec<u8> {
    let tone = signals::sine(RATE_HZ, seconds, 200.0 + 7.0 * f64::from(number), 0.3);
    wav::wav(RATE_HZ, &[tone.clone(), tone], wav::WavFormat::I16)
}

/// A header that promises audio, and none of it.
fn cut(number: u32) -> Vec<u8> {
    song(1.0 + f64::from(number) / 100.0, number)[..44].to_vec()
}

/// A library in a temporary folder, and a server on it whose log is JSON.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(home.music()).unwrap();
        home
    }

    fn music(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("music")
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.music().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn serve(&self, format: &str, environment: &[(&str, &str)]) -> TestServer {
        let words = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        let environment = [("FANFARE_LOG_FORMAT", format)].iter().chain(environment).map(words).collect();
        let server = TestServer::start(ServerStart {
            folders: vec![self.music()],
            environment,
            ..ServerStart::default()
        });
        server.sign_in().await;
        server
    }
}

fn log(server: &TestServer) -> String {
    fs::read_to_string(server.data().join("server.log")).unwrap()
}

/// The warnings and errors in which that name occurs anywhere.
fn lines_about(server: &TestServer, name: &str) -> Vec<Value> {
    let quoted = serde_json::to_string(name).unwrap();
    let inner = &quoted[1..quoted.len() - 1];
    let log = log(server);
    let lines = log.lines().filter(|line| line.contains(inner));
    let lines =
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    lines.filter(|line: &Value| matches!(line["level"].as_str(), Some("WARN" | "ERROR"))).collect()
}

/// Waits until that many are there, and for nothing more to come: everything is at rest.
async fn told(server: &TestServer, name: &str, count: usize) -> Vec<Value> {
    let waited = tokio::time::timeout(PATIENCE, async {
        while lines_about(server, name).len() < count {
            tokio::time::sleep(SOON).await;
        }
    });
    assert!(waited.await.is_ok(), "{name}: {:?}\n{}", lines_about(server, name), log(server));
    at_rest(server).await;
    let lines = lines_about(server, name);
    assert_eq!(lines.len(), count, "{name}: {lines:#?}");
    lines
}

async fn at_rest(server: &TestServer) {
    loop {
        let tasks = server.json("/api/v1/tasks").await;
        let over = |task: &Value| !matches!(task["state"].as_str(), Some("waiting" | "running"));
        if tasks["items"].as_array().unwrap().iter().all(over) {
            return;
        }
        tokio::time::sleep(SOON).await;
    }
}

/// The one line about that file, with everything that the owner needs to find the fault.
async fn one_line(server: &TestServer, name: &str, level: &str, work: &str, kinds: &[&str]) -> Value {
    let line = told(server, name, 1).await.remove(0);
    assert_eq!((&line["level"], &line["work"]), (&json!(level), &json!(work)), "{line:#}");
    assert!(kinds.contains(&line["kind"].as_str().unwrap()), "{line:#}");
    assert!(line["file"].as_str().unwrap().ends_with(name), "{line:#}");
    assert!(line["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{line:#}");
    line
}

async fn track_called(server: &TestServer, title: &str) -> Value {
    let tracks = server.json("/api/v1/tracks").await;
    let tracks = tracks["items"].as_array().unwrap();
    tracks
        .iter()
        .find(|track| track["title"] == title)
        .cloned()
        .unwrap_or_else(|| panic!("{title}: {tracks:#?}"))
}

async fn send(server: &TestServer, name: &str, bytes: &[u8]) -> Value {
    let head =
        format!("--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let body = [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_fails_is_one_line_with_its_track_name_kind_and_cause() {
    let home = Home::new();
    home.file("fine.wav", &song(4.0, 1));
    home.file("cut.wav", &cut(2));
    home.file("words.mp3", b"no music at all, whatever it is called");
    // One picture that several files share.
    home.file("album/one.wav", &song(1.0, 3));
    home.file("album/two.wav", &song(1.0, 4));
    home.file("album/cover.jpg", b"\xff\xd8\xff\xe0 no picture");
    // Tags are not written into a file that has another name elsewhere.
    let linked = home.file("linked.wav", &song(4.0, 5));
    fs::hard_link(linked, home.folder.path().join("elsewhere.wav")).unwrap();
    let environment = [("FANFARE_REPLAYGAIN_WRITE_TAGS", "true"), ("FANFARE_FFMPEG", "off")];
    let server = home.serve("json", &environment).await;

    let of_track = async |line: &Value, title: &str| {
        assert_eq!(line["track"], track_called(&server, title).await["id"], "{line:#}");
    };
    let line = one_line(&server, "cut.wav", "ERROR", "analyze-track", &["empty", "malformed"]).await;
    of_track(&line, "cut").await;
    let line = one_line(&server, "words.mp3", "WARN", "reading a file", &["not-audio"]).await;
    of_track(&line, "words").await;
    let line = one_line(&server, "linked.wav", "WARN", "writing tags", &["unsupported"]).await;
    of_track(&line, "linked").await;
    let about: Vec<Value> = lines_about(&server, "album/");
    assert_eq!(about.len(), 1, "{about:#?}");
    assert_eq!((&about[0]["work"], &about[0]["level"]), (&json!("using a cover"), &json!("WARN")));

    // A nightly run that tries again what failed fails again: one more line, for one more attempt.
    let tasks = server.json("/api/v1/tasks").await;
    let analyzed = tasks["items"].as_array().unwrap().iter().find(|task| task["kind"] == "analysis").unwrap();
    let retry = format!("/api/v1/tasks/{}/retry", analyzed["id"].as_str().unwrap());
    assert_eq!(server.request(Method::POST, &retry).send().await.unwrap().status(), 202);
    told(&server, "cut.wav", 2).await;

    // Uploads: one that cannot be processed, one that cannot be described, one whose cover is broken.
    let upload = send(&server, "torn.wav", &cut(6)).await;
    let line = one_line(&server, "torn.wav", "ERROR", "process-track", &["empty", "malformed"]).await;
    assert_eq!(line["track"], upload["id"]);
    let short = send(&server, "short.wav", &song(1.0, 7)).await;
    let line = one_line(&server, "short.wav", "ERROR", "enrich-track-audio", &["empty", "unsupported"]).await;
    assert_eq!((&line["track"], &line["attempt"]), (&short["id"], &json!(1)), "it can never be described");

    // A ladder that cannot be made.
    let fine = track_called(&server, "fine").await;
    let only_aac = json!({"values": {"hls.ladder": "low=aac:96"}});
    let set = server.request(Method::PATCH, "/api/v1/settings").json(&only_aac).send().await.unwrap();
    assert_eq!(set.status(), 200);
    assert!(lines_about(&server, "fine.wav").is_empty(), "{:#?}", lines_about(&server, "fine.wav"));
    let hls = format!("/api/v1/tracks/{}/hls/index.m3u8", fine["id"].as_str().unwrap());
    let _answer = server.request(Method::GET, &hls).send().await.unwrap();
    let line = one_line(&server, "fine.wav", "ERROR", "transcode-track", &["no-decoder"]).await;
    assert_eq!(line["track"], fine["id"]);
}

/// A worker that is killed costs an attempt at the files that it analyzed: one line for each file.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_analyzed_when_the_worker_dies_is_one_line() {
    let home = Home::new();
    home.file("long.wav", &song(400.0, 1));
    let server = home.serve("json", &[]).await;
    let mut worker = None;
    while worker.is_none() {
        let tracks = server.json("/api/v1/tracks").await;
        if tracks["items"][0]["state"] == "processing" {
            worker = child_of(server.pid());
        }
    }
    kill_process(worker.unwrap(), Signal::KILL).unwrap();
    let line = one_line(&server, "long.wav", "WARN", "analyze-track", &["internal"]).await;
    assert_eq!((&line["attempt"], &line["retry_in_s"]), (&json!(1), &json!(0)), "{line:#}");
    assert!(line["cause"].as_str().unwrap().contains("the worker died"), "{line:#}");
    assert_eq!(line["track"], track_called(&server, "long").await["id"]);
}

/// Names come from strangers: none writes a line of its own, or talks to the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn no_name_writes_a_line_of_its_own() {
    let name = "a\n2026-01-01T00:00:00Z ERROR everything is lost \u{1b}[31m\r\u{202e}b.wav";
    for format in ["text", "json"] {
        let home = Home::new();
        home.file(name, &cut(1));
        home.file(&format!("{name}.mp3"), b"words");
        let server = home.serve(format, &[("FANFARE_LOG_LEVEL", "debug")]).await;
        let waited = tokio::time::timeout(PATIENCE, async {
            while log(&server).matches("a job was given up").count() == 0 {
                tokio::time::sleep(SOON).await;
            }
        });
        assert!(waited.await.is_ok(), "{}", log(&server));
        at_rest(&server).await;
        for line in log(&server).lines() {
            assert!(!line.starts_with("2026-01-01"), "{line}");
            assert!(!line.contains(['\u{1b}', '\r']), "{line:?}");
            let forged = line.contains("everything is lost");
            assert!(!forged || line.contains("\\n"), "{line}");
            match format {
                "json" => assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}"),
                _ => assert!(!line.contains('\u{202e}'), "{line}"),
            }
        }
    }
}

/// docs/coverage.md A42: a nightly run's budget, what it did, and what failed in it (issue 12).
#[tokio::test(flavor = "multi_thread")]
async fn a_nightly_run_says_its_budget_its_counts_and_each_track_that_failed() {
    let home = Home::new();
    home.file("fine.wav", &song(4.0, 1));
    home.file("cut.wav", &cut(2));
    let environment = [
        ("FANFARE_ANALYSIS_ON_ARRIVAL", "false"),
        ("FANFARE_ANALYSIS_BUDGET_H", "2.5"),
        ("FANFARE_ANALYSIS_SCHEDULE", "off"),
    ];
    let server = home.serve("json", &environment).await;
    at_rest(&server).await;
    let run = server.request(Method::POST, "/api/v1/tasks/schedule/run").send().await.unwrap();
    assert_eq!(run.status(), 202);
    let line = one_line(&server, "cut.wav", "ERROR", "analyze-track", &["empty", "malformed"]).await;
    assert_eq!(line["track"], track_called(&server, "cut").await["id"]);
    let log = log(&server);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |message: &str| {
        let found: Vec<&Value> = lines.iter().filter(|line| line["message"] == message).collect();
        assert_eq!(found.len(), 1, "{message}: {log}");
        found[0].clone()
    };
    let begun = said("a nightly run begins");
    assert_eq!((&begun["tracks"], &begun["budget"]), (&json!(2), &json!("2.5 h")), "{begun}");
    let over = said("a nightly run is over");
    println!("{begun}\n{over}");
    for (field, value) in [("processed", 2), ("failed", 1), ("deferred", 0)] {
        assert_eq!(over[field], value, "{over}");
    }
    assert_eq!(over["budget"], "2.5 h");
}

/// docs/coverage.md E10
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_miss_is_one_warning_and_nothing_else_is() {
    let home = Home::new();
    home.file("song.wav", &song(2.0, 1));
    let server = home.serve("json", &[("AUDIO_CACHE_ON_MISS", "original"), ("FANFARE_FFMPEG", "off")]).await;
    at_rest(&server).await;
    let id = track_called(&server, "song").await["id"].as_str().unwrap().to_owned();
    let misses = || {
        let log = log(&server);
        let lines = log.lines().filter(|line| line.contains("cache miss: the original is sent"));
        lines.map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    for (quality, expected) in [("original", 0), ("medium", 1), ("low", 2)] {
        let path = format!("/api/v1/tracks/{id}/audio?quality={quality}");
        let answer = server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"audio/wav".parse().unwrap())
        );
        assert_eq!(misses().len(), expected, "{quality}");
    }
    for miss in misses() {
        assert_eq!(
            (&miss["level"], &miss["track"], &miss["file"]),
            (&json!("WARN"), &json!(id), &json!("song.wav"))
        );
    }
}

/// Issue 12: of a folder that could not be read the log said nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_read_is_one_line_however_often_it_is_scanned() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    home.file("fine.wav", &song(1.0, 1));
    let folder = home.music().join(std::ffi::OsStr::from_bytes(b"Strange \xff folder"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("inside.wav"), song(1.0, 2)).unwrap();
    let server = home.serve("json", &[]).await;
    told(&server, "Strange", 1).await;
    for _ in 0..2 {
        let scan = server.request(Method::POST, "/api/v1/scan").json(&json!({})).send().await.unwrap();
        assert_eq!(scan.status(), 202);
        at_rest(&server).await;
    }
    let line = told(&server, "Strange", 1).await.remove(0);
    assert_eq!(line["level"], "WARN", "{line:#}");
    assert!(line["path"].as_str().unwrap().ends_with("Strange \u{fffd} folder"), "{line:#}");
    assert!(line["error"].as_str().unwrap().contains("not valid UTF-8"), "{line:#}");
    assert!(line["remedy"].as_str().unwrap().contains("rename it"), "{line:#}");
    assert!(server.stop().success());
}
