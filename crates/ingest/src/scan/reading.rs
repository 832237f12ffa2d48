//! Reading what a plan says is to be read, and what becomes of each file.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use fanfare_model::{ErrorKind, Result, Timestamp, TrackId, TrackState, job::Products};
use fanfare_store::{Failure, KnownFile, ScanChange};

use super::{
    apply::Applying,
    cover::Covers,
    folder_scan::{FolderOutcome, FolderScan, SAY_EVERY},
    plan::{Plan, Verdict},
    read::{self, Read, ReadOutcome, Readers},
    walk::{FoundFile, Walked},
};
use crate::{clock, pictures::limits_here, text};

/// Failed tracks that are looked up per scan to see whether reading them again makes sense.
const MAX_REREAD_LOOKUPS: usize = 5_000;

impl FolderScan<'_> {
    /// Tracks that failed for a reason that lies outside the file, and may work now.
    pub(super) async fn worth_reading_again(&self, known: &[KnownFile]) -> Result<HashSet<TrackId>> {
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
    pub(super) fn refusals(
        &self,
        walked: &Walked,
        known: &[KnownFile],
    ) -> (Vec<ScanChange>, HashSet<String>) {
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
                    changed_ns: None,
                    failure: text::track_failure(&unread.error, clock::now(), None),
                });
            }
        }
        (refused, stay)
    }

    pub(super) async fn read(
        &self,
        walked: &Arc<Walked>,
        plan: &Plan,
        reread: &HashSet<TrackId>,
        applying: &mut Applying<'_>,
        outcome: &mut FolderOutcome,
    ) -> Result<()> {
        let step = if self.full { "comparing files" } else { "reading tags" };
        self.task.step(step, (plan.readings.len() + plan.removed.len()) as u64).await;
        let blocks = Arc::new(AtomicU64::new(0));
        let mut reads = read::start(Readers {
            root: self.folder.path.clone(),
            walked: Arc::clone(walked),
            readings: plan.readings.clone(),
            covers: Covers::new(self.store.clone(), self.pictures.clone()),
            limits: limits_here(self.limits),
            tags: fanfare_audio::read_tags,
            cancel: self.cancel.clone(),
            blocks: Arc::clone(&blocks),
            at_it: Arc::clone(&self.at_it),
        })?;
        let (mut said, mut done) = (Instant::now(), 0_u64);
        let (mut again, mut told, mut copies) = (Vec::new(), HashMap::new(), Vec::new());
        while let Some(Read { reading, outcome: read }) =
            self.attend(reads.recv(), || blocks.load(Ordering::Relaxed)).await?
        {
            let Some(found) = walked.files.get(reading.file) else { continue };
            done += 1;
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                let (folder, of) = (self.folder.path.display(), plan.readings.len());
                tracing::info!(%folder, files = done, of, "still reading files");
            }
            match read {
                ReadOutcome::Scanned { file, hash, cover_trouble } => {
                    if let Some(error) = cover_trouble
                        && let Entry::Vacant(place) = told.entry(Arc::as_ptr(&error).addr())
                    {
                        // A picture that many files share is told once.
                        let track = reading.verdict.of();
                        Failure::new("using a cover", track, self.shown(&found.relative_path), &error).tell();
                        place.insert(error);
                    }
                    let change = match reading.verdict {
                        Verdict::Added => ScanChange::Added(*file),
                        // Of a file whose size and time are the same, only what its tags say is taken over.
                        Verdict::Changed(id) | Verdict::Repictured(id) => ScanChange::Changed(id, *file),
                        Verdict::Moved(id) => ScanChange::Moved(id, *file),
                        Verdict::Replaced(id) => ScanChange::Replaced(id, *file),
                        Verdict::Recheck(id, known) => {
                            outcome.compared += 1;
                            if hash == Some(known) {
                                ScanChange::Touched(id, *file)
                            } else {
                                self.say_rewritten(found).await;
                                ScanChange::Replaced(id, *file)
                            }
                        }
                    };
                    if plan.copies.contains(&reading.file) {
                        copies.push(change);
                        continue;
                    }
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
                    if let Verdict::Moved(id) = reading.verdict
                        && plan.arrived.contains(&id)
                    {
                        applying.push(ScanChange::Missing(id)).await?;
                    }
                    if plan.taken.contains(&reading.file) {
                        // Not of the track at that path, which may not have left it yet: the next scan can tell.
                        outcome.changing += 1;
                        continue;
                    }
                    // Nothing says that the file is another one: the track stays as it is.
                    if !matches!(reading.verdict, Verdict::Repictured(_) | Verdict::Recheck(..)) {
                        let failure = text::track_failure(&error, clock::now(), None);
                        let (size_bytes, modified) = (found.size_bytes, found.modified);
                        let (relative_path, changed_ns) = (found.relative_path.clone(), found.changed_ns);
                        let change = ScanChange::Unreadable {
                            relative_path,
                            size_bytes,
                            modified,
                            changed_ns,
                            failure,
                        };
                        applying.push(change).await?;
                    }
                }
                ReadOutcome::Changing | ReadOutcome::Gone => outcome.changing += 1,
            }
            self.task
                .progress(|task| {
                    task.current += 1;
                    task.current_item = Some(found.relative_path.clone());
                })
                .await;
        }
        self.check_cancel()?;
        // Once the tracks that they were are at their own paths.
        applying.flush().await?;
        applying.push_all(copies).await?;
        if !again.is_empty() {
            // Their file can be reached again: whatever was given up for that reason is tried anew.
            applying.flush().await?;
            let task = self.task_tracker.announce().await?;
            for id in again {
                self.store
                    .catalog()
                    .requeue_track(id, Some(task), &Products::default(), clock::now())
                    .await?;
            }
            self.task_tracker.queued().await;
        }
        Ok(())
    }

    /// Says that a file has other bytes than before although its size and modification time are the same.
    async fn say_rewritten(&self, found: &FoundFile) {
        let path = self.shown(&found.relative_path);
        tracing::info!(path, "a file was written to, though its size is the same: it is analyzed again");
        self.task.note(format!("{path} has other bytes than before")).await;
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
