//! The scan of one library folder.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fanfare_channel::{
    clock,
    detached::detached,
    regular_file::{hash_file, open_regular},
};
use fanfare_model::{AwayFolder, AwayReason, Error, ErrorKind, Result, Timestamp, TrackId};
use fanfare_store::{FileElsewhere, FolderMount, FormerPlace, KnownFile, ScanChange, ScanEnd};

use super::{
    apply::Applying,
    elsewhere::Others,
    folder_scan::{FolderOutcome, FolderScan, MOVE_BYTES, RECHECK_BYTES, SAY_EVERY, UnreadFolder},
    moves::KnownBytes,
    plan::{Comparison, Plan, plan},
    walk::{Unread, WalkProgress, Walked, walk},
};
use crate::text;

/// How often the number of files found so far is shown while walking.
const WALK_PROGRESS: Duration = Duration::from_millis(200);
/// How long a scan waits for threads that an earlier one of the folder left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(5);

/// What the catalog knew before the scan.
struct Before {
    mounts: Vec<FolderMount>,
    away: Vec<AwayFolder>,
    elsewhere: Vec<FileElsewhere>,
    present: Vec<KnownBytes>,
    former: Vec<FormerPlace>,
    now: Timestamp,
}

impl FolderScan<'_> {
    /// Brings the catalog up to date with the folder.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be looked at (see the module documentation of `scan`); `Cancelled`; errors
    /// of the store.
    pub(crate) async fn run(&self) -> Result<FolderOutcome> {
        let began = clock::now();
        if self.told {
            tracing::info!(folder = %self.folder.path.display(), "scanning a library folder");
        }
        match self.bring_up_to_date(began).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                self.note_unreadable(began).await?;
                Err(error)
            }
            ended => ended,
        }
    }

    async fn bring_up_to_date(&self, began: Timestamp) -> Result<FolderOutcome> {
        self.wait_for_threads_left_behind().await?;
        let walked = self.walk().await?;
        let mut left_out: Vec<String> =
            left_out(&walked.left_out, |name| self.shown(name)).into_iter().collect();
        for own in &walked.own {
            let folder = self.shown(own);
            if self.told {
                tracing::warn!(
                    folder,
                    "left out of the library: Fanfare keeps its own files there. Whatever is done to the library's folder is done \
                     to them: move the data folder elsewhere (`--data DIR`)"
                );
            }
            left_out.push(format!("left out {folder}: Fanfare keeps its own files there"));
        }
        for line in &left_out {
            self.task.note(line.clone()).await;
        }
        let catalog = self.store.catalog();
        let known = catalog.known_files(self.folder.id).await?;
        let away = catalog.missing().await?.remove(&self.folder.id).unwrap_or_default().away;
        let Others { elsewhere, present, former } = self.tracks_of_new_files(&walked, &known).await?;
        let mounts = catalog.folder_mounts(self.folder.id).await?;
        let before = Before { mounts, away, elsewhere, present, former, now: began };
        let (refused, stay) = self.refusals(&walked, &known);
        let walked = Arc::new(walked);
        let reread = Arc::new(self.worth_reading_again(&known).await?);
        let (was_away, before) = (before.away.clone(), Arc::new(before));
        let plan = self.plan(known, &walked, &reread, &before).await?;
        let quiet = plan.readings.is_empty()
            && plan.missing.is_empty()
            && plan.removed.is_empty()
            && plan.back.is_empty()
            && refused.is_empty();
        if !quiet {
            self.task.show().await?;
        }
        for unread in walked.unread.iter().filter(|unread| !quiet || !stay.contains(&unread.relative_path)) {
            self.task.note_error(self.shown(&unread.relative_path), &unread.error);
        }
        let unread = walked.unread.iter().filter(|unread| !unread.is_file);
        let mut outcome = FolderOutcome {
            unread: unread.map(|unread| self.unread_folder(unread)).collect(),
            not_there: walked.not_there,
            files: walked.files.len() as u64,
            changing: u64::from(plan.unchecked),
            away: plan.away.len() as u64,
            taken_from: plan.taken_from.clone(),
            left_out,
            ..FolderOutcome::default()
        };
        let mut applying = Applying::new(self);
        applying.push_all(all(&plan.noted, |(id, changed)| ScanChange::Same(id, Some(changed)))).await?;
        if !quiet {
            applying.push_all(refused).await?;
            // First: what is missing is in nobody's way, and what is back is back soon.
            applying.push_all(all(&plan.missing, ScanChange::Missing)).await?;
            applying.push_all(all(&plan.back, |(id, changed)| ScanChange::Same(id, changed))).await?;
            applying.push_all(all(&plan.off_path, ScanChange::OffPath)).await?;
            applying.push_all(all(&plan.left_behind, ScanChange::LeftBehind)).await?;
            self.read(&walked, &plan, &reread, &mut applying, &mut outcome).await?;
            if !plan.removed.is_empty() {
                let (tracks, folder) = (plan.removed.len(), self.folder.path.display());
                tracing::warn!(tracks, %folder, "tracks are removed: their files were missing for library.keep_missing_days");
            }
            applying.push_all(plan.removed.into_iter().map(ScanChange::Removed)).await?;
        }
        outcome.applied = applying.end().await?;
        let end = ScanEnd {
            // The time of the walk, not of the end: a picture that came in between must look newer.
            scanned: (!walked.not_there).then_some(began),
            mounts: (!walked.not_there).then_some(plan.mounts),
            away: plan.away,
        };
        catalog.end_scan(self.folder.id, &end).await?;
        self.say_what_is_away(&was_away).await?;
        Ok(outcome)
    }

    fn unread_folder(&self, unread: &Unread) -> UnreadFolder {
        UnreadFolder {
            path: self.shown(&unread.relative_path),
            error: unread.error.message().to_owned(),
            remedy: unread.error.remedy_text().unwrap_or_default().to_owned(),
        }
    }

    /// Notes that nothing is known of the folder, because it cannot be looked at: its tracks stay as they are.
    async fn note_unreadable(&self, now: Timestamp) -> Result<()> {
        let catalog = self.store.catalog();
        let mut away = catalog.missing().await?.remove(&self.folder.id).unwrap_or_default().away;
        if away.iter().any(|folder| folder.path.is_empty()) {
            return Ok(());
        }
        let reason = AwayReason::Unreadable;
        away.push(AwayFolder { path: String::new(), since: now, reason, tracks: 0 });
        catalog.end_scan(self.folder.id, &ScanEnd { scanned: None, mounts: None, away }).await
    }

    /// Says which folders count as away: in the task each time, in the log when that is news.
    async fn say_what_is_away(&self, before: &[AwayFolder]) -> Result<()> {
        let missing = self.store.catalog().missing().await?.remove(&self.folder.id).unwrap_or_default();
        for folder in &missing.away {
            let path = self.shown(&folder.path);
            let error = away(folder);
            if before.iter().all(|known| known.path != folder.path || known.reason != folder.reason) {
                let (tracks, reason) = (folder.tracks, folder.reason.as_str());
                tracing::warn!(path, tracks, reason, remedy = AWAY_REMEDY, "a library folder counts as away");
            }
            self.task.note_error(path, &error);
        }
        for known in before.iter().filter(|known| missing.away.iter().all(|now| now.path != known.path)) {
            tracing::info!(
                path = self.shown(&known.path),
                "a library folder that counted as away does so no more"
            );
        }
        Ok(())
    }

    /// Threads of an earlier scan end by themselves in a moment, unless the storage hangs: then more of them would
    /// only hang as well.
    async fn wait_for_threads_left_behind(&self) -> Result<()> {
        let began = Instant::now();
        // One is ours, one the scheduler's.
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
            walk(&root, &own, &cancel, &counted)
        });
        let attended = self.attend(walking, || progress.answers.load(Ordering::Relaxed));
        tokio::pin!(attended);
        let mut said = Instant::now();
        loop {
            match tokio::time::timeout(WALK_PROGRESS, &mut attended).await {
                Ok(walked) => return walked??,
                Err(_) => {
                    let found = progress.found.load(Ordering::Relaxed);
                    self.task.progress(|task| task.current = before + found).await;
                    if said.elapsed() >= SAY_EVERY {
                        said = Instant::now();
                        tracing::info!(folder = %self.folder.path.display(), files = found, "still scanning");
                    }
                }
            }
        }
    }

    async fn plan(
        &self,
        known: Vec<KnownFile>,
        walked: &Arc<Walked>,
        reread: &Arc<HashSet<TrackId>>,
        before: &Arc<Before>,
    ) -> Result<Plan> {
        let (reread, before) = (Arc::clone(reread), Arc::clone(before));
        let (root, walked, cancel) = (self.folder.path.clone(), Arc::clone(walked), self.cancel.clone());
        let (pictures_since, full, keep_ms) = (self.folder.scanned, self.full, self.keep_ms);
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
            let comparison = Comparison {
                reread: &reread,
                pictures_since,
                mounts: &before.mounts,
                away: &before.away,
                full,
                recheck_bytes: if full { u64::MAX } else { RECHECK_BYTES },
                move_bytes: if full { u64::MAX } else { MOVE_BYTES },
                elsewhere: &before.elsewhere,
                present: &before.present,
                former: &before.former,
                keep_ms,
                now: before.now,
                hash: &mut hash,
            };
            plan(known, &walked, comparison)
        });
        let plan = self.attend(planning, || answers.load(Ordering::Relaxed)).await??;
        self.check_cancel()?;
        Ok(plan)
    }
}

