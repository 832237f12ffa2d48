//! Making transcodes: one of a track, three of each of many tracks, and how soon a listener hears one that was missing.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fanfare_audio::{
    CancelFlag, FanOut, FanOutOptions, OpenOptions, SinkOutcome, open, transcode::TranscodePlan,
};
use fanfare_model::{Profile, Quality, Tags, TranscodeCodec};
use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::Method;

use super::Figure;

/// Targets of issue 5, "Speed and size".
const MAX_FIRST_BYTE: Duration = Duration::from_millis(300);
const MAX_SEEK: Duration = Duration::from_millis(500);
/// Length of the tracks that are missed, in seconds, and how many of them: the median counts.
const MISSED_S: f64 = 240.0;
const MISSED: usize = 5;

/// Makes the medium file and nothing else.
pub fn medium_once(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    make(path, folder.path(), &[Quality::Medium]);
}

/// Makes all three of every FLAC file in the folder, two files at a time, each from one decode.
pub fn mixtape_once(folder: &Path) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "flac"));
    files.sort();
    let target = tempfile::tempdir().unwrap();
    let next = std::sync::Mutex::new(files.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(file) = next.lock().unwrap().next() else { return };
                    let folder = target.path().join(file.file_stem().unwrap());
                    fs::create_dir(&folder).unwrap();
                    make(&file, &folder, &Quality::TRANSCODED);
                }
            });
        }
    });
}

/// Makes those files of the track in the folder, from one decode.
pub(super) fn make(path: &Path, folder: &Path, qualities: &[Quality]) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    let frames = source.facts().declared_frames.unwrap();
    let mut fan_out = FanOut::new(FanOutOptions::default());
    for quality in qualities {
        let profile = Profile::of(*quality, TranscodeCodec::Mp3).unwrap();
        let plan = TranscodePlan::new(profile, source.spec(), frames, &Tags::default(), None).unwrap();
        let mut file = fs::File::create(folder.join(quality.as_str())).unwrap();
        std::io::Write::write_all(&mut file, plan.head()).unwrap();
        let take = move |_, bytes: Vec<u8>| {
            std::io::Write::write_all(&mut file, &bytes).unwrap();
            Ok(())
        };
        fan_out.add(quality.as_str(), plan.sink(0, Box::new(take)).unwrap().1);
    }
    let report = fan_out.run(&mut *source, &CancelFlag::default(), &mut |_| {}).unwrap();
    assert!(report.sinks.iter().all(|sink| sink.outcome == SinkOutcome::Finished), "{:?}", report.sinks);
}

/// How soon a listener has the first bytes of a file that is not there, and those of the middle of another one.
pub fn misses() -> Vec<Figure> {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    for number in 0..2 * MISSED {
        let planes = [440.0, 660.0].map(|hz| signals::sine(44_100, MISSED_S, hz + number as f64, 0.3));
        fs::write(music.join(format!("{number}.wav")), wav::wav(44_100, &planes, wav::WavFormat::I16))
            .unwrap();
    }
    let start = ServerStart {
        folders: vec![music],
        data: Some(folder.path().join("data")),
        ..ServerStart::default()
    };
    let server = TestServer::start(start);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (mut first, mut middle) = runtime.block_on(async {
        server.sign_in().await;
        let mut events = server.request(Method::GET, "/api/v1/events").send().await.unwrap();
        while server.json("/api/v1/library").await["ready"] != 2 * MISSED {
            events.chunk().await.unwrap();
        }
        let listed = server.json("/api/v1/tracks").await;
        let ids: Vec<&str> =
            listed["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        let (mut first, mut middle) = (Vec::new(), Vec::new());
        for (number, id) in ids.iter().enumerate() {
            let address = format!("/api/v1/tracks/{id}/audio?quality=medium");
            let request = server.request(Method::GET, &address);
            let began = Instant::now();
            if number % 2 == 0 {
                let mut answer = request.send().await.unwrap();
                assert_eq!(answer.headers()["x-fanfare-cache"], "encoding");
                // The head is there at once; what is waited for is sound.
                let mut bytes = 0;
                while bytes < 20_000 {
                    bytes += answer.chunk().await.unwrap().unwrap().len();
                }
                first.push(began.elapsed());
            } else {
                let at = (MISSED_S / 2.0 * 24_000.0) as u64;
                let answer =
                    request.header("range", format!("bytes={at}-{}", at + 20_000)).send().await.unwrap();
                assert_eq!(answer.status(), 206);
                assert_eq!(answer.bytes().await.unwrap().len(), 20_001);
                middle.push(began.elapsed());
            }
            // The server notices in its own time that the listener left.
            while server.json("/api/v1/cache").await["encoding"] != 0 {
                tokio::task::yield_now().await;
            }
        }
        (first, middle)
    });
    let figure = |name: &str, times: &mut Vec<Duration>, target, most: Duration| {
        times.sort_unstable();
        let median = times[times.len() / 2];
        let worst = times.last().copied().unwrap_or_default();
        let measured =
            format!("{:.0} ms (worst {:.0})", median.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3);
        Figure { name: name.to_owned(), measured, target, ok: median < most }
    };
    vec![
        figure("a missing file: first sound", &mut first, "< 300 ms", MAX_FIRST_BYTE),
        figure("a missing file: sound from its middle", &mut middle, "< 500 ms", MAX_SEEK),
    ]
}
