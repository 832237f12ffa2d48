//! Sending files: taken in whole, refused with a reason, or leaving nothing behind.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use fanfare_model::Role;
use fanfare_store::TrackQuery;
use fanfare_testkit::{hostile, signals, wav};
use futures_util::stream;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::fixture::{As, Server};

const TYPE: &str = "multipart/form-data; boundary=edge";
const MIB: u64 = 1 << 20;

pub fn form(field: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: audio/flac\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat()
}

fn song(hz: f64) -> Vec<u8> {
    wav::wav(8_000, &[signals::sine(8_000, 1.0, hz, 0.3)], wav::WavFormat::I16)
}

pub async fn send(server: &Server, who: &As, body: impl Into<reqwest::Body>) -> Response {
    let request = server.request(who, Method::POST, "/api/v1/tracks").header("content-type", TYPE);
    request.body(body).send().await.unwrap()
}

async fn problem(response: Response, status: u16) -> Value {
    assert_eq!(response.status().as_u16(), status);
    response.json().await.unwrap()
}

fn staging(server: &Server) -> PathBuf {
    server.store().blobs().staging()
}

/// Until nothing that was sent half lies about any more. (The server analyzes of a closed connection by itself.)
async fn is_tidy(server: &Server) {
    while std::fs::read_dir(staging(server)).unwrap().next().is_some() {
        tokio::task::yield_now().await;
    }
}

async fn limit(server: &Server, owner: &As, values: Value) {
    let request = server.request(owner, Method::PATCH, "/api/v1/settings").json(&json!({ "values": values }));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_file_becomes_a_track_once() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let song = song(440.0);
    let response = send(&server, &owner, form("file", "../My \\\"Song\\\".flac", &song)).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let track: Value = response.json().await.unwrap();
    assert_eq!(location, format!("/api/v1/tracks/{}", track["id"].as_str().unwrap()));
    for (field, value) in [
        ("state", json!("queued")),
        ("home", json!("upload")),
        ("duplicate", json!(false)),
        ("relative_path", json!("My \"Song\".flac")),
        ("container", json!("wav")),
        ("size_bytes", json!(song.len())),
    ] {
        assert_eq!(track[field], value, "{field}");
    }
    assert_eq!(server.json(&owner, &location).await["id"], track["id"]);
    let audio =
        server.get(&owner, &format!("{location}/audio?quality=original")).await.bytes().await.unwrap();
    assert_eq!(audio.as_ref(), song);

    let again = send(&server, &owner, form("file", "other name.wav", &song)).await;
    assert_eq!(
        (again.status().as_u16(), again.headers()["location"].to_str().unwrap()),
        (200, location.as_str())
    );
    let again: Value = again.json().await.unwrap();
    assert_eq!((&again["id"], &again["duplicate"]), (&track["id"], &json!(true)));
    is_tidy(&server).await;
}

#[tokio::test]
async fn what_is_no_audio_is_refused_with_a_sentence() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for (bytes, status) in [
        (&b"Dear diary, this is a text and no song at all.\n".repeat(90)[..], 415),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01", 415),
        (b"#EXTM3U\nhttp://example.org/a.ts\n", 415),
        (b"", 422),
    ] {
        let refused = problem(send(&server, &owner, form("file", "song.mp3", bytes)).await, status).await;
        assert!(!refused["detail"].as_str().unwrap().is_empty(), "{refused}");
    }
    is_tidy(&server).await;
    assert_eq!(server.json(&owner, "/api/v1/tracks").await["total"], 0);
}

#[tokio::test]
async fn a_form_has_one_file_and_nothing_else() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (one, other) = (song(440.0), song(880.0));
    let cut = |mut body: Vec<u8>| {
        body.truncate(body.len() - 4);
        body
    };
    let two =
        [cut(form("file", "a.wav", &one)), [&b"\r\n"[..], &form("file", "b.wav", &other)].concat()].concat();
    let more = [cut(form("file", "a.wav", &one)), [&b"\r\n"[..], &form("title", "", b"x")].concat()].concat();
    for (body, status) in [
        (form("cover", "a.wav", &one), 400),
        (two, 400),
        (more, 400),
        (b"--edge--\r\n".to_vec(), 400),
        (b"no form at all".to_vec(), 400),
        (cut(form("file", "a.wav", &one)), 400),
        (Vec::new(), 400),
    ] {
        let refused = problem(send(&server, &owner, body).await, status).await;
        assert!(refused["remedy"].is_string(), "{refused}");
    }
    let json = server.post(&owner, "/api/v1/tracks", json!({"file": "song"})).await;
    assert_eq!(problem(json, 415).await["kind"], "invalid");
    is_tidy(&server).await;
    assert_eq!(server.json(&owner, "/api/v1/tracks").await["total"], 0);
}

