//! What listeners wait for of files that are being made for them.
//!
//! Purpose: the server says which blocks its listeners wait for ([`Wants::tell`]); whoever makes the file asks what to do
//! next ([`Wants::of`]). A job that nobody has spoken of for a while is one that nobody listens to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_model::JobId;

/// How long a job is worked on without a word about it. The server speaks of every job that somebody listens to twice a
/// second.
const SILENCE: Duration = Duration::from_secs(10);
/// Jobs that are remembered at most; the server has a smaller limit of its own.
const MAX_JOBS: usize = 1_000;

/// What is wanted of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// Somebody listens, and waits for those blocks (for none: they have enough for now).
    Blocks(Vec<u32>),
    /// Nobody listens.
    Nothing,
}

/// What is wanted of all files. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wants(Arc<Mutex<HashMap<JobId, (Want, Instant)>>>);

impl Wants {
    /// Takes in what the server says.
    pub(crate) fn tell(&self, job: JobId, want: Want) {
        let mut wants = self.all();
        if wants.len() >= MAX_JOBS {
            wants.retain(|_, (_, at)| at.elapsed() < SILENCE);
        }
        wants.insert(job, (want, Instant::now()));
    }

    /// What is wanted of that job's file, which was begun at `since`.
    pub(crate) fn of(&self, job: JobId, since: Instant) -> Want {
        match self.all().get(&job) {
            Some((want, at)) if at.elapsed() < SILENCE => want.clone(),
            // The first word may come after the job was claimed.
            None if since.elapsed() < SILENCE => Want::Blocks(Vec::new()),
            _ => Want::Nothing,
        }
    }

    /// Forgets a job.
    pub(crate) fn forget(&self, job: JobId) {
        self.all().remove(&job);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<JobId, (Want, Instant)>> {
        // Every change is one operation of the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
