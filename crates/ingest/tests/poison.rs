//! A file that kills every worker that touches it: it is given up, and its neighbours are not.
//!
//! The worker of this test is this program again, playing one that dies of a certain track.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{
    io::{BufRead as _, Write as _},
    path::PathBuf,
};

use fanfare_model::{
    ContentHash, ErrorKind, TaskState, Timestamp, TrackState,
    features::{AnalyzerOutcome, AnalyzerResult},
};
use fanfare_store::{AnalysisCommit, Store, StoreOptions};
use serde_json::{Value, json};

mod fixture;
use fixture::{Fixture, rest, tracks};

const QUEUE: &str = "analyze-track";

#[test]
#[ignore = "the body of the worker process that the other test starts"]
fn poisoned_process() {
    let data = PathBuf::from(std::env::args_os().next_back().unwrap());
    let say = |event: Value| println!("{event}");
    say(json!({"event": "ready", "pid": std::process::id(), "version": "test"}));
    // A line without a message comes first: it carries the live channel.
    let mut lines = std::io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.is_empty());
    let mut told = || lines.next().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let start = told().unwrap();
    let owner = start["owner"].as_str().unwrap();
    let slots = start["slots"].as_u64().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = StoreOptions { migrate: false, readers: 1, busy_timeout_ms: 10_000 };
        let store = Store::open(&data, &options).await.unwrap();
        loop {
            let jobs = store.jobs().claim(QUEUE, owner, slots as u32, now()).await.unwrap();
            let mut poisoned = false;
            if !jobs.is_empty() {
                let mut log =
                    std::fs::File::options().append(true).create(true).open(data.join("claims")).unwrap();
                writeln!(log, "{}", jobs.len()).unwrap();
            }
            for job in &jobs {
                let track = job.kind.track();
                say(json!({"event": "started", "job": job.id, "track": track, "path": "a file"}));
                let row = store.catalog().track(track).await.unwrap().unwrap();
                poisoned |= row.track.relative_path == "02 poison.wav";
            }
            if poisoned {
                std::process::abort();
            }
            for job in &jobs {
                let track = job.kind.track();
                let row = store.catalog().track(track).await.unwrap().unwrap();
                let (job_id, attempt, track) = (job.id, job.attempt, row.track);
                let failed = |(id, version): (&str, u32)| AnalyzerResult {
                    analyzer: id.to_owned(),
                    version,
                    outcome: AnalyzerOutcome::Failed {
                        kind: ErrorKind::Internal,
                        message: "played".to_owned(),
                    },
                };
                let commit = AnalysisCommit {
                    job: job_id,
                    attempt,
                    owner: owner.to_owned(),
                    track: track.id,
                    size_bytes: track.size_bytes,
                    modified: track.modified,
                    changed_ns: None,
                    content_hash: ContentHash::from_bytes([track.id.as_bytes()[15]; 32]),
                    audio: track.audio.unwrap(),
                    results: fanfare_analysis::versions().into_iter().map(failed).collect(),
                    warnings: Vec::new(),
                    enrichment: None,
                };
                store.catalog().commit_analysis(commit, now()).await.unwrap();
                let track = track.id;
                say(json!({"event": "finished", "job": job.id, "track": track}));
            }
            if !jobs.is_empty() {
                continue;
            }
            let counts = store.jobs().counts(QUEUE).await.unwrap();
            if counts.waiting > 0 {
                // A retry comes due by itself.
                std::thread::sleep(std::time::Duration::from_millis(50));
                continue;
            }
            say(json!({"event": "idle"}));
            match told() {
                Some(told) if told["command"] == "stop" => return,
                Some(_) => {}
                None => return,
            }
        }
    });
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_kills_workers_is_given_up_and_its_neighbours_are_not() {
    let fixture = Fixture::new();
    for number in 0..40 {
        fixture.song(&format!("{number:02}.wav"), number);
    }
    fixture.song("02 poison.wav", 99);
    let store = fixture.store().await;
    let mut args = ["poisoned_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let ingest = fixture.ingest(&store, std::env::current_exe().unwrap(), args, 4).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let counts = store.jobs().counts(QUEUE).await.unwrap();
    assert_eq!((counts.done, counts.parked, counts.waiting, counts.running), (40, 1, 0, 0));
    // Only what ran is tried alone: the three neighbours once, and the poison itself.
    let claims = std::fs::read_to_string(fixture.data().join("claims")).unwrap();
    let alone = claims.lines().filter(|jobs| *jobs == "1").count();
    assert!(alone <= 3 + 4 + 1, "{claims}");
    let rows = tracks(&store).await;
    let poison = rows.iter().find(|row| row.track.relative_path == "02 poison.wav").unwrap();
    assert_eq!(poison.track.state, TrackState::Failed);
    let failure = poison.track.failure.as_ref().unwrap();
    assert!(failure.message.contains("died while analyzing this file 5 times"), "{}", failure.message);
    let task = store.catalog().tasks(10).await.unwrap().into_iter().find(|task| task.total == 41).unwrap();
    assert_eq!((task.state, task.failure_count), (TaskState::PartialSuccess, 1), "{task:?}");
    assert!(task.failures[0].subject.ends_with("poison.wav"), "{task:?}");
    let status = ingest.worker_status();
    assert!(
        status.restarts >= 4 && status.last_exit.as_deref() == Some("it was ended by signal 6"),
        "{status:?}"
    );
    ingest.shutdown().await;
}
