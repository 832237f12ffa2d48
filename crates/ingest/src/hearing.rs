//! [`Hearing`]: the one live task of kind `analysis`, from the first queued track to the last heard one.
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

use fanfare_model::{JobId, Result, TaskId, TaskKind, TaskState, TrackState, task::MAX_TASK_FAILURES};
use fanfare_store::{JobCounts, Store, TrackQuery};
use tokio::sync::{Mutex, Notify};

use crate::{TaskHub, live_task::LiveTask, text, worker::protocol::WorkerEvent};

/// The counts are read from the store at most this often; in between they are counted along.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// How far back unfinished tasks of an earlier life are looked for.
const RECENT_TASKS: u32 = 200;

/// The task of hearing. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hearing {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    state: Mutex<State>,
    /// Rung when there is something to hear.
    work: Notify,
    /// Scans under way: more tracks may come, so the task does not end.
    held: AtomicUsize,
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
    /// The last job whose track is shown as the item at hand.
    at_hand: Option<JobId>,
}

impl Hearing {
    pub(crate) fn new(store: Store, hub: TaskHub) -> Self {
        let inner =
            Inner { store, hub, state: Mutex::default(), work: Notify::new(), held: AtomicUsize::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// Takes up the unfinished task of an earlier life, and closes what nobody works on any more.
    pub(crate) async fn resume(&self) -> Result<()> {
        let mut state = self.inner.state.lock().await;
        for task in self.inner.store.catalog().tasks(RECENT_TASKS).await? {
            if task.state.is_over() {
                continue;
            }
            let counts = self.inner.store.jobs().task_counts(task.id).await?;
            let goes_on = task.kind == TaskKind::Analysis && counts.waiting + counts.running > 0;
            let live = LiveTask::resume(&self.inner.hub, task);
            if goes_on && state.task.is_none() {
                state.task = Some(live);
            } else if live.snapshot().kind == TaskKind::Analysis {
                self.end(&live, counts).await;
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

    /// Keeps the task open until the guard is dropped; [`Self::count`] then ends it when all is heard.
    pub(crate) fn hold(&self) -> Hold {
        self.inner.held.fetch_add(1, Ordering::SeqCst);
        Hold { inner: Arc::clone(&self.inner) }
    }

    /// The task under which tracks are queued now. A new one is unseen until [`Self::announce`] or
    /// [`Self::queued`].
    pub(crate) async fn task_id(&self) -> TaskId {
        let mut state = self.inner.state.lock().await;
        let new = || LiveTask::new(&self.inner.hub, TaskKind::Analysis);
        state.task.get_or_insert_with(new).id()
    }

    /// Stores the task, so that jobs may name it, and gives its id.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn announce(&self) -> Result<TaskId> {
        let id = self.task_id().await;
        let task = self.inner.state.lock().await.task.clone();
        if let Some(task) = task.filter(|task| task.id() == id) {
            task.show().await?;
        }
        Ok(id)
    }

    /// Tracks were queued under the task.
    pub(crate) async fn queued(&self) {
        if let Err(error) = self.announce().await {
            tracing::warn!(%error, "could not store the task of hearing");
        }
        self.inner.work.notify_one();
        let due =
            self.inner.state.lock().await.counted.is_none_or(|counted| counted.elapsed() >= COUNT_EVERY);
        if due {
            self.count().await;
        }
    }

    /// Takes what a worker says into the picture.
    pub(crate) async fn on_event(&self, event: &WorkerEvent) {
        let due = {
            let mut state = self.inner.state.lock().await;
            // Jobs of other tasks (uploads, nightly runs) are shown by those.
            let of_it = |task: &LiveTask| event.task().is_none_or(|of| of == task.id());
            if let Some(task) = state.task.clone().filter(of_it) {
                self.show_event(&mut state, &task, event).await;
            }
            let ended = matches!(event, WorkerEvent::Finished { .. } | WorkerEvent::Failed { .. });
            matches!(event, WorkerEvent::Idle)
                || (ended && state.counted.is_none_or(|counted| counted.elapsed() >= COUNT_EVERY))
        };
        if due {
            self.count().await;
        }
    }

    async fn show_event(&self, state: &mut State, task: &LiveTask, event: &WorkerEvent) {
        match event {
            WorkerEvent::Started { job, path, .. } => {
                state.at_hand = Some(*job);
                task.progress(|task| task.current_item = Some(path.clone())).await;
            }
            WorkerEvent::Progress { job, path, .. } if state.at_hand != Some(*job) => {
                state.at_hand = Some(*job);
                task.progress(|task| task.current_item = Some(path.clone())).await;
            }
            WorkerEvent::Finished { .. } => {
                task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
            }
            WorkerEvent::Failed { path, kind, message, retry_at: None, .. } => {
                task.note_failure(path.clone(), *kind, message.clone());
                task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
            }
            WorkerEvent::Failed { path, message, retry_at: Some(_), .. } => {
                task.progress(|task| task.message = format!("{path} is tried again later: {message}")).await;
            }
            _ => {}
        }
    }

    /// Reads from the store how far it is, and ends the task when nothing waits or runs.
    pub(crate) async fn count(&self) {
        let mut state = self.inner.state.lock().await;
        let Some(task) = state.task.clone() else { return };
        let counts = match self.inner.store.jobs().task_counts(task.id()).await {
            Ok(counts) => counts,
            Err(error) => return tracing::warn!(%error, "could not count the tracks still to hear"),
        };
        state.counted = Some(Instant::now());
        let over = counts.done + counts.parked + counts.cancelled;
        let total = over + counts.waiting + counts.running;
        if total == 0 && !task.is_shown() {
            return; // nobody knows of it: it waits for the first track
        }
        if task.snapshot().state == TaskState::Waiting {
            task.step("hearing tracks", total).await;
        }
        task.progress(|task| {
            task.current = over;
            task.total = total;
        })
        .await;
        if counts.waiting + counts.running == 0 && self.inner.held.load(Ordering::SeqCst) == 0 {
            state.task = None;
            self.end(&task, counts).await;
        }
    }

    /// Withdraws what still waits, if that is the live task; tracks at hand are heard to their end.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn cancel(&self, id: TaskId) -> Result<bool> {
        let mut state = self.inner.state.lock().await;
        let Some(task) = state.task.take_if(|task| task.id() == id) else { return Ok(false) };
        let withdrawn = self.inner.store.jobs().cancel_task(id, crate::clock::now()).await;
        let withdrawn = match withdrawn {
            Ok(withdrawn) => withdrawn,
            Err(error) => {
                state.task = Some(task);
                return Err(error);
            }
        };
        let left = text::count(withdrawn, "track");
        task.end(TaskState::Cancelled, format!("cancelled with {left} left; retry goes on with them")).await;
        Ok(true)
    }

    async fn end(&self, task: &LiveTask, counts: JobCounts) {
        let (heard, failed) = (text::count(counts.done, "track"), counts.parked);
        let (state, message) = match (counts.done, failed) {
            (0, 0) if counts.cancelled > 0 => (TaskState::Cancelled, "cancelled".to_owned()),
            (_, 0) => (TaskState::Succeeded, format!("{heard} heard")),
            (0, _) => (TaskState::Failed, format!("{} could not be heard", text::count(failed, "track"))),
            _ => (TaskState::PartialSuccess, format!("{heard} heard, {failed} failed")),
        };
        if (task.snapshot().failures.len() as u64) < failed {
            self.name_unsaid(task).await;
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

    /// Adds the failures that no worker could say, because it died of them.
    async fn name_unsaid(&self, task: &LiveTask) {
        let catalog = self.inner.store.catalog();
        let query = TrackQuery {
            state: Some(TrackState::Failed),
            limit: MAX_TASK_FAILURES as u32,
            ..TrackQuery::default()
        };
        let rows = match catalog.tracks(&query).await {
            Ok(page) => page.items,
            Err(error) => return tracing::warn!(%error, "could not look up why tracks failed"),
        };
        let now = task.snapshot();
        for row in rows {
            let Some(failure) = row.track.failure.filter(|failure| failure.at >= now.created) else {
                continue;
            };
            let Ok(Some(path)) = catalog.track_path(row.track.id).await else { continue };
            let subject = path.display().to_string();
            if !now.failures.iter().any(|known| known.subject == subject) {
                task.note_failure(subject, failure.kind, failure.message);
            }
        }
    }
}
