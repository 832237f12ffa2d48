//! The cases every [`JobQueue`] must pass; each takes a queue that is empty.
//!
//! A case panics when it fails: these are for tests of back-ends, here and elsewhere.
#![allow(clippy::unwrap_used)] // a conformance case is test code, wherever it is compiled

mod parking;
mod withdrawing;

pub use parking::*;
pub use withdrawing::*;

use fanfare_model::{
    Attempt, ErrorKind, Job, JobId, JobKind, JobState, Result, TaskId, Timestamp, TrackId, Wanted,
    job::{JobError, Products},
};

use super::{AfterFailure, JobCounts, JobQueue, LEASE_MS, LeaseKey, NewJob, death_delay_ms};

/// The queue that the cases use.
pub const QUEUE: &str = "analyze-track";
const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A job about track number `number`, due at [`Timestamp`] 1,800,000,000,000.
#[must_use]
pub fn new_job(number: u8) -> NewJob {
    NewJob {
        kind: JobKind::make(TrackId::from_bytes([number; 16]), Wanted::Features),
        task: None,
        dedupe_key: None,
        priority: 0,
        run_at: NOW,
        max_attempts: 3,
    }
}

fn broken() -> JobError {
    JobError { kind: ErrorKind::Malformed, message: "broken".to_owned(), offset_bytes: Some(3), remedy: None }
}

fn assert_conflict(result: Result<()>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Conflict);
}

async fn job(queue: &dyn JobQueue, id: JobId) -> Job {
    queue.job(id).await.unwrap().unwrap()
}

async fn claim_one(queue: &dyn JobQueue, owner: &str, now: Timestamp) -> Job {
    queue.claim(QUEUE, owner, 1, now).await.unwrap().pop().unwrap()
}

/// A job is queued, claimed, renewed and ended, and says so all along.
pub async fn a_job_runs_once(queue: &dyn JobQueue) {
    let task = TaskId::from_bytes([9; 16]);
    let id = queue.enqueue(NewJob { task: Some(task), ..new_job(1) }, NOW).await.unwrap();
    let waiting = job(queue, id).await;
    assert_eq!((waiting.state, waiting.attempt, waiting.task), (JobState::Waiting, Attempt(0), Some(task)));
    let claimed = claim_one(queue, "a", NOW).await;
    assert_eq!(claimed, job(queue, id).await);
    assert_eq!((claimed.id, claimed.state, claimed.attempt), (id, JobState::Running, Attempt(1)));
    assert_eq!((claimed.owner.as_deref(), claimed.lease_until), (Some("a"), Some(NOW.plus_ms(LEASE_MS))));
    assert!(queue.claim(QUEUE, "b", 9, NOW).await.unwrap().is_empty());
    queue.heartbeat(id, Attempt(1), "a", NOW.plus_ms(5)).await.unwrap();
    assert_eq!(job(queue, id).await.lease_until, Some(NOW.plus_ms(LEASE_MS + 5)));
    queue.finish(id, Attempt(1), "a", NOW).await.unwrap();
    let done = job(queue, id).await;
    assert_eq!((done.state, done.owner, done.lease_until), (JobState::Done, None, None));
    assert_eq!(queue.counts(QUEUE).await.unwrap(), JobCounts { done: 1, ..JobCounts::default() });
    assert_eq!(queue.task_counts(task).await.unwrap(), JobCounts { done: 1, ..JobCounts::default() });
    assert_eq!(queue.counts("another").await.unwrap(), JobCounts::default());
    assert!(queue.claim("another", "a", 9, NOW).await.unwrap().is_empty());
}

/// Larger priority first, then earlier time, then first come; nothing before its time.
pub async fn jobs_come_in_order(queue: &dyn JobQueue) {
    let mut ids = Vec::new();
    for (number, priority, delay) in
        [(0, 0, 0), (1, 0, 0), (2, 5, 20), (3, 5, 10), (4, 0, -10), (5, 9, 1_000)]
    {
        let run_at = NOW.plus_ms(delay);
        ids.push(queue.enqueue(NewJob { priority, run_at, ..new_job(number) }, NOW).await.unwrap());
    }
    assert!(queue.claim(QUEUE, "a", 0, NOW).await.unwrap().is_empty());
    let mut order = Vec::new();
    for limit in [1, 2, 9] {
        order.extend(queue.claim(QUEUE, "a", limit, NOW.plus_ms(20)).await.unwrap());
    }
    let order: Vec<JobId> = order.iter().map(|job| job.id).collect();
    assert_eq!(order, [ids[3], ids[2], ids[4], ids[0], ids[1]]);
    assert_eq!(claim_one(queue, "a", NOW.plus_ms(1_000)).await.id, ids[5]);
}