#[tokio::test]
async fn more_than_the_limit_is_stopped_soon_behind_it() {
    let server = Server::start().await;
    let owner = server.owner().await;
    limit(&server, &owner, json!({"upload.max_bytes": 2 * MIB})).await;
    // Declared: refused before it is sent. Not declared: a stream without an end.
    let declared = form("file", "a.wav", &vec![0; 4 * MIB as usize]);
    let refused = problem(send(&server, &owner, declared).await, 413).await;
    assert!(refused["remedy"].as_str().unwrap().contains("upload.max_bytes"), "{refused}");

    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let head = form("file", "a.wav", b"RIFF");
    let endless = stream::unfold(0_u64, move |turn| {
        let (counter, head) = (Arc::clone(&counter), head.clone());
        async move {
            let piece = if turn == 0 { head[..head.len() - 12].to_vec() } else { vec![7; 16 * 1024] };
            counter.fetch_add(piece.len() as u64, Ordering::Relaxed);
            (turn < 100_000).then_some((Ok::<_, std::io::Error>(Bytes::from(piece)), turn + 1))
        }
    });
    let request = server.request(&owner, Method::POST, "/api/v1/tracks").header("content-type", TYPE);
    // Its sender may see the answer, or only that the connection is closed.
    if let Ok(response) = request.body(reqwest::Body::wrap_stream(endless)).send().await {
        assert_eq!(response.status(), 413);
        // The connection may be reset between head and body, since the sender never stops.
        if let Ok(refused) = response.json::<Value>().await {
            assert!(refused["detail"].as_str().unwrap().contains("upload.max_bytes"), "{refused}");
        }
    }
    // What the kernel's buffers hold (a few MiB on loopback) was sent, but not taken in.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 2 * MIB + 16 * MIB, "{sent} bytes were sent");
    is_tidy(&server).await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_asks_first_and_one_that_sends_on() {
    let server = Server::start().await;
    let owner = server.person("sender", Role::Owner).await;
    let As::Key(key) = server.key(&owner).await else { panic!("a key") };
    limit(&server, &As::Key(key.clone()), json!({"upload.max_bytes": MIB})).await;
    for expect in ["expect: 100-continue\r\n", ""] {
        let mut stream = TcpStream::connect(server.started.address).await.unwrap();
        let head = format!(
            "POST /api/v1/tracks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: {TYPE}\r\n{expect}content-length: {}\r\n\r\n",
            100 * MIB
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        if expect.is_empty() {
            stream.write_all(&form("file", "a.wav", &vec![0; 300_000])).await.unwrap();
        }
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413", "{expect}");
    }
}

#[tokio::test]
async fn a_quota_holds_for_each_person() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let size = song(1.0).len() as u64;
    limit(&server, &owner, json!({"upload.quota_bytes": 2 * size + 10})).await;
    let sends = (1..=6).map(|hz| send(&server, &owner, form("file", "a.wav", &song(f64::from(hz) * 100.0))));
    let statuses: Vec<u16> =
        futures_util::future::join_all(sends).await.iter().map(|one| one.status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 413).count(), 4, "{statuses:?}");
    let other = server.owner().await;
    assert_eq!(send(&server, &other, form("file", "a.wav", &song(990.0))).await.status(), 201);
    is_tidy(&server).await;
}

