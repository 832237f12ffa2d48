//! What is expected of the cache for a track, what is there, and why.
//!
//! Purpose: one answer for the page, the API and the command line: [`Examiner`]. Causes and remedies are not written here: they are
//! those with which making the file fails or failed, so that log, task, `explain` and `doctor` say the same.

use fanfare_audio::{FfmpegUse, transcode::encoder};
use fanfare_model::{
    AudioProperties, CacheOptions, ContentHash, ErrorKind, NotMade, Profile, Quality, Result, Track, TrackId,
    job::JobError, track::TrackFailure,
};
use fanfare_store::{CachedFile, Damage, Look, Store, TrackRow};
use tokio::sync::OnceCell;

use crate::{
    freshness::Sources,
    why_not::{Cause, changed, not_set, source_trouble},
};

/// The state of a transcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Whole, and made of what the source is now.
    Ready,
    /// Not there.
    Missing,
    /// Made of other bytes than the source has now, or by an older version.
    Stale,
    /// There is a row, and no such file, or one that is not as it was made.
    Damaged,
    /// Nothing smaller is made of this track.
    NotNeeded,
    /// It is being made while a listener plays it.
    Encoding,
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
            Self::Encoding => "encoding",
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

/// Looks at the transcodes of tracks.
pub struct Examiner<'a> {
    store: &'a Store,
    options: &'a CacheOptions,
    look: Look,
    /// Why no file can be made here at all.
    obstacle: Option<Cause>,
    sources: Sources,
}

impl<'a> Examiner<'a> {
    /// One that looks so closely. Unless that is by size alone, it tries first whether files can be made here.
    pub async fn new(store: &'a Store, options: &'a CacheOptions, ffmpeg: &FfmpegUse, look: Look) -> Self {
        let obstacle = if look == Look::Size || !options.enabled {
            None
        } else {
            let (cache, codec, ffmpeg) = (store.catalog().cache().clone(), options.codec, ffmpeg.clone());
            let tried = move || encoder(codec, &ffmpeg).err().or_else(|| cache.try_writing().err());
            tokio::task::spawn_blocking(tried).await.ok().flatten()
        };
        let obstacle = obstacle.as_ref().map(Cause::of);
        Self { store, options, look, obstacle, sources: Sources::default() }
    }

