//! What is kept in memory at rest after heavy work: server and workers give back what they took (issue 12, S4).
//!
//! Vocabulary: *rest* is the resident memory of a process once nothing is left to do.
//!
//! Invariants: every phase is measured against the rest before the first one, so that what one phase keeps and the next
//! keeps on top adds up.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use fanfare_testkit::{
    pictures::{DEEP, id3, png, wav_with_id3},
    seeded::Seeded,
    server::{ServerStart, TestServer},
    wav::{self, WavFormat},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Figure, mib, process_bytes};

/// What a process may keep above its rest before, in bytes.
const MAX_KEPT_BYTES: u64 = 64 << 20;
/// How long a process has to give memory back.
const SETTLES: Duration = Duration::from_secs(30);
/// How long the mixed load lasts; `REST_MINUTES` sets another time.
const MINUTES: f64 = 2.0;
const RATE_HZ: u32 = 44_100;
/// Tracks of the library, and seconds of each.
const TRACKS: u64 = 24;
const SECONDS: f64 = 60.0;
const LOGINS: usize = 100;
const UPLOADS: u64 = 16;
/// Width and height of the pictures in uploads, in pixels of 16 bit: 318 MB once decoded.
const PICTURE_EDGE: u32 = 6_300;
const LISTENERS: u64 = 8;

/// Resident bytes by role: the server, and the largest of its workers.
type Rest = BTreeMap<&'static str, u64>;

/// What server and workers keep after log-ins, pictures, a scan with analysis, uploads, and a mixed load.
pub fn kept_after_heavy_work() -> Vec<Figure> {
    let music = tempfile::tempdir().unwrap();
    let environment = vec![("FANFARE_ANALYSIS_ON_ARRIVAL".into(), "true".into())];
    let server = TestServer::start(ServerStart { environment, ..ServerStart::default() });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        server.sign_in().await;
        // One small upload and one small transcode: both workers have started, and have their libraries loaded.
        let first = upload(&server, 1, 2.0).await;
        ready(&server, std::slice::from_ref(&first)).await;
        listen(&server, &first, "?quality=low").await;
        let before = rest(&server);
        let mut figures = Vec::new();

        wrong_logins(&server).await;
        compare(&server, "100 wrong log-ins at once", &before, &mut figures).await;

        let pictures = (0..UPLOADS).map(|number| upload_with_picture(&server, number));
        futures(pictures).await;
        all_ready(&server, 1 + UPLOADS).await;
        compare(&server, "16 uploads at once with a picture of 318 MB", &before, &mut figures).await;

        for number in 0..TRACKS {
            fs::write(music.path().join(format!("{number}.wav")), noise(100 + number, SECONDS)).unwrap();
        }
        let folder = json!({ "path": music.path() });
        let added = server.request(Method::POST, "/api/v1/folders").json(&folder).send().await.unwrap();
        assert!(added.status().is_success(), "{:?}", added.text().await);
        let tracks = all_ready(&server, TRACKS + UPLOADS + 1).await;
        compare(&server, "a scan, every track analyzed", &before, &mut figures).await;

        let mut sent = Vec::new();
        for number in 0..UPLOADS {
            sent.push(upload(&server, 1_000 + number, SECONDS).await);
        }
        ready(&server, &sent).await;
        compare(&server, "16 uploads of a minute", &before, &mut figures).await;

        mixed(&server, &tracks).await;
        compare(&server, "mixed load", &before, &mut figures).await;
        figures
    })
}

