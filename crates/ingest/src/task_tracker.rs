//! [`TaskTracker`]: the one live task of its kind, from the first queued track to the last finished one. Tracks that a
//! scan found, uploads and transcodes each have theirs ([`WorkQueue`]).
//!
//! The jobs in the store are the truth; this keeps the picture of them that a person follows. A server that
//! died leaves its task unfinished with jobs waiting: the next one takes the same task up again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use fanfare_channel::protocol::WorkerEvent;
use fanfare_model::{JobId, Result, TaskId, TaskKind, TaskState, task::MAX_TASK_FAILURES};
use fanfare_store::{CacheRun, JobCounts, Patience, Store};
use tokio::sync::{Mutex, MutexGuard, Notify};

use crate::{
    TaskHub,
    live_task::LiveTask,
    showing::{name_unsaid, show_event},
    text,
    work_policy::WorkPolicy,
    work_queue::WorkQueue,
};

/// The counts are read from the store at most this often; in between they are counted along.
const COUNT_EVERY: Duration = Duration::from_secs(2);

/// The task of a line of work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TaskTracker {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    line: WorkQueue,
    work_policy: WorkPolicy,
    state: Mutex<State>,
    /// Notified when there is something to analyze.
    work: Notify,
    /// Scans under way: more tracks may come, so the task does not end.
    held: AtomicUsize,
}

impl Inner {
    /// Tells how gently tracks are analyzed; other work is not throttled.
    fn prompt(&self, wait: bool) {
        if self.line == WorkQueue::Analysis {
            self.work_policy.prompt(wait);
        }
    }
}

/// Keeps the task from ending while more tracks may be queued under it.
pub(crate) struct Hold {
    inner: Arc<Inner>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.inner.held.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct State {
    task: Option<LiveTask>,
    counted: Option<Instant>,
    /// What ended the run of that task before all was done.
    ended_by: Option<(TaskId, String)>,
    /// The last job whose track is shown as the current item.
    running: Option<JobId>,
}

impl TaskTracker {
    pub(crate) fn new(store: Store, hub: TaskHub, work_policy: WorkPolicy, line: WorkQueue) -> Self {
        let (state, work, held) = (Mutex::default(), Notify::new(), AtomicUsize::new(0));
        let inner = Inner { store, hub, line, work_policy, state, work, held };
        Self { inner: Arc::new(inner) }
    }

    /// Takes up the unfinished task of an earlier life, and closes what nobody works on any more.
    pub(crate) async fn resume(&self) -> Result<()> {
        let mut state = self.inner.state.lock().await;
        for task in self.inner.store.catalog().tasks_under_way().await? {
            let kind = self.inner.line.kind();
            // A task of no queue (a scan) is closed by the first tracker.
            let of_none = !matches!(
                task.kind,
                TaskKind::Analysis | TaskKind::Upload | TaskKind::Transcode | TaskKind::Cache
            );
            if task.kind != kind && !(of_none && self.inner.line == WorkQueue::Analysis) {
                continue;
            }
            let counts = self.inner.store.jobs().task_counts(task.id).await?;
            let goes_on = task.kind == kind && counts.waiting + counts.running > 0;
            let task_kind = task.kind;
            let live = LiveTask::resume(&self.inner.hub, task);
            if task_kind == TaskKind::Nightly {
                // What it had queued is found again by the next run, and is not analyzed before.
                self.inner.store.jobs().cancel_task(live.id(), fanfare_channel::clock::now()).await?;
            }
            if goes_on && state.task.is_none() {
                self.inner.prompt(true);
                state.task = Some(live);
            } else if live.snapshot().kind == kind {
                self.end(&live, counts, None).await;
            } else {
                live.end(TaskState::Cancelled, "the server stopped before the end; the next scan goes on")
                    .await;
            }
        }
        drop(state);
        self.count().await;
        Ok(())
    }

    /// Resolves when tracks were queued since the last time.
    pub(crate) async fn work(&self) {
        self.inner.work.notified().await;
    }

