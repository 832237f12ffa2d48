//! A data folder on a disk that is full or read-only: the server plays what is stored, says why it stores nothing, and stores
//! again when the disk allows it, without a restart (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use fanfare_store::DATABASE_FILE;
use fanfare_testkit::server::{OWNER, ServerStart, TestServer};
use fanfare_tests::{
    command::{Ended, ended, fanfare_command, run},
    sending::{audio, becomes_ready, send, sign_in_again, song, until, upload},
    small_disk::SmallDisk,
};
use reqwest::Method;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// How writes are refused: the name of the state, the status of a write, its kind, and what the sentence says.
struct Refusal {
    state: &'static str,
    status: u16,
    kind: &'static str,
    says: &'static str,
}

const FULL: Refusal = Refusal { state: "full", status: 507, kind: "no-space", says: "is full" };
const READ_ONLY: Refusal =
    Refusal { state: "read-only", status: 503, kind: "unavailable", says: "is read-only" };

/// A data folder that was used, on a disk of its own, and a library folder elsewhere.
struct Used {
    outside: tempfile::TempDir,
    disk: SmallDisk,
    upload: Value,
    upload_bytes: Vec<u8>,
    key: String,
}

impl Used {
    fn data(&self) -> PathBuf {
        self.disk.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.outside.path().join("server.log")
    }

    /// Uploads need no other program.
    fn start(&self) -> TestServer {
        TestServer::start(ServerStart {
            data: Some(self.data()),
            log: Some(self.log()),
            folders: vec![self.outside.path().join("music")],
            environment: environment(),
            ..ServerStart::default()
        })
    }

    fn doctor(&self) -> Ended {
        run(&["doctor", "--data", self.data().to_str().unwrap()])
    }
}

fn environment() -> Vec<(OsString, OsString)> {
    vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())]
}

fn skipped() {
    println!("SKIPPED: this user may not mount a small file system");
}

/// `None` where no disk can be mounted. The server is running then.
async fn used() -> Option<(Used, TestServer)> {
    let disk = SmallDisk::mount(64)?;
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("music")).unwrap();
    fs::write(outside.path().join("music/scanned.wav"), song(3.0, 40)).unwrap();
    let mut used =
        Used { outside, disk, upload: Value::Null, upload_bytes: song(4.0, 41), key: String::new() };
    let server = used.start();
    server.sign_in().await;
    used.upload = upload(&server, &used.upload_bytes).await;
    until(&server, "/api/v1/tracks?state=ready", |tracks| tracks["total"] == 2).await;
    let key = server.request(Method::POST, "/api/v1/keys").json(&json!({"name": "player"}));
    used.key =
        key.send().await.unwrap().json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned();
    Some((used, server))
}

/// The answer to a request by key.
async fn get(server: &TestServer, key: &str, path: &str) -> (u16, Vec<u8>) {
    let request = reqwest::Client::new().get(format!("{}{path}", server.address)).bearer_auth(key);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

/// What is stored can be played, found and shown.
async fn plays(server: &TestServer, used: &Used) {
    let listed = get(server, &used.key, "/api/v1/tracks?search=scanned").await;
    let listed: Value = serde_json::from_slice(&listed.1).unwrap();
    assert_eq!(listed["total"], 1, "{listed}");
    let id = used.upload["id"].as_str().unwrap();
    let (status, bytes) =
        get(server, &used.key, &format!("/api/v1/tracks/{id}/audio?quality=original")).await;
    assert!(status == 200 && bytes == used.upload_bytes, "the original: {status}");
    let (status, list) = get(server, &used.key, &format!("/api/v1/tracks/{id}/hls/index.m3u8")).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&list));
    let (status, _) = get(server, &used.key, &format!("/api/v1/tracks/{id}/hls/high/init.mp4")).await;
    assert_eq!(status, 200, "the stored ladder");
    let scanned = listed["items"][0]["id"].as_str().unwrap();
    let (status, bytes) =
        get(server, &used.key, &format!("/api/v1/tracks/{scanned}/audio?quality=low")).await;
    assert!(
        status == 200 && bytes == song(3.0, 40),
        "the original in place of what cannot be made: {status}"
    );
    for page in ["/", "/api/v1/artists", "/api/v1/settings", "/api/v1/tasks", "/api/v1/cache", "/metrics"] {
        assert_eq!(get(server, &used.key, page).await.0, 200, "{page}");
    }
}

