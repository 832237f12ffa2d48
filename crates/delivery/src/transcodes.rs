//! Transcodes for listeners: complete ones from the cache, or while they are made.
//!
//! Purpose: [`Transcodes::open`] decides from which file a request for a profile is answered.
//!
//! Vocabulary: a *hit* is answered from a whole file; a *miss* from one that is made meanwhile, or from the original.
//!
//! Invariants: one encode per track and profile, however many ask; a file that was made of other bytes than the source has
//! now is never sent; whatever goes wrong with the cache, the original plays.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use fanfare_model::{
    Attempt, CacheOptions, ContentHash, Error, ErrorKind, JobId, Profile, Result, Track, TrackId,
};
use fanfare_store::{CachedFile, Look, Patience, Store, Unwritable};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    OpenFile,
    announced::{self, Announced, modified_s, tag},
    begun_files::BegunFiles,
    growing::{GrowingFile, Leave, Made, RequestBlocks},
    making::{Begun, Making, begun},
    uses::Uses,
    why_not::{Cause, not_set, why_not},
};

/// How long a listener waits for a file to begin; the original is sent after that.
const BEGIN_WAIT: Duration = Duration::from_secs(10);
/// How long is waited for the right to write where the original can be played instead.
const WRITE_WAIT: Duration = Duration::from_secs(1);

/// Has a transcode of a track made for listeners; returns the job that makes it.
pub type AskStream = Arc<dyn Fn(TrackId, Profile) -> BoxFuture<'static, Result<JobId>> + Send + Sync>;

/// Who makes files, as this crate knows them.
#[derive(Clone)]
pub struct Maker {
    /// Has one made.
    pub ask: AskStream,
    /// Says what of it is waited for.
    pub want: RequestBlocks,
    /// Says that no listener is left.
    pub leave: Leave,
}

/// For whom a track is opened.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// For whom something is made, for the limit of each.
    pub person: &'a str,
    /// Whether that is a guest of a public link, who is sent no original in place of a file that can be made, whatever
    /// `audio_cache.on_miss` says.
    pub guest: bool,
    /// Whether only the header fields are asked for: nothing is made for those.
    pub head: bool,
}

/// What a request for a profile is answered from.
pub(crate) enum Found {
    /// A whole file.
    Stored(OpenFile),
    /// One that is being made.
    Growing(Arc<GrowingFile>),
    /// Header fields alone: those of a file that is made when it is asked for.
    Announced(Announced),
    /// The original, in place of a file that is not there.
    Missing,
}

