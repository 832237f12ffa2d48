//! Random operations on a queue agree with a model that knows of a lease only which holder has which job.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use std::collections::BTreeMap;

use fanfare_model::{Attempt, ErrorKind, JobId, JobState, Timestamp, job::JobError};
use fanfare_store::{
    AfterFailure, JobCounts, JobQueue, LEASE_MS, LeaseKey, MemoryJobQueue, NewJob,
    queue::{
        death_delay_ms,
        suite::{QUEUE, new_job},
    },
};
use proptest::prelude::*;
use support::{Fixture, NOW};

#[derive(Debug, Clone)]
enum Op {
    Enqueue {
        key: Option<u8>,
        priority: i32,
        delay_s: i64,
        max_attempts: u32,
    },
    Claim {
        owner: u8,
        limit: u32,
    },
    /// `stale`: by the attempt before, as a worker would that continues after its lease ended.
    Heartbeat {
        job: usize,
        owner: u8,
        stale: bool,
    },
    Finish {
        job: usize,
        owner: u8,
        stale: bool,
    },
    Fail {
        job: usize,
        owner: u8,
        retry_s: Option<i64>,
    },
    GiveBack {
        job: usize,
        owner: u8,
    },
    ReleaseOwner {
        owner: u8,
    },
    Reap,
    Retry {
        job: usize,
    },
    Discard {
        job: usize,
    },
    Wait {
        seconds: i64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (job, owner) = (0..12_usize, 0..3_u8);
    prop_oneof![
        3 => (proptest::option::of(0..3_u8), -1..2_i32, -5..40_i64, 1..4_u32).prop_map(
            |(key, priority, delay_s, max_attempts)| Op::Enqueue { key, priority, delay_s, max_attempts }
        ),
        4 => (owner.clone(), 0..4_u32).prop_map(|(owner, limit)| Op::Claim { owner, limit }),
        1 => (job.clone(), owner.clone(), any::<bool>())
            .prop_map(|(job, owner, stale)| Op::Heartbeat { job, owner, stale }),
        2 => (job.clone(), owner.clone(), any::<bool>())
            .prop_map(|(job, owner, stale)| Op::Finish { job, owner, stale }),
        2 => (job.clone(), owner.clone(), proptest::option::of(0..30_i64))
            .prop_map(|(job, owner, retry_s)| Op::Fail { job, owner, retry_s }),
        1 => (job.clone(), owner.clone()).prop_map(|(job, owner)| Op::GiveBack { job, owner }),
        1 => owner.prop_map(|owner| Op::ReleaseOwner { owner }),
        1 => Just(Op::Reap),
        1 => job.clone().prop_map(|job| Op::Retry { job }),
        1 => job.prop_map(|job| Op::Discard { job }),
        2 => (0..90_i64).prop_map(|seconds| Op::Wait { seconds }),
    ]
}

/// What the model knows of a job; its number is its place in the order of arrival.
#[derive(Debug, Clone)]
struct Known {
    id: JobId,
    key: Option<u8>,
    priority: i32,
    run_at: Timestamp,
    attempt: u32,
    max_attempts: u32,
    budget: u32,
    state: JobState,
    held: Option<(u8, Timestamp)>,
    deaths: u32,
}

impl Known {
    fn active(&self) -> bool {
        matches!(self.state, JobState::Waiting | JobState::Running)
    }

    fn is_held_by(&self, owner: u8, stale: bool) -> bool {
        !stale && self.held.is_some_and(|(holder, _)| holder == owner)
    }

    fn put_down(&mut self, state: JobState) {
        (self.state, self.held) = (state, None);
    }

