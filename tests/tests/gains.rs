//! Which loudness values the built binary writes into its owner's files, and which not (issue 12; docs/replaygain.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{collections::BTreeMap, ffi::OsString, fs, path::PathBuf, time::Duration};

use fanfare_audio::{Limits, read_tags};
use fanfare_model::Tags;
use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals,
    wav::{WavFormat, wav_with_tags},
};
use fanfare_tests::command::run;
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(50);
const RATE_HZ: u32 = 8_000;

struct Home {
    folder: tempfile::TempDir,
    written: BTreeMap<&'static str, Vec<u8>>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("music")).unwrap();
        Self { folder, written: BTreeMap::new() }
    }

    fn music(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("music")
    }

    /// A tone on that release.
    fn song(&mut self, name: &'static str, release: &str, seconds: f64, amplitude: f64) {
        // Only floats go beyond full scale.
        let format = if amplitude > 1.0 { WavFormat::F32 } else { WavFormat::I16 };
        let tone = signals::sine(RATE_HZ, seconds, 440.0, amplitude);
        let tags = [("INAM", name), ("IART", "a singer"), ("IPRD", release)];
        let bytes = wav_with_tags(RATE_HZ, &[tone], format, &tags);
        fs::write(self.music().join(name), &bytes).unwrap();
        self.written.insert(name, bytes);
    }

    fn is_untouched(&self, name: &str) -> bool {
        fs::read(self.music().join(name)).unwrap() == self.written[name]
    }

    fn tags(&self, name: &str) -> Tags {
        read_tags(&self.music().join(name), &Limits::default()).unwrap().tags
    }

    /// Lines of the log about writing tags that hold the text.
    fn lines(server: &TestServer, text: &str) -> Vec<Value> {
        let log = fs::read_to_string(server.data().join("server.log")).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["work"] == "writing tags" && line.to_string().contains(text)).collect()
    }
}

async fn tasks_of(server: &TestServer, kind: &str) -> Vec<Value> {
    let tasks = server.json("/api/v1/tasks").await;
    tasks["items"].as_array().unwrap().iter().filter(|task| task["kind"] == kind).cloned().collect()
}

/// Waits until that holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(SOON).await;
        }
    });
    assert!(waited.await.is_ok(), "waited for: {what}");
}

async fn over(server: &TestServer, kind: &str) -> Value {
    until(kind, async || {
        let tasks = tasks_of(server, kind).await;
        !tasks.is_empty()
            && tasks.iter().all(|task| !matches!(task["state"].as_str(), Some("waiting" | "running")))
    })
    .await;
    tasks_of(server, kind).await.remove(0)
}

