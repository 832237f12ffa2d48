//! [`Work`]: what one kind of job does; and what it is given to do it with.
//!
//! To add a kind of job: make a file beside [`analyze`](super::analyze) with a type that implements [`Work`], add
//! its arm to [`dispatch`], and its queue to [`QUEUE_SPECS`](super::executor::QUEUE_SPECS). Everything else
//! is [`attempt`](super::attempt)'s: renewing the lease, the thread and its watchdog, cancelling, events, trying
//! again or parking, giving back at a stop.
//!
//! The order of one attempt: [`begin`](Work::begin) (async: looks things up, marks the track), the
//! [`BlockingWork`] it gave (synchronous, on a thread of its own, because a decoder may not return),
//! [`commit`](Work::commit) (async: one transaction with the effect and the job's end), [`after`](Work::after)
//! (async: whatever may fail without changing what became of the job).

use std::{future::Future, path::Path, sync::Arc};

use fanfare_audio::{CancelFlag, FanOutOptions, SinkThreads};
use fanfare_model::{
    Attempt, Error, ErrorKind, Features, Job, JobKind, Presence, Result, TaskId, Timestamp, Track, TrackId,
};

use fanfare_store::Leftover;

use super::{
    analyze::AnalyzeTrack,
    attempt::{AttemptEnd, attempt},
    cache::CacheTrack,
    enrich::EnrichTrack,
    executor::Executor,
    process::ProcessTrack,
    protocol::WorkerEvent,
    retry::{jitter, next_attempt},
    stream::StreamTrack,
    transcode::TranscodeTrack,
};
use crate::{
    post_analysis::{catch_up, run_hooks},
    text,
};

/// Says how far a blocking_work is: frames done and frames in all, as far as that is known. Called at least every few
/// seconds, it is the sign of life by which the watchdog goes.
pub(crate) type Progress = dyn FnMut(u64, Option<u64>) + Send;

/// The synchronous part of an attempt.
pub(crate) type BlockingWork<P> = Box<dyn FnOnce(&CancelFlag, &mut Progress) -> Result<P> + Send>;

/// An attempt whose job was looked up.
pub(crate) struct Begun<P> {
    /// What people are shown as being worked on, usually a path.
    pub(crate) shown: String,
    /// What is to be done on a thread.
    pub(crate) blocking_work: BlockingWork<P>,
}