    fn again_at(&mut self, run_at: Timestamp) {
        if self.attempt >= self.max_attempts {
            self.put_down(JobState::Parked);
        } else {
            self.put_down(JobState::Waiting);
            self.run_at = run_at;
        }
    }
}

fn name(owner: u8) -> String {
    format!("owner-{owner}")
}

fn expect(held: bool, result: fanfare_model::Result<()>) {
    assert_eq!(result.map_err(|error| error.kind()), if held { Ok(()) } else { Err(ErrorKind::Conflict) });
}

async fn agrees(queue: &dyn JobQueue, ops: &[Op]) {
    let mut jobs: Vec<Known> = Vec::new();
    let mut now = NOW;
    for op in ops {
        match op.clone() {
            Op::Enqueue { key, priority, delay_s, max_attempts } => {
                let run_at = now.plus_ms(delay_s * 1_000);
                let dedupe_key = key.map(|key| format!("key-{key}"));
                let new = NewJob { dedupe_key, priority, run_at, max_attempts, ..new_job(1) };
                let id = queue.enqueue(new, now).await.unwrap();
                match jobs.iter().find(|job| key.is_some() && job.key == key && job.active()) {
                    Some(same) => assert_eq!(id, same.id),
                    None => {
                        assert!(jobs.iter().all(|job| job.id != id));
                        let parked = |job: &&mut Known| {
                            key.is_some() && job.key == key && job.state == JobState::Parked
                        };
                        jobs.iter_mut().filter(parked).for_each(|job| job.put_down(JobState::Cancelled));
                        let (state, held) = (JobState::Waiting, None);
                        let budget = max_attempts;
                        jobs.push(Known {
                            id,
                            key,
                            priority,
                            run_at,
                            attempt: 0,
                            max_attempts,
                            budget,
                            state,
                            held,
                            deaths: 0,
                        });
                    }
                }
            }
            Op::Claim { owner, limit } => {
                let claimed = queue.claim(QUEUE, &name(owner), limit, now).await.unwrap();
                let own_jobs = jobs.iter().filter(|job| job.held.is_some_and(|(holder, _)| holder == owner));
                let own_jobs: Vec<u32> = own_jobs.map(|job| job.deaths).collect();
                let mut due: Vec<&mut Known> = jobs
                    .iter_mut()
                    .filter(|job| job.state == JobState::Waiting && job.run_at <= now)
                    .collect();
                due.sort_by_key(|job| (job.deaths == 0, -job.priority, job.run_at));
                due.truncate(limit as usize);
                if due.first().is_some_and(|job| job.deaths > 0) {
                    due.truncate(usize::from(own_jobs.is_empty()));
                }
                if own_jobs.iter().any(|deaths| *deaths > 0) {
                    due.clear();
                }
                for job in &mut due {
                    job.attempt += 1;
                    (job.state, job.held) = (JobState::Running, Some((owner, now.plus_ms(LEASE_MS))));
                }
                let expected: Vec<_> = due.iter().map(|job| (job.id, Attempt(job.attempt))).collect();
                assert_eq!(claimed.iter().map(|job| (job.id, job.attempt)).collect::<Vec<_>>(), expected);
            }
            Op::Heartbeat { job, owner, stale } => {
                let Some(job) = jobs.get_mut(job) else { continue };
                let attempt = Attempt(job.attempt.wrapping_sub(u32::from(stale)));
                let held = job.is_held_by(owner, stale);
                expect(held, queue.heartbeat(job.id, attempt, &name(owner), now).await);
                if held {
                    job.held = Some((owner, now.plus_ms(LEASE_MS)));
                }
            }
            Op::Finish { job, owner, stale } => {
                let Some(job) = jobs.get_mut(job) else { continue };
                let attempt = Attempt(job.attempt.wrapping_sub(u32::from(stale)));
                let held = job.is_held_by(owner, stale);
                expect(held, queue.finish(job.id, attempt, &name(owner), now).await);
                if held {
                    job.put_down(JobState::Done);
                }
            }
            Op::Fail { job, owner, retry_s } => {
                let Some(job) = jobs.get_mut(job) else { continue };
                let retry = retry_s.map(|seconds| now.plus_ms(seconds * 1_000));
                let after = retry.map_or(AfterFailure::Park, AfterFailure::RetryAt);
                let error = JobError {
                    kind: ErrorKind::Io,
                    message: "no".to_owned(),
                    offset_bytes: None,
                    remedy: None,
                };
                let held = job.is_held_by(owner, false);
                expect(
                    held,
                    queue
                        .fail(LeaseKey::new(job.id, Attempt(job.attempt), &name(owner)), error, after, now)
                        .await,
                );
                if held {
                    job.deaths = 0;
                }
                match retry {
                    Some(at) if held => job.again_at(at),
                    None if held => job.put_down(JobState::Parked),
                    _ => {}
                }
            }
            Op::GiveBack { job, owner } => {
                let Some(job) = jobs.get_mut(job) else { continue };
                let held = job.is_held_by(owner, false);
                expect(held, queue.give_back(job.id, Attempt(job.attempt), &name(owner), now).await);
                if held {
                    job.attempt -= 1;
                    job.put_down(JobState::Waiting);
                }
            }
            Op::ReleaseOwner { owner } => {
                let ended = die(&mut jobs, now, |(holder, _)| holder == owner);
                assert_eq!(queue.release_owner(&name(owner), now).await.unwrap(), ended);
            }
            Op::Reap => {
                let ended = die(&mut jobs, now, |(_, until)| until <= now);
                assert_eq!(queue.reap(now).await.unwrap(), ended);
            }
            Op::Discard { job } => {
                let Some(at) = jobs.get_mut(job) else { continue };
                let may = at.state == JobState::Parked;
                expect(may, queue.discard(at.id, now).await);
                if may {
                    at.put_down(JobState::Cancelled);
                }
            }
            Op::Retry { job } => {
                let Some(at) = jobs.get(job) else { continue };
                let may = at.state == JobState::Parked;
                expect(may, queue.retry(at.id, now).await);
                if may {
                    let job = &mut jobs[job];
                    job.max_attempts = job.attempt + job.budget;
                    job.run_at = now;
                    job.put_down(JobState::Waiting);
                }
            }
            Op::Wait { seconds } => now = now.plus_ms(seconds * 1_000),
        }
        same_states(queue, &jobs).await;
    }
    for job in &jobs {
        let stored = queue.job(job.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.attempt.0, stored.run_at), (job.state, job.attempt, job.run_at));
        assert_eq!(stored.owner, job.held.map(|(owner, _)| name(owner)));
        assert_eq!(stored.lease_until, job.held.map(|(_, until)| until));
    }
}

