//! One scan: its folders in turn, and what is said of it.

use std::{collections::HashSet, sync::Arc};

use fanfare_channel::clock;
use fanfare_model::{ErrorKind, FolderId, Result, TaskState, library::Folder};
use fanfare_store::{Failure, Mounts, ScanApplied};

use super::{Scan, ScanScheduler};
use crate::{
    scan::{
        apply::sum,
        folder_scan::{FolderOutcome, FolderScan, UnreadFolder},
    },
    text,
};

impl ScanScheduler {
    /// Runs one scan; gives the folders in which files were being written.
    pub(super) async fn scan(&self, scan: &Scan) -> HashSet<FolderId> {
        let hold = self.inner.task_tracker.hold();
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
                    // It failed all the same, and people who look at the tasks are told so.
                    scan.task.show_unstored();
                }
                (TaskState::Failed, text::sentence(&error))
            }
        };
        scan.task.end(state, message).await;
        drop(hold);
        self.inner.task_tracker.count().await;
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

    /// Says of each folder that could not be read that it could not, unless the last scan found the same.
    fn say_unread(&self, folder: FolderId, unread: &[UnreadFolder]) {
        let now = unread.iter().map(|unread| unread.path.clone()).collect();
        let before = self.state().unread.insert(folder, now).unwrap_or_default();
        for UnreadFolder { path, error, remedy } in unread {
            if !before.contains(path) {
                tracing::warn!(
                    path,
                    error,
                    remedy,
                    "a folder in the library cannot be read; what is known of it stays as it is"
                );
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
                task_tracker: &self.inner.task_tracker,
                on_arrival: self.inner.work_policy.options().on_arrival,
                cancel: &scan.cancel,
                own: &self.inner.own,
                limits: &self.inner.limits,
                pictures: &self.inner.pictures,
                at_it,
                full: scan.full,
                keep_ms: self.keep_ms(),
                told: scan.told,
            };
            // Before the walk: what is mounted meanwhile is a change that the next look finds.
            self.state().mounted.insert(folder.id, Mounts::now().fingerprint(&folder.path));
            match work.run().await {
                Ok(outcome) => {
                    self.state().away.remove(&folder.id);
                    self.say_unread(folder.id, &outcome.unread);
                    say_end(scan, folder, &outcome);
                    away += outcome.away;
                    scanned += u64::from(!outcome.not_there);
                    compared += outcome.compared;
                    applied = sum(applied, outcome.applied);
                    if outcome.changing > 0 {
                        changing.insert(folder.id);
                    }
                    changing.extend(outcome.taken_from);
                    self.state().left_out.insert(folder.id, outcome.left_out);
                }
                // Storage that is away and stays away is no news for a scan that no user asked for.
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    away += 1;
                    let path = folder.path.display().to_string();
                    if self.state().away.insert(folder.id) {
                        Failure::new("scanning a folder", None, &*path, &error).tell();
                    }
                    scan.task.note_error(path, &error);
                }
                // A user removed it from the library meanwhile: the others are scanned nevertheless.
                Err(error) if error.kind() == ErrorKind::NotFound && self.is_gone(folder.id).await? => {
                    let mut state = self.state();
                    state.at_it.remove(&folder.id);
                    state.mounted.remove(&folder.id);
                    state.left_out.remove(&folder.id);
                    state.unread.remove(&folder.id);
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

    /// After an upgrade: tracks whose results are of older analyzers are analyzed again.
    async fn queue_missing(&self) {
        if !self.inner.work_policy.options().on_arrival {
            return; // the next nightly run finds them
        }
        let task_tracker = &self.inner.task_tracker;
        let task = match task_tracker.task_id().await {
            Ok(task) => task,
            Err(error) => return tracing::warn!(%error, "could not look for tracks that lack results"),
        };
        let versions = fanfare_analysis::versions();
        match self.inner.store.catalog().queue_missing_analysis(&versions, Some(task), clock::now()).await {
            Ok(0) => {}
            Ok(queued) => {
                tracing::info!(queued, "tracks lack results of the present analyzers and are analyzed again");
                task_tracker.queued().await;
            }
            Err(error) => tracing::warn!(%error, "could not look for tracks that lack results"),
        }
    }
}

/// One line in the log: how the scan of a folder ended. Not of one that no user asked for and that found nothing.
fn say_end(scan: &Scan, folder: &Folder, outcome: &FolderOutcome) {
    if !scan.told && outcome.applied == ScanApplied::default() {
        return;
    }
    let (folder, files) = (folder.path.display(), outcome.files);
    let result = summary(outcome.applied, outcome.away, outcome.compared);
    tracing::info!(%folder, files, result, "scanned a library folder");
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
