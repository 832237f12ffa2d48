//! [`Hearing`]: the one live task of its kind, from the first queued track to the last finished one. Tracks that a
//! scan found, uploads and transcodes each have theirs ([`Line`]).
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

use fanfare_model::{
    JobId, Result, TaskFailure, TaskId, TaskKind, TaskState, TrackId, job::JobError, task::MAX_TASK_FAILURES,
};
use fanfare_store::{CacheRun, JobCounts, Patience, Store};
use tokio::sync::{Mutex, MutexGuard, Notify};

use crate::{
    TaskHub,
    governor::Governor,
    live_task::LiveTask,
    text,
    worker::{protocol::WorkerEvent, retry::next_night},
};

/// The counts are read from the store at most this often; in between they are counted along.
const COUNT_EVERY: Duration = Duration::from_secs(2);

/// A line of work that has a task of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Tracks of library folders are heard.
    Analysis,
    /// Uploads are made ready.
    Uploads,
    /// Transcodes are made that somebody asked for.
    Transcodes,
    /// Smaller files are made ahead of time.
    Cache,
}

impl Line {
    const fn kind(self) -> TaskKind {
        match self {
            Self::Analysis => TaskKind::Analysis,
            Self::Uploads => TaskKind::Upload,
            Self::Transcodes => TaskKind::Transcode,
            Self::Cache => TaskKind::Cache,
        }
    }

    /// The step its task is in while it runs.
    const fn step(self) -> &'static str {
        match self {
            Self::Analysis => "hearing tracks",
            Self::Uploads => "making uploads ready",
            Self::Transcodes => "encoding",
            Self::Cache => "caching tracks",
        }
    }

    /// How it ended, in words and as a state.
    fn end(self, counts: JobCounts) -> (TaskState, String) {
        let (heard, failed) = (text::count(counts.done, "track"), counts.parked);
        let state = match (counts.done, failed) {
            (0, 0) if counts.cancelled > 0 => return (TaskState::Cancelled, "cancelled".to_owned()),
            (_, 0) => TaskState::Succeeded,
            (0, _) => TaskState::Failed,
            _ => TaskState::PartialSuccess,
        };
        let message = match (self, state) {
            (Self::Analysis, TaskState::Succeeded) => format!("{heard} heard"),
            (Self::Analysis, TaskState::Failed) => {
                format!("{} could not be heard", text::count(failed, "track"))
            }
            (Self::Analysis, _) => format!("{heard} heard, {failed} failed"),
            // An upload is two jobs, so its jobs say nothing about how many there were.
            (Self::Uploads, TaskState::Succeeded) => "every upload is ready".to_owned(),
            (Self::Uploads, _) => format!("{failed} failed"),
            (Self::Cache, TaskState::Succeeded) => format!("{heard} ready"), // only where the files could not be summed up
            (Self::Cache, _) => format!("{heard} ready, {failed} failed"),
            (Self::Transcodes, TaskState::Succeeded) => format!("{heard} encoded"),
            (Self::Transcodes, _) => format!("{} could not be encoded", text::count(failed, "track")),
        };
        (state, message)
    }
}

/// The lines that workers work on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(crate) analysis: Hearing,
    pub(crate) uploads: Hearing,
    pub(crate) transcodes: Hearing,
    pub(crate) cache: Hearing,
}

impl Lines {
    pub(crate) fn new(store: &Store, hub: &TaskHub, governor: &Governor) -> Self {
        let line = |line| Hearing::new(store.clone(), hub.clone(), governor.clone(), line);
        Self {
            analysis: line(Line::Analysis),
            uploads: line(Line::Uploads),
            transcodes: line(Line::Transcodes),
            cache: line(Line::Cache),
        }
    }

    fn all(&self) -> [&Hearing; 4] {
        [&self.analysis, &self.uploads, &self.transcodes, &self.cache]
    }

