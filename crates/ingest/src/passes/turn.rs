//! [`OnePass`]: one pass of a kind at a time; and [`Turn`], which a pass asks before each item whether to go on.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use fanfare_channel::clock;
use fanfare_model::{TaskId, TaskKind, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{TaskHub, live_task::LiveTask, work_policy::WorkPolicy};

/// Runs one pass of a kind at a time.
pub(super) struct OnePass {
    kind: TaskKind,
    hub: TaskHub,
    work_policy: WorkPolicy,
    running: Mutex<Option<Running>>,
}

struct Running {
    task: LiveTask,
    cancel: CancellationToken,
    handle: JoinHandle<()>,
}

/// A pass under way.
pub(super) struct Turn {
    pub(super) task: LiveTask,
    pub(super) cancel: CancellationToken,
    work_policy: WorkPolicy,
    /// Whether a person asked for it, who is to see it from its beginning.
    pub(super) asked: bool,
    until: Option<Timestamp>,
}

impl Turn {
    /// Before each item: waits while something is being played, and returns whether to go on.
    pub(super) async fn goes_on(&self) -> bool {
        tokio::select! {
            () = self.cancel.cancelled() => return false,
            () = self.work_policy.nothing_plays() => {}
        }
        !self.time_is_up()
    }

    /// Whether it ended, or is to end, because the hours of its nightly run are over.
    pub(super) fn time_is_up(&self) -> bool {
        self.until.is_some_and(|until| clock::now() >= until)
    }
}

impl OnePass {
    pub(super) fn new(kind: TaskKind, hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        Self { kind, hub: hub.clone(), work_policy: work_policy.clone(), running: Mutex::default() }
    }

    /// Begins a pass, which goes on until then at most, unless one is under way; gives its task.
    pub(super) fn begin<F>(&self, until: Option<Timestamp>, pass: impl FnOnce(Turn) -> F) -> LiveTask
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = self.running();
        if let Some(run) = running.as_ref().filter(|run| !run.task.is_over()) {
            return run.task.clone();
        }
        let (task, cancel) = (LiveTask::new(&self.hub, self.kind), CancellationToken::new());
        let work_policy = self.work_policy.clone();
        let turn =
            Turn { task: task.clone(), cancel: cancel.clone(), work_policy, asked: until.is_none(), until };
        *running = Some(Running { task: task.clone(), cancel, handle: tokio::spawn(pass(turn)) });
        task
    }

    pub(super) fn cancel(&self, id: TaskId) -> bool {
        let running = self.running();
        let run = running.as_ref().filter(|run| run.task.id() == id && !run.task.is_over());
        run.inspect(|run| run.cancel.cancel()).is_some()
    }

    pub(super) fn cancel_whatever_runs(&self) {
        if let Some(run) = &*self.running() {
            run.cancel.cancel();
        }
    }

    pub(super) async fn stop(&self) {
        self.cancel_whatever_runs();
        let run = self.running().take();
        if let Some(run) = run
            && let Err(error) = run.handle.await
        {
            tracing::error!(%error, kind = ?self.kind, "a pass over the library broke off");
        }
    }

    #[cfg(test)]
    pub(super) fn is_under_way(&self) -> bool {
        self.running().as_ref().is_some_and(|run| !run.task.is_over())
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
