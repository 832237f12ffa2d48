//! The scheduler where scans are asked for: one runs at a time, and what is asked meanwhile is merged into the next.

mod running;
mod sweeping;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use fanfare_audio::{CancelFlag, Limits};
use fanfare_channel::clock;
use fanfare_model::{Error, ErrorKind, FolderId, Result, TaskId, TaskKind, TaskState};
use fanfare_store::{Mounts, Steady, Store, WATCHED_FOR};
use tokio::{sync::Notify, time::Instant};

use super::DEFAULT_KEEP_MISSING_DAYS;
use crate::{
    Pictures, TaskHub, live_task::LiveTask, own::OwnFolders, quarantine::Kept, task_tracker::TaskTracker,
    work_policy::WorkPolicy,
};

/// Pause before the first scan that follows one which met files being written; doubled each time.
const FOLLOW_UP: Duration = Duration::from_secs(3);
/// The longest such pause.
const FOLLOW_UP_MAX: Duration = Duration::from_secs(60);

/// How often files that no row names are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Who or what wants a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server started, or a folder joined the library.
    Start,
    /// A person asked.
    Asked,
    /// Something in the folder changed, or its time came round. Shown only if it finds something.
    Quiet,
}

/// Where scans are asked for and run. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ScanScheduler {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    task_tracker: TaskTracker,
    work_policy: WorkPolicy,
    keeping: Kept,
    own: OwnFolders,
    limits: Limits,
    pictures: Pictures,
    keep_days: AtomicU32,
    steady: Mutex<Steady>,
    /// How long the server must have watched before missing tracks are removed.
    watched_for: Mutex<Duration>,
    state: Mutex<SchedulerState>,
    asked: Notify,
    /// Told when a scan ended, or one that waited was withdrawn.
    ended: Notify,
}

/// Which scans there were, for those who go by what scans find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScansSeen {
    /// Scans that ended since the server started.
    ended: u64,
    /// Whether one runs or waits.
    pub(crate) busy: bool,
}

#[derive(Default)]
struct SchedulerState {
    running: Option<Scan>,
    wanted: Option<Scan>,
    /// By folder, what every thread holds that asks its storage: on storage that hangs they outlive their scan.
    at_it: HashMap<FolderId, Arc<()>>,
    /// Folders that were away when they were last scanned: the log tells it once.
    away: HashSet<FolderId>,
    /// By folder, the paths below it that its last scan could not read.
    unread: HashMap<FolderId, HashSet<String>>,
    /// By folder, the mounts at it and below it when its last scan began.
    mounted: HashMap<FolderId, u64>,
    /// By folder, what its last scan left out, as text.
    left_out: BTreeMap<FolderId, Vec<String>>,
    /// Scans that ended.
    ended: u64,
    closed: bool,
}

#[derive(Clone)]
struct Scan {
    task: LiveTask,
    cancel: CancelFlag,
    /// `None` for all.
    folders: Option<HashSet<FolderId>>,
    starting: bool,
    /// A person or a start asked for it: the log says what is scanned.
    told: bool,
    /// Every file is compared byte by byte.
    full: bool,
}

impl Scan {
    /// Whether it does all that is wanted and is not over (its end is told a moment before the scheduler is free).
    fn may_be_joined(&self, full: bool) -> bool {
        self.folders.is_none() && (self.full || !full) && !self.task.is_over()
    }
}

