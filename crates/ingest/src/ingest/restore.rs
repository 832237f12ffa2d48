//! Making a track again of an upload in quarantine.

use fanfare_model::{ContentHash, Error, ErrorKind, Result, UserId};
use fanfare_store::Uploaded;

use super::Ingest;
use crate::Receiving;

impl Ingest {
    /// Makes a track again of an upload that no row names; or gives the track that has the same bytes already.
    ///
    /// # Errors
    /// `NotFound` when there is no such upload in quarantine; what [`Receiving::finish`] reports, and then it stays there.
    pub async fn restore_upload(&self, hash: ContentHash, owner: UserId) -> Result<Uploaded> {
        if !self.store().catalog().is_quarantined_upload(hash).await? {
            return Err(Error::new(ErrorKind::NotFound, "there is no such upload in the quarantine"));
        }
        Receiving::of_blob(self.receives(), hash, owner).await?.finish().await
    }
}
