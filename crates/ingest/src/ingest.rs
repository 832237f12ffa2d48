//! [`Ingest`]: everything between a new file and a known track, behind one handle.

mod cache_queue;
mod caching;
mod folders;
mod parked;
mod receives;
mod running;
mod scope;

pub use cache_queue::{CacheQueued, Which, queue_cache};
pub use caching::WarmOptions;
pub use folders::{Removed, remove_missing};
pub use parked::retry_parked_jobs;
pub(crate) use running::StaleSender;
#[cfg(test)]
pub(crate) use running::no_stale_tracks;
pub use scope::{ScopePages, WarmScope};

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::Duration,
};

use fanfare_audio::Limits;
use fanfare_model::{
    CacheOptions, Error, ErrorKind, JobId, JobKind, Result, TaskId, TaskKind, TrackId, UserId,
};
use fanfare_store::{Keeping, NewJob, Store, TRANSCODE_ATTEMPTS};
use tokio::{
    sync::{Mutex, broadcast, watch},
    task::JoinHandle,
};

use self::running::{govern, once_writable, pass_wakes, rescan_stale, stale, write_uses};
use crate::{
    AcoustIdOptions, BackgroundOptions, BackgroundStatus, DataLock, PictureCommand, Pictures, Playing,
    Receiving, TaskHub, UploadOptions, WorkerStatus, clock,
    governor::{Governor, Policy},
    hearing::Hearing,
    lines::Lines,
    own::OwnFolders,
    passes::Passes,
    played::{self, Played},
    quarantine::Kept,
    scan::desk::{Cause, ScanDesk},
    schedule::{NightClock, Nightly, NightlyParts},
    supervisor::{Supervisor, WorkerCommandLine},
    upload::{UploadCovers, UploadPictures},
    watch::{Board, WatchOptions},
    worker::protocol::{WorkerEvent, WorkerRole},
};

/// What workers said that a listener has not taken in yet, at most; one that is slower misses some.
const WAITING_EVENTS: usize = 1_024;

/// How long scans get to stop at a shutdown.
const SCANS_STOP: Duration = Duration::from_secs(8);
/// How long the background's worker gets to end.
const BACKGROUND_STOP: Duration = Duration::from_secs(8);
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
    /// Tracks heard at a time, 1 or more.
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

/// Scans, watches and hears, until [`Ingest::shutdown`]. Cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    desk: ScanDesk,
    /// What no library lies in.
    own: OwnFolders,
    hearing: Hearing,
    lines: Lines,
    pictures: Pictures,
    upload_pictures: UploadPictures,
    uploads: std::sync::Mutex<Arc<UploadOptions>>,
    cache: std::sync::Mutex<Arc<CacheOptions>>,
    /// Rung when the cache should be looked at.
    tidy_cache: tokio::sync::Notify,
    kept: Kept,
    supervisor: Supervisor,
    live: Supervisor,
    /// Everything that workers say.
    events: broadcast::Sender<WorkerEvent>,
    governor: Governor,
    nightly: Nightly,
    passes: Passes,
    played: Played,
    board: Board,
    stop: watch::Sender<bool>,
    /// Likewise, for what is needed as long as anybody is answered.
    end: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    lock: Mutex<Option<DataLock>>,
}

