//! [`Work`]: what one kind of job does.
//!
//! To add a choice of products that jobs make: make a file in [`handlers`](crate::handlers) with a type that implements [`Work`], and add
//! its queue and its arm to the list there. Everything else is [`attempt`](super::attempt)'s: renewing the lease, the
//! thread and its watchdog, cancelling, events, trying again or parking, giving back at a stop.
//!
//! The order of one attempt: [`begin`](Work::begin) (async: looks things up, marks the track), the
//! [`BlockingWork`] it gave (synchronous, on a thread of its own, because a decoder may not return),
//! [`commit`](Work::commit) (async: one transaction with the effect and the job's end), [`after`](Work::after)
//! (async: whatever may fail without changing what became of the job).

use std::future::Future;

use fanfare_audio::CancelFlag;
use fanfare_channel::retry::{jitter, next_attempt};
use fanfare_model::{Error, ErrorKind, Result, Timestamp, TrackId};

use super::job::LeasedJob;

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
