//! SIGTERM under load: every request that was taken in is answered with a status, no answer is cut that can end in time, and the
//! server ends in order (issue 12; docs/guarantees.md R-02). `SHUTDOWN_ROUNDS` sets how often.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use fanfare_testkit::{
    server::{OWNER, ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::until::until;
use reqwest::{Method, header};
use serde_json::json;

const CLIENTS: usize = 32;
const ROUNDS: u32 = 2;
/// Answers that everybody together gets before the signal.
const ANSWERS_BEFORE: u64 = 48;

fn songs(folder: &Path) {
    for number in 0..6_u32 {
        let tone = signals::sine(44_100, 12.0, 220.0 + 20.0 * f64::from(number), 0.3);
        let bytes = wav::wav(44_100, &[tone.clone(), tone], wav::WavFormat::I16);
        fs::write(folder.join(format!("song {number}.wav")), bytes).unwrap();
    }
}

/// How one request ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Status(u16),
    /// The server is gone: nothing was asked.
    Refused,
    /// An answer with that status lacks bytes.
    Cut(u16),
    /// No status came.
    Nothing(String),
}

/// Asks on a connection of its own.
fn ask(address: &str, request: &str) -> Ended {
    let mut socket = match TcpStream::connect(address) {
        Ok(socket) => socket,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ended::Refused,
        Err(error) => return Ended::Nothing(format!("connecting: {error}")),
    };
    let mut answer = Vec::new();
    let sent = socket.write_all(request.as_bytes());
    let read = socket.read_to_end(&mut answer);
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(head) = head else { return Ended::Nothing(format!("{sent:?} {read:?}")) };
    let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let got = answer.len() - head - 4;
    let whole = match length {
        Some(length) => got == length,
        None => answer.ends_with(b"0\r\n\r\n"),
    };
    if whole { Ended::Status(status) } else { Ended::Cut(status) }
}

#[tokio::test]
async fn under_load_every_request_is_answered_and_no_answer_is_cut_when_the_server_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (music, data) = (folder.path().join("music"), folder.path().join("data"));
    fs::create_dir(&music).unwrap();
    songs(&music);
    let rounds = std::env::var("SHUTDOWN_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let environment = vec![("FANFARE_ANALYSIS_ON_ARRIVAL".into(), "false".into())];
    let start =
        ServerStart { folders: vec![music], data: Some(data.clone()), environment, ..ServerStart::default() };
    for round in 0..rounds {
        let _ = fs::remove_dir_all(data.join("cache/audio"));
        let server = TestServer::start(start.clone());
        if round == 0 {
            server.sign_in().await;
        }
        let body = json!({ "name": OWNER.0, "password": OWNER.1 });
        let answer = server.request(Method::POST, "/api/v1/login").json(&body).send().await.unwrap();
        let cookie =
            answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let page = until("the library is scanned", async || {
            let page = server.json("/api/v1/tracks?limit=100").await;
            (page["total"] == 6).then_some(page)
        });
        let ids: Vec<String> = page.await["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|track| track["id"].as_str().unwrap().into())
            .collect();
        let address = server.address.trim_start_matches("http://").to_owned();
        let ends: Arc<Mutex<BTreeMap<Ended, usize>>> = Arc::default();
        let answers = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, cookie, ids) = (address.clone(), cookie.clone(), ids.clone());
                let (ends, answers) = (Arc::clone(&ends), Arc::clone(&answers));
                thread::spawn(move || {
                    for number in client.. {
                        let quality = ["low", "medium", "high"][number % 3];
                        let track = &ids[number * 7 % ids.len()];
                        let path = match client % 4 {
                            0 => format!("/api/v1/tracks/{track}/audio"),
                            1 => format!("/api/v1/tracks/{track}/audio?quality={quality}"),
                            2 => format!("/api/v1/tracks/{track}/hls/index.m3u8"),
                            _ => "/api/v1/tracks?limit=100".to_owned(),
                        };
                        let ended = ask(
                            &address,
                            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"),
                        );
                        answers.fetch_add(1, Ordering::Relaxed);
                        *ends.lock().unwrap().entry(ended.clone()).or_default() += 1;
                        if ended == Ended::Refused {
                            return;
                        }
                    }
                })
            })
            .collect();
        until("everybody is busy", async || {
            (answers.load(Ordering::Relaxed) >= ANSWERS_BEFORE).then_some(())
        })
        .await;
        let began = Instant::now();
        let status = server.stop();
        let took = began.elapsed();
        clients.into_iter().for_each(|client| client.join().unwrap());
        let ends = ends.lock().unwrap();
        println!("round {round}: ended after {:.2} s with {status}; answers {ends:?}", took.as_secs_f64());
        assert!(status.success(), "{status}");
        let cut: Vec<_> = ends.keys().filter(|end| matches!(end, Ended::Cut(_))).collect();
        assert!(cut.is_empty(), "{cut:?}");
        // Between the last look into the kernel's queue and the listener's end, one connection may come in on a busy machine.
        let nothing = ends.iter().filter(|(end, _)| matches!(end, Ended::Nothing(_)));
        let nothing: usize = nothing.map(|(_, count)| *count).sum();
        assert!(nothing <= 1, "{ends:?}");
        assert!(!ends.contains_key(&Ended::Status(500)), "{ends:?}");
        let left = fs::metadata(data.join("fanfare.db-wal")).map_or(0, |file| file.len());
        assert_eq!(left, 0, "the database is closed");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_reader_who_has_stopped_reading() {
    let folder = tempfile::tempdir().unwrap();
    let long = signals::sine(44_100, 400.0, 220.0, 0.3);
    fs::write(folder.path().join("long.wav"), wav::wav(44_100, &[long.clone(), long], wav::WavFormat::I16))
        .unwrap();
    let environment = vec![("FANFARE_ANALYSIS_ON_ARRIVAL".into(), "false".into())];
    let folders = vec![folder.path().to_owned()];
    let server = TestServer::start(ServerStart { folders, environment, ..ServerStart::default() });
    server.sign_in().await;
    let page = until("the library is scanned", async || {
        let page = server.json("/api/v1/tracks").await;
        (page["total"] == 1).then_some(page)
    })
    .await;
    let path = format!("/api/v1/tracks/{}/audio", page["items"][0]["id"].as_str().unwrap());
    let mut stalled = server.request(Method::GET, &path).send().await.unwrap();
    assert!(stalled.chunk().await.unwrap().is_some());
    let began = Instant::now();
    assert!(server.stop().success());
    println!("ended after {:.2} s beside a reader who reads nothing", began.elapsed().as_secs_f64());
    while let Ok(Some(_)) = stalled.chunk().await {}
}
