//! [`Nightly`]: waits for the time of a nightly run, and sees it through.
//!
//! A run is a task with jobs of its own, which the worker takes like all others (when nothing else waits). So a run
//! that is killed at any moment loses nothing: what it has stored stays, and the next one finds what is left.
//!
//! No new track is begun after the deadline: what waits then is withdrawn in one transaction, behind which the queue has
//! nothing of this run left to claim. Tracks at hand are heard to their end, within their own budget; those of a run that
//! somebody cancels are let go.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanfare_model::{Result, Task, TaskId, TaskKind, TaskState, Timestamp};
use fanfare_store::{JobCounts, Store};
use jiff::tz::TimeZone;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::plan;
use crate::{
    BackgroundOptions, TaskHub, governor::Governor, hearing, live_task::LiveTask, passes::Passes,
    supervisor::Supervisor, text, worker::protocol::WorkerEvent,
};

/// The wall clock is looked at that often: it may be set, and a machine may sleep.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A start that is later than that (the machine slept) is left out.
const LATE_MS: i64 = 60 * 60_000;
/// How often the jobs of a run are counted.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// Pauses before a run tries again to queue its tracks, where the store was busy (a backup, say), in seconds.
const BUSY_PAUSES_S: [u64; 5] = [5, 15, 30, 60, 120];

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
            now: Arc::new(crate::clock::now),
            sleep: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
            zone: TimeZone::system(),
        }
    }

    fn now(&self) -> Timestamp {
        (self.now)()
    }

    async fn sleep_until(&self, at: Timestamp) {
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
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    governor: Governor,
    supervisor: Supervisor,
    events: broadcast::Sender<WorkerEvent>,
    clock: NightClock,
    passes: Passes,
    state: Mutex<State>,
    asked: Notify,
}

#[derive(Default)]
struct State {
    /// The run under way.
    running: Option<Run>,
    /// The one that somebody asked for.
    wanted: Option<Run>,
    last_start: Option<Timestamp>,
}

#[derive(Clone)]
struct Run {
    task: LiveTask,
    cancel: CancellationToken,
    failed_too: bool,
}

/// Why a run begins no more tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Budget,
    Cancelled,
}

