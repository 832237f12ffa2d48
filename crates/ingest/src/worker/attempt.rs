//! One attempt at one job: from the lease to its end in the store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fanfare_audio::CancelFlag;
use fanfare_model::{
    Error, ErrorKind, Job, JobKind, Result, Timestamp, Track, TrackId,
    features::{AnalyzerOutcome, AnalyzerResult},
    job::JobError,
};
use fanfare_store::{AfterFailure, AnalysisCommit, HEARTBEAT_MS};
use tokio::sync::oneshot;

use super::{
    bench::Bench,
    hear::{Hearable, Heard, HeardBefore, MIN_BUDGET, hear, storage_is_away},
    protocol::WorkerEvent,
    retry::{jitter, next_attempt},
};
use crate::{clock, detached, text};

/// Progress is said at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// A decoder that shows no progress for that long, after its track's least budget, will never return.
const STUCK_AFTER: Duration = Duration::from_secs(120);
/// How long a cancelled decoder gets to notice.
const CANCEL_GRACE: Duration = Duration::from_secs(6);
/// How often a held lease is looked after, and a decoder watched.
const BEAT: Duration = Duration::from_millis(HEARTBEAT_MS as u64);
/// Tries to store a result when the store is busy or full for a moment.
const COMMIT_TRIES: u32 = 4;

/// How an attempt ended, as far as the bench cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    /// Its thread is gone.
    Over,
    /// Its thread does not come back: the process has to end.
    Stuck,
}

/// An attempt under way.
pub(crate) struct Attempting {
    bench: Arc<Bench>,
    job: Job,
    track: TrackId,
    /// The path as people are shown it.
    shown: String,
}

impl Attempting {
    pub(crate) fn new(bench: Arc<Bench>, job: Job) -> Self {
        let JobKind::AnalyzeTrack { track } = job.kind;
        Self { bench, job, track, shown: text::unnamed(track) }
    }

    pub(crate) async fn run(mut self) -> AttemptEnd {
        match self.attempt().await {
            Ok(end) => end,
            Err(error) => {
                self.end_failed(error).await;
                AttemptEnd::Over
            }
        }
    }

    async fn attempt(&mut self) -> Result<AttemptEnd> {
        let catalog = self.bench.store.catalog();
        let row = catalog.track(self.track).await?;
        let path = catalog.track_path(self.track).await?;
        let (Some(row), Some(path)) = (row, path) else {
            // The track was removed while its job waited.
            self.bench
                .store
                .jobs()
                .finish(self.job.id, self.job.attempt, &self.bench.owner, clock::now())
                .await?;
            self.say_dropped();
            return Ok(AttemptEnd::Over);
        };
        let track = row.track;
        self.shown = path.display().to_string();
        catalog
            .begin_analysis(self.job.id, self.job.attempt, &self.bench.owner, self.track, clock::now())
            .await?;
        self.bench.mouth.say(&WorkerEvent::Started {
            job: self.job.id,
            track: self.track,
            path: self.shown.clone(),
        });
        let before = self.heard_before(&track).await?;
        let frames = track.audio.as_ref().and_then(|audio| audio.frames);
        let (size_bytes, modified) = (track.size_bytes, track.modified);
        let file = Hearable { path, size_bytes, modified, frames, before };
        match self.hear_in_thread(file).await {
            Outcome::Returned(Ok(heard)) => {
                if self.job.attempt.0 < self.job.max_attempts
                    && let Some(error) = passing_trouble(&heard.results)
                {
                    return Err(self.explain(&track, error).await);
                }
                self.commit(&track, *heard).await.map(|()| AttemptEnd::Over)
            }
            Outcome::Returned(Err(error)) => Err(self.explain(&track, error).await),
            Outcome::Stuck(error) => {
                self.end_failed(error).await;
                Ok(AttemptEnd::Stuck)
            }
        }
    }

    async fn heard_before(&self, track: &Track) -> Result<Option<HeardBefore>> {
        let Some(content_hash) = track.content_hash else { return Ok(None) };
        let (results, _) = self.bench.store.catalog().analysis(track.id).await?;
        let versions = fanfare_analysis::versions();
        let present = |result: &AnalyzerResult| {
            let version = versions.iter().find(|(id, _)| *id == result.analyzer).map(|(_, version)| *version);
            version == Some(result.version) && matches!(result.outcome, AnalyzerOutcome::Ok { .. })
        };
        let analyzers = results.into_iter().filter(present).map(|result| result.analyzer).collect();
        Ok(Some(HeardBefore { content_hash, analyzers }))
    }

