//! What each attempt begins with: its track, and where the track's bytes lie.

use std::path::PathBuf;

use fanfare_model::{Result, Track, TrackId};

use crate::runtime::job::LeasedJob;

/// A track as it is when an attempt begins.
pub(crate) struct Loaded {
    pub(crate) track: Track,
    pub(crate) path: PathBuf,
}

impl Loaded {
    /// Loads it. `None` when the track or its bytes were removed while the job waited: then the job is ended.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn or_finish(held: &LeasedJob, id: TrackId) -> Result<Option<Self>> {
        let Some(track) = track_or_finish(held, id).await? else { return Ok(None) };
        match held.context.store.catalog().track_path(id).await? {
            Some(path) => Ok(Some(Self { track, path })),
            None => {
                held.finish().await?;
                Ok(None)
            }
        }
    }
}

/// The track. `None` when it was removed while the job waited: then the job is ended.
///
/// # Errors
/// Errors of the store.
pub(crate) async fn track_or_finish(held: &LeasedJob, id: TrackId) -> Result<Option<Track>> {
    let row = held.context.store.catalog().track(id).await?;
    if row.is_none() {
        held.finish().await?;
    }
    Ok(row.map(|row| row.track))
}
