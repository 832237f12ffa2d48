//! [`TagPass`]: tags of all tracks that were heard before anybody asked for writing them, in one task.
//!
//! It runs when the writing is switched on, and after each nightly run while it is on, which also tries again what could
//! not be written before. It goes by what the catalog knows of each file's tags, so that one that says all already is not
//! opened. The worker's hook may write a file at the same time: both write the same, whole.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanfare_model::{Result, TaskFailure, TaskId, TaskKind, TaskState, Track, TrackId};
use fanfare_store::{MAX_PAGE, Store, TrackQuery};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Ready, what_to_write, write_one};
use crate::{TaskHub, live_task::LiveTask, text};

/// The passes over the library. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TagPass {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether tags are written; not known before the settings were told.
    on: Option<bool>,
    running: Option<Running>,
}

struct Running {
    task: LiveTask,
    cancel: CancellationToken,
    handle: JoinHandle<()>,
}

#[derive(Default)]
struct Done {
    written: u64,
    failed: u64,
}

impl TagPass {
    pub(crate) fn new(store: Store, hub: TaskHub) -> Self {
        Self { inner: Arc::new(Inner { store, hub, state: Mutex::default() }) }
    }

    /// Tells whether tags are to be written. Switched on, a pass begins; switched off, one under way ends. (What is told
    /// first is how things are, not a switch: a server that starts goes on where it was, with the next nightly run.)
    pub(crate) fn set(&self, on: bool) {
        let before = self.state().on.replace(on);
        match (before, on) {
            (Some(false), true) => {
                self.begin(true);
            }
            (Some(true), false) => self.cancel_whatever_runs(),
            _ => {}
        }
    }

    /// A nightly run is over: a pass over what is left, which nobody sees if there is nothing to write.
    pub(crate) fn after_the_night(&self) {
        if self.state().on == Some(true) {
            self.begin(false);
        }
    }

    /// Begins a pass, unless one is under way; gives its task.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn ask(&self) -> Result<TaskId> {
        let task = self.begin(true);
        task.show().await?;
        Ok(task.id())
    }

    /// Cancels that pass, if it is under way.
    pub(crate) fn cancel(&self, id: TaskId) -> bool {
        let state = self.state();
        let running = state.running.as_ref().filter(|run| run.task.id() == id && !run.task.is_over());
        running.inspect(|run| run.cancel.cancel()).is_some()
    }

    /// Ends what is under way, between two files.
    pub(crate) async fn stop(&self) {
        self.cancel_whatever_runs();
        let running = self.state().running.take();
        if let Some(Err(error)) = match running {
            Some(run) => Some(run.handle.await),
            None => None,
        } {
            tracing::error!(%error, "a pass over tags broke off");
        }
    }

    fn cancel_whatever_runs(&self) {
        if let Some(run) = &self.state().running {
            run.cancel.cancel();
        }
    }

    fn begin(&self, seen: bool) -> LiveTask {
        let mut state = self.state();
        if let Some(run) = state.running.as_ref().filter(|run| !run.task.is_over()) {
            return run.task.clone();
        }
        let (task, cancel) = (LiveTask::new(&self.inner.hub, TaskKind::Tags), CancellationToken::new());
        let pass = self.clone().see_through(task.clone(), cancel.clone(), seen);
        state.running = Some(Running { task: task.clone(), cancel, handle: tokio::spawn(pass) });
        task
    }

    async fn see_through(self, task: LiveTask, cancel: CancellationToken, seen: bool) {
        if seen && let Err(error) = task.show().await {
            tracing::warn!(%error, "could not store the task of writing tags");
        }
        let mut done = Done::default();
        let ended = self.pass(&task, &cancel, &mut done).await;
        let written = text::count(done.written, "file");
        let message = match done.failed {
            0 if done.written == 0 => "every file has its tags".to_owned(),
            0 => format!("{written} written"),
            failed => format!("{written} written, {failed} left alone"),
        };
        match ended {
            Err(error) => task.end(TaskState::Failed, text::sentence(&error)).await,
            Ok(()) if cancel.is_cancelled() => {
                task.end(TaskState::Cancelled, format!("cancelled: {message}")).await;
            }
            Ok(()) if done.failed > 0 => task.end(TaskState::PartialSuccess, message).await,
            Ok(()) => task.end(TaskState::Succeeded, message).await,
        }
    }

    async fn pass(&self, task: &LiveTask, cancel: &CancellationToken, done: &mut Done) -> Result<()> {
        let catalog = self.inner.store.catalog();
        let mut seen = HashSet::new();
        let mut query = TrackQuery { limit: MAX_PAGE, ..TrackQuery::default() };
        loop {
            let page = catalog.tracks(&query).await?;
            if query.offset == 0 {
                task.step("writing tags", page.total).await;
            }
            if page.items.is_empty() {
                return Ok(());
            }
            query.offset += page.items.len() as u64;
            for row in page.items {
                if cancel.is_cancelled() {
                    return Ok(());
                }
                self.take_up(&row.track, task, cancel, &mut seen, done).await?;
                task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
            }
        }
    }

    /// Writes a track, and its release with it.
    async fn take_up(
        &self,
        track: &Track,
        task: &LiveTask,
        cancel: &CancellationToken,
        seen: &mut HashSet<TrackId>,
        done: &mut Done,
    ) -> Result<()> {
        if seen.contains(&track.id) || track.content_hash.is_none() || track.failure.is_some() {
            return Ok(());
        }
        let (ready, album) = what_to_write(track, &self.inner.store).await?;
        for one in ready {
            if cancel.is_cancelled() {
                return Ok(());
            }
            if !seen.insert(one.id) || one.is_written(album) {
                continue;
            }
            let Some(path) = self.inner.store.catalog().track_path(one.id).await? else { continue };
            task.show().await?;
            let shown = path.display().to_string();
            task.progress(|task| task.current_item = Some(shown.clone())).await;
            self.write(one, path, shown, album, task, done).await;
        }
        Ok(())
    }

    async fn write(
        &self,
        one: Ready,
        path: PathBuf,
        subject: String,
        album: Option<fanfare_audio::AlbumGain>,
        task: &LiveTask,
        done: &mut Done,
    ) {
        let track = Some(one.id);
        match write_one(one, path, album, self.inner.store.clone()).await {
            Ok(()) => done.written += 1,
            Err(error) => {
                done.failed += 1;
                let (kind, message) = (error.kind(), text::sentence(&error));
                task.note_failed(TaskFailure { track, subject, kind, message, next_retry: None });
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