fn die(jobs: &mut [Known], now: Timestamp, which: impl Fn((u8, Timestamp)) -> bool) -> u64 {
    let dead = jobs.iter_mut().filter(|job| job.held.is_some_and(&which));
    let mut ended = 0;
    for job in dead {
        job.deaths += 1;
        job.again_at(now.plus_ms(death_delay_ms(job.deaths)));
        ended += 1;
    }
    ended
}

async fn same_states(queue: &dyn JobQueue, jobs: &[Known]) {
    let mut states = BTreeMap::new();
    for job in jobs {
        *states.entry(format!("{:?}", job.state)).or_insert(0_u64) += 1;
    }
    let count = |state: JobState| states.get(&format!("{state:?}")).copied().unwrap_or(0);
    let expected = JobCounts {
        waiting: count(JobState::Waiting),
        running: count(JobState::Running),
        done: count(JobState::Done),
        parked: count(JobState::Parked),
        cancelled: count(JobState::Cancelled),
    };
    assert_eq!(queue.counts(QUEUE).await.unwrap(), expected);
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

proptest! {
    #[test]
    fn memory_agrees_with_the_model(ops in proptest::collection::vec(op(), 1..120)) {
        run(async { agrees(&MemoryJobQueue::new(), &ops).await });
    }
}

proptest! {
    // Every operation is synced to disk: fewer histories here.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn sqlite_agrees_with_the_model(ops in proptest::collection::vec(op(), 1..60)) {
        run(async {
            let fixture = Fixture::new().await;
            agrees(fixture.store.jobs(), &ops).await;
        });
    }
}
