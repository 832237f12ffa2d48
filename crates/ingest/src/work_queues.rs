//! The kinds of work that workers do: each has its own queue of jobs and its own task ([`TaskTracker`]).

use fanfare_channel::protocol::WorkerEvent;
use fanfare_model::{Result, TaskId};
use fanfare_store::Store;

use crate::{TaskHub, task_tracker::TaskTracker, work_policy::WorkPolicy, work_queue::WorkQueue};

/// All kinds of work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WorkQueues {
    pub(crate) analysis: TaskTracker,
    pub(crate) uploads: TaskTracker,
    pub(crate) transcodes: TaskTracker,
    pub(crate) cache: TaskTracker,
}

impl WorkQueues {
    pub(crate) fn new(store: &Store, hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        let line = |line| TaskTracker::new(store.clone(), hub.clone(), work_policy.clone(), line);
        Self {
            analysis: line(WorkQueue::Analysis),
            uploads: line(WorkQueue::Uploads),
            transcodes: line(WorkQueue::Transcodes),
            cache: line(WorkQueue::Cache),
        }
    }

    fn all(&self) -> [&TaskTracker; 4] {
        [&self.analysis, &self.uploads, &self.transcodes, &self.cache]
    }

    /// Continues the unfinished tasks of an earlier run of the server, and closes those without jobs.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn resume(&self) -> Result<()> {
        for line in self.all() {
            line.resume().await?;
        }
        Ok(())
    }

    /// Shows a worker's event on the tasks.
    pub(crate) async fn on_event(&self, event: &WorkerEvent) {
        for line in self.all() {
            line.on_event(event).await;
        }
    }

    /// Reads from the store how many jobs of each are done.
    pub(crate) async fn count(&self) {
        for line in self.all() {
            line.count().await;
        }
    }

    /// Cancels the waiting jobs of a task, if it is one of these; returns whether it is.
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
