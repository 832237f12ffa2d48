//! Starting everything: workers, scans, watching, nightly runs, in an order that leaves nothing to clean up where it fails.

use std::sync::Arc;

use fanfare_audio::Limits;
use fanfare_channel::{
    policy::Policy,
    protocol::{WorkerEvent, WorkerRole},
};
use fanfare_model::{Result, TrackId};
use fanfare_store::Store;
use tokio::sync::{Mutex, broadcast, mpsc, watch};

use super::{
    Ingest, IngestOptions, Inner,
    caching::{at_a_time, keep_tidy, precache_uploads},
    running::{
        first_scan, govern, once_writable, pass_wakes, rescan_stale, resume_later, watch_disk, write_uses,
    },
    stop::LIVE_STOP,
};
use crate::{
    DataLock, Pictures, TaskHub,
    own::OwnFolders,
    passes::Passes,
    played::{Played, analyze_next},
    quarantine::Kept,
    scan::scheduler::ScanScheduler,
    schedule::{NightClock, Nightly, NightlyParts},
    supervisor::{
        Supervisor, WorkerCommandLine,
        stale::{StaleReceiver, StaleSender, stale},
    },
    upload::{UploadCovers, UploadPictures},
    watch::{PendingChanges, WatchOptions},
    work_policy::WorkPolicy,
    work_queues::WorkQueues,
};

/// What workers said that a listener has not taken in yet, at most; one that is slower misses some.
const WAITING_EVENTS: usize = 1_024;

/// What has work as soon as the parts of [`Inner`] are running.
struct Waiting {
    /// Tells the worker for background work how gently to work.
    tell: watch::Sender<Policy>,
    /// Tracks whose file is not as the catalog has it.
    stale: StaleReceiver,
    /// Tracks that are played.
    played: mpsc::Receiver<TrackId>,
    covers: UploadCovers,
    watch: WatchOptions,
    /// The disk cannot be written: work that begins with a write waits until it can be.
    waits: bool,
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
    background.ahead(at_a_time(options.cache.workers), options.cache.cap_bytes);
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
        let cache = options.cache.clone();
        let (inner, waiting) = Inner::begin(lock, store, options).await?;
        let (waits, ingest) = (waiting.waits, Self { inner: Arc::new(inner) });
        ingest.run(waiting).await;
        ingest.set_cache(cache);
        let inner = &ingest.inner;
        let tidy = keep_tidy(Arc::clone(inner), inner.events.subscribe(), inner.stop.subscribe());
        let uploads = precache_uploads(ingest.clone(), inner.events.subscribe(), inner.stop.subscribe());
        let stopped = inner.stop.subscribe();
        let later =
            [once_writable(&inner.store, &stopped, tidy), once_writable(&inner.store, &stopped, uploads)];
        inner.tasks.lock().await.extend(later);
        if !waits && let Err(error) = first_scan(&inner.store, &inner.scheduler).await {
            ingest.shutdown().await;
            return Err(error);
        }
        Ok(ingest)
    }

    /// Starts the tasks that end with [`Self::stop_background`].
    async fn run(&self, waiting: Waiting) {
        let Inner { store, scheduler, work_queues, supervisor, live, work_policy, .. } = &*self.inner;
        let Waiting { tell, stale, played, covers, watch, waits } = waiting;
        let (stopped, ended) = (self.inner.stop.subscribe(), self.inner.end.subscribe());
        let watching = crate::watch::run(
            store.clone(),
            scheduler.clone(),
            watch,
            self.inner.pending_changes.clone(),
            stopped.clone(),
        );
        // A missed nightly run waits for the scans that the start began, so those are asked for first.
        let resumed = resume_later(waits, store.clone(), work_queues.clone(), scheduler.clone());
        let (run_nightly, stop_nightly) = (self.inner.nightly.clone(), stopped.clone());
        let nights = async move {
            resumed.await;
            run_nightly.run(stop_nightly).await;
        };
        let waking = supervisor.clone();
        let wake = move || waking.wake();
        let tasks = [
            tokio::spawn(watch_disk(store.clone(), stopped.clone())),
            once_writable(store, &stopped, scheduler.clone().run()),
            once_writable(store, &stopped, watching),
            once_writable(store, &stopped, nights),
            tokio::spawn(govern(work_policy.clone(), tell, stopped.clone())),
            tokio::spawn(write_uses(store.clone(), stopped.clone())),
            once_writable(store, &stopped, covers.run(stopped.clone())),
            tokio::spawn(rescan_stale(store.clone(), scheduler.clone(), stale, stopped.clone())),
            tokio::spawn(analyze_next(store.clone(), wake, played, stopped.clone())),
        ];
        // Ends by itself: a listener who is being answered may still need the worker for listeners.
        tokio::spawn(pass_wakes(work_queues.clone(), supervisor.clone(), live.clone(), ended));
        self.inner.tasks.lock().await.extend(tasks);
    }
}

impl Inner {
    /// Starts the workers, and makes the parts; none of them runs yet.
    async fn begin(lock: DataLock, store: Store, options: IngestOptions) -> Result<(Self, Waiting)> {
        let hub = TaskHub::new(store.clone());
        let background = options.background.clone().checked()?;
        let slots = options.jobs.max(1);
        let work_policy = WorkPolicy::new(slots, background);
        let work_queues = WorkQueues::new(&store, &hub, &work_policy);
        let (stale, stale_tracks) = stale();
        let (events, _) = broadcast::channel(WAITING_EVENTS);
        let (tell, policy) = watch::channel(Policy::prompt(slots));
        let (supervisor, live) =
            start_workers(&store, &work_queues, &options, (stale, events.clone()), policy).await?;
        let waits = store.unwritable().is_some();
        if !waits && let Err(error) = work_queues.resume().await {
            tokio::join!(supervisor.stop(LIVE_STOP), live.stop(LIVE_STOP));
            return Err(error);
        }
        let pictures = Pictures::start(options.pictures);
        let covers = UploadCovers::new(store.clone(), pictures.clone());
        let kept = Kept::days(options.quarantine_days);
        let own = OwnFolders::of(options.data_dir, store.catalog().cache().root().to_owned());
        let scheduler = ScanScheduler::new(
            store.clone(),
            hub.clone(),
            work_queues.analysis.clone(),
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
        let (played, notes) = Played::new();
        let inner = Self {
            store,
            hub,
            scheduler,
            own,
            task_tracker: work_queues.analysis.clone(),
            work_queues,
            upload_pictures: UploadPictures::new(pictures.clone(), covers.clone()),
            pictures,
            uploads: std::sync::Mutex::new(Arc::new(options.uploads)),
            cache: std::sync::Mutex::new(Arc::new(options.cache)),
            tidy_cache: tokio::sync::Notify::new(),
            kept,
            supervisor,
            live,
            events,
            work_policy,
            nightly,
            passes,
            played,
            pending_changes: PendingChanges::default(),
            stop: watch::channel(false).0,
            end: watch::channel(false).0,
            tasks: Mutex::default(),
            lock: Mutex::new(Some(lock)),
        };
        let watch = WatchOptions { watch: options.watch, poll_interval: options.poll_interval };
        Ok((inner, Waiting { tell, stale: stale_tracks, played: notes, covers, watch, waits }))
    }
}
