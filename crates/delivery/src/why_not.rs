//! Why a transcode is not made while it is sent: one answer for `GET`, for `HEAD`, for the log and for `fanfare cache explain`.
//!
//! Invariant: what is wrong with a source is the same in every quality, so it is named before what a profile lacks.

use fanfare_audio::{Limits, header_length};
use fanfare_model::{Error, Profile, Result, Track, cache::cut_short, job::JobError};
use fanfare_store::{Store, Unwritable};

/// Why something is as it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) reason: String,
    pub(crate) remedy: Option<String>,
}

impl Cause {
    pub(crate) fn new(reason: impl Into<String>, remedy: Option<&str>) -> Self {
        Self { reason: reason.into(), remedy: remedy.map(str::to_owned) }
    }

    pub(crate) fn of(error: &Error) -> Self {
        Self::new(error.message(), error.remedy_text())
    }

    /// That of a job which was given up.
    pub(crate) fn of_job(error: &JobError) -> Self {
        Self::new(&*error.message, Some(error.remedy()))
    }
}

/// Why no file of that profile is made for a listener; `None` where one is.
///
/// `fresh`: whether the source has the bytes that the catalog knows. `on_miss`: whether what is missing is made for this
/// listener.
///
/// # Errors
/// Errors of the store.
pub(crate) async fn why_not(
    store: &Store,
    track: &Track,
    profile: Profile,
    fresh: bool,
    on_miss: bool,
) -> Result<Option<Cause>> {
    if !fresh {
        return Ok(Some(changed()));
    }
    if let Some(of_source) = source_trouble(store, track).await? {
        return Ok(Some(of_source));
    }
    if let Some(of_settings) = not_set(profile, on_miss) {
        return Ok(Some(of_settings));
    }
    Ok(store.unwritable().map(Unwritable::error).as_ref().map(Cause::of))
}

/// Why nothing is made of a source that the catalog does not know as it is now.
pub(crate) fn changed() -> Cause {
    Cause::new("its source was changed and not scanned yet", Some("scan the library: `fanfare scan`"))
}

/// Why the settings leave a file of that profile unmade while it is sent.
pub(crate) fn not_set(profile: Profile, on_miss: bool) -> Option<Cause> {
    let (why, remedy) = match (profile.codec.is_constant(), on_miss) {
        (true, true) => return None,
        (false, _) => (
            "it was not made ahead, and AAC cannot be made while it is sent",
            "run `fanfare cache warm FILE`, or set `audio_cache.codec` to mp3 or opus",
        ),
        (true, false) => (
            "it was not made ahead, and `audio_cache.on_miss` is `original`",
            "run `fanfare cache warm FILE`, or set `audio_cache.on_miss` to `encode`",
        ),
    };
    Some(Cause::new(why, Some(remedy)))
}

/// What is wrong with the bytes of a track: of which nothing was made before, or of which more than a second is missing.
///
/// # Errors
/// Errors of the store.
pub(crate) async fn source_trouble(store: &Store, track: &Track) -> Result<Option<Cause>> {
    if let Some(known) = store.catalog().known_small_failure(track.id).await? {
        return Ok(Some(Cause::of_job(&known)));
    }
    Ok(cut(store, track).await?.as_ref().map(Cause::of))
}

/// The error of a source that lacks more than a second of what its headers declare. They are read for that, unless all of it was
/// decoded without a warning.
async fn cut(store: &Store, track: &Track) -> Result<Option<Error>> {
    let counted =
        track.audio.as_ref().and_then(|audio| audio.frames).filter(|_| track.content_hash.is_some());
    let said = match counted {
        Some(_) => store.catalog().decoder_warnings(track.id).await?,
        None => Vec::new(),
    };
    if counted.is_some() && said.is_empty() {
        return Ok(None);
    }
    let Some(path) = store.catalog().track_path(track.id).await? else { return Ok(None) };
    let read = tokio::task::spawn_blocking(move || header_length(&path, &Limits::default())).await;
    // What cannot be read is the worker's to name.
    let Ok(Ok(length)) = read else { return Ok(None) };
    let (Some(found), Some(whole)) = (counted.or(length.frames), length.whole_frames) else {
        return Ok(None);
    };
    let is_cut = found.saturating_add(u64::from(length.rate.hz())) < whole;
    Ok(is_cut.then(|| cut_short(length.rate.seconds(found), length.rate.seconds(whole), &said)))
}
