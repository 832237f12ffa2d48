//! Jobs in memory, for tests and for trying things out: the plain reading of the rules.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fanfare_model::{
    Attempt, Error, ErrorKind, Job, JobId, JobState, Result, TaskId, Timestamp, TrackId, job::JobError,
};

use super::{AfterFailure, JobCounts, JobQueue, LEASE_MS, LeaseKey, NewJob, death, death_delay_ms};
use crate::{error::lost_lease, fresh_id};

struct MemoryJob {
    job: Job,
    dedupe_key: Option<String>,
    priority: i32,
    budget: u32,
    /// Holders that died in a row.
    deaths: u32,
}

impl MemoryJob {
    fn is_active(&self) -> bool {
        matches!(self.job.state, JobState::Waiting | JobState::Running)
    }

    /// Ends the lease; the job is in `state` from now on.
    fn end_lease(&mut self, state: JobState) {
        self.job.state = state;
        self.job.owner = None;
        self.job.lease_until = None;
    }

    fn wait_or_park(&mut self, run_at: Timestamp) {
        if self.job.attempt.0 >= self.job.max_attempts {
            self.end_lease(JobState::Parked);
        } else {
            self.end_lease(JobState::Waiting);
            self.job.run_at = run_at;
        }
    }
}

/// Jobs in memory; gone with the process.
#[derive(Default)]
pub struct MemoryJobQueue {
    held: Mutex<Vec<MemoryJob>>,
}

impl MemoryJobQueue {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, Vec<MemoryJob>> {
        // No change below can panic half-way, so the list is whole even if a holder panicked.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` on the job whose lease that is.
    fn leased(
        &self,
        id: JobId,
        attempt: Attempt,
        owner: &str,
        change: impl FnOnce(&mut MemoryJob),
    ) -> Result<()> {
        let mut held = self.held();
        let leased = held.iter_mut().find(|held| {
            held.job.id == id
                && held.job.state == JobState::Running
                && held.job.attempt == attempt
                && held.job.owner.as_deref() == Some(owner)
        });
        leased.map(change).ok_or_else(lost_lease)
    }

    fn release(&self, now: Timestamp, ended: impl Fn(&Job) -> bool) -> u64 {
        let mut held = self.held();
        let released = held.iter_mut().filter(|held| held.job.state == JobState::Running && ended(&held.job));
        let mut count = 0;
        for held in released {
            held.deaths += 1;
            held.job.last_error = Some(death(held.deaths));
            held.wait_or_park(now.plus_ms(death_delay_ms(held.deaths)));
            count += 1;
        }
        count
    }

    /// Withdraws those jobs of a task.
    fn end_where(&self, task: TaskId, which: impl Fn(&MemoryJob) -> bool) -> u64 {
        let mut held = self.held();
        let ended = held.iter_mut().filter(|held| held.job.task == Some(task) && which(held));
        ended.map(|held| held.end_lease(JobState::Cancelled)).count() as u64
    }

