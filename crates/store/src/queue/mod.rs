//! Durable work: claimed by lease, fenced by attempt and owner, parked with a reason, never silent.
//!
//! Vocabulary: a job *waits*, *runs* (leased), is *done*, *parked* (given up until a user retries it) or *cancelled*. A
//! *lease* is the right to work on a job until a time; its holder names job, attempt and owner in every call and gets
//! `Conflict` once any of them is no longer true.
//!
//! A job whose holder died is *isolated*, until an attempt at it ends in order: it may have killed its holder, or only have
//! run at that moment. Isolated jobs are claimed first, and one at a time: only by a holder without other jobs, which gets
//! no other job until this one ended. So the next death can be of one job only, and all other jobs run in parallel as soon
//! as the few isolated ones were tried. From the second death on, an isolated job also waits [`death_delay_ms`]; others are
//! claimed meanwhile.
//!
//! Of the jobs of one dedupe key at most one waits, runs or is parked: a user may retry a parked job, so queueing the same
//! work again replaces it.
//!
//! Order: isolated jobs first, then larger priority, then earlier `run_at`, then first come.
//!
//! Two implementations: [`SqliteJobQueue`] and [`MemoryJobQueue`]; both run the same conformance cases
//! ([`suite`]).

use async_trait::async_trait;
use fanfare_model::{
    Attempt, ErrorKind, Job, JobId, JobKind, Result, TaskId, Timestamp, TrackId, job::JobError,
};

mod claimable;
mod lease;
mod memory;
mod parked;
mod queueing;
mod rows;
mod sqlite;
#[cfg(feature = "testsuite")]
pub mod suite;

pub(crate) use lease::{Leased, fence};
pub use memory::MemoryJobQueue;
pub(crate) use parked::{
    Parked, enrichment_queued, find as find_parked, retry, supersede_enrichment, supersede_made, superseded,
    track_queued, withdraw_small,
};
pub(crate) use queueing::{enqueue, queue_analysis, revoke_all};
pub(crate) use rows::{ANALYZE_QUEUE, ENRICH_QUEUE, PROCESS_QUEUE, STREAM_QUEUE, TRANSCODE_QUEUE, job};
pub use sqlite::SqliteJobQueue;

/// How long a lease holds without a heartbeat.
pub const LEASE_MS: i64 = 60_000;
/// How often a holder renews its lease.
pub const HEARTBEAT_MS: i64 = 15_000;
/// How often the analysis of a track is tried before it is parked.
pub const ANALYZE_ATTEMPTS: u32 = 5;
/// How often an upload is processed. An attempt that ends with a reason is the last: it would fail again. The others are
/// for workers that die and storage that is away.
pub const PROCESS_ATTEMPTS: u32 = 5;
/// How often an upload is enriched before it becomes ready without that.
pub const ENRICH_ATTEMPTS: u32 = 3;
/// The pause between those, in milliseconds.
pub const ENRICH_PAUSE_MS: i64 = 5 * 60_000;
/// How often a transcode that a listener waits for is tried.
pub const TRANSCODE_ATTEMPTS: u32 = 2;

/// A job to be queued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What is to be done.
    pub kind: JobKind,
    /// The task it is shown under.
    pub task: Option<TaskId>,
    /// While a job with this key waits or runs, another is not queued.
    pub dedupe_key: Option<String>,
    /// Larger runs first.
    pub priority: i32,
    /// When it may run.
    pub run_at: Timestamp,
    /// How often it may be claimed before it is parked, at least 1.
    pub max_attempts: u32,
}

/// How many jobs of a queue are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Waiting for their time and a worker.
    pub waiting: u64,
    /// Leased.
    pub running: u64,
    /// Finished.
    pub done: u64,
    /// Given up with a reason.
    pub parked: u64,
    /// Withdrawn.
    pub cancelled: u64,
}

/// What the holder of a lease names in a call: the job, which attempt at it, and who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseKey<'a> {
    /// The job.
    pub job: JobId,
    /// The attempt, which fences out the holders of earlier ones.
    pub attempt: Attempt,
    /// The holder.
    pub owner: &'a str,
}

impl<'a> LeaseKey<'a> {
    /// The lease of that owner for that attempt.
    #[must_use]
    pub const fn new(job: JobId, attempt: Attempt, owner: &'a str) -> Self {
        Self { job, attempt, owner }
    }
}

/// What happens to a job whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Runs again at that time, unless its attempts are used up: then it is parked.
    RetryAt(Timestamp),
    /// Runs again at that time, however many attempts there were: the job is not the cause (a full disk).
    WaitUntil(Timestamp),
    /// Parked now.
    Park,
}