    /// Keeps the task open until the guard is dropped; [`Self::count`] then ends it when all is analyzed.
    pub(crate) fn hold(&self) -> Hold {
        self.inner.held.fetch_add(1, Ordering::SeqCst);
        Hold { inner: Arc::clone(&self.inner) }
    }

    /// The task under which tracks are queued now. A new one is unseen until [`Self::announce`] or
    /// [`Self::queued`].
    ///
    /// # Errors
    /// `Busy` when others write for too long.
    pub(crate) async fn task_id(&self) -> Result<TaskId> {
        Ok(self.task().await?.id())
    }

    async fn task(&self) -> Result<LiveTask> {
        let new = || LiveTask::new(&self.inner.hub, self.inner.line.kind());
        Ok(self.turn().await?.task.get_or_insert_with(new).clone())
    }

    /// The state, which is held while others write: waited for as long as a request may wait.
    async fn turn(&self) -> Result<MutexGuard<'_, State>> {
        Patience::turn("waiting for the task of that work", self.inner.state.lock()).await
    }

    /// Stores the task, so that jobs may name it, and gives its id.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn announce(&self) -> Result<TaskId> {
        let task = self.task().await?;
        task.show().await?;
        self.inner.prompt(true);
        Ok(task.id())
    }

    /// Tracks were queued under the task.
    pub(crate) async fn queued(&self) {
        if let Err(error) = self.announce().await {
            tracing::warn!(%error, "could not store the task of analysis");
        }
        self.inner.work.notify_one();
        let due = match self.turn().await {
            Ok(state) => state.counted.is_none_or(|counted| counted.elapsed() >= COUNT_EVERY),
            Err(_) => true,
        };
        if due {
            self.count().await;
        }
    }

    /// Adds a line to the log of the task, while it is live.
    pub(crate) async fn remark(&self, id: TaskId, text: String) {
        let task = self.inner.state.lock().await.task.clone();
        if let Some(task) = task.filter(|task| task.id() == id) {
            task.note(text).await;
        }
    }

    /// Takes what a worker says into the picture.
    pub(crate) async fn on_event(&self, event: &WorkerEvent) {
        let due = {
            let mut state = self.inner.state.lock().await;
            // Jobs of other tasks (uploads, nightly runs) are shown by those.
            let of_it = |task: &LiveTask| event.task().is_none_or(|of| of == task.id());
            if let Some(task) = state.task.clone().filter(of_it) {
                let job = event.job();
                let item = match event {
                    // Of several tracks at a time the latest is shown.
                    WorkerEvent::Progress { .. } => state.running != job,
                    _ => true,
                };
                if matches!(event, WorkerEvent::Started { .. } | WorkerEvent::Progress { .. }) {
                    state.running = job;
                }
                if let WorkerEvent::Failed { ends_run: true, message, .. } = event {
                    state.ended_by = Some((task.id(), message.clone()));
                }
                if item {
                    show_event(&task, event).await;
                }
            }
            let ended = matches!(event, WorkerEvent::Finished { .. } | WorkerEvent::Failed { .. });
            matches!(event, WorkerEvent::Idle)
                || (ended && state.counted.is_none_or(|counted| counted.elapsed() >= COUNT_EVERY))
        };
        if due {
            self.count().await;
        }
    }

    /// Reads from the store how far it is, and ends the task when nothing waits or runs.
    pub(crate) async fn count(&self) {
        match self.turn().await {
            Ok(state) => self.count_in(state).await,
            // Who asked has waited long enough; it is counted all the same.
            Err(_) => {
                let later = self.clone();
                tokio::spawn(async move { later.count_in(later.inner.state.lock().await).await });
            }
        }
    }

    async fn count_in(&self, mut state: MutexGuard<'_, State>) {
        let Some(task) = state.task.clone() else { return };
        // Read before the jobs are counted: a job that is queued during a hold that ends meanwhile is not in the count.
        let is_held = self.inner.held.load(Ordering::SeqCst) > 0;
        let counts = match self.inner.store.jobs().task_counts(task.id()).await {
            Ok(counts) => counts,
            Err(error) => return tracing::warn!(%error, "could not count the tracks still to analyze"),
        };
        state.counted = Some(Instant::now());
        let over = counts.done + counts.parked + counts.cancelled;
        let total = over + counts.waiting + counts.running;
        if total == 0 && !task.is_shown() {
            return; // nobody knows of it: it waits for the first track
        }
        if task.snapshot().state == TaskState::Waiting {
            task.step(self.inner.line.step(), total).await;
        }
        task.progress(|task| {
            task.current = over;
            task.total = total;
        })
        .await;
        if counts.waiting + counts.running > 0 {
            // What waits for its next attempt is no reason to be less gentle meanwhile.
            match self.inner.store.jobs().task_is_due(task.id(), fanfare_channel::clock::now()).await {
                Ok(due) => self.inner.prompt(due),
                Err(error) => tracing::warn!(%error, "could not look whether tracks are due"),
            }
        } else if !is_held {
            state.task = None;
            self.inner.prompt(false);
            let ended_by = state.ended_by.take().filter(|(of, _)| *of == task.id()).map(|(_, why)| why);
            self.end(&task, counts, ended_by).await;
        }
    }

    /// Withdraws the waiting and the running jobs, if that is the live task.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn cancel(&self, id: TaskId) -> Result<bool> {
        let mut state = self.turn().await?;
        let Some(task) = state.task.take_if(|task| task.id() == id) else { return Ok(false) };
        let withdrawn = self.inner.store.jobs().stop_task(id, fanfare_channel::clock::now()).await;
        let withdrawn = match withdrawn {
            Ok(withdrawn) => withdrawn,
            Err(error) => {
                state.task = Some(task);
                return Err(error);
            }
        };
        self.inner.prompt(false);
        let left = text::count(withdrawn, "track");
        let message = match self.cache_run(&task).await {
            Some(run) => format!("cancelled: {run}; {left} left, retry goes on with them"),
            None => format!("cancelled with {left} left; retry goes on with them"),
        };
        task.end(TaskState::Cancelled, message).await;
        Ok(true)
    }

    /// The result of a run that makes transcodes; `None` for other work.
    async fn cache_run(&self, task: &LiveTask) -> Option<CacheRun> {
        if self.inner.line != WorkQueue::Cache {
            return None;
        }
        let run = self.inner.store.catalog().cache_run(task.id()).await;
        run.inspect_err(|error| tracing::warn!(%error, "could not sum up what was cached")).ok()
    }

    /// What made the worker withdraw the rest of a run, by what is stored: it may have told an earlier life of this server.
    async fn why_withdrawn(&self, task: TaskId) -> Option<String> {
        let given_up = self.inner.store.catalog().given_up(task, MAX_TASK_FAILURES as u32).await;
        let given_up =
            given_up.inspect_err(|error| tracing::warn!(%error, "could not look up why a run ended"));
        let why = given_up.ok()?.into_iter().find(|(_, error)| text::ended_a_run(error))?;
        Some(why.1.sentence())
    }

    /// Ends the task. `ended_by` is what made the worker withdraw the rest.
    async fn end(&self, task: &LiveTask, counts: JobCounts, ended_by: Option<String>) {
        let failed = counts.parked;
        let (state, mut message) = self.inner.line.end(counts);
        if let Some(run) = self.cache_run(task).await {
            message =
                if state == TaskState::Cancelled { format!("cancelled: {run}") } else { run.to_string() };
            let ended_by = match ended_by {
                None if counts.cancelled > 0 => self.why_withdrawn(task.id()).await,
                known => known,
            };
            if let Some(why) = ended_by {
                let left = text::count(counts.cancelled, "track");
                message = format!("{message}; stopped with {left} left: {why}");
            }
        }
        if (task.snapshot().failures.len() as u64) < failed {
            name_unsaid(&self.inner.store, task).await;
        }
        // The jobs are the truth: a failed track may have been retried.
        task.change(|task| {
            task.failure_count = failed;
            if failed == 0 {
                task.failures.clear();
            }
        })
        .await;
        task.end(state, message).await;
    }
}

#[cfg(test)]
#[path = "task_tracker_tests.rs"]
mod tests;
