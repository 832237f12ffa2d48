//! What listeners wait for of files that are being made for them.
//!
//! Purpose: the server says which blocks its listeners wait for ([`Demand::tell`]); the job that makes the file asks what
//! to do next ([`Demand::of`]). A job that the server has not named for a while has no listener.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_model::JobId;

/// How long a job is worked on without a message about it. The server sends one twice a second for every job with a listener.
const SILENCE: Duration = Duration::from_secs(10);
/// Jobs that are remembered at most; the server has a smaller limit of its own.
const MAX_JOBS: usize = 1_000;

/// What is wanted of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientDemand {
    /// A listener plays it, and waits for those blocks (for none: they have enough for now).
    Blocks(Vec<u32>),
    /// No listener is left.
    Nothing,
}

/// What is wanted of all files. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demand(Arc<Mutex<HashMap<JobId, (ClientDemand, Instant)>>>);

impl Demand {
    /// Takes in what the server says.
    pub(crate) fn tell(&self, job: JobId, demanded: ClientDemand) {
        let mut demand = self.all();
        if demand.len() >= MAX_JOBS {
            demand.retain(|_, (_, at)| at.elapsed() < SILENCE);
        }
        demand.insert(job, (demanded, Instant::now()));
    }

    /// What is wanted of that job's file, which was begun at `since`.
    pub(crate) fn of(&self, job: JobId, since: Instant) -> ClientDemand {
        match self.all().get(&job) {
            Some((demanded, at)) if at.elapsed() < SILENCE => demanded.clone(),
            // The first word may come after the job was claimed.
            None if since.elapsed() < SILENCE => ClientDemand::Blocks(Vec::new()),
            _ => ClientDemand::Nothing,
        }
    }

    /// Forgets a job.
    pub(crate) fn forget(&self, job: JobId) {
        self.all().remove(&job);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<JobId, (ClientDemand, Instant)>> {
        // Every change is one operation of the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
