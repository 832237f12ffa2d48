//! What is expected of the cache for a track, what is there, and why (CHECKLIST E27, E28).
//!
//! Purpose: one answer for the page, the API and the command line: [`examine`].

use fanfare_model::{CacheOptions, Profile, Quality, Result};
use fanfare_store::{CachedFile, Store, TrackRow};

use crate::small::source_is_fresh;

/// How a smaller file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Whole, and made of what the source is now.
    Ready,
    /// Not there.
    Missing,
    /// Made of other bytes than the source has now, or by an older version.
    Stale,
    /// There is a row, and no such file.
    Damaged,
    /// Nothing smaller is made of this track.
    NotNeeded,
}

impl FileState {
    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Damaged => "damaged",
            Self::NotNeeded => "not_needed",
        }
    }
}

/// What is known of one quality of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The quality.
    pub quality: Quality,
    /// The name that its file has, or would have; `None` while the track's bytes are not known, or nothing is made.
    pub expected_file: Option<String>,
    /// How it stands.
    pub state: FileState,
    /// How many bytes it has, if it is there.
    pub size_bytes: Option<u64>,
    /// Why it is as it is.
    pub reason: String,
    /// What to do about it, where there is something.
    pub remedy: Option<String>,
}

/// Looks at those qualities of a track.
///
/// # Errors
/// Errors of the store.
pub async fn examine(
    store: &Store,
    options: &CacheOptions,
    row: &TrackRow,
    qualities: &[Quality],
) -> Result<Vec<Explained>> {
    let track = &row.track;
    let there = match track.hash {
        Some(hash) => store.catalog().cached_of(hash).await?,
        None => Vec::new(),
    };
    let fresh = source_is_fresh(store, track).await?;
    let lossless = track.audio.as_ref().map(|audio| audio.is_lossless());
    let one = |quality: &Quality| {
        let profile = options.profile(*quality);
        let expected_file = profile.zip(track.hash).map(|(profile, hash)| profile.file_name(hash));
        let of_quality: Vec<&CachedFile> = there.iter().filter(|file| file.quality == *quality).collect();
        let size = |file: &CachedFile| store.catalog().cache().size(&file.file);
        let (state, size_bytes, reason, remedy) = match (profile, lossless) {
            (None, _) if *quality == Quality::Original => {
                (FileState::NotNeeded, None, "the original is the track's own file".to_owned(), None)
            }
            (None, _) => (
                FileState::NotNeeded,
                None,
                "the cache is switched off".to_owned(),
                Some("set `audio_cache.enabled` to true"),
            ),
            (_, None) => (
                FileState::NotNeeded,
                None,
                "the file was not read yet".to_owned(),
                Some("scan the library: `fanfare scan`"),
            ),
            (_, Some(false)) => {
                let codec = track.audio.as_ref().map_or("its codec", |audio| audio.codec.as_str());
                (FileState::NotNeeded, None, format!("{codec} is small already: the original is sent"), None)
            }
            (Some(profile), Some(true)) => stand(profile, &of_quality, fresh, track.hash.is_some(), size),
        };
        let (quality, remedy) = (*quality, remedy.map(str::to_owned));
        Explained { quality, expected_file, state, size_bytes, reason, remedy }
    };
    Ok(qualities.iter().map(one).collect())
}

type Stand = (FileState, Option<u64>, String, Option<&'static str>);

/// How a file stands that could be there.
fn stand(
    profile: Profile,
    of_quality: &[&CachedFile],
    fresh: bool,
    hashed: bool,
    size: impl Fn(&CachedFile) -> Option<u64>,
) -> Stand {
    const REFRESH: Option<&str> =
        Some("refresh it on the Cache page, or wait: it is made anew when it is next played");
    const WARM: Option<&str> = Some("make it ready on its page, or play it: it is made while it is sent");
    let text = profile.to_string();
    let Some(file) = of_quality.iter().find(|file| file.profile == text) else {
        return match of_quality.first() {
            Some(other) => {
                let reason = format!("there is one by another recipe ({}), not {text}", other.profile);
                (FileState::Stale, size(other), reason, REFRESH)
            }
            None if hashed => {
                (FileState::Missing, None, "it was not made, or was let go of".to_owned(), WARM)
            }
            None => (
                FileState::Missing,
                None,
                "it was not made; the track's bytes were not hashed yet".to_owned(),
                WARM,
            ),
        };
    };
    match size(file) {
        None => (
            FileState::Damaged,
            None,
            "the database has it, the cache folder has not".to_owned(),
            Some("was the cache folder emptied or moved? set `audio_cache.dir`, or refresh it by the API"),
        ),
        Some(now) if now != file.size_bytes => {
            let reason = format!("it has {now} bytes and was made with {}", file.size_bytes);
            (FileState::Damaged, Some(now), reason, Some("refresh it by the API"))
        }
        Some(now) if !fresh => (
            FileState::Stale,
            Some(now),
            "the source was changed after it was made".to_owned(),
            Some("scan the library, then refresh it by the API"),
        ),
        Some(now) => {
            (FileState::Ready, Some(now), "it is there and made of what the source is now".to_owned(), None)
        }
    }
}
