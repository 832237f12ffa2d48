//! How many jobs of each queue a worker holds at a time, and when it tries again what failed.
//!
//! The worker is this very program, started again with the ignored test [`executor_process`] as its only task: a worker as
//! it is, but for an analyzer and an enrichment that wait until they are told to go on, and a clock that can be put forward.
//! They talk by files in the data folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use fanfare_analysis::{AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};
use fanfare_audio::FfmpegUse;
use fanfare_ingest::{BackgroundOptions, Ingest, Schedule, UploadOptions, WarmOptions, WarmScope, Which};
use fanfare_model::{
    EnrichmentState, Error, ErrorKind, Features, JobId, JobKind, Quality, Result, TaskKind, TaskState,
    Timestamp, TrackId, TrackState, UserId, enrichment::Enrichment, features::FeaturePart,
};
use fanfare_store::{BlobKind, NewJob, Store, Uploaded};
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav, wav_with_tags},
};
use fanfare_worker::{TrackBudget, WorkerParts, WorkerProcessOptions, run_worker_with};

#[path = "../../ingest/tests/fixture/mod.rs"]
mod fixture;
use fixture::{Fixture, ended, rest, tracks};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a file is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Milliseconds that the worker's clock is ahead.
const AHEAD: &str = "clock-ahead-ms";
/// Who waits may go on once the file of that name and its kind is there.
const GO: &str = "go-";
/// Each time a job begins to wait, or failed: a line with what, and how many were at it.
const NOTES: &str = "notes";
/// Enrichments fail while this is there.
const BROKEN: &str = "broken";
/// Tracks get ten times their own length while this is there when the worker starts.
const NO_TIME: &str = "no-time";

fn data_dir() -> PathBuf {
    // Names of tests may be given in any number: the data folder is one that matches none.
    PathBuf::from(std::env::args_os().next_back().unwrap())
}

fn note(line: &str) {
    let mut notes = fs::File::options().append(true).create(true).open(data_dir().join(NOTES)).unwrap();
    notes.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Waits for the word to go on; notes how many of its kind wait.
fn wait_for_go(kind: &str, at_it: &AtomicUsize) {
    note(&format!("{kind} {}", at_it.fetch_add(1, Ordering::SeqCst) + 1));
    let began = std::time::Instant::now();
    let word = data_dir().join(format!("{GO}{kind}"));
    while !word.exists() && began.elapsed() < PATIENCE {
        std::thread::park_timeout(LOOK);
    }
    at_it.fetch_sub(1, Ordering::SeqCst);
}

static ANALYZING: AtomicUsize = AtomicUsize::new(0);
static ENRICHING: AtomicUsize = AtomicUsize::new(0);

/// Waits before it gives its result.
struct Waiting;

impl Analyzer for Waiting {
    fn push(&mut self, _: &AnalysisChunk<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        // Nobody gives the word for a moment of sound: only its budget ends it.
        wait_for_go(if end.frames() > 1 { "analyzing" } else { "never" }, &ANALYZING);
        Ok(AnalyzerOutput::new(FeaturePart::Key(None)))
    }
}

fn describe(features: &Features, duration_s: f64) -> Result<Enrichment> {
    wait_for_go("enriching", &ENRICHING);
    if data_dir().join(BROKEN).exists() {
        note("failed");
        return Err(Error::new(ErrorKind::Internal, "it broke"));
    }
    fanfare_analysis::describe(features, duration_s)
}

fn clock() -> Timestamp {
    let ahead = fs::read_to_string(data_dir().join(AHEAD)).ok().and_then(|ms| ms.parse().ok());
    now().plus_ms(ahead.unwrap_or(0))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn executor_process() {
    let data_dir = data_dir();
    let mut parts = WorkerParts { describe, clock, ..WorkerParts::default() };
    let entry = AnalyzerEntry { id: "waiting", version: 1, about: "waits", start: |_| Ok(Box::new(Waiting)) };
    parts.analyzers.push(entry);
    if data_dir.join(NO_TIME).exists() {
        parts.budget = TrackBudget { least: Duration::ZERO, per_second: 10.0 };
    }
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 4, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let done = runtime.block_on(run_worker_with(options, parts));
    // As the program does: a thread that hangs is left behind.
    runtime.shutdown_background();
    done.unwrap();
    std::process::exit(0);
}

/// Everything waits for the night, which comes when the test asks.
fn night(concurrency: usize) -> BackgroundOptions {
    BackgroundOptions {
        on_arrival: false,
        schedule: Schedule::Off,
        pacing: 0.0,
        cpu_share_percent: 100,
        concurrency,
        ..BackgroundOptions::default()
    }
}

async fn ingest(fixture: &Fixture, store: &Store, background: BackgroundOptions) -> Ingest {
    let mut args = ["executor_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let ingest = fixture.ingest_with(store, std::env::current_exe().unwrap(), args, 4, background).await;
    // No AAC: a ladder that needs no other program.
    ingest.set_uploads(UploadOptions { ladder: "high=flac".to_owned(), ..UploadOptions::default() });
    ingest
}

fn song(number: u32) -> Vec<u8> {
    let title = format!("song {number}");
    let tags = [("INAM", title.as_str()), ("IART", "a singer")];
    let tone = signals::sine(44_100, 4.0, 200.0 + 50.0 * f64::from(number), 0.3);
    wav_with_tags(44_100, &[tone], WavFormat::I16, &tags)
}

async fn upload(ingest: &Ingest, number: u32) -> TrackId {
    let mut receiving = ingest.receive(&format!("{number}.wav"), UserId::from_bytes([5; 16])).await.unwrap();
    receiving.write(Bytes::from(song(number))).await.unwrap();
    match receiving.finish().await.unwrap() {
        Uploaded::Added(id) => id,
        Uploaded::Known(id) => panic!("{id} is there already"),
    }
}

/// Waits until that is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !so().await {
            tokio::time::sleep(LOOK).await;
        }
    });
    assert!(waited.await.is_ok(), "waited too long for: {what}");
}

