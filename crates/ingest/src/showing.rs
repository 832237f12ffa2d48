//! What a task shows of its jobs: the file that is worked on, and which files failed and why.

use fanfare_channel::{protocol::WorkerEvent, retry::next_night};
use fanfare_model::{TaskFailure, TaskKind, TrackId, job::JobError, task::MAX_TASK_FAILURES};
use fanfare_store::Store;

use crate::{live_task::LiveTask, text};

/// Shows a worker's event about one of a task's jobs on the task.
pub(crate) async fn show_event(task: &LiveTask, event: &WorkerEvent) {
    match event {
        WorkerEvent::Started { path, .. } if task.snapshot().kind == TaskKind::Cache => {
            task.say(|task| {
                let number = task.current + 1;
                task.current_item = Some(path.clone());
                task.message = format!("Caching track {number} of {}", task.total.max(number));
            })
            .await;
        }
        WorkerEvent::Started { path, .. } | WorkerEvent::Progress { path, .. } => {
            task.progress(|task| task.current_item = Some(path.clone())).await;
        }
        WorkerEvent::Noted { text, .. } => task.note(text.clone()).await,
        WorkerEvent::Finished { .. } => {
            task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
        }
        WorkerEvent::Failed { track, path, kind, message, retry_at: None, .. } => {
            task.note_failed(TaskFailure {
                track: Some(*track),
                subject: path.clone(),
                kind: *kind,
                message: message.clone(),
                next_retry: next_night(*kind, fanfare_channel::clock::now()),
            });
            task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
        }
        WorkerEvent::Failed { path, message, retry_at: Some(_), .. } => {
            task.note(format!("{path} is tried again later: {message}")).await;
        }
        _ => {}
    }
}

/// Adds the failures that no worker could report, because they ended it.
pub(crate) async fn name_unsaid(store: &Store, task: &LiveTask) {
    let catalog = store.catalog();
    let given_up = match catalog.given_up(task.id(), MAX_TASK_FAILURES as u32).await {
        Ok(given_up) => given_up,
        Err(error) => return tracing::warn!(%error, "could not look up why tracks failed"),
    };
    name_failed(store, task, given_up).await;
}

/// Adds failures of tracks that are not in the list yet.
pub(crate) async fn name_failed(store: &Store, task: &LiveTask, failed: Vec<(TrackId, JobError)>) {
    let catalog = store.catalog();
    let said = task.snapshot().failures;
    for (track, error) in failed {
        if said.iter().any(|known| known.track == Some(track)) {
            continue;
        }
        let Ok(Some(row)) = catalog.track(track).await else { continue };
        let subject = match catalog.shown_name(track).await {
            Ok(Some(name)) => name,
            _ => text::unnamed(track),
        };
        task.note_failed(TaskFailure {
            track: Some(track),
            subject,
            kind: error.kind,
            message: error.sentence(),
            next_retry: row.track.failure.and_then(|failure| failure.next_retry),
        });
    }
}
