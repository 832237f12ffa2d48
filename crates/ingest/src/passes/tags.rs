//! [`TagPass`]: tags of all tracks that were analyzed before anybody asked for writing them.
//!
//! It goes by what the catalog knows of each file's tags, so that one that says all already is not opened, and also tries
//! again what could not be written before. The worker's hook may write a file at the same time: both write the same, whole.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use fanfare_audio::AlbumGain;
use fanfare_model::{ReleaseId, Result, TaskFailure, TaskId, TaskKind, TaskState, Timestamp, Track, TrackId};
use fanfare_store::{MAX_PAGE, Store, TrackQuery};

use super::turn::{OnePass, Turn};
use crate::{
    TaskHub,
    live_task::LiveTask,
    retag::{Plan, Ready, WHOLE_RELEASE, tell_doubted, tell_no_album, what_to_write, write_one},
    text,
    work_policy::WorkPolicy,
};

/// The passes that write tags. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TagPass {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    once: OnePass,
    /// Whether tags are written; not known before the settings were told.
    on: Mutex<Option<bool>>,
}

#[derive(Default)]
struct Done {
    written: u64,
    failed: u64,
    /// Releases whose gain is not written in any of their files.
    releases: HashSet<ReleaseId>,
}

impl TagPass {
    pub(super) fn new(hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        let once = OnePass::new(TaskKind::Tags, hub, work_policy);
        Self { inner: Arc::new(Inner { store: hub.store().clone(), once, on: Mutex::default() }) }
    }

    /// Tells whether tags are to be written. Switched on, a pass begins; switched off, one under way ends. (What is told
    /// first is how things are, not a switch: a server that starts goes on where it was, with the next nightly run.)
    pub(crate) fn set(&self, on: bool) {
        let before = self.inner.on.lock().unwrap_or_else(PoisonError::into_inner).replace(on);
        match (before, on) {
            (Some(false), true) => drop(self.begin(None)),
            (Some(true), false) => self.inner.once.cancel_whatever_runs(),
            _ => {}
        }
    }

    pub(super) fn after_the_night(&self, until: Timestamp) {
        if *self.inner.on.lock().unwrap_or_else(PoisonError::into_inner) == Some(true) {
            self.begin(Some(until));
        }
    }

    /// Begins a pass, unless one is under way; gives its task.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn ask(&self) -> Result<TaskId> {
        let task = self.begin(None);
        task.show().await?;
        Ok(task.id())
    }

    pub(super) fn cancel(&self, id: TaskId) -> bool {
        self.inner.once.cancel(id)
    }

    pub(super) async fn stop(&self) {
        self.inner.once.stop().await;
    }

    fn begin(&self, until: Option<Timestamp>) -> LiveTask {
        let pass = self.clone();
        self.inner.once.begin(until, move |turn| async move { pass.see_through(&turn).await })
    }

    async fn see_through(self, turn: &Turn) {
        let task = &turn.task;
        if turn.asked
            && let Err(error) = task.show().await
        {
            tracing::warn!(%error, "could not store the task of writing tags");
        }
        let mut done = Done::default();
        let ended = self.pass(turn, &mut done).await;
        let written = text::count(done.written, "file");
        let mut message = match done.failed {
            0 if done.written == 0 && done.releases.is_empty() => "every file has its tags".to_owned(),
            0 => format!("{written} written"),
            failed => format!("{written} written, {failed} left alone"),
        };
        if !done.releases.is_empty() {
            let gets = if done.releases.len() == 1 { "gets" } else { "get" };
            message +=
                &format!("; {} {gets} no album gain", text::count(done.releases.len() as u64, "release"));
        }
        match ended {
            Err(error) => task.end(TaskState::Failed, text::sentence(&error)).await,
            Ok(false) if turn.cancel.is_cancelled() => {
                task.end(TaskState::Cancelled, format!("cancelled: {message}")).await;
            }
            Ok(whole) => {
                let state = if done.failed > 0 || !done.releases.is_empty() {
                    TaskState::PartialSuccess
                } else {
                    TaskState::Succeeded
                };
                let rest = if whole { "" } else { "; the others follow after the next nightly run" };
                task.end(state, format!("{message}{rest}")).await;
            }
        }
    }

    /// Returns whether it came to its end.
    async fn pass(&self, turn: &Turn, done: &mut Done) -> Result<bool> {
        let (catalog, task) = (self.inner.store.catalog(), &turn.task);
        let mut seen = HashSet::new();
        let mut query = TrackQuery { limit: MAX_PAGE, ..TrackQuery::default() };
        loop {
            let page = catalog.tracks(&query).await?;
            if query.offset == 0 {
                task.step("writing tags", page.total).await;
            }
            if page.items.is_empty() {
                return Ok(true);
            }
            query.offset += page.items.len() as u64;
            for row in page.items {
                if !self.take_up(&row.track, turn, &mut seen, done).await? {
                    return Ok(false);
                }
                task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
            }
        }
    }

    /// Writes a track, and its release with it; returns whether the pass goes on.
    async fn take_up(
        &self,
        track: &Track,
        turn: &Turn,
        seen: &mut HashSet<TrackId>,
        done: &mut Done,
    ) -> Result<bool> {
        let task = &turn.task;
        if seen.contains(&track.id) || track.content_hash.is_none() || track.failure.is_some() {
            return Ok(!turn.cancel.is_cancelled());
        }
        let Plan { ready, album, doubted, no_album, waits: _ } =
            what_to_write(track, &self.inner.store).await?;
        let left = ready.iter().any(|one| !seen.contains(&one.id) && !one.is_written(album));
        // A run that no person asked for and that writes nothing does not report the same again every night.
        let told = left || turn.asked;
        for one in doubted.into_iter().filter(|one| told && seen.insert(one.id)) {
            tell_doubted(&one);
            done.failed += 1;
            task.note_failed(TaskFailure {
                track: Some(one.id),
                subject: one.file,
                kind: one.error.kind(),
                message: text::sentence(&one.error),
                next_retry: None,
            });
        }
        if let Some((release, error)) = no_album
            && told
            && done.releases.insert(release)
        {
            tell_no_album(&error);
            task.note_error(WHOLE_RELEASE, &error);
        }
        for one in ready {
            if seen.contains(&one.id) || one.is_written(album) {
                continue;
            }
            if !turn.goes_on().await {
                return Ok(false);
            }
            seen.insert(one.id);
            let Some(path) = self.inner.store.catalog().track_path(one.id).await? else { continue };
            task.show().await?;
            let shown = path.display().to_string();
            task.progress(|task| task.current_item = Some(shown)).await;
            self.write(one, path, album, task, done).await;
        }
        Ok(!turn.cancel.is_cancelled())
    }

    async fn write(
        &self,
        one: Ready,
        path: PathBuf,
        album: Option<AlbumGain>,
        task: &LiveTask,
        done: &mut Done,
    ) {
        let (track, subject) = (Some(one.id), path.display().to_string());
        match write_one(one, path, album, self.inner.store.clone()).await {
            Ok(()) => done.written += 1,
            Err(error) => {
                done.failed += 1;
                let (kind, message) = (error.kind(), text::sentence(&error));
                task.note_failed(TaskFailure { track, subject, kind, message, next_retry: None });
            }
        }
    }
}
