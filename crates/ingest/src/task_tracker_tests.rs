use fanfare_model::{ErrorKind, JobKind, TrackId, Wanted, job::JobError};
use fanfare_store::{AfterFailure, LeaseKey, NewJob, StoreOptions};

use super::*;
use crate::BackgroundOptions;

/// Issue 12: when a worker reported that it was idle while an upload was being stored, the jobs of the upload's task were counted
/// before the job was there, and the task ended after it was. So the upload was worked on without a task that showed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_does_not_end_while_something_is_queued_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
    let hub = TaskHub::new(store.clone());
    let work_policy = WorkPolicy::new(1, BackgroundOptions::default());
    let task_tracker = TaskTracker::new(store.clone(), hub.clone(), work_policy, WorkQueue::Uploads);
    for round in 0..200_u8 {
        let hold = task_tracker.hold();
        let task = task_tracker.announce().await.unwrap();
        let counted = tokio::spawn({
            let task_tracker = task_tracker.clone();
            async move { task_tracker.count().await }
        });
        let new = NewJob {
            kind: JobKind::Describe { track: TrackId::from_bytes([round; 16]) },
            task: Some(task),
            dedupe_key: None,
            priority: 0,
            run_at: fanfare_channel::clock::now(),
            max_attempts: 1,
        };
        store.jobs().enqueue(new, fanfare_channel::clock::now()).await.unwrap();
        drop(hold);
        counted.await.unwrap();
        assert!(hub.active().iter().any(|active| active.id == task), "round {round}: a job waits");
        assert!(task_tracker.cancel(task).await.unwrap());
    }
    assert!(hub.active().is_empty());
}

/// Issue 12: a run that ended because nothing more fits lost the words when the server was restarted before it was summed up.
#[tokio::test]
async fn why_a_run_ended_is_told_by_the_next_life_of_the_server_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
    for (message, ends) in [
        ("the cache is full: 9 of the 10 that it may take", true),
        ("nothing can be stored in the cache: no space is left", true),
        ("a file of its own is damaged", false),
    ] {
        let tracker = || {
            let work_policy = WorkPolicy::new(1, BackgroundOptions::default());
            TaskTracker::new(store.clone(), TaskHub::new(store.clone()), work_policy, WorkQueue::Cache)
        };
        let before = tracker();
        let hold = before.hold();
        let task = before.announce().await.unwrap();
        let now = fanfare_channel::clock::now();
        for number in 0..3 {
            let new = NewJob {
                kind: JobKind::make(TrackId::from_bytes([number; 16]), Wanted::Transcodes("high".to_owned())),
                task: Some(task),
                dedupe_key: None,
                priority: 0,
                run_at: now,
                max_attempts: 1,
            };
            store.jobs().enqueue(new, now).await.unwrap();
        }
        // What a worker does with a track that fits no more: the others are withdrawn, the reason is stored.
        let job = store.jobs().claim("cache-track", "me", 1, now).await.unwrap().remove(0);
        store.jobs().cancel_task(task, now).await.unwrap();
        let error = JobError {
            kind: ErrorKind::NoSpace,
            message: message.to_owned(),
            offset_bytes: None,
            remedy: None,
        };
        store
            .jobs()
            .fail(LeaseKey::new(job.id, job.attempt, "me"), error, AfterFailure::Park, now)
            .await
            .unwrap();
        // The server is killed before it hears of it.
        drop((hold, before));
        tracker().resume().await.unwrap();
        let told = store.catalog().task(task).await.unwrap().unwrap();
        assert!(told.state.is_over());
        let words = format!("stopped with 2 tracks left: {message}");
        assert_eq!(told.message.contains(&words), ends, "{}", told.message);
    }
}