/// While a job of a key waits or runs there is no second one; afterwards there may be.
pub async fn a_key_is_taken_while_its_job_is_active(queue: &dyn JobQueue) {
    let keyed = || NewJob { dedupe_key: Some("k".to_owned()), ..new_job(1) };
    let first = queue.enqueue(keyed(), NOW).await.unwrap();
    assert_eq!(queue.enqueue(keyed(), NOW).await.unwrap(), first);
    claim_one(queue, "a", NOW).await;
    assert_eq!(queue.enqueue(keyed(), NOW).await.unwrap(), first);
    let other = NewJob { dedupe_key: Some("other".to_owned()), ..new_job(2) };
    assert_ne!(queue.enqueue(other, NOW).await.unwrap(), first);
    queue.finish(first, Attempt(1), "a", NOW).await.unwrap();
    let second = queue.enqueue(keyed(), NOW).await.unwrap();
    assert_ne!(second, first);
    assert_ne!(queue.enqueue(new_job(3), NOW).await.unwrap(), queue.enqueue(new_job(3), NOW).await.unwrap());
}

/// Who names another attempt, another owner or a lost lease is refused and changes nothing.
pub async fn a_lost_lease_is_fenced_out(queue: &dyn JobQueue) {
    let id = queue.enqueue(new_job(1), NOW).await.unwrap();
    assert_conflict(queue.finish(id, Attempt(0), "a", NOW).await);
    claim_one(queue, "a", NOW).await;
    let unknown = JobId::from_bytes([0xEE; 16]);
    for (id, attempt, owner) in
        [(id, Attempt(1), "b"), (id, Attempt(2), "a"), (id, Attempt(0), "a"), (unknown, Attempt(1), "a")]
    {
        assert_conflict(queue.heartbeat(id, attempt, owner, NOW).await);
        assert_conflict(queue.finish(id, attempt, owner, NOW).await);
        assert_conflict(
            queue.fail(LeaseKey::new(id, attempt, owner), broken(), AfterFailure::Park, NOW).await,
        );
        assert_conflict(queue.give_back(id, attempt, owner, NOW).await);
    }
    // The holder froze, the lease ran out, somebody else has it: the first one wakes up too late.
    let late = NOW.plus_ms(LEASE_MS);
    assert_eq!(queue.reap(late.plus_ms(-1)).await.unwrap(), 0);
    assert_eq!(queue.reap(late).await.unwrap(), 1);
    assert_conflict(queue.finish(id, Attempt(1), "a", late).await);
    assert_eq!(claim_one(queue, "a", late).await.attempt, Attempt(2));
    assert_conflict(queue.finish(id, Attempt(1), "a", late).await);
    queue.finish(id, Attempt(2), "a", late).await.unwrap();
    assert_conflict(queue.finish(id, Attempt(2), "a", late).await);
}