/// A change for each.
fn all<T: Copy>(of: &[T], change: fn(T) -> ScanChange) -> Vec<ScanChange> {
    of.iter().map(|one| change(*one)).collect()
}

/// How many of them are named.
const NAMED: usize = 8;

/// How many folders of systems and other programs were left out of one library folder, and which, in one line.
fn left_out(names: &[String], shown: impl Fn(&str) -> String) -> Option<String> {
    let of = match names.len() {
        0 => return None,
        1 => "1 folder of the system or of another program".to_owned(),
        many => format!("{many} folders of the system or of other programs"),
    };
    let listed: Vec<String> = names.iter().take(NAMED).map(|name| shown(name)).collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("left out {of}: {}{more}", listed.join(", ")))
}

/// What to do about a folder that counts as away.
const AWAY_REMEDY: &str = "connect the storage and scan again; if the files are permanently gone, remove their tracks on the \
    Activity page or with `fanfare scan --remove-missing`";

fn away(folder: &AwayFolder) -> Error {
    let reason = folder.reason.sentence();
    let message = match folder.tracks {
        0 => format!("the folder is away: {reason}"),
        tracks => format!("the folder is away: {reason}; {} missing", text::count(tracks, "track")),
    };
    Error::new(ErrorKind::Unavailable, message).remedy(AWAY_REMEDY)
}
