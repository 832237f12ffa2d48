//! The desk where scans are asked for: one runs at a time, and what is asked meanwhile is merged into the next.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use fanfare_audio::{CancelFlag, Limits};
use fanfare_model::{Error, ErrorKind, FolderId, Result, TaskId, TaskKind, TaskState};
use fanfare_store::{Failure, ScanApplied, Store, Swept};
use tokio::{sync::Notify, time::Instant};

use super::{DEFAULT_KEEP_MISSING_DAYS, apply::sum, folder::FolderScan, steady::Steady};
use crate::{
    Pictures, TaskHub, clock, governor::Governor, hearing::Hearing, live_task::LiveTask, mounts,
    own::OwnFolders, quarantine::Kept, text,
};

/// Pause before the first scan that follows one which met files being written; doubled each time.
const FOLLOW_UP: Duration = Duration::from_secs(3);
/// The longest such pause.
const FOLLOW_UP_MAX: Duration = Duration::from_secs(60);

/// How often files that no row names are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long a job that nobody is shown is kept after its end.
const JOBS_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

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
pub(crate) struct ScanDesk {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: TaskHub,
    hearing: Hearing,
    governor: Governor,
    keeping: Kept,
    own: OwnFolders,
    limits: Limits,
    pictures: Pictures,
    keep_days: AtomicU32,
    steady: Mutex<Steady>,
    state: Mutex<DeskState>,
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
struct DeskState {
    running: Option<Scan>,
    wanted: Option<Scan>,
    /// By folder, what every thread holds that asks its storage: on storage that hangs they outlive their scan.
    at_it: HashMap<FolderId, Arc<()>>,
    /// Folders that were away when they were last scanned: the log tells it once.
    away: HashSet<FolderId>,
    /// By folder, the mounts at it and below it when its last scan began.
    mounted: HashMap<FolderId, u64>,
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
    /// Every file is compared byte by byte.
    full: bool,
}

impl Scan {
    /// Whether it does all that is wanted and is not over (its end is told a moment before the desk is free).
    fn may_be_joined(&self, full: bool) -> bool {
        self.folders.is_none() && (self.full || !full) && !self.task.is_over()
    }
}

impl ScanDesk {
    pub(crate) fn new(
        store: Store,
        hub: TaskHub,
        hearing: Hearing,
        governor: Governor,
        keeping: Kept,
        (own, limits, pictures): (OwnFolders, Limits, Pictures),
    ) -> Self {
        let (state, asked, ended) = (Mutex::default(), Notify::new(), Notify::new());
        let keep_days = AtomicU32::new(DEFAULT_KEEP_MISSING_DAYS);
        let inner = Inner {
            store,
            hub,
            hearing,
            governor,
            keeping,
            own,
            limits,
            pictures,
            keep_days,
            steady: Mutex::new(Steady::new(std::time::Instant::now(), clock::now())),
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

    /// Whether other file systems are mounted at that folder or below it than when it was last scanned.
    pub(crate) fn is_mounted_otherwise(&self, folder: FolderId, path: &Path) -> bool {
        let scanned = self.state().mounted.get(&folder).copied();
        scanned.is_some_and(|scanned| scanned != mounts::fingerprint(path))
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

    /// How many days missing tracks are kept from the next scan on; 0: until somebody removes them.
    pub(crate) fn keep_missing(&self, days: u32) {
        self.inner.keep_days.store(days, Ordering::Relaxed);
    }

    /// How long missing tracks are kept, in ms; `None`: this scan removes none. See [`Steady`].
    fn keep_ms(&self) -> Option<i64> {
        let days = self.inner.keep_days.load(Ordering::Relaxed);
        let mut steady = self.inner.steady.lock().unwrap_or_else(PoisonError::into_inner);
        let steady = steady.for_a_day(std::time::Instant::now(), clock::now());
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
                        full: false,
                    });
                    match (folder, &mut scan.folders) {
                        (Some(folder), Some(folders)) => drop(folders.insert(folder)),
                        (None, folders) => *folders = None,
                        (Some(_), None) => {}
                    }
                    scan.full |= full;
                    scan.starting |= cause == Cause::Start;
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

    async fn tidy(&self) {
        self.forget_jobs().await;
        self.sweep().await;
    }

    /// Forgets what listeners had made, so that the list of jobs does not grow with every track that is played.
    async fn forget_jobs(&self) {
        match self.inner.store.catalog().forget_jobs(clock::now().plus_ms(-JOBS_KEPT_MS)).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "forgot jobs that are over"),
            Err(error) => tracing::warn!(%error, "could not forget jobs that are over"),
        }
    }

    /// Puts files that no row names into quarantine, and deletes what was there for long. Between scans, because they are
    /// what stores covers.
    async fn sweep(&self) {
        let keeping = self.inner.keeping.get();
        match self.inner.store.catalog().sweep(&keeping, clock::now()).await {
            Ok(swept) => report(&swept),
            Err(error) => tracing::warn!(%error, "could not look for files that no row names"),
        }
    }

    /// Runs one scan; gives the folders in which files were being written.
    async fn scan(&self, scan: &Scan) -> HashSet<FolderId> {
        let hold = self.inner.hearing.hold();
        scan.task.step("reading folders", 0).await;
        let mut changing = HashSet::new();
        let (state, message) = match self.folders(scan, &mut changing).await {
            Ok(end) => end,
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                (TaskState::Cancelled, "cancelled; the next scan goes on from here".to_owned())
            }
            Err(error) => {
                tracing::error!(%error, "a scan failed");
                if error.kind().is_transient() {
                    // What began it would else be lost: a change is told once.
                    changing = self.wanted(scan).await;
                }
                if let Err(error) = scan.task.show().await {
                    tracing::error!(%error, "a failed scan cannot be stored");
                }
                (TaskState::Failed, text::sentence(&error))
            }
        };
        scan.task.end(state, message).await;
        drop(hold);
        self.inner.hearing.count().await;
        changing
    }