fn notes(fixture: &Fixture, kind: &str) -> Vec<usize> {
    let notes = fs::read_to_string(fixture.data().join(NOTES)).unwrap_or_default();
    let of_kind = notes.lines().filter_map(|line| line.strip_prefix(kind));
    of_kind.map(|number| number.trim().parse().unwrap_or(0)).collect()
}

fn go(fixture: &Fixture, kind: &str) {
    fs::create_dir_all(fixture.data()).unwrap();
    fs::write(fixture.data().join(format!("{GO}{kind}")), "").unwrap();
}

fn put_forward(fixture: &Fixture, ahead_ms: i64) {
    // Whole or not at all: the worker reads it at any time.
    let (new, file) = (fixture.data().join("clock-new"), fixture.data().join(AHEAD));
    fs::write(&new, ahead_ms.to_string()).unwrap();
    fs::rename(new, file).unwrap();
}

/// As many candidates at a time as are set, never one more, and the others wait.
#[tokio::test(flavor = "multi_thread")]
async fn candidates_of_a_run_are_analyzed_side_by_side_and_never_more_than_are_set() {
    for concurrency in [1, 3] {
        let fixture = Fixture::new();
        for number in 0..7 {
            fixture.song(&format!("{number}.wav"), number);
        }
        let store = fixture.store().await;
        let ingest = ingest(&fixture, &store, night(concurrency)).await;
        ingest.add_folder(&fixture.music()).await.unwrap();
        rest(&ingest).await;
        let run = ingest.run_nightly_now().await.unwrap();
        // All that may run do, and nobody goes on before they are all there: they run side by side.
        until("candidates side by side", async || notes(&fixture, "analyzing").len() == concurrency).await;
        let counts = store.jobs().counts("analyze-track").await.unwrap();
        assert_eq!((counts.running, counts.waiting), (concurrency as u64, 7 - concurrency as u64));
        go(&fixture, "analyzing");
        assert_eq!(ended(&ingest, run).await.message, "7 tracks analyzed");
        ingest.shutdown().await;
        let most = notes(&fixture, "analyzing");
        assert_eq!((most.len(), most.iter().max()), (7, Some(&concurrency)), "{most:?}");
    }
}

