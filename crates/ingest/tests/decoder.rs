//! Files that need `ffmpeg`, and a program that is none: a fault of the program is no verdict on a file (issue 12).
#![allow(clippy::unwrap_used, clippy::panic)] // tests say what they expect

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_audio::FfmpegUse;
use fanfare_ingest::DecoderWatch;
use fanfare_model::{ErrorKind, TrackState};
use fanfare_worker::{WorkerProcessOptions, run_worker};

mod fixture;
use fixture::{Fixture, rest, tracks};

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
    let lacks = async || {
        let track = tracks(&store).await.remove(0).track;
        let failure = track.failure.unwrap();
        assert_eq!((track.state, failure.kind), (TrackState::Failed, ErrorKind::NoDecoder), "{failure:?}");
        assert!(failure.message.contains("is not a working ffmpeg"), "{failure:?}");
        assert!(failure.message.contains("reinstall ffmpeg"), "{failure:?}");
    };
    lacks().await;
    let mut watch = DecoderWatch::new(FfmpegUse::At(program(&fixture.data())));
    for expected in [1, 0] {
        assert_eq!(watch.look(&ingest).await.unwrap(), expected, "once for a program");
        rest(&ingest).await;
        lacks().await;
    }
    fs::remove_file(program(&fixture.data())).unwrap();
    assert_eq!(watch.look(&ingest).await.unwrap(), 0, "none is no other one");
    install(&fixture.data(), "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\nexec ffmpeg \"$@\"\n");
    assert_eq!(watch.look(&ingest).await.unwrap(), 1);
    rest(&ingest).await;
    let track = tracks(&store).await.remove(0).track;
    assert_eq!((track.state, track.failure), (TrackState::Ready, None));
    assert_eq!(watch.look(&ingest).await.unwrap(), 0);
    ingest.shutdown().await;
}
