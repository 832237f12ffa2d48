//! [`UploadPictures`]: what becomes of the pictures of uploads.

use std::{sync::Arc, time::Duration};

use fanfare_model::TrackId;
use tokio::sync::Semaphore;

use super::UploadCovers;
use crate::pictures::Pictures;

/// Files whose tags are read at a time, each in at most a few times what of tags is read here.
const READING: usize = 4;

/// What becomes of the pictures of uploads.
#[derive(Clone)]
pub(crate) struct UploadPictures {
    pub(super) pictures: Pictures,
    covers: UploadCovers,
    /// One turn for each file whose tags may be read now.
    pub(super) reading: Arc<Semaphore>,
}

impl UploadPictures {
    pub(crate) fn new(pictures: Pictures, covers: UploadCovers) -> Self {
        Self { pictures, covers, reading: Arc::new(Semaphore::new(READING)) }
    }

    /// Has the covers made that those tracks want, and waits for them for that long at most.
    pub(crate) async fn make_covers(&self, tracks: &[TrackId], at_most: Duration) {
        self.covers.wake();
        let all = async {
            for track in tracks {
                self.covers.wait_for(*track, at_most).await;
            }
        };
        let _in_time = tokio::time::timeout(at_most, all).await;
    }
}
