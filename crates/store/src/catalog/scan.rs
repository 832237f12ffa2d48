//! Applying what a scan found, a batch in one transaction.
//!
//! Applying a batch again changes nothing, so a scan that died may simply run again. Files that swap
//! names are fine: every moved track first leaves its path, then takes the new one.

mod changes;
mod leaving;

pub use changes::{ScanApplied, ScanChange, ScannedFile};

use std::collections::HashMap;

use fanfare_model::{
    ContentHash, FolderId, Presence, Result, TaskId, Timestamp, TrackId, TrackState, track::TrackFailure,
};
use sqlx::SqliteConnection;

use super::{
    Catalog,
    filing::Filing,
    folders::folder_row,
    former_places,
    leftover::Leftover,
    presence,
    scan_rows::{self, Existing, Facts, Place},
};
use crate::{
    BlobKind,
    db::{WriteTx, commit},
    failure::noted::note_unreadable,
    queue::{queue_analysis, revoke_all},
    rows::to_json,
};

impl Catalog {
    /// Applies a batch in one transaction; jobs are enqueued in it under `task`.
    ///
    /// Nobody else writes meanwhile: batches of 100 to 1,000 changes are quick (0.2 ms a file) and let heartbeats
    /// through between them.
    ///
    /// # Errors
    /// `NotFound` when the folder is gone; `Busy`, `NoSpace`, `Io`: then nothing of the batch is applied.
    pub async fn apply_scan(
        &self,
        folder: FolderId,
        task: Option<TaskId>,
        changes: Vec<ScanChange>,
        now: Timestamp,
    ) -> Result<ScanApplied> {
        let mut left = Leftover::default();
        let applied = self.apply_scan_leaving(folder, Some(task), changes, &mut left, now).await?;
        self.remove_left(left).await;
        Ok(applied)
    }

    /// The same without jobs: tracks that are new or changed wait for the next nightly run.
    ///
    /// # Errors
    /// As [`Self::apply_scan`].
    pub async fn apply_scan_for_later(
        &self,
        folder: FolderId,
        changes: Vec<ScanChange>,
        now: Timestamp,
    ) -> Result<ScanApplied> {
        let mut left = Leftover::default();
        let applied = self.apply_scan_leaving(folder, None, changes, &mut left, now).await?;
        self.remove_left(left).await;
        Ok(applied)
    }

    /// Either of them, but what the changes leave behind (covers that are replaced or whose tracks are removed, ladders) is
    /// only collected: a later batch of the same scan may name it. [`Self::remove_unnamed`] removes it at the end.
    ///
    /// # Errors
    /// As [`Self::apply_scan`].
    pub async fn apply_scan_leaving(
        &self,
        folder: FolderId,
        analyze: Option<Option<TaskId>>,
        changes: Vec<ScanChange>,
        left: &mut Leftover,
        now: Timestamp,
    ) -> Result<ScanApplied> {
        const WHAT: &str = "applying a scan";
        if changes.is_empty() {
            return Ok(ScanApplied::default());
        }
        let mut tx = self.db.write(WHAT).await?;
        let folder = folder_row(&mut tx, folder).await?;
        let changes = self.with_covers_that_are_there(changes).await?;
        let mut batch = Batch {
            folder,
            analyze,
            now,
            filing: Filing::default(),
            applied: ScanApplied::default(),
            left: Leftover::default(),
        };
        batch.clear_paths(&mut tx, &changes).await?;
        for change in changes {
            batch.apply(&mut tx, change).await?;
        }
        batch.filing.finish(&mut tx).await?;
        if batch.applied.removed > 0 {
            batch.left.ladders(&mut tx).await?;
        }
        let applied = batch.applied;
        commit(tx, WHAT).await?;
        left.add(batch.left);
        Ok(applied)
    }

    /// The same changes without covers that were removed after the scan had stored them, because no row named them yet. Call it
    /// while holding the write lock.
    async fn with_covers_that_are_there(&self, mut changes: Vec<ScanChange>) -> Result<Vec<ScanChange>> {
        let mut known: HashMap<ContentHash, bool> = HashMap::new();
        for change in &mut changes {
            let (ScanChange::Added(file)
            | ScanChange::Changed(_, file)
            | ScanChange::Replaced(_, file)
            | ScanChange::Touched(_, file)
            | ScanChange::Moved(_, file)) = change
            else {
                continue;
            };
            let Some(cover) = file.cover else { continue };
            let is_there = match known.get(&cover) {
                Some(is_there) => *is_there,
                None => self.blobs.contains(BlobKind::Cover, cover).await?,
            };
            known.insert(cover, is_there);
            if !is_there {
                file.cover = None;
                file.cover_error = Some(
                    "the same picture was being deleted at that moment; run `fanfare scan --full`".to_owned(),
                );
            }
        }
        Ok(changes)
    }
}

