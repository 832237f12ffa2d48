//! One attempt at one job, of whatever kind: from the lease to its end in the store.
//!
//! What the kinds differ in is their [`Work`]; here is what is the same for all of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fanfare_audio::CancelFlag;
use fanfare_channel::{
    protocol::{BLOCKING_WORK, WorkerEvent},
    text,
};
use fanfare_model::{Error, ErrorKind, JobState, Result, Timestamp, job::JobError};
use fanfare_store::{AfterFailure, HEARTBEAT_MS, LeaseKey};
use rustix::process::nice;
use tokio::sync::oneshot;

use super::{
    job::{AttemptEnd, LeasedJob},
    nothing_fits::ends_a_run,
    work::{Begun, BlockingWork, Work},
};

/// Progress is said at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// A blocking_work that shows no progress for that long, after the least budget of a track, will never return.
const STUCK_AFTER: Duration = Duration::from_secs(120);
/// How long a cancelled blocking_work gets to notice.
const CANCEL_GRACE: Duration = Duration::from_secs(6);
/// How often a held lease is looked after, and a blocking_work watched.
const BEAT: Duration = Duration::from_millis(HEARTBEAT_MS as u64);

/// How often it is looked whether a job was withdrawn: its track was deleted, its run cancelled.
const WITHDRAWN_EVERY: Duration = Duration::from_secs(1);

/// How often to check whether the end of an attempt can be stored on a disk that was full.
const ROOM_LOOK: Duration = Duration::from_secs(1);

/// How long evicted sinks get to notice, in steps.
const THREAD_GRACE: (u32, Duration) = (20, Duration::from_millis(50));

/// Makes an attempt.
pub(crate) async fn attempt<W: Work>(held: LeasedJob, work: W) -> AttemptEnd {
    let shown = text::unnamed(work.track());
    let mut attempting = Attempting { held, work, shown, named: false };
    let end = match attempting.run().await {
        Ok(end) => end,
        Err(error) => {
            attempting.end_failed(error).await;
            AttemptEnd::Over
        }
    };
    if end == AttemptEnd::Over && attempting.leaves_a_thread().await { AttemptEnd::Tainted } else { end }
}

/// An attempt under way.
struct Attempting<W> {
    held: LeasedJob,
    work: W,
    /// The file as people are shown it.
    shown: String,
    /// Whether that is known already.
    named: bool,
}

impl<W: Work> Attempting<W> {
    async fn run(&mut self) -> Result<AttemptEnd> {
        if self.held.waits_for_its_track(self.work.track()).await? {
            self.say_dropped();
            return Ok(AttemptEnd::Over);
        }
        let Some(Begun { shown, blocking_work }) = self.work.begin(&self.held).await? else {
            self.say_dropped();
            return Ok(AttemptEnd::Over);
        };
        (self.shown, self.named) = (shown, true);
        let started = WorkerEvent::Started {
            job: self.held.job.id,
            track: self.work.track(),
            task: self.held.task(),
            place: self.held.place,
            path: self.shown.clone(),
        };
        self.held.context.event_writer.say_for_sure(&started).await;
        match self.on_a_thread(blocking_work).await {
            Outcome::Returned(Ok(product)) => {
                // Whether an evicted sink still runs is known only after a while.
                let _told_below = self.leaves_a_thread().await;
                self.work.commit(&self.held, product).await?;
                let (job, track, task) = (self.held.job.id, self.work.track(), self.held.task());
                self.held.say(&WorkerEvent::Finished { job, track, task });
                self.work.after(&self.held).await;
                Ok(AttemptEnd::Over)
            }
            Outcome::Returned(Err(error)) => Err(self.work.explain(&self.held, error).await),
            Outcome::Stuck(error) => {
                self.end_failed(error).await;
                Ok(AttemptEnd::Stuck)
            }
        }
    }

