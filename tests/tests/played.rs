//! A track that is played and lacks results is analyzed next (issue 12; docs/coverage.md A10).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{collections::BTreeMap, ffi::OsString, fs, path::PathBuf, time::Duration};

use fanfare_store::{Store, StoreOptions};
use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_millis(50);

struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    /// So many songs of that length, `00.wav` the first.
    fn new(songs: u32, seconds: f64) -> Self {
        let library = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(library.music()).unwrap();
        for number in 0..songs {
            let tone = signals::sine(22_050, seconds, 200.0 + 7.0 * f64::from(number), 0.3);
            let bytes = wav::wav(22_050, &[tone], wav::WavFormat::I16);
            fs::write(library.music().join(format!("{number:02}.wav")), bytes).unwrap();
        }
        library
    }

    fn music(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("music")
    }

    /// A server on it that has scanned it all.
    async fn serve(&self, songs: usize, environment: &[(&str, &str)]) -> TestServer {
        let words = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        let server = TestServer::start(ServerStart {
            folders: vec![self.music()],
            environment: environment.iter().map(words).collect(),
            ..ServerStart::default()
        });
        server.sign_in().await;
        until("the scan", async || tracks(&server).await.len() == songs).await;
        server
    }
}

/// Every track by its title.
async fn tracks(server: &TestServer) -> BTreeMap<String, Value> {
    let list = server.json("/api/v1/tracks?limit=200").await;
    let items = list["items"].as_array().unwrap().iter();
    items.map(|track| (track["title"].as_str().unwrap().to_owned(), track.clone())).collect()
}

/// Titles of what is analyzed.
async fn analyzed(server: &TestServer) -> Vec<String> {
    let all = tracks(server).await.into_iter();
    all.filter(|(_, track)| !track["analyzed_at"].is_null()).map(|(title, _)| title).collect()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(SOON).await;
        }
    });
    assert!(waited.await.is_ok(), "waited for: {what}");
}

async fn id(server: &TestServer, title: &str) -> String {
    tracks(server).await[title]["id"].as_str().unwrap().to_owned()
}

async fn get(server: &TestServer, path: &str, range: Option<&str>) -> Vec<u8> {
    let mut request = server.request(Method::GET, path);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.bytes().await.unwrap().to_vec()
}

/// Tracks wait for the night; only what is played is analyzed, once, whichever way it is played.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_played_is_analyzed_and_what_is_not_waits() {
    let library = Library::new(8, 3.0);
    let environment = [
        ("FANFARE_ANALYSIS_ON_ARRIVAL", "false"),
        ("FANFARE_ANALYSIS_SCHEDULE", "off"),
        ("FANFARE_ANALYSIS_YIELD_WHILE_PLAYING", "false"),
    ];
    let server = library.serve(8, &environment).await;
    let mut expected = Vec::new();

    // The original, in many ranges at once.
    let original = format!("/api/v1/tracks/{}/audio?quality=original", id(&server, "05").await);
    let ranges = (0..40).map(|number| format!("bytes={}-{}", number * 1_000, number * 1_000 + 999));
    let ranges: Vec<String> = ranges.collect();
    let parts =
        futures_util::future::join_all(ranges.iter().map(|range| get(&server, &original, Some(range))));
    assert!(parts.await.iter().all(|part| part.len() == 1_000));
    expected.push("05");
    until("features of the original that is played", async || analyzed(&server).await == expected).await;

    // A segment of its ladder as transport stream, a transcode, and what guests play.
    let ladder = format!("/api/v1/tracks/{}/hls", id(&server, "06").await);
    let playlist = get(&server, &format!("{ladder}/index.m3u8"), None).await;
    assert!(playlist.starts_with(b"#EXTM3U"));
    let served = get(&server, &format!("{ladder}/low/0.ts"), None).await;
    assert_eq!(served.first(), Some(&0x47));
    expected.push("06");
    until("features of what plays as HLS", async || analyzed(&server).await == expected).await;
    get(&server, &format!("/api/v1/tracks/{}/audio?quality=low", id(&server, "07").await), None).await;
    expected.push("07");
    until("features of what plays as a transcode", async || analyzed(&server).await == expected).await;

    // Looking at a file plays nothing: not its size, not a part that the client has, not its playlist's page.
    for title in ["00", "01"] {
        let path = format!("/api/v1/tracks/{}/audio?quality=original", id(&server, title).await);
        let head = server.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!(head.status(), 200);
        let tag = head.headers()["etag"].clone();
        let known = server.request(Method::GET, &path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(known.status(), 304);
    }
    // What is played after them is analyzed, and they are not.
    let last = format!("/api/v1/tracks/{}/audio?quality=original", id(&server, "02").await);
    get(&server, &last, Some("bytes=0-99")).await;
    expected.insert(0, "02");
    until("features of the last one", async || analyzed(&server).await == expected).await;
    let parked = server.json("/api/v1/jobs/parked").await;
    assert_eq!(parked["items"], json!([]));
}

