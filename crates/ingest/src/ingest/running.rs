//! Background tasks that run while [`Ingest`](super::Ingest) does.

use std::{future::Future, time::Duration};

use fanfare_channel::policy::Policy;
use fanfare_store::Store;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    scan::scheduler::{Cause, ScanScheduler},
    supervisor::{Supervisor, stale::StaleReceiver},
    work_policy::WorkPolicy,
    work_queues::WorkQueues,
};

/// How often the times of last use are written.
const USES_EVERY: Duration = Duration::from_secs(60);

/// Does the work as soon as the data folder can be written, unless told to stop before.
pub(super) fn once_writable(
    store: &Store,
    stop: &watch::Receiver<bool>,
    work: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let (store, mut stop) = (store.clone(), stop.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = store.until_writable() => {}
            _ = stop.changed() => return,
        }
        work.await;
    })
}

/// Looks whether the data folder can be written and read.
pub(super) async fn watch_disk(store: Store, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = store.watch() => {}
        _ = stop.changed() => {}
    }
}

/// Continues what an earlier run of the server left unfinished, and begins the first scan, if the start could not (`waited`)
/// because the disk could not be written.
pub(super) async fn resume_later(
    waited: bool,
    store: Store,
    work_queues: WorkQueues,
    scheduler: ScanScheduler,
) {
    if !waited {
        return;
    }
    if let Err(error) = work_queues.resume().await {
        tracing::warn!(%error, "unfinished tasks of an earlier run of the server could not be continued");
    }
    match first_scan(&store, &scheduler).await {
        Ok(()) => {}
        Err(error) => tracing::warn!(%error, "the first scan could not be started"),
    }
}

/// Starts the first scan, if there is a folder to scan.
pub(super) async fn first_scan(store: &Store, scheduler: &ScanScheduler) -> fanfare_model::Result<()> {
    if !store.catalog().folders().await?.is_empty() {
        scheduler.ask(Cause::Start, None).await?;
    }
    Ok(())
}

/// Tells the worker how gently to work.
pub(super) async fn govern(
    work_policy: WorkPolicy,
    tell: watch::Sender<Policy>,
    mut stop: watch::Receiver<bool>,
) {
    tokio::select! {
        () = work_policy.keep(tell) => {}
        _ = stop.changed() => {}
    }
}

/// Writes when keys and transcodes were last used: requests only note it, and closing the store writes the rest.
pub(super) async fn write_uses(store: Store, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(USES_EVERY) => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = store.write_uses().await {
            tracing::debug!(%error, "when things were last used is written later");
        }
    }
}

/// Wakes the worker when tracks were queued.
pub(super) async fn pass_wakes(
    work_queues: WorkQueues,
    supervisor: Supervisor,
    live: Supervisor,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = work_queues.analysis.work() => supervisor.wake(),
            () = work_queues.uploads.work() => supervisor.wake(),
            () = work_queues.cache.work() => supervisor.wake(),
            () = work_queues.transcodes.work() => live.wake(),
            _ = stop.changed() => return,
        }
    }
}

/// Scans the folder of a track whose file differs from what the catalog says.
pub(super) async fn rescan_stale(
    store: Store,
    scheduler: ScanScheduler,
    mut stale: StaleReceiver,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let track = tokio::select! {
            track = stale.next() => track,
            _ = stop.changed() => return,
        };
        let Some(track) = track else { return };
        if stale.has_overflowed() {
            // Refused only while shutting down.
            let _asked = scheduler.ask(Cause::Quiet, None).await;
        }
        match store.catalog().track(track).await {
            Ok(Some(row)) => {
                if let Some(folder) = row.track.home.folder() {
                    let _asked = scheduler.ask(Cause::Quiet, Some(folder)).await;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "could not look up a track whose file changed"),
        }
    }
}
