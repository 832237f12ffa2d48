//! One decode, counted from the outside: the bytes that the kernel gave to every process of the server (issue 12;
//! docs/coverage.md D2, D4, E8, A21). A second decode reads the file a second time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::PathBuf, time::Duration};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::Method;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_millis(50);

/// A minute of music: large beside whatever else is read.
fn song() -> Vec<u8> {
    let tone = signals::sine(44_100, 60.0, 440.0, 0.3);
    wav::wav(44_100, &[tone.clone(), tone], wav::WavFormat::I16)
}

fn serve(folders: Vec<PathBuf>, settings: &[(&str, &str)]) -> TestServer {
    // Without other programs every byte is read by the server or by one of its workers.
    let environment = [("FANFARE_FFMPEG", "off"), ("FANFARE_HLS_LADDER", "high=flac")];
    let environment = environment.iter().chain(settings);
    let environment = environment.map(|(name, value)| (name.into(), value.into())).collect();
    TestServer::start(ServerStart { folders, environment, ..ServerStart::default() })
}

/// The server and everything that it started, with the bytes that each read so far.
fn bytes_read(server: &TestServer) -> Vec<(u32, u64)> {
    let parent = |pid: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all: Vec<u32> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let mut family = vec![server.pid()];
    let mut seen = 0;
    while seen < family.len() {
        let of = family[seen];
        family.extend(all.iter().filter(|pid| parent(**pid) == Some(of)));
        seen += 1;
    }
    let read = |pid: u32| {
        let counts = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
        counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    };
    family.into_iter().map(|pid| (pid, read(pid))).collect()
}

/// What was read since, by the server and by its workers; the same processes must be there.
fn read_since(before: &[(u32, u64)], server: &TestServer) -> (u64, u64) {
    let after = bytes_read(server);
    let pids = |counts: &[(u32, u64)]| counts.iter().map(|(pid, _)| *pid).collect::<Vec<_>>();
    assert_eq!(pids(before), pids(&after), "nobody came or went: nothing was read by others");
    let read: Vec<u64> = before.iter().zip(&after).map(|((_, before), (_, after))| after - before).collect();
    (read[0], read[1..].iter().sum())
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

async fn worker_is_there(server: &TestServer) {
    while bytes_read(server).len() < 2 {
        tokio::time::sleep(SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_decoded_once_by_all_processes_together() {
    let server = serve(Vec::new(), &[]);
    server.sign_in().await;
    worker_is_there(&server).await;
    let (bytes, before) = (song(), bytes_read(&server));
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"one.wav\"\r\n\r\n";
    let body = [head.as_bytes(), &bytes, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let track: Value = answer.json().await.unwrap();
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    while server.json(&path).await["state"] != "ready" {
        tokio::time::sleep(SOON).await;
    }
    at_rest(&server).await;
    let (once, (by_server, by_workers)) = (bytes.len() as u64, read_since(&before, &server));
    let read =
        format!("the upload has {once} bytes; {by_server} were read by the server, {by_workers} by workers");
    println!("{read}");
    // The server reads it once to see that the disk has what was sent, and its tags; the worker decodes it, once.
    assert!(by_server < once * 3 / 2, "{read}");
    assert!(by_workers > once && by_workers < once * 3 / 2, "{read}");
    // Everything was made of that one reading.
    let ready = server.json(&path).await;
    assert_eq!(ready["enrichment"], "completed", "{ready:#}");
    let cache = server.json("/api/v1/cache").await;
    assert_eq!(cache["files"], 1, "the transcode: {cache:#}");
    let hls = server.request(Method::GET, &format!("{path}/hls/index.m3u8")).send().await.unwrap();
    assert_eq!(hls.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_qualities_of_a_track_are_made_of_one_reading() {
    let music = tempfile::tempdir().unwrap();
    let bytes = song();
    fs::write(music.path().join("one.wav"), &bytes).unwrap();
    let server = serve(vec![music.path().to_owned()], &[]);
    server.sign_in().await;
    worker_is_there(&server).await;
    while server.json("/api/v1/tracks").await["items"][0]["state"] != "ready" {
        tokio::time::sleep(SOON).await;
    }
    at_rest(&server).await;
    let before = bytes_read(&server);
    let wanted = json!({"scope": {"all": true}, "qualities": ["high", "medium", "low"]});
    let warm = server.request(Method::POST, "/api/v1/cache/warm").json(&wanted).send().await.unwrap();
    assert_eq!(warm.status(), 202);
    while server.json("/api/v1/cache").await["files"] != 3 {
        tokio::time::sleep(SOON).await;
    }
    at_rest(&server).await;
    let (once, (by_server, by_workers)) = (bytes.len() as u64, read_since(&before, &server));
    let read =
        format!("the source has {once} bytes; {by_server} were read by the server, {by_workers} by workers");
    println!("{read}");
    assert!(by_server < once / 2, "{read}");
    assert!(by_workers > once && by_workers < once * 3 / 2, "{read}");
}
