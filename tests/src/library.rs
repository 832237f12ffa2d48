//! A server with library folders whose files are moved, copied and edited.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::until::until;

/// A song of two seconds; its number decides how it sounds. The time is one that no copy made now has.
pub fn write_song(path: &Path, number: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let tone = signals::sine(22_050, 2.0, 200.0 + 10.0 * f64::from(number), 0.3);
    fs::write(path, wav::wav(22_050, &[tone], wav::WavFormat::I16)).unwrap();
    set_time(path, 1_000_000_000 + u64::from(number));
}

/// Sets the modification time, in seconds since 1970.
pub fn set_time(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

/// Copies a file, which gives the copy the time of now.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::write(to, fs::read(from).unwrap()).unwrap();
}

/// A server with a few library folders.
pub struct Library {
    home: tempfile::TempDir,
    /// The server.
    pub server: TestServer,
}

impl Library {
    /// A server with these library folders below a temporary one; nothing is watched, so that only what a test asks for is
    /// scanned.
    pub async fn start(folders: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        Self::start_with(folders, false, prepare).await
    }

    /// The same, whose folders are watched if so asked.
    pub async fn start_with(folders: &[&str], watched: bool, prepare: impl FnOnce(&Path)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        for folder in folders {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        prepare(&root);
        let folders = folders.iter().map(|folder| root.join(folder)).collect();
        let environment = vec![("FANFARE_WATCH".into(), watched.to_string().into())];
        let server = TestServer::start(ServerStart { folders, environment, ..ServerStart::default() });
        server.sign_in().await;
        Self { home, server }
    }

    /// That path below the temporary folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.home.path().canonicalize().unwrap().join(path)
    }

    /// All tracks.
    pub async fn tracks(&self) -> Vec<Value> {
        self.server.json("/api/v1/tracks?limit=500").await["items"].as_array().unwrap().clone()
    }

    /// Waits until so many tracks are listed and all of them are analyzed; gives their ids by path.
    pub async fn ready(&self, count: usize) -> BTreeMap<String, String> {
        until("analyzed", async || {
            let tracks = self.tracks().await;
            let done = ["ready", "published"].map(Value::from);
            (tracks.len() == count && tracks.iter().all(|track| done.contains(&track["state"]))).then(|| {
                tracks.iter().map(|track| (text(track, "relative_path"), text(track, "id"))).collect()
            })
        })
        .await
    }

    /// Publishes that track.
    pub async fn publish(&self, id: &str) {
        let path = format!("/api/v1/tracks/{id}");
        let request = self.server.request(Method::PATCH, &path).json(&json!({"state": "published"}));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// Scans; gives what the scan says.
    pub async fn scan(&self) -> String {
        let asked = self.server.request(Method::POST, "/api/v1/scan").send().await.unwrap();
        let task: Value = asked.json().await.unwrap();
        let path = format!("/api/v1/tasks/{}", text(&task, "id"));
        until("the scan is over", async || {
            let task = self.server.json(&path).await;
            (!["waiting", "running"].contains(&text(&task, "state").as_str())).then(|| text(&task, "message"))
        })
        .await
    }

    /// The published tracks, by path.
    pub async fn published(&self) -> Vec<String> {
        let tracks = self.tracks().await;
        let published = tracks.iter().filter(|track| track["state"] == "published");
        published.map(|track| text(track, "relative_path")).collect()
    }

    /// How many analyses there were.
    pub async fn analyses(&self) -> u64 {
        let tasks = self.server.json("/api/v1/tasks").await;
        let of_kind = tasks["items"].as_array().unwrap().iter().filter(|task| task["kind"] == "analysis");
        of_kind.map(|task| task["total"].as_u64().unwrap()).sum()
    }
}

/// A field that is a text.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}
