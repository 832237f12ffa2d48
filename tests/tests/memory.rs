//! Memory at rest after heavy work: what was taken is given back (issue 12, S4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals,
    wav::{self, WavFormat},
};
use fanfare_tests::measure::{mib, process_bytes};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

/// How much more than before may stay resident.
const ROOM_BYTES: u64 = 64 << 20;
/// How long a process may take to come to rest; memory that is still held then counts as leaked.
const REST: Duration = Duration::from_secs(60);
/// Log-ins at once, and from how many addresses: of one address not so many may fail.
const LOG_INS: usize = 100;
const ADDRESSES: u8 = 4;
/// Tracks of the library, and files that are sent.
const TRACKS: u32 = 24;
const UPLOADS: u32 = 8;

/// Waits until the process holds at most that much; returns the last figure.
async fn rests(what: &str, pid: u32, before: u64) -> u64 {
    let (pid, begun) = (pid.to_string(), Instant::now());
    loop {
        let now = process_bytes(&pid, "VmRSS");
        if now <= before + ROOM_BYTES {
            let peak = process_bytes(&pid, "VmHWM");
            println!("{what}: {} before, {} at most, {} after", mib(before), mib(peak), mib(now));
            return now;
        }
        assert!(begun.elapsed() < REST, "{what}: {} before, {} kept", mib(before), mib(now));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The worker of the background that the server has started.
async fn worker_of(server: u32) -> u32 {
    let begun = Instant::now();
    loop {
        let threads = fs::read_dir(format!("/proc/{server}/task")).unwrap().map_while(Result::ok);
        let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let children: Vec<u32> = children
            .flat_map(|line| line.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
            .collect();
        if let Some(worker) = children.first() {
            return *worker;
        }
        assert!(begun.elapsed() < REST, "no worker is started");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until(server: &TestServer, path: &str, wanted: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    while !wanted(&server.json(path).await) {
        assert!(begun.elapsed() < 5 * REST, "{path}: {}", server.json(path).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn song(number: u32) -> Vec<u8> {
    let tone = |hz: f64| signals::sine(44_100, 20.0, hz, 0.3);
    wav::wav(44_100, &[tone(200.0 + f64::from(number)), tone(300.0 + f64::from(number))], WavFormat::I16)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_wrong_log_ins_at_once_leave_no_memory_behind() {
    let server = TestServer::start(ServerStart::default());
    server.sign_in().await;
    let before = process_bytes(&server.pid().to_string(), "VmRSS");
    let clients: Vec<reqwest::Client> = (1..=ADDRESSES)
        .map(|last| {
            let address = IpAddr::from(Ipv4Addr::new(127, 0, 0, last));
            reqwest::Client::builder().no_proxy().local_address(address).build().unwrap()
        })
        .collect();
    let log_in = async |number: usize| {
        let (client, url) = (&clients[number % clients.len()], format!("{}/api/v1/login", server.address));
        let wrong = json!({ "name": format!("nobody {number}"), "password": "a wrong password" });
        loop {
            let answer = client.post(&url).json(&wrong).send().await.unwrap();
            match answer.status() {
                StatusCode::UNAUTHORIZED => return,
                // More wait than may: they come again.
                StatusCode::SERVICE_UNAVAILABLE => {
                    assert!(answer.headers().contains_key(header::RETRY_AFTER))
                }
                other => panic!("{other}"),
            }
        }
    };
    join_all((0..LOG_INS).map(log_in)).await;
    rests("server, 100 wrong log-ins", server.pid(), before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_and_worker_give_back_what_scan_analysis_and_uploads_took() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    for number in 0..TRACKS {
        fs::write(music.join(format!("{number:02}.wav")), song(number)).unwrap();
    }
    // As an upload is made ready, an encoder of each kind runs.
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    let server = TestServer::start(ServerStart { environment, ..ServerStart::default() });
    server.sign_in().await;
    let (server_pid, worker_pid) = (server.pid(), worker_of(server.pid()).await);
    let resident = |pid: u32| process_bytes(&pid.to_string(), "VmRSS");
    let (server_before, worker_before) = (resident(server_pid), resident(worker_pid));

    let added = server.request(Method::POST, "/api/v1/folders").json(&json!({ "path": music })).send().await;
    assert_eq!(added.unwrap().status(), StatusCode::CREATED);
    until(&server, "/api/v1/library", |library| library["ready"] == TRACKS).await;
    rests("server, scan", server_pid, server_before).await;
    rests("worker, analysis", worker_pid, worker_before).await;

    let send = async |number: u32| {
        let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sent.wav\"\r\n\r\n";
        let body = [head.as_bytes(), &song(1_000 + number), b"\r\n--edge--\r\n"].concat();
        let request = server.request(Method::POST, "/api/v1/tracks").body(body);
        let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
        assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
    };
    join_all((0..UPLOADS).map(send)).await;
    until(&server, "/api/v1/library", |library| library["ready"] == TRACKS + UPLOADS).await;
    rests("server, uploads", server_pid, server_before).await;
    assert_eq!(worker_of(server_pid).await, worker_pid, "the worker is the same");
    rests("worker, uploads", worker_pid, worker_before).await;
}
