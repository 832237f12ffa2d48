//! [`Ingest`]: everything between a new file and a known track, behind one handle.

mod cache_queue;
mod caching;
mod folders;
mod options;
mod parked;
mod receives;
mod running;
mod scope;
mod stop;
mod tasks;

pub use cache_queue::{CacheQueued, Which, queue_cache};
pub use caching::WarmOptions;
pub use folders::{Removed, remove_missing};
pub use parked::retry_parked_jobs;
pub(crate) use running::StaleSender;
#[cfg(test)]
pub(crate) use running::no_stale_tracks;
pub use scope::{ScopePages, WarmScope};

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use fanfare_audio::Limits;
use fanfare_model::{CacheOptions, Error, ErrorKind, Result, TrackId, UserId};
use fanfare_store::Store;
use tokio::{
    sync::{Mutex, broadcast, watch},
    task::JoinHandle,
};

use self::running::{govern, once_writable, pass_wakes, rescan_stale, stale, write_uses};
use crate::{
    BackgroundOptions, BackgroundStatus, DataLock, PictureCommand, Pictures, Playing, Receiving, TaskHub,
    UploadOptions, WorkerStatus, clock,
    own::OwnFolders,
    passes::Passes,
    played::{self, Played},
    quarantine::Kept,
    scan::scheduler::ScanScheduler,
    schedule::{NightClock, Nightly, NightlyParts},
    supervisor::{Supervisor, WorkerCommandLine},
    task_tracker::TaskTracker,
    upload::{UploadCovers, UploadPictures},
    watch::{PendingChanges, WatchOptions},
    work_policy::{Policy, WorkPolicy},
    work_queues::WorkQueues,
    worker::protocol::{WorkerEvent, WorkerRole},
};

/// What workers said that a listener has not taken in yet, at most; one that is slower misses some.
const WAITING_EVENTS: usize = 1_024;

/// How long the worker for listeners gets to end, when nobody waits for it any more.
const LIVE_STOP: Duration = Duration::from_millis(1_200);

/// How ingest is run.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// The data folder that the store lies in.
    pub data_dir: PathBuf,
    /// The program that is the worker: usually this one.
    pub worker_exe: PathBuf,
    /// Its arguments; they must lead to [`run_worker`](crate::run_worker) on the same data folder.
    pub worker_args: Vec<OsString>,
    /// What decodes pictures: usually this program as well, with arguments that lead to
    /// [`run_pictures`](crate::run_pictures).
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
    /// How many days a track whose file is missing is kept; 0: until somebody removes it. May be changed later.
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

/// Starts the worker for background work and the one for listeners, in this order of the answer.
async fn start_workers(
    store: &Store,
    work_queues: &WorkQueues,
    options: &IngestOptions,
    (stale, events): (StaleSender, broadcast::Sender<WorkerEvent>),
    policy: watch::Receiver<Policy>,
) -> Result<(Supervisor, Supervisor)> {
    let slots = options.jobs.max(1);
    let start = |role, policy| {
        let command = WorkerCommandLine {
            exe: options.worker_exe.clone(),
            args: options.worker_args.clone(),
            slots,
            data_dir: options.data_dir.clone(),
            role,
        };
        Supervisor::start(store.clone(), work_queues.clone(), command, stale.clone(), events.clone(), policy)
    };
    // Work that a listener waits for is never throttled.
    let (_, prompt) = watch::channel(Policy::prompt(slots));
    let live = start(WorkerRole::Live, prompt).await?;
    let background = start(WorkerRole::Background, policy).await?;
    background.ahead(caching::at_a_time(options.cache.workers), options.cache.cap_bytes);
    Ok((background, live))
}

