//! Every failure that is stored is one line in the log (issue 12).
#![allow(clippy::unwrap_used, clippy::panic)] // the whole file is test code, helpers included

mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use fanfare_model::{
    ErrorKind, JobKind, Timestamp, TrackId,
    features::{AnalyzerOutcome, AnalyzerResult},
    job::JobError,
};
use fanfare_store::{AfterFailure, LeaseKey, NewJob, ScanChange};
use serde_json::Value;
use support::{Fixture, NOW, OWNER, commit_of, failure, later};
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the log of this thread says.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Starts listening, until the guard is dropped.
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
        (log, lines.set_default())
    }

    /// The lines since the last time.
    fn lines(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn one(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines.remove(0)
    }
}

#[track_caller]
fn says(line: &Value, level: &str, work: &str, track: TrackId, file: &str, kind: &str, cause: &str) {
    let said = ["level", "work", "track", "file", "kind", "cause"].map(|field| line[field].as_str().unwrap());
    assert_eq!(said, [level, work, &track.to_string(), file, kind, cause], "{line:#}");
}

async fn claim(fixture: &Fixture, queue: &str, now: Timestamp) -> fanfare_model::Job {
    fixture.store.jobs().claim(queue, OWNER, 1, now).await.unwrap().pop().unwrap()
}

fn broke() -> JobError {
    JobError {
        kind: ErrorKind::Io,
        message: "it broke\nERROR forged".to_owned(),
        offset_bytes: None,
        remedy: None,
    }
}

#[tokio::test]
async fn every_failed_attempt_is_a_warning_and_the_last_one_an_error() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let (track, file) = (fixture.id("A/B/one.flac").await, "/music/A/B/one.flac");
    let new = NewJob {
        kind: JobKind::Describe { track },
        task: None,
        dedupe_key: None,
        priority: 0,
        run_at: NOW,
        max_attempts: 3,
    };
    fixture.store.jobs().enqueue(new, NOW).await.unwrap();
    let (log, _listening) = Log::listen();
    let queue = "enrich-track-audio";
    for attempt in 1..=3 {
        let now = later(300 * (attempt - 1));
        let job = claim(&fixture, queue, now).await;
        let after = AfterFailure::RetryAt(later(300 * attempt));
        fixture
            .store
            .jobs()
            .fail(LeaseKey::new(job.id, job.attempt, OWNER), broke(), after, now)
            .await
            .unwrap();
        let line = log.one();
        let level = if attempt < 3 { "WARN" } else { "ERROR" };
        says(&line, level, queue, track, file, "io", "it broke\nERROR forged");
        assert_eq!((line["attempt"].as_i64(), line["attempts"].as_i64()), (Some(attempt), Some(3)));
        assert_eq!(line["retry_in_s"].as_i64(), (attempt < 3).then_some(300), "{line:#}");
        // A worker that no longer holds the lease stores nothing, and reports nothing.
        let late = fixture.store.jobs().fail(
            LeaseKey::new(job.id, job.attempt, OWNER),
            broke(),
            AfterFailure::Park,
            now,
        );
        assert_eq!(late.await.unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(log.lines(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_holder_that_died_and_a_track_that_was_given_up_are_told() {
    let fixture = Fixture::new().await;
    fixture.add(&["a.flac", "b.flac"]).await;
    let (log, _listening) = Log::listen();
    let jobs = fixture.store.jobs().claim("analyze-track", OWNER, 2, NOW).await.unwrap();
    assert_eq!(fixture.store.jobs().release_owner(OWNER, NOW).await.unwrap(), 2);
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for (line, job) in lines.iter().zip(&jobs) {
        let track = job.kind.track();
        let file = if track == fixture.id("a.flac").await { "/music/a.flac" } else { "/music/b.flac" };
        let died = "the worker died while analyzing this file once";
        says(line, "WARN", "analyze-track", track, file, "internal", died);
    }
    // A lease that ran out is told likewise.
    let job = claim(&fixture, "analyze-track", NOW).await;
    assert_eq!(fixture.store.jobs().reap(later(3_600)).await.unwrap(), 1);
    let line = log.one();
    assert_eq!((&line["level"], &line["attempt"]), (&"WARN".into(), &2.into()), "{line:#}");
    assert_eq!(line["track"], job.kind.track().to_string());

    let job = claim(&fixture, "analyze-track", later(7_200)).await;
    let error = JobError { kind: ErrorKind::Malformed, message: "no frame is whole".to_owned(), ..broke() };
    let (track, catalog) = (job.kind.track(), fixture.store.catalog());
    catalog.fail_analysis(LeaseKey::new(job.id, job.attempt, OWNER), track, &error, None, NOW).await.unwrap();
    let line = log.one();
    assert_eq!((&line["level"], &line["cause"]), (&"ERROR".into(), &"no frame is whole".into()), "{line:#}");

    // What is given back or withdrawn failed nobody.
    let job = claim(&fixture, "analyze-track", later(9_000)).await;
    fixture.store.jobs().give_back(job.id, job.attempt, OWNER, NOW).await.unwrap();
    let job = claim(&fixture, "analyze-track", later(9_000)).await;
    fixture.store.jobs().withdraw(job.id, job.attempt, OWNER, NOW).await.unwrap();
    assert_eq!(log.lines(), Vec::<Value>::new());
}

/// The other analyzers' results are stored.
#[tokio::test]
async fn an_analyzer_that_failed_is_an_error_and_the_others_are_not_told() {
    let fixture = Fixture::new().await;
    fixture.add(&["a.flac"]).await;
    let track = fixture.id("a.flac").await;
    let job = claim(&fixture, "analyze-track", NOW).await;
    let mut done = commit_of(&job, b"a");
    let message = "panicked while finishing: on purpose".to_owned();
    done.results.push(AnalyzerResult {
        analyzer: "hostile".to_owned(),
        version: 7,
        outcome: AnalyzerOutcome::Failed { kind: ErrorKind::Internal, message: message.clone() },
    });
    let (log, _listening) = Log::listen();
    fixture.store.catalog().commit_analysis(done, NOW).await.unwrap();
    says(&log.one(), "ERROR", "analyzer hostile", track, "/music/a.flac", "internal", &message);
}

#[tokio::test]
async fn a_file_that_a_scan_cannot_read_is_told_once_until_it_is_another() {
    let fixture = Fixture::new().await;
    let (log, _listening) = Log::listen();
    let unreadable = |message: &str| ScanChange::Unreadable {
        relative_path: "a\nb.mp3".to_owned(),
        size_bytes: 5,
        modified: NOW,
        changed_ns: None,
        failure: failure(ErrorKind::NotAudio, message),
    };
    for (message, told) in [("words", true), ("words", false), ("other words", true), ("other words", false)]
    {
        fixture.scan(vec![unreadable(message)]).await;
        if told {
            let track = fixture.id("a\nb.mp3").await;
            says(&log.one(), "WARN", "reading a file", track, "/music/a\nb.mp3", "not-audio", message);
        } else {
            assert_eq!(log.lines(), Vec::<Value>::new());
        }
    }
}
