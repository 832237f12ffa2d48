//! [`Ingest`]: everything between a new file and a known track, behind one handle.

mod cache_queue;
mod caching;
mod folders;
mod options;
mod parked;
mod receives;
mod restore;
mod running;
mod scope;
mod start;
mod stop;
mod tasks;

pub use cache_queue::{CacheQueued, Which, queue_cache};
pub use caching::WarmOptions;
pub use folders::{Removed, remove_missing};
pub use parked::retry_parked_jobs;
pub use scope::{ScopePages, WarmScope};

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use fanfare_channel::{
    StreamReader, clock,
    protocol::{WorkerCommand, WorkerEvent},
};
use fanfare_model::{CacheOptions, Error, ErrorKind, Result, TrackId};
use fanfare_store::Store;
use tokio::{
    sync::{Mutex, broadcast, watch},
    task::JoinHandle,
};

use crate::{
    BackgroundOptions, BackgroundStatus, DataLock, PictureCommand, Pictures, Playing, TaskHub, UploadOptions,
    WorkerStatus, own::OwnFolders, passes::Passes, played::Played, quarantine::Kept,
    scan::scheduler::ScanScheduler, schedule::Nightly, supervisor::Supervisor, task_tracker::TaskTracker,
    upload::UploadPictures, watch::PendingChanges, work_policy::WorkPolicy, work_queues::WorkQueues,
};

/// How ingest is run.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// The data folder that the store lies in.
    pub data_dir: PathBuf,
    /// The program that is the worker: usually this one.
    pub worker_exe: PathBuf,
    /// Its arguments; they must lead to `fanfare_worker::run_worker` on the same data folder.
    pub worker_args: Vec<OsString>,
    /// What decodes pictures: usually this program as well, with arguments that lead to
    /// `fanfare_worker::run_pictures`.
    pub pictures: PictureCommand,
    /// Tracks analyzed at a time, 1 or more.
    pub jobs: usize,
    /// Whether folders are watched for changes.
    pub watch: bool,
    /// Scan everything that often besides; folders that cannot be watched are scanned every 15 minutes anyway.
    pub poll_interval: Option<Duration>,
    /// What runs by itself, when, and how gently; may be changed later.
    pub background: BackgroundOptions,
    /// What people may send, and what is made of it; may be changed later.
    pub uploads: UploadOptions,
    /// What is made smaller and kept, and how much; may be changed later.
    pub cache: CacheOptions,
    /// How many days files of ours are kept that no row names; may be changed later.
    pub quarantine_days: u32,
    /// How many days a track whose file is missing is kept; 0: until a user removes it. May be changed later.
    pub keep_missing_days: u32,
}

/// Scans, watches and analyzes, until [`Ingest::shutdown`]. Cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    scheduler: ScanScheduler,
    /// What no library lies in.
    own: OwnFolders,
    task_tracker: TaskTracker,
    work_queues: WorkQueues,
    pictures: Pictures,
    upload_pictures: UploadPictures,
    uploads: std::sync::Mutex<Arc<UploadOptions>>,
    cache: std::sync::Mutex<Arc<CacheOptions>>,
    /// Notified when the cache should be looked at.
    tidy_cache: tokio::sync::Notify,
    kept: Kept,
    supervisor: Supervisor,
    live: Supervisor,
    /// Everything that workers say.
    events: broadcast::Sender<WorkerEvent>,
    work_policy: WorkPolicy,
    nightly: Nightly,
    passes: Passes,
    played: Played,
    pending_changes: PendingChanges,
    stop: watch::Sender<bool>,
    /// Likewise, for what is needed as long as anybody is answered.
    end: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    lock: Mutex<Option<DataLock>>,
}

impl Ingest {
    /// Live tasks and recent events.
    #[must_use]
    pub fn hub(&self) -> &TaskHub {
        &self.inner.hub
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Where pictures from outside are decoded.
    #[must_use]
    pub fn pictures(&self) -> &Pictures {
        &self.inner.pictures
    }

    /// Deletes an uploaded track: its row and jobs first, then at once its bytes and all that was made of them, as far as no
    /// other track has the same. Work on it that is under way ends within a second or two.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a track of a library folder; errors of the store.
    pub async fn delete_track(&self, id: TrackId) -> Result<()> {
        if let Some(away) = self.inner.store.uploads_away() {
            // Its bytes would stay, and nobody would know of them.
            return Err(Error::new(
                ErrorKind::Unavailable,
                "an upload is not deleted while its storage is away",
            )
            .remedy(away.remedy));
        }
        let catalog = self.inner.store.catalog();
        let leftover = catalog.delete_upload(id, clock::now()).await?;
        if let Err(error) = catalog.remove_unnamed(leftover).await {
            tracing::warn!(track = %id, %error, "the bytes of a deleted track are left until they are swept");
        }
        self.inner.work_queues.count().await;
        Ok(())
    }

    /// How the worker is doing.
    #[must_use]
    pub fn worker_status(&self) -> WorkerStatus {
        self.inner.supervisor.status()
    }

    /// Tells the worker for listeners that there is a job for it; starts it if that is the first one.
    pub fn wake_live(&self) {
        self.inner.live.wake();
    }

    /// How the worker for listeners is doing.
    #[must_use]
    pub fn live_worker_status(&self) -> WorkerStatus {
        self.inner.live.status()
    }

    /// Has the worker for listeners open a live stream, and starts that worker if it does not run. `command` tells it which
    /// stream; the stream that it opens has that content, which no other request has meanwhile. So many bytes may wait for the
    /// reader, who learns it when the worker ends.
    ///
    /// # Errors
    /// `Busy` when too many requests wait; `Conflict` when one with that content does; `Unavailable` when workers end
    /// before they open it, or the server stops; `Timeout`.
    pub async fn live_stream(
        &self,
        content: Bytes,
        window_bytes: u32,
        command: WorkerCommand,
    ) -> Result<StreamReader> {
        self.inner.live.live_stream(content, window_bytes, command).await
    }

    /// When nightly runs were and will be.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn background_status(&self) -> Result<BackgroundStatus> {
        self.inner.nightly.status().await
    }

    /// From now on nightly runs start by themselves, at their time. To be said once the library's folders are known: a run
    /// that is caught up with at once waits for the scans that the start began, and for no folder that is added later.
    pub fn begin_schedule(&self) {
        self.inner.nightly.begin_schedule();
    }

    /// Says that something is being played: background work stands back, until a while after the answer was last told to
    /// [`Playing::go_on`]. Each stream gets one; there may be many.
    #[must_use]
    pub fn playing(&self) -> Playing {
        self.inner.work_policy.playing(None)
    }

    /// The same for a track: if it lacks results, it is analyzed next, as gently as everything else.
    #[must_use]
    pub fn playing_track(&self, track: TrackId) -> Playing {
        self.inner.work_policy.playing(Some((self.inner.played.clone(), track)))
    }
}
