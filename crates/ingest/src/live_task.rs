//! [`LiveTask`]: a task while it is worked on; throttles events and writes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_channel::clock;
use fanfare_model::{
    Error, ErrorKind, Result, Task, TaskFailure, TaskId, TaskKind, TaskLine, TaskState, Timestamp,
    task::{MAX_TASK_FAILURES, MAX_TASK_LINES},
};
use fanfare_store::{Patience, fresh_id};

use crate::{TaskHub, text};

/// Progress events come at most this often; steps and ends always.
const EVENT_EVERY: Duration = Duration::from_millis(100);
/// Progress is written at most this often; steps and ends always.
const SAVE_EVERY: Duration = Duration::from_millis(500);

/// How often an end is stored again that could not be, and the pause before each time.
const END_TRIES: u32 = 60;
const END_PAUSE: Duration = Duration::from_secs(5);

/// A handle to a task under way. Cheap to clone; clones are the same task.
///
/// A task may start unseen (a rescan that finds nothing is not worth a line in anybody's list): it is
/// counted but neither told nor stored until [`LiveTask::show`].
#[derive(Clone)]
pub(crate) struct LiveTask {
    hub: TaskHub,
    shared: Arc<Shared>,
}

struct Shared {
    id: TaskId,
    state: Mutex<LiveState>,
    /// Held over a write, so that an older state never overwrites a newer one.
    saving: tokio::sync::Mutex<()>,
}

struct LiveState {
    task: Task,
    shown: bool,
    told: Option<Instant>,
    saved: Option<Instant>,
}

impl LiveTask {
    /// A new task in state `waiting`, unseen.
    pub(crate) fn new(hub: &TaskHub, kind: TaskKind) -> Self {
        let created = clock::now();
        let task = Task {
            id: TaskId::from_bytes(fresh_id(created)),
            kind,
            state: TaskState::Waiting,
            step: "waiting".to_owned(),
            current: 0,
            total: 0,
            current_item: None,
            message: String::new(),
            failure_count: 0,
            failures: Vec::new(),
            log: Vec::new(),
            created,
            started: None,
            ended: None,
        };
        Self::of(hub, task, false)
    }

    /// A task that an earlier run of this server began, and that goes on.
    pub(crate) fn resume(hub: &TaskHub, task: Task) -> Self {
        let live = Self::of(hub, task, true);
        live.hub.emit(&live.snapshot());
        live
    }

    fn of(hub: &TaskHub, task: Task, shown: bool) -> Self {
        let id = task.id;
        let state = Mutex::new(LiveState { task, shown, told: None, saved: None });
        Self { hub: hub.clone(), shared: Arc::new(Shared { id, state, saving: tokio::sync::Mutex::new(()) }) }
    }

    pub(crate) fn id(&self) -> TaskId {
        self.shared.id
    }

    pub(crate) fn snapshot(&self) -> Task {
        self.state().task.clone()
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.state().shown
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state().task.state.is_over()
    }

