//! The supervisor: keeps one worker child alive, and releases the leases of a dead one. There is one for each role of
//! workers; the one for the role `live` starts its child when it is woken for the first time.
//!
//! Vocabulary: a *worker process* is one child from its start to its end; its *owner* is the name under which it
//! leases jobs, unique per worker process.
//!
//! Invariants: a dead child's leases are ended at once, not after they run out; the owner's name is on disk before the
//! child is told it, so that a server that was killed as well is cleaned up after by the next one; restarts come with a
//! growing, bounded pause. (The queue's rule: the jobs that ran at a crash are tried one at a time, so that a file that
//! kills the worker does not use up the attempts of others.)

mod conversation;
mod keeper;
mod live_requests;
mod orders;
mod owner;
pub(crate) mod stale;
mod worker_process;

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use fanfare_channel::{
    StreamReader, clock,
    policy::Policy,
    protocol::{WorkerCommand, WorkerEvent, WorkerRole},
};
use fanfare_model::Result;
use fanfare_store::Store;
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
};

pub(crate) use self::keeper::WorkerCommandLine;
pub use self::keeper::WorkerStatus;
use self::{
    keeper::{Keeper, locked},
    live_requests::LiveRequests,
    orders::Order,
    owner::OwnerFile,
    stale::StaleSender,
    worker_process::{WorkerExit, WorkerProcess},
};
use crate::work_queues::WorkQueues;

/// Pause before the first restart.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between restarts.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// A worker that ran that long is a success: the next pause is the first one again.
const STABLE_RUN: Duration = Duration::from_secs(60);

/// What [`Supervisor::stop`] takes besides the worker's time: the end by force, and some for the store.
const AFTER_STOP: Duration = Duration::from_millis(900);

/// A handle to the supervisor. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Supervisor {
    orders: mpsc::Sender<Order>,
    status: Arc<Mutex<WorkerStatus>>,
    /// As the keeper's.
    ahead: Arc<Mutex<(usize, u64)>>,
    live_requests: LiveRequests,
    task: Arc<tokio::sync::Mutex<Option<JoinHandle<()>>>>,
}

impl Supervisor {
    /// Ends the leases of a worker of an earlier server, then starts to keep a worker alive.
    ///
    /// # Errors
    /// Errors of the store, and of the file with the owner's name.
    pub(crate) async fn start(
        store: Store,
        work_queues: WorkQueues,
        command: WorkerCommandLine,
        stale: StaleSender,
        events: broadcast::Sender<WorkerEvent>,
        policy: watch::Receiver<Policy>,
    ) -> Result<Self> {
        let owner_file = OwnerFile::in_folder(&command.data_dir, command.role);
        let cleaned = store.unwritable().is_none();
        if cleaned {
            clean_up_before(&store, &owner_file).await?;
        }
        let status = Arc::new(Mutex::new(WorkerStatus { jobs: command.slots, ..WorkerStatus::default() }));
        let (orders, received) = mpsc::channel(64);
        let ahead = Arc::new(Mutex::new((1, u64::MAX)));
        let live_requests = LiveRequests::default();
        let keeper = Keeper {
            store,
            work_queues,
            command,
            status: Arc::clone(&status),
            stale,
            events,
            policy,
            ahead: Arc::clone(&ahead),
            live_requests: live_requests.clone(),
        };
        let task = tokio::spawn(keeper.keep(owner_file, cleaned, received));
        Ok(Self { orders, status, ahead, live_requests, task: Arc::new(tokio::sync::Mutex::new(Some(task))) })
    }

    /// Tells the worker that there may be jobs.
    pub(crate) fn wake(&self) {
        // A full queue of orders has a wake in it already.
        let _queued = self.orders.try_send(Order::Wake);
    }

    /// Tells the worker that lives now something that a later one need not know.
    pub(crate) fn tell(&self, command: WorkerCommand) {
        if self.orders.try_send(Order::Tell(command)).is_err() {
            tracing::debug!("a word to the worker was left out");
        }
    }

    /// Has the worker open a live stream: `command` tells it which, and the stream that it opens has that content, which no
    /// other request has meanwhile. So many bytes may wait for the reader.
    ///
    /// # Errors
    /// `Busy` when too many requests wait; `Conflict` when one with that content does; `Unavailable` when workers end
    /// before they open it, or the server stops; `Timeout`.
    pub(crate) async fn live_stream(
        &self,
        content: Bytes,
        window_bytes: u32,
        command: WorkerCommand,
    ) -> Result<StreamReader> {
        let waiting = self.live_requests.add(content, window_bytes, command)?;
        waiting.opened(async { self.orders.send(Order::Live).await.is_ok() }).await
    }

