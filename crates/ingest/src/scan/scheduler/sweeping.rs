//! What is tidied up between scans: jobs that are over, and files of ours that no row names.

use fanfare_channel::clock;
use fanfare_store::Swept;

use super::ScanScheduler;

/// How long a job that nobody is shown is kept after its end.
const JOBS_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

impl ScanScheduler {
    pub(super) async fn tidy(&self) {
        self.forget_jobs().await;
        self.sweep().await;
    }

    /// Forgets what listeners had made, so that the list of jobs does not grow with every track that is played.
    async fn forget_jobs(&self) {
        match self.inner.store.catalog().forget_jobs(clock::now().plus_ms(-JOBS_KEPT_MS)).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "forgot jobs that are over"),
            Err(error) => tracing::warn!(%error, "could not forget jobs that are over"),
        }
    }

    /// Puts files that no row names into quarantine, and deletes what was there for long. Between scans, because they are
    /// what stores covers.
    async fn sweep(&self) {
        let keeping = self.inner.keeping.get();
        match self.inner.store.catalog().sweep(&keeping, clock::now()).await {
            Ok(swept) => report(&swept),
            Err(error) => tracing::warn!(%error, "could not look for files that no row names"),
        }
    }
}

fn report(swept: &Swept) {
    if swept.missed > 0 {
        let files = swept.missed;
        tracing::warn!(
            files,
            "files of ours that no track names are in quarantine; `fanfare doctor` says more"
        );
    }
    if swept.deleted > 0 {
        let (files, bytes) = (swept.deleted, swept.deleted_bytes);
        tracing::info!(files, bytes, "deleted files that no track named for a long time");
    }
}
