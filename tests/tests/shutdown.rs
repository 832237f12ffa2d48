//! SIGTERM under load: every request that was taken in is answered with a status, no answer is cut that can end in time, and the
//! server ends in order (issue 12; docs/guarantees.md R-02). `SHUTDOWN_ROUNDS` sets how often.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    collections::BTreeMap,
    fs,
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
use fanfare_tests::{
    raw::{Ended, RawClient},
    sending::song,
    until::until,
};
use reqwest::{Method, header};
use serde_json::json;

const CLIENTS: usize = 32;
const ROUNDS: u32 = 2;
/// Answers that everybody together gets before the signal.
const ANSWERS_BEFORE: u64 = 48;

const UPLOAD_TYPE: &str = "Content-Type: multipart/form-data; boundary=edge\r\n";
const UPLOAD_HEAD: &str =
    "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sent.wav\"\r\n\r\n";
/// The client whose upload stops in the middle.
const STALLS: usize = 31;

fn songs(folder: &Path) {
    for number in 0..6_u32 {
        let tone = signals::sine(44_100, 12.0, 220.0 + 20.0 * f64::from(number), 0.3);
        let bytes = wav::wav(44_100, &[tone.clone(), tone], wav::WavFormat::I16);
        fs::write(folder.join(format!("song {number}.wav")), bytes).unwrap();
    }
}

/// What a client does again and again until the server no longer listens.
fn ask(client: &mut RawClient, kind: usize, number: usize, ids: &[String]) -> Ended {
    let quality = ["low", "medium", "high"][number % 3];
    let track = &ids[number * 7 % ids.len()];
    let keep = if kind < 4 { "Connection: close\r\n" } else { "" };
    match kind {
        0 | 4 => client.ask("GET", &format!("/api/v1/tracks/{track}/audio?quality=original"), keep, b""),
        1 => client.ask("GET", &format!("/api/v1/tracks/{track}/audio?quality={quality}"), keep, b""),
        2 => client.ask("GET", &format!("/api/v1/tracks/{track}/hls/index.m3u8"), keep, b""),
        3 | 5 => client.ask("GET", "/api/v1/tracks?limit=100", keep, b""),
        6 => client.ask("GET", "/api/v1/events", keep, b""),
        // Uploads: whole ones one after the other, and one that stops in the middle until it is answered.
        _ => {
            let body = [UPLOAD_HEAD.as_bytes(), &song(1.0, number as u32), b"\r\n--edge--\r\n"].concat();
            let fields = format!("{UPLOAD_TYPE}Content-Length: {}\r\n", body.len());
            let sent = if number % 32 == STALLS { body.len() / 2 } else { body.len() };
            client.ask("POST", "/api/v1/tracks", &fields, &body[..sent])
        }
    }
}

/// The tracks of the library's folder, when they are all there.
async fn tracks(server: &TestServer) -> Vec<String> {
    until("the library is scanned", async || {
        let page = server.json("/api/v1/tracks?limit=500").await;
        let all = page["items"].as_array().unwrap().iter();
        let ours = all.filter(|track| track["title"].as_str().unwrap().starts_with("song "));
        let ids: Vec<String> = ours.map(|track| track["id"].as_str().unwrap().into()).collect();
        (ids.len() == 6).then_some(ids)
    })
    .await
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
        let ids = tracks(&server).await;
        let address = server.address.trim_start_matches("http://").to_owned();
        let ends: Arc<Mutex<BTreeMap<(usize, Ended), usize>>> = Arc::default();
        let answers = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, cookie, ids) = (address.clone(), cookie.clone(), ids.clone());
                let (ends, answers) = (Arc::clone(&ends), Arc::clone(&answers));
                thread::spawn(move || {
                    let mut asks = RawClient::new(&address, &cookie);
                    for number in (client..).step_by(CLIENTS) {
                        let ended = ask(&mut asks, client % 8, number, &ids);
                        answers.fetch_add(1, Ordering::Relaxed);
                        *ends.lock().unwrap().entry((client % 8, ended.clone())).or_default() += 1;
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
        let bad = |(_, end): &&(usize, Ended)| {
            matches!(end, Ended::Cut(_) | Ended::Nothing(_) | Ended::Status(500))
        };
        let bad: Vec<_> = ends.keys().filter(bad).collect();
        assert!(bad.is_empty(), "{bad:?}");
        let left = fs::metadata(data.join("fanfare.db-wal")).map_or(0, |file| file.len());
        assert_eq!(left, 0, "the database is closed");
    }
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_reader_that_stopped_reading() {
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
    let path = format!("/api/v1/tracks/{}/audio?quality=original", page["items"][0]["id"].as_str().unwrap());
    let mut stalled = server.request(Method::GET, &path).send().await.unwrap();
    assert!(stalled.chunk().await.unwrap().is_some());
    let began = Instant::now();
    assert!(server.stop().success());
    println!("ended after {:.2} s beside a reader who reads nothing", began.elapsed().as_secs_f64());
    while let Ok(Some(_)) = stalled.chunk().await {}
}
