//! [`LeasedJob`]: a job that this worker holds, and [`AttemptEnd`]: how an attempt at it ended.

use std::sync::Arc;

use fanfare_audio::SinkThreads;
use fanfare_channel::{
    protocol::WorkerEvent,
    retry::{jitter, next_attempt},
};
use fanfare_model::{Attempt, ErrorKind, Job, Presence, Result, TaskId, Timestamp, TrackId};
use fanfare_store::Leftover;

use super::context::Context;

/// How an attempt ended, as far as the executor cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    /// Its thread is gone.
    Over,
    /// Its thread does not come back: the process has to end.
    Stuck,
    /// It ended as it should, but a sink of it hangs and its thread cannot be ended: the process should end soon.
    Tainted,
}

/// A job that this worker holds.
pub(crate) struct LeasedJob {
    pub(crate) context: Arc<Context>,
    pub(crate) job: Job,
    /// Its place on the executor: unique among the held jobs, small, and part of its threads' names.
    pub(crate) place: usize,
    /// Threads of its sinks: any that is left when the attempt is over hangs.
    pub(crate) threads: SinkThreads,
}

impl LeasedJob {
    /// Who holds it, as the store asks for it.
    pub(crate) fn owner(&self) -> &str {
        &self.context.owner
    }

    /// Removes what was made and is not wanted any more.
    pub(crate) async fn remove(&self, leftover: Leftover) {
        if let Err(error) = self.context.store.catalog().remove_unnamed(leftover).await {
            tracing::warn!(job = %self.job.id, %error, "what a job made and is not needed is left until it is swept");
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

    /// Whether one of its sinks hangs: it was evicted, and its thread is still there.
    pub(crate) fn hangs(&self) -> bool {
        self.threads.alive() > 0
    }

    /// Ends the job without an effect: what it was about is gone.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost; errors of the store.
    pub(crate) async fn finish(&self) -> Result<()> {
        let now = fanfare_channel::clock::now();
        self.context.store.jobs().finish(self.job.id, self.attempt(), self.owner(), now).await
    }

    /// Gives the job back until the track is back, if that is missing; says whether it is.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost; errors of the store.
    pub(crate) async fn waits_for_its_track(&self, track: TrackId) -> Result<bool> {
        let catalog = self.context.store.catalog();
        if catalog.presence(track).await? != Some(Presence::Missing) {
            return Ok(false);
        }
        catalog.hold_job(self.job.id, self.attempt(), self.owner(), fanfare_channel::clock::now()).await?;
        Ok(true)
    }

    /// Says something for the log of the job's task, if it has one.
    pub(crate) fn note(&self, text: String) {
        if let Some(task) = self.task() {
            self.say(&WorkerEvent::Noted { task, text });
        }
    }

    pub(crate) fn say(&self, event: &WorkerEvent) {
        self.context.event_writer.say(event);
    }
}
