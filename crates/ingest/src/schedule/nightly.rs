//! [`Nightly`]: waits for the time of a nightly run, and has it [seen through](super::run).
//!
//! A run is a task with jobs of its own, which the worker takes like all others (when nothing else waits). So a run
//! that is killed at any moment loses nothing: what it has stored stays, and the next one finds what is left.
//!
//! No new track is begun after the deadline: what waits then is withdrawn in one transaction, behind which the queue has
//! nothing of this run left to claim. Tracks that are being analyzed are finished, within their own budget; if a user
//! cancels the run, they are stopped.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanfare_channel::protocol::WorkerEvent;
use fanfare_model::{Result, Task, TaskId, TaskKind, TaskState, Timestamp};
use fanfare_store::Store;
use jiff::tz::TimeZone;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::plan;
use crate::{
    BackgroundOptions, TaskHub, live_task::LiveTask, passes::Passes, scan::scheduler::ScanScheduler,
    supervisor::Supervisor, work_policy::WorkPolicy,
};

/// The wall clock is looked at that often: it may be set, and a machine may sleep.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A start that is later than that (the machine slept) is left out.
const LATE_MS: i64 = 60 * 60_000;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What tells the time and waits.
#[derive(Clone)]
pub(crate) struct NightClock {
    pub(crate) now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub(crate) sleep: Arc<dyn Fn(Duration) -> Sleep + Send + Sync>,
    pub(crate) zone: TimeZone,
}

impl NightClock {
    /// That of the machine, in its time zone (`TZ`, or what the system is set to).
    pub(crate) fn system() -> Self {
        Self {
            now: Arc::new(fanfare_channel::clock::now),
            sleep: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
            zone: TimeZone::system(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub(super) async fn sleep_until(&self, at: Timestamp) {
        let left = u64::try_from(at.0.saturating_sub(self.now().0)).unwrap_or(0);
        (self.sleep)(Duration::from_millis(left)).await;
    }
}

/// When nightly runs were and will be.
#[derive(Debug, Clone, PartialEq)]
pub struct BackgroundStatus {
    /// What is set.
    pub options: BackgroundOptions,
    /// When the next run starts; `None` for never.
    pub next_start: Option<Timestamp>,
    /// The last run, or the one under way.
    pub last: Option<Task>,
}

/// Where nightly runs are waited for, asked for and seen through. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Nightly {
    pub(super) inner: Arc<Inner>,
}

/// What nightly runs need of the rest of ingest.
pub(crate) struct NightlyParts {
    pub(crate) hub: TaskHub,
    pub(crate) work_policy: WorkPolicy,
    pub(crate) supervisor: Supervisor,
    pub(crate) events: broadcast::Sender<WorkerEvent>,
    pub(crate) clock: NightClock,
    pub(crate) passes: Passes,
    pub(crate) scans: ScanScheduler,
}

pub(super) struct Inner {
    pub(super) store: Store,
    hub: TaskHub,
    pub(super) work_policy: WorkPolicy,
    pub(super) supervisor: Supervisor,
    pub(super) events: broadcast::Sender<WorkerEvent>,
    pub(super) clock: NightClock,
    passes: Passes,
    pub(super) scans: ScanScheduler,
    state: Mutex<State>,
    asked: Notify,
}

#[derive(Default)]
pub(super) struct State {
    /// The run under way.
    running: Option<Run>,
    /// The one that a user asked for.
    wanted: Option<Run>,
    pub(super) last_start: Option<Timestamp>,
    /// Whether runs start by themselves.
    scheduled: bool,
}

#[derive(Clone)]
pub(super) struct Run {
    pub(super) task: LiveTask,
    pub(super) cancel: CancellationToken,
    pub(super) failed_too: bool,
}

impl Nightly {
    pub(crate) fn new(parts: NightlyParts) -> Self {
        let NightlyParts { hub, work_policy, supervisor, events, clock, passes, scans } = parts;
        let (store, state, asked) = (hub.store().clone(), Mutex::default(), Notify::new());
        let inner = Inner { store, hub, work_policy, supervisor, events, clock, passes, scans, state, asked };
        Self { inner: Arc::new(inner) }
    }

    /// From now on runs start by themselves, at their time. Before that, a user may ask for one.
    pub(crate) fn begin_schedule(&self) {
        self.state().scheduled = true;
        self.inner.asked.notify_one();
    }

    /// Asks for a run now; gives its task, or that of the one under way. `failed_too` takes up every failed track,
    /// also those that are not due.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn ask(&self, failed_too: bool) -> Result<TaskId> {
        let run = {
            let mut state = self.state();
            match &state.running {
                // (Its end is told a moment before it is cleared away.)
                Some(running) if !running.task.is_over() => return Ok(running.task.id()),
                _ => state.wanted.get_or_insert_with(|| self.new_run(failed_too)).clone(),
            }
        };
        run.task.show().await?;
        self.inner.asked.notify_one();
        Ok(run.task.id())
    }

    /// Cancels that run, whether it is under way or waits; `false` when it is neither.
    pub(crate) async fn cancel(&self, id: TaskId) -> bool {
        let waiting = {
            let mut state = self.state();
            let is_it = |run: &&Run| run.task.id() == id && !run.task.is_over();
            if let Some(running) = state.running.as_ref().filter(is_it) {
                running.cancel.cancel();
                return true;
            }
            state.wanted.take_if(|run| run.task.id() == id)
        };
        let Some(run) = waiting else { return false };
        run.task.end(TaskState::Cancelled, "cancelled before it began").await;
        true
    }

    /// When runs were and will be.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn status(&self) -> Result<BackgroundStatus> {
        let (clock, options) = (&self.inner.clock, self.inner.work_policy.options());
        let last_start = self.state().last_start;
        let next_start = plan::next_start(clock.now(), &clock.zone, &options, last_start);
        let is_nightly = |task: &Task| task.kind == TaskKind::Nightly;
        let last = match self.inner.hub.active().into_iter().find(is_nightly) {
            Some(under_way) => Some(under_way),
            None => self.inner.store.catalog().tasks_of(TaskKind::Nightly).await?.into_iter().next(),
        };
        Ok(BackgroundStatus { options, next_start, last })
    }

