//! Descriptors: what is made and sent on demand is closed again, the space of removed files is given back, and a server that may
//! open few files refuses what it cannot do and goes on (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{collections::BTreeMap, fs, io::Write as _, net::TcpStream, path::Path};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::{
    crash::children_of,
    open_files::{OpenFiles, limit_open_files},
    until::until,
};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

const QUALITIES: [&str; 3] = ["low", "medium", "high"];
/// What a server may have open more than before, when nothing happens any more.
const SLACK: usize = 16;
/// Fewer would keep the server from starting.
const FEW: u64 = 160;

fn songs(folder: &Path, count: u32) {
    for number in 0..count {
        let tone = signals::sine(44_100, 4.0, 220.0 + 20.0 * f64::from(number), 0.3);
        let bytes = wav::wav(44_100, &[tone.clone(), tone], wav::WavFormat::I16);
        fs::write(folder.join(format!("song {number:02}.wav")), bytes).unwrap();
    }
}

/// A server with a library of that many songs, which are all known.
async fn serve(folder: &Path, count: u32, open_files: Option<u64>) -> (TestServer, Vec<String>) {
    songs(folder, count);
    let environment = [("FANFARE_ANALYSIS_ON_ARRIVAL", "false"), ("FANFARE_AUDIO_CACHE_MAX_ENCODES", "4")];
    let environment = environment.map(|(name, value)| (name.into(), value.into())).into();
    let folders = vec![folder.to_owned()];
    let server =
        TestServer::start(ServerStart { folders, environment, open_files, ..ServerStart::default() });
    server.sign_in().await;
    let tracks = until("the library is scanned", async || {
        let page = server.json("/api/v1/tracks?limit=100").await;
        (page["total"] == u64::from(count)).then_some(page)
    });
    let ids = tracks.await["items"].as_array().unwrap().iter().map(id).collect();
    (server, ids)
}

fn id(track: &Value) -> String {
    track["id"].as_str().unwrap().to_owned()
}

/// Asks for a track; gives the status and where it came from, when all of it is there.
async fn listen(server: &TestServer, track: &str, quality: &str) -> (StatusCode, String) {
    let path = format!("/api/v1/tracks/{track}/audio?quality={quality}");
    // A client that keeps a connection keeps a place.
    let request = server.request(Method::GET, &path).header(header::CONNECTION, "close");
    let answer = request.send().await.unwrap();
    let field =
        |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (status, cache) = (answer.status(), field("x-fanfare-cache"));
    assert!(!status.is_server_error() || !field("retry-after").is_empty(), "{status} without a time");
    let length = answer.content_length();
    let body = answer.bytes().await.unwrap();
    assert_eq!(length, Some(body.len() as u64));
    (status, cache)
}

async fn listen_to_all(server: &TestServer, tracks: &[String]) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for track in tracks {
        for quality in QUALITIES {
            let (status, cache) = listen(server, track, quality).await;
            assert_eq!(status, 200);
            *seen.entry(cache).or_default() += 1;
        }
    }
    seen
}