/// Transcodes of all tracks.
pub(crate) struct Transcodes {
    store: Store,
    uses: Arc<Uses>,
    maker: Maker,
    begun: BegunFiles,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Transcodes {
    /// Those of that store.
    pub(crate) fn new(store: Store, uses: Arc<Uses>, maker: Maker) -> Self {
        let (begun, hits, misses) = (BegunFiles::default(), AtomicU64::new(0), AtomicU64::new(0));
        Self { store, uses, maker, begun, hits, misses }
    }

    /// Requests that were answered from whole files, and others, since the start.
    pub(crate) fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// The files that are being made.
    pub(crate) const fn begun(&self) -> &BegunFiles {
        &self.begun
    }

    /// What a request for that profile of the track is answered from. `fresh`: whether its file has the bytes that the
    /// catalog knows.
    ///
    /// # Errors
    /// `TooMany` when too many files are being made; errors of the store. Trouble with making a file is no error:
    /// the original is sent, and the log says why.
    pub(crate) async fn open(
        &self,
        track: &Track,
        fresh: bool,
        profile: Profile,
        options: &CacheOptions,
        asking: Asking<'_>,
    ) -> Result<Found> {
        if let Some(hash) = track.hash.filter(|_| fresh)
            && let Some(file) = self.stored(track, hash, profile).await?
        {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Found::Stored(file));
        }
        if !asking.head {
            self.misses.fetch_add(1, Ordering::Relaxed);
        }
        let on_miss = options.encode_on_miss || asking.guest;
        if fresh
            && not_set(profile, on_miss).is_none()
            && let Some(growing) = self.begun.alive((track.id, profile))
        {
            return Ok(Found::Growing(growing));
        }
        let why_not = why_not(&self.store, track, profile, fresh, on_miss).await?;
        if asking.head {
            let announced = match why_not {
                None => announced::announced(&self.store, track, profile).await?,
                Some(_) => None,
            };
            return Ok(announced.map_or(Found::Missing, Found::Announced));
        }
        let why = match why_not {
            Some(why) => why,
            None => match self.growing(track, profile, options, asking.person).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => return Ok(Found::Missing),
                Err(error) if error.kind() == ErrorKind::TooMany => return Err(error),
                Err(error) => Cause::new(
                    error.to_string(),
                    Some(error.remedy_text().unwrap_or("see the log of the worker")),
                ),
            },
        };
        let (file, why, remedy) = (&*track.relative_path, why.reason, why.remedy.unwrap_or_default());
        tracing::warn!(track = %track.id, file, %profile, why, remedy, "cache miss: the original is sent");
        Ok(Found::Missing)
    }

    /// The whole file, if it is there.
    async fn stored(&self, track: &Track, hash: ContentHash, profile: Profile) -> Result<Option<OpenFile>> {
        let catalog = self.store.catalog();
        let text = profile.to_string();
        let Some(row) = catalog.cached(hash, &text).await? else { return Ok(None) };
        match self.open_as_made(&row).await {
            Ok(file) => {
                self.uses.note(&self.store, hash, &text);
                Ok(Some(file.known_as(tag(Some(hash), profile, track.id), modified_s(track))))
            }
            Err(why) => {
                tracing::warn!(file = row.file, why, "a file of the cache is not as it was made");
                if let Err(error) = Patience::new(WRITE_WAIT).over(catalog.forget_cached(&row.file)).await {
                    tracing::warn!(file = row.file, %error, "a file of the cache is not forgotten yet");
                }
                Ok(None)
            }
        }
    }

    /// The file of a row, if it is as it was made; else what is wrong with it.
    async fn open_as_made(&self, row: &CachedFile) -> std::result::Result<OpenFile, String> {
        let catalog = self.store.catalog();
        if let Some(damage) = catalog.damage(row, Look::Once).await {
            return Err(damage.to_string());
        }
        let path = catalog.cache().path(&row.file).ok_or("this is no name of ours")?;
        let file = OpenFile::open(&path, SystemTime::now()).await.map_err(|error| error.to_string())?;
        match file.representation().len == row.size_bytes {
            true => Ok(file),
            false => Err("it has another size".to_owned()),
        }
    }

    /// The file while it is made; `None` when it is not made.
    async fn growing(
        &self,
        track: &Track,
        profile: Profile,
        options: &CacheOptions,
        person: &str,
    ) -> Result<Option<Found>> {
        let key = (track.id, profile);
        let turn = self.begun.turn(key);
        let _turn = turn.lock().await;
        if let Some(growing) = self.begun.alive(key) {
            return Ok(Some(Found::Growing(growing)));
        }
        self.begun.make_room(options, person)?;
        self.store.unwritable().map(Unwritable::error).map_or(Ok(()), Err)?;
        let deadline = Instant::now() + BEGIN_WAIT;
        // The original can be sent, so the request does not wait long for the right to queue it.
        let job = Patience::new(WRITE_WAIT).over((self.maker.ask)(track.id, profile)).await?;
        // The maker goes on for as long as it is told of a listener.
        (self.maker.want)(job, Vec::new());
        let making = FileMaking { transcodes: self, track, profile };
        match begun(&self.store, job, deadline, &making).await? {
            Begun::Growing(growing) => {
                self.begun.insert(key, &growing, person);
                Ok(Some(Found::Growing(growing)))
            }
            Begun::Failed(error) => Err(error),
            // Perhaps it was made for another listener a moment ago.
            Begun::Over => {
                let row = self.store.catalog().track(track.id).await?;
                let Some(hash) = row.and_then(|row| row.track.hash) else { return Ok(None) };
                Ok(self.stored(track, hash, profile).await?.map(Found::Stored))
            }
        }
    }
}

/// A file that a worker is asked to make.
struct FileMaking<'a> {
    transcodes: &'a Transcodes,
    track: &'a Track,
    profile: Profile,
}

impl Making for FileMaking<'_> {
    type Growing = Arc<GrowingFile>;
    const LOOK_EVERY: Duration = Duration::from_millis(5);

    async fn look(&self, job: JobId, attempt: Attempt) -> Result<Option<Arc<GrowingFile>>> {
        let Self { transcodes, track, profile } = *self;
        let made = Made {
            job,
            folder: transcodes.store.catalog().cache().making(job, attempt),
            profile,
            etag: tag(track.hash, profile, track.id),
            modified_s: modified_s(track),
        };
        let calls = (Arc::clone(&transcodes.maker.want), Arc::clone(&transcodes.maker.leave));
        GrowingFile::follow(&transcodes.store, calls, made).await
    }

    fn late(&self, claimed: bool) -> Error {
        if claimed {
            let said = "its source is still being read: nothing of it is made yet";
            return Error::new(ErrorKind::Timeout, said).remedy(
                "make it ahead of time: `fanfare cache warm FILE` says what is wrong with the source",
            );
        }
        Error::new(ErrorKind::Timeout, "no encoder began in time")
            .remedy("fewer listeners at a time, or make files ahead of time")
    }
}