/// Ranges, transcodes, HLS, lists, searches, wrong log-ins and uploads at once, for [`MINUTES`].
async fn mixed(server: &TestServer, tracks: &[String]) {
    let minutes = std::env::var("REST_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(MINUTES);
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let listeners = (0..LISTENERS).map(|number| async move {
        let mut choice = Seeded::new(number);
        let mut sent = 0;
        while Instant::now() < until {
            let track = choice.pick(tracks);
            match choice.below(8) {
                0 => listen(server, track, "?quality=original").await,
                1 => listen(server, track, "?quality=high").await,
                2 => listen(server, track, "?quality=low").await,
                3 => get(server, &format!("/api/v1/tracks/{track}/hls/index.m3u8")).await,
                4 => get(server, "/api/v1/tracks?limit=100").await,
                5 => get(server, &format!("/api/v1/tracks/{track}/features")).await,
                6 if sent < 4 => {
                    sent += 1;
                    upload(server, 10_000 + number * 100 + sent, 5.0).await;
                }
                _ => wrong_login(server, &format!("stranger {number}")).await,
            }
        }
    });
    futures(listeners).await;
}

/// Runs all of them on this task, to the end of the last.
async fn futures<F: Future<Output = ()>>(all: impl Iterator<Item = F>) {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

async fn get(server: &TestServer, path: &str) {
    let answer = server.request(Method::GET, path).send().await.unwrap();
    let _ = answer.bytes().await;
}

async fn listen(server: &TestServer, track: &str, query: &str) {
    get(server, &format!("/api/v1/tracks/{track}/audio{query}")).await;
}

async fn wrong_login(server: &TestServer, name: &str) {
    let body = json!({ "name": name, "password": "not the password" });
    let answer = server.request(Method::POST, "/api/v1/login").json(&body).send().await.unwrap();
    assert_ne!(answer.status(), StatusCode::OK);
}

async fn wrong_logins(server: &TestServer) {
    let names: Vec<String> = (0..LOGINS).map(|number| format!("nobody {number}")).collect();
    futures(names.iter().map(|name| wrong_login(server, name))).await;
}

/// A WAV file of noise: two channels of 16 bit.
fn noise(seed: u64, seconds: f64) -> Vec<u8> {
    let mut noise = Seeded::new(seed);
    let frames = (f64::from(RATE_HZ) * seconds) as usize;
    let mut plane = || (0..frames).map(|_| noise.sample() * 0.5).collect::<Vec<f32>>();
    wav::wav(RATE_HZ, &[plane(), plane()], WavFormat::I16)
}

/// Sends noise; the new track's id.
async fn upload(server: &TestServer, seed: u64, seconds: f64) -> String {
    send(server, &noise(seed, seconds)).await
}

/// Sends a second of noise with a picture that is small as a file and large once it is decoded.
async fn upload_with_picture(server: &TestServer, number: u64) {
    let picture = png(PICTURE_EDGE - number as u32, PICTURE_EDGE, DEEP);
    send(server, &wav_with_id3(&noise(2_000 + number, 1.0), &id3(&picture, "image/png", false))).await;
}

/// Uploads a file; the new track's id.
async fn send(server: &TestServer, file: &[u8]) -> String {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"noise.wav\"\r\n\r\n";
    let body = [head.as_bytes(), file, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    let track: Value = answer.json().await.unwrap();
    track["id"].as_str().unwrap_or_else(|| panic!("{track}")).to_owned()
}

/// Waits until those tracks are ready.
async fn ready(server: &TestServer, tracks: &[String]) {
    for track in tracks {
        let path = format!("/api/v1/tracks/{track}");
        while !["ready", "published"]
            .contains(&server.json(&path).await["state"].as_str().unwrap_or_default())
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Waits until that many tracks are there and ready; their ids.
async fn all_ready(server: &TestServer, count: u64) -> Vec<String> {
    while server.json("/api/v1/library").await["ready"] != count {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let listed = server.json("/api/v1/tracks?limit=500").await;
    let items = listed["items"].as_array().unwrap();
    items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
}

/// The resident memory now.
fn rest(server: &TestServer) -> Rest {
    let pid = server.pid();
    let workers = children(pid).into_iter().map(|child| resident(&child)).max().unwrap_or(0);
    BTreeMap::from([("server", resident(&pid.to_string())), ("worker", workers)])
}

fn resident(pid: &str) -> u64 {
    // A child may end between the list and the look.
    if fs::metadata(format!("/proc/{pid}")).is_ok() { process_bytes(pid, "VmRSS") } else { 0 }
}

/// The process ids of its children.
fn children(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Waits until both are near the rest before, at most [`SETTLES`], and adds what each kept.
async fn compare(server: &TestServer, phase: &str, before: &Rest, figures: &mut Vec<Figure>) {
    let began = Instant::now();
    let kept = |now: &Rest| -> BTreeMap<&'static str, u64> {
        now.iter().map(|(role, bytes)| (*role, bytes.saturating_sub(before[role]))).collect()
    };
    let mut now = rest(server);
    while kept(&now).values().any(|kept| *kept >= MAX_KEPT_BYTES) && began.elapsed() < SETTLES {
        tokio::time::sleep(Duration::from_millis(200)).await;
        now = rest(server);
    }
    for (role, kept) in kept(&now) {
        figures.push(Figure {
            name: format!("kept by the {role} after {phase}"),
            measured: format!("{} more", mib(kept)),
            target: "< 64 MiB more",
            ok: kept < MAX_KEPT_BYTES,
        });
    }
}
