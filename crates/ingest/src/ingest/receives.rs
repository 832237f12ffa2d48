//! What taking in a file needs, and what follows when the file of a known upload was sent again.

use std::time::Duration;

use fanfare_channel::clock;
use fanfare_model::{ContentHash, ErrorKind, Result, UserId};

use super::Ingest;
use crate::{Receiving, upload::Receives};

impl Ingest {
    /// Begins taking in a file that is being sent. `name` is what the sender calls it; it is only ever shown.
    ///
    /// # Errors
    /// `LimitExceeded` when the person's quota is used up; `NoSpace`, `Io` from the disk, `Unavailable` while it is away.
    pub async fn receive(&self, name: &str, uploader: UserId) -> Result<Receiving> {
        Receiving::begin(self.receives(), name, uploader).await
    }

    /// What an upload needs to be taken in.
    pub(crate) fn receives(&self) -> Receives {
        Receives {
            ingest: self.clone(),
            store: self.inner.store.clone(),
            uploads: self.inner.work_queues.uploads.clone(),
            options: self.uploads(),
            products: self.products(),
            pictures: self.inner.upload_pictures.clone(),
        }
    }

    /// Has done again what was given up of uploads with those bytes, which were sent again. `replaced`: their file was missing
    /// or damaged until now, so whatever failed may have failed because of that. Waits for covers for that long at most.
    ///
    /// # Errors
    /// Errors of the store; what was queued by then stays queued.
    pub(crate) async fn sent_again(
        &self,
        hash: ContentHash,
        replaced: bool,
        cover_wait: Duration,
    ) -> Result<()> {
        let catalog = self.inner.store.catalog();
        let wanted = catalog.want_cover_again(hash, replaced, clock::now()).await?;
        if !wanted.is_empty() {
            self.inner.upload_pictures.make_covers(&wanted, cover_wait).await;
        }
        if !replaced {
            return Ok(());
        }
        for track in catalog.failed_uploads(hash).await? {
            self.retry_track(track).await?;
        }
        // Streams, transcodes, enrichments. Work that is queued by now is not queued twice.
        for job in catalog.parked_of_upload(hash).await? {
            match self.retry_job(job).await {
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {
                    tracing::debug!(%job, %error, "a parked job is queued already");
                }
                other => other?,
            }
        }
        Ok(())
    }
}