impl ScanScheduler {
    pub(crate) fn new(
        store: Store,
        hub: TaskHub,
        task_tracker: TaskTracker,
        work_policy: WorkPolicy,
        keeping: Kept,
        (own, limits, pictures): (OwnFolders, Limits, Pictures),
    ) -> Self {
        let (state, asked, ended) = (Mutex::default(), Notify::new(), Notify::new());
        let keep_days = AtomicU32::new(DEFAULT_KEEP_MISSING_DAYS);
        let inner = Inner {
            store,
            hub,
            task_tracker,
            work_policy,
            keeping,
            own,
            limits,
            pictures,
            keep_days,
            steady: Mutex::new(Steady::new(std::time::Instant::now(), clock::now())),
            watched_for: Mutex::new(WATCHED_FOR),
            state,
            asked,
            ended,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Which scans there were up to now.
    pub(crate) fn seen(&self) -> ScansSeen {
        let state = self.state();
        ScansSeen { ended: state.ended, busy: state.running.is_some() || state.wanted.is_some() }
    }

    /// What the last scan of each folder left out, as text.
    pub(crate) fn left_out(&self) -> Vec<String> {
        self.state().left_out.values().flatten().cloned().collect()
    }

    /// Whether other file systems are mounted at that folder or below it than when it was last scanned.
    pub(crate) fn is_mounted_otherwise(&self, folder: FolderId, path: &Path) -> bool {
        let scanned = self.state().mounted.get(&folder).copied();
        scanned.is_some_and(|scanned| scanned != Mounts::now().fingerprint(path))
    }

    /// Resolves once no scan runs or waits.
    pub(crate) async fn all_ended(&self) {
        loop {
            let mut ended = std::pin::pin!(self.inner.ended.notified());
            // Before the look: an end between the two is not missed.
            ended.as_mut().enable();
            if !self.seen().busy {
                return;
            }
            ended.await;
        }
    }

    /// How many days missing tracks are kept from the next scan on; 0: until a user removes them.
    pub(crate) fn keep_missing(&self, days: u32) {
        self.inner.keep_days.store(days, Ordering::Relaxed);
    }

    /// How long the server must have watched before missing tracks are removed; [`WATCHED_FOR`] unless told.
    pub(crate) fn remove_after(&self, watched_for: Duration) {
        *self.inner.watched_for.lock().unwrap_or_else(PoisonError::into_inner) = watched_for;
    }

    /// How long missing tracks are kept, in ms; `None`: this scan removes none. See [`Steady`].
    fn keep_ms(&self) -> Option<i64> {
        let days = self.inner.keep_days.load(Ordering::Relaxed);
        let mut steady = self.inner.steady.lock().unwrap_or_else(PoisonError::into_inner);
        let watched_for = *self.inner.watched_for.lock().unwrap_or_else(PoisonError::into_inner);
        let steady = steady.has_watched(watched_for, std::time::Instant::now(), clock::now());
        (days > 0 && steady).then_some(i64::from(days) * DAY_MS)
    }

    /// Asks for a scan of one folder or all; gives the task under which it runs.
    ///
    /// # Errors
    /// `Unavailable` while shutting down; errors of the store.
    pub(crate) async fn ask(&self, cause: Cause, folder: Option<FolderId>) -> Result<TaskId> {
        self.ask_for(cause, folder, false).await
    }

    /// Asks for a scan of all folders that compares every file byte by byte.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) async fn ask_in_full(&self) -> Result<TaskId> {
        self.ask_for(Cause::Asked, None, true).await
    }

    async fn ask_for(&self, cause: Cause, folder: Option<FolderId>, full: bool) -> Result<TaskId> {
        let task = {
            let mut state = self.state();
            if state.closed {
                return Err(Error::new(ErrorKind::Unavailable, "the server is shutting down"));
            }
            match &state.running {
                Some(running) if cause == Cause::Asked && folder.is_none() && running.may_be_joined(full) => {
                    running.task.clone()
                }
                _ => {
                    let scan = state.wanted.get_or_insert_with(|| Scan {
                        task: LiveTask::new(&self.inner.hub, TaskKind::Scan),
                        cancel: CancelFlag::default(),
                        folders: Some(HashSet::new()),
                        starting: false,
                        told: false,
                        full: false,
                    });
                    match (folder, &mut scan.folders) {
                        (Some(folder), Some(folders)) => drop(folders.insert(folder)),
                        (None, folders) => *folders = None,
                        (Some(_), None) => {}
                    }
                    scan.full |= full;
                    scan.starting |= cause == Cause::Start;
                    scan.told |= cause != Cause::Quiet;
                    scan.task.clone()
                }
            }
        };
        if cause != Cause::Quiet {
            task.show().await?;
        }
        self.inner.asked.notify_one();
        Ok(task.id())
    }

    /// Cancels that scan, whether it runs or waits; `false` when it is neither.
    pub(crate) async fn cancel(&self, id: TaskId) -> bool {
        let waiting = {
            let mut state = self.state();
            if let Some(running) = state.running.as_ref().filter(|scan| scan.task.id() == id) {
                running.cancel.cancel();
                return true;
            }
            state.wanted.take_if(|scan| scan.task.id() == id)
        };
        let Some(scan) = waiting else { return false };
        self.inner.ended.notify_waiters();
        scan.task.end(TaskState::Cancelled, "cancelled before it began").await;
        true
    }

    /// Takes no more scans and cancels the one that runs.
    pub(crate) async fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = true;
            if let Some(running) = &state.running {
                running.cancel.cancel();
            }
            state.wanted.take()
        };
        if let Some(scan) = waiting {
            scan.task.end(TaskState::Cancelled, "the server stopped").await;
        }
        self.inner.asked.notify_one();
        self.inner.ended.notify_waiters();
    }

    /// Runs scans until [`Self::close`].
    pub(crate) async fn run(self) {
        let mut pause = FOLLOW_UP;
        let mut swept: Option<Instant> = None;
        let mut follow_up: Option<(Instant, HashSet<FolderId>)> = None;
        loop {
            let next = {
                let mut state = self.state();
                if state.closed {
                    return;
                }
                state.running = state.wanted.take();
                state.running.clone()
            };
            if let Some(scan) = next {
                let changing = self.scan(&scan).await;
                if swept.is_none_or(|swept| swept.elapsed() >= SWEEP_EVERY) && !scan.cancel.is_cancelled() {
                    swept = Some(Instant::now());
                    self.tidy().await;
                }
                self.one_ended();
                if changing.is_empty() {
                    pause = FOLLOW_UP;
                } else {
                    // Folders that an earlier scan left behind still want theirs.
                    let mut folders = follow_up.take().map(|(_, folders)| folders).unwrap_or_default();
                    folders.extend(changing);
                    follow_up = Some((Instant::now() + pause, folders));
                    pause = (pause * 2).min(FOLLOW_UP_MAX);
                }
                continue;
            }
            match &follow_up {
                None => {
                    // A server without folders never scans, and has uploads to tidy up after all the same.
                    let due = swept.map_or_else(Instant::now, |swept| swept + SWEEP_EVERY);
                    if tokio::time::timeout_at(due, self.inner.asked.notified()).await.is_err() {
                        swept = Some(Instant::now());
                        self.tidy().await;
                    }
                }
                Some((due, _)) => {
                    if tokio::time::timeout_at(*due, self.inner.asked.notified()).await.is_err() {
                        for folder in follow_up.take().map(|(_, folders)| folders).unwrap_or_default() {
                            // Refused only while shutting down, which the loop notices by itself.
                            let _asked = self.ask(Cause::Quiet, Some(folder)).await;
                        }
                    }
                }
            }
        }
    }

    fn one_ended(&self) {
        let mut state = self.state();
        state.running = None;
        state.ended += 1;
        drop(state);
        self.inner.ended.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, SchedulerState> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