/// What is known of a file's bytes, compared with those of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bytes {
    /// Nothing but what size and time say.
    Unknown,
    /// They are the same.
    Same,
    /// They are others.
    Others,
}

/// One batch on its way into the database.
struct Batch {
    folder: i64,
    /// Under which task, if any, the tracks are queued to be analyzed; `None` if they are not.
    analyze: Option<Option<TaskId>>,
    now: Timestamp,
    filing: Filing,
    applied: ScanApplied,
    left: Leftover,
}

impl Batch {
    /// Removes what is gone and takes moved tracks off their paths, so that no two tracks meet at one.
    async fn clear_paths(&mut self, tx: &mut SqliteConnection, changes: &[ScanChange]) -> Result<()> {
        for change in changes {
            match change {
                ScanChange::Removed(id) => {
                    if let Some(existing) = scan_rows::by_id(tx, *id).await? {
                        self.remove(tx, &existing).await?;
                    }
                }
                ScanChange::OffPath(id) => {
                    if let Some(existing) = scan_rows::by_id(tx, *id).await? {
                        scan_rows::off_path(tx, existing.n, *id).await?;
                    }
                }
                ScanChange::Moved(id, file) => {
                    if let Some(existing) = scan_rows::by_id(tx, *id).await?
                        && !existing.is_at(self.folder, &file.relative_path)
                    {
                        former_places::forget_at(tx, existing.n, self.folder, &file.relative_path).await?;
                        scan_rows::take_off_path(tx, existing.n, *id).await?;
                    }
                }
                // Before the moves of the same batch, which take it off its path.
                ScanChange::LeftBehind(id) => former_places::note(tx, *id).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn apply(&mut self, tx: &mut WriteTx, change: ScanChange) -> Result<()> {
        match change {
            ScanChange::Added(file) => self.add(tx, &file).await,
            ScanChange::Changed(id, file) => match scan_rows::by_id(tx, id).await? {
                Some(existing) => self.change(tx, existing, &file, Bytes::Unknown).await,
                None => self.add(tx, &file).await,
            },
            ScanChange::Replaced(id, file) => match scan_rows::by_id(tx, id).await? {
                Some(existing) => self.change(tx, existing, &file, Bytes::Others).await,
                None => self.add(tx, &file).await,
            },
            ScanChange::Touched(id, file) => match scan_rows::by_id(tx, id).await? {
                Some(existing) => self.change(tx, existing, &file, Bytes::Same).await,
                None => self.add(tx, &file).await,
            },
            ScanChange::Same(id, changed_ns) => match scan_rows::by_id(tx, id).await? {
                Some(existing) => self.same(tx, &existing, changed_ns).await,
                None => Ok(()),
            },
            ScanChange::Missing(id) => match scan_rows::by_id(tx, id).await? {
                Some(existing) => self.missing(tx, &existing).await,
                None => Ok(()),
            },
            ScanChange::Moved(id, file) => match scan_rows::by_id(tx, id).await? {
                Some(existing) => self.relocate(tx, existing, &file).await,
                None => self.add(tx, &file).await,
            },
            ScanChange::Removed(_) | ScanChange::LeftBehind(_) | ScanChange::OffPath(_) => Ok(()), // done before the others
            ScanChange::Unreadable { relative_path, size_bytes, modified, changed_ns, failure } => {
                let facts = Facts::unreadable(&relative_path, size_bytes, modified, changed_ns)?;
                self.unreadable(tx, &facts, &failure).await
            }
        }
    }

    async fn facts(&mut self, tx: &mut SqliteConnection, file: &ScannedFile) -> Result<Facts> {
        let artist = self.filing.track_artist(tx, &file.tags, self.now).await?;
        let release = self.filing.release(tx, self.folder, &file.relative_path, &file.tags, self.now).await?;
        self.filing.touch(artist, release);
        Facts::of(file, artist, release)
    }

    async fn add(&mut self, tx: &mut SqliteConnection, file: &ScannedFile) -> Result<()> {
        let facts = self.facts(tx, file).await?;
        match scan_rows::insert(tx, &Place::Folder(self.folder), &facts, TrackState::Queued, None, self.now)
            .await?
        {
            Some((n, id)) => {
                scan_rows::index(tx, n, &facts).await?;
                self.queue(tx, id).await?;
                self.applied.added += 1;
                Ok(())
            }
            None => match scan_rows::by_path(tx, self.folder, &file.relative_path).await? {
                Some(existing) => self.change(tx, existing, file, Bytes::Unknown).await,
                None => Ok(()), // cannot be: the insert found it, and nobody else can write now
            },
        }
    }

    async fn queue(&self, tx: &mut SqliteConnection, track: TrackId) -> Result<()> {
        if let Some(task) = self.analyze {
            queue_analysis(tx, track, task, self.now).await?;
        }
        Ok(())
    }

    async fn change(
        &mut self,
        tx: &mut SqliteConnection,
        existing: Existing,
        file: &ScannedFile,
        bytes: Bytes,
    ) -> Result<()> {
        let facts = self.facts(tx, file).await?;
        let same_facts = existing.is_file(file.size_bytes, file.modified);
        let same_file = match bytes {
            Bytes::Unknown => same_facts,
            Bytes::Same => true,
            Bytes::Others => false,
        };
        let analyze_again = !same_file || scan_rows::never_readable(tx, &existing).await?;
        if !analyze_again
            && same_facts
            && existing.is_at(self.folder, &facts.relative_path)
            && existing.says(&facts)
        {
            return self.same(tx, &existing, file.changed_ns).await;
        }
        self.clear_target(tx, &existing, &facts.relative_path).await?;
        self.leave_cover(tx, &existing, &facts).await?;
        self.filing.touch(existing.artist, existing.release);
        if analyze_again {
            // First: what was analyzed of the old file would keep the new one's length and format from being noted.
            self.filing.check_content(existing.content);
            scan_rows::forget_results(tx, existing.n, TrackState::Queued, None, self.now).await?;
        }
        scan_rows::describe(tx, existing.n, self.folder, &facts, self.now).await?;
        scan_rows::index(tx, existing.n, &facts).await?;
        if analyze_again {
            revoke_all(tx, existing.id.as_bytes(), self.now).await?;
            presence::forget_held(tx, existing.id).await?;
            self.applied.restored += u64::from(existing.presence == Presence::Missing);
            self.queue(tx, existing.id).await?;
        } else {
            self.came_back(tx, &existing).await?;
        }
        self.applied.changed += 1;
        Ok(())
    }

    /// Notes that a file is as it was; a track that was missing is back.
    async fn same(
        &mut self,
        tx: &mut SqliteConnection,
        existing: &Existing,
        changed_ns: Option<i64>,
    ) -> Result<()> {
        scan_rows::note_change_time(tx, existing, changed_ns).await?;
        if existing.presence == Presence::Missing {
            self.filing.touch(existing.artist, existing.release);
            presence::restore(tx, existing.n, self.now).await?;
        }
        self.came_back(tx, existing).await
    }

    async fn relocate(
        &mut self,
        tx: &mut SqliteConnection,
        existing: Existing,
        file: &ScannedFile,
    ) -> Result<()> {
        let facts = self.facts(tx, file).await?;
        if existing.is_at(self.folder, &facts.relative_path)
            && existing.is_file(file.size_bytes, file.modified)
            && existing.says(&facts)
        {
            return self.same(tx, &existing, file.changed_ns).await;
        }
        self.clear_target(tx, &existing, &facts.relative_path).await?;
        self.leave_cover(tx, &existing, &facts).await?;
        self.filing.touch(existing.artist, existing.release);
        scan_rows::describe(tx, existing.n, self.folder, &facts, self.now).await?;
        scan_rows::index(tx, existing.n, &facts).await?;
        self.came_back(tx, &existing).await?;
        self.applied.moved += 1;
        Ok(())
    }

    async fn unreadable(&mut self, tx: &mut WriteTx, facts: &Facts, failure: &TrackFailure) -> Result<()> {
        let existing = scan_rows::by_path(tx, self.folder, &facts.relative_path).await?;
        let Some(existing) = existing else {
            let reason = to_json(failure)?;
            let state = TrackState::Failed;
            if let Some((n, id)) =
                scan_rows::insert(tx, &Place::Folder(self.folder), facts, state, Some(&reason), self.now)
                    .await?
            {
                scan_rows::index(tx, n, facts).await?;
                note_unreadable(tx, id.as_bytes(), failure.kind, &failure.message).await?;
                self.applied.unreadable += 1;
            }
            return Ok(());
        };
        if existing.is_the_file_of(facts) && existing.failed_for(failure) {
            return self.same(tx, &existing, facts.changed_ns).await;
        }
        self.filing.check_content(existing.content);
        scan_rows::note_file(tx, existing.n, facts).await?;
        if existing.presence == Presence::Missing {
            self.filing.touch(existing.artist, existing.release);
            presence::restore(tx, existing.n, self.now).await?;
            presence::forget_held(tx, existing.id).await?;
            self.applied.restored += 1;
        }
        let reason = to_json(failure)?;
        scan_rows::forget_results(tx, existing.n, TrackState::Failed, Some(&reason), self.now).await?;
        revoke_all(tx, existing.id.as_bytes(), self.now).await?;
        note_unreadable(tx, existing.id.as_bytes(), failure.kind, &failure.message).await?;
        self.applied.unreadable += 1;
        Ok(())
    }
}