    /// Hears on a thread of its own, renews the lease meanwhile, and gives up what does not come back.
    async fn hear_in_thread(&self, file: Hearable) -> Outcome {
        let cancel = CancelFlag::default();
        let (sender, mut returned) = oneshot::channel();
        let began = Instant::now();
        let life = Arc::new(AtomicU64::new(0));
        let spawned = {
            let (cancel, open, life) = (cancel.clone(), self.bench.open.clone(), Arc::clone(&life));
            let mut progress = self.progress(began, life);
            std::thread::Builder::new().name("hear".to_owned()).spawn(move || {
                let _given_up = sender.send(hear(&file, &open, &cancel, &mut progress));
            })
        };
        if let Err(error) = spawned {
            let error = Error::new(ErrorKind::Unavailable, "cannot start a thread to hear").because(error);
            return Outcome::Returned(Err(error));
        }
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        loop {
            tokio::select! {
                heard = &mut returned => return Outcome::of(heard),
                () = self.bench.stop.cancelled() => {
                    cancel.cancel();
                    return match tokio::time::timeout(CANCEL_GRACE, &mut returned).await {
                        Ok(heard) => Outcome::of(heard),
                        Err(_) => Outcome::Returned(Err(Error::new(ErrorKind::Cancelled, "the worker stops"))),
                    };
                }
                _ = beat.tick() => {
                    let silent = began.elapsed().saturating_sub(Duration::from_millis(life.load(Ordering::Relaxed)));
                    if began.elapsed() > MIN_BUDGET && silent > STUCK_AFTER {
                        cancel.cancel();
                        let message = format!("the decoder stood still for {} s", silent.as_secs());
                        return Outcome::Stuck(Error::new(ErrorKind::Timeout, message));
                    }
                    if self.lease_is_lost().await {
                        cancel.cancel();
                    }
                }
            }
        }
    }

    fn progress(
        &self,
        began: Instant,
        life: Arc<AtomicU64>,
    ) -> impl FnMut(u64, Option<u64>) + Send + 'static {
        let (mouth, job, path) = (self.bench.mouth.clone(), self.job.id, self.shown.clone());
        let mut said = Instant::now();
        move |frames, total| {
            life.store(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            if said.elapsed() >= PROGRESS_EVERY {
                said = Instant::now();
                mouth.say(&WorkerEvent::Progress { job, path: path.clone(), frames, total });
            }
        }
    }

    /// Renews the lease; anything but a clear "lost" is tried again at the next beat.
    async fn lease_is_lost(&self) -> bool {
        let renewed = self
            .bench
            .store
            .jobs()
            .heartbeat(self.job.id, self.job.attempt, &self.bench.owner, clock::now())
            .await;
        match renewed {
            Ok(()) => false,
            Err(error) => {
                tracing::warn!(job = %self.job.id, %error, "could not renew a lease");
                error.kind() == ErrorKind::Conflict
            }
        }
    }

