//! Cases of jobs and tasks that are withdrawn.

use fanfare_model::{JobState, TaskId};

use super::{NOW, QUEUE, assert_conflict, claim_one, job, new_job};
use crate::queue::{JobCounts, JobQueue, NewJob};

/// Withdrawing a task takes its waiting jobs and leaves those that run.
pub async fn a_task_can_be_withdrawn(queue: &dyn JobQueue) {
    let task = TaskId::from_bytes([7; 16]);
    for number in 0..4 {
        let task = (number != 3).then_some(task);
        queue.enqueue(NewJob { task, ..new_job(number) }, NOW).await.unwrap();
    }
    let running = claim_one(queue, "a", NOW).await;
    assert_eq!(queue.cancel_task(task, NOW).await.unwrap(), 2);
    assert_eq!(queue.cancel_task(task, NOW).await.unwrap(), 0);
    let counts = queue.task_counts(task).await.unwrap();
    assert_eq!(counts, JobCounts { running: 1, cancelled: 2, ..JobCounts::default() });
    assert_eq!(queue.counts(QUEUE).await.unwrap().waiting, 1);
    queue.finish(running.id, running.attempt, "a", NOW).await.unwrap();
}

/// A task can be stopped: what runs of it is nobody's any more, what others have is left alone.
pub async fn a_task_can_be_stopped(queue: &dyn JobQueue) {
    let task = TaskId::from_bytes([9; 16]);
    for number in 0..4 {
        let task = (number != 1).then_some(task);
        queue.enqueue(NewJob { task, ..new_job(number) }, NOW).await.unwrap();
    }
    let (of_it, other) = (claim_one(queue, "a", NOW).await, claim_one(queue, "a", NOW).await);
    assert_eq!(queue.stop_task(task, NOW).await.unwrap(), 3);
    assert_eq!(queue.stop_task(task, NOW).await.unwrap(), 0);
    let counts = queue.task_counts(task).await.unwrap();
    assert_eq!(counts, JobCounts { cancelled: 3, ..JobCounts::default() });
    assert_conflict(queue.heartbeat(of_it.id, of_it.attempt, "a", NOW).await);
    assert_conflict(queue.give_back(of_it.id, of_it.attempt, "a", NOW).await);
    queue.heartbeat(other.id, other.attempt, "a", NOW).await.unwrap();
    // Its key is free again.
    assert_ne!(queue.enqueue(new_job(0), NOW).await.unwrap(), of_it.id);
}

/// What waits for a later time is nothing to do now; what runs is.
pub async fn a_task_is_due_when_one_of_its_jobs_is(queue: &dyn JobQueue) {
    let task = TaskId::from_bytes([9; 16]);
    let later = NOW.plus_ms(1_000);
    queue.enqueue(NewJob { task: Some(task), run_at: later, ..new_job(0) }, NOW).await.unwrap();
    queue.enqueue(new_job(1), NOW).await.unwrap();
    assert!(!queue.task_is_due(task, NOW).await.unwrap());
    assert!(queue.task_is_due(task, later).await.unwrap());
    let others = claim_one(queue, "a", NOW).await;
    assert!(!queue.task_is_due(task, NOW).await.unwrap());
    queue.finish(others.id, others.attempt, "a", NOW).await.unwrap();
    let of_it = claim_one(queue, "a", later).await;
    assert!(queue.task_is_due(task, NOW).await.unwrap(), "it runs");
    queue.finish(of_it.id, of_it.attempt, "a", later).await.unwrap();
    assert!(!queue.task_is_due(task, later).await.unwrap());
}

/// The holder of a job that need not be done withdraws it.
pub async fn a_running_job_can_be_withdrawn(queue: &dyn JobQueue) {
    let id = queue.enqueue(new_job(0), NOW).await.unwrap();
    let running = claim_one(queue, "a", NOW).await;
    assert_conflict(queue.withdraw(id, running.attempt, "b", NOW).await);
    queue.withdraw(id, running.attempt, "a", NOW).await.unwrap();
    assert_eq!(job(queue, id).await.state, JobState::Cancelled);
    assert_conflict(queue.finish(id, running.attempt, "a", NOW).await);
    assert!(queue.claim(QUEUE, "a", 1, NOW).await.unwrap().is_empty());
}
