use fanfare_model::{JobKind, TrackId};
use fanfare_store::{NewJob, StoreOptions};

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
            kind: JobKind::EnrichTrackAudio { track: TrackId::from_bytes([round; 16]) },
            task: Some(task),
            dedupe_key: None,
            priority: 0,
            run_at: crate::clock::now(),
            max_attempts: 1,
        };
        store.jobs().enqueue(new, crate::clock::now()).await.unwrap();
        drop(hold);
        counted.await.unwrap();
        assert!(hub.active().iter().any(|active| active.id == task), "round {round}: a job waits");
        assert!(task_tracker.cancel(task).await.unwrap());
    }
    assert!(hub.active().is_empty());
}
