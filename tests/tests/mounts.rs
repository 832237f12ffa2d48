//! Storage of a library that is unmounted and mounted again under a running server: nothing is removed, and everything is
//! what it was when the storage is back (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path, time::Duration};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::small_disk::{Bound, SmallDisk};
use reqwest::Method;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_millis(100);

fn write_song(path: &Path, number: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let tone = signals::sine(44_100, 4.0, 200.0 + f64::from(number), 0.3);
    fs::write(path, wav::wav(44_100, &[tone.clone(), tone], wav::WavFormat::I16)).unwrap();
}

async fn until(server: &TestServer, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let answer = server.json(path).await;
        if wanted(&answer) {
            return answer;
        }
        tokio::time::sleep(SOON).await;
    }
}

/// Scans, and waits for the end of that and of everything that follows from it.
async fn scan(server: &TestServer) -> Value {
    let task: Value =
        server.request(Method::POST, "/api/v1/scan").send().await.unwrap().json().await.unwrap();
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    let over = |task: &Value| !["waiting", "running"].contains(&task["state"].as_str().unwrap());
    let scanned = until(server, &path, over).await;
    until(server, "/api/v1/tasks", |tasks| tasks["items"].as_array().unwrap().iter().all(over)).await;
    scanned
}

/// Everything that is listed, by path, without what a scan may write.
async fn tracks(server: &TestServer) -> Vec<Value> {
    let page = server.json("/api/v1/tracks?limit=500").await;
    let mut tracks = page["items"].as_array().unwrap().clone();
    for track in &mut tracks {
        track.as_object_mut().unwrap().remove("updated");
    }
    tracks.sort_by_key(|track| track["relative_path"].to_string());
    tracks
}

/// How many runs of analysis there were.
async fn analyses(server: &TestServer) -> usize {
    let tasks = server.json("/api/v1/tasks").await;
    tasks["items"].as_array().unwrap().iter().filter(|task| task["kind"] == "analysis").count()
}

async fn folder(server: &TestServer) -> Value {
    server.json("/api/v1/folders").await["items"][0].clone()
}