impl Nightly {
    pub(crate) fn new(
        store: Store,
        hub: TaskHub,
        governor: Governor,
        supervisor: Supervisor,
        events: broadcast::Sender<WorkerEvent>,
        clock: NightClock,
        passes: Passes,
    ) -> Self {
        let (state, asked) = (Mutex::default(), Notify::new());
        let inner = Inner { store, hub, governor, supervisor, events, clock, passes, state, asked };
        Self { inner: Arc::new(inner) }
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
        let (clock, options) = (&self.inner.clock, self.inner.governor.options());
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
            let (clock, options) = (&self.inner.clock, self.inner.governor.options());
            let now = clock.now();
            let last = self.state().last_start;
            let due = plan::next_start(now, &clock.zone, &options, last);
            let look = now.plus_ms(LOOK_EVERY.as_millis() as i64);
            let run = tokio::select! {
                _ = stop.changed() => return,
                () = self.inner.asked.notified() => self.state().wanted.take(),
                () = self.inner.governor.options_changed() => None,
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
                self.inner.governor.nightly(false);
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

    async fn see_through(&self, run: &Run, start: Timestamp) {
        let budget = hours(start, self.deadline(start));
        let events = self.inner.events.subscribe();
        let queued = match self.queue(run, start).await {
            Ok(queued) => queued,
            Err(error) => {
                tracing::warn!(%error, "a nightly run could not begin");
                return run.task.end(TaskState::Failed, text::sentence(&error)).await;
            }
        };
        tracing::info!(tracks = queued, budget, "a nightly run begins");
        run.task.step("hearing tracks", queued).await;
        self.inner.governor.nightly(true);
        self.inner.supervisor.wake();
        let (counts, closing) = self.attend(run, start, events).await;
        // Hours may have been changed meanwhile.
        let budget = hours(start, self.deadline(start));
        let (processed, deferred) = (counts.done + counts.parked, counts.cancelled);
        tracing::info!(processed, failed = counts.parked, deferred, budget, "a nightly run is over");
        if (run.task.snapshot().failures.len() as u64) < counts.parked {
            hearing::name_unsaid(&self.inner.store, &run.task).await;
        }
        run.task.change(|task| task.failure_count = counts.parked).await;
        let (state, message) = verdict(counts, closing, &budget);
        run.task.end(state, message).await;
    }

    /// When a run that started then begins no more tracks, as things are set now.
    fn deadline(&self, start: Timestamp) -> Timestamp {
        plan::deadline(start, &self.inner.clock.zone, &self.inner.governor.options())
    }

    /// Queues what the run is to hear; a store that is busy at that moment does not cost the night.
    async fn queue(&self, run: &Run, now: Timestamp) -> Result<u64> {
        for pause in BUSY_PAUSES_S {
            match self.try_to_queue(run, now).await {
                Err(error) if error.kind().is_transient() && !run.cancel.is_cancelled() => {
                    tracing::warn!(%error, pause, "a nightly run cannot begin yet, trying again");
                    let pause = (self.inner.clock.sleep)(Duration::from_secs(pause));
                    tokio::select! { () = pause => {}, () = run.cancel.cancelled() => {} }
                }
                queued => return queued,
            }
        }
        self.try_to_queue(run, now).await
    }

    async fn try_to_queue(&self, run: &Run, now: Timestamp) -> Result<u64> {
        // First the task, then the jobs that name it.
        run.task.show().await?;
        let versions = fanfare_analysis::versions();
        self.inner.store.catalog().queue_candidates(&versions, run.failed_too, run.task.id(), now).await
    }

    /// Follows the run until none of its jobs waits or runs.
    async fn attend(
        &self,
        run: &Run,
        start: Timestamp,
        mut events: broadcast::Receiver<WorkerEvent>,
    ) -> (JobCounts, Option<Closing>) {
        let task = &run.task;
        let mut closing = None;
        let mut count = tokio::time::interval(COUNT_EVERY);
        loop {
            // Anew every time: hours that are changed count for the run under way as well.
            let deadline = self.deadline(start);
            tokio::select! {
                event = events.recv() => {
                    let of_it = event.ok().filter(|event| event.task() == Some(task.id()));
                    let Some(event) = of_it else { continue };
                    hearing::show_event(task, &event).await;
                    // The last one ends the run without waiting for the next count.
                    let ended = matches!(event, WorkerEvent::Finished { .. } | WorkerEvent::Failed { .. });
                    if !ended || task.snapshot().current < task.snapshot().total {
                        continue;
                    }
                }
                () = self.inner.clock.sleep_until(deadline), if closing.is_none() => {
                    closing = Some(Closing::Budget);
                }
                () = run.cancel.cancelled(), if closing.is_none() => closing = Some(Closing::Cancelled),
                _ = count.tick() => {}
            }
            if let Some(closing) = closing {
                // Again and again: an attempt that fails now would wait for the next one.
                self.withdraw(task.id(), closing).await;
            }
            let counts = match self.inner.store.jobs().task_counts(task.id()).await {
                Ok(counts) => counts,
                Err(error) => {
                    tracing::warn!(%error, "could not count what is left of a nightly run");
                    continue;
                }
            };
            let over = counts.done + counts.parked + counts.cancelled;
            task.progress(|task| {
                task.current = over;
                task.total = over + counts.waiting + counts.running;
            })
            .await;
            if counts.waiting + counts.running == 0 {
                return (counts, closing);
            }
        }
    }

    async fn withdraw(&self, task: TaskId, closing: Closing) {
        let (jobs, now) = (self.inner.store.jobs(), self.inner.clock.now());
        let withdrawn = match closing {
            Closing::Budget => jobs.cancel_task(task, now).await,
            Closing::Cancelled => jobs.stop_task(task, now).await,
        };
        if let Err(error) = withdrawn {
            tracing::warn!(%error, "could not withdraw what is left of a nightly run, trying again");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a run may last, in words.
fn hours(start: Timestamp, deadline: Timestamp) -> String {
    format!("{:.1} h", (deadline.0 - start.0) as f64 / 3_600_000.0)
}

/// How a run ended, in a word and in words.
fn verdict(counts: JobCounts, closing: Option<Closing>, budget: &str) -> (TaskState, String) {
    let mut message = match (counts.done, counts.parked) {
        (0, 0) if counts.cancelled == 0 => "every track has all its results".to_owned(),
        (heard, 0) => format!("{} heard", text::count(heard, "track")),
        (heard, failed) => format!("{} heard, {failed} failed", text::count(heard, "track")),
    };
    let left = text::count(counts.cancelled, "track");
    match closing {
        Some(Closing::Budget) if counts.cancelled > 0 => {
            message = format!("{message}, {left} deferred to the next run (its {budget} are over)");
        }
        Some(Closing::Cancelled) => message = format!("cancelled: {message}, {left} left"),
        _ => {}
    }
    let state = match (closing, counts.parked) {
        (Some(Closing::Cancelled), _) => TaskState::Cancelled,
        (_, 0) => TaskState::Succeeded,
        _ => TaskState::PartialSuccess,
    };
    (state, message)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use fanfare_store::StoreOptions;

    use super::*;
    use crate::{
        hearing::Lines, ingest::no_stale_tracks, supervisor::WorkerCommandLine, worker::protocol::WorkerRole,
    };

    #[tokio::test]
    async fn a_run_starts_when_the_clock_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { migrate: true, readers: 1, busy_timeout_ms: 5_000 };
        let store = Store::open(folder.path(), &options).await.unwrap();
        let hub = TaskHub::new(store.clone());
        let governor = Governor::new(1, BackgroundOptions::default());
        let lines = Lines::new(&store, &hub, &governor);
        let command = WorkerCommandLine {
            // Lives until its stdin ends, and never works.
            exe: "/bin/cat".into(),
            args: Vec::new(),
            slots: 1,
            data_dir: folder.path().to_owned(),
            role: WorkerRole::Background,
        };
        let (events, _) = broadcast::channel(16);
        let (_tell, policy) = watch::channel(crate::governor::Policy::prompt(1));
        let stale = no_stale_tracks();
        let supervisor =
            Supervisor::start(store.clone(), lines, command, stale, events.clone(), policy).await.unwrap();

        // 13:00 in summer; whoever sleeps wakes in no time, but later by the clock.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let begin: jiff::Timestamp = "2026-05-10T11:00:00Z".parse().unwrap();
        let time = Arc::new(AtomicI64::new(begin.as_millisecond()));
        let clock = NightClock {
            now: Arc::new({
                let time = Arc::clone(&time);
                move || Timestamp(time.load(Ordering::SeqCst))
            }),
            sleep: Arc::new(move |slept| {
                let time = Arc::clone(&time);
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    time.fetch_add(slept.as_millis() as i64, Ordering::SeqCst);
                })
            }),
            zone: zone.clone(),
        };
        let passes = Passes::new(&hub, &governor);
        let nightly = Nightly::new(store, hub.clone(), governor, supervisor.clone(), events, clock, passes);
        let (stop, stopped) = watch::channel(false);
        let (_, mut told) = hub.subscribe(None);
        let running = tokio::spawn(nightly.clone().run(stopped));
        let task = loop {
            let event = told.recv().await.unwrap();
            if event.task.state.is_over() {
                break event.task;
            }
        };
        stop.send_replace(true);
        running.await.unwrap();
        supervisor.stop(Duration::from_secs(1)).await;
        assert_eq!((task.kind, task.state), (TaskKind::Nightly, TaskState::Succeeded), "{task:?}");
        let start = nightly.state().last_start.unwrap();
        let start = jiff::Timestamp::from_millisecond(start.0).unwrap().to_zoned(zone).datetime();
        assert_eq!(start.time(), jiff::civil::Time::midnight());
        assert!(start.date() > jiff::civil::date(2026, 5, 10));
    }

    #[test]
    fn a_run_says_what_it_did_and_what_it_left() {
        let counts = |done, parked, cancelled| JobCounts { done, parked, cancelled, ..JobCounts::default() };
        for (counts, closing, state, message) in [
            (counts(0, 0, 0), None, TaskState::Succeeded, "every track has all its results"),
            (counts(7, 0, 0), None, TaskState::Succeeded, "7 tracks heard"),
            (counts(7, 1, 0), None, TaskState::PartialSuccess, "7 tracks heard, 1 failed"),
            (counts(0, 2, 0), None, TaskState::PartialSuccess, "0 tracks heard, 2 failed"),
            (counts(7, 0, 0), Some(Closing::Budget), TaskState::Succeeded, "7 tracks heard"),
            (
                counts(1, 0, 3),
                Some(Closing::Budget),
                TaskState::Succeeded,
                "1 track heard, 3 tracks deferred to the next run (its 4.0 h are over)",
            ),
            (
                counts(1, 1, 1),
                Some(Closing::Cancelled),
                TaskState::Cancelled,
                "cancelled: 1 track heard, 1 failed, 1 track left",
            ),
        ] {
            assert_eq!(verdict(counts, closing, "4.0 h"), (state, message.to_owned()));
        }
    }
}