    /// Takes up the unfinished tasks of an earlier life, and closes those that nobody works on any more.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn resume(&self) -> Result<()> {
        for line in self.all() {
            line.resume().await?;
        }
        Ok(())
    }

    /// Takes what a worker says into the pictures.
    pub(crate) async fn on_event(&self, event: &WorkerEvent) {
        for line in self.all() {
            line.on_event(event).await;
        }
    }

    /// Reads from the store how far everything is.
    pub(crate) async fn count(&self) {
        for line in self.all() {
            line.count().await;
        }
    }

    /// Withdraws what still waits of a task, if it is one of these.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn cancel(&self, id: TaskId) -> Result<bool> {
        for line in self.all() {
            if line.cancel(id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The task of a line of work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hearing {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    line: Line,
    governor: Governor,
    state: Mutex<State>,
    /// Rung when there is something to hear.
    work: Notify,
    /// Scans under way: more tracks may come, so the task does not end.
    held: AtomicUsize,
}

impl Inner {
    /// Tells how gently tracks are to be heard; other lines are not heard gently.
    fn prompt(&self, wait: bool) {
        if self.line == Line::Analysis {
            self.governor.prompt(wait);
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
    /// The last job whose track is shown as the item at hand.
    at_hand: Option<JobId>,
}

impl Hearing {
    fn new(store: Store, hub: TaskHub, governor: Governor, line: Line) -> Self {
        let (state, work, held) = (Mutex::default(), Notify::new(), AtomicUsize::new(0));
        let inner = Inner { store, hub, line, governor, state, work, held };
        Self { inner: Arc::new(inner) }
    }

    /// Takes up the unfinished task of an earlier life, and closes what nobody works on any more.
    pub(crate) async fn resume(&self) -> Result<()> {
        let mut state = self.inner.state.lock().await;
        for task in self.inner.store.catalog().tasks_under_way().await? {
            let kind = self.inner.line.kind();
            // What is of no line (a scan) is closed by the first one.
            let of_none = !matches!(
                task.kind,
                TaskKind::Analysis | TaskKind::Upload | TaskKind::Transcode | TaskKind::Cache
            );
            if task.kind != kind && !(of_none && self.inner.line == Line::Analysis) {
                continue;
            }
            let counts = self.inner.store.jobs().task_counts(task.id).await?;
            let goes_on = task.kind == kind && counts.waiting + counts.running > 0;
            let task_kind = task.kind;
            let live = LiveTask::resume(&self.inner.hub, task);
            if task_kind == TaskKind::Nightly {
                // What it had queued is found again by the next run, and is not heard before.
                self.inner.store.jobs().cancel_task(live.id(), crate::clock::now()).await?;
            }
            if goes_on && state.task.is_none() {
                self.inner.prompt(true);
                state.task = Some(live);
            } else if live.snapshot().kind == kind {
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
            tracing::warn!(%error, "could not store the task of hearing");
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
                    WorkerEvent::Progress { .. } => state.at_hand != job,
                    _ => true,
                };
                if matches!(event, WorkerEvent::Started { .. } | WorkerEvent::Progress { .. }) {
                    state.at_hand = job;
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
            task.step(self.inner.line.step(), total).await;
        }
        task.progress(|task| {
            task.current = over;
            task.total = total;
        })
        .await;
        if counts.waiting + counts.running > 0 {
            // What waits for its next attempt is no reason to be less gentle meanwhile.
            match self.inner.store.jobs().task_is_due(task.id(), crate::clock::now()).await {
                Ok(due) => self.inner.prompt(due),
                Err(error) => tracing::warn!(%error, "could not look whether tracks are due"),
            }
        } else if self.inner.held.load(Ordering::SeqCst) == 0 {
            state.task = None;
            self.inner.prompt(false);
            self.end(&task, counts).await;
        }
    }

    /// Withdraws what waits and what is at hand, if that is the live task (docs/coverage.md A24).
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn cancel(&self, id: TaskId) -> Result<bool> {
        let mut state = self.turn().await?;
        let Some(task) = state.task.take_if(|task| task.id() == id) else { return Ok(false) };
        let withdrawn = self.inner.store.jobs().stop_task(id, crate::clock::now()).await;
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

    /// What a run of making smaller files did; `None` on other lines.
    async fn cache_run(&self, task: &LiveTask) -> Option<CacheRun> {
        if self.inner.line != Line::Cache {
            return None;
        }
        let run = self.inner.store.catalog().cache_run(task.id()).await;
        run.inspect_err(|error| tracing::warn!(%error, "could not sum up what was cached")).ok()
    }

    async fn end(&self, task: &LiveTask, counts: JobCounts) {
        let failed = counts.parked;
        let (state, mut message) = self.inner.line.end(counts);
        if let Some(run) = self.cache_run(task).await {
            message =
                if state == TaskState::Cancelled { format!("cancelled: {run}") } else { run.to_string() };
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

/// Shows on a task what a worker says of one of its jobs.
pub(crate) async fn show_event(task: &LiveTask, event: &WorkerEvent) {
    match event {
        WorkerEvent::Started { path, .. } | WorkerEvent::Progress { path, .. } => {
            task.progress(|task| task.current_item = Some(path.clone())).await;
        }
        WorkerEvent::Noted { text, .. } => task.note(text.clone()).await,
        WorkerEvent::Finished { .. } => {
            task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
        }
        WorkerEvent::Failed { track, path, kind, message, retry_at: None, .. } => {
            task.note_failed(TaskFailure {
                track: Some(*track),
                subject: path.clone(),
                kind: *kind,
                message: message.clone(),
                next_retry: next_night(*kind, crate::clock::now()),
            });
            task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
        }
        WorkerEvent::Failed { path, message, retry_at: Some(_), .. } => {
            task.note(format!("{path} is tried again later: {message}")).await;
        }
        _ => {}
    }
}

/// Adds the failures that no worker could say, because it died of them.
pub(crate) async fn name_unsaid(store: &Store, task: &LiveTask) {
    let catalog = store.catalog();
    let given_up = match catalog.given_up(task.id(), MAX_TASK_FAILURES as u32).await {
        Ok(given_up) => given_up,
        Err(error) => return tracing::warn!(%error, "could not look up why tracks failed"),
    };
    name_failed(store, task, given_up).await;
}

/// Adds failures of tracks that are not in the list yet.
pub(crate) async fn name_failed(store: &Store, task: &LiveTask, failed: Vec<(TrackId, JobError)>) {
    let catalog = store.catalog();
    let said = task.snapshot().failures;
    for (track, error) in failed {
        if said.iter().any(|known| known.track == Some(track)) {
            continue;
        }
        let Ok(Some(row)) = catalog.track(track).await else { continue };
        let subject = match catalog.shown_name(track).await {
            Ok(Some(name)) => name,
            _ => text::unnamed(track),
        };
        task.note_failed(TaskFailure {
            track: Some(track),
            subject,
            kind: error.kind,
            message: error.sentence(),
            next_retry: row.track.failure.and_then(|failure| failure.next_retry),
        });
    }
}