/// Durable work, at least once in delivery, once in effect.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Queues a job; returns the id of the waiting or running one when the dedupe key is taken. A parked one of the same
    /// key is withdrawn: the new one does its work.
    async fn enqueue(&self, job: NewJob, now: Timestamp) -> Result<JobId>;
    /// Claims up to `limit` due jobs of that queue by a lease of [`LEASE_MS`]; each claim counts as an attempt.
    /// An isolated job is claimed alone (see the module documentation): fewer jobs than `limit` do not mean that no more are due.
    async fn claim(&self, queue: &str, owner: &str, limit: u32, now: Timestamp) -> Result<Vec<Job>>;
    /// Whether an isolated job of that queue is due: then a holder that takes from several queues lets its running jobs
    /// end, and claims from this queue.
    async fn isolated_is_due(&self, queue: &str, now: Timestamp) -> Result<bool>;
    /// Claims the waiting job of that queue about that track, due or not; `None` when none waits, or its holder died
    /// before: such a one is tried alone.
    async fn claim_about(
        &self,
        queue: &str,
        track: TrackId,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Job>>;
    /// Renews a lease; `Conflict` when it was lost.
    async fn heartbeat(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends a job; `Conflict` when the lease was lost.
    async fn finish(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends an attempt that failed; `Conflict` when the lease was lost.
    async fn fail(
        &self,
        lease: LeaseKey<'_>,
        error: JobError,
        after: AfterFailure,
        now: Timestamp,
    ) -> Result<()>;
    /// Ends every lease of that owner at once (its process is gone); jobs with attempts left wait again, others are parked.
    /// Returns how many leases ended.
    async fn release_owner(&self, owner: &str, now: Timestamp) -> Result<u64>;
    /// Notes that an analyzer killed the process that holds the job: the next attempt leaves it out
    /// ([`Job::without`]). `Conflict` when that owner does not hold it.
    async fn blame(&self, id: JobId, owner: &str, analyzer: &str) -> Result<()>;
    /// Gives an unfinished job back without counting the attempt (orderly shutdown).
    async fn give_back(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends a lease whose job nobody is to do; `Conflict` when it was lost.
    async fn withdraw(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends leases that ran out, of whatever owner; returns how many.
    async fn reap(&self, now: Timestamp) -> Result<u64>;
    /// Lets a parked job run again with fresh attempts: attempt numbers go on, so that a holder from before
    /// stays fenced out, and `max_attempts` grows by what the job was queued with. `NotFound` when there is
    /// no such job, `Conflict` when it is not parked or its dedupe key was taken meanwhile.
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<()>;
    /// Withdraws a parked job: nobody means to retry it. `NotFound` when there is no such job, `Conflict` when it is
    /// not parked.
    async fn discard(&self, id: JobId, now: Timestamp) -> Result<()>;
    /// Withdraws the waiting jobs of a task; returns how many. Those that run are done to their end.
    async fn cancel_task(&self, task: TaskId, now: Timestamp) -> Result<u64>;
    /// Withdraws the waiting and the running jobs of a task; returns how many. The holder of a running one loses its lease,
    /// and notices that at the next renewal.
    async fn stop_task(&self, task: TaskId, now: Timestamp) -> Result<u64>;
    /// The job of that id.
    async fn job(&self, id: JobId) -> Result<Option<Job>>;
    /// Whether a job of that task runs, or waits and is due.
    async fn task_is_due(&self, task: TaskId, now: Timestamp) -> Result<bool>;
    /// How many jobs of that queue are in which state.
    async fn counts(&self, queue: &str) -> Result<JobCounts>;
    /// How many jobs of that task are in which state.
    async fn task_counts(&self, task: TaskId) -> Result<JobCounts>;
}

/// How long a job waits after its holder died, `deaths` times in a row.
///
/// The first death costs nothing: most often the process was stopped for other reasons. Later ones double from 1 s
/// up to a minute.
#[must_use]
pub fn death_delay_ms(deaths: u32) -> i64 {
    if deaths <= 1 {
        return 0;
    }
    (1_000_i64 << (deaths - 2).min(6)).min(60_000)
}

/// What is stored as the reason when a holder died or froze.
pub(crate) fn death(deaths: u32) -> JobError {
    let times = if deaths == 1 { "once".to_owned() } else { format!("{deaths} times") };
    JobError {
        kind: ErrorKind::Internal,
        message: format!("the worker died while analyzing this file {times}"),
        offset_bytes: None,
        remedy: None,
    }
}