/// After a death only the jobs that were running are tried alone, and soon; all others go on in parallel.
pub async fn isolated_jobs_are_tried_alone_and_first(queue: &dyn JobQueue) {
    for number in 0..10 {
        queue.enqueue(new_job(number), NOW).await.unwrap();
    }
    let claim = async |limit, now| queue.claim(QUEUE, "a", limit, now).await.unwrap();
    let held = claim(3, NOW).await;
    assert!(!queue.isolated_is_due(QUEUE, NOW).await.unwrap());
    assert_eq!(queue.release_owner("a", NOW).await.unwrap(), 3);
    assert!(queue.isolated_is_due(QUEUE, NOW).await.unwrap());
    assert!(!queue.isolated_is_due("another", NOW).await.unwrap());
    let isolated: Vec<JobId> = held.iter().map(|job| job.id).collect();
    for id in &isolated {
        let claimed = claim(4, NOW).await;
        assert_eq!(claimed.iter().map(|job| job.id).collect::<Vec<_>>(), [*id], "first and alone");
        assert!(claim(4, NOW).await.is_empty(), "nothing with it");
        queue.finish(*id, claimed[0].attempt, "a", NOW).await.unwrap();
    }
    let held = claim(4, NOW).await;
    assert_eq!(held.len(), 4, "then everything in parallel");

    // The running jobs of another holder are no reason to wait; a holder's own end first.
    assert_eq!(queue.release_owner("a", NOW).await.unwrap(), 4);
    let alone = queue.claim(QUEUE, "b", 4, NOW).await.unwrap();
    assert_eq!(alone.len(), 1);
    assert_eq!(claim(4, NOW).await.len(), 1);
    assert_eq!(queue.release_owner("b", NOW).await.unwrap(), 1);
    assert_eq!(queue.release_owner("a", NOW).await.unwrap(), 1);
    // Both wait for a second after their second death; the other two are tried, the rest goes on meanwhile.
    for _ in 0..2 {
        let claimed = claim(4, NOW).await;
        assert_eq!((claimed.len(), claimed[0].attempt), (1, Attempt(2)));
        queue.finish(claimed[0].id, claimed[0].attempt, "a", NOW).await.unwrap();
    }
    assert!(!queue.isolated_is_due(QUEUE, NOW).await.unwrap(), "they are not due yet");
    assert_eq!(claim(2, NOW).await.len(), 2);
    let later = NOW.plus_ms(death_delay_ms(2));
    assert!(claim(4, later).await.is_empty(), "an isolated job is due: what runs ends first");
    assert_eq!(queue.claim(QUEUE, "b", 4, later).await.unwrap().len(), 1);
}

/// A job that ends in order is no longer isolated, also when it failed.
pub async fn an_end_in_order_clears_of_suspicion(queue: &dyn JobQueue) {
    for number in [1, 2] {
        queue.enqueue(new_job(number), NOW).await.unwrap();
    }
    let held = claim_one(queue, "a", NOW).await;
    queue.release_owner("a", NOW).await.unwrap();
    let again = claim_one(queue, "a", NOW).await;
    assert_eq!(again.id, held.id);
    queue
        .fail(LeaseKey::new(again.id, again.attempt, "a"), broken(), AfterFailure::RetryAt(NOW), NOW)
        .await
        .unwrap();
    assert_eq!(queue.claim(QUEUE, "a", 9, NOW).await.unwrap().len(), 2);
}

/// A job given back has lost no attempt.
pub async fn giving_back_costs_nothing(queue: &dyn JobQueue) {
    let id = queue.enqueue(NewJob { max_attempts: 1, ..new_job(1) }, NOW).await.unwrap();
    for _ in 0..3 {
        assert_eq!(claim_one(queue, "a", NOW).await.attempt, Attempt(1));
        queue.give_back(id, Attempt(1), "a", NOW).await.unwrap();
        assert_eq!(
            (job(queue, id).await.state, job(queue, id).await.attempt),
            (JobState::Waiting, Attempt(0))
        );
    }
}

/// A job that waits for a reason outside the job (a full disk) is never parked for it, and is due at the time that was set.
pub async fn waiting_costs_no_attempt(queue: &dyn JobQueue) {
    let id = queue.enqueue(NewJob { max_attempts: 2, ..new_job(1) }, NOW).await.unwrap();
    let mut now = NOW;
    for attempt in 1..=5 {
        assert_eq!(
            claim_one(queue, "a", now).await.attempt,
            Attempt(attempt),
            "attempt numbers never come twice"
        );
        let wait = AfterFailure::WaitUntil(now.plus_ms(10));
        queue.fail(LeaseKey::new(id, Attempt(attempt), "a"), broken(), wait, now).await.unwrap();
        let after = job(queue, id).await;
        assert_eq!((after.state, after.last_error), (JobState::Waiting, Some(broken())));
        assert!(queue.claim(QUEUE, "a", 9, now.plus_ms(9)).await.unwrap().is_empty());
        now = now.plus_ms(10);
    }
    // Other attempts count as before: there are two more.
    for state in [JobState::Waiting, JobState::Parked] {
        let claimed = claim_one(queue, "a", now).await;
        queue
            .fail(LeaseKey::new(id, claimed.attempt, "a"), broken(), AfterFailure::RetryAt(now), now)
            .await
            .unwrap();
        assert_eq!(job(queue, id).await.state, state);
    }
}

