//! The scan of one library folder.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fanfare_audio::{CancelFlag, Limits};
use fanfare_model::{
    Error, ErrorKind, Result, Timestamp, TrackId, TrackState, job::Products, library::Folder,
};
use fanfare_store::{KnownFile, ScanApplied, ScanChange, Store};

use super::{
    apply::Applying,
    cover::Covers,
    plan::{Comparison, Plan, Verdict, plan},
    read::{self, Read, ReadOutcome, Readers, hash_file, open_regular},
    walk::{WalkProgress, Walked, walk},
};
use crate::{
    clock,
    detached::{STALLED, attend, detached},
    hearing::Hearing,
    live_task::LiveTask,
    own::OwnFolders,
    pictures::{Pictures, limits_here},
    text,
};

/// How often the number of files found so far is shown while walking.
const WALK_PROGRESS: Duration = Duration::from_millis(200);
/// How long a scan waits for threads that an earlier one of the folder left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(5);
/// Failed tracks that are looked up per scan to see whether reading them again makes sense.
const MAX_REREAD_LOOKUPS: usize = 5_000;

/// One folder to scan, and everything that takes.
pub(crate) struct FolderScan<'a> {
    pub(crate) store: &'a Store,
    pub(crate) folder: &'a Folder,
    pub(crate) task: &'a LiveTask,
    pub(crate) hearing: &'a Hearing,
    /// Whether what is found is heard at once, and not with the next nightly run.
    pub(crate) on_arrival: bool,
    pub(crate) cancel: &'a CancelFlag,
    /// What is passed by wherever it lies in the folder.
    pub(crate) own: &'a OwnFolders,
    pub(crate) limits: &'a Limits,
    /// Where covers are decoded.
    pub(crate) pictures: &'a Pictures,
    /// Held by every thread that asks the folder's storage, so that it is known which are still at it.
    pub(crate) at_it: Arc<()>,
    /// Folders in it (the root is the empty path) that are empty because somebody emptied them, not because
    /// their storage is away.
    pub(crate) meant_empty: HashSet<String>,
}

/// What the scan of a folder came to.
#[derive(Debug, Default)]
pub(crate) struct FolderOutcome {
    pub(crate) applied: ScanApplied,
    /// Files that were being written: worth another scan soon.
    pub(crate) changing: u64,
    /// The folder can be listed but holds no audio, and was left alone for that.
    pub(crate) suddenly_empty: bool,
    /// Folders in it that were left alone for being suddenly empty (the root is the empty path).
    pub(crate) emptied: HashSet<String>,
}