    /// Waits for runs and sees them through, until `stop`.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let last = self.last_start().await;
        self.state().last_start = last;
        loop {
            let (clock, options) = (&self.inner.clock, self.inner.work_policy.options());
            let now = clock.now();
            let (last, scheduled) = {
                let state = self.state();
                (state.last_start, state.scheduled)
            };
            let due = plan::next_start(now, &clock.zone, &options, last).filter(|_| scheduled);
            let look = now.plus_ms(LOOK_EVERY.as_millis() as i64);
            let run = tokio::select! {
                _ = stop.changed() => return,
                () = self.inner.asked.notified() => self.state().wanted.take(),
                () = self.inner.work_policy.options_changed() => None,
                () = clock.sleep_until(due.unwrap_or(look).min(look)) => {
                    let now = clock.now();
                    due.filter(|due| *due <= now && now.0 - due.0 < LATE_MS).map(|_| self.new_run(false))
                }
            };
            if let Some(run) = run {
                let start = clock.now();
                {
                    let mut state = self.state();
                    state.last_start = Some(start);
                    state.running = Some(run.clone());
                }
                tokio::select! {
                    () = self.see_through(&run, start) => {}
                    // Its jobs are given back and its task is closed by the next life of the server.
                    _ = stop.changed() => return,
                }
                self.inner.work_policy.nightly(false);
                self.state().running = None;
                if !run.cancel.is_cancelled() {
                    self.inner.passes.after_the_night(self.deadline(start));
                }
            }
        }
    }

    fn new_run(&self, failed_too: bool) -> Run {
        let task = LiveTask::new(&self.inner.hub, TaskKind::Nightly);
        Run { task, cancel: CancellationToken::new(), failed_too }
    }

    /// When the last run started that was not broken off.
    async fn last_start(&self) -> Option<Timestamp> {
        match self.inner.store.catalog().tasks_of(TaskKind::Nightly).await {
            Ok(tasks) => {
                tasks.into_iter().find(|task| task.state != TaskState::Cancelled).map(|task| task.created)
            }
            Err(error) => {
                tracing::warn!(%error, "could not look up the last nightly run");
                None
            }
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
