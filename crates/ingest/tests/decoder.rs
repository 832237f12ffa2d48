//! Files that need `ffmpeg`, and a program that is none: a fault of the program is no verdict on a file (issue 12).
#![allow(clippy::unwrap_used, clippy::panic)] // tests say what they expect

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_audio::{ChildMark, FfmpegUse};
use fanfare_ingest::DecoderWatch;
use fanfare_model::{ErrorKind, TrackState};
use fanfare_worker::{WorkerProcessOptions, run_worker};

mod fixture;
use fixture::{Fixture, ended, rest, tracks};

/// Where the tests put what they call `ffmpeg`.
fn program(data: &Path) -> PathBuf {
    data.parent().unwrap().join("ffmpeg")
}

fn install(data: &Path, text: &str) {
    let new = data.parent().unwrap().join("ffmpeg.new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(new, program(data)).unwrap();
}

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn worker_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let ffmpeg = FfmpegUse::At(program(&data_dir));
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg };
    tokio::runtime::Runtime::new().unwrap().block_on(run_worker(options)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_lacks_a_decoder_is_tried_again_once_there_is_another_program() {
    let fixture = Fixture::new();
    let wav = fixture.song("song.wav", 1);
    let made =
        Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(&wav).arg(wav.with_extension("wv")).status();
    assert!(made.is_ok_and(|status| status.success()), "these tests need ffmpeg");
    fs::remove_file(&wav).unwrap();
    // A shell runs an empty file as a script that does nothing, successfully.
    install(&fixture.data(), "");
    let store = fixture.store().await;
    let mut args = ["worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let ingest = fixture.ingest(&store, std::env::current_exe().unwrap(), args, 2).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let lacks = async |message: &str, remedy: &str| {
        let track = tracks(&store).await.remove(0).track;
        let failure = track.failure.unwrap();
        assert_eq!((track.state, failure.kind), (TrackState::Failed, ErrorKind::NoDecoder), "{failure:?}");
        assert!(failure.message.contains(message), "{failure:?}");
        assert!(failure.message.contains(remedy), "{failure:?}");
    };
    lacks("is not a working ffmpeg", "reinstall ffmpeg").await;
    let mut watch = DecoderWatch::new(FfmpegUse::At(program(&fixture.data())));
    assert_eq!(watch.look(&ingest).await.unwrap(), 0, "it does not decode");
    // Decodes what every ffmpeg does, and lacks the decoder of this file.
    let path = "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n";
    let lack = "case \"$1 $*\" in -version*|*'-f au -i pipe:0'*) exec ffmpeg \"$@\";; esac\n\
                echo Unknown decoder >&2; exit 1\n";
    install(&fixture.data(), &format!("{path}{lack}"));
    for expected in [1, 0] {
        assert_eq!(watch.look(&ingest).await.unwrap(), expected, "once for a program");
        rest(&ingest).await;
        lacks("this ffmpeg lacks the decoder", "install a complete ffmpeg").await;
    }
    // Away for a while, with its folder: the same program is tried again.
    let hidden = program(&fixture.data()).with_extension("hidden");
    fs::rename(program(&fixture.data()), &hidden).unwrap();
    assert_eq!(watch.look(&ingest).await.unwrap(), 0, "none is no other one");
    fs::rename(&hidden, program(&fixture.data())).unwrap();
    assert_eq!(watch.look(&ingest).await.unwrap(), 1, "it is back");
    rest(&ingest).await;
    // A library of it is broken, then whole again: the program itself is the same.
    let loads =
        "[ -e \"$0.library\" ] || { case $1 in -version) exec ffmpeg -version;; *) exit 127;; esac; }";
    install(&fixture.data(), &format!("{path}{loads}\nexec ffmpeg \"$@\"\n"));
    assert_eq!(watch.look(&ingest).await.unwrap(), 0, "it tells its version, and does not decode");
    fs::write(program(&fixture.data()).with_file_name("ffmpeg.library"), "").unwrap();
    assert_eq!(watch.look(&ingest).await.unwrap(), 1);
    rest(&ingest).await;
    let track = tracks(&store).await.remove(0).track;
    assert_eq!((track.state, track.failure), (TrackState::Ready, None));
    assert_eq!(watch.look(&ingest).await.unwrap(), 0);
    ingest.shutdown().await;
}

/// Issue 12: a track of which only a part was decoded stayed so, whatever was done about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_track_is_decoded_again_by_a_full_scan_and_by_a_retry() {
    let path = "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n";
    let cut = "case \"$1 $*\" in -version*|*'-f au -i pipe:0'*) exec ffmpeg \"$@\";; esac\n\
               ffmpeg \"$@\" 2>/dev/null | head -c 30000; exit 0\n";
    for is_full_scan in [true, false] {
        let fixture = Fixture::new();
        let wav = fixture.song("song.wav", 1);
        let wma = wav.with_extension("wma");
        let longer = ["-af", "apad=pad_dur=4"];
        let made =
            Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(&wav).args(longer).arg(wma).status();
        assert!(made.is_ok_and(|status| status.success()), "these tests need ffmpeg");
        fs::remove_file(&wav).unwrap();
        install(&fixture.data(), &format!("{path}{cut}"));
        let store = fixture.store().await;
        let mut args = ["worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
        args.push(fixture.data().into());
        let ingest = fixture.ingest(&store, std::env::current_exe().unwrap(), args, 2).await;
        ingest.add_folder(&fixture.music()).await.unwrap();
        rest(&ingest).await;
        let seconds = async || {
            let track = tracks(&store).await.remove(0).track;
            assert_eq!((track.state, track.failure), (TrackState::Ready, None));
            track.audio.unwrap().duration_s().unwrap()
        };
        let before_s = seconds().await;
        install(&fixture.data(), &format!("{path}exec ffmpeg \"$@\"\n"));
        if is_full_scan {
            let task = ingest.scan_in_full().await.unwrap();
            ended(&ingest, task).await;
        } else {
            ingest.retry_track(tracks(&store).await.remove(0).track.id).await.unwrap();
        }
        rest(&ingest).await;
        let after_s = seconds().await;
        assert!(before_s < 1.2 && after_s > 2.0 * before_s, "{is_full_scan}: {before_s} s, {after_s} s");
        ingest.shutdown().await;
    }
}

/// Issue 12: children that hung stayed when their worker was stopped or killed, without a bound.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_ffmpeg_that_hangs_outlives_neither_a_stopped_nor_a_killed_worker() {
    for is_killed in [false, true] {
        let fixture = Fixture::new();
        let wav = fixture.song("song.wav", 1);
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(&wav)
            .arg(wav.with_extension("wv"))
            .status();
        assert!(made.is_ok_and(|status| status.success()), "these tests need ffmpeg");
        fs::remove_file(&wav).unwrap();
        install(&fixture.data(), "#!/bin/sh\n/bin/mkdir \"$0.hangs\"\nexec sleep 100000\n");
        let store = fixture.store().await;
        let mut args = ["worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
        args.push(fixture.data().into());
        let ingest = fixture.ingest(&store, std::env::current_exe().unwrap(), args, 2).await;
        ingest.add_folder(&fixture.music()).await.unwrap();
        let hangs = program(&fixture.data()).with_extension("hangs");
        let wait = async || tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        while !hangs.exists() {
            wait().await;
        }
        let pid = ingest.worker_status().pid.unwrap();
        let mark = ChildMark::of(pid).unwrap();
        if is_killed {
            let worker = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            rustix::process::kill_process(worker, rustix::process::Signal::KILL).unwrap();
            while ingest.worker_status().pid.is_none_or(|now| now == pid) {
                wait().await;
            }
        } else {
            ingest.shutdown().await;
            let track = tracks(&store).await.remove(0).track;
            assert_eq!(track.failure, None, "that the worker stops is no failure of the track");
        }
        assert_eq!(mark.end_children(), 0, "killed: {is_killed}");
        if is_killed {
            ingest.shutdown().await;
        }
    }
}
