//! Collecting changes into batches and applying each in one transaction.

use std::time::{Duration, Instant};

use fanfare_channel::clock;
use fanfare_model::Result;
use fanfare_store::{Leftover, ScanApplied, ScanChange};

use super::folder_scan::FolderScan;

/// Changes per transaction: large enough that its cost is shared, small enough that others get a turn.
const BATCH: usize = 500;
/// A smaller batch is applied after that time, so that the first tracks show up at once.
const BATCH_AGE: Duration = Duration::from_millis(700);
/// Tries when the database is busy or out of space for a moment.
const TRIES: u32 = 4;
/// Pause before the second try; doubled for each further one.
const PAUSE: Duration = Duration::from_millis(250);

/// A batch under way.
pub(crate) struct Applying<'a> {
    scan: &'a FolderScan<'a>,
    batch: Vec<ScanChange>,
    began: Instant,
    applied: ScanApplied,
    /// What the changes so far left behind.
    left: Leftover,
}

impl<'a> Applying<'a> {
    pub(crate) fn new(scan: &'a FolderScan<'a>) -> Self {
        Self {
            scan,
            batch: Vec::new(),
            began: Instant::now(),
            applied: ScanApplied::default(),
            left: Leftover::default(),
        }
    }

    pub(crate) async fn push(&mut self, change: ScanChange) -> Result<()> {
        self.batch.push(change);
        if self.batch.len() >= BATCH || self.began.elapsed() >= BATCH_AGE {
            self.flush().await?;
        }
        Ok(())
    }

    pub(crate) async fn push_all(&mut self, changes: impl IntoIterator<Item = ScanChange>) -> Result<()> {
        for change in changes {
            self.push(change).await?;
        }
        Ok(())
    }

    /// Applies the rest; then removes what nothing names any more.
    pub(crate) async fn end(mut self) -> Result<ScanApplied> {
        self.flush().await?;
        if let Err(error) = self.scan.store.catalog().remove_unnamed(self.left).await {
            tracing::warn!(%error, "covers that nothing needs any more could not be removed now; a later cleanup removes them");
        }
        Ok(self.applied)
    }

    /// Applies what is collected so far.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.began = Instant::now();
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let scan = self.scan;
        let queues = scan.on_arrival && batch.iter().any(queues);
        // What was held for a missing track waits again under the same task.
        let task =
            if queues { scan.task_tracker.announce().await? } else { scan.task_tracker.task_id().await? };
        let before = self.applied.released;
        let mut pause = PAUSE;
        for attempt in 1.. {
            let (catalog, folder, now) = (scan.store.catalog(), scan.folder.id, clock::now());
            let analyze = scan.on_arrival.then_some(Some(task));
            match catalog.apply_scan_leaving(folder, analyze, batch.clone(), &mut self.left, now).await {
                Ok(applied) => {
                    self.add(applied);
                    break;
                }
                Err(error)
                    if error.kind().is_transient() && attempt < TRIES && !scan.cancel.is_cancelled() =>
                {
                    tracing::warn!(%error, attempt, "could not apply a batch of a scan, trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
        if queues || self.applied.released > before {
            scan.task_tracker.queued().await;
        }
        Ok(())
    }

    const fn add(&mut self, applied: ScanApplied) {
        self.applied = sum(self.applied, applied);
    }
}

/// Whether a change may queue an analysis.
const fn queues(change: &ScanChange) -> bool {
    match change {
        ScanChange::Added(_) | ScanChange::Changed(..) | ScanChange::Replaced(..) => true,
        ScanChange::Touched(..)
        | ScanChange::Moved(..)
        | ScanChange::Same(..)
        | ScanChange::Missing(_)
        | ScanChange::LeftBehind(_)
        | ScanChange::OffPath(_)
        | ScanChange::Removed(_)
        | ScanChange::Unreadable { .. } => false,
    }
}

/// Both together.
pub(crate) const fn sum(a: ScanApplied, b: ScanApplied) -> ScanApplied {
    ScanApplied {
        added: a.added + b.added,
        changed: a.changed + b.changed,
        moved: a.moved + b.moved,
        missing: a.missing + b.missing,
        restored: a.restored + b.restored,
        removed: a.removed + b.removed,
        released: a.released + b.released,
        unreadable: a.unreadable + b.unreadable,
    }
}