    /// Whether a sink still runs although it was evicted.
    async fn leaves_a_thread(&self) -> bool {
        let (steps, pause) = THREAD_GRACE;
        for _ in 0..steps {
            if !self.held.hangs() {
                return false;
            }
            tokio::time::sleep(pause).await;
        }
        tracing::debug!(job = %self.held.job.id, path = self.shown, "an analyzer hangs and cannot be ended");
        true
    }

    /// Does the blocking_work on a thread of its own, renews the lease meanwhile, and gives up what does not come back.
    async fn on_a_thread(&self, blocking_work: BlockingWork<W::Product>) -> Outcome<W::Product> {
        let cancel = CancelFlag::default();
        let (sender, mut returned) = oneshot::channel();
        let began = Instant::now();
        let last_sign_ms = Arc::new(AtomicU64::new(0));
        let spawned = {
            let (cancel, last_sign_ms) = (cancel.clone(), Arc::clone(&last_sign_ms));
            let mut progress = self.progress(began, last_sign_ms);
            std::thread::Builder::new().name(format!("{}:{BLOCKING_WORK}", self.held.place)).spawn(
                move || {
                    if let Err(error) = nice(W::NICE) {
                        tracing::debug!(%error, "could not lower the priority");
                    }
                    let _given_up = sender.send(blocking_work(&cancel, &mut progress));
                },
            )
        };
        if let Err(error) = spawned {
            let error = Error::new(ErrorKind::Unavailable, "cannot start a thread to work on").because(error);
            return Outcome::Returned(Err(error));
        }
        let begins = tokio::time::Instant::now();
        let mut beat = tokio::time::interval_at(begins + BEAT, BEAT);
        let mut look = tokio::time::interval_at(begins + WITHDRAWN_EVERY, WITHDRAWN_EVERY);
        loop {
            tokio::select! {
                product = &mut returned => return Outcome::of(product),
                () = self.held.context.stop.cancelled() => {
                    cancel.cancel();
                    return match tokio::time::timeout(CANCEL_GRACE, &mut returned).await {
                        Ok(Ok(Ok(product))) => Outcome::Returned(Ok(product)),
                        // Its child processes were ended: whatever it says of that is no failure of the job.
                        _ => Outcome::Returned(Err(Error::new(ErrorKind::Cancelled, "the worker stops"))),
                    };
                }
                _ = look.tick() => {
                    if self.is_withdrawn().await {
                        cancel.cancel();
                    }
                }
                _ = beat.tick() => {
                    let silent = began.elapsed().saturating_sub(Duration::from_millis(last_sign_ms.load(Ordering::Relaxed)));
                    if began.elapsed() > self.held.context.least_budget && silent > STUCK_AFTER {
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
        last_sign_ms: Arc<AtomicU64>,
    ) -> impl FnMut(u64, Option<u64>) + Send + 'static {
        let (event_writer, job, task) =
            (self.held.context.event_writer.clone(), self.held.job.id, self.held.task());
        let path = self.shown.clone();
        let mut said = Instant::now();
        move |frames, total| {
            last_sign_ms
                .store(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            if said.elapsed() >= PROGRESS_EVERY {
                said = Instant::now();
                event_writer.say(&WorkerEvent::Progress { job, task, path: path.clone(), frames, total });
            }
        }
    }

    /// Whether the job was withdrawn. Only a clear answer counts.
    async fn is_withdrawn(&self) -> bool {
        let job = self.held.context.store.jobs().job(self.held.job.id).await;
        job.is_ok_and(|job| job.is_none_or(|job| job.state == JobState::Cancelled))
    }

    /// Renews the lease; anything but a clear "lost" is tried again at the next beat.
    async fn lease_is_lost(&self) -> bool {
        let held = &self.held;
        let now = held.context.now();
        let renewed =
            held.context.store.jobs().heartbeat(held.job.id, held.attempt(), held.owner(), now).await;
        match renewed {
            Ok(()) => false,
            Err(error) => {
                tracing::warn!(job = %held.job.id, %error, "could not renew a lease");
                error.kind() == ErrorKind::Conflict
            }
        }
    }

    async fn end_failed(&mut self, error: Error) {
        let now = self.held.context.now();
        let (job, track) = (self.held.job.id, self.work.track());
        if error.kind() == ErrorKind::Cancelled {
            let jobs = self.held.context.store.jobs();
            if let Err(error) = jobs.give_back(job, self.held.attempt(), self.held.owner(), now).await {
                tracing::debug!(%job, %error, "could not give a job back");
            }
            return self.say_dropped();
        }
        let error = self.work.name(&self.held, error);
        if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) {
            self.held.say(&WorkerEvent::Stale { track });
        }
        let waits = W::WAITS_FOR_ROOM && self.disk_is_to_blame(&error).await;
        let now = self.held.context.now();
        let retry_at = match error.kind() {
            kind if waits => self.held.once_there_is_room(kind, now),
            kind => self.work.retry_at(&self.held, kind, now),
        };
        self.name().await;
        match self.store_failure(&error, (retry_at, waits), now).await {
            Ok(()) => {
                self.held.say(&WorkerEvent::Failed {
                    job,
                    track,
                    task: self.held.task(),
                    path: self.shown.clone(),
                    kind: error.kind(),
                    message: text::sentence(&error),
                    ends_run: ends_a_run(&error),
                    retry_at,
                });
                if retry_at.is_none() {
                    self.work.after_failure(&self.held).await;
                }
            }
            // The lease was lost: its holder of now decides.
            Err(refused) => {
                tracing::info!(%job, %error, %refused, "the end of an attempt was not stored");
                self.say_dropped();
            }
        }
    }

    /// Whether the attempt failed because nothing can be stored: then it does not count. Until something can be stored, this
    /// waits, because the end of the attempt cannot be stored either. A lease that expires meanwhile is ended by the server.
    async fn disk_is_to_blame(&self, error: &Error) -> bool {
        let kind = error.kind();
        if !matches!(kind, ErrorKind::NoSpace | ErrorKind::Io | ErrorKind::Unavailable) {
            return false;
        }
        let context = &self.held.context;
        if context.store.look_at_disk().await.is_none() {
            return kind == ErrorKind::NoSpace;
        }
        while context.store.look_at_disk().await.is_some() {
            tokio::select! {
                () = tokio::time::sleep(ROOM_LOOK) => {}
                () = context.stop.cancelled() => break,
            }
        }
        true
    }

    /// Looks the file's name up where the attempt failed before that was known: people are told names, not ids.
    async fn name(&mut self) {
        if self.named {
            return;
        }
        match self.held.context.store.catalog().shown_name(self.work.track()).await {
            Ok(Some(name)) => (self.shown, self.named) = (name, true),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "could not look up the name of a file"),
        }
    }

    async fn store_failure(
        &mut self,
        error: &Error,
        (retry_at, waits): (Option<Timestamp>, bool),
        now: Timestamp,
    ) -> Result<()> {
        let Some(at) = retry_at else { return self.work.give_up(&self.held, error, now).await };
        let held = &self.held;
        let after = if waits { AfterFailure::WaitUntil(at) } else { AfterFailure::RetryAt(at) };
        held.context
            .store
            .jobs()
            .fail(LeaseKey::new(held.job.id, held.attempt(), held.owner()), JobError::from(error), after, now)
            .await
    }

    fn say_dropped(&self) {
        self.held.say(&WorkerEvent::Dropped { job: self.held.job.id });
    }
}

enum Outcome<P> {
    Returned(Result<P>),
    Stuck(Error),
}

impl<P> Outcome<P> {
    fn of(returned: std::result::Result<Result<P>, oneshot::error::RecvError>) -> Self {
        Self::Returned(returned.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, "the work broke off (a panic, see the log)"))
        }))
    }
}