    /// Makes the task known: stored first, then told. When this returns both are done, by this caller or another.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn show(&self) -> Result<()> {
        let turn = self.turn().await?;
        if self.is_shown() {
            return Ok(());
        }
        // Who asked may be gone before the end, or fail: the next one that shows it tries again.
        self.write(&turn).await?;
        self.state().shown = true;
        self.tell();
        Ok(())
    }

    /// Shows the task though it cannot be stored now. Its end is stored once the database is free again.
    pub(crate) fn show_unstored(&self) {
        self.state().shown = true;
        self.tell();
    }

    /// Begins a step.
    pub(crate) async fn step(&self, step: &str, total: u64) {
        self.change(|task| {
            if task.started.is_none() {
                task.started = Some(clock::now());
            }
            task.state = TaskState::Running;
            step.clone_into(&mut task.step);
            task.current = 0;
            task.total = total;
            task.current_item = None;
            note(task, step.to_owned());
        })
        .await;
    }

    /// Changes the task, stores it and says so: who is told of an end finds it stored.
    pub(crate) async fn change(&self, change: impl FnOnce(&mut Task)) {
        change(&mut self.state().task);
        self.save().await;
        self.tell();
    }

    /// Changes the task; said and written when enough time has passed since the last time.
    pub(crate) async fn progress(&self, change: impl FnOnce(&mut Task)) {
        let (tell, save) = {
            let mut state = self.state();
            change(&mut state.task);
            let due = |last: Option<Instant>, every| last.is_none_or(|last| last.elapsed() >= every);
            (due(state.told, EVENT_EVERY), due(state.saved, SAVE_EVERY))
        };
        if tell {
            self.tell();
        }
        if save {
            self.save().await;
        }
    }

    /// Changes the task and says so; written when enough time has passed since the last time.
    pub(crate) async fn say(&self, change: impl FnOnce(&mut Task)) {
        change(&mut self.state().task);
        self.tell();
        self.progress(|_| {}).await;
    }

    /// Adds a line to the log and sends it as an event: a client that follows sees every one.
    pub(crate) async fn note(&self, text: String) {
        {
            let mut state = self.state();
            state.task.message.clone_from(&text);
            note(&mut state.task, text);
        }
        self.tell();
        self.progress(|_| {}).await;
    }

    /// Notes a file that failed; the list is bounded, the count is exact.
    pub(crate) fn note_failure(
        &self,
        subject: impl Into<String>,
        kind: ErrorKind,
        message: impl Into<String>,
    ) {
        let (subject, message) = (subject.into(), message.into());
        self.note_failed(TaskFailure { track: None, subject, kind, message, next_retry: None });
    }

    /// Notes a track that failed, likewise.
    pub(crate) fn note_failed(&self, failure: TaskFailure) {
        let mut state = self.state();
        state.task.failure_count += 1;
        note(&mut state.task, format!("{}: {}", failure.subject, failure.message));
        if state.task.failures.len() < MAX_TASK_FAILURES {
            state.task.failures.push(failure);
        }
    }

    /// Notes a failed file with its error.
    pub(crate) fn note_error(&self, subject: impl Into<String>, error: &Error) {
        self.note_failure(subject, error.kind(), text::sentence(error));
    }

    /// Ends the task; a second end is ignored.
    pub(crate) async fn end(&self, state: TaskState, message: impl Into<String>) {
        if self.is_over() {
            return;
        }
        let ended: Timestamp = clock::now();
        self.change(|task| {
            task.state = state;
            task.message = message.into();
            note(task, task.message.clone());
            task.current_item = None;
            task.ended = Some(ended);
            if state == TaskState::Succeeded {
                task.current = task.total;
            }
        })
        .await;
    }

    fn tell(&self) {
        // Emitting under the lock keeps the events of one task in the order of its states.
        let mut state = self.state();
        if state.shown {
            state.told = Some(Instant::now());
            self.hub.emit(&state.task);
        }
    }

    async fn save(&self) {
        if !self.state().shown {
            return;
        }
        let saved = async { self.write(&self.turn().await?).await };
        let Err(error) = saved.await else { return };
        tracing::warn!(task = %self.id(), %error, "could not store how a task stands");
        if self.is_over() && error.kind() == ErrorKind::Busy {
            tokio::spawn(self.clone().save_end());
        }
    }

    /// Stores the end of a task, which nothing that comes later would store, when the database is free again.
    async fn save_end(self) {
        for _ in 0..END_TRIES {
            tokio::time::sleep(END_PAUSE).await;
            let saved = async { self.write(&self.turn().await?).await };
            match saved.await {
                Err(error) if error.kind() == ErrorKind::Busy => {}
                Err(error) => {
                    return tracing::warn!(task = %self.id(), %error, "the end of a task is not stored");
                }
                Ok(()) => return,
            }
        }
        tracing::warn!(task = %self.id(), "the end of a task is not stored: the database stayed busy");
    }

    /// The right to write, which is held while others wait to write.
    async fn turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>> {
        Patience::turn("storing a task", self.shared.saving.lock()).await
    }

    /// Writes how the task stands now; `_turn` is the right to.
    async fn write(&self, _turn: &tokio::sync::MutexGuard<'_, ()>) -> Result<()> {
        let task = {
            let mut state = self.state();
            state.saved = Some(Instant::now());
            state.task.clone()
        };
        self.hub.store().catalog().put_task(&task).await
    }

    fn state(&self) -> MutexGuard<'_, LiveState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a line to the log, in place of the oldest when it is full.
fn note(task: &mut Task, text: String) {
    if text.is_empty() {
        return;
    }
    if task.log.len() >= MAX_TASK_LINES {
        task.log.remove(0);
    }
    task.log.push(TaskLine { at: clock::now(), text });
}
