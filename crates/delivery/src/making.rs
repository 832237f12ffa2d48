//! Waiting until something begins that a worker makes for listeners: a file or an HLS ladder.
//!
//! Both begin alike: a job is queued, a worker claims it, and what it writes can be read while it grows.

use std::time::Duration;

use fanfare_model::{Attempt, Error, ErrorKind, JobId, JobState, Result, job::JobError};
use fanfare_store::{Store, Unwritable};
use tokio::time::Instant;

/// Something that a worker makes.
pub(crate) trait Making: Sync {
    /// What can be read of it while it grows.
    type Growing: Send;
    /// How often what has not begun is looked for.
    const LOOK_EVERY: Duration;

    /// What can be read of what that attempt makes; `None` while it has not begun.
    ///
    /// # Errors
    /// Those of looking.
    fn look(
        &self,
        job: JobId,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Option<Self::Growing>>> + Send;

    /// The error of what did not begin in time. `claimed`: whether a worker has begun to read its source.
    fn late(&self, claimed: bool) -> Error;
}

/// How waiting ends.
pub(crate) enum Begun<T> {
    /// It can be read as far as it is made.
    Growing(T),
    /// The job is over: what it was to make is stored, or is not made.
    Over,
    /// The job was given up, with that error.
    Failed(Error),
}

/// Waits until what a job makes can be read, but not beyond the deadline.
///
/// # Errors
/// [`Making::late`]; why nothing can be stored: then nothing begins, so no listener waits for it; errors of the store.
pub(crate) async fn begun<M: Making>(
    store: &Store,
    job: JobId,
    deadline: Instant,
    making: &M,
) -> Result<Begun<M::Growing>> {
    loop {
        let Some(row) = store.jobs().job(job).await? else { return Ok(Begun::Over) };
        match row.state {
            JobState::Waiting => {}
            JobState::Running => {
                if let Some(growing) = making.look(job, row.attempt).await? {
                    return Ok(Begun::Growing(growing));
                }
            }
            JobState::Done | JobState::Cancelled => return Ok(Begun::Over),
            JobState::Parked => {
                let unknown = || Error::new(ErrorKind::Internal, "it could not be encoded");
                return Ok(Begun::Failed(row.last_error.map_or_else(unknown, JobError::into_error)));
            }
        }
        store.unwritable().map(Unwritable::error).map_or(Ok(()), Err)?;
        if Instant::now() >= deadline {
            return Err(making.late(row.state == JobState::Running));
        }
        tokio::time::sleep(M::LOOK_EVERY).await;
    }
}