async fn set_writing(server: &TestServer, on: bool) {
    let values = json!({"values": {"replaygain.write_tags": on}});
    let answer = server.request(Method::PATCH, "/api/v1/settings").json(&values).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// Releases in which one file has no loudness, and releases in which one has a value that cannot be true: the values of the
/// latter are written into no file.
fn library() -> Home {
    let mut home = Home::new();
    for (name, release, seconds, amplitude) in [
        ("fine-1.wav", "Fine", 2.0, 0.5),
        ("fine-2.wav", "Fine", 2.0, 0.1),
        ("short-1.wav", "Short", 2.0, 0.5),
        ("short-2.wav", "Short", 2.0, 0.3),
        // A peak, and too short for a loudness.
        ("short-3.wav", "Short", 0.2, 0.9),
        // The same, with a peak over full scale that nothing can be compared with.
        ("over-1.wav", "Over", 2.0, 0.5),
        ("over-2.wav", "Over", 0.2, 1.37),
        ("silent-1.wav", "Silent", 2.0, 0.5),
        ("silent-2.wav", "Silent", 2.0, 0.0),
        ("wild-1.wav", "Wild", 2.0, 0.5),
        ("wild-2.wav", "Wild", 2.0, 0.3),
        // 32 dB over full scale.
        ("wild-3.wav", "Wild", 2.0, 40.0),
        // Possible by itself, and three times any other peak of its release.
        ("apart-1.wav", "Apart", 2.0, 0.5),
        ("apart-2.wav", "Apart", 2.0, 0.4),
        ("apart-3.wav", "Apart", 2.0, 3.2),
    ] {
        home.song(name, release, seconds, amplitude);
    }
    home
}

fn check(home: &Home) {
    for name in ["fine-1.wav", "fine-2.wav"] {
        let tags = home.tags(name);
        assert!(tags.replaygain_track_gain_db.is_some() && tags.replaygain_album_gain_db.is_some(), "{name}");
        assert!((tags.replaygain_album_peak.unwrap() - 0.5).abs() < 0.01, "{name}: the larger peak");
    }
    // issue 13: a track that is silent or too short keeps its release from nothing, and its peak counts.
    for (name, peak) in [("short-1.wav", 0.9), ("short-2.wav", 0.9), ("silent-1.wav", 0.5)] {
        let tags = home.tags(name);
        assert!(tags.replaygain_album_gain_db.is_some(), "{name}");
        assert!((tags.replaygain_album_peak.unwrap() - peak).abs() < 0.01, "{name}: {tags:?}");
    }
    for name in ["wild-1.wav", "wild-2.wav", "apart-1.wav", "apart-2.wav", "over-1.wav"] {
        let tags = home.tags(name);
        assert!(tags.replaygain_track_gain_db.is_some(), "{name} has its own gain");
        let album = (tags.replaygain_album_gain_db, tags.replaygain_album_peak);
        assert_eq!(album, (None, None), "{name}: nothing of its release");
    }
    for name in ["short-3.wav", "silent-2.wav", "wild-3.wav", "apart-3.wav", "over-2.wav"] {
        assert!(home.is_untouched(name), "{name}");
    }
}

/// What the log and the task say of each release and of each file.
const SAID: [(&str, &str); 6] = [
    ("\\\"Over\\\"", "over-2.wav: its peak of 1.37 is over full scale"),
    ("nothing is written: its peak of 1.37", "over-2.wav"),
    ("\\\"Wild\\\"", "wild-3.wav: a peak of 32.0 dB over full scale is impossible"),
    ("\\\"Apart\\\"", "apart-3.wav: its peak of 3.2"),
    ("nothing is written: a peak of 32.0 dB", "wild-3.wav"),
    ("nothing is written: its peak of 3.2", "apart-3.wav"),
];

#[tokio::test(flavor = "multi_thread")]
async fn impossible_values_are_written_into_no_file_and_their_releases_get_no_gain() {
    let home = library();
    let environment = [("FANFARE_LOG_FORMAT", "json"), ("FANFARE_REPLAYGAIN_WRITE_TAGS", "true")];
    let environment = environment.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let server = TestServer::start(ServerStart {
        folders: vec![home.music()],
        environment: environment.into(),
        ..ServerStart::default()
    });
    server.sign_in().await;
    assert_eq!(over(&server, "analysis").await["state"], "succeeded");
    for (of, why) in SAID {
        until(why, async || !Home::lines(&server, of).is_empty()).await;
        let lines = Home::lines(&server, of);
        assert_eq!(lines.len(), 1, "{of}: {lines:#?}");
        assert!(lines[0].to_string().contains(why), "{lines:#?}");
        assert_eq!(lines[0]["level"], "WARN");
    }
    until("both files of the release that is fine", async || {
        ["fine-1.wav", "fine-2.wav"].iter().all(|name| home.tags(name).replaygain_album_gain_db.is_some())
    })
    .await;
    let good = ["short-1.wav", "short-2.wav", "silent-1.wav", "wild-1.wav", "wild-2.wav"];
    until("gains of tracks", async || good.iter().all(|name| !home.is_untouched(name))).await;
    check(&home);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_that_writes_tags_says_of_which_file_and_release_it_wrote_nothing() {
    let home = library();
    let server = TestServer::start(ServerStart { folders: vec![home.music()], ..ServerStart::default() });
    server.sign_in().await;
    set_writing(&server, false).await;
    over(&server, "analysis").await;
    assert!(home.written.keys().all(|name| home.is_untouched(name)), "only read");
    set_writing(&server, true).await;
    let task = over(&server, "tags").await;
    assert_eq!(task["state"], "partial_success", "{task:#}");
    assert_eq!(task["message"], "10 files written, 3 left alone; 3 releases get no album gain", "{task:#}");
    let failures: Vec<Value> = task["failures"].as_array().unwrap().clone();
    assert_eq!(failures.len(), 6, "{failures:#?}");
    for (of, why) in SAID {
        let of = of.replace("\\\"", "\"");
        let said = |failure: &&Value| {
            let words =
                format!("{} {}", failure["subject"].as_str().unwrap(), failure["message"].as_str().unwrap());
            words.contains(why) && words.contains(&of)
        };
        assert_eq!(failures.iter().filter(said).count(), 1, "{of} {why}: {failures:#?}");
    }
    check(&home);
}

/// Issue 13: `analyze --album` and the API said different things of the same files.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_and_the_api_say_the_same_of_every_release() {
    let mut home = Home::new();
    for (name, release, seconds, amplitude) in [
        ("fine-1.wav", "Fine", 2.0, 0.5),
        ("fine-2.wav", "Fine", 2.0, 0.1),
        ("silent-1.wav", "Silent", 2.0, 0.5),
        ("silent-2.wav", "Silent", 2.0, 0.0),
        ("all-1.wav", "All silent", 2.0, 0.0),
        ("all-2.wav", "All silent", 2.0, 0.0),
        ("short-1.wav", "Short", 2.0, 0.5),
        ("short-2.wav", "Short", 0.2, 0.9),
        ("failed-1.wav", "Failed", 2.0, 0.5),
        ("failed-2.wav", "Failed", 2.0, 0.4),
        ("wild-1.wav", "Wild", 2.0, 0.5),
        ("wild-2.wav", "Wild", 2.0, 40.0),
    ] {
        home.song(name, release, seconds, amplitude);
        fs::create_dir_all(home.music().join(release)).unwrap();
        fs::rename(home.music().join(name), home.music().join(release).join(name)).unwrap();
    }
    // A format that nothing decodes: read by the scan, refused by the analysis.
    let failed = home.music().join("Failed/failed-2.wav");
    let mut bytes = fs::read(&failed).unwrap();
    let format = bytes.windows(4).position(|window| window == b"fmt ").unwrap() + 8;
    bytes[format..format + 2].copy_from_slice(&0x7ffe_u16.to_le_bytes());
    fs::write(&failed, bytes).unwrap();

    let music = home.music();
    let ended = run(&["analyze", "--json", "--album", "--ffmpeg", "off", music.to_str().unwrap()]);
    let rows = ended.json_lines();
    let said: BTreeMap<String, Value> = rows
        .into_iter()
        .filter(|row| row["status"] == "album")
        .map(|row| (row["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(), row))
        .collect();
    assert_eq!(said.len(), 6, "{said:#?}");

    let environment =
        [("FANFARE_FFMPEG", "off")].map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let server = TestServer::start(ServerStart {
        folders: vec![music],
        environment: environment.into(),
        ..ServerStart::default()
    });
    server.sign_in().await;
    over(&server, "analysis").await;
    let releases = server.json("/api/v1/releases").await;
    for release in releases["items"].as_array().unwrap() {
        let title = release["title"].as_str().unwrap();
        let gain = server.json(&format!("/api/v1/releases/{}/gain", release["id"].as_str().unwrap())).await;
        let of_command = &said[title];
        for (api, command) in [("gain_db", "replaygain_album_gain_db"), ("peak", "replaygain_album_peak")] {
            let (one, other) = (gain[api].as_f64(), of_command["loudness"][command].as_f64());
            let same = match (one, other) {
                (Some(one), Some(other)) => (one - other).abs() < 0.01,
                (one, other) => one == other,
            };
            assert!(same, "{title} {api}: {gain} {of_command}");
        }
        let missing: &[&str] = match title {
            "Failed" => &["failed-2.wav"],
            "Wild" => &["wild-2.wav"],
            _ => &[],
        };
        let named = |of: &Value| {
            of.as_array().unwrap().iter().filter(|one| one.as_str().unwrap().contains(".wav")).count()
        };
        assert_eq!(
            (named(&gain["missing"]), named(&of_command["warnings"])),
            (missing.len(), missing.len()),
            "{title}"
        );
        for name in missing {
            assert!(gain["missing"][0].as_str().unwrap().contains(name), "{gain}");
            assert!(of_command["warnings"][0].as_str().unwrap().contains(name), "{of_command}");
        }
        assert_eq!(gain["gain_db"].is_null(), title == "All silent", "{title}: {gain}");
    }
}