impl Ingest {
    /// Cleans up after an earlier life (leases, unfinished tasks), starts the worker and the first scan.
    ///
    /// The lock is that of the data folder, taken before the store was opened: opening tidies up there, which
    /// would disturb another server. It is given up at the end of [`Self::shutdown`].
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn start(lock: DataLock, store: Store, options: IngestOptions) -> Result<Self> {
        let hub = TaskHub::new(store.clone());
        let background = options.background.checked()?;
        let slots = options.jobs.max(1);
        let governor = Governor::new(slots, background);
        let lines = Lines::new(&store, &hub, &governor);
        let hearing = lines.analysis.clone();
        let (stale, stale_tracks) = stale();
        let data_dir = options.data_dir.clone();
        let command = WorkerCommandLine {
            exe: options.worker_exe,
            args: options.worker_args,
            slots,
            data_dir: options.data_dir,
            role: WorkerRole::Background,
        };
        let (events, _) = broadcast::channel(WAITING_EVENTS);
        let supervise = |command, policy| {
            Supervisor::start(store.clone(), lines.clone(), command, stale.clone(), events.clone(), policy)
        };
        let (tell, policy) = watch::channel(Policy::prompt(slots));
        // Whoever waits in order to listen waits for no policy.
        let (_, flat_out) = watch::channel(Policy::prompt(slots));
        let live =
            supervise(WorkerCommandLine { role: WorkerRole::Live, ..command.clone() }, flat_out).await?;
        let supervisor = supervise(command, policy).await?;
        supervisor.ahead(caching::at_a_time(options.cache.workers), options.cache.cap_bytes);
        // When the disk cannot be written, all work that begins with a write waits until it can be.
        let waits = store.unwritable().is_some();
        if !waits && let Err(error) = lines.resume().await {
            tokio::join!(supervisor.stop(LIVE_STOP), live.stop(LIVE_STOP));
            return Err(error);
        }
        let pictures = Pictures::start(options.pictures);
        let upload_covers = UploadCovers::new(store.clone(), pictures.clone());
        let upload_pictures = UploadPictures::new(pictures.clone(), upload_covers.clone());
        let kept = Kept::days(options.quarantine_days);
        let own = OwnFolders::new([data_dir, store.catalog().cache().root().to_owned()]);
        let desk = ScanDesk::new(
            store.clone(),
            hub.clone(),
            hearing.clone(),
            governor.clone(),
            kept.clone(),
            (own.clone(), Limits::default(), pictures.clone()),
        );
        desk.keep_missing(options.keep_missing_days);
        let passes = Passes::new(&hub, &governor);
        let nightly = Nightly::new(NightlyParts {
            hub: hub.clone(),
            governor: governor.clone(),
            supervisor: supervisor.clone(),
            events: events.clone(),
            clock: NightClock::system(),
            passes: passes.clone(),
            scans: desk.clone(),
        });
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let board = Board::default();
        let (played, notes) = Played::new();
        let watch_options = WatchOptions { watch: options.watch, poll_interval: options.poll_interval };
        let watching =
            crate::watch::run(store.clone(), desk.clone(), watch_options, board.clone(), stopped.clone());
        // A missed nightly run waits for the scans that the start began, so those are asked for first.
        let resumed = running::resume_later(waits, store.clone(), lines.clone(), desk.clone());
        let (run_nightly, stop_nightly) = (nightly.clone(), stopped.clone());
        let nights = async move {
            resumed.await;
            run_nightly.run(stop_nightly).await;
        };
        let tasks = vec![
            tokio::spawn(running::watch_disk(store.clone(), stopped.clone())),
            once_writable(&store, &stopped, desk.clone().run()),
            once_writable(&store, &stopped, watching),
            once_writable(&store, &stopped, nights),
            tokio::spawn(govern(governor.clone(), tell, stopped.clone())),
            tokio::spawn(write_uses(store.clone(), stopped.clone())),
            once_writable(&store, &stopped, upload_covers.run(stopped.clone())),
            tokio::spawn(rescan_stale(store.clone(), desk.clone(), stale_tracks, stopped.clone())),
            tokio::spawn(played::analyze_next(store.clone(), supervisor.clone(), notes, stopped.clone())),
        ];
        // Ends by itself: who is being answered may still need the worker for listeners.
        tokio::spawn(pass_wakes(lines.clone(), supervisor.clone(), live.clone(), ended));
        let (tasks, lock) = (Mutex::new(tasks), Mutex::new(Some(lock)));
        let inner = Inner {
            store,
            hub,
            desk,
            own,
            hearing,
            lines,
            pictures,
            upload_pictures,
            uploads: std::sync::Mutex::new(Arc::new(options.uploads)),
            cache: std::sync::Mutex::new(Arc::new(options.cache.clone())),
            tidy_cache: tokio::sync::Notify::new(),
            kept,
            supervisor,
            live,
            events,
            governor,
            nightly,
            passes,
            played,
            board,
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
        if !waits && let Err(error) = running::first_scan(&inner.store, &inner.desk).await {
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

    /// Scans all folders; gives the running scan if one of all folders runs.
    ///
    /// # Errors
    /// `Unavailable` while shutting down; errors of the store.
    pub async fn scan_now(&self) -> Result<TaskId> {
        self.inner.desk.ask(Cause::Asked, None).await
    }

    /// Scans all folders and compares every file with what is known of its bytes; gives the running scan if one does so.
    ///
    /// # Errors
    /// `Unavailable` while shutting down; errors of the store.
    pub async fn scan_in_full(&self) -> Result<TaskId> {
        self.inner.desk.ask_in_full().await
    }

    /// Cancels a task: a scan stops where it is, hearing withdraws the tracks that still wait.
    ///
    /// # Errors
    /// `NotFound` for a task nobody knows, `Conflict` for one that is over.
    pub async fn cancel(&self, task: TaskId) -> Result<()> {
        if self.inner.desk.cancel(task).await
            || self.inner.lines.cancel(task).await?
            || self.inner.nightly.cancel(task).await
            || self.inner.passes.cancel(task)
        {
            return Ok(());
        }
        match self.inner.store.catalog().task(task).await? {
            Some(_) => Err(Error::new(ErrorKind::Conflict, "the task is over already")),
            None => Err(Error::new(ErrorKind::NotFound, "there is no such task")),
        }
    }

    /// Does a task that is over once more: a scan scans again; hearing and nightly runs take up every track that failed or
    /// lacks results. Gives the new task; of one that is not over itself, because it is being done.
    ///
    /// # Errors
    /// `NotFound` for a task nobody knows; `Conflict` where a setting is in the way, which the remedy names; errors of the
    /// store.
    pub async fn retry(&self, task: TaskId) -> Result<TaskId> {
        if self.inner.hub.active().iter().any(|active| active.id == task) {
            return Ok(task);
        }
        let known = self.inner.store.catalog().task(task).await?;
        match known.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such task"))?.kind {
            TaskKind::Scan => self.scan_now().await,
            TaskKind::Analysis | TaskKind::Upload => self.hear_again().await,
            TaskKind::Nightly => self.inner.nightly.ask(true).await,
            TaskKind::Tags => self.inner.passes.tags.ask().await,
            TaskKind::Identify => self.inner.passes.identify.ask().await,
            TaskKind::Cache => self.warm_again(task).await,
            TaskKind::Transcode => self.make_ladders_again(task).await,
        }
    }

    async fn make_ladders_again(&self, of: TaskId) -> Result<TaskId> {
        let ladder = self.uploads().ladder.clone();
        let line = &self.inner.lines.transcodes;
        let hold = line.hold();
        let task = line.announce().await?;
        self.inner.store.catalog().requeue_ladders(of, task, &ladder, clock::now()).await?;
        line.queued().await;
        drop(hold);
        line.count().await;
        Ok(task)
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

    /// For how long files of ours are kept that no row names, from now on, in days.
    pub fn set_quarantine_days(&self, days: u32) {
        self.inner.kept.set(days);
    }

    /// That, as the store is told it.
    #[must_use]
    pub fn keeping(&self) -> Keeping {
        self.inner.kept.get()
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
        self.inner.lines.count().await;
        Ok(())
    }

    /// Asks for the HLS ladder of a track, which a live worker then makes; gives the job that makes it, one however
    /// many ask.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn ask_for_ladder(&self, track: TrackId) -> Result<JobId> {
        let options = self.uploads();
        // Room is made before: what is kept is never more than the cap and this one.
        self.tidy_cache().await?;
        let ladder = options.ladder.clone();
        let line = &self.inner.lines.transcodes;
        let hold = line.hold();
        let task = line.announce().await?;
        let job = NewJob {
            dedupe_key: Some(format!("transcode:{track}:{ladder}")),
            kind: JobKind::TranscodeTrack { track, ladder },
            task: Some(task),
            priority: 0,
            run_at: clock::now(),
            max_attempts: TRANSCODE_ATTEMPTS,
        };
        let id = self.inner.store.jobs().enqueue(job, clock::now()).await?;
        line.queued().await;
        drop(hold);
        Ok(id)
    }

    /// What people may send, and what is made of it.
    #[must_use]
    pub fn uploads(&self) -> Arc<UploadOptions> {
        Arc::clone(&self.inner.uploads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes that, from the next upload and the next ladder on.
    pub fn set_uploads(&self, options: UploadOptions) {
        *self.inner.uploads.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
    }

    /// Queues a failed track again; one whose enrichment alone failed is only enriched again.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when its bytes were let go; errors of the store.
    pub async fn retry_track(&self, id: TrackId) -> Result<()> {
        let row = self.inner.store.catalog().track(id).await?;
        let uploaded = row.is_some_and(|row| row.track.home.folder().is_none());
        let line = if uploaded { &self.inner.lines.uploads } else { &self.inner.lines.analysis };
        let hold = line.hold();
        let task = line.task_id().await?;
        self.inner.store.catalog().requeue_track(id, Some(task), &self.products(), clock::now()).await?;
        line.queued().await;
        drop(hold);
        line.count().await;
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

    /// What runs by itself, when, and how gently.
    #[must_use]
    pub fn background(&self) -> BackgroundOptions {
        self.inner.governor.options()
    }

    /// Changes what runs by itself, when, and how gently: at once, also for a run under way.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for values out of their range.
    pub fn set_background(&self, options: BackgroundOptions) -> Result<()> {
        self.inner.governor.set_options(options.checked()?);
        Ok(())
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

    /// Starts a nightly run now, whatever the hour, unless one is under way; gives its task.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn run_nightly_now(&self) -> Result<TaskId> {
        self.inner.nightly.ask(false).await
    }

    /// Tells whether measured loudness is written into library files (the worker's hook goes by its own settings). When that
    /// is switched on, tracks that were heard before are written too, in a task of its own; what is told first after the
    /// start is no switch.
    pub fn set_write_tags(&self, on: bool) {
        self.inner.passes.tags.set(on);
    }

    /// Tells how AcoustID is asked what tracks are, if it is (the worker's hook goes by its own settings). With a new key,
    /// tracks that were heard before are looked up too, in a task of its own; what is told first after the start is no
    /// change.
    pub fn set_acoustid(&self, options: Option<AcoustIdOptions>) {
        self.inner.passes.identify.set(options);
    }

    /// Says that something is being played: background work stands back, until a while after the answer was last told to
    /// [`Playing::go_on`]. Hand one to whoever streams; they may be many.
    #[must_use]
    pub fn playing(&self) -> Playing {
        self.inner.governor.playing(None)
    }

    /// The same for a track: if it lacks results, it is analyzed next, as gently as everything else.
    #[must_use]
    pub fn playing_track(&self, track: TrackId) -> Playing {
        self.inner.governor.playing(Some((self.inner.played.clone(), track)))
    }

    /// Stops everything: the background, then what is made for listeners. Parts that were stopped before are passed over.
    pub async fn shutdown(&self) {
        tokio::join!(self.stop_background(), self.stop_live());
        self.inner.end.send_replace(true);
        drop(self.inner.lock.lock().await.take());
    }

    /// Ends the worker for listeners, and gives its leases back; takes at most 1.7 s.
    pub async fn stop_live(&self) {
        self.inner.live.stop(LIVE_STOP).await;
    }

    /// Stops scans and the background's worker, and gives its leases back; takes at most 9 s, whatever a file system or
    /// the worker does. What is made for listeners goes on.
    pub async fn stop_background(&self) {
        self.inner.stop.send_replace(true);
        self.inner.desk.close().await;
        let passes = self.inner.passes.clone();
        let tasks = std::mem::take(&mut *self.inner.tasks.lock().await);
        let ended = async {
            passes.stop().await;
            for task in tasks {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a part of ingest broke off");
                }
            }
        };
        let (_, scans) = tokio::join!(
            self.inner.supervisor.stop(BACKGROUND_STOP),
            tokio::time::timeout(SCANS_STOP, ended)
        );
        if scans.is_err() {
            tracing::warn!("a scan did not stop in time; the next one goes on from where it was");
        }
    }

    async fn hear_again(&self) -> Result<TaskId> {
        let hold = self.inner.hearing.hold();
        let task = self.inner.hearing.task_id().await?;
        let catalog = self.inner.store.catalog();
        catalog.requeue_failed(Some(task), &self.products(), clock::now()).await?;
        catalog.queue_missing_analysis(&fanfare_analysis::versions(), Some(task), clock::now()).await?;
        self.inner.hearing.queued().await;
        drop(hold);
        self.inner.hearing.count().await;
        Ok(task)
    }
}
