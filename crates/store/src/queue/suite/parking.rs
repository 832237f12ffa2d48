//! Cases of jobs that are parked, retried and discarded.

use fanfare_model::{Attempt, ErrorKind, JobId, JobState};

use super::{NOW, QUEUE, assert_conflict, broken, claim_one, job, new_job};
use crate::queue::{AfterFailure, JobCounts, JobQueue, LeaseKey, NewJob, death_delay_ms};

/// A parked job may run again, as often as it was queued for; nothing else can be retried.
pub async fn a_parked_job_can_be_retried(queue: &dyn JobQueue) {
    let keyed = || NewJob { dedupe_key: Some("k".to_owned()), max_attempts: 2, ..new_job(1) };
    let id = queue.enqueue(keyed(), NOW).await.unwrap();
    assert_conflict(queue.retry(id, NOW).await);
    let unknown = queue.retry(JobId::from_bytes([0xEE; 16]), NOW).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
    let mut attempts = 0;
    for round in 0..3 {
        if round > 0 {
            queue.retry(id, NOW).await.unwrap();
        }
        for _ in 0..2 {
            attempts += 1;
            let claimed = claim_one(queue, "a", NOW).await;
            assert_eq!(claimed.attempt, Attempt(attempts), "attempt numbers never come twice");
            let retry = AfterFailure::RetryAt(NOW);
            queue.fail(LeaseKey::new(id, claimed.attempt, "a"), broken(), retry, NOW).await.unwrap();
        }
        assert_eq!(job(queue, id).await.state, JobState::Parked);
    }
    queue.enqueue(keyed(), NOW).await.unwrap();
    assert_conflict(queue.retry(id, NOW).await);
}

/// A parked job can be discarded; nothing else can, and nothing can be done with it afterwards.
pub async fn a_parked_job_can_be_discarded(queue: &dyn JobQueue) {
    let unknown = queue.discard(JobId::from_bytes([0xEE; 16]), NOW).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
    let id = queue.enqueue(new_job(1), NOW).await.unwrap();
    assert_conflict(queue.discard(id, NOW).await);
    claim_one(queue, "a", NOW).await;
    assert_conflict(queue.discard(id, NOW).await);
    queue.fail(LeaseKey::new(id, Attempt(1), "a"), broken(), AfterFailure::Park, NOW).await.unwrap();
    queue.discard(id, NOW).await.unwrap();
    let discarded = job(queue, id).await;
    assert_eq!((discarded.state, discarded.last_error), (JobState::Cancelled, Some(broken())));
    assert_conflict(queue.discard(id, NOW).await);
    assert_conflict(queue.retry(id, NOW).await);
    assert_eq!(queue.counts(QUEUE).await.unwrap(), JobCounts { cancelled: 1, ..JobCounts::default() });
}

/// Work that is queued again is parked no more, and what is done has no reason left (issue 12).
pub async fn work_that_is_queued_again_is_parked_no_more(queue: &dyn JobQueue) {
    let keyed = || NewJob { dedupe_key: Some("k".to_owned()), ..new_job(1) };
    let (first, other) =
        (queue.enqueue(keyed(), NOW).await.unwrap(), queue.enqueue(new_job(1), NOW).await.unwrap());
    for claimed in queue.claim(QUEUE, "a", 2, NOW).await.unwrap() {
        queue
            .fail(LeaseKey::new(claimed.id, Attempt(1), "a"), broken(), AfterFailure::Park, NOW)
            .await
            .unwrap();
    }
    let second = queue.enqueue(keyed(), NOW).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(job(queue, first).await.state, JobState::Cancelled);
    assert_eq!(
        job(queue, other).await.state,
        JobState::Parked,
        "without a key nobody knows what else does its work"
    );
    let claimed = claim_one(queue, "a", NOW).await;
    queue
        .fail(LeaseKey::new(second, claimed.attempt, "a"), broken(), AfterFailure::RetryAt(NOW), NOW)
        .await
        .unwrap();
    let claimed = claim_one(queue, "a", NOW).await;
    assert_eq!(claimed.last_error, Some(broken()));
    queue.finish(second, claimed.attempt, "a", NOW).await.unwrap();
    assert_eq!(job(queue, second).await.last_error, None);
}

/// A failed attempt waits for its time, and is parked with its reason when attempts are used up.
pub async fn failures_retry_and_then_park(queue: &dyn JobQueue) {
    let id = queue.enqueue(new_job(1), NOW).await.unwrap();
    for attempt in 1..=3_u32 {
        let now = NOW.plus_ms(i64::from(attempt) * 10);
        assert_eq!(claim_one(queue, "a", now).await.attempt, Attempt(attempt));
        let retry = AfterFailure::RetryAt(now.plus_ms(10));
        queue.fail(LeaseKey::new(id, Attempt(attempt), "a"), broken(), retry, now).await.unwrap();
        let after = job(queue, id).await;
        assert_eq!((after.last_error, after.owner), (Some(broken()), None));
        assert_eq!(after.state, if attempt < 3 { JobState::Waiting } else { JobState::Parked });
        assert!(queue.claim(QUEUE, "a", 9, now.plus_ms(9)).await.unwrap().is_empty());
    }
    let other = queue.enqueue(new_job(2), NOW).await.unwrap();
    claim_one(queue, "a", NOW).await;
    queue.fail(LeaseKey::new(other, Attempt(1), "a"), broken(), AfterFailure::Park, NOW).await.unwrap();
    assert_eq!(job(queue, other).await.state, JobState::Parked);
    assert_eq!(queue.counts(QUEUE).await.unwrap(), JobCounts { parked: 2, ..JobCounts::default() });
}

/// A job whose holder dies every time is parked with a sentence about it; others are not harmed.
pub async fn a_job_that_kills_is_parked(queue: &dyn JobQueue) {
    let id = queue.enqueue(new_job(1), NOW).await.unwrap();
    let mut now = NOW;
    for attempt in 1..=3_u32 {
        assert_eq!(claim_one(queue, "a", now).await.attempt, Attempt(attempt));
        assert_eq!(queue.release_owner("nobody", now).await.unwrap(), 0);
        assert_eq!(queue.release_owner("a", now).await.unwrap(), 1);
        now = now.plus_ms(death_delay_ms(attempt));
    }
    let parked = job(queue, id).await;
    assert_eq!(parked.state, JobState::Parked);
    let reason = parked.last_error.unwrap().message;
    assert_eq!(reason, "the worker died while analyzing this file 3 times");
}