    /// The folders that a scan is to read; none when even those cannot be read.
    async fn wanted(&self, scan: &Scan) -> HashSet<FolderId> {
        if let Some(folders) = &scan.folders {
            return folders.clone();
        }
        match self.inner.store.catalog().folders().await {
            Ok(folders) => folders.into_iter().map(|folder| folder.id).collect(),
            Err(error) => {
                tracing::warn!(%error, "a scan that failed is not tried again by itself");
                HashSet::new()
            }
        }
    }

    async fn folders(&self, scan: &Scan, changing: &mut HashSet<FolderId>) -> Result<(TaskState, String)> {
        let folders = self.inner.store.catalog().folders().await?;
        let (mut applied, mut scanned, mut away, mut compared) =
            (ScanApplied::default(), 0_u64, 0_u64, 0_u64);
        for folder in &folders {
            if scan.folders.as_ref().is_some_and(|wanted| !wanted.contains(&folder.id)) {
                continue;
            }
            let at_it = Arc::clone(self.state().at_it.entry(folder.id).or_default());
            let work = FolderScan {
                store: &self.inner.store,
                folder,
                task: &scan.task,
                hearing: &self.inner.hearing,
                on_arrival: self.inner.governor.options().on_arrival,
                cancel: &scan.cancel,
                own: &self.inner.own,
                limits: &self.inner.limits,
                pictures: &self.inner.pictures,
                at_it,
                full: scan.full,
                keep_ms: self.keep_ms(),
            };
            // Before the walk: what is mounted meanwhile is a change that the next look finds.
            self.state().mounted.insert(folder.id, mounts::fingerprint(&folder.path));
            match work.run().await {
                Ok(outcome) => {
                    self.state().away.remove(&folder.id);
                    away += outcome.away;
                    scanned += u64::from(!outcome.not_there);
                    compared += outcome.compared;
                    applied = sum(applied, outcome.applied);
                    if outcome.changing > 0 {
                        changing.insert(folder.id);
                    }
                    changing.extend(outcome.taken_from);
                }
                // Storage that is away and stays away is no news to a scan that nobody asked for.
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    away += 1;
                    let path = folder.path.display().to_string();
                    if self.state().away.insert(folder.id) {
                        Failure::new("scanning a folder", None, &*path, &error).tell();
                    }
                    scan.task.note_error(path, &error);
                }
                // Somebody took it out of the library meanwhile: the others are scanned all the same.
                Err(error) if error.kind() == ErrorKind::NotFound && self.is_gone(folder.id).await? => {
                    let mut state = self.state();
                    state.at_it.remove(&folder.id);
                    state.mounted.remove(&folder.id);
                }
                Err(error) => return Err(error),
            }
        }
        if scan.starting {
            self.queue_missing().await;
        }
        let failures = scan.task.snapshot().failure_count;
        let state = match (failures, scanned) {
            (0, _) => TaskState::Succeeded,
            (_, 0) if away > 0 => TaskState::Failed,
            _ => TaskState::PartialSuccess,
        };
        Ok((state, summary(applied, away, compared)))
    }

    async fn is_gone(&self, folder: FolderId) -> Result<bool> {
        let folders = self.inner.store.catalog().folders().await?;
        Ok(folders.iter().all(|known| known.id != folder))
    }

    /// After an upgrade: tracks whose results are of older analyzers are heard again.
    async fn queue_missing(&self) {
        if !self.inner.governor.options().on_arrival {
            return; // the next nightly run finds them
        }
        let hearing = &self.inner.hearing;
        let task = match hearing.task_id().await {
            Ok(task) => task,
            Err(error) => return tracing::warn!(%error, "could not look for tracks that lack results"),
        };
        let versions = fanfare_analysis::versions();
        match self.inner.store.catalog().queue_missing_analysis(&versions, Some(task), clock::now()).await {
            Ok(0) => {}
            Ok(queued) => {
                tracing::info!(queued, "tracks lack results of the present analyzers and are heard again");
                hearing.queued().await;
            }
            Err(error) => tracing::warn!(%error, "could not look for tracks that lack results"),
        }
    }

    fn state(&self) -> MutexGuard<'_, DeskState> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn report(swept: &Swept) {
    if swept.missed > 0 {
        let files = swept.missed;
        tracing::warn!(
            files,
            "files of ours that no track names are in quarantine; `fanfare doctor` says more"
        );
    }
    if swept.deleted > 0 {
        let (files, bytes) = (swept.deleted, swept.deleted_bytes);
        tracing::info!(files, bytes, "deleted files that no track named for a long time");
    }
}

fn summary(applied: ScanApplied, away: u64, compared: u64) -> String {
    let parts = [
        (applied.added, "added"),
        (applied.changed, "changed"),
        (applied.moved, "moved"),
        (applied.missing, "missing"),
        (applied.restored, "back"),
        (applied.removed, "removed"),
        (applied.unreadable, "unreadable"),
    ];
    let mut said: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if said.is_empty() {
        said.push("nothing changed".to_owned());
    }
    if compared > 0 {
        said.push(format!("{} compared", text::count(compared, "file")));
    }
    if away > 0 {
        said.push(format!("{} away", text::count(away, "folder")));
    }
    said.join(", ")
}
