//! Analyzers that panic, err, hang, abort, eat memory, use up their stack, or give what is no number: the others'
//! results are the same as without them, and the track says who failed and why. And what follows an analysis.
//!
//! The worker of these tests is this very program, started again with the ignored test [`hostile_process`] as its
//! only task: a worker as it is, with one more analyzer on its list.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fanfare_analysis::{
    ANALYZERS, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, StartContext,
};
use fanfare_audio::FfmpegUse;
use fanfare_channel::PostAnalysis;
use fanfare_ingest::Ingest;
use fanfare_model::{
    Error, ErrorKind, Features, Result, TaskKind, TaskState, Track, TrackState,
    features::{AnalyzerOutcome, Dynamics, FeaturePart},
};
use fanfare_store::{LEASE_MS, Store, StoreOptions};
use fanfare_worker::{WorkerParts, WorkerProcessOptions, run_worker_with};

#[path = "../../ingest/tests/fixture/mod.rs"]
mod fixture;
use fixture::{Fixture, rest, tracks};

/// Long for a machine that is merely busy, short for a test.
const SINK_DEADLINE: Duration = Duration::from_secs(4);
/// The file in the data folder that says what is wrong with the additional analyzer or the hook.
const DEED: &str = "deed";
/// The file in the data folder where the hook notes its calls.
const NOTES: &str = "notes";

type Start = fn(&StartContext) -> Result<Box<dyn Analyzer>>;

/// What an analyzer does, by its name.
const DEEDS: &[(&str, Start)] = &[
    ("none", |_| Err(Error::new(ErrorKind::Unsupported, "never starts"))),
    ("refuse", |_| Err(Error::new(ErrorKind::Unsupported, "not for such audio"))),
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
    ("overflow", |_| {
        hostile(|| {
            std::hint::black_box(deep(std::hint::black_box(1)));
            Ok(FeaturePart::Key(None))
        })
    }),
    ("nan", |_| {
        hostile(|| Ok(FeaturePart::Dynamics(Dynamics { silence_head_s: f64::NAN, ..Dynamics::default() })))
    }),
    ("steal", |_| hostile(steal_lease_once)),
    ("freeze", |_| hostile(freeze_once)),
];

/// Uses up any stack.
#[allow(unconditional_recursion)]
fn deep(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    deep(depth + 1) + room[(depth % 512) as usize]
}

/// Takes the job away from the worker it runs in, the first time: what it computed cannot be stored.
fn steal_lease_once() -> Result<FeaturePart> {
    let data = data_dir();
    let marker = data.join("stolen");
    if !marker.exists() {
        fs::write(&marker, "").unwrap();
        let owner = fs::read_to_string(data.join("worker.owner")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = StoreOptions { migrate: false, readers: 1, busy_timeout_ms: 10_000 };
            let store = Store::open(&data, &options).await.unwrap();
            assert_eq!(store.jobs().release_owner(&owner, fanfare_model::Timestamp(0)).await.unwrap(), 1);
        });
    }
    Ok(FeaturePart::Key(None))
}

/// Stops the whole worker, the first time, as a laptop that is closed does. Notes each time it is asked.
fn freeze_once() -> Result<FeaturePart> {
    let marker = data_dir().join("frozen");
    let asked = fs::read(&marker).unwrap_or_default();
    fs::write(&marker, [&asked[..], b"."].concat()).unwrap();
    if asked.is_empty() {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP).unwrap();
    }
    Ok(FeaturePart::Key(None))
}

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

/// A hook that notes what it is given, then does as it was told.
struct Noting(String);

#[async_trait::async_trait]
impl PostAnalysis for Noting {
    fn name(&self) -> &'static str {
        "noting"
    }

    async fn after(&self, track: &Track, path: &Path, features: &Features, store: &Store) -> Result<()> {
        let stored = store.catalog().track(track.id).await?.unwrap();
        let file = path.file_name().unwrap().to_str().unwrap();
        let lufs = features.loudness.is_some();
        let mut notes = fs::File::options().append(true).create(true).open(data_dir().join(NOTES)).unwrap();
        writeln!(notes, "{file} {} {lufs}", stored.track.state.as_str()).unwrap();
        match &*self.0 {
            "hook-error" => Err(Error::new(ErrorKind::PermissionDenied, "the folder cannot be written to")),
            "hook-panic" => panic!("on purpose"),
            _ => Ok(()),
        }
    }
}

