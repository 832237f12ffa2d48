//! Stopping, part by part.

use std::time::Duration;

use super::Ingest;

/// How long the worker for listeners gets to end.
pub(super) const LIVE_STOP: Duration = Duration::from_millis(1_200);
/// How long scans get to stop at a shutdown.
const SCANS_STOP: Duration = Duration::from_secs(8);
/// How long the background's worker gets to end.
const BACKGROUND_STOP: Duration = Duration::from_secs(8);

impl Ingest {
    /// Stops everything: the background, then what is made for listeners. Parts that were stopped before are passed over.
    pub async fn shutdown(&self) {
        tokio::join!(self.stop_background(), self.stop_live());
        self.inner.end.send_replace(true);
        drop(self.inner.lock.lock().await.take());
    }

    /// Ends the worker for listeners, and gives its leases back; takes at most 1.7 s.
    pub async fn stop_live(&self) {
        self.inner.live.stop(LIVE_STOP).await;
    }

    /// Stops scans and the background's worker, and gives its leases back; takes at most 9 s, whatever a file system or
    /// the worker does. What is made for listeners goes on.
    pub async fn stop_background(&self) {
        self.inner.stop.send_replace(true);
        self.inner.scheduler.close().await;
        let passes = self.inner.passes.clone();
        let tasks = std::mem::take(&mut *self.inner.tasks.lock().await);
        let ended = async {
            passes.stop().await;
            for task in tasks {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a part of ingest broke off");
                }
            }
        };
        let (_, scans) = tokio::join!(
            self.inner.supervisor.stop(BACKGROUND_STOP),
            tokio::time::timeout(SCANS_STOP, ended)
        );
        if scans.is_err() {
            tracing::warn!("a scan did not stop in time; the next one goes on from where it was");
        }
    }
}
