//! A data folder whose disk has room for bytes and for no more files (issue 12): no request waits for an encoder that
//! cannot begin, and everything goes on when there is room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::fs;

use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::run,
    sending::{becomes_ready, send, song, until, upload},
    small_disk::SmallDisk,
};
use reqwest::Method;

#[tokio::test]
async fn where_no_file_can_be_made_the_original_is_sent_without_waiting_for_an_encoder() {
    let Some(disk) = SmallDisk::of_files(1_500) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let outside = tempfile::tempdir().unwrap();
    let (music, log) = (outside.path().join("music"), outside.path().join("server.log"));
    fs::create_dir(&music).unwrap();
    for number in 0..3 {
        fs::write(music.join(format!("{number}.wav")), song(3.0, number)).unwrap();
    }
    let server = TestServer::start(ServerStart {
        data: Some(disk.path().join("data")),
        log: Some(log.clone()),
        folders: vec![music],
        environment: vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())],
        ..ServerStart::default()
    });
    server.sign_in().await;
    let tracks = until(&server, "/api/v1/tracks?state=ready", |tracks| tracks["total"] == 3).await;
    let ids: Vec<&str> =
        tracks["items"].as_array().unwrap().iter().map(|track| track["id"].as_str().unwrap()).collect();
    let ballast = disk.fill_with_files("ballast");
    let (status, said) = send(&server, &song(2.0, 50)).await;
    assert_eq!((status, &said["kind"]), (507, &"no-space".into()), "{said}");
    until(&server, "/api/v1/status", |status| status["storage"]["state"] == "full").await;
    for (id, number) in ids.iter().zip(0..) {
        let path = format!("/api/v1/tracks/{id}/audio?quality=low");
        let answer = server.request(Method::GET, &path).send().await.unwrap();
        let sent = (answer.status().as_u16(), answer.bytes().await.unwrap().len());
        assert_eq!(sent, (200, song(3.0, number).len()), "the original in place of what cannot be made");
    }
    let answer = server
        .request(Method::GET, &format!("/api/v1/tracks/{}/hls/index.m3u8", ids[0]))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 507, "{}", answer.text().await.unwrap());
    // Why nothing smaller was sent is the disk, never a queue that was waited for.
    let told = fs::read_to_string(&log).unwrap();
    let causes: Vec<&str> = told.lines().filter(|line| line.contains("the original is sent")).collect();
    assert_eq!(causes.len(), 3, "{told}");
    for cause in causes {
        assert!(cause.contains("is full") && !cause.contains("no encoder began"), "{cause}");
    }
    fs::remove_dir_all(ballast).unwrap();
    until(&server, "/api/v1/status", |status| status["storage"].is_null()).await;
    let track = upload(&server, &song(2.0, 50)).await;
    becomes_ready(&server, &track).await;
    // The worker for listeners is there again, too.
    let smaller = format!("/api/v1/tracks/{}/audio?quality=low", ids[0]);
    until_smaller(&server, &smaller, song(3.0, 0).len()).await;
    assert!(server.stop().success());
}

/// Waits until a transcode is sent.
async fn until_smaller(server: &TestServer, path: &str, original: usize) {
    let began = std::time::Instant::now();
    loop {
        let answer = server.request(Method::GET, path).send().await.unwrap();
        if answer.bytes().await.unwrap().len() < original {
            return;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "only the original is sent");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// issue 12: the database was made, the folders beside it were not: an error without a remedy, and a database was left behind.
#[test]
fn a_disk_without_room_for_a_new_data_folder_is_refused_with_a_remedy_and_no_database_is_left() {
    for files in [2, 6, 12, 30] {
        let Some(disk) = SmallDisk::of_files(files) else {
            println!("SKIPPED: this user may not mount a small file system");
            return;
        };
        // With room for two files, the folder can be made and no lock in it.
        let data = disk.path().join("d");
        let refused = run(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        assert_eq!(refused.code, Some(5), "{files}: {}{}", refused.out, refused.err);
        assert!(
            refused.err.contains("inodes") && refused.err.contains("--data DIR"),
            "{files}: {}",
            refused.err
        );
        let left: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(
            left.iter().all(|name| !name.to_string_lossy().starts_with("fanfare.db")),
            "{files}: {left:?}"
        );
    }
}