    fn count(&self, of: impl Fn(&MemoryJob) -> bool) -> JobCounts {
        let mut counts = JobCounts::default();
        for held in self.held().iter().filter(|held| of(held)) {
            *match held.job.state {
                JobState::Waiting => &mut counts.waiting,
                JobState::Running => &mut counts.running,
                JobState::Done => &mut counts.done,
                JobState::Parked => &mut counts.parked,
                JobState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }
}

#[async_trait]
impl JobQueue for MemoryJobQueue {
    async fn enqueue(&self, job: NewJob, now: Timestamp) -> Result<JobId> {
        let mut held = self.held();
        if job.dedupe_key.is_some()
            && let Some(same) = held.iter().find(|held| held.is_active() && held.dedupe_key == job.dedupe_key)
        {
            return Ok(same.job.id);
        }
        let same =
            |held: &&mut MemoryJob| held.job.state == JobState::Parked && held.dedupe_key == job.dedupe_key;
        for superseded in held.iter_mut().filter(same).filter(|_| job.dedupe_key.is_some()) {
            superseded.end_lease(JobState::Cancelled);
        }
        let id = JobId::from_bytes(fresh_id(now));
        let max_attempts = job.max_attempts.max(1);
        held.push(MemoryJob {
            job: Job {
                id,
                kind: job.kind,
                state: JobState::Waiting,
                task: job.task,
                attempt: Attempt(0),
                max_attempts,
                run_at: job.run_at,
                owner: None,
                lease_until: None,
                last_error: None,
                without: Vec::new(),
            },
            dedupe_key: job.dedupe_key,
            priority: job.priority,
            budget: max_attempts,
            deaths: 0,
        });
        Ok(id)
    }

    async fn claim(&self, queue: &str, owner: &str, limit: u32, now: Timestamp) -> Result<Vec<Job>> {
        let mut held = self.held();
        let runs_for_owner = |held: &&MemoryJob| {
            held.job.state == JobState::Running && held.job.owner.as_deref() == Some(owner)
        };
        let (holds_any, holds_isolated) = (
            held.iter().any(|held| runs_for_owner(&held)),
            held.iter().filter(runs_for_owner).any(|held| held.deaths > 0),
        );
        let mut due: Vec<&mut MemoryJob> = held
            .iter_mut()
            .filter(|held| {
                held.job.state == JobState::Waiting
                    && held.job.kind.queue() == queue
                    && held.job.run_at <= now
            })
            .collect();
        // A stable sort: the list is in order of arrival.
        due.sort_by_key(|held| (held.deaths == 0, std::cmp::Reverse(held.priority), held.job.run_at));
        let isolated_due = due.first().is_some_and(|held| held.deaths > 0);
        let limit = match (holds_isolated, isolated_due) {
            (true, _) => 0,
            (false, true) if holds_any => 0,
            (false, true) => limit.min(1),
            (false, false) => limit,
        };
        let claimed = due.into_iter().take(limit as usize).map(|held| {
            held.job.state = JobState::Running;
            held.job.attempt.0 += 1;
            held.job.owner = Some(owner.to_owned());
            held.job.lease_until = Some(now.plus_ms(LEASE_MS));
            held.job.clone()
        });
        Ok(claimed.collect())
    }

    async fn isolated_is_due(&self, queue: &str, now: Timestamp) -> Result<bool> {
        Ok(self.held().iter().any(|held| {
            let waits = held.job.state == JobState::Waiting && held.job.run_at <= now;
            waits && held.deaths > 0 && held.job.kind.queue() == queue
        }))
    }

    async fn claim_about(
        &self,
        queue: &str,
        track: TrackId,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Job>> {
        let mut held = self.held();
        let about = held.iter_mut().find(|held| {
            held.job.state == JobState::Waiting
                && held.job.kind.queue() == queue
                && held.job.kind.track() == track
                && held.deaths == 0
                && held.job.attempt.0 < held.job.max_attempts
        });
        Ok(about.map(|held| {
            held.job.state = JobState::Running;
            held.job.attempt.0 += 1;
            held.job.owner = Some(owner.to_owned());
            held.job.lease_until = Some(now.plus_ms(LEASE_MS));
            held.job.clone()
        }))
    }

    async fn heartbeat(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()> {
        self.leased(id, attempt, owner, |held| held.job.lease_until = Some(now.plus_ms(LEASE_MS)))
    }

    async fn finish(&self, id: JobId, attempt: Attempt, owner: &str, _now: Timestamp) -> Result<()> {
        self.leased(id, attempt, owner, |held| {
            held.job.last_error = None;
            held.end_lease(JobState::Done);
        })
    }

    async fn fail(
        &self,
        lease: LeaseKey<'_>,
        error: JobError,
        after: AfterFailure,
        _now: Timestamp,
    ) -> Result<()> {
        self.leased(lease.job, lease.attempt, lease.owner, |held| {
            held.job.last_error = Some(error);
            held.deaths = 0;
            match after {
                AfterFailure::RetryAt(at) => held.wait_or_park(at),
                AfterFailure::WaitUntil(at) => {
                    held.job.max_attempts += 1;
                    held.wait_or_park(at);
                }
                AfterFailure::Park => held.end_lease(JobState::Parked),
            }
        })
    }

    async fn release_owner(&self, owner: &str, now: Timestamp) -> Result<u64> {
        Ok(self.release(now, |job| job.owner.as_deref() == Some(owner)))
    }

    async fn blame(&self, id: JobId, owner: &str, analyzer: &str) -> Result<()> {
        let mut held = self.held();
        let blamed = held.iter_mut().find(|held| {
            held.job.id == id
                && held.job.state == JobState::Running
                && held.job.owner.as_deref() == Some(owner)
        });
        let without = &mut blamed.ok_or_else(lost_lease)?.job.without;
        if let Err(at) = without.binary_search_by(|known| known.as_str().cmp(analyzer)) {
            without.insert(at, analyzer.to_owned());
        }
        Ok(())
    }

    async fn give_back(&self, id: JobId, attempt: Attempt, owner: &str, _now: Timestamp) -> Result<()> {
        self.leased(id, attempt, owner, |held| {
            held.job.attempt.0 -= 1;
            held.end_lease(JobState::Waiting);
        })
    }

    async fn withdraw(&self, id: JobId, attempt: Attempt, owner: &str, _now: Timestamp) -> Result<()> {
        self.leased(id, attempt, owner, |held| held.end_lease(JobState::Cancelled))
    }

    async fn reap(&self, now: Timestamp) -> Result<u64> {
        Ok(self.release(now, |job| job.lease_until.is_none_or(|until| until <= now)))
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<()> {
        let mut held = self.held();
        let at = held
            .iter()
            .position(|held| held.job.id == id)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such job"))?;
        if held[at].job.state != JobState::Parked {
            return Err(Error::new(ErrorKind::Conflict, "only a parked job can be retried"));
        }
        let parked = &mut held[at];
        parked.job.max_attempts = parked.job.attempt.0.saturating_add(parked.budget);
        parked.job.state = JobState::Waiting;
        parked.job.run_at = now;
        Ok(())
    }

    async fn discard(&self, id: JobId, _now: Timestamp) -> Result<()> {
        let mut held = self.held();
        let known = held.iter_mut().find(|held| held.job.id == id);
        let known = known.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such job"))?;
        if known.job.state != JobState::Parked {
            return Err(Error::new(ErrorKind::Conflict, "only a parked job can be discarded"));
        }
        known.end_lease(JobState::Cancelled);
        Ok(())
    }

    async fn cancel_task(&self, task: TaskId, _now: Timestamp) -> Result<u64> {
        Ok(self.end_where(task, |held| held.job.state == JobState::Waiting))
    }

    async fn stop_task(&self, task: TaskId, _now: Timestamp) -> Result<u64> {
        Ok(self.end_where(task, MemoryJob::is_active))
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        Ok(self.held().iter().find(|held| held.job.id == id).map(|held| held.job.clone()))
    }

    async fn task_is_due(&self, task: TaskId, now: Timestamp) -> Result<bool> {
        Ok(self.held().iter().any(|held| {
            let due = held.job.state == JobState::Running || held.job.run_at <= now;
            held.job.task == Some(task) && held.is_active() && due
        }))
    }

    async fn counts(&self, queue: &str) -> Result<JobCounts> {
        Ok(self.count(|held| held.job.kind.queue() == queue))
    }

    async fn task_counts(&self, task: TaskId) -> Result<JobCounts> {
        Ok(self.count(|held| held.job.task == Some(task)))
    }
}