/// What one kind of job does.
pub(crate) trait Work: Send + 'static {
    /// What its thread brings back.
    type Product: Send + 'static;

    /// Steps of priority that its threads give up, 0 to 19. (On Linux that belongs to a thread and what it starts:
    /// sinks, decoders. It also decides how they share the disk.)
    const NICE: i32 = 10;

    /// Whether a job whose result did not fit on a full disk waits for room. `false` where a listener waits for it now and
    /// gets something else, and where the result goes to the cache, which may lie on another disk.
    const WAITS_FOR_ROOM: bool = true;

    /// The track it is about.
    fn track(&self) -> TrackId;

    /// Looks up what is to be done and marks it as begun. `None` when there is nothing to do any more; then it
    /// has ended the job.
    fn begin(
        &mut self,
        held: &LeasedJob,
    ) -> impl Future<Output = Result<Option<Begun<Self::Product>>>> + Send;

    /// Stores the product and ends the job, in one transaction. An error fails the attempt.
    fn commit(&mut self, held: &LeasedJob, product: Self::Product)
    -> impl Future<Output = Result<()>> + Send;

    /// What is done once the product is stored. The job is over: nothing here can fail it.
    fn after(&mut self, _held: &LeasedJob) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// What is done once the failure with which the job is given up is stored. Nothing here can fail either.
    fn after_failure(&mut self, _held: &LeasedJob) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// The blocking_work's error, or a better one of what is behind it.
    fn explain(&self, _held: &LeasedJob, error: Error) -> impl Future<Output = Error> + Send {
        async { error }
    }

    /// The error that is told and stored in place of that one, whichever step it is of.
    fn name(&self, _held: &LeasedJob, error: Error) -> Error {
        error
    }

    /// When a failed attempt is tried again; `None` for never.
    fn retry_at(&self, held: &LeasedJob, kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
        next_attempt(kind, held.job.attempt.0, held.job.max_attempts, now, jitter(now))
    }

    /// Notes the failure with which the job is given up, and parks the job, in one transaction.
    fn give_up(
        &mut self,
        held: &LeasedJob,
        error: &Error,
        now: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// A job that this worker holds.
pub(crate) struct LeasedJob {
    pub(crate) executor: Arc<Executor>,
    pub(crate) job: Job,
    /// Its place on the executor: unique among the jobs at hand, small, and part of its threads' names.
    pub(crate) place: usize,
    /// Threads of its sinks: any that is left when the attempt is over hangs.
    pub(crate) threads: SinkThreads,
}

impl LeasedJob {
    /// Who holds it, as the store asks for it.
    pub(crate) fn owner(&self) -> &str {
        &self.executor.owner
    }

    /// Removes what was made and is not wanted any more.
    pub(crate) async fn remove(&self, leftover: Leftover) {
        if let Err(error) = self.executor.store.catalog().remove_unnamed(leftover).await {
            tracing::warn!(job = %self.job.id, %error, "what a job made in vain is left until it is swept");
        }
    }

    /// The attempt it is held by.
    pub(crate) const fn attempt(&self) -> Attempt {
        self.job.attempt
    }

    /// The task it is shown under.
    pub(crate) const fn task(&self) -> Option<TaskId> {
        self.job.task
    }

    /// Whether another attempt may follow this one.
    pub(crate) const fn may_be_tried_again(&self) -> bool {
        self.job.attempt.0 < self.job.max_attempts
    }

    /// When it is tried again after a full disk, however many attempts there were: soon at first, then after longer and longer
    /// pauses.
    pub(crate) fn once_there_is_room(&self, kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
        next_attempt(kind, self.job.attempt.0, u32::MAX, now, jitter(now))
    }

    /// Bounds of a fan-out for this job, without a budget: its sinks' threads have names by which a crashed one is known,
    /// and are counted.
    pub(crate) fn fan_out_options(&self) -> FanOutOptions {
        FanOutOptions {
            thread_prefix: format!("{}:", self.place),
            threads: self.threads.clone(),
            ..self.executor.parts.fan_out_options()
        }
    }

    /// Whether one of its sinks hangs: it was let go, and its thread is still there.
    pub(crate) fn hangs(&self) -> bool {
        self.threads.alive() > 0
    }

    /// Runs what follows an analysis that is stored now ([`PostAnalysis`](crate::PostAnalysis)), in the background and
    /// beside somebody's listening alike.
    pub(crate) async fn follow_up(&self, track: &Track, path: &Path) {
        let (hooks, store) = (&self.executor.parts.post_analysis, &self.executor.store);
        if hooks.is_empty() {
            return;
        }
        match store.catalog().analysis(track.id).await {
            Ok((results, _)) => run_hooks(hooks, track, path, &Features::from_results(results), store).await,
            Err(error) => tracing::warn!(track = %track.id, %error, "could not read what was just stored"),
        }
    }

    /// Has what waited for that track go on, though its analysis failed.
    pub(crate) async fn follow_up_failure(&self, track: TrackId) {
        let (hooks, store) = (&self.executor.parts.post_analysis, &self.executor.store);
        if hooks.is_empty() {
            return;
        }
        match store.catalog().track(track).await {
            Ok(row) => {
                if let Some(row) = row {
                    catch_up(hooks, Some(&row.track), store).await;
                }
            }
            Err(error) => tracing::warn!(%track, %error, "could not read what was just stored"),
        }
    }

    /// Ends the job without an effect: what it was about is gone.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost; errors of the store.
    pub(crate) async fn finish(&self) -> Result<()> {
        let now = crate::clock::now();
        self.executor.store.jobs().finish(self.job.id, self.attempt(), self.owner(), now).await
    }

    /// Gives the job back until the track is back, if that is missing; says whether it is.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost; errors of the store.
    pub(crate) async fn waits_for_its_track(&self, track: TrackId) -> Result<bool> {
        let catalog = self.executor.store.catalog();
        if catalog.presence(track).await? != Some(Presence::Missing) {
            return Ok(false);
        }
        catalog.hold_job(self.job.id, self.attempt(), self.owner(), crate::clock::now()).await?;
        Ok(true)
    }

    /// Says something for the log of the job's task, if it has one.
    pub(crate) fn note(&self, text: String) {
        if let Some(task) = self.task() {
            self.say(&WorkerEvent::Noted { task, text });
        }
    }

    pub(crate) fn say(&self, event: &WorkerEvent) {
        self.executor.event_writer.say(event);
    }
}

/// Makes an attempt at a job of whatever kind.
pub(crate) async fn dispatch(held: LeasedJob) -> AttemptEnd {
    match held.job.kind.clone() {
        JobKind::AnalyzeTrack { track } => attempt(held, AnalyzeTrack::new(track)).await,
        JobKind::ProcessTrack { track, products } => attempt(held, ProcessTrack::new(track, products)).await,
        JobKind::EnrichTrackAudio { track } => attempt(held, EnrichTrack::new(track)).await,
        JobKind::StreamTrack { track, profile } => attempt(held, StreamTrack::new(track, profile)).await,
        JobKind::CacheTrack { track, profiles } => attempt(held, CacheTrack::new(track, profiles)).await,
        JobKind::TranscodeTrack { track, ladder } => attempt(held, TranscodeTrack::new(track, ladder)).await,
    }
}

/// How a track without a known path is shown.
pub(crate) fn unnamed(work: &impl Work) -> String {
    text::unnamed(work.track())
}