/// Many claimers at once never get the same job.
pub async fn no_job_is_claimed_twice(queue: &dyn JobQueue) {
    for number in 0..40 {
        queue.enqueue(new_job(number), NOW).await.unwrap();
    }
    let claimers = (0..8).map(|claimer| async move {
        let owner = format!("claimer-{claimer}");
        let mut claimed = Vec::new();
        loop {
            let jobs = queue.claim(QUEUE, &owner, 3, NOW).await.unwrap();
            if jobs.is_empty() {
                return claimed;
            }
            claimed.extend(jobs.into_iter().map(|job| job.id));
        }
    });
    let mut claimed: Vec<JobId> = futures_util::future::join_all(claimers).await.concat();
    assert_eq!(claimed.len(), 40);
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 40);
}

/// Jobs of every kind come back as they were queued, each from its own queue, with what is to be made.
pub async fn every_kind_has_its_queue(queue: &dyn JobQueue) {
    let track = TrackId::from_bytes([7; 16]);
    let products =
        Products { transcodes: "mp3-medium-192k-v1".to_owned(), ..Products::of_ladder("low=aac:96") };
    let kinds = [
        JobKind::make(track, Wanted::Features),
        JobKind::make(track, Wanted::Upload(products)),
        JobKind::Describe { track },
        JobKind::make(track, Wanted::Hls("low=aac:64,high=flac".to_owned())),
        JobKind::make(track, Wanted::Stream("mp3-low-128k-v1".to_owned())),
        JobKind::make(track, Wanted::Transcodes("mp3-low-128k-v1,!mp3-high-256k-v1".to_owned())),
    ];
    for kind in &kinds {
        queue.enqueue(NewJob { kind: kind.clone(), ..new_job(7) }, NOW).await.unwrap();
    }
    for kind in &kinds {
        let claimed = queue.claim(kind.queue(), "a", 9, NOW).await.unwrap();
        let found: Vec<&JobKind> = claimed.iter().map(|job| &job.kind).collect();
        assert_eq!(found, [kind]);
        assert_eq!(kind.track(), track);
    }
}

/// An analyzer that is blamed for a death is left out of later attempts, each named once and in order.
pub async fn a_blamed_analyzer_is_left_out(queue: &dyn JobQueue) {
    let id = queue.enqueue(new_job(1), NOW).await.unwrap();
    assert!(job(queue, id).await.without.is_empty());
    assert_conflict(queue.blame(id, "a", "key").await);
    claim_one(queue, "a", NOW).await;
    assert_conflict(queue.blame(id, "b", "key").await);
    for analyzer in ["rhythm", "key", "rhythm"] {
        queue.blame(id, "a", analyzer).await.unwrap();
    }
    queue.release_owner("a", NOW).await.unwrap();
    let again = claim_one(queue, "b", NOW).await;
    assert_eq!(again.without, ["key", "rhythm"]);
}

/// The job about a track goes to the caller that asks for it, and to no other meanwhile.
pub async fn the_job_about_a_track_is_claimed_alone(queue: &dyn JobQueue) {
    let (one, two) = (TrackId::from_bytes([1; 16]), TrackId::from_bytes([2; 16]));
    let id = queue.enqueue(new_job(1), NOW).await.unwrap();
    assert_eq!(queue.claim_about(QUEUE, two, "live", NOW).await.unwrap(), None);
    assert_eq!(queue.claim_about("process-track", one, "live", NOW).await.unwrap(), None);
    let held = queue.claim_about(QUEUE, one, "live", NOW).await.unwrap().unwrap();
    assert_eq!((held.id, held.state), (id, JobState::Running));
    assert_eq!(queue.claim(QUEUE, "background", 9, NOW).await.unwrap(), [], "it is held");
    assert_eq!(queue.claim_about(QUEUE, one, "another", NOW).await.unwrap(), None);
    queue.give_back(id, held.attempt, "live", NOW).await.unwrap();
    assert_eq!(claim_one(queue, "background", NOW).await.attempt, Attempt(1), "giving back costs nothing");
    // One that killed its holder is nobody's by the way.
    queue.release_owner("background", NOW).await.unwrap();
    assert_eq!(queue.claim_about(QUEUE, one, "live", NOW).await.unwrap(), None);
}
