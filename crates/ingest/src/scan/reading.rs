//! Reading what a plan says is to be read, and what becomes of each file.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use fanfare_channel::{clock, tag_limits::limits_here};
use fanfare_model::{ContentHash, Error, ErrorKind, Result, Timestamp, TrackId, TrackState, job::Products};
use fanfare_store::{Failure, KnownFile, ScanChange, ScannedFile};

use super::{
    apply::Applying,
    cover::Covers,
    folder_scan::{FolderOutcome, FolderScan, SAY_EVERY},
    plan::{Plan, Reading, Verdict},
    read::{self, Read, ReadOutcome, Readers},
    walk::{FoundFile, Walked},
};
use crate::text;

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

    /// Reads what the plan says is to be read, and takes it over.
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
        let mut taking = Taking {
            scan: self,
            plan,
            reread,
            applying,
            outcome,
            again: Vec::new(),
            told: HashMap::new(),
            copies: Vec::new(),
        };
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
                    if let Some(error) = cover_trouble {
                        taking.tell_cover_trouble(reading, found, error);
                    }
                    taking.scanned(reading, found, file, hash).await?;
                }
                ReadOutcome::Unreadable(error) => taking.unreadable(reading, found, &error).await?,
                ReadOutcome::Changing | ReadOutcome::Gone => taking.outcome.changing += 1,
            }
            self.task
                .progress(|task| {
                    task.current += 1;
                    task.current_item = Some(found.relative_path.clone());
                })
                .await;
        }
        self.check_cancel()?;
        taking.end().await
    }

    /// Says that a file has other bytes than before although its size and modification time are the same.
    async fn say_rewritten(&self, found: &FoundFile) {
        let path = self.shown(&found.relative_path);
        tracing::info!(path, "a file was written to, though its size is the same: it is analyzed again");
        self.task.note(format!("{path} has other bytes than before")).await;
    }
}

/// Takes over what was read, file by file.
struct Taking<'a, 'b> {
    scan: &'a FolderScan<'a>,
    plan: &'a Plan,
    reread: &'a HashSet<TrackId>,
    applying: &'a mut Applying<'b>,
    outcome: &'a mut FolderOutcome,
    /// Tracks whose file can be reached again.
    again: Vec<TrackId>,
    /// Trouble with covers that was told, by its address.
    told: HashMap<usize, Arc<Error>>,
    /// New tracks at the paths of others, which have to leave them first.
    copies: Vec<ScanChange>,
}

impl Taking<'_, '_> {
    /// A picture that many files share is told once.
    fn tell_cover_trouble(&mut self, reading: Reading, found: &FoundFile, error: Arc<Error>) {
        if let Entry::Vacant(place) = self.told.entry(Arc::as_ptr(&error).addr()) {
            let (track, file) = (reading.verdict.of(), self.scan.shown(&found.relative_path));
            Failure::new("using a cover", track, file, &error).tell();
            place.insert(error);
        }
    }

    async fn scanned(
        &mut self,
        reading: Reading,
        found: &FoundFile,
        file: Box<ScannedFile>,
        hash: Option<ContentHash>,
    ) -> Result<()> {
        let change = match reading.verdict {
            Verdict::Added => ScanChange::Added(*file),
            // Of a file whose size and time are the same, only what its tags say is taken over.
            Verdict::Changed(id) | Verdict::Repictured(id) => ScanChange::Changed(id, *file),
            Verdict::Moved(id) => ScanChange::Moved(id, *file),
            Verdict::Replaced(id) => ScanChange::Replaced(id, *file),
            Verdict::Recheck(id, known) => {
                self.outcome.compared += 1;
                if hash == Some(known) {
                    ScanChange::Touched(id, *file)
                } else {
                    self.scan.say_rewritten(found).await;
                    ScanChange::Replaced(id, *file)
                }
            }
        };
        if self.plan.copies.contains(&reading.file) {
            self.copies.push(change);
            return Ok(());
        }
        self.applying.push(change).await?;
        // A track that moved while it waited failed at its old path.
        if let Verdict::Changed(id) | Verdict::Moved(id) = reading.verdict
            && self.reread.contains(&id)
        {
            self.again.push(id);
        }
        Ok(())
    }

    async fn unreadable(&mut self, reading: Reading, found: &FoundFile, error: &Error) -> Result<()> {
        self.scan.task.note_error(self.scan.shown(&found.relative_path), error);
        if let Verdict::Moved(id) = reading.verdict
            && self.plan.arrived.contains(&id)
        {
            self.applying.push(ScanChange::Missing(id)).await?;
        }
        if self.plan.taken.contains(&reading.file) {
            // Not of the track at that path, which may not have left it yet: the next scan can tell.
            self.outcome.changing += 1;
            return Ok(());
        }
        // Nothing says that the file is another one: the track stays as it is.
        if matches!(reading.verdict, Verdict::Repictured(_) | Verdict::Recheck(..)) {
            return Ok(());
        }
        let change = ScanChange::Unreadable {
            relative_path: found.relative_path.clone(),
            size_bytes: found.size_bytes,
            modified: found.modified,
            changed_ns: found.changed_ns,
            failure: text::track_failure(error, clock::now(), None),
        };
        self.applying.push(change).await
    }

    /// What can be done only now that every file was read.
    async fn end(self) -> Result<()> {
        let (scan, applying) = (self.scan, self.applying);
        // Once the tracks that they were are at their own paths.
        applying.flush().await?;
        applying.push_all(self.copies).await?;
        let mut again = self.again;
        if scan.full {
            // The program that decoded them may have been to blame.
            again.extend(scan.store.catalog().damaged_tracks(scan.folder.id).await?);
        }
        if again.is_empty() {
            return Ok(());
        }
        // Their file can be reached again: whatever was given up for that reason is tried again.
        applying.flush().await?;
        let task = scan.task_tracker.announce().await?;
        for id in again {
            scan.store.catalog().requeue_track(id, Some(task), &Products::default(), clock::now()).await?;
        }
        scan.task_tracker.queued().await;
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
