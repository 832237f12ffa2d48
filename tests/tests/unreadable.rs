//! A disk that cannot be read: a read that fails is not taken for a damaged file and is tried again, and everything works as
//! before when the disk can be read (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path, process::Command};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::{
    command::run,
    failing_disk::FailingDisk,
    sending::{audio, becomes_ready, blobs, send, sign_in_again, until},
};
use reqwest::{Method, header::RANGE};
use serde_json::Value;

/// A song of noise: no two places of it are the same.
fn noise(seconds: f64, seed: u64) -> Vec<u8> {
    let frames = (seconds * 44_100.0) as usize;
    wav::wav(44_100, &[signals::noise(seed, frames, 0.3)], wav::WavFormat::I16)
}

fn environment() -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())]
}

/// A part of a track's file, if it came whole.
async fn part(server: &TestServer, track: &Value, range: &str) -> Result<(u16, Vec<u8>), u16> {
    let path = format!("/api/v1/tracks/{}/audio?quality=original", track["id"].as_str().unwrap());
    let answer = server.request(Method::GET, &path).header(RANGE, range).send().await.unwrap();
    let status = answer.status().as_u16();
    match answer.bytes().await {
        Ok(bytes) if status < 500 => Ok((status, bytes.to_vec())),
        _ => Err(status),
    }
}

/// Why a track waits.
async fn waits(server: &TestServer, path: &str) -> Value {
    until(server, path, |track| !track["failure"].is_null() || track["state"] == "failed").await
}

fn skipped() {
    println!("SKIPPED: this user may not mount an image, or mkfs.ext4 is missing");
}

#[tokio::test]
async fn a_library_file_that_cannot_be_read_for_a_while_is_tried_again_and_plays() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut disk) = FailingDisk::mount(folder.path(), 64) else { return skipped() };
    let (file, bytes) = (folder.path().join("song.wav"), noise(60.0, 1));
    fs::write(&file, &bytes).unwrap();
    let half = bytes.len() as u64 / 2;
    disk.fail_behind(&file, half);

    let folders = vec![folder.path().to_owned()];
    let server =
        TestServer::start(ServerStart { folders, environment: environment(), ..ServerStart::default() });
    server.sign_in().await;
    let listed = until(&server, "/api/v1/tracks", |tracks| tracks["total"] == 1).await;
    let path = format!("/api/v1/tracks/{}", listed["items"][0]["id"].as_str().unwrap());
    let track = waits(&server, &path).await;
    assert_eq!((&track["state"], &track["failure"]["kind"]), (&"queued".into(), &"io".into()), "{track}");
    assert!(!track["failure"]["next_retry"].is_null(), "{track}");

    // A listener gets what can be read; after that the answer breaks off or is an error, and the next request works.
    let tail = format!("bytes={}-", bytes.len() - 1_000);
    assert!(part(&server, &track, &tail).await.is_err(), "what cannot be read is no end of a file");
    assert_eq!(part(&server, &track, "bytes=0-999").await, Ok((206, bytes[..1_000].to_vec())));

    disk.mend(&file);
    assert_eq!(part(&server, &track, &tail).await, Ok((206, bytes[bytes.len() - 1_000..].to_vec())));
    let ready = becomes_ready(&server, &track).await;
    assert_eq!((&ready["failure"], &ready["id"]), (&Value::Null, &track["id"]), "{ready}");
    assert_eq!(server.json("/api/v1/jobs/parked").await["total"], 0);
    let log = fs::read_to_string(server.data().join("server.log")).unwrap();
    assert!(log.contains("song.wav") && !log.contains("damaged"), "{log}");
    assert!(server.stop().success());
}

#[tokio::test]
async fn an_upload_that_cannot_be_read_for_a_while_becomes_ready_later() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let blobs_at = data.join("blobs");
    fs::create_dir_all(&blobs_at).unwrap();
    let Some(mut disk) = FailingDisk::mount(&blobs_at, 96) else { return skipped() };
    let start =
        || ServerStart { data: Some(data.clone()), environment: environment(), ..ServerStart::default() };
    let server = TestServer::start(start());
    server.sign_in().await;
    let bytes = noise(120.0, 2);
    let (status, track) = send(&server, &bytes).await;
    assert_eq!(status, 201, "{track}");
    // Its job has only just begun.
    server.kill();
    let blob = blobs(&data, "upload").pop().unwrap();
    disk.fail_behind(&blob, bytes.len() as u64 / 2);

    let server = TestServer::start(start());
    sign_in_again(&server).await;
    let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
    let waiting =
        until(&server, &path, |track| track["failure"]["kind"] == "io" || track["state"] == "failed").await;
    assert_eq!(waiting["state"], "queued", "a disk is no reason to give an upload up: {waiting}");
    disk.mend(&blob);
    becomes_ready(&server, &track).await;
    assert_eq!(audio(&server, &track).await, (200, bytes));
    assert_eq!(server.json("/api/v1/jobs/parked").await["total"], 0);
    assert!(server.stop().success());
}

/// Makes `bytes` a file of that name, in the format that its ending says; `false` where `ffmpeg` cannot.
fn made(wav: &Path, file: &Path) -> bool {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "quiet", "-y", "-i"]).arg(wav).arg(file);
    ffmpeg.status().is_ok_and(|status| status.success())
}

/// Whichever decoder is used, and however it looks for the next packet after damage.
#[test]
fn a_read_that_fails_in_the_middle_is_reported_as_one_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let source = outside.path().join("source.wav");
    fs::write(&source, noise(60.0, 3)).unwrap();
    let mut looked = 0;
    for name in
        ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.opus", "a.m4a", "a.aac", "a.mka", "a.aiff", "a.caf", "a.wma"]
    {
        let Some(mut disk) = FailingDisk::mount(folder.path(), 64) else { return skipped() };
        let file = folder.path().join(name);
        if !made(&source, &file) {
            println!("SKIPPED {name}: this ffmpeg does not make it");
            continue;
        }
        let size = fs::metadata(&file).unwrap().len();
        disk.fail_behind(&file, size / 2);
        let path = file.to_str().unwrap();
        let ended = run(&["analyze", "--json", path]);
        let said = ended.json_lines().pop().unwrap();
        assert_eq!(said["error"]["kind"], "io", "{name}: {said}");
        disk.mend(&file);
        let said = run(&["analyze", "--json", "--only", "loudness", path]).json_lines().pop().unwrap();
        assert_eq!(said["status"], "ok", "{name}: {said}");
        looked += 1;
    }
    assert!(looked >= 4, "wav, flac, mp3 and ogg at least");
}
