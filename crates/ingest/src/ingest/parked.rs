//! Parked jobs, retried under the task of their line of work, or discarded.

use fanfare_channel::clock;
use fanfare_model::{JobId, JobKind, Result, Timestamp};
use fanfare_store::{ParkedFilter, Store};

use super::Ingest;
use crate::task_tracker::TaskTracker;

impl Ingest {
    /// Lets a parked job run again, with fresh attempts: that job only, under the task of its line of work.
    ///
    /// # Errors
    /// `NotFound` when there is no such job, `Conflict` when it is not parked; errors of the store.
    pub async fn retry_job(&self, id: JobId) -> Result<()> {
        let known = self.inner.store.jobs().job(id).await?;
        let line = known.and_then(|job| self.line_of(job.kind.queue()));
        let products = self.products();
        let catalog = self.inner.store.catalog();
        let Some(line) = line else {
            catalog.retry_parked(id, None, Some(&products), clock::now()).await?;
            self.inner.live.wake();
            return Ok(());
        };
        let hold = line.hold();
        let task = line.task_id().await?;
        catalog.retry_parked(id, Some(task), Some(&products), clock::now()).await?;
        line.queued().await;
        drop(hold);
        line.count().await;
        Ok(())
    }

    /// Lets all parked jobs of a filter run again; returns how many. Those that fail again meanwhile stay parked.
    ///
    /// # Errors
    /// Errors of the store; what was queued by then stays queued.
    pub async fn retry_jobs(&self, filter: &ParkedFilter) -> Result<u64> {
        let (by, products) = (clock::now(), self.products());
        let mut retried = 0;
        for queue in queues(filter) {
            let line = self.line_of(queue);
            let hold = line.map(TaskTracker::hold);
            loop {
                let task = match line {
                    Some(line) => Some(line.task_id().await?),
                    None => None,
                };
                let catalog = self.inner.store.catalog();
                let with = (task, Some(&products));
                let step = catalog.retry_all_parked(queue, filter.kind, by, with, clock::now()).await?;
                if step == 0 {
                    break;
                }
                retried += step;
                match line {
                    Some(line) => line.queued().await,
                    None => self.inner.live.wake(),
                }
            }
            drop(hold);
            if let Some(line) = line {
                line.count().await;
            }
        }
        Ok(retried)
    }

    /// Takes a parked job off the list. Its track stays as it is, with its reason, and can be retried by itself.
    ///
    /// # Errors
    /// `NotFound` when there is no such job, `Conflict` when it is not parked; errors of the store.
    pub async fn discard_job(&self, id: JobId) -> Result<()> {
        self.inner.store.jobs().discard(id, clock::now()).await
    }

    /// The line of work whose task shows the jobs of that queue; what is made for a listener has none.
    fn line_of(&self, queue: &str) -> Option<&TaskTracker> {
        let work_queues = &self.inner.work_queues;
        match queue {
            "analyze-track" => Some(&work_queues.analysis),
            "process-track" | "enrich-track-audio" => Some(&work_queues.uploads),
            "transcode-track" => Some(&work_queues.transcodes),
            "cache-track" => Some(&work_queues.cache),
            _ => None,
        }
    }
}

/// Lets all parked jobs of a filter run again, by the worker of the server that has the data folder; returns how many.
/// Their kind of work stays the same.
///
/// # Errors
/// Errors of the store; what was queued by then stays queued.
pub async fn retry_parked_jobs(store: &Store, filter: &ParkedFilter, now: Timestamp) -> Result<u64> {
    let mut retried = 0;
    for queue in queues(filter) {
        loop {
            let step = store.catalog().retry_all_parked(queue, filter.kind, now, (None, None), now).await?;
            if step == 0 {
                break;
            }
            retried += step;
        }
    }
    Ok(retried)
}

/// The queues of a filter.
fn queues(filter: &ParkedFilter) -> impl Iterator<Item = &'static str> {
    let only = filter.queue.clone();
    JobKind::QUEUES.iter().copied().filter(move |queue| only.as_deref().is_none_or(|only| only == *queue))
}
