//! Transcodes that are made with an upload's ladder, from the same decode.
//!
//! Nothing here fails the upload: what cannot be made in this pass is left out, and the run that follows an upload makes it
//! or says why it cannot be made.

use std::{path::PathBuf, sync::Arc};

use fanfare_audio::OpenOptions;
use fanfare_model::{ContentHash, Profile, Result, Timestamp, Track};
use fanfare_store::{CachedFile, Making};

use crate::{
    products::{
        transcode_source::Subject,
        transcodes::TranscodesProduct,
        whole::{WholeFile, sink_name},
    },
    runtime::job::LeasedJob,
};

/// Which of those profiles, separated by commas, can be made in the pass of that track, and where they are made. `None` for
/// none: none is wanted, the track is not lossless, all of them are there, or the cache has no room.
pub(crate) async fn of_upload(
    held: &LeasedJob,
    (track, path): (&Track, PathBuf),
    profiles: &str,
    open: &OpenOptions,
) -> Option<(TranscodesProduct, Arc<Making>)> {
    if profiles.is_empty() || !track.audio.as_ref().is_some_and(|audio| audio.is_lossless()) {
        return None;
    }
    match wanted(held, track, path, profiles, open).await {
        Ok(transcodes) => transcodes,
        Err(error) => {
            tracing::info!(track = %track.id, file = track.relative_path, %error, "no transcodes are made with an upload");
            None
        }
    }
}

async fn wanted(
    held: &LeasedJob,
    track: &Track,
    path: PathBuf,
    profiles: &str,
    open: &OpenOptions,
) -> Result<Option<(TranscodesProduct, Arc<Making>)>> {
    let catalog = held.context.store.catalog();
    let there = match track.hash {
        Some(hash) => catalog.cached_there(hash).await?,
        None => Vec::new(),
    };
    let mut wanted = Vec::new();
    for word in profiles.split(',') {
        let profile: Profile = word.parse()?;
        let of_it = track.audio.as_ref().and_then(|audio| profile.for_source(audio, track.size_bytes));
        let Some(profile) = of_it else { continue };
        // An encoder that ended a worker with this upload is let alone.
        let is_let_alone = held.job.without.contains(&sink_name(profile));
        let is_there = there.iter().any(|file| file.profile == profile.to_string());
        if !is_let_alone && !is_there && !wanted.contains(&profile) {
            wanted.push(profile);
        }
    }
    if wanted.is_empty() {
        return Ok(None);
    }
    let making = Arc::new(catalog.cache().begin(held.job.id, held.attempt())?);
    let subject = Subject::new(&held.context.store, track, path).await?;
    let product = TranscodesProduct::as_far_as_possible(subject, wanted, open.clone(), Arc::clone(&making));
    Ok(Some((product, making)))
}

/// Gives the files their names; returns those that could be given one.
pub(crate) async fn keep_transcodes(
    files: Vec<WholeFile>,
    making: Option<Arc<Making>>,
    hash: ContentHash,
    now: Timestamp,
) -> Vec<CachedFile> {
    let Some(making) = making else { return Vec::new() };
    let keep = move || {
        let kept = files.into_iter().map(|file| file.keep(hash, &making, now));
        let told = kept.inspect(|kept| {
            if let Err(error) = kept {
                tracing::info!(%hash, %error, "a transcode of an upload was not kept");
            }
        });
        told.filter_map(Result::ok).collect()
    };
    tokio::task::spawn_blocking(keep).await.unwrap_or_default()
}