impl FolderScan<'_> {
    /// Brings the catalog up to date with the folder.
    ///
    /// # Errors
    /// `Unavailable` when the folder is away (see the module documentation of `scan`); `Cancelled`; errors
    /// of the store.
    pub(crate) async fn run(&self) -> Result<FolderOutcome> {
        let began = clock::now();
        self.wait_for_threads_left_behind().await?;
        let walked = self.walk().await?;
        for own in &walked.own {
            self.task.note(format!("left out {}: Fanfare keeps its own files there", self.shown(own))).await;
        }
        let known = self.store.catalog().known_files(self.folder.id).await?;
        let empty = walked.files.is_empty() && !walked.unread.iter().any(|unread| unread.is_file);
        if empty && !known.is_empty() && !self.meant_empty.contains("") {
            self.task.show().await?;
            self.task.note_error(self.folder.path.display().to_string(), &emptied(known.len()));
            let emptied = HashSet::from([String::new()]);
            return Ok(FolderOutcome { suddenly_empty: true, emptied, ..FolderOutcome::default() });
        }
        let (refused, stay) = self.refusals(&walked, &known);
        let walked = Arc::new(walked);
        let reread = Arc::new(self.worth_reading_again(&known).await?);
        let plan = self.plan(known, &walked, &reread).await?;
        let quiet = plan.readings.is_empty() && plan.removed.is_empty() && refused.is_empty();
        if !quiet {
            self.task.show().await?;
        }
        for unread in walked.unread.iter().filter(|unread| !quiet || !stay.contains(&unread.relative_path)) {
            self.task.note_error(self.shown(&unread.relative_path), &unread.error);
        }
        for (folder, tracks) in &plan.emptied {
            self.task.note_error(self.shown(folder), &emptied(*tracks));
        }
        let mut outcome =
            FolderOutcome { emptied: plan.emptied.keys().cloned().collect(), ..FolderOutcome::default() };
        if !quiet {
            let mut applying = Applying::new(self);
            applying.push_all(refused).await?;
            outcome.changing = self.read(&walked, &plan, &reread, &mut applying).await?;
            applying.push_all(plan.removed.into_iter().map(ScanChange::Removed)).await?;
            outcome.applied = applying.end().await?;
        }
        // The time of the walk, not of the end: a picture that came in between must look newer.
        self.store.catalog().mark_scanned(self.folder.id, began).await?;
        Ok(outcome)
    }

    /// Threads of an earlier scan end by themselves in a moment, unless the storage hangs: then more of them would
    /// only hang as well.
    async fn wait_for_threads_left_behind(&self) -> Result<()> {
        let began = Instant::now();
        // One is ours, one the desk's.
        while Arc::strong_count(&self.at_it) > 2 {
            self.check_cancel()?;
            if began.elapsed() > LEFT_BEHIND {
                let message = format!("the folder {} is away: its storage hangs", self.folder.path.display());
                return Err(Error::new(ErrorKind::Unavailable, message)
                    .remedy("check the network share or disk; the folder is scanned again by itself"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits for work on the folder's storage; see [`attend`].
    async fn attend<T>(&self, work: impl Future<Output = T>, answers: impl Fn() -> u64) -> Result<T> {
        attend(work, answers, self.cancel, STALLED).await.map_err(|error| match error.kind() {
            ErrorKind::Unavailable => {
                error.context(format!("the folder {} is away", self.folder.path.display()))
            }
            _ => error,
        })
    }

    async fn walk(&self) -> Result<Walked> {
        let (root, cancel, at_it) = (self.folder.path.clone(), self.cancel.clone(), Arc::clone(&self.at_it));
        let (own, progress) = (self.own.clone(), Arc::new(WalkProgress::default()));
        let before = self.task.snapshot().current;
        let counted = Arc::clone(&progress);
        let walking = detached("walk", move || {
            let _at_it = at_it;
            own.refuse(&root).map_err(|error| {
                // Nothing known of it is taken for removed.
                Error::new(ErrorKind::Unavailable, error.message().to_owned())
                    .remedy("remove it from the library; no file is touched")
            })?;
            walk(&root, &own.places(), &cancel, &counted)
        });
        let attended = self.attend(walking, || progress.answers.load(Ordering::Relaxed));
        tokio::pin!(attended);
        loop {
            match tokio::time::timeout(WALK_PROGRESS, &mut attended).await {
                Ok(walked) => return walked??,
                Err(_) => {
                    let found = progress.found.load(Ordering::Relaxed);
                    self.task.progress(|task| task.current = before + found).await;
                }
            }
        }
    }

    async fn plan(
        &self,
        known: Vec<KnownFile>,
        walked: &Arc<Walked>,
        reread: &Arc<HashSet<TrackId>>,
    ) -> Result<Plan> {
        let reread = Arc::clone(reread);
        let (root, walked, cancel) = (self.folder.path.clone(), Arc::clone(walked), self.cancel.clone());
        let (pictures_since, meant_empty) = (self.folder.scanned, self.meant_empty.clone());
        let (answers, at_it) = (Arc::new(AtomicU64::new(0)), Arc::clone(&self.at_it));
        let counted = Arc::clone(&answers);
        let planning = detached("plan", move || {
            let _at_it = at_it;
            let mut on_block = || {
                counted.fetch_add(1, Ordering::Relaxed);
            };
            let mut hash = |file: usize| {
                let path = root.join(&walked.files.get(file)?.relative_path);
                open_regular(&path).and_then(|file| hash_file(&file, &cancel, &mut on_block)).ok()
            };
            let (reread, meant_empty) = (&*reread, &meant_empty);
            plan(known, &walked, Comparison { reread, pictures_since, meant_empty, hash: &mut hash })
        });
        let plan = self.attend(planning, || answers.load(Ordering::Relaxed)).await??;
        self.check_cancel()?;
        Ok(plan)
    }

    /// Tracks that failed for a reason that lies outside the file, and may work now.
    async fn worth_reading_again(&self, known: &[KnownFile]) -> Result<HashSet<TrackId>> {
        let mut again = HashSet::new();
        let failed = known.iter().filter(|file| file.state == TrackState::Failed);
        for file in failed.take(MAX_REREAD_LOOKUPS) {
            let row = self.store.catalog().track(file.id).await?;
            if row.and_then(|row| row.track.failure).is_some_and(|failure| is_access(failure.kind)) {
                again.insert(file.id);
            }
        }
        Ok(again)
    }

    /// Files that the walk met but could not look at, as changes; and the paths that were listed before.
    ///
    /// A track that is known and fine stays as it is (its link dangles because a disk is away).
    fn refusals(&self, walked: &Walked, known: &[KnownFile]) -> (Vec<ScanChange>, HashSet<String>) {
        let listed: HashSet<&str> = known.iter().map(|file| file.relative_path.as_str()).collect();
        let mut met: HashSet<&str> = walked.files.iter().map(|file| file.relative_path.as_str()).collect();
        let (mut refused, mut stay) = (Vec::new(), HashSet::new());
        for unread in &walked.unread {
            let path = unread.relative_path.as_str();
            if listed.contains(path) || !unread.is_file {
                stay.insert(path.to_owned());
            } else if met.insert(path) {
                refused.push(ScanChange::Unreadable {
                    relative_path: path.to_owned(),
                    size_bytes: 0,
                    modified: Timestamp(0),
                    failure: text::track_failure(&unread.error, clock::now(), None),
                });
            }
        }
        (refused, stay)
    }

    async fn read(
        &self,
        walked: &Arc<Walked>,
        plan: &Plan,
        reread: &HashSet<TrackId>,
        applying: &mut Applying<'_>,
    ) -> Result<u64> {
        self.task.step("reading tags", (plan.readings.len() + plan.removed.len()) as u64).await;
        let mut reads = read::start(Readers {
            root: self.folder.path.clone(),
            walked: Arc::clone(walked),
            readings: plan.readings.clone(),
            covers: Covers::new(self.store.clone(), self.pictures.clone()),
            limits: limits_here(self.limits),
            tags: fanfare_audio::read_tags,
            cancel: self.cancel.clone(),
            at_it: Arc::clone(&self.at_it),
        })?;
        let mut changing = 0;
        let mut again = Vec::new();
        while let Some(Read { reading, outcome }) = self.attend(reads.recv(), || 0).await? {
            let Some(found) = walked.files.get(reading.file) else { continue };
            match outcome {
                ReadOutcome::Scanned { file, cover_trouble } => {
                    if let Some(error) = cover_trouble {
                        tracing::info!(path = %found.relative_path, %error, "a cover cannot be used");
                    }
                    let change = match reading.verdict {
                        Verdict::Added => ScanChange::Added(*file),
                        // Of a file whose size and time are the same, only what its tags say is taken over.
                        Verdict::Changed(id) | Verdict::Repictured(id) => ScanChange::Changed(id, *file),
                        Verdict::Moved(id) => ScanChange::Moved(id, *file),
                    };
                    applying.push(change).await?;
                    // A track that moved while it waited failed at its old path.
                    if let Verdict::Changed(id) | Verdict::Moved(id) = reading.verdict
                        && reread.contains(&id)
                    {
                        again.push(id);
                    }
                }
                ReadOutcome::Unreadable(error) => {
                    self.task.note_error(self.shown(&found.relative_path), &error);
                    if let Verdict::Moved(id) = reading.verdict {
                        applying.push(ScanChange::Removed(id)).await?;
                    }
                    if !matches!(reading.verdict, Verdict::Repictured(_)) {
                        let failure = text::track_failure(&error, clock::now(), None);
                        let (size_bytes, modified) = (found.size_bytes, found.modified);
                        let relative_path = found.relative_path.clone();
                        applying
                            .push(ScanChange::Unreadable { relative_path, size_bytes, modified, failure })
                            .await?;
                    }
                }
                ReadOutcome::Changing | ReadOutcome::Gone => changing += 1,
            }
            self.task
                .progress(|task| {
                    task.current += 1;
                    task.current_item = Some(found.relative_path.clone());
                })
                .await;
        }
        self.check_cancel()?;
        if !again.is_empty() {
            // Their file can be reached again: whatever was given up for that reason is tried anew.
            applying.flush().await?;
            let task = self.hearing.announce().await?;
            for id in again {
                self.store
                    .catalog()
                    .requeue_track(id, Some(task), &Products::default(), clock::now())
                    .await?;
            }
            self.hearing.queued().await;
        }
        Ok(changing)
    }

    /// The path as a person is shown it: with its folder, because there may be several.
    fn shown(&self, relative: &str) -> String {
        self.folder.path.join(relative).display().to_string()
    }

    fn check_cancel(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the scan was cancelled"));
        }
        Ok(())
    }
}

/// Whether a failure of that kind comes from reaching the file, not from its content.
const fn is_access(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Io
            | ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::NoSpace
            | ErrorKind::Busy
            | ErrorKind::Unavailable
    )
}

fn emptied(known: usize) -> Error {
    let tracks = text::count(known as u64, "track");
    Error::new(
        ErrorKind::Unavailable,
        format!("no audio is left here, but {tracks} were known: storage is away?"),
    )
    .remedy("connect the storage and scan again; if you emptied the folder, scan twice to remove its tracks")
}
