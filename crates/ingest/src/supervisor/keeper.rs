//! [`Keeper`]: what the supervisor and each worker process that it starts share.

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanfare_channel::{
    policy::Policy,
    protocol::{WorkerEvent, WorkerRole},
};
use fanfare_store::Store;
use tokio::sync::{broadcast, watch};

use super::{live_requests::LiveRequests, stale::StaleSender};
use crate::work_queues::WorkQueues;

/// How a worker is started.
#[derive(Debug, Clone)]
pub(crate) struct WorkerCommandLine {
    pub(crate) exe: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) slots: usize,
    pub(crate) data_dir: PathBuf,
    /// Which jobs it takes.
    pub(crate) role: WorkerRole,
}

/// How the worker is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Process id of the worker that runs now.
    pub pid: Option<u32>,
    /// Workers started after the first one.
    pub restarts: u64,
    /// Why the last one ended, in words.
    pub last_exit: Option<String>,
    /// Tracks analyzed at a time at most.
    pub jobs: usize,
}

/// What a worker process needs of its supervisor.
pub(super) struct Keeper {
    pub(super) store: Store,
    pub(super) work_queues: WorkQueues,
    pub(super) command: WorkerCommandLine,
    pub(super) status: Arc<Mutex<WorkerStatus>>,
    /// Tracks whose file is not as the catalog has it.
    pub(super) stale: StaleSender,
    /// Everything that workers say.
    pub(super) events: broadcast::Sender<WorkerEvent>,
    /// How gently the worker works.
    pub(super) policy: watch::Receiver<Policy>,
    /// Tracks at a time whose transcodes are made ahead of time, and the cache's cap in bytes.
    pub(super) ahead: Arc<Mutex<(usize, u64)>>,
    pub(super) live_requests: LiveRequests,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // No worker opens them any more.
        self.live_requests.close();
    }
}

/// Every change under these locks is one assignment, so a poisoned lock leaves the value whole.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
