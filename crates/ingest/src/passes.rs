//! Passes over what is in the library already: what the worker does after analyzing a track, for tracks that were analyzed
//! before anybody asked for it.
//!
//! Vocabulary: a *pass* goes over the library once, in a task of its own, one item after the other. It begins when what it
//! does is switched on, when an owner asks for it, and after each nightly run.
//!
//! Invariants: of each kind one is under way at most; between two items it stands back while anything is being played
//! (as the owner has set it), and ends when it is cancelled; one that follows a nightly run ends with the hours of that
//! run. What it leaves, the next one takes up.

mod identify;
mod tags;

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use fanfare_model::{TaskId, TaskKind, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{identify::IdentifyPass, tags::TagPass};
use crate::{TaskHub, clock, live_task::LiveTask, work_policy::WorkPolicy};

/// All of them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Passes {
    pub(crate) tags: TagPass,
    pub(crate) identify: IdentifyPass,
}

impl Passes {
    pub(crate) fn new(hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        Self { tags: TagPass::new(hub, work_policy), identify: IdentifyPass::new(hub, work_policy) }
    }

    /// A nightly run is over: passes over what is left, until then; nobody sees those that find nothing to do.
    pub(crate) fn after_the_night(&self, until: Timestamp) {
        self.tags.after_the_night(until);
        self.identify.after_the_night(until);
    }

    /// Cancels that one, if it is under way.
    pub(crate) fn cancel(&self, id: TaskId) -> bool {
        self.tags.cancel(id) || self.identify.cancel(id)
    }

    /// Ends what is under way, between two items.
    pub(crate) async fn stop(&self) {
        tokio::join!(self.tags.stop(), self.identify.stop());
    }
}

/// Runs one pass of a kind at a time.
struct OnePass {
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
struct Turn {
    task: LiveTask,
    cancel: CancellationToken,
    work_policy: WorkPolicy,
    /// Whether somebody asked for it, who is to see it from its beginning.
    asked: bool,
    until: Option<Timestamp>,
}

impl Turn {
    /// Before each item: waits while something is being played, and gives whether to go on.
    async fn goes_on(&self) -> bool {
        tokio::select! {
            () = self.cancel.cancelled() => return false,
            () = self.work_policy.nothing_plays() => {}
        }
        !self.time_is_up()
    }

    /// Whether it ended, or is to end, because the hours of its nightly run are over.
    fn time_is_up(&self) -> bool {
        self.until.is_some_and(|until| clock::now() >= until)
    }
}

impl OnePass {
    fn new(kind: TaskKind, hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        Self { kind, hub: hub.clone(), work_policy: work_policy.clone(), running: Mutex::default() }
    }

    /// Begins a pass, which goes on until then at most, unless one is under way; gives its task.
    fn begin<F>(&self, until: Option<Timestamp>, pass: impl FnOnce(Turn) -> F) -> LiveTask
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

    fn cancel(&self, id: TaskId) -> bool {
        let running = self.running();
        let run = running.as_ref().filter(|run| run.task.id() == id && !run.task.is_over());
        run.inspect(|run| run.cancel.cancel()).is_some()
    }

    fn cancel_whatever_runs(&self) {
        if let Some(run) = &*self.running() {
            run.cancel.cancel();
        }
    }

    async fn stop(&self) {
        self.cancel_whatever_runs();
        let run = self.running().take();
        if let Some(run) = run
            && let Err(error) = run.handle.await
        {
            tracing::error!(%error, kind = ?self.kind, "a pass over the library broke off");
        }
    }

    #[cfg(test)]
    fn is_under_way(&self) -> bool {
        self.running().as_ref().is_some_and(|run| !run.task.is_over())
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