/// Every write is refused with the same cause.
async fn refuses(server: &TestServer, refusal: &Refusal) {
    for (method, path, body) in [
        (Method::POST, "/api/v1/mixtapes", json!({"title": "Tape"})),
        (
            Method::POST,
            "/api/v1/users",
            json!({"name": "bob", "password": "a long enough one", "role": "listener"}),
        ),
        (Method::POST, "/api/v1/scan", json!({})),
        (Method::PATCH, "/api/v1/settings", json!({"changes": {"analysis.concurrency": 1}})),
    ] {
        let answer = server.request(method.clone(), path).json(&body).send().await.unwrap();
        let (status, wait) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        let said = answer.json::<Value>().await.unwrap();
        assert_eq!(
            (status, &said["kind"]),
            (refusal.status, &refusal.kind.into()),
            "{method} {path}: {said}"
        );
        assert!(said["detail"].as_str().unwrap().contains(refusal.says) && wait, "{path}: {said}");
        assert!(said["remedy"].as_str().unwrap().contains("nothing needs to be restarted"), "{path}: {said}");
    }
    let (status, said) = send(server, &song(2.0, 50)).await;
    assert_eq!((status, &said["kind"]), (refusal.status, &refusal.kind.into()), "{said}");
}

/// Log, terminal, API and `fanfare doctor` all say the cause.
async fn says_so(server: &TestServer, used: &Used, refusal: &Refusal) {
    assert!(
        server.storage.as_deref().is_some_and(|line| line.contains(refusal.says)),
        "{:?}",
        server.storage
    );
    for (path, status) in [("/health/ready", "read-only"), ("/api/v1/status", "")] {
        let said = server.json(path).await;
        assert_eq!(said["storage"]["state"], refusal.state, "{path}: {said}");
        assert!(said["storage"]["detail"].as_str().unwrap().contains(refusal.says), "{said}");
        assert!(!said["storage"]["remedy"].as_str().unwrap().is_empty(), "{said}");
        assert!(status.is_empty() || said["status"] == status, "{said}");
    }
    let doctor = used.doctor();
    assert_eq!(doctor.code, Some(1), "{}", doctor.out);
    assert!(doctor.out.contains(refusal.says) && doctor.out.contains("sound; 2 tracks"), "{}", doctor.out);
    let log = fs::read_to_string(used.log()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(refusal.says)).collect();
    assert!(lines.iter().any(|line| line.contains("ERROR")), "{log}");
    assert!(!log.contains("the worker ended"), "nothing loops: {log}");
}

/// Everything is as before, by itself.
async fn goes_on(server: &TestServer, used: &Used) {
    until(server, "/api/v1/status", |status| status["storage"].is_null()).await;
    assert_eq!(server.json("/health/ready").await["status"], "ok");
    let made = server.request(Method::POST, "/api/v1/mixtapes").json(&json!({"title": "Tape"}));
    assert_eq!(made.send().await.unwrap().status(), 201);
    let bytes = song(4.0, 60);
    let track = upload(server, &bytes).await;
    assert_eq!(audio(server, &track).await, (200, bytes));
    // What was added to the library meanwhile is found and analyzed, and no job was given up.
    until(server, "/api/v1/tracks?state=ready", |tracks| tracks["total"] == 4).await;
    let parked = server.json("/api/v1/jobs/parked").await;
    assert_eq!(parked["total"], 0, "{parked}");
    let doctor = used.doctor();
    assert!(doctor.out.contains("sound; 4 tracks"), "{}", doctor.out);
}