/// A track that is being analyzed when the time of a run is over is finished, and none is begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_is_analyzed_when_a_runs_time_is_over_is_done_and_none_is_begun() {
    let fixture = Fixture::new();
    for number in 0..4 {
        fixture.song(&format!("{number}.wav"), number);
    }
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, night(1)).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let run = ingest.run_nightly_now().await.unwrap();
    until("one is being analyzed", async || notes(&fixture, "analyzing").len() == 1).await;
    // Its four hours are over from now on: 3.6 ms.
    ingest.set_background(BackgroundOptions { budget_h: 1e-6, ..night(1) }).unwrap();
    let counts = async || store.jobs().counts("analyze-track").await.unwrap();
    until("the others are withdrawn", async || counts().await.cancelled == 3).await;
    assert_eq!((counts().await.running, counts().await.waiting), (1, 0));
    go(&fixture, "analyzing");
    let task = ended(&ingest, run).await;
    let said = "1 track analyzed, 3 tracks deferred to the next run (its 0.0 h are over)";
    assert_eq!((task.state, &*task.message), (TaskState::Succeeded, said));
    assert_eq!(notes(&fixture, "analyzing"), [1]);
    let states = tracks(&store).await.into_iter().map(|row| row.track.state);
    assert_eq!(states.filter(|state| *state == TrackState::Ready).count(), 1);
    ingest.shutdown().await;
}

/// Two uploads are processed at a time and one is enriched, however long that takes and
/// however many wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn two_uploads_are_processed_at_a_time_and_one_is_enriched() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, night(4)).await;
    for number in 0..5 {
        upload(&ingest, number).await;
    }
    let counts = async |queue: &'static str| store.jobs().counts(queue).await.unwrap();
    until("two are processed side by side", async || notes(&fixture, "analyzing").len() == 2).await;
    let processing = counts("process-track").await;
    assert_eq!((processing.running, processing.waiting), (2, 3));
    let states = tracks(&store).await.into_iter().map(|row| row.track.state);
    let (processing, queued): (Vec<_>, Vec<_>) = states.partition(|state| *state == TrackState::Processing);
    assert_eq!((processing.len(), queued), (2, vec![TrackState::Queued; 3]));

    // The first enrichment takes until all others wait for it, and the worker has done other work since.
    go(&fixture, "analyzing");
    until("five are processed", async || counts("process-track").await.done == 5).await;
    upload(&ingest, 5).await;
    until("a sixth is processed", async || counts("process-track").await.done == 6).await;
    let enriching = counts("enrich-track-audio").await;
    assert_eq!((enriching.running, enriching.waiting, enriching.done), (1, 5, 0));
    assert_eq!(notes(&fixture, "enriching"), [1]);
    go(&fixture, "enriching");
    rest(&ingest).await;
    assert_eq!(counts("enrich-track-audio").await.done, 6);
    ingest.shutdown().await;
    let processed = notes(&fixture, "analyzing");
    assert_eq!((processed.len(), processed.iter().max()), (6, Some(&2)), "{processed:?}");
    assert_eq!(notes(&fixture, "enriching"), [1; 6]);
}

/// The bytes that were sent are there until everything is made of them, and then gone.
#[tokio::test(flavor = "multi_thread")]
async fn temporary_audio_is_there_until_enrichment_is_over() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    go(&fixture, "analyzing");
    let ingest = ingest(&fixture, &store, night(1)).await;
    let ladder = "high=flac".to_owned();
    ingest.set_uploads(UploadOptions { ladder, keep_originals: false, ..UploadOptions::default() });
    let id = upload(&ingest, 1).await;
    until("it is enriched", async || notes(&fixture, "enriching").len() == 1).await;
    let track = async || store.catalog().track(id).await.unwrap().unwrap().track;
    let enriching = track().await;
    assert_eq!((enriching.state, enriching.enrichment), (TrackState::Enriching, EnrichmentState::Pending));
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap(), [enriching.hash.unwrap()]);
    go(&fixture, "enriching");
    rest(&ingest).await;
    let ready = track().await;
    assert_eq!((ready.state, ready.enrichment), (TrackState::Ready, EnrichmentState::Completed));
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap(), []);
    ingest.shutdown().await;
}

