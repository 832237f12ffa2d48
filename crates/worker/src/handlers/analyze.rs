//! The job `analyze-track`: analyze a track once, store what its analyzers found.

use std::{path::PathBuf, sync::Arc, time::Duration};

use fanfare_audio::CancelFlag;
use fanfare_channel::{clock, retry::next_night, stamp::FileStamp, text};
use fanfare_model::{
    Error, ErrorKind, Result, Timestamp, Track, TrackId,
    features::{AnalyzerOutcome, AnalyzerResult},
    job::JobError,
};
use fanfare_store::{AnalysisCommit, LeaseKey};

use crate::{
    loaded::Loaded,
    passes::analyze_file::{AnalysisInput, Analyzed, Far, analyze_file},
    products::stored_analysis::{enrichment, previous_analysis},
    resources::Resources,
    runtime::{
        job::LeasedJob,
        work::{Begun, Progress, Work},
    },
};

/// Tries to store a result when the store is busy or full for a moment.
const COMMIT_TRIES: u32 = 4;

/// Analyzing one track.
pub(crate) struct AnalyzeTrack {
    resources: Arc<Resources>,
    id: TrackId,
    /// The track as it was when the attempt began, and where its bytes lie.
    begun: Option<Box<(Track, PathBuf)>>,
}

impl AnalyzeTrack {
    pub(super) const fn new(resources: Arc<Resources>, id: TrackId) -> Self {
        Self { resources, id, begun: None }
    }

    fn begun(&self) -> Result<&Track> {
        let begun = self.begun.as_deref().map(|(track, _)| track);
        begun.ok_or_else(|| Error::new(ErrorKind::Internal, "the attempt has not begun"))
    }
}

impl Work for AnalyzeTrack {
    type Product = Box<Analyzed>;
    const NICE: i32 = 19;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let Some(Loaded { track, path }) = Loaded::or_finish(held, self.id).await? else { return Ok(None) };
        if let Some(folder) = track.home.folder() {
            self.resources.roots.reach(&held.context.store, folder).await?;
        }
        let catalog = held.context.store.catalog();
        catalog.begin_analysis(held.job.id, held.attempt(), held.owner(), self.id, clock::now()).await?;
        let before = previous_analysis(&held.context.store, &self.resources.parts.analyzers, &track).await?;
        let frames = track.audio.as_ref().and_then(|audio| audio.frames);
        let scanned = FileStamp::scanned(&track);
        let in_folder = track.home.folder().is_some();
        let shown = text::shown(&track, &path);
        self.begun = Some(Box::new((track, path.clone())));
        let analyzers = self.resources.parts.analyzers.clone();
        let (without, fan_out) = (held.job.without.clone(), self.resources.fan_out_options(held));
        let (throttle, budget) = (held.context.throttle.clone(), self.resources.parts.budget);
        let file =
            AnalysisInput { path, scanned, in_folder, frames, before, analyzers, without, fan_out, budget };
        let open = self.resources.open.clone();
        let blocking_work = Box::new(move |cancel: &CancelFlag, progress: &mut Progress| {
            let mut throttled = throttle.begin();
            let mut on_progress = |far: Far| {
                progress(far.frames, far.total);
                throttled.pass(far.audio_s, cancel, &mut || progress(far.frames, far.total));
            };
            analyze_file(&file, &open, cancel, &mut on_progress).map(Box::new)
        });
        Ok(Some(Begun { shown, blocking_work }))
    }

    async fn commit(&mut self, held: &LeasedJob, analyzed: Box<Analyzed>) -> Result<()> {
        // What hangs now hangs next time, and each time costs a worker.
        if held.may_be_tried_again()
            && !held.hangs()
            && let Some(error) = passing_trouble(&analyzed.results)
        {
            return Err(self.explain(held, error).await);
        }
        let track = self.begun()?;
        let enrichment =
            enrichment(&held.context.store, track, analyzed.content_hash, &analyzed.audio, &analyzed.results)
                .await;
        let commit = AnalysisCommit {
            job: held.job.id,
            attempt: held.attempt(),
            owner: held.owner().to_owned(),
            track: self.id,
            size_bytes: track.size_bytes,
            modified: track.modified,
            changed_ns: analyzed.changed_ns,
            content_hash: analyzed.content_hash,
            audio: analyzed.audio,
            results: analyzed.results,
            warnings: analyzed.warnings,
            enrichment,
        };
        let mut pause = Duration::from_millis(200);
        for attempt in 1.. {
            match held.context.store.catalog().commit_analysis(commit.clone(), clock::now()).await {
                Ok(()) => break,
                Err(error) if error.kind().is_transient() && attempt < COMMIT_TRIES => {
                    tracing::warn!(%error, attempt, "could not store a result, trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn after(&mut self, held: &LeasedJob) {
        if let Some(begun) = &self.begun {
            self.resources.follow_up(&held.context.store, &begun.0, &begun.1).await;
        }
    }

    async fn after_failure(&mut self, held: &LeasedJob) {
        self.resources.follow_up_failure(&held.context.store, self.id).await;
    }

    /// The same error, or the better one where the file's storage is away.
    async fn explain(&self, held: &LeasedJob, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Io | ErrorKind::PermissionDenied) {
            return error;
        }
        let Some(folder) = self.begun().ok().and_then(|track| track.home.folder()) else { return error };
        match self.resources.roots.reach(&held.context.store, folder).await {
            Err(away) if away.kind() == ErrorKind::Unavailable => away.because(error),
            _ => error,
        }
    }

    async fn give_up(&mut self, held: &LeasedJob, error: &Error, now: Timestamp) -> Result<()> {
        let (reason, next_retry) = (JobError::from(error), next_night(error.kind(), now));
        let catalog = held.context.store.catalog();
        let (job, attempt, owner) = (held.job.id, held.attempt(), held.owner());
        catalog.fail_analysis(LeaseKey::new(job, attempt, owner), self.id, &reason, next_retry, now).await
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