    /// Looks at those qualities of a track.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn track(&self, row: &TrackRow, qualities: &[Quality]) -> Result<Vec<Explained>> {
        let track = &row.track;
        let catalog = self.store.catalog();
        let there = match track.hash {
            Some(hash) => catalog.cached_of(hash).await?,
            None => Vec::new(),
        };
        let former = catalog.cached_of_former(track.id).await?;
        let fresh = self.sources.are_fresh(self.store, track).await?;
        let unread = match &track.failure {
            Some(failure) => unreadable(failure),
            None => Cause::new("the file was not read yet", Some("scan the library: `fanfare scan`")),
        };
        let (audio, track) = (track.audio.as_ref(), Some(track));
        let hash = track.and_then(|track| track.hash);
        let size_bytes = track.map_or(0, |track| track.size_bytes);
        self.all(
            &Of { track, hash, size_bytes, audio, unread, fresh, there, former, trouble: OnceCell::new() },
            qualities,
        )
        .await
    }

    /// Looks at those qualities of so many bytes that are no track of the library.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn bytes(
        &self,
        (hash, size_bytes): (ContentHash, u64),
        audio: Option<&AudioProperties>,
        qualities: &[Quality],
    ) -> Result<Vec<Explained>> {
        let there = self.store.catalog().cached_of(hash).await?;
        let unread = Cause::new("no audio can be read from this file: nothing is made of it", None);
        let (track, hash, former) = (None, Some(hash), Vec::new());
        self.all(
            &Of {
                track,
                hash,
                size_bytes,
                audio,
                unread,
                fresh: true,
                there,
                former,
                trouble: OnceCell::new(),
            },
            qualities,
        )
        .await
    }

    async fn all(&self, of: &Of<'_>, qualities: &[Quality]) -> Result<Vec<Explained>> {
        let mut all = Vec::with_capacity(qualities.len());
        for quality in qualities {
            all.push(self.one(of, *quality).await?);
        }
        Ok(all)
    }

    async fn one(&self, of: &Of<'_>, quality: Quality) -> Result<Explained> {
        let wanted = self.options.wanted(quality, of.audio, of.size_bytes);
        let expected_file = wanted.ok().zip(of.hash).map(|(profile, hash)| profile.file_name(hash));
        let (state, size_bytes, cause) = match wanted {
            Ok(profile) => self.stand(of, profile).await?,
            Err(NotMade::Larger) => (FileState::NotNeeded, None, self.larger(of).await?),
            Err(why) => (FileState::NotNeeded, None, of.not_made(why)),
        };
        let Cause { reason, remedy } = cause;
        Ok(Explained { quality, expected_file, state, size_bytes, reason, remedy })
    }

    /// Why nothing is made of what is small for its length. Of a cut or unreadable file that is the reason: it says a length that
    /// it does not have.
    async fn larger(&self, of: &Of<'_>) -> Result<Cause> {
        let Some(track) = of.track else { return Ok(of.not_made(NotMade::Larger)) };
        if track.failure.is_some() {
            return Ok(of.unread.clone());
        }
        let trouble = self.source_trouble(of, track).await?;
        Ok(trouble.unwrap_or_else(|| of.not_made(NotMade::Larger)))
    }

    /// How a file stands that could be there.
    async fn stand(&self, of: &Of<'_>, profile: Profile) -> Result<Stand> {
        let is_of = |file: &&CachedFile| file.quality == profile.quality;
        let (text, size) =
            (profile.to_string(), |file: &CachedFile| self.store.catalog().cache().size(&file.file));
        if let Some(file) = of.there.iter().find(|file| file.profile == text) {
            let damage = self.store.catalog().damage(file, self.look).await;
            return Ok(match damage {
                Some(damage) => {
                    let remedy = match damage {
                        Damage::Gone => {
                            "was the cache folder emptied or moved? set `audio_cache.dir`, or run `fanfare cache refresh`"
                        }
                        Damage::Unreadable => {
                            "look at the system's log for errors of that disk, then run `fanfare cache refresh`"
                        }
                        Damage::Size(_) | Damage::Bytes => {
                            "run `fanfare cache refresh`; it is never sent meanwhile"
                        }
                    };
                    let cause = self.with_obstacle(Cause::new(damage.to_string(), Some(remedy)));
                    (FileState::Damaged, size(file), cause)
                }
                None if !of.fresh => {
                    let remedy = "run `fanfare cache refresh`, which scans first where no server runs";
                    let cause = Cause::new("the source was changed after it was made", Some(remedy));
                    (FileState::Stale, size(file), self.with_obstacle(cause))
                }
                None => {
                    let cause = Cause::new("it is there and made of what the source is now", None);
                    (FileState::Ready, size(file), cause)
                }
            });
        }
        if let Some(other) = of.there.iter().find(is_of) {
            let reason = format!("there is one by another profile ({}), not {text}", other.profile);
            return Ok((FileState::Stale, size(other), self.with_obstacle(Cause::new(reason, REFRESH))));
        }
        if of.former.iter().any(|file| is_of(&file)) {
            let said = "the source was changed after one was made; there is none of what it is now";
            return Ok((FileState::Stale, None, self.with_obstacle(Cause::new(said, REFRESH))));
        }
        Ok((FileState::Missing, None, self.missing(of, profile).await?))
    }

    /// The cause why a file has to be made again, and why it cannot be.
    fn with_obstacle(&self, cause: Cause) -> Cause {
        match &self.obstacle {
            Some(obstacle) => Cause {
                reason: format!("{}; it cannot be made again: {}", cause.reason, obstacle.reason),
                remedy: obstacle.remedy.clone(),
            },
            None => cause,
        }
    }

    /// Why a file is not there: what is in the way now, then what the last attempt failed of, then the settings.
    async fn missing(&self, of: &Of<'_>, profile: Profile) -> Result<Cause> {
        let not_made = |cause: Cause| Cause { reason: format!("it is not there: {}", cause.reason), ..cause };
        if let Some(obstacle) = &self.obstacle {
            return Ok(not_made(obstacle.clone()));
        }
        let last = match of.track {
            Some(track) if track.failure.is_some() => return Ok(not_made(of.unread.clone())),
            Some(_) if !of.fresh => return Ok(not_made(changed())),
            Some(track) => {
                if let Some(trouble) = self.source_trouble(of, track).await? {
                    return Ok(not_made(trouble));
                }
                self.last_failure(track.id, profile).await?
            }
            None => None,
        };
        if let Some(last) = last.as_ref().filter(|last| is_of_the_file(last.kind)) {
            return Ok(not_made(Cause::of_job(last)));
        }
        let seconds = of.audio.and_then(AudioProperties::duration_s).unwrap_or_default();
        let (cache, bytes) =
            (self.store.catalog().cache().clone(), (profile.bitrate_bps() as f64 / 8.0 * seconds) as u64);
        let full = tokio::task::spawn_blocking(move || cache.refuse_full(bytes).err()).await.ok().flatten();
        if let Some(full) = full.filter(|_| self.look != Look::Size) {
            return Ok(not_made(Cause::of(&full)));
        }
        if let Some(last) = last {
            // A cap is as it was; what else was in the way is not any more.
            let remedy = if last.kind == ErrorKind::LimitExceeded { Some(last.remedy()) } else { WARM };
            return Ok(Cause::new(
                format!("it is not there: the last attempt failed: {}", last.message),
                remedy,
            ));
        }
        if let Some(of_settings) = not_set(profile, self.options.encode_on_miss) {
            return Ok(not_made(of_settings));
        }
        let said = match of.hash {
            Some(_) => "it was not made, or was removed to make room",
            None => "it was not made; the track's bytes were not hashed yet",
        };
        Ok(Cause::new(said, WARM))
    }

    /// What is wrong with the source in every quality; looked for once.
    async fn source_trouble(&self, of: &Of<'_>, track: &Track) -> Result<Option<Cause>> {
        Ok(of.trouble.get_or_try_init(|| source_trouble(self.store, track)).await?.clone())
    }

    async fn last_failure(&self, track: TrackId, profile: Profile) -> Result<Option<JobError>> {
        self.store.catalog().small_failure(track, &profile.to_string()).await
    }
}