#[tokio::test]
async fn a_sender_that_leaves_leaves_nothing() {
    let server = Server::start().await;
    let As::Key(key) = server.key(&server.person("sender", Role::Owner).await).await else { panic!("a key") };
    let body = form("file", "a.wav", &vec![1; 400_000]);
    // At every 32nd of it.
    for part in 1..32 {
        let mut stream = TcpStream::connect(server.started.address).await.unwrap();
        let head = format!(
            "POST /api/v1/tracks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: {TYPE}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body[..body.len() * part / 32]).await.unwrap();
        while std::fs::read_dir(staging(&server)).unwrap().next().is_none() {
            tokio::task::yield_now().await;
        }
        stream.shutdown().await.unwrap();
        // To the end of whatever is said about it.
        let mut answer = Vec::new();
        let _ended = stream.read_to_end(&mut answer).await;
        drop(stream);
        is_tidy(&server).await;
    }
    let page =
        server.store().catalog().tracks(&TrackQuery { limit: 1, ..TrackQuery::default() }).await.unwrap();
    assert_eq!(page.total, 0);
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_it_says_leaves_nothing() {
    let server = Server::start().await;
    let As::Key(key) = server.key(&server.person("sender", Role::Owner).await).await else { panic!("a key") };
    let body = form("file", "a.wav", &song(440.0));
    let length = |by: i64| format!("content-length: {}\r\n", body.len() as i64 + by);
    let chunk = |declared: usize| [format!("{declared:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let chunked = "transfer-encoding: chunked\r\n".to_owned();
    for (what, declared, sent) in [
        ("longer than what comes of it", length(0), body[..body.len() - 1_000].to_vec()),
        ("cut in its last line", length(0), body[..body.len() - 5].to_vec()),
        ("shorter by half a last line", length(-5), body.clone()),
        ("much shorter", length(-5_000), body.clone()),
        ("empty", "content-length: 0\r\n".to_owned(), body.clone()),
        ("no number", "content-length: many\r\n".to_owned(), body.clone()),
        ("larger than any number", "content-length: 99999999999999999999999\r\n".to_owned(), body.clone()),
        ("two lengths", length(0) + &length(1), body.clone()),
        ("a chunk longer than what comes of it", chunked.clone(), {
            [format!("{:x}\r\n", body.len()).as_bytes(), &body[..body.len() - 1_000]].concat()
        }),
        ("a chunk shorter than it is", chunked.clone(), chunk(body.len() - 1_000)),
        ("a chunk of no length", chunked.clone(), [&b"zz\r\n"[..], &body].concat()),
    ] {
        let mut stream = TcpStream::connect(server.started.address).await.unwrap();
        let head = format!(
            "POST /api/v1/tracks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: {TYPE}\r\n{declared}\r\n"
        );
        // The connection of a client that is refused early may be closed.
        let _sent = stream.write_all(&[head.as_bytes(), &sent].concat()).await;
        let _closed = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ended = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.starts_with("HTTP/1.1 2") && !answer.contains(" 500 "), "{what}: {answer}");
        is_tidy(&server).await;
        let page = server.store().catalog().tracks(&TrackQuery { limit: 1, ..TrackQuery::default() }).await;
        assert_eq!(page.unwrap().total, 0, "{what}");
    }
}

#[tokio::test]
async fn ten_thousand_parts_are_refused_at_the_second() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for field in ["file", "other"] {
        let song = song(440.0);
        let mut body = form(field, "a.wav", &song);
        body.truncate(body.len() - 4);
        let part = format!(
            "\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"b.wav\"\r\n\r\nx\r\n--edge"
        );
        body.extend(part.repeat(10_000).bytes());
        body.extend(b"--\r\n");
        let refused = problem(send(&server, &owner, body).await, 400).await;
        assert!(refused["detail"].as_str().unwrap().contains("one field"), "{refused}");
        is_tidy(&server).await;
    }
    assert_eq!(server.json(&owner, "/api/v1/tracks").await["total"], 0);
}

#[tokio::test]
async fn who_may_upload_is_set() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let person = server.person("listener", Role::Listener).await;
    let listener = server.session(&person, 60_000).await;
    let body = form("file", "a.wav", &song(440.0));
    let refused = problem(send(&server, &listener, body.clone()).await, 403).await;
    assert!(refused["remedy"].as_str().unwrap().contains("upload.listeners"), "{refused}");
    limit(&server, &owner, json!({"upload.listeners": true})).await;
    assert_eq!(send(&server, &listener, body.clone()).await.status(), 201);
    assert_eq!(send(&server, &As::Nobody, body).await.status(), 401);
}

#[tokio::test]
async fn hostile_names_are_only_shown() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let files = |folder: PathBuf| {
        let walk = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().path().to_owned());
        walk.collect::<std::collections::BTreeSet<_>>()
    };
    let before = files(server.folder.path().to_owned());
    let names = hostile::names();
    for (number, name) in names.iter().take(60).enumerate() {
        let song = wav::wav(8_000, &[vec![number as f32 / 100.0; 800]], wav::WavFormat::I16);
        let status = send(&server, &owner, form("file", name, &song)).await.status().as_u16();
        // Line breaks in a name end the header field that it stands in.
        assert!(matches!(status, 201 | 400), "{name:?}: {status}");
    }
    let added = files(server.folder.path().to_owned());
    for path in added.difference(&before).filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let ours = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(ours || name.starts_with("fanfare.db"), "{}", path.display());
    }
}