async fn publish(server: &TestServer, id: &Value) {
    let path = format!("/api/v1/tracks/{}", id.as_str().unwrap());
    let request = server.request(Method::PATCH, &path).json(&json!({"state": "published"}));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// One story: songs on a disk that is mounted at `point` in the library, where that mount point holds one stray file.
async fn is_whole_again(nested: bool, stray: &str) {
    let Some(disk) = SmallDisk::mount(48) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let library = home.path().canonicalize().unwrap().join("music");
    let point = if nested { library.join("nas") } else { library.clone() };
    fs::create_dir_all(&point).unwrap();
    match stray {
        "stray.wav" => write_song(&point.join(stray), 9),
        _ => fs::write(point.join(stray), "left behind").unwrap(),
    }
    let songs = if nested { 1 } else { 3 };
    for number in 0..songs {
        write_song(&disk.path().join(format!("{number}.wav")), number);
    }
    if nested {
        write_song(&library.join("stays/1.wav"), 50);
    }
    let mut bound = Some(Bound::mount(disk.path(), &point).unwrap());
    let server = TestServer::start(ServerStart { folders: vec![library.clone()], ..ServerStart::default() });
    server.sign_in().await;
    let ready = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items.len() == songs as usize + usize::from(nested)
            && items.iter().all(|track| track["state"] == "ready")
    };
    until(&server, "/api/v1/tracks", ready).await;
    let lost = tracks(&server)
        .await
        .into_iter()
        .find(|track| track["relative_path"].as_str().unwrap().ends_with("0.wav"));
    let lost = lost.unwrap()["id"].clone();
    publish(&server, &lost).await;
    scan(&server).await;
    let before = tracks(&server).await;
    let analyzed = analyses(&server).await;

    for round in 0..2 {
        drop(bound.take());
        // Watched: noticed by itself. Asked for besides, so that it is known when it is over.
        until(&server, "/api/v1/folders", |folders| folders["items"][0]["missing"] == json!(songs)).await;
        scan(&server).await;
        let found = folder(&server).await;
        assert_eq!(found["missing"], json!(songs), "{found}");
        assert_eq!(found["away"][0]["reason"], "other_file_system", "{found}");
        assert_eq!(found["away"][0]["path"], if nested { "nas" } else { "" });
        assert!(found["missing_since"].is_string() && found["removed_from"].is_string(), "{found}");
        let hidden = tracks(&server).await;
        assert!(hidden.iter().all(|track| track["id"] != lost), "{hidden:?}");
        assert_eq!(server.json("/api/v1/catalog").await["total"], 0);
        let path = format!("/api/v1/tracks/{}", lost.as_str().unwrap());
        assert_eq!(server.json(&path).await["presence"], "missing");
        let played =
            server.request(Method::GET, &format!("{path}/audio?quality=original")).send().await.unwrap();
        assert_eq!(played.status(), 404);
        let said: Value = played.json().await.unwrap();
        assert!(said["remedy"].as_str().unwrap().contains("connect its storage"), "{said}");

        bound = Some(Bound::mount(disk.path(), &point).unwrap());
        // Noticed by itself again, although the kernel gives the new mount the number of the old one.
        until(&server, "/api/v1/folders", |folders| folders["items"][0]["away"] == json!([])).await;
        scan(&server).await;
        assert_eq!(
            tracks(&server).await,
            before,
            "round {round}: ids, publication and results are as they were"
        );
        assert_eq!(server.json("/api/v1/catalog").await["total"], 1);
    }
    let strays = usize::from(stray == "stray.wav");
    assert!(analyses(&server).await <= analyzed + strays, "nothing is analyzed again");

    // Gone permanently: the owner removes it.
    drop(bound.take());
    scan(&server).await;
    let id = folder(&server).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/folders/{id}/missing");
    let removed: Value = server.request(Method::DELETE, &path).send().await.unwrap().json().await.unwrap();
    assert_eq!(removed, json!({"removed": songs, "back": 0}));
    let found = folder(&server).await;
    assert_eq!((&found["missing"], &found["away"]), (&json!(0), &json!([])), "{found}");
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_library_whose_mount_point_holds_one_stray_file_is_whole_again_after_a_remount() {
    is_whole_again(false, "stray.txt").await;
}

#[tokio::test]
async fn a_library_whose_mount_point_holds_one_stray_song_is_whole_again_after_a_remount() {
    is_whole_again(false, "stray.wav").await;
}

#[tokio::test]
async fn a_mount_of_one_file_below_the_library_is_whole_again_after_a_remount() {
    is_whole_again(true, "stray.txt").await;
}

/// A run whose storage is away reports the files, and Retry analyzes them when the storage is back (issue 12).
#[tokio::test]
async fn a_run_on_storage_that_was_away_is_done_by_a_retry_when_it_is_back() {
    let Some(disk) = SmallDisk::mount(48) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let library = home.path().canonicalize().unwrap().join("music");
    fs::create_dir_all(&library).unwrap();
    for number in 0..3 {
        write_song(&disk.path().join(format!("{number}.wav")), number);
    }
    let mut bound = Some(Bound::mount(disk.path(), &library).unwrap());
    let environment = [
        ("FANFARE_ANALYSIS_ON_ARRIVAL", "false"),
        ("FANFARE_ANALYSIS_SCHEDULE", "off"),
        ("FANFARE_ANALYSIS_PACING", "0"),
        ("FANFARE_ANALYSIS_CPU_SHARE_PERCENT", "100"),
    ];
    let environment = environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let server = TestServer::start(ServerStart {
        folders: vec![library.clone()],
        environment,
        ..ServerStart::default()
    });
    server.sign_in().await;
    until(&server, "/api/v1/tracks", |page| page["total"] == 3).await;
    scan(&server).await;
    let known = tracks(&server).await;

    drop(bound.take());
    let over = |task: &Value| !["waiting", "running"].contains(&task["state"].as_str().unwrap());
    let run = server.request(Method::POST, "/api/v1/tasks/schedule/run").send().await.unwrap();
    let run: Value = run.json().await.unwrap();
    let path = format!("/api/v1/tasks/{}", run["id"].as_str().unwrap());
    let ended = until(&server, &path, over).await;
    println!("away: {}, {}", ended["state"], ended["message"]);
    // A scan may have hidden the tracks before the run looked for some; what the run took up it accounts for.
    if !fs::read_to_string(server.data().join("server.log"))
        .unwrap()
        .lines()
        .any(|line| line.contains("a nightly run begins") && line.contains("tracks=0"))
    {
        let left = "0 tracks analyzed, 3 tracks left to the next run: their storage is away";
        assert_eq!(
            (&ended["state"], &ended["message"]),
            (&json!("partial_success"), &json!(left)),
            "{ended}"
        );
    }
    let said = ended.to_string();
    for track in &known {
        // The id of a track may be a field of its own, and is no name of it.
        let id = track["id"].as_str().unwrap();
        assert!(!ended["message"].as_str().unwrap().contains(id), "{said}");
        for failure in ended["failures"].as_array().unwrap() {
            assert!(failure["subject"].as_str().unwrap().ends_with(".wav"), "{failure}");
            assert!(!failure["message"].as_str().unwrap().contains(id), "{failure}");
        }
        for line in ended["log"].as_array().unwrap() {
            assert!(!line["text"].as_str().unwrap_or_default().contains(id), "{line}");
        }
    }

    bound = Some(Bound::mount(disk.path(), &library).unwrap());
    until(&server, "/api/v1/folders", |folders| folders["items"][0]["away"] == json!([])).await;
    scan(&server).await;
    let again = server.request(Method::POST, &format!("{path}/retry")).send().await.unwrap();
    assert_eq!(again.status(), 202);
    let again: Value = again.json().await.unwrap();
    let path = format!("/api/v1/tasks/{}", again["id"].as_str().unwrap());
    let ended = until(&server, &path, over).await;
    println!("back: {}, {}", ended["state"], ended["message"]);
    assert_eq!(
        (&ended["state"], &ended["message"]),
        (&json!("succeeded"), &json!("3 tracks analyzed")),
        "{ended}"
    );
    let ready = tracks(&server).await;
    assert!(ready.iter().all(|track| track["state"] == "ready"), "{ready:?}");
    let ids = |tracks: &[Value]| tracks.iter().map(|track| track["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&ready), ids(&known));
    drop(bound);
    assert!(server.stop().success());
}