/// Whether trouble of that kind is the file's: then it is still the same.
const fn is_of_the_file(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Empty)
}

/// What is said of a track that could not be read.
fn unreadable(failure: &TrackFailure) -> Cause {
    let remedy = match failure.kind {
        ErrorKind::Unsupported | ErrorKind::NoDecoder => {
            "`fanfare doctor` says which decoders there are (line `ffmpeg`); install what is missing, then the track is tried again"
        }
        _ => "mend or replace the file, then run `fanfare scan`",
    };
    Cause::new(format!("the file could not be read: {}", failure.message), Some(remedy))
}

/// What transcodes are made of, and which there are.
struct Of<'a> {
    track: Option<&'a Track>,
    hash: Option<ContentHash>,
    size_bytes: u64,
    audio: Option<&'a AudioProperties>,
    /// What is said, and advised, where the file cannot be read.
    unread: Cause,
    /// Whether the source is as the catalog knows it.
    fresh: bool,
    /// Files of these bytes.
    there: Vec<CachedFile>,
    /// Files of the bytes that the source had before.
    former: Vec<CachedFile>,
    /// What is wrong with the source in every quality, once that was looked for.
    trouble: OnceCell<Option<Cause>>,
}

impl Of<'_> {
    /// Why nothing smaller is made.
    fn not_made(&self, why: NotMade) -> Cause {
        match why {
            NotMade::Original => Cause::new("the original is the track's own file", None),
            NotMade::Off => {
                Cause::new("the cache is switched off", Some("set `audio_cache.enabled` to true"))
            }
            NotMade::Unread => self.unread.clone(),
            NotMade::Lossy => {
                let codec = self.audio.map_or("its codec", |audio| audio.codec.as_str());
                Cause::new(format!("{codec} is small already: the original is sent"), None)
            }
            NotMade::Larger => {
                Cause::new("the transcode would be larger than the original: the original is sent", None)
            }
        }
    }
}

const REFRESH: Option<&str> =
    Some("run `fanfare cache refresh`, or wait: it is made again when it is next played");
const WARM: Option<&str> = Some("run `fanfare cache warm --all`, or play it: it is made while it is sent");

type Stand = (FileState, Option<u64>, Cause);
