//! Transcodes over HTTP, with a real worker: made while they are sent, made ahead, explained and removed (issue 5).
//!
//! The worker of these servers is this very program, started again with the ignored test [`worker_process`] as its
//! only task.

use std::{fs, path::PathBuf, time::Duration};

use fanfare_audio::FfmpegUse;
use fanfare_model::CacheOptions;
use fanfare_testkit::{
    signals,
    wav::{self, WavFormat},
};
use fanfare_worker::{WorkerProcessOptions, run_worker};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::fixture::{As, Server};

const RATE_HZ: u32 = 44_100;

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn worker_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Auto };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let done = runtime.block_on(run_worker(options));
    runtime.shutdown_background();
    done.unwrap();
    std::process::exit(0);
}

/// A server with a worker, an owner, and songs of so many seconds that were analyzed.
pub async fn server_with(songs: &[(&str, f64)]) -> (Server, As, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut args = ["cache::worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(folder.path().join("data").into());
    let server = Server::start_with(folder, (std::env::current_exe().unwrap(), args), |_| {}).await;
    let owner = server.owner().await;
    for (number, (name, seconds)) in songs.iter().enumerate() {
        let planes = [330.0, 440.0].map(|hz| signals::sine(RATE_HZ, *seconds, hz + number as f64, 0.3));
        fs::write(server.music().join(name), wav::wav(RATE_HZ, &planes, WavFormat::I16)).unwrap();
    }
    server.state.ingest.add_folder(&server.music()).await.unwrap();
    at_rest(&server).await;
    let listed = server.json(&owner, "/api/v1/tracks?sort=title").await;
    let ids = listed["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
    let ids: Vec<String> = ids.collect();
    assert_eq!(ids.len(), songs.len());
    (server, owner, ids)
}

/// Waits until nothing is to be done.
pub async fn at_rest(server: &Server) {
    let (_, mut events) = server.state.ingest.hub().subscribe(None);
    while !server.state.ingest.hub().active().is_empty() {
        let _ = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
    }
}

pub async fn audio(
    server: &Server,
    who: &As,
    id: &str,
    quality: &str,
    range: Option<(usize, usize)>,
) -> Response {
    let address = format!("/api/v1/tracks/{id}/audio?quality={quality}");
    let mut request = server.request(who, Method::GET, &address);
    if let Some((first, last)) = range {
        request = request.header("range", format!("bytes={first}-{last}"));
    }
    request.send().await.unwrap()
}

pub fn field<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn streams(server: &Server) -> u64 {
    let counts = server.store().jobs().counts("stream-track").await.unwrap();
    counts.waiting + counts.running + counts.done + counts.parked + counts.cancelled
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_sent_while_it_is_made_with_every_range_at_once() {
    let (server, owner, ids) = server_with(&[("a.wav", 60.0), ("b.wav", 60.0)]).await;
    let row = server.json(&owner, &format!("/api/v1/tracks/{}", ids[0])).await;
    assert_eq!((&row["transcodable"], &row["cached"]), (&json!(true), &json!([])));

    // The middle first, of a file of which nothing exists.
    let head =
        server.request(&owner, Method::HEAD, &format!("/api/v1/tracks/{}/audio?quality=medium", ids[0]));
    let head = head.send().await.unwrap();
    let len: usize = field(&head, "content-length").parse().unwrap();
    // 60 s at 192 kbit/s, and a little in front and behind.
    assert!((1_440_000..1_446_000).contains(&len), "{len}");
    let middle = (len / 2, len / 2 + 99_999);
    let part = audio(&server, &owner, &ids[0], "medium", Some(middle)).await;
    assert_eq!((part.status().as_u16(), field(&part, "x-fanfare-cache")), (206, "encoding"));
    assert_eq!(field(&part, "content-range"), format!("bytes {}-{}/{len}", middle.0, middle.1));
    assert_eq!(field(&part, "content-type"), "audio/mpeg");
    let tag = field(&part, "etag").to_owned();
    let part = part.bytes().await.unwrap();

    // Many at once for all of it: one encode, the same bytes for everybody.
    let listeners = (0..100).map(|_| audio(&server, &owner, &ids[0], "medium", None));
    let mut whole = None;
    for answer in futures_util::future::join_all(listeners).await {
        assert_eq!((answer.status().as_u16(), field(&answer, "etag")), (200, &*tag));
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes.len(), len);
        assert!(*whole.get_or_insert_with(|| bytes.clone()) == bytes, "everybody analyzes the same");
    }
    let whole = whole.unwrap();
    assert!(part == whole[middle.0..=middle.1], "the middle is the middle");
    assert_eq!(streams(&server).await, 1, "one encode");

    // Now it is there: the same bytes under the same tag, so that a range goes on with what was begun before.
    let later = loop {
        let answer = audio(&server, &owner, &ids[0], "medium", None).await;
        if field(&answer, "x-fanfare-cache") == "hit" {
            break answer;
        }
    };
    assert_eq!((field(&later, "etag"), field(&later, "x-fanfare-quality")), (&*tag, "medium"));
    assert!(later.bytes().await.unwrap() == whole);
    let address = format!("/api/v1/tracks/{}/audio?quality=medium", ids[0]);
    let again =
        server.request(&owner, Method::GET, &address).header("range", "bytes=10-19").header("if-range", &tag);
    assert_eq!(again.send().await.unwrap().bytes().await.unwrap(), whole[10..20]);
    let row = server.json(&owner, &format!("/api/v1/tracks/{}", ids[0])).await;
    assert_eq!(row["cached"], json!(["medium"]));
    assert_eq!(server.store().catalog().check().await.unwrap(), Vec::<String>::new());

    // Who leaves is noticed: the file of the other track is given up, and nothing is left of it.
    let mut left = audio(&server, &owner, &ids[1], "low", None).await;
    assert!(left.chunk().await.unwrap().is_some());
    drop(left);
    while server.state.delivery.encoding() != 0 {
        tokio::task::yield_now().await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn originals_are_sent_where_nothing_smaller_can_be() {
    let (server, owner, ids) = server_with(&[("a.wav", 3.0)]).await;
    let original = audio(&server, &owner, &ids[0], "original", None).await;
    assert_eq!(
        (field(&original, "x-fanfare-cache"), field(&original, "x-fanfare-quality")),
        ("original", "original")
    );
    let bytes = original.bytes().await.unwrap();

    // A miss that must not be encoded, then a cache folder that is no folder, then too many at once.
    server.state.ingest.set_cache(CacheOptions { encode_on_miss: false, ..CacheOptions::default() });
    let missed = audio(&server, &owner, &ids[0], "high", None).await;
    assert_eq!(
        (field(&missed, "x-fanfare-cache"), field(&missed, "x-fanfare-quality")),
        ("miss", "original")
    );
    assert!(missed.bytes().await.unwrap() == bytes);
    let cached = server.json(&owner, "/api/v1/cache").await;
    assert_eq!((&cached["files"], &cached["encoding"]), (&json!(0), &json!(0)), "nothing is made: {cached}");
    server.state.ingest.set_cache(CacheOptions::default());
    let cache = server.store().catalog().cache().root().to_owned();
    fs::create_dir_all(cache.parent().unwrap()).unwrap();
    let _ = fs::remove_dir_all(&cache);
    fs::write(&cache, b"no folder").unwrap();
    let missed = audio(&server, &owner, &ids[0], "high", None).await;
    assert_eq!(
        (missed.status().as_u16(), field(&missed, "x-fanfare-cache")),
        (200, "miss"),
        "originals keep playing"
    );
    assert!(missed.bytes().await.unwrap() == bytes);
    fs::remove_file(&cache).unwrap();
    let made = audio(&server, &owner, &ids[0], "high", None).await;
    assert_eq!(field(&made, "x-fanfare-cache"), "encoding", "it heals by itself");
    drop(made);

    server.state.ingest.set_cache(CacheOptions { max_encodes_per_person: 0, ..CacheOptions::default() });
    let refused = audio(&server, &owner, &ids[0], "low", None).await;
    assert_eq!((refused.status().as_u16(), field(&refused, "retry-after")), (429, "5"));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["kind"], "too-many");
    server.state.ingest.set_cache(CacheOptions { enabled: false, ..CacheOptions::default() });
    assert_eq!(field(&audio(&server, &owner, &ids[0], "low", None).await, "x-fanfare-cache"), "original");
    let refused = server.post(&owner, "/api/v1/cache/warm", json!({"scope": {"all": true}})).await;
    assert_eq!(refused.status(), 409);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_made_ahead_verified_explained_and_removed() {
    let (server, owner, ids) = server_with(&[("a.wav", 7.0), ("b.wav", 0.1), ("c.wav", 12.0)]).await;
    fs::write(server.music().join("broken.wav"), b"RIFF").unwrap();
    server.state.ingest.scan_now().await.unwrap();
    at_rest(&server).await;
    let failed = server.json(&owner, "/api/v1/tracks?search=broken").await["items"][0]["id"].clone();
    let explained = server.json(&owner, &format!("/api/v1/cache/explain/{}", failed.as_str().unwrap())).await;
    let high = &explained["qualities"][0];
    assert_eq!(high["state"], "not_needed");
    assert!(high["reason"].as_str().unwrap().starts_with("the file could not be read: "), "{high}");
    assert!(high["remedy"].as_str().unwrap().contains("replace the file"), "{high}");
    let body =
        json!({"scope": {"tracks": [&ids[0], &ids[1], &ids[2]]}, "qualities": ["high", "medium", "low"]});
    let begun = server.post(&owner, "/api/v1/cache/warm", body.clone()).await;
    assert_eq!(begun.status(), 202);
    let task: Value = begun.json().await.unwrap();
    at_rest(&server).await;
    let address = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    let ended = server.json(&owner, &address).await;
    assert_eq!(
        (&ended["kind"], &ended["state"], &ended["current"]),
        (&json!("cache"), &json!("succeeded"), &json!(3))
    );
    let log = ended["log"].as_array().unwrap();
    let says =
        |words: &str| log.iter().filter(|line| line["text"].as_str().unwrap().starts_with(words)).count();
    assert_eq!(says("cached a (medium, 192k"), 1, "{log:?}");
    assert_eq!(says("cached "), 9, "{log:?}");

    let status = server.json(&owner, "/api/v1/cache").await;
    assert_eq!((&status["files"], &status["hls_bytes"]), (&json!(9), &json!(0)));
    assert_eq!(status["qualities"][1]["files"], 3);
    assert!(status["folder"].as_str().unwrap().ends_with("cache/audio"));
    let verified: Value =
        server.post(&owner, "/api/v1/cache/verify", body.clone()).await.json().await.unwrap();
    assert_eq!((&verified["checked"], &verified["ready"]), (&json!(9), &json!(9)));

    // A second run finds nothing to do; a file that was damaged is told, never sent, and made again by a refresh.
    server.post(&owner, "/api/v1/cache/warm", body.clone()).await;
    at_rest(&server).await;
    let explained = server.json(&owner, &format!("/api/v1/cache/explain/{}", ids[0])).await;
    let medium = &explained["qualities"][1];
    assert_eq!((&medium["state"], &medium["found"]), (&json!("ready"), &json!(true)));
    let name = medium["expected_file"].as_str().unwrap();
    assert_eq!(name, format!("{}_medium_192k.mp3", explained["source"]["hash"].as_str().unwrap()));
    let file = server.store().catalog().cache().path(name).unwrap();
    fs::write(&file, b"half").unwrap();
    let explained = server.json(&owner, &format!("/api/v1/cache/explain/{}", ids[0])).await;
    assert_eq!(explained["qualities"][1]["state"], "damaged");
    assert!(explained["qualities"][1]["remedy"].is_string());
    server.post(&owner, "/api/v1/cache/refresh", body.clone()).await;
    at_rest(&server).await;
    let verified: Value =
        server.post(&owner, "/api/v1/cache/verify", body.clone()).await.json().await.unwrap();
    assert_eq!(verified["ready"], 9, "{verified}");
    fs::write(&file, b"half").unwrap();
    let sent = audio(&server, &owner, &ids[0], "medium", None).await;
    assert_eq!(field(&sent, "x-fanfare-cache"), "encoding");
    assert!(sent.bytes().await.unwrap().len() > 100_000);

    // Removed: one quality, what is old, everything.
    let cleared = |body| async {
        server.post(&owner, "/api/v1/cache/clear", body).await.json::<Value>().await.unwrap()
    };
    assert_eq!(cleared(json!({"quality": "low"})).await["removed"], 3);
    assert_eq!(cleared(json!({"older_than_days": 1})).await["removed"], 0);
    at_rest(&server).await;
    assert!(cleared(json!({})).await["removed"].as_u64().unwrap() >= 5);
    let row = server.json(&owner, &format!("/api/v1/tracks/{}", ids[0])).await;
    assert_eq!(row["cached"], json!([]));
    for (body, status) in [
        (json!({"scope": {}}), 400),
        (json!({"scope": {"all": true, "search": "x"}}), 400),
        (json!({"scope": {"all": true}, "qualities": ["best"]}), 400),
        (json!({"scope": {"all": true}, "qualities": ["original"]}), 400),
        (json!({"scope": {"all": true}, "workers": 0}), 400),
        (json!({"scope": {"tracks": ["../x"]}}), 400),
        (json!({"scope": {"mixtape": "none"}}), 404),
    ] {
        assert_eq!(server.post(&owner, "/api/v1/cache/warm", body.clone()).await.status(), status, "{body}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_source_is_never_answered_from_what_was_made_of_the_old_one() {
    let (server, owner, ids) = server_with(&[("a.wav", 4.0)]).await;
    let old = audio(&server, &owner, &ids[0], "low", None).await.bytes().await.unwrap();
    at_rest(&server).await;
    let planes = [signals::sine(RATE_HZ, 6.0, 700.0, 0.3), signals::sine(RATE_HZ, 6.0, 900.0, 0.3)];
    let path = server.music().join("a.wav");
    fs::write(&path, wav::wav(RATE_HZ, &planes, WavFormat::I16)).unwrap();
    // Opened files are kept for a second under the old name; from then on the change is seen.
    let sent = loop {
        let sent = audio(&server, &owner, &ids[0], "low", None).await;
        if field(&sent, "x-fanfare-cache") != "hit" {
            break sent;
        }
    };
    assert_eq!(field(&sent, "x-fanfare-cache"), "miss", "until it is scanned the original is sent");
    assert_eq!(sent.bytes().await.unwrap().len() as u64, fs::metadata(&path).unwrap().len());
    server.state.ingest.scan_now().await.unwrap();
    at_rest(&server).await;
    let new = loop {
        let sent = audio(&server, &owner, &ids[0], "low", None).await;
        if field(&sent, "content-type") == "audio/mpeg" {
            break sent.bytes().await.unwrap();
        }
    };
    assert!(new.len() > old.len() * 5 / 4);
    while field(&audio(&server, &owner, &ids[0], "low", None).await, "x-fanfare-cache") != "hit" {}
    // The source goes away: what was made of it still plays until the next scan.
    fs::rename(&path, server.music().join("elsewhere.bin")).unwrap();
    let sent = audio(&server, &owner, &ids[0], "low", None).await;
    assert_eq!(sent.status(), 200);
    server.stop().await;
}