    /// Tells this worker and later ones for how many tracks at a time transcodes are made, and the cache's cap.
    pub(crate) fn ahead(&self, slots: usize, cap_bytes: u64) {
        *locked(&self.ahead) = (slots, cap_bytes);
        self.tell(WorkerCommand::Ahead { slots, cap_bytes });
    }

    pub(crate) fn status(&self) -> WorkerStatus {
        locked(&self.status).clone()
    }

    /// Stops the worker and waits for its end: so long at most, then by force.
    pub(crate) async fn stop(&self, within: Duration) {
        let Some(mut task) = self.task.lock().await.take() else { return };
        let ended = tokio::time::timeout(within + AFTER_STOP, async {
            let _stopping = self.orders.send(Order::Stop(within)).await;
            (&mut task).await
        });
        match ended.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the supervisor broke off"),
            Err(_) => {
                tracing::warn!("the worker cannot be ended and is left behind");
                task.abort();
            }
        }
    }
}

impl Keeper {
    async fn keep(self, owner_file: OwnerFile, cleaned: bool, mut orders: mpsc::Receiver<Order>) {
        let mut pause = FIRST_PAUSE;
        if !cleaned {
            // A worker looks for waiting jobs when it starts, so orders to wake it can be dropped here.
            if stopped_before(self.store.until_writable(), &mut orders).await {
                return;
            }
            if let Err(error) = clean_up_before(&self.store, &owner_file).await {
                tracing::warn!(%error, "could not end the leases of an earlier worker; they expire by themselves");
            }
        }
        // A worker for listeners is not started until it is needed.
        if self.command.role == WorkerRole::Live && !woken(&mut orders).await {
            return;
        }
        loop {
            let owner = owner::fresh();
            let began = Instant::now();
            let end = match owner_file.write(&owner) {
                Ok(()) => WorkerProcess::new(&self, &owner).run(&mut orders).await,
                Err(error) => WorkerExit::died(format!("its name cannot be stored: {error}")),
            };
            self.clean_up_after(&owner).await;
            {
                let mut status = locked(&self.status);
                status.pid = None;
                status.last_exit = Some(end.reason.clone());
            }
            if end.asked {
                owner_file.remove();
                return;
            }
            if began.elapsed() >= STABLE_RUN || end.dealt_with {
                pause = FIRST_PAUSE;
            }
            tracing::warn!(
                reason = end.reason,
                pause_ms = pause.as_millis(),
                "the worker ended, it is started again"
            );
            // On a disk that is full no worker lives, however often one is started; there is room again from one moment to the
            // next.
            let full = self.store.look_at_disk().await.is_some();
            let waited = async {
                if full { self.store.until_writable().await } else { tokio::time::sleep(pause).await }
            };
            if stopped_before(waited, &mut orders).await {
                owner_file.remove();
                return;
            }
            pause = if full { FIRST_PAUSE } else { (pause * 2).min(MAX_PAUSE) };
            locked(&self.status).restarts += 1;
        }
    }

    async fn clean_up_after(&self, owner: &str) {
        match self.store.jobs().release_owner(owner, clock::now()).await {
            Ok(0) => {}
            Ok(released) => tracing::info!(owner, released, "ended the leases of a worker that is gone"),
            // They run out by themselves within a minute.
            Err(error) => tracing::warn!(owner, %error, "could not end the leases of a worker that is gone"),
        }
        self.work_queues.count().await;
    }
}

/// Waits for the first wake; `false` when told to stop before.
async fn woken(orders: &mut mpsc::Receiver<Order>) -> bool {
    loop {
        match orders.recv().await {
            Some(Order::Wake | Order::Live) => return true,
            Some(Order::Tell(_)) => {}
            Some(Order::Stop(_)) | None => return false,
        }
    }
}

/// Ends the leases of a worker of an earlier server.
async fn clean_up_before(store: &Store, owner_file: &OwnerFile) -> Result<()> {
    if let Some(owner) = owner_file.read()? {
        let released = store.jobs().release_owner(&owner, clock::now()).await?;
        if released > 0 {
            tracing::info!(owner, released, "ended the leases of a worker of an earlier run of the server");
        }
    }
    store.jobs().reap(clock::now()).await?;
    Ok(())
}

/// Waits for `wait`, and returns whether an order to stop came before. Orders to wake the worker are dropped.
async fn stopped_before(wait: impl Future<Output = ()>, orders: &mut mpsc::Receiver<Order>) -> bool {
    let stop = async {
        loop {
            match orders.recv().await {
                Some(Order::Wake | Order::Live | Order::Tell(_)) => {}
                Some(Order::Stop(_)) | None => return,
            }
        }
    };
    tokio::select! {
        () = stop => true,
        () = wait => false,
    }
}