/// So many tracks at a time are cached as are set; what the library lacks is skipped with a line.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_tracks_are_cached_at_a_time_as_are_set_and_what_is_missing_is_skipped() {
    let fixture = Fixture::new();
    for number in 0..6 {
        let tone = signals::sine(44_100, 20.0, 200.0 + 50.0 * f64::from(number), 0.3);
        let path = fixture.music().join(format!("{number}.wav"));
        fs::write(path, wav(44_100, &[tone], WavFormat::I16)).unwrap();
    }
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, night(1)).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let unknown = TrackId::from_bytes([7; 16]);
    let known = tracks(&store).await.into_iter().map(|row| row.track.id);
    let all: Vec<TrackId> = known.chain([unknown]).collect();
    // More than there are processors are not begun.
    let most = std::thread::available_parallelism().unwrap().get().min(2);
    for (workers, quality) in [(1, Quality::Low), (most, Quality::High)] {
        let options = WarmOptions { qualities: vec![quality], which: Which::Missing, workers: Some(workers) };
        let run = ingest.warm(WarmScope::Tracks(all.clone()), options).await.unwrap();
        let (mut side_by_side, mut before) = (0, 0);
        until("the run is over", async || {
            let counts = store.jobs().task_counts(run).await.unwrap();
            // Two looks: for a moment one job is ended and not yet stored as done while the next one is begun.
            side_by_side = side_by_side.max(counts.running.min(before));
            before = counts.running;
            store.catalog().task(run).await.unwrap().unwrap().state.is_over()
        })
        .await;
        assert_eq!(side_by_side as usize, workers);
        let task = store.catalog().task(run).await.unwrap().unwrap();
        assert!(task.message.starts_with("6 cached, 0 skipped, 0 failed"), "{}", task.message);
        let skipped = format!("skipped {unknown}: no such track");
        assert_eq!(task.log.iter().filter(|line| line.text == skipped).count(), 1, "{:?}", task.log);
    }
    ingest.shutdown().await;
}

/// By the worker's own clock, which is put forward; and never before.
#[tokio::test(flavor = "multi_thread")]
async fn an_enrichment_that_fails_is_tried_after_five_minutes_and_after_five_more_and_fails_open() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    go(&fixture, "analyzing");
    go(&fixture, "enriching");
    fs::write(fixture.data().join(BROKEN), "").unwrap();
    let ingest = ingest(&fixture, &store, night(1)).await;
    let id = upload(&ingest, 1).await;
    let track = async || store.catalog().track(id).await.unwrap().unwrap().track;
    let (mut ahead_ms, mut begun) = (0, now());
    for attempt in 1..=2 {
        until("an attempt fails", async || {
            let counts = store.jobs().counts("enrich-track-audio").await.unwrap();
            notes(&fixture, "failed").len() == attempt && counts.running == 0
        })
        .await;
        // When the attempt failed is known to lie between these two; the pause is counted from there.
        let (from, to) = (begun.plus_ms(ahead_ms), now().plus_ms(ahead_ms));
        let job = store.jobs().job(waiting_enrichment(&store, id).await).await.unwrap().unwrap();
        assert!((from.plus_ms(300_000)..=to.plus_ms(300_000)).contains(&job.run_at), "{attempt}: {job:?}");
        assert_eq!((job.attempt.0 as usize, job.max_attempts), (attempt, 3));
        let waits = track().await;
        assert_eq!((waits.state, waits.enrichment), (TrackState::Enriching, EnrichmentState::Pending));
        let early = Timestamp(job.run_at.0 - 1);
        assert_eq!(store.jobs().claim("enrich-track-audio", "another", 1, early).await.unwrap(), []);
        ahead_ms = job.run_at.0 - now().0;
        begun = now();
        put_forward(&fixture, ahead_ms);
    }
    // The note is written before the end of the attempt is stored.
    until("the last attempt has failed", async || {
        let counts = store.jobs().counts("enrich-track-audio").await.unwrap();
        notes(&fixture, "failed").len() == 3 && counts.parked == 1
    })
    .await;
    rest(&ingest).await;
    let ended = track().await;
    assert_eq!(
        (ended.state, ended.enrichment),
        (TrackState::Ready, EnrichmentState::Failed),
        "it fails open"
    );
    assert_eq!(ended.enrichment_error.as_deref(), Some("it broke"));
    assert_eq!(store.catalog().enrichment(id).await.unwrap(), None);
    assert_eq!(store.jobs().counts("enrich-track-audio").await.unwrap().parked, 1);
    ingest.shutdown().await;
}

/// The id of a track's enrichment that waits.
async fn waiting_enrichment(store: &Store, track: TrackId) -> JobId {
    let new = NewJob {
        kind: JobKind::Describe { track },
        task: None,
        dedupe_key: Some(format!("enrich:{track}")),
        priority: 0,
        run_at: now(),
        max_attempts: 1,
    };
    // Another of that key is not queued: this gives the one that waits.
    store.jobs().enqueue(new, now()).await.unwrap()
}