/// The same steps for both states: start, play, refuse, say the cause; then `mend` the disk.
async fn story(used: &Used, refusal: &Refusal, mend: impl FnOnce(&Used)) {
    fs::write(used.outside.path().join("music/later.wav"), song(3.0, 42)).unwrap();
    let server = used.start();
    plays(&server, used).await;
    // A person can sign in, and stays signed in when the disk can be written again.
    sign_in_again(&server).await;
    assert_eq!(server.json("/api/v1/me").await["name"], OWNER.0);
    refuses(&server, refusal).await;
    says_so(&server, used, refusal).await;
    mend(used);
    goes_on(&server, used).await;
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start_plays_and_goes_on_when_there_is_room() {
    let Some((used, server)) = used().await else { return skipped() };
    assert!(server.stop().success());
    let ballast = used.disk.fill("ballast");
    story(&used, &FULL, |_| fs::remove_file(ballast).unwrap()).await;
}

#[tokio::test]
async fn a_disk_that_is_read_only_at_the_start_plays_and_goes_on_when_it_can_be_written() {
    let Some((used, server)) = used().await else { return skipped() };
    assert!(server.stop().success());
    used.disk.remount("ro");
    story(&used, &READ_ONLY, |used| used.disk.remount("rw")).await;
}

/// Removes what is left of the index of the log, as a copy of a data folder may lack it.
fn without_index(used: &Used) {
    let log = used.data().join(format!("{DATABASE_FILE}-wal"));
    assert!(fs::metadata(log).unwrap().len() > 0, "the last writes are in the log alone");
    fs::remove_file(used.data().join(format!("{DATABASE_FILE}-shm"))).unwrap();
}

#[tokio::test]
async fn what_was_written_right_before_a_crash_is_seen_on_a_full_disk() {
    let Some((used, server)) = used().await else { return skipped() };
    server.kill();
    without_index(&used);
    let ballast = used.disk.fill("ballast");
    story(&used, &FULL, |_| fs::remove_file(ballast).unwrap()).await;
}

#[tokio::test]
async fn what_was_written_right_before_a_crash_is_seen_on_a_read_only_disk() {
    let Some((used, server)) = used().await else { return skipped() };
    server.kill();
    without_index(&used);
    used.disk.remount("ro");
    story(&used, &READ_ONLY, |used| used.disk.remount("rw")).await;
}

#[tokio::test]
async fn a_disk_that_becomes_full_parks_no_upload() {
    let Some((used, server)) = used().await else { return skipped() };
    // There is room for the file, but not for what is made from it.
    let large = song(60.0, 70);
    let stat = rustix::fs::statvfs(used.disk.path()).unwrap();
    let free = usize::try_from(stat.f_bavail * stat.f_frsize).unwrap();
    let ballast = used.disk.path().join("ballast");
    fs::write(&ballast, vec![0; free - large.len() - MIB / 2]).unwrap();
    let (status, track) = send(&server, &large).await;
    assert_eq!(status, 201, "{track}");
    let rest = used.disk.fill("rest");
    until(&server, "/api/v1/status", |status| status["storage"]["state"] == "full").await;
    plays(&server, &used).await;
    let (status, said) = send(&server, &song(2.0, 50)).await;
    assert_eq!((status, &said["kind"]), (507, &"no-space".into()), "{said}");
    for file in [rest, ballast] {
        fs::remove_file(file).unwrap();
    }
    becomes_ready(&server, &track).await;
    assert_eq!(server.json("/api/v1/jobs/parked").await["total"], 0);
    assert_eq!(server.json("/api/v1/status").await["storage"], Value::Null);
    assert!(server.stop().success());
}

/// `fanfare serve` that does not start.
fn refused_start(data: &Path) -> Ended {
    let args = ["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    ended(fanfare_command(&args).output().unwrap())
}

fn databases(data: &Path) -> Vec<String> {
    let names = fs::read_dir(data).into_iter().flatten().flatten();
    let mut names: Vec<_> = names.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with(DATABASE_FILE));
    names
}

#[tokio::test]
async fn a_new_data_folder_on_a_full_disk_is_refused_with_the_reason_and_works_once_there_is_room() {
    let Some(disk) = SmallDisk::mount(24) else { return skipped() };
    let data = disk.path().join("data");
    fs::create_dir(&data).unwrap();
    let ballast = disk.fill("ballast");
    // From no room at all to what is nearly enough: nothing that looks like a database is ever left.
    for room in [0, 20 << 10, 100 << 10, 300 << 10] {
        let size = fs::metadata(&ballast).unwrap().len();
        fs::File::options().write(true).open(&ballast).unwrap().set_len(size - room).unwrap();
        let refused = refused_start(&data);
        assert_eq!(refused.code, Some(5), "{room}: {}", refused.err);
        assert!(
            refused.err.contains("is full") && refused.err.contains("make room"),
            "{room}: {}",
            refused.err
        );
        assert_eq!(databases(&data), Vec::<String>::new(), "{room}");
        let _all_of_it = disk.fill("ballast");
    }
    fs::remove_file(ballast).unwrap();
    let server = TestServer::start(ServerStart {
        data: Some(data),
        environment: environment(),
        ..ServerStart::default()
    });
    server.sign_in().await;
    upload(&server, &song(2.0, 80)).await;
    assert!(server.stop().success());
}

#[test]
fn a_new_data_folder_on_a_read_only_disk_is_refused_with_the_reason() {
    let Some(disk) = SmallDisk::mount(8) else { return skipped() };
    let data = disk.path().join("data");
    for made in [false, true] {
        if made {
            fs::create_dir(&data).unwrap();
        }
        disk.remount("ro");
        let refused = refused_start(&data);
        assert_eq!(refused.code, Some(5), "{}", refused.err);
        assert!(
            refused.err.to_lowercase().contains("read-only") && refused.err.contains("--data"),
            "{}",
            refused.err
        );
        disk.remount("rw");
    }
}

#[tokio::test]
async fn a_database_of_an_older_version_on_such_a_disk_is_left_as_it_is() {
    let Some((used, server)) = used().await else { return skipped() };
    assert!(server.stop().success());
    let file = used.data().join(DATABASE_FILE);
    // Bytes 60 to 63 of a database of SQLite are its `user_version`.
    let mut bytes = fs::read(&file).unwrap();
    bytes[60..64].copy_from_slice(&7_u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    let ballast = used.disk.fill("ballast");
    let full = refused_start(&used.data());
    fs::remove_file(ballast).unwrap();
    used.disk.remount("ro");
    let read_only = refused_start(&used.data());
    for (refused, code, says) in [(full, 5, "full"), (read_only, 6, "read-only")] {
        assert_eq!(refused.code, Some(code), "{}", refused.err);
        assert!(refused.err.contains("has schema 7") && refused.err.contains(says), "{}", refused.err);
    }
    assert!(fs::read(&file).unwrap() == bytes, "and is as it was");
}
