//! A data folder made by an older version (`fixtures/make.sh`) is brought up to date: ids, states and times stay, everything
//! plays, and nothing is analyzed again (issue 14).
//!
//! After the version of an analyzer was raised, its results are rightly made again, and this test fails: then make the fixture with
//! the last version before that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fanfare_model::Timestamp;
use fanfare_testkit::server::{OWNER, ServerStart, TestServer, copy_folder};
use fanfare_tests::{
    library::{text, write_song},
    until::until,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

/// The schema that the older version wrote.
const SCHEMA: i64 = 15;

/// The data folder and the library of the fixture, below a temporary folder.
struct Before {
    home: tempfile::TempDir,
}

impl Before {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let before = Self { home };
        for folder in ["data", "music"] {
            copy_folder(&fixture(folder), &before.path(folder));
        }
        let sql = fs::read_to_string(fixture("data/fanfare.sql")).unwrap();
        let music = before.path("music").to_str().unwrap().replace('\'', "''");
        assert!(sql.contains("@MUSIC@"));
        before.change(&sql.replace("@MUSIC@", &music)).await;
        before.settle().await;
        before
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().canonicalize().unwrap().join(name)
    }

    /// Makes the copies of the library's files what the database knows: their modification times are those that it has, and
    /// it is told what no copy can keep (when their inodes changed, which folder on which disk that is).
    async fn settle(&self) {
        let folder = self.path("music").metadata().unwrap();
        let (device, inode) = (folder.dev(), folder.ino());
        self.change(&format!("UPDATE folder_mount SET device = {device}, inode = {inode}")).await;
        for track in tracks_before().iter().filter(|track| track["home"] == "folder") {
            let name = text(track, "relative_path");
            let modified = format!("SELECT modified FROM track WHERE relative_path = '{name}'");
            let file = self.path("music").join(&name);
            set_time(&file, Timestamp(self.number(&modified).await));
            let now = file.metadata().unwrap();
            let changed_ns = now.ctime() * 1_000_000_000 + now.ctime_nsec();
            let noted = format!("UPDATE track SET changed_ns = {changed_ns} WHERE relative_path = '{name}'");
            self.change(&noted).await;
        }
    }

    async fn change(&self, sql: &str) {
        let file = self.path("data/fanfare.db");
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(false);
        let mut database = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    }

    /// What a query on the database answers.
    async fn number(&self, query: &str) -> i64 {
        let options = SqliteConnectOptions::new().filename(self.path("data/fanfare.db")).read_only(true);
        let mut database = options.connect().await.unwrap();
        let number = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut database).await;
        database.close().await.unwrap();
        number.unwrap()
    }

    /// Starts this version on it. Nothing is removed for its age, whenever the test runs.
    async fn start(&self) -> TestServer {
        let environment = [
            ("FANFARE_WATCH", "false"),
            ("FANFARE_LIBRARY_KEEP_MISSING_DAYS", "0"),
            ("FANFARE_AUDIO_CACHE_MAX_AGE_DAYS", "0"),
        ];
        let environment = environment.map(|(name, value)| (name.into(), value.into())).to_vec();
        let data = Some(self.path("data"));
        let server = TestServer::start(ServerStart { environment, data, ..ServerStart::default() });
        let login = json!({"name": OWNER.0, "password": OWNER.1});
        let answer = server.request(Method::POST, "/api/v1/login").json(&login).send().await.unwrap();
        assert!(answer.status().is_success(), "the owner's password still opens: {}", answer.status());
        server
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schema-15").join(name)
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixture(name)).unwrap()).unwrap()
}

fn line(name: &str) -> String {
    fs::read_to_string(fixture(name)).unwrap().trim().to_owned()
}

fn tracks_before() -> Vec<Value> {
    read("tracks.json")["items"].as_array().unwrap().clone()
}

fn set_time(file: &Path, modified: Timestamp) {
    let since = std::time::Duration::from_millis(u64::try_from(modified.0).unwrap());
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + since).unwrap();
}

/// Every field that the older version answered with has the same value. Fields may have been added since.
fn assert_same(before: &Value, now: &Value, place: &str) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (name, value) in before {
                let place = format!("{place}.{name}");
                assert_same(value, now.get(name).unwrap_or_else(|| panic!("{place} is gone")), &place);
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            assert_eq!(before.len(), now.len(), "{place}");
            for (number, (before, now)) in before.iter().zip(now).enumerate() {
                assert_same(before, now, &format!("{place}[{number}]"));
            }
        }
        _ => assert_eq!(before, now, "{place}"),
    }
}

/// The body of a GET that succeeds.
async fn bytes(server: &TestServer, path: &str) -> Vec<u8> {
    let answer = server.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.bytes().await.unwrap().to_vec()
}

async fn scan(server: &TestServer) -> Value {
    let asked = server.request(Method::POST, "/api/v1/scan").send().await.unwrap();
    let task: Value = asked.json().await.unwrap();
    let path = format!("/api/v1/tasks/{}", text(&task, "id"));
    until("the scan is over", async || {
        let task = server.json(&path).await;
        (!["waiting", "running"].contains(&text(&task, "state").as_str())).then_some(task)
    })
    .await
}