/// A track that exceeds its budget is in the list of its run, with the reason, and costs no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_exceeds_its_budget_is_named_by_its_run() {
    let fixture = Fixture::new();
    // Its budget goes by its length, which is one frame: over before anybody analyzed it.
    fs::write(fixture.music().join("moment.wav"), wav(44_100, &[vec![0.5]], WavFormat::I16)).unwrap();
    fs::write(fixture.music().join("song.wav"), song(1)).unwrap();
    let store = fixture.store().await;
    go(&fixture, "analyzing");
    fs::write(fixture.data().join(NO_TIME), "").unwrap();
    let ingest = ingest(&fixture, &store, night(2)).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let run = ingest.run_nightly_now().await.unwrap();
    let over = async || store.catalog().task(run).await.unwrap().is_some_and(|task| task.state.is_over());
    let mut ahead_ms = 0;
    until("the run is over", async || {
        let counts = store.jobs().counts("analyze-track").await.unwrap();
        if (counts.waiting, counts.running) == (1, 0) {
            ahead_ms += 3_600_000;
            put_forward(&fixture, ahead_ms);
        }
        over().await
    })
    .await;
    let task = store.catalog().task(run).await.unwrap().unwrap();
    assert_eq!((task.kind, task.state), (TaskKind::Nightly, TaskState::PartialSuccess), "{task:?}");
    assert_eq!((task.failure_count, &*task.message), (1, "1 track analyzed, 1 failed"));
    let failure = &task.failures[0];
    assert!(failure.subject.ends_with("/moment.wav"), "{failure:?}");
    assert_eq!((failure.kind, &*failure.message), (ErrorKind::Timeout, "the track took longer than 0.0 s"));
    assert!(failure.next_retry.is_some(), "the next night may have more time");
    assert_eq!(failure.track, Some(tracks(&store).await[0].track.id));
    ingest.shutdown().await;
}

/// A worker that is killed while it processes an upload, and again while it enriches it, costs an
/// attempt each and nothing else (issue 12).
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_during_an_upload_loses_nothing_and_doubles_nothing() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, night(1)).await;
    let id = upload(&ingest, 1).await;
    let kill = || {
        let pid = i32::try_from(ingest.worker_status().pid.unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    // Everything is decoded and encoded by then, and nothing stored.
    until("it is processed", async || notes(&fixture, "analyzing").len() == 1).await;
    kill();
    until("it is processed again", async || notes(&fixture, "analyzing").len() == 2).await;
    go(&fixture, "analyzing");
    until("it is enriched", async || notes(&fixture, "enriching").len() == 1).await;
    kill();
    until("it is enriched again", async || notes(&fixture, "enriching").len() == 2).await;
    go(&fixture, "enriching");
    // The upload's task is not over before the upload is.
    rest(&ingest).await;

    let track = store.catalog().track(id).await.unwrap().unwrap().track;
    let tasks = store.catalog().tasks(10).await.unwrap();
    assert_eq!(
        (track.state, track.enrichment),
        (TrackState::Ready, EnrichmentState::Completed),
        "{tasks:#?}"
    );
    let (results, _) = store.catalog().analysis(id).await.unwrap();
    assert_eq!(results.len(), fanfare_analysis::versions().len() + 1);
    for queue in ["process-track", "enrich-track-audio"] {
        let counts = store.jobs().counts(queue).await.unwrap();
        assert_eq!((counts.done, counts.waiting, counts.running, counts.parked), (1, 0, 0, 0), "{queue}");
    }
    let ladder = store.catalog().pinned_transcode(track.hash.unwrap(), "hls").await.unwrap().unwrap();
    let frames: u64 = ladder.parts[0].segments.iter().map(|segment| segment.frames).sum();
    assert_eq!(frames, 4 * 44_100, "to the frame");
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap(), [track.hash.unwrap()]);
    assert_eq!(store.blobs().list(BlobKind::Media).await.unwrap(), [ladder.parts[0].blob]);
    assert_eq!(tracks(&store).await.len(), 1);
    assert_eq!(ingest.worker_status().restarts, 2);
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
    assert_eq!(fs::read_dir(store.blobs().staging()).unwrap().count(), 0, "nothing half made is left");
}