    async fn commit(&self, track: &Track, heard: Heard) -> Result<()> {
        let commit = AnalysisCommit {
            job: self.job.id,
            attempt: self.job.attempt,
            owner: self.bench.owner.clone(),
            track: self.track,
            size_bytes: track.size_bytes,
            modified: track.modified,
            content_hash: heard.content_hash,
            audio: heard.audio,
            results: heard.results,
            warnings: heard.warnings,
        };
        let mut pause = Duration::from_millis(200);
        for attempt in 1.. {
            match self.bench.store.catalog().commit_analysis(commit.clone(), clock::now()).await {
                Ok(()) => break,
                Err(error) if error.kind().is_transient() && attempt < COMMIT_TRIES => {
                    tracing::warn!(%error, attempt, "could not store a result, trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
                Err(error) => return Err(error),
            }
        }
        self.bench.mouth.say(&WorkerEvent::Finished { job: self.job.id, track: self.track });
        Ok(())
    }

    /// The same error, or the better one where the file's storage is away.
    async fn explain(&self, track: &Track, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Io | ErrorKind::PermissionDenied) {
            return error;
        }
        let folders = self.bench.store.catalog().folders().await.unwrap_or_default();
        let Some(folder) = folders.into_iter().find(|folder| folder.id == track.folder) else { return error };
        let root = folder.path.clone();
        // Storage that gives no answer is away too.
        let away = detached::look(move || storage_is_away(&root)).await.unwrap_or(true);
        if !away {
            return error;
        }
        Error::new(ErrorKind::Unavailable, format!("the folder {} is away", folder.path.display()))
            .remedy("connect the storage; the track is tried again by itself")
            .because(error)
    }

    async fn end_failed(&self, error: Error) {
        let (bench, job, now) = (&self.bench, &self.job, clock::now());
        if error.kind() == ErrorKind::Cancelled {
            if let Err(error) = bench.store.jobs().give_back(job.id, job.attempt, &bench.owner, now).await {
                tracing::debug!(job = %job.id, %error, "could not give a job back");
            }
            return self.say_dropped();
        }
        if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) {
            bench.mouth.say(&WorkerEvent::Stale { track: self.track });
        }
        let retry_at = next_attempt(error.kind(), job.attempt.0, job.max_attempts, now, jitter(now));
        match self.store_failure(&error, retry_at, now).await {
            Ok(()) => bench.mouth.say(&WorkerEvent::Failed {
                job: job.id,
                track: self.track,
                path: self.shown.clone(),
                kind: error.kind(),
                message: text::sentence(&error),
                retry_at,
            }),
            // The lease was lost: whoever holds it now decides.
            Err(refused) => {
                tracing::info!(job = %job.id, %error, %refused, "the end of an attempt was not stored");
                self.say_dropped();
            }
        }
    }

    async fn store_failure(&self, error: &Error, retry_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
        let (bench, job) = (&self.bench, &self.job);
        match retry_at {
            Some(at) => {
                let after = AfterFailure::RetryAt(at);
                bench
                    .store
                    .jobs()
                    .fail(job.id, job.attempt, &bench.owner, JobError::from(error), after, now)
                    .await
            }
            None => {
                let failure = text::track_failure(error, now, None);
                let catalog = bench.store.catalog();
                catalog.fail_analysis(job.id, job.attempt, &bench.owner, self.track, failure, now).await
            }
        }
    }

    fn say_dropped(&self) {
        self.bench.mouth.say(&WorkerEvent::Dropped { job: self.job.id });
    }
}

/// The trouble of an analyzer that failed for a reason that may be gone at the next attempt.
fn passing_trouble(results: &[AnalyzerResult]) -> Option<Error> {
    results.iter().find_map(|result| match &result.outcome {
        AnalyzerOutcome::Failed { kind, message } if kind.is_transient() => Some(
            Error::new(*kind, message.clone()).context(format!("the analyzer {} failed", result.analyzer)),
        ),
        _ => None,
    })
}

enum Outcome {
    Returned(Result<Box<Heard>>),
    Stuck(Error),
}

impl Outcome {
    fn of(returned: std::result::Result<Result<Heard>, oneshot::error::RecvError>) -> Self {
        Self::Returned(match returned {
            Ok(heard) => heard.map(Box::new),
            Err(_) => Err(Error::new(ErrorKind::Internal, "hearing broke off (a panic, see the log)")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trouble_that_may_pass_is_worth_another_attempt() {
        let failed = |kind| AnalyzerResult {
            analyzer: "key".to_owned(),
            version: 1,
            outcome: AnalyzerOutcome::Failed { kind, message: "it broke".to_owned() },
        };
        for (kinds, expected) in [
            (&[][..], None),
            (&[ErrorKind::Malformed], None),
            (&[ErrorKind::Internal, ErrorKind::Io], Some(ErrorKind::Io)),
            (&[ErrorKind::Timeout], Some(ErrorKind::Timeout)),
        ] {
            let results: Vec<_> = kinds.iter().copied().map(failed).collect();
            assert_eq!(passing_trouble(&results).map(|error| error.kind()), expected, "{kinds:?}");
        }
    }
}