/// Many tracks wait: the one that is played comes first, whether a scan or a nightly run queued them.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_played_is_analyzed_before_what_waits() {
    const SONGS: usize = 30;
    let library = Library::new(30, 4.0);
    // A nightly run that takes four seconds a track.
    let environment = [
        ("FANFARE_ANALYSIS_ON_ARRIVAL", "false"),
        ("FANFARE_ANALYSIS_SCHEDULE", "off"),
        ("FANFARE_ANALYSIS_PACING", "1"),
        ("FANFARE_ANALYSIS_YIELD_WHILE_PLAYING", "false"),
    ];
    let server = library.serve(SONGS, &environment).await;
    let run = server.request(Method::POST, "/api/v1/tasks/schedule/run").send().await.unwrap();
    assert!(run.status().is_success(), "{}", run.status());
    until("the first of the night", async || !analyzed(&server).await.is_empty()).await;
    let path = format!("/api/v1/tracks/{}/audio?quality=original", id(&server, "25").await);
    let before = analyzed(&server).await;
    assert!(!before.contains(&"25".to_owned()));
    get(&server, &path, Some("bytes=0-999")).await;
    until("features of what is played", async || analyzed(&server).await.contains(&"25".to_owned())).await;
    let after = analyzed(&server).await;
    let between = after.len() - before.len() - 1;
    println!(
        "{} analyzed before it was played, {between} between, {} wait",
        before.len(),
        SONGS - after.len()
    );
    // The track that was being analyzed, and those that the worker had taken already.
    assert!(between <= 3 && after.len() < SONGS - 10, "{before:?}, {after:?}");
}

/// No read waits for it: while another process locks the database, playing goes on. A track that was ignored then does not keep
/// later ones from being analyzed.
#[tokio::test(flavor = "multi_thread")]
async fn playing_goes_on_while_the_database_is_locked() {
    let library = Library::new(3, 2.0);
    let environment = [
        ("FANFARE_ANALYSIS_ON_ARRIVAL", "false"),
        ("FANFARE_ANALYSIS_SCHEDULE", "off"),
        ("FANFARE_ANALYSIS_YIELD_WHILE_PLAYING", "false"),
    ];
    let server = library.serve(3, &environment).await;
    let locked = [id(&server, "00").await, id(&server, "01").await];
    let free = id(&server, "02").await;
    let other = Store::open(server.data(), &StoreOptions::worker()).await.unwrap();
    let lock = other.hold().await.unwrap();
    for number in 0..40 {
        let path = format!("/api/v1/tracks/{}/audio?quality=original", locked[number % 2]);
        assert_eq!(get(&server, &path, Some("bytes=0-999")).await.len(), 1_000, "under the lock");
    }
    assert_eq!(analyzed(&server).await, Vec::<String>::new());
    drop(lock);
    // Nothing is stuck behind it.
    get(&server, &format!("/api/v1/tracks/{free}/audio?quality=original"), Some("bytes=0-999")).await;
    until("features of what plays now", async || analyzed(&server).await.contains(&"02".to_owned())).await;
}