fn data_dir() -> PathBuf {
    // Names of tests may be given in any number: the data folder is one that matches none.
    PathBuf::from(std::env::args_os().next_back().unwrap())
}

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn hostile_process() {
    let data_dir = data_dir();
    let deed = fs::read_to_string(data_dir.join(DEED)).unwrap();
    let mut parts = WorkerParts { sink_deadline: SINK_DEADLINE, ..WorkerParts::default() };
    if let Some((id, start)) = DEEDS.iter().find(|(id, _)| *id == deed).filter(|(id, _)| *id != "none") {
        parts.analyzers.insert(3, AnalyzerEntry { id, version: 7, about: "hostile", start: *start });
    }
    parts.post_analysis.push(Arc::new(Noting(deed)));
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let done = runtime.block_on(run_worker_with(options, parts));
    // As the program does: a thread that hangs is left behind.
    runtime.shutdown_background();
    done.unwrap();
    std::process::exit(0);
}

struct Analyzed {
    /// What is stored, by path and analyzer; those of the list and others.
    regular: BTreeMap<(String, String), String>,
    other: BTreeMap<(String, String), AnalyzerOutcome>,
    notes: Vec<String>,
    restarts: u64,
    last_exit: Option<String>,
}

async fn analyzing(fixture: &Fixture, store: &Store) -> Ingest {
    let mut args = ["hostile_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    fixture.ingest(store, std::env::current_exe().unwrap(), args, 2).await
}

/// Has a worker with that deed analyze so many songs.
async fn analyze_file(deed: &str, songs: u32) -> Analyzed {
    let fixture = Fixture::new();
    for number in 0..songs {
        fixture.song(&format!("{number:02}.wav"), number);
    }
    let store = fixture.store().await;
    fs::write(fixture.data().join(DEED), deed).unwrap();
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let mut analyzed = Analyzed {
        regular: BTreeMap::new(),
        other: BTreeMap::new(),
        notes: Vec::new(),
        restarts: ingest.worker_status().restarts,
        last_exit: ingest.worker_status().last_exit,
    };
    for row in tracks(&store).await {
        let path = row.track.relative_path.clone();
        assert_eq!(row.track.state, TrackState::Ready, "{deed} {path}: {:?}", row.track.failure);
        let (results, _) = store.catalog().analysis(row.track.id).await.unwrap();
        for result in results {
            let key = (path.clone(), result.analyzer.clone());
            if ANALYZERS.iter().any(|entry| entry.id == result.analyzer) {
                analyzed.regular.insert(key, serde_json::to_string(&result).unwrap());
            } else {
                assert_eq!(result.version, 7);
                analyzed.other.insert(key, result.outcome);
            }
        }
    }
    let tasks = store.catalog().tasks(10).await.unwrap();
    let analysis = tasks.iter().find(|task| task.kind == TaskKind::Analysis).unwrap();
    assert_eq!((analysis.state, analysis.failure_count), (TaskState::Succeeded, 0), "{deed}: {analysis:?}");
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
    // The hook of the last track may have run after its task was over.
    let notes = fs::read_to_string(fixture.data().join(NOTES)).unwrap_or_default();
    analyzed.notes = notes.lines().map(str::to_owned).collect();
    analyzed
}

const SONGS: u32 = 3;

/// Runs a deed and compares with a run without; gives the run and why the additional analyzer failed.
async fn compare(deed: &str) -> (Analyzed, Vec<(ErrorKind, String)>) {
    let (plain, analyzed) = (analyze_file("none", SONGS).await, analyze_file(deed, SONGS).await);
    assert_eq!(plain.regular.len(), SONGS as usize * ANALYZERS.len());
    assert_eq!(analyzed.regular, plain.regular, "{deed}: the others' results are the same");
    let failure = |outcome: &AnalyzerOutcome| match outcome {
        AnalyzerOutcome::Failed { kind, message } => (*kind, message.clone()),
        AnalyzerOutcome::Ok { .. } => panic!("{deed} gave a result"),
    };
    let failures: Vec<_> = analyzed.other.values().map(failure).collect();
    assert_eq!(failures.len(), SONGS as usize, "{deed}");
    (analyzed, failures)
}

#[tokio::test(flavor = "multi_thread")]
async fn analyzers_that_fail_inside_the_process_are_named_and_nothing_else_changes() {
    for (deed, kind, message) in [
        ("refuse", ErrorKind::Unsupported, "not for such audio"),
        ("panic", ErrorKind::Internal, "panicked while finishing: on purpose"),
        ("error", ErrorKind::Malformed, "not to its liking"),
        ("nan", ErrorKind::Internal, "gave a number that is not finite"),
    ] {
        let (analyzed, failures) = compare(deed).await;
        for failure in failures {
            assert_eq!(failure, (kind, message.to_owned()), "{deed}");
        }
        assert_eq!(analyzed.restarts, 0, "{deed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn analyzers_that_kill_the_process_are_left_out_of_the_next_attempt() {
    for (deed, signal) in [("abort", 6), ("allocate", 6), ("overflow", 6)] {
        let (analyzed, failures) = compare(deed).await;
        for (kind, message) in failures {
            assert_eq!(kind, ErrorKind::Internal, "{deed}");
            assert!(message.starts_with(&format!("the analyzer {deed} was left out")), "{message}");
        }
        // Two that die at the same time take one worker with them.
        assert!((1..=u64::from(SONGS)).contains(&analyzed.restarts), "{deed}: {}", analyzed.restarts);
        let exit = format!("it was ended by signal {signal}");
        assert_eq!(analyzed.last_exit.as_deref(), Some(&*exit), "{deed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyzer_that_never_returns_costs_its_worker_but_no_track() {
    let (analyzed, failures) = compare("loop").await;
    for (kind, message) in failures {
        assert_eq!((kind, &*message), (ErrorKind::Timeout, "held a chunk longer than 4.0 s"));
    }
    assert!((1..=u64::from(SONGS)).contains(&analyzed.restarts), "{}", analyzed.restarts);
    assert_eq!(analyzed.last_exit.as_deref(), Some("it ended by itself"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_analysis_sees_it_stored_and_never_fails_the_track() {
    for deed in ["hook", "hook-error", "hook-panic"] {
        let mut analyzed = analyze_file(deed, SONGS).await;
        analyzed.notes.sort();
        let expected: Vec<String> = (0..SONGS).map(|number| format!("{number:02}.wav ready true")).collect();
        assert_eq!(analyzed.notes, expected, "{deed}");
        assert_eq!(analyzed.restarts, 0, "{deed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_analysis_is_skipped_when_that_could_not_be_stored() {
    let analyzed = analyze_file("steal", 1).await;
    assert_eq!(analyzed.notes, ["00.wav ready true"], "analyzed twice, stored once, followed up once");
    let key = ("00.wav".to_owned(), "steal".to_owned());
    assert!(matches!(analyzed.other[&key], AnalyzerOutcome::Ok { .. }), "{:?}", analyzed.other);
}

/// Whether the process is stopped.
fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_frozen_past_its_lease_cannot_store_what_it_made() {
    let fixture = Fixture::new();
    fixture.song("00.wav", 0);
    let store = fixture.store().await;
    fs::write(fixture.data().join(DEED), "freeze").unwrap();
    let ingest = analyzing(&fixture, &store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    let pid = loop {
        if let Some(pid) = ingest.worker_status().pid.filter(|pid| is_stopped(*pid)) {
            break pid;
        }
        tokio::task::yield_now().await;
    };
    // It has computed everything and stored nothing. Its lease runs out: the clock goes on, the worker does not.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let late = fanfare_model::Timestamp(i64::try_from(since.as_millis()).unwrap()).plus_ms(LEASE_MS + 1);
    assert_eq!(store.jobs().reap(late).await.unwrap(), 1);
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    rest(&ingest).await;
    let row = tracks(&store).await.remove(0);
    assert_eq!(row.track.state, TrackState::Ready, "{:?}", row.track.failure);
    assert_eq!(ingest.worker_status().restarts, 0, "the same worker analyzed it again");
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!((counts.done, counts.waiting, counts.running, counts.parked), (1, 0, 0, 0));
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
    assert_eq!(fs::read(fixture.data().join("frozen")).unwrap(), b"..", "analyzed twice");
    let notes = fs::read_to_string(fixture.data().join(NOTES)).unwrap();
    assert_eq!(notes, "00.wav ready true\n", "stored once");
}
