//! What becomes of a data folder while the server runs: its disk refuses writes, its database is moved or replaced, room comes
//! back (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use fanfare_store::DATABASE_FILE;
use fanfare_testkit::server::{OWNER, ServerStart, TestServer};
use fanfare_tests::{
    command::{fanfare_command, run},
    sending::{audio, sign_in_again, song, until, upload},
    small_disk::{AbortingDisk, SmallDisk},
};
use reqwest::Method;
use serde_json::{Value, json};

/// A server in that data folder. Uploads need no other program there.
fn start(data: &Path, log: Option<&Path>) -> TestServer {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    let (data, log) = (Some(data.to_owned()), log.map(Path::to_owned));
    TestServer::start(ServerStart { data, log, environment, ..ServerStart::default() })
}

fn skipped() {
    println!("SKIPPED: this user may not mount a small file system");
}

/// The status of a write, and what is said.
async fn write(server: &TestServer) -> (u16, Value) {
    let made = server.request(Method::POST, "/api/v1/mixtapes").json(&json!({"title": "Tape"}));
    let answer = made.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn plays(server: &TestServer, track: &Value) {
    let (status, bytes) = audio(server, track).await;
    assert!(status == 200 && bytes == song(2.0, 1), "{status}");
}

/// Every write is refused with that cause; what is stored plays.
async fn refuses(server: &TestServer, track: &Value, state: &str, says: &str) {
    let status = until(server, "/api/v1/status", |status| status["storage"]["state"] == state).await;
    assert!(status["storage"]["detail"].as_str().unwrap().contains(says), "{status}");
    let (code, said) = write(server).await;
    assert_eq!((code, &said["kind"]), (503, &"unavailable".into()), "{said}");
    assert!(said["detail"].as_str().unwrap().contains(says), "{said}");
    plays(server, track).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_writes_while_the_server_runs_is_noticed_and_told() {
    let Some(disk) = AbortingDisk::mount(64) else { return skipped() };
    let outside = tempfile::tempdir().unwrap();
    let data = disk.path().join("data");
    let server = start(&data, Some(&outside.path().join("server.log")));
    server.sign_in().await;
    let track = upload(&server, &song(2.0, 1)).await;
    disk.abort();
    // The first write meets it; the file system itself goes on stating free space.
    let (status, said) = write(&server).await;
    assert!(status >= 500, "{said}");
    refuses(&server, &track, "read-only", "is read-only").await;
    let log = fs::read_to_string(outside.path().join("server.log")).unwrap();
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains("is read-only")), "{log}");
    // That is when one needs it.
    let (target, restored) = (outside.path().join("backup"), outside.path().join("restored"));
    let made = run(&["backup", target.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{}{}", made.out, made.err);
    assert!(server.stop().success());
    let done = run(&["restore", target.to_str().unwrap(), "--data", restored.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let server = start(&restored, None);
    sign_in_again(&server).await;
    plays(&server, &track).await;
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_moved_or_replaced_while_the_server_runs_is_noticed_and_nothing_is_written_into_it()
 {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = start(&data, None);
    server.sign_in().await;
    let track = upload(&server, &song(2.0, 1)).await;
    let (file, elsewhere) = (data.join(DATABASE_FILE), folder.path().join("elsewhere.db"));
    for is_replaced in [false, true] {
        fs::rename(&file, &elsewhere).unwrap();
        if is_replaced {
            fs::copy(&elsewhere, &file).unwrap();
        }
        refuses(&server, &track, "moved", "was moved, deleted or replaced").await;
        let ready = server.json("/health/ready").await;
        assert_eq!((&ready["status"], &ready["storage"]["state"]), (&"read-only".into(), &"moved".into()));
        // Back in its place, it goes on by itself.
        fs::rename(&elsewhere, &file).unwrap();
        until(&server, "/api/v1/status", |status| status["storage"].is_null()).await;
        assert_eq!(write(&server).await.0, 201);
    }
    assert!(server.stop().success());
    let log = fs::read_to_string(data.join("server.log")).unwrap();
    assert!(
        log.lines().any(|line| line.contains("ERROR") && line.contains("was moved, deleted or replaced")),
        "{log}"
    );
    let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);
    assert!(doctor.out.contains("sound; 1 track"), "{}", doctor.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn tracks_can_be_deleted_on_a_disk_that_was_full_at_the_start_and_that_makes_room() {
    // Full before the start, and while the server runs.
    for is_running in [false, true] {
        let Some(disk) = SmallDisk::mount(96) else { return skipped() };
        let outside = tempfile::tempdir().unwrap();
        let data = disk.path().join("data");
        let log = outside.path().join("server.log");
        let server = start(&data, Some(&log));
        server.sign_in().await;
        let kept = upload(&server, &song(2.0, 1)).await;
        let (small, large) = (upload(&server, &song(2.0, 2)).await, upload(&server, &song(60.0, 3)).await);
        let key = server
            .request(Method::POST, "/api/v1/keys")
            .json(&json!({"name": "player"}))
            .send()
            .await
            .unwrap();
        assert_eq!(key.status(), 201);
        let (server, ballast) = if is_running {
            (server, disk.fill("ballast"))
        } else {
            assert!(server.stop().success());
            let ballast = disk.fill("ballast");
            let server = start(&data, Some(&log));
            sign_in_again(&server).await;
            (server, ballast)
        };
        until(&server, "/api/v1/status", |status| status["storage"]["state"] == "full").await;
        let delete = async |track: &Value| {
            let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
            let answer = server.request(Method::DELETE, &path).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        // Room for deleting is for nothing else. (A log that is folded into the database gives room back, too, so that in a
        // server that was running it may be enough at once.)
        if !is_running {
            assert_eq!(fs::metadata(data.join(".reserve")).unwrap().len(), 0);
            for _ in 0..3 {
                let (code, said) = write(&server).await;
                assert_eq!((code, &said["kind"]), (507, &"no-space".into()), "{said}");
            }
        }
        let (code, said) = delete(&small).await;
        assert_eq!(code, 204, "running {is_running}: {said}");
        plays(&server, &kept).await;
        let (code, said) = delete(&large).await;
        assert_eq!(code, 204, "running {is_running}: {said}");
        // That made room: everything goes on, with the ballast there.
        until(&server, "/api/v1/status", |status| status["storage"].is_null()).await;
        assert_eq!(write(&server).await.0, 201);
        assert!(fs::metadata(data.join(".reserve")).unwrap().len() > 0, "room is kept again");
        assert!(server.stop().success());
        assert!(ballast.exists());
        let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);
        assert!(doctor.out.contains("sound; 1 track"), "{}", doctor.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_could_not_be_stored_goes_on_after_its_person_changed_the_password() {
    let Some(disk) = SmallDisk::mount(32) else { return skipped() };
    let outside = tempfile::tempdir().unwrap();
    let data = disk.path().join("data");
    let server = start(&data, None);
    server.sign_in().await;
    assert!(server.stop().success());
    let ballast = disk.fill("ballast");
    let server = start(&data, Some(&outside.path().join("server.log")));
    sign_in_again(&server).await;
    fs::remove_file(ballast).unwrap();
    until(&server, "/api/v1/status", |status| status["storage"].is_null()).await;
    let change = json!({"current_password": OWNER.1, "new_password": "another long one"});
    let changed = server.request(Method::POST, "/api/v1/me/password").json(&change).send().await.unwrap();
    assert_eq!(changed.status(), 204);
    assert_eq!(server.json("/api/v1/me").await["name"], OWNER.0);
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_started_on_a_full_disk_prints_its_setup_link_once_there_is_room() {
    let Some(disk) = SmallDisk::mount(32) else { return skipped() };
    let data = disk.path().join("data");
    assert!(start(&data, None).stop().success());
    // As a crash leaves it.
    fs::write(data.join(".room-1-0"), "x").unwrap();
    let ballast = disk.fill("ballast");
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let mut command = fanfare_command(&args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let started: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("ready")).collect();
    assert!(started.iter().any(|line| line.starts_with("storage")), "{started:?}");
    assert!(!started.iter().any(|line| line.starts_with("setup")), "it could not be stored: {started:?}");
    let address = started.iter().find_map(|line| line.strip_prefix("address  ")).unwrap().to_owned();
    fs::remove_file(ballast).unwrap();
    let link = tokio::task::spawn_blocking(move || {
        lines.find_map(|line| line.strip_prefix("setup    ").map(str::to_owned))
    });
    let link = link.await.unwrap().expect("a link");
    let (base, token) = link.rsplit_once("/#/welcome/").unwrap();
    assert_eq!(base, address);
    let body = json!({"token": token, "name": OWNER.0, "password": OWNER.1});
    let client = reqwest::Client::new();
    let made = client
        .post(format!("{address}/api/v1/setup"))
        .header("X-Fanfare", "1")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(made.status().is_success(), "{}", made.status());
    assert!(!data.join(".room-1-0").exists(), "what a crash left is removed");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .unwrap();
    assert!(child.wait().unwrap().success());
}

/// Issue 12: the task that logged ended, so the server did not end when it was told to.
#[test]
fn a_server_whose_log_cannot_be_written_goes_on_and_ends_when_it_is_told_to() {
    let full = SmallDisk::mount(1);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    // A pipe that nobody reads, and a file on a full disk where one can be mounted.
    for disk in [None, full.as_ref()] {
        let log = disk.map_or_else(Stdio::piped, |disk| {
            let log = fs::File::create(disk.path().join("log")).unwrap();
            let _ballast = disk.fill("ballast");
            log.into()
        });
        let mut child = fanfare_command(&args).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("ready")));
        drop(child.stderr.take());
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let ended = loop {
            match child.try_wait().unwrap() {
                Some(ended) => break Some(ended),
                None if Instant::now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        if ended.is_none() {
            child.kill().unwrap();
        }
        assert!(ended.is_some_and(|ended| ended.success()), "full disk: {}, {ended:?}", disk.is_some());
    }
}

/// Issue 12: signing out was refused or had no effect, and the session stayed valid.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_signs_out_on_a_full_disk_is_out_at_once() {
    let Some(disk) = SmallDisk::mount(32) else { return skipped() };
    let outside = tempfile::tempdir().unwrap();
    let data = disk.path().join("data");
    let server = start(&data, Some(&outside.path().join("server.log")));
    server.sign_in().await;
    let client = reqwest::Client::new();
    let login = async || {
        let body = json!({"name": OWNER.0, "password": OWNER.1});
        let answer =
            client.post(format!("{}/api/v1/login", server.address)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let send = async |method: Method, path: &str, cookie: &str| {
        let request = client.request(method, format!("{}{path}", server.address));
        request.header("cookie", cookie).header("x-fanfare", "1").send().await.unwrap()
    };
    let stored = login().await;
    let _ballast = disk.fill("ballast");
    until(&server, "/api/v1/status", |status| status["storage"]["state"] == "full").await;
    for (kind, cookie) in [("stored", stored), ("in memory", login().await)] {
        assert_eq!(send(Method::GET, "/api/v1/me", &cookie).await.status(), 200, "{kind}");
        let out = send(Method::POST, "/api/v1/logout", &cookie).await;
        assert_eq!(out.status(), 204, "{kind}");
        assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "{kind}");
        assert_eq!(send(Method::GET, "/api/v1/me", &cookie).await.status(), 401, "{kind}");
    }
    assert!(server.stop().success());
}