impl Ingest {
    /// Cleans up after an earlier run (leases, unfinished tasks), starts the worker and the first scan.
    ///
    /// The lock is that of the data folder, taken before the store was opened: opening tidies up there, which
    /// would disturb another server. It is given up at the end of [`Self::shutdown`].
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn start(lock: DataLock, store: Store, options: IngestOptions) -> Result<Self> {
        let hub = TaskHub::new(store.clone());
        let background = options.background.clone().checked()?;
        let slots = options.jobs.max(1);
        let work_policy = WorkPolicy::new(slots, background);
        let work_queues = WorkQueues::new(&store, &hub, &work_policy);
        let task_tracker = work_queues.analysis.clone();
        let (stale, stale_tracks) = stale();
        let (events, _) = broadcast::channel(WAITING_EVENTS);
        let (tell, policy) = watch::channel(Policy::prompt(slots));
        let (supervisor, live) =
            start_workers(&store, &work_queues, &options, (stale, events.clone()), policy).await?;
        // When the disk cannot be written, all work that begins with a write waits until it can be.
        let waits = store.unwritable().is_some();
        if !waits && let Err(error) = work_queues.resume().await {
            tokio::join!(supervisor.stop(LIVE_STOP), live.stop(LIVE_STOP));
            return Err(error);
        }
        let pictures = Pictures::start(options.pictures);
        let upload_covers = UploadCovers::new(store.clone(), pictures.clone());
        let upload_pictures = UploadPictures::new(pictures.clone(), upload_covers.clone());
        let kept = Kept::days(options.quarantine_days);
        let own = OwnFolders::of(options.data_dir, store.catalog().cache().root().to_owned());
        let scheduler = ScanScheduler::new(
            store.clone(),
            hub.clone(),
            task_tracker.clone(),
            work_policy.clone(),
            kept.clone(),
            (own.clone(), Limits::default(), pictures.clone()),
        );
        scheduler.keep_missing(options.keep_missing_days);
        let passes = Passes::new(&hub, &work_policy);
        let nightly = Nightly::new(NightlyParts {
            hub: hub.clone(),
            work_policy: work_policy.clone(),
            supervisor: supervisor.clone(),
            events: events.clone(),
            clock: NightClock::system(),
            passes: passes.clone(),
            scans: scheduler.clone(),
        });
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let pending_changes = PendingChanges::default();
        let (played, notes) = Played::new();
        let watch_options = WatchOptions { watch: options.watch, poll_interval: options.poll_interval };
        let watching = crate::watch::run(
            store.clone(),
            scheduler.clone(),
            watch_options,
            pending_changes.clone(),
            stopped.clone(),
        );
        // A missed nightly run waits for the scans that the start began, so those are asked for first.
        let resumed = running::resume_later(waits, store.clone(), work_queues.clone(), scheduler.clone());
        let (run_nightly, stop_nightly) = (nightly.clone(), stopped.clone());
        let nights = async move {
            resumed.await;
            run_nightly.run(stop_nightly).await;
        };
        let tasks = vec![
            tokio::spawn(running::watch_disk(store.clone(), stopped.clone())),
            once_writable(&store, &stopped, scheduler.clone().run()),
            once_writable(&store, &stopped, watching),
            once_writable(&store, &stopped, nights),
            tokio::spawn(govern(work_policy.clone(), tell, stopped.clone())),
            tokio::spawn(write_uses(store.clone(), stopped.clone())),
            once_writable(&store, &stopped, upload_covers.run(stopped.clone())),
            tokio::spawn(rescan_stale(store.clone(), scheduler.clone(), stale_tracks, stopped.clone())),
            tokio::spawn(played::analyze_next(store.clone(), supervisor.clone(), notes, stopped.clone())),
        ];
        // Ends by itself: who is being answered may still need the worker for listeners.
        tokio::spawn(pass_wakes(work_queues.clone(), supervisor.clone(), live.clone(), ended));
        let (tasks, lock) = (Mutex::new(tasks), Mutex::new(Some(lock)));
        let inner = Inner {
            store,
            hub,
            scheduler,
            own,
            task_tracker,
            work_queues,
            pictures,
            upload_pictures,
            uploads: std::sync::Mutex::new(Arc::new(options.uploads)),
            cache: std::sync::Mutex::new(Arc::new(options.cache.clone())),
            tidy_cache: tokio::sync::Notify::new(),
            kept,
            supervisor,
            live,
            events,
            work_policy,
            nightly,
            passes,
            played,
            pending_changes,
            stop,
            end,
            tasks,
            lock,
        };
        let ingest = Self { inner: Arc::new(inner) };
        ingest.set_cache(options.cache);
        let inner = &ingest.inner;
        let tidy = caching::keep_tidy(Arc::clone(inner), inner.events.subscribe(), inner.stop.subscribe());
        let uploads =
            caching::precache_uploads(ingest.clone(), inner.events.subscribe(), inner.stop.subscribe());
        let stopped = inner.stop.subscribe();
        let later =
            [once_writable(&inner.store, &stopped, tidy), once_writable(&inner.store, &stopped, uploads)];
        inner.tasks.lock().await.extend(later);
        if !waits && let Err(error) = running::first_scan(&inner.store, &inner.scheduler).await {
            ingest.shutdown().await;
            return Err(error);
        }
        Ok(ingest)
    }

    /// Live tasks and recent events.
    #[must_use]
    pub fn hub(&self) -> &TaskHub {
        &self.inner.hub
    }

    /// Begins taking in a file that is being sent. `name` is what the sender calls it; it is only ever shown.
    ///
    /// # Errors
    /// `LimitExceeded` when the person's quota is used up; `NoSpace`, `Io` from the disk, `Unavailable` while it is away.
    pub async fn receive(&self, name: &str, uploader: UserId) -> Result<Receiving> {
        Receiving::begin(self.receives(), name, uploader).await
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
    /// [`Playing::go_on`]. Hand one to whoever streams; they may be many.
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
