//! What people ask for: scans, nightly runs, HLS, cancelling a task, and doing one again.

use fanfare_channel::clock;
use fanfare_model::{Error, ErrorKind, JobId, JobKind, Result, TaskId, TaskKind, TrackId, Wanted};
use fanfare_store::{NewJob, TRANSCODE_ATTEMPTS};

use super::Ingest;
use crate::scan::scheduler::Cause;

impl Ingest {
    /// Scans all folders; gives the running scan if one of all folders runs.
    ///
    /// # Errors
    /// `Unavailable` while shutting down; errors of the store.
    pub async fn scan_now(&self) -> Result<TaskId> {
        self.inner.scheduler.ask(Cause::Asked, None).await
    }

    /// Scans all folders and compares every file with what is known of its bytes; gives the running scan if one does so.
    ///
    /// # Errors
    /// `Unavailable` while shutting down; errors of the store.
    pub async fn scan_in_full(&self) -> Result<TaskId> {
        self.inner.scheduler.ask_in_full().await
    }

    /// Cancels a task: a scan stops where it is, analysis withdraws the tracks that still wait.
    ///
    /// # Errors
    /// `NotFound` for a task nobody knows, `Conflict` for one that is over.
    pub async fn cancel(&self, task: TaskId) -> Result<()> {
        if self.inner.scheduler.cancel(task).await
            || self.inner.work_queues.cancel(task).await?
            || self.inner.nightly.cancel(task).await
            || self.inner.passes.cancel(task)
        {
            return Ok(());
        }
        match self.inner.store.catalog().task(task).await? {
            Some(_) => Err(Error::new(ErrorKind::Conflict, "the task is over already")),
            None => Err(Error::new(ErrorKind::NotFound, "there is no such task")),
        }
    }

    /// Does a task that is over once more: a scan scans again; analysis and nightly runs take up every track that failed or
    /// lacks results. Gives the new task; of one that is not over itself, because it is being done.
    ///
    /// # Errors
    /// `NotFound` for a task nobody knows; `Conflict` where a setting is in the way, which the remedy names; errors of the
    /// store.
    pub async fn retry(&self, task: TaskId) -> Result<TaskId> {
        if self.inner.hub.active().iter().any(|active| active.id == task) {
            return Ok(task);
        }
        let known = self.inner.store.catalog().task(task).await?;
        match known.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such task"))?.kind {
            TaskKind::Scan => self.scan_now().await,
            TaskKind::Analysis | TaskKind::Upload => self.analyze_again().await,
            TaskKind::Nightly => self.inner.nightly.ask(true).await,
            TaskKind::Tags => self.inner.passes.tags.ask().await,
            TaskKind::Identify => self.inner.passes.identify.ask().await,
            TaskKind::Cache => self.warm_again(task).await,
            TaskKind::Transcode => self.make_ladders_again(task).await,
        }
    }

    async fn make_ladders_again(&self, of: TaskId) -> Result<TaskId> {
        let ladder = self.uploads().ladder.clone();
        let line = &self.inner.work_queues.transcodes;
        let hold = line.hold();
        let task = line.announce().await?;
        self.inner.store.catalog().requeue_ladders(of, task, &ladder, clock::now()).await?;
        line.queued().await;
        drop(hold);
        line.count().await;
        Ok(task)
    }

    /// Asks for the HLS ladder of a track, which a live worker then makes; gives the job that makes it, one however
    /// many ask.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn ask_for_ladder(&self, track: TrackId) -> Result<JobId> {
        let options = self.uploads();
        // Room is made before: what is kept is never more than the cap and this one.
        self.tidy_cache().await?;
        let ladder = options.ladder.clone();
        let line = &self.inner.work_queues.transcodes;
        let hold = line.hold();
        let task = line.announce().await?;
        let job = NewJob {
            dedupe_key: Some(format!("transcode:{track}:{ladder}")),
            kind: JobKind::make(track, Wanted::Hls(ladder)),
            task: Some(task),
            priority: 0,
            run_at: clock::now(),
            max_attempts: TRANSCODE_ATTEMPTS,
        };
        let id = self.inner.store.jobs().enqueue(job, clock::now()).await?;
        line.queued().await;
        drop(hold);
        Ok(id)
    }

    /// Queues a failed track again; one whose enrichment alone failed is only enriched again.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when its bytes were deleted; errors of the store.
    pub async fn retry_track(&self, id: TrackId) -> Result<()> {
        let row = self.inner.store.catalog().track(id).await?;
        let uploaded = row.is_some_and(|row| row.track.home.folder().is_none());
        let line = if uploaded { &self.inner.work_queues.uploads } else { &self.inner.work_queues.analysis };
        let hold = line.hold();
        let task = line.task_id().await?;
        self.inner.store.catalog().requeue_track(id, Some(task), &self.products(), clock::now()).await?;
        line.queued().await;
        drop(hold);
        line.count().await;
        Ok(())
    }

    /// Starts a nightly run now, whatever the hour, unless one is under way; gives its task.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn run_nightly_now(&self) -> Result<TaskId> {
        self.inner.nightly.ask(false).await
    }

    async fn analyze_again(&self) -> Result<TaskId> {
        let hold = self.inner.task_tracker.hold();
        let task = self.inner.task_tracker.task_id().await?;
        let catalog = self.inner.store.catalog();
        catalog.requeue_failed(Some(task), &self.products(), clock::now()).await?;
        catalog.queue_missing_analysis(&fanfare_analysis::versions(), Some(task), clock::now()).await?;
        self.inner.task_tracker.queued().await;
        drop(hold);
        self.inner.task_tracker.count().await;
        Ok(task)
    }
}
