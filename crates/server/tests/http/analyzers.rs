//! Hostile analyzers while a listener plays: the results of the others are the same to the bit, and every byte comes in time
//! (issue 4; what becomes of each such analyzer is shown in `crates/ingest/tests/hostile.rs`).
//!
//! The worker of these servers is this very program, started again with the ignored test [`hostile_process`] as its
//! only task: a worker as it is, with one more analyzer on its list.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use fanfare_analysis::{
    ANALYZERS, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, StartContext,
};
use fanfare_audio::FfmpegUse;
use fanfare_model::{
    Error, ErrorKind, Result, TrackState,
    features::{Dynamics, FeaturePart},
};
use fanfare_store::TrackQuery;
use fanfare_testkit::{
    signals,
    wav::{self, WavFormat},
};
use fanfare_worker::{WorkerParts, WorkerProcessOptions, run_worker_with};
use reqwest::Method;

use crate::fixture::{As, Server};

/// The file in the data folder that says what is wrong with the additional analyzer.
const DEED: &str = "deed";
/// Long for a machine that is merely busy, short for a test.
const SINK_DEADLINE: Duration = Duration::from_secs(4);
const RATE_HZ: u32 = 8_000;
/// The sound of one piece that a player asks for, in seconds; it must not take longer to come.
const PIECE_S: usize = 1;
const PIECE_BYTES: usize = PIECE_S * RATE_HZ as usize * 2;

type Start = fn(&StartContext) -> Result<Box<dyn Analyzer>>;

const DEEDS: &[(&str, Start)] = &[
    ("panic", |_| hostile(|| panic!("on purpose"))),
    ("error", |_| hostile(|| Err(Error::new(ErrorKind::Malformed, "not to its liking")))),
    ("loop", |_| {
        hostile(|| {
            loop {
                std::hint::spin_loop();
            }
        })
    }),
    ("abort", |_| hostile(|| std::process::abort())),
    ("allocate", |_| {
        hostile(|| {
            let mut hoard = Vec::new();
            loop {
                // Zeros that nobody touches take addresses, not memory.
                hoard.push(std::hint::black_box(vec![0_u8; 64 << 20]));
            }
        })
    }),
    ("nan", |_| {
        hostile(|| Ok(FeaturePart::Dynamics(Dynamics { silence_head_s: f64::NAN, ..Dynamics::default() })))
    }),
];

struct Hostile(fn() -> Result<FeaturePart>);

fn hostile(deed: fn() -> Result<FeaturePart>) -> Result<Box<dyn Analyzer>> {
    Ok(Box::new(Hostile(deed)))
}

impl Analyzer for Hostile {
    fn push(&mut self, _chunk: &AnalysisChunk<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.0().map(AnalyzerOutput::new)
    }
}

#[test]
#[ignore = "the body of the worker process that the other test starts"]
fn hostile_process() {
    // Names of tests may be given in any number: the data folder is one that matches none.
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let deed = fs::read_to_string(data_dir.join(DEED)).unwrap();
    let mut parts = WorkerParts { sink_deadline: SINK_DEADLINE, ..WorkerParts::default() };
    if let Some((id, start)) = DEEDS.iter().find(|(id, _)| *id == deed) {
        parts.analyzers.insert(3, AnalyzerEntry { id, version: 7, about: "hostile", start: *start });
    }
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let done = runtime.block_on(run_worker_with(options, parts));
    // As the program does: a thread that hangs is left behind.
    runtime.shutdown_background();
    done.unwrap();
    std::process::exit(0);
}

/// What is stored of the analyzers on the list, by path and analyzer.
type Results = BTreeMap<(String, String), String>;

/// What a listener went through.
#[derive(Debug, Default)]
struct Listened {
    pieces: u32,
    longest: Duration,
}

/// Has tracks analyzed with that deed among the analyzers, while a listener plays one of them from the first job to the last.
async fn analyzed_while_playing(deed: &str) -> (Results, Listened) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join(DEED), deed).unwrap();
    let mut args =
        ["analyzers::hostile_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(data.into());
    let server = Server::start_with(folder, (std::env::current_exe().unwrap(), args), |_| {}).await;
    let owner = server.owner().await;
    let song = |seconds, hz| wav::wav(RATE_HZ, &[signals::sine(RATE_HZ, seconds, hz, 0.4)], WavFormat::I16);
    let played = song(12.0, 330.0);
    for (name, bytes) in
        [("a.wav", song(1.0, 440.0)), ("b.wav", song(2.0, 550.0)), ("played.wav", played.clone())]
    {
        fs::write(server.music().join(name), bytes).unwrap();
    }
    server.state.ingest.add_folder(&server.music()).await.unwrap();
    let track = loop {
        let listed = server.json(&owner, "/api/v1/tracks").await;
        let rows = listed["items"].as_array().unwrap();
        if let Some(row) = rows.iter().find(|row| row["relative_path"] == "played.wav") {
            break row["id"].as_str().unwrap().to_owned();
        }
    };
    let mut listened = Listened::default();
    let mut from = 0;
    while !server.state.ingest.hub().active().is_empty() {
        let to = (from + PIECE_BYTES).min(played.len());
        let asked = Instant::now();
        let piece = piece(&server, &owner, &track, from, to).await;
        listened.longest = listened.longest.max(asked.elapsed());
        listened.pieces += 1;
        assert!(piece == played[from..to], "{deed}: bytes {from} to {to}");
        from = if to == played.len() { 0 } else { to };
    }

    let mut results = Results::new();
    let page =
        server.store().catalog().tracks(&TrackQuery { limit: 10, ..TrackQuery::default() }).await.unwrap();
    assert_eq!(page.total, 3);
    for row in page.items {
        assert_eq!(row.track.state, TrackState::Ready, "{deed}: {:?}", row.track.failure);
        let (found, _) = server.store().catalog().analysis(row.track.id).await.unwrap();
        for result in found.into_iter().filter(|one| ANALYZERS.iter().any(|entry| entry.id == one.analyzer)) {
            let text = serde_json::to_string(&result).unwrap();
            results.insert((row.track.relative_path.clone(), result.analyzer), text);
        }
    }
    server.stop().await;
    (results, listened)
}

async fn piece(server: &Server, who: &As, track: &str, from: usize, to: usize) -> bytes::Bytes {
    let request = server.request(who, Method::GET, &format!("/api/v1/tracks/{track}/audio?quality=original"));
    let answer = request.header("range", format!("bytes={from}-{}", to - 1)).send().await.unwrap();
    assert_eq!(answer.status(), 206);
    answer.bytes().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_gets_every_byte_in_time_whatever_an_analyzer_does() {
    let (plain, _) = analyzed_while_playing("none").await;
    assert_eq!(plain.len(), 3 * ANALYZERS.len());
    for (deed, _) in DEEDS {
        let (results, listened) = analyzed_while_playing(deed).await;
        println!("{deed}: {} pieces, the longest took {:?}", listened.pieces, listened.longest);
        assert_eq!(results, plain, "{deed}: the others' results are the same");
        assert!(listened.pieces > 0, "{deed}: a listener played");
        assert!(listened.longest < Duration::from_secs(PIECE_S as u64), "{deed}: {listened:?}");
    }
}
