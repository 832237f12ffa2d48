//! A database that is older than its files, and one that is lost: no upload is deleted for it, no folder is taken for a
//! new installation (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
};

use fanfare_store::DATABASE_FILE;
use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::{ended, fanfare_command, run},
    sending::{
        age_blobs, audio, becomes_ready, blobs, files_below, send, sign_in_again, song, until, upload,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

/// A server in that data folder. Uploads need no other program there.
fn start(data: &Path) -> TestServer {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    TestServer::start(ServerStart { data: Some(data.to_owned()), environment, ..ServerStart::default() })
}

/// Puts a copy of a database in place of the present one; nothing has it open.
fn put_back(data: &Path, copy: &Path) {
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(data.join(format!("{DATABASE_FILE}{beside}")));
    }
    fs::copy(copy, data.join(DATABASE_FILE)).unwrap();
}

async fn tracks(server: &TestServer) -> Vec<Value> {
    let mut list = server.json("/api/v1/tracks?sort=added").await["items"].as_array().unwrap().clone();
    for track in &mut list {
        // Used a moment ago or not: no part of what a backup keeps.
        track.as_object_mut().unwrap().remove("cached");
    }
    list
}

fn names(list: &Value) -> Vec<String> {
    let mut names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|file| file["name"].to_string()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_older_database_beside_newer_files_loses_no_upload() {
    let folder = tempfile::tempdir().unwrap();
    let (data, older, newer) =
        (folder.path().join("data"), folder.path().join("older.db"), folder.path().join("newer.db"));
    let server = start(&data);
    server.sign_in().await;
    upload(&server, &song(2.0, 1)).await;
    assert!(server.stop().success());
    fs::copy(data.join(DATABASE_FILE), &older).unwrap();

    let server = start(&data);
    sign_in_again(&server).await;
    let songs: Vec<Vec<u8>> = (2..6).map(|number| song(2.0, number)).collect();
    let mut sent = Vec::new();
    for bytes in &songs {
        sent.push(upload(&server, bytes).await);
    }
    let path = format!("/api/v1/tracks/{}", sent[0]["id"].as_str().unwrap());
    let public =
        server.request(Method::PATCH, &path).json(&json!({"state": "published"})).send().await.unwrap();
    assert_eq!(public.status(), 200);
    let before = tracks(&server).await;
    assert!(server.stop().success());
    fs::copy(data.join(DATABASE_FILE), &newer).unwrap();
    age_blobs(&data);

    // An older backup of the database is put back: through three starts everything is listed and nothing is deleted.
    put_back(&data, &older);
    let mut listed = Value::Null;
    for _ in 0..3 {
        let server = start(&data);
        sign_in_again(&server).await;
        listed = until(&server, "/api/v1/quarantine", |list| list["uploads"] == 4).await;
        assert_eq!((&listed["days"], blobs(&data, "upload").len()), (&json!(30), 5));
        assert_eq!(server.json("/api/v1/tracks").await["total"], 1);
        let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);
        assert!(doctor.out.contains("4 uploads"), "{}", doctor.out);
        assert!(server.stop().success());
    }

    // The newer one again: every track is there as it was, its id and its publication too.
    put_back(&data, &newer);
    let server = start(&data);
    sign_in_again(&server).await;
    assert_eq!(tracks(&server).await, before);
    assert_eq!(server.json("/api/v1/quarantine").await["uploads"], 0);
    assert!(server.stop().success());

    // The older one stays: of the uploads one is made a track again, one is deleted, the others go on waiting.
    put_back(&data, &older);
    let server = start(&data);
    sign_in_again(&server).await;
    let again = until(&server, "/api/v1/quarantine", |list| list["uploads"] == 4).await;
    assert_eq!(names(&again), names(&listed));
    let uploads: Vec<String> = again["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["kind"] == "upload")
        .map(|file| file["name"].as_str().unwrap().to_owned())
        .collect();
    let restore = format!("/api/v1/quarantine/upload/{}/restore", uploads[0]);
    let restored = server.request(Method::POST, &restore).send().await.unwrap();
    assert_eq!(restored.status(), 201);
    let restored = restored.json::<Value>().await.unwrap();
    becomes_ready(&server, &restored).await;
    let (status, bytes) = audio(&server, &restored).await;
    assert!(status == 200 && songs.contains(&bytes), "it plays as it was sent");
    let gone = server.request(Method::POST, &restore).send().await.unwrap();
    assert_eq!(gone.status(), 404, "it is not in quarantine any more");
    let delete = format!("/api/v1/quarantine/upload/{}", uploads[1]);
    assert_eq!(server.request(Method::DELETE, &delete).send().await.unwrap().status(), 204);
    assert_eq!(server.json("/api/v1/quarantine").await["uploads"], 2);
    assert_eq!(blobs(&data, "upload").len(), 4);
    // Sending a file that waits there makes it a track, and it leaves the list.
    let waiting =
        songs.iter().find(|bytes| fanfare_store::blob_name(bytes).to_string() == uploads[2]).unwrap();
    assert_eq!(send(&server, waiting).await.0, 201);
    assert_eq!(server.json("/api/v1/quarantine").await["uploads"], 1);
    assert!(server.stop().success());
}

/// A data folder that was used, whose database is gone in that way.
async fn lost(folder: &Path, how: &str) -> (PathBuf, Vec<u8>) {
    let data = folder.join("data");
    let server = start(&data);
    server.sign_in().await;
    let bytes = song(2.0, 7);
    upload(&server, &bytes).await;
    assert!(server.stop().success());
    let database = data.join(DATABASE_FILE);
    fs::remove_file(&database).unwrap();
    match how {
        "of no bytes" => drop(fs::File::create(&database).unwrap()),
        "a fresh schema" => {
            let server = start(&folder.join("fresh"));
            assert!(server.stop().success());
            fs::copy(folder.join("fresh").join(DATABASE_FILE), &database).unwrap();
        }
        _ => {}
    }
    (data, bytes)
}

#[tokio::test]
async fn a_folder_whose_database_is_lost_is_refused_by_every_command_until_the_owner_says_what_to_do() {
    for how in ["missing", "of no bytes", "a fresh schema"] {
        let folder = tempfile::tempdir().unwrap();
        let (data, bytes) = lost(folder.path(), how).await;
        let text = data.to_str().unwrap();
        let before = blobs(&data, "upload");
        assert_eq!(before.len(), 1);
        let music = folder.path().to_str().unwrap();
        for command in [
            vec!["serve", "--listen", "127.0.0.1:0"],
            vec!["serve", music, "--listen", "127.0.0.1:0"],
            vec!["scan", music],
            vec!["user", "list"],
            vec!["user", "key", "list", "ada"],
            vec!["mixtape", "list"],
            vec!["cache", "status"],
        ] {
            let ended = run(&[command.clone(), vec!["--data", text]].concat());
            assert_eq!(ended.code, Some(7), "{how}, {command:?}: {}{}", ended.out, ended.err);
            assert!(
                ended.err.contains("1 upload ") && ended.err.contains("fanfare restore"),
                "{}",
                ended.err
            );
            assert!(!ended.out.contains("setup"), "no new installation: {}", ended.out);
        }
        let mut add = fanfare_command(&["user", "add", "eve", "--owner", "--data", text]);
        let password = folder.path().join("password");
        fs::write(&password, "a long enough password\n").unwrap();
        let ended = ended(add.stdin(fs::File::open(password).unwrap()).output().unwrap());
        assert_eq!(ended.code, Some(7), "{how}: {}", ended.err);
        let doctor = run(&["doctor", "--data", text]);
        assert_eq!(doctor.code, Some(1), "{}", doctor.out);
        assert!(
            doctor.out.contains("FAILED   database") && doctor.out.contains("begin-anew"),
            "{}",
            doctor.out
        );
        assert_eq!(blobs(&data, "upload"), before, "{how}");

        let begun = run(&["begin-anew", "--data", text]);
        assert_eq!(begun.code, Some(0), "{}", begun.err);
        assert!(begun.out.contains("of which 1 upload can"), "{}", begun.out);
        let server = start(&data);
        server.sign_in().await;
        let list = server.json("/api/v1/quarantine").await;
        assert_eq!((&list["uploads"], blobs(&data, "upload")), (&json!(1), before), "{how}");
        let name = list["items"][0]["name"].as_str().unwrap();
        let restore = format!("/api/v1/quarantine/upload/{name}/restore");
        let restored = server.request(Method::POST, &restore).send().await.unwrap();
        let restored = becomes_ready(&server, &restored.json().await.unwrap()).await;
        assert_eq!(audio(&server, &restored).await, (200, bytes));
        assert!(server.stop().success());
        let refused = run(&["begin-anew", "--data", text]);
        assert_eq!(refused.code, Some(7), "a database in use stays: {}", refused.out);
        assert!(!files_below(&data).is_empty());
    }
}