async fn clear_cache(server: &TestServer) {
    let all = json!({ "older_than_days": null, "quality": null });
    let answer = server.request(Method::POST, "/api/v1/cache/clear").json(&all).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// The server and its workers, in order.
fn processes(server: &TestServer) -> Vec<u32> {
    let children = children_of(server.pid());
    let pids = children.iter().map(|pid| u32::try_from(pid.as_raw_nonzero().get()).unwrap());
    std::iter::once(server.pid()).chain(pids).collect()
}

/// Waits until nothing of the cache is open and what is open is hardly more than before, in every process.
async fn closes_all(server: &TestServer, before: usize, after: &str) {
    until(&format!("what was opened is closed after {after}"), async || {
        let mut shown = Vec::new();
        for (place, pid) in processes(server).into_iter().enumerate() {
            let open = OpenFiles::of(pid);
            let allowed = if place == 0 { before + SLACK } else { before };
            let settled = open.cached.is_empty() && open.removed == 0 && open.count() <= allowed;
            assert_eq!(open.removed == 0, open.removed_bytes == 0);
            settled.then_some(())?;
            shown.push(open.count());
        }
        println!(
            "after {after}: {shown:?} descriptors (server, workers), none of the cache, none of removed files"
        );
        Some(())
    })
    .await;
}

#[tokio::test]
async fn files_opened_for_listeners_are_closed_when_no_one_plays_them_and_removed_files_free_their_space() {
    let folder = tempfile::tempdir().unwrap();
    let (server, tracks) = serve(folder.path(), 6, None).await;
    let before = OpenFiles::of(server.pid()).count();
    println!("before: {before} descriptors");

    // Made for listeners, sent from what was made, removed by hand, made again.
    for round in 0..2 {
        let seen = listen_to_all(&server, &tracks).await;
        assert_eq!(seen.get("encoding"), Some(&(tracks.len() * QUALITIES.len())), "{seen:?}");
        closes_all(&server, before, &format!("{} files made, round {round}", tracks.len() * 3)).await;
        until("what was made is kept", async || {
            (listen_to_all(&server, &tracks).await.get("hit") == Some(&18)).then_some(())
        })
        .await;
        clear_cache(&server).await;
        closes_all(&server, before, "the cache was cleared").await;
    }

    // Listeners who leave: at once, in the middle of what is made, in the middle of a ladder, of events.
    let cookie = {
        let body =
            json!({ "name": fanfare_testkit::server::OWNER.0, "password": fanfare_testkit::server::OWNER.1 });
        let answer = server.request(Method::POST, "/api/v1/login").json(&body).send().await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        cookie.split(';').next().unwrap().to_owned()
    };
    let address = server.address.trim_start_matches("http://").to_owned();
    for (what, path) in [
        ("listeners left what is made", "audio?quality=high"),
        ("listeners left a file", "audio"),
        ("listeners left a ladder", "hls/index.m3u8"),
        ("listeners left a stream of events", ""),
    ] {
        let left: Vec<TcpStream> = (0..24)
            .map(|number| {
                let track = &tracks[number % tracks.len()];
                let path = match path {
                    "" => "/api/v1/events".to_owned(),
                    path => format!("/api/v1/tracks/{track}/{path}"),
                };
                let mut socket = TcpStream::connect(&address).unwrap();
                let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
                socket.write_all(request.as_bytes()).unwrap();
                socket
            })
            .collect();
        until("some clients are being answered", async || {
            (OpenFiles::of(server.pid()).count() >= before + left.len() / 2).then_some(())
        })
        .await;
        drop(left);
        closes_all(&server, before, what).await;
    }
    clear_cache(&server).await;
    closes_all(&server, before, "everything was cleared").await;
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_server_that_may_open_few_files_answers_everybody_and_refuses_with_a_time_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (server, tracks) = serve(folder.path(), 8, Some(FEW)).await;
    let before = OpenFiles::of(server.pid()).count();
    let mut seen: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for _ in 0..3 {
        // Far more at a time than there are descriptors for: the others wait.
        let wanted =
            (0..4).flat_map(|_| tracks.iter().flat_map(|track| QUALITIES.map(|quality| (track, quality))));
        let answers = join_all(wanted.map(|(track, quality)| listen(&server, track, quality))).await;
        for (status, cache) in answers {
            assert!(status == 200 || status == 429 || status == 503, "{status}");
            *seen.entry((status.as_u16(), cache)).or_default() += 1;
        }
        clear_cache(&server).await;
    }
    println!("{FEW} descriptors, 96 listeners at a time: {seen:?}");
    assert_eq!(listen_to_all(&server, &tracks).await.values().sum::<usize>(), tracks.len() * QUALITIES.len());
    closes_all(&server, before, "far more listeners than descriptors").await;
    assert!(server.stop().success());
}

#[tokio::test]
async fn no_descriptor_free_is_said_with_a_time_to_come_back_and_all_goes_on_when_some_are_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let (server, tracks) = serve(folder.path(), 3, None).await;
    let track = &tracks[0];
    let paths = [
        format!("/api/v1/tracks/{track}/audio?quality=original"),
        format!("/api/v1/tracks/{track}/audio?quality=low"),
        "/api/v1/tracks".to_owned(),
        "/health/live".to_owned(),
    ];
    let mut refused = 0;
    for path in &paths {
        until("an answer came while no descriptor was free", async || {
            // One connection that is there already carries the request.
            let _ready = server.json("/health/live").await;
            limit_open_files(server.pid(), OpenFiles::of(server.pid()).next_free());
            let answer = server.request(Method::GET, path).send().await;
            limit_open_files(server.pid(), 1_024);
            let answer = answer.ok()?;
            let status = answer.status().as_u16();
            assert!([200, 429, 503].contains(&status), "{path}: {status}");
            if status == 503 {
                refused += 1;
                assert!(answer.headers().contains_key(header::RETRY_AFTER), "{path}");
                let said: Value = answer.json().await.unwrap();
                assert!(
                    said["remedy"].as_str().is_some_and(|remedy| remedy.contains("ulimit")),
                    "{path}: {said}"
                );
                assert!(!said["detail"].as_str().unwrap().contains('/'), "no path of the server: {said}");
            }
            // What needs a file of the library cannot be answered without one.
            (status == 503 || !path.ends_with("/audio?quality=original")).then_some(())
        })
        .await;
    }
    println!("{refused} of {} kinds of requests were refused", paths.len());
    assert!(refused > 0);
    // Without a restart.
    for track in &tracks {
        for quality in QUALITIES {
            assert_eq!(listen(&server, track, quality).await.0, 200);
        }
    }
    let ladder =
        server.request(Method::GET, &format!("/api/v1/tracks/{track}/hls/index.m3u8")).send().await.unwrap();
    assert_eq!(ladder.status(), 200);
    assert_eq!(server.json("/api/v1/tracks").await["total"], 3);
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_limit_that_is_too_low_to_serve_with_is_said_at_the_start_and_by_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let under = |limit: u32, args: &[&str]| {
        let script = format!("ulimit -n {limit} && exec \"$@\"");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(fanfare_testkit::binary::fanfare()).args(args);
        fanfare_tests::command::ended(command.output().unwrap())
    };
    let refused = under(100, &["serve", "--data", data, "--listen", "127.0.0.1:0"]);
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.err.contains("open files is 100") && refused.err.contains("ulimit -n"),
        "{}",
        refused.err
    );
    for (limit, outcome) in [(100, "failed"), (300, "warning"), (1_024, "ok")] {
        let looked = under(limit, &["doctor", "--json", "--data", data]);
        let answer = &looked.json_lines()[0];
        let check =
            answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "open files").unwrap();
        assert_eq!(check["outcome"], outcome, "{check}");
        assert_eq!(check["remedy"].is_null(), outcome == "ok", "{check}");
    }
}