/// How many attempts there were at jobs that analyze a track, and how many analyses were stored after that time.
async fn analyses(before: &Before, since: i64) -> (i64, i64) {
    let attempts = "SELECT sum(attempt) FROM job WHERE queue IN ('analyze-track', 'process-track')";
    let stored = format!("SELECT count(*) FROM content WHERE analyzed > {since}");
    (before.number(attempts).await, before.number(&stored).await)
}

#[tokio::test]
async fn a_data_folder_of_the_version_before_plays_on_and_nothing_is_analyzed_again() {
    let before = Before::new().await;
    assert_eq!(before.number("PRAGMA user_version").await, SCHEMA);
    let last = before.number("SELECT max(analyzed) FROM content").await;
    let analyzed = analyses(&before, last).await;
    let server = before.start().await;
    assert!(before.number("PRAGMA user_version").await > SCHEMA);

    let same = async |when: &str| {
        assert_same(&read("tracks.json"), &server.json("/api/v1/tracks?limit=100").await, when);
        let missing = server.json("/api/v1/tracks?limit=100&presence=missing").await;
        assert_same(&read("missing.json"), &missing, when);
        assert_same(&read("mixtape.json"), &server.json("/api/v1/mixtapes/for-sunday").await, when);
    };
    same("after the start").await;
    let ended = scan(&server).await;
    assert_eq!(ended["state"], "succeeded", "{ended}");
    same("after a scan").await;

    for track in tracks_before().iter().filter(|track| track["state"] != "failed") {
        let (id, path) = (text(track, "id"), text(track, "relative_path"));
        let sound = bytes(&server, &format!("/api/v1/tracks/{id}/audio?quality=original")).await;
        match fs::read(before.path("music").join(&path)) {
            Ok(file) => assert!(sound == file, "{path}: the original"),
            Err(_) => assert!(!sound.is_empty(), "{path}: an upload"),
        }
        assert!(!bytes(&server, &format!("/api/v1/tracks/{id}/audio?quality=low")).await.is_empty());
        let playlist = format!("/api/v1/tracks/{id}/hls/");
        let all = String::from_utf8(bytes(&server, &format!("{playlist}index.m3u8")).await).unwrap();
        let variant = all.lines().find(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
        let media = String::from_utf8(bytes(&server, &format!("{playlist}{variant}")).await).unwrap();
        let segment = media.lines().find(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
        let folder = variant.rsplit_once('/').map_or("", |(folder, _)| folder);
        assert!(!bytes(&server, &format!("{playlist}{folder}/{segment}")).await.is_empty(), "{path}");
        let features = server.json(&format!("/api/v1/tracks/{id}/features")).await;
        assert!(features["loudness"]["integrated_lufs"].is_number(), "{features}");
    }
    stored_bytes_are_sent(&before, &server).await;
    rights_stay(&server).await;
    assert_eq!(analyses(&before, last).await, analyzed, "nothing is analyzed again");

    // The same counts notice an analysis.
    write_song(&before.path("music/new.wav"), 7);
    scan(&server).await;
    until("the new track is analyzed", async || {
        let (attempts, stored) = analyses(&before, last).await;
        (attempts == analyzed.0 + 1 && stored == analyzed.1 + 1).then_some(())
    })
    .await;
}

/// The transcode that was made before is sent as it was, and the cover of the mixtape is there.
async fn stored_bytes_are_sent(before: &Before, server: &TestServer) {
    let first = tracks_before().into_iter().find(|track| track["state"] == "published").unwrap();
    let path = format!("/api/v1/tracks/{}/audio?quality=medium", text(&first, "id"));
    let sent = bytes(server, &path).await;
    let stored = fs::read_dir(fixture("data/cache/audio")).unwrap().map(|entry| entry.unwrap().path());
    let stored: Vec<_> = stored.filter(|path| path.is_file()).collect();
    assert_eq!(stored.len(), 1);
    assert!(sent == fs::read(&stored[0]).unwrap());
    let name = stored[0].file_name().unwrap().to_str().unwrap();
    assert_eq!(before.number(&format!("SELECT count(*) FROM transcode WHERE file = '{name}'")).await, 1);
    assert!(!bytes(server, "/api/v1/mixtapes/for-sunday/cover").await.is_empty());
}

/// The API key and the public link that were made before still open what they opened.
async fn rights_stay(server: &TestServer) {
    let stranger = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let url = |path: &str| format!("{}/api/v1/{path}", server.address);
    assert_eq!(stranger.get(url("tracks")).send().await.unwrap().status(), 401);
    let listed = stranger.get(url("tracks")).bearer_auth(line("key")).send().await.unwrap();
    assert_eq!(listed.status(), 200);
    let open = stranger.post(url("shared/open")).header("X-Fanfare", "1");
    let opened = open.json(&json!({"token": line("share")})).send().await.unwrap();
    assert!(opened.status().is_success(), "{}", opened.status());
    let mixtape = read("mixtape.json");
    for entry in mixtape["tracks"].as_array().unwrap() {
        let id = text(&entry["track"], "id");
        let sound = stranger.get(url(&format!("shared/tracks/{id}/audio"))).send().await.unwrap();
        assert_eq!(sound.status(), 200, "{entry}");
    }
}
