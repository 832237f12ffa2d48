//! What is expected of the cache for a track, what is there, and why (docs/coverage.md E27, E28).
//!
//! Purpose: one answer for the page, the API and the command line: [`examine`].

use fanfare_model::{AudioProperties, CacheOptions, ContentHash, Profile, Quality, Result};
use fanfare_store::{CachedFile, Store, TrackRow};

use crate::freshness::Sources;

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
    let former = store.catalog().cached_of_former(track.id).await?;
    let fresh = Sources::default().are_fresh(store, track).await?;
    let (lossless, hash) = (track.audio.as_ref().map(|audio| audio.is_lossless()), track.hash);
    let codec = track.audio.as_ref().map(|audio| audio.codec.as_str());
    let unread = match &track.failure {
        Some(failure) => (
            format!("the file could not be read: {}", failure.message),
            Some("mend or replace the file, then run `fanfare scan`"),
        ),
        None => ("the file was not read yet".to_owned(), Some("scan the library: `fanfare scan`")),
    };
    let of = Of { hash, lossless, codec, unread, fresh, there: &there, former: &former };
    Ok(explain(store, options, &of, qualities))
}

/// Looks at those qualities of bytes that are no track of the library.
///
/// # Errors
/// Errors of the store.
pub async fn examine_bytes(
    store: &Store,
    options: &CacheOptions,
    hash: ContentHash,
    audio: Option<&AudioProperties>,
    qualities: &[Quality],
) -> Result<Vec<Explained>> {
    let there = store.catalog().cached_of(hash).await?;
    let (lossless, codec) =
        (audio.map(AudioProperties::is_lossless), audio.map(|audio| audio.codec.as_str()));
    let unread = ("no audio can be read from this file: nothing is made of it".to_owned(), None);
    let of = Of { hash: Some(hash), lossless, codec, unread, fresh: true, there: &there, former: &[] };
    Ok(explain(store, options, &of, qualities))
}

/// What smaller files are made of, and which there are.
struct Of<'a> {
    hash: Option<ContentHash>,
    lossless: Option<bool>,
    codec: Option<&'a str>,
    /// What is said, and advised, where no codec is known.
    unread: (String, Option<&'static str>),
    /// Whether the source is as the catalog knows it.
    fresh: bool,
    /// Files of these bytes.
    there: &'a [CachedFile],
    /// Files of the bytes that the source had before.
    former: &'a [CachedFile],
}

fn explain(store: &Store, options: &CacheOptions, of: &Of<'_>, qualities: &[Quality]) -> Vec<Explained> {
    let one = |quality: &Quality| {
        let profile = options.profile(*quality);
        let expected_file = profile.zip(of.hash).map(|(profile, hash)| profile.file_name(hash));
        let of_quality: Vec<&CachedFile> = of.there.iter().filter(|file| file.quality == *quality).collect();
        let size = |file: &CachedFile| store.catalog().cache().size(&file.file);
        let (state, size_bytes, reason, remedy) = match (profile, of.lossless) {
            (None, _) if *quality == Quality::Original => {
                (FileState::NotNeeded, None, "the original is the track's own file".to_owned(), None)
            }
            (None, _) => (
                FileState::NotNeeded,
                None,
                "the cache is switched off".to_owned(),
                Some("set `audio_cache.enabled` to true"),
            ),
            (_, None) => (FileState::NotNeeded, None, of.unread.0.clone(), of.unread.1),
            (_, Some(false)) => {
                let codec = of.codec.unwrap_or("its codec");
                (FileState::NotNeeded, None, format!("{codec} is small already: the original is sent"), None)
            }
            (Some(_), Some(true))
                if of_quality.is_empty() && of.former.iter().any(|file| file.quality == *quality) =>
            {
                let said = "the source was changed after one was made; there is none of what it is now";
                (FileState::Stale, None, said.to_owned(), REFRESH)
            }
            (Some(profile), Some(true)) => stand(profile, &of_quality, of.fresh, of.hash.is_some(), size),
        };
        let (quality, remedy) = (*quality, remedy.map(str::to_owned));
        Explained { quality, expected_file, state, size_bytes, reason, remedy }
    };
    qualities.iter().map(one).collect()
}

const REFRESH: Option<&str> =
    Some("run `fanfare cache refresh`, or wait: it is made anew when it is next played");
const WARM: Option<&str> = Some("run `fanfare cache warm --all`, or play it: it is made while it is sent");

type Stand = (FileState, Option<u64>, String, Option<&'static str>);

/// How a file stands that could be there.
fn stand(
    profile: Profile,
    of_quality: &[&CachedFile],
    fresh: bool,
    hashed: bool,
    size: impl Fn(&CachedFile) -> Option<u64>,
) -> Stand {
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
            Some(
                "was the cache folder emptied or moved? set `audio_cache.dir`, or run `fanfare cache refresh`",
            ),
        ),
        Some(now) if now != file.size_bytes => {
            let reason = format!("it has {now} bytes and was made with {}", file.size_bytes);
            (FileState::Damaged, Some(now), reason, Some("run `fanfare cache refresh`"))
        }
        Some(now) if !fresh => (
            FileState::Stale,
            Some(now),
            "the source was changed after it was made".to_owned(),
            Some("run `fanfare cache refresh`, which scans first where no server runs"),
        ),
        Some(now) => {
            (FileState::Ready, Some(now), "it is there and made of what the source is now".to_owned(), None)
        }
    }
}
