//! Transcodes for listeners: complete ones from the cache, or while they are made.
//!
//! Purpose: [`SmallFiles::open`] decides from which file a request for a quality is answered.
//!
//! Vocabulary: a *hit* is answered from a whole file; a *miss* from one that is made meanwhile, or from the original.
//!
//! Invariants: one encode per track and profile, however many ask; a file that was made of other bytes than the source has
//! now is never sent; whatever goes wrong with the cache, the original plays.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanfare_model::{
    CacheOptions, ContentHash, Error, ErrorKind, JobId, JobState, Profile, Quality, Result, Timestamp, Track,
    TrackId, job::JobError,
};
use fanfare_store::{Look, Patience, Store};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    OpenFile,
    announce::{self, Announced, modified_s, tag},
    freshness::Sources,
    growing::{GrowingFile, Leave, Made, RequestBlocks},
};

/// How long a listener waits for a file to begin; the original is sent after that.
const BEGIN_WAIT: Duration = Duration::from_secs(10);
/// How long is waited for the right to write where the original can be played instead.
const WRITE_WAIT: Duration = Duration::from_secs(1);
/// How often a file that has not begun is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How stale the time of last use may be: noting it is a write.
const TOUCH_EVERY_MS: i64 = 60_000;
/// How long a client over the limit is asked to wait, in seconds: an encode takes about that long.
pub const RETRY_AFTER_S: u64 = 5;

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

/// Who asks for a transcode, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// For whom it is made, for the limit of each.
    pub person: &'a str,
    /// Whether that is a guest of a public link, who is sent no original in place of a file that can be made, whatever
    /// `audio_cache.on_miss` says.
    pub guest: bool,
    /// Whether only the header fields are asked for: nothing is made for those.
    pub head: bool,
}

/// What a request for a quality is answered from.
pub enum Small {
    /// A whole file.
    Whole(OpenFile),
    /// One that is being made.
    Growing(Arc<GrowingFile>),
    /// Header fields alone: those of a file that is made when it is asked for.
    Announced(Announced),
    /// The original, because nothing smaller is made of it.
    NotNeeded,
    /// The original, in place of a file that is not there.
    Missing,
}

/// A file being made, and for whom it was begun. It belongs to those who listen and to the task that follows its making:
/// when they are gone, so are its descriptors.
struct Begun {
    growing: Weak<GrowingFile>,
    person: String,
}

impl Begun {
    /// The file, while it is being made.
    fn alive(&self) -> Option<Arc<GrowingFile>> {
        self.growing.upgrade().filter(|growing| growing.is_alive())
    }
}

type Key = (TrackId, Profile);

/// Transcodes of all tracks.
pub struct SmallFiles {
    store: Store,
    sources: Sources,
    maker: Maker,
    begun: Mutex<HashMap<Key, Begun>>,
    /// Held by the request that begins a file, so that other requests at that time find it begun.
    beginning: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl SmallFiles {
    /// Those of that store.
    #[must_use]
    pub fn new(store: Store, maker: Maker) -> Self {
        Self {
            store,
            sources: Sources::default(),
            maker,
            begun: Mutex::default(),
            beginning: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Requests that were answered from whole files, and others, since the start.
    #[must_use]
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// How many files are being made, for listeners of now or a moment ago.
    #[must_use]
    pub fn encoding(&self) -> usize {
        self.begun().values().filter_map(Begun::alive).count()
    }

    /// How many of those were not left by everybody.
    #[must_use]
    pub fn listened_to(&self) -> usize {
        self.begun().values().filter_map(Begun::alive).filter(|growing| !growing.is_left()).count()
    }

    /// Whether that very file is being made.
    #[must_use]
    pub fn is_encoding(&self, track: TrackId, profile: Profile) -> bool {
        self.alive((track, profile)).is_some()
    }

    /// Whether the track's file has the bytes that the catalog knows: what a guest may play is told by those.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn source_is_fresh(&self, track: &Track) -> Result<bool> {
        self.sources.are_fresh(&self.store, track).await
    }

    /// What a request for that quality of the track is answered from.
    ///
    /// # Errors
    /// `TooMany` when too many files are being made; errors of the store. Trouble with making a file is no error:
    /// the original is sent, and the log says why.
    pub async fn open(
        &self,
        track: &Track,
        quality: Quality,
        options: &CacheOptions,
        asking: Asking<'_>,
    ) -> Result<Small> {
        let Ok(profile) = options.wanted(quality, track.audio.as_ref(), track.size_bytes) else {
            return Ok(Small::NotNeeded);
        };
        let fresh = self.sources.are_fresh(&self.store, track).await?;
        if let Some(hash) = track.hash.filter(|_| fresh)
            && let Some(file) = self.whole(track, hash, profile).await?
        {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Small::Whole(file));
        }
        let known = match fresh {
            true => self.store.catalog().known_small_failure(track.id).await?,
            false => None,
        };
        let may_be_made = known.is_none()
            && fresh
            && (options.encode_on_miss || asking.guest)
            && profile.codec.is_constant();
        if asking.head {
            if let Some(growing) = self.alive((track.id, profile)) {
                return Ok(Small::Growing(growing));
            }
            let announced =
                if may_be_made { announce::announced(&self.store, track, profile).await? } else { None };
            return Ok(announced.map_or(Small::Missing, Small::Announced));
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        if !may_be_made {
            let (why, remedy) = match &known {
                Some(known) => (&*known.message, known.remedy()),
                None => not_made_now(fresh, profile),
            };
            let file = &*track.relative_path;
            tracing::warn!(track = %track.id, file, %profile, why, remedy, "cache miss: the original is sent");
            return Ok(Small::Missing);
        }
        match self.growing(track, profile, options, asking.person).await {
            Ok(Some(small)) => Ok(small),
            Ok(None) => Ok(Small::Missing),
            Err(error) if error.kind() == ErrorKind::TooMany => Err(error),
            Err(error) => {
                let remedy = error.remedy_text().unwrap_or("see the log of the worker").to_owned();
                let file = &*track.relative_path;
                tracing::warn!(track = %track.id, file, %profile, %error, remedy, "cache miss: the original is sent");
                Ok(Small::Missing)
            }
        }
    }

    /// The whole file, if it is there.
    async fn whole(&self, track: &Track, hash: ContentHash, profile: Profile) -> Result<Option<OpenFile>> {
        let catalog = self.store.catalog();
        let text = profile.to_string();
        let Some(row) = catalog.cached_of(hash).await?.into_iter().find(|row| row.profile == text) else {
            return Ok(None);
        };
        let Some(path) = catalog.cache().path(&row.file) else { return Ok(None) };
        let now = SystemTime::now();
        let opened = match catalog.damage(&row, Look::Once).await {
            None => OpenFile::open(&path, now).await.map_err(|error| error.to_string()),
            Some(damage) => Err(damage.to_string()),
        };
        let file = match opened {
            Ok(file) if file.representation().len == row.size_bytes => file,
            opened => {
                let why = opened.err().unwrap_or_else(|| "it has another size".to_owned());
                tracing::warn!(file = row.file, why, "a file of the cache is not as it was made");
                if let Err(error) = Patience::new(WRITE_WAIT).over(catalog.forget_cached(&row.file)).await {
                    tracing::warn!(file = row.file, %error, "a file of the cache is not forgotten yet");
                }
                return Ok(None);
            }
        };
        let now_ms = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        if now_ms - row.used.0 >= TOUCH_EVERY_MS {
            catalog.touch_transcode(hash, &text, Timestamp(now_ms));
        }
        Ok(Some(file.known_as(tag(Some(hash), profile, track.id), modified_s(track))))
    }

    /// The file while it is made; `None` when it does not begin in time.
    async fn growing(
        &self,
        track: &Track,
        profile: Profile,
        options: &CacheOptions,
        person: &str,
    ) -> Result<Option<Small>> {
        let key = (track.id, profile);
        let turn = {
            let mut beginning = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
            beginning.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(beginning.entry(key).or_default())
        };
        let _turn = turn.lock().await;
        if let Some(growing) = self.alive(key) {
            return Ok(Some(Small::Growing(growing)));
        }
        self.make_room(options, person)?;
        self.refuse_where_nothing_is_stored()?;
        let deadline = Instant::now() + BEGIN_WAIT;
        // The original can be sent, so the request does not wait long for the right to queue it.
        let job = Patience::new(WRITE_WAIT).over((self.maker.ask)(track.id, profile)).await?;
        // The maker goes on for as long as it is told of a listener.
        (self.maker.want)(job, Vec::new());
        loop {
            let row = self.store.jobs().job(job).await?;
            let Some(row) = row else { return Ok(None) };
            match row.state {
                JobState::Running => {
                    let made = Made {
                        job,
                        folder: self.store.catalog().cache().making(job, row.attempt),
                        profile,
                        etag: tag(track.hash, profile, track.id),
                        modified_s: modified_s(track),
                    };
                    let calls = (Arc::clone(&self.maker.want), Arc::clone(&self.maker.leave));
                    if let Some(growing) = GrowingFile::follow(&self.store, calls, made).await? {
                        let begun = Begun { growing: Arc::downgrade(&growing), person: person.to_owned() };
                        self.begun().insert(key, begun);
                        return Ok(Some(Small::Growing(growing)));
                    }
                }
                // The disk may have become full after the job was queued.
                JobState::Waiting => self.refuse_where_nothing_is_stored()?,
                // Made by somebody else a moment ago.
                JobState::Done => {
                    let row = self.store.catalog().track(track.id).await?;
                    let Some(hash) = row.and_then(|row| row.track.hash) else { return Ok(None) };
                    return Ok(self.whole(track, hash, profile).await?.map(Small::Whole));
                }
                JobState::Cancelled => return Ok(None),
                JobState::Parked => {
                    let error = row.last_error.map(JobError::into_error);
                    return Err(
                        error.unwrap_or_else(|| Error::new(ErrorKind::Internal, "it could not be made"))
                    );
                }
            }
            if Instant::now() >= deadline {
                if row.state == JobState::Running {
                    return Err(Error::new(
                        ErrorKind::Timeout,
                        "its source is still being read: nothing of it is made yet",
                    )
                    .remedy(
                        "make it ahead of time: `fanfare cache warm FILE` says what is wrong with the source",
                    ));
                }
                return Err(Error::new(ErrorKind::Timeout, "no encoder began in time")
                    .remedy("fewer listeners at a time, or make files ahead of time"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// While the data folder cannot be written no encoder begins, so no request waits for one.
    fn refuse_where_nothing_is_stored(&self) -> Result<()> {
        self.store.unwritable().map_or(Ok(()), |why| Err(why.error()))
    }

    /// Refuses when too many files are being made for listeners. Files without a listener are given up for the new one, so
    /// that a listener who skips through an album is not refused.
    fn make_room(&self, options: &CacheOptions, person: &str) -> Result<()> {
        let mut begun = self.begun();
        begun.retain(|_, begun| begun.alive().is_some());
        let alive: Vec<(bool, Arc<GrowingFile>)> =
            begun.values().filter_map(|begun| Some((begun.person == person, begun.alive()?))).collect();
        drop(begun);
        let theirs = || alive.iter().filter(|(theirs, _)| *theirs);
        let played = |(_, growing): &&(bool, Arc<GrowingFile>)| !growing.is_left();
        let (whose, most) = if theirs().filter(played).count() >= options.max_encodes_per_person {
            ("are being made for you", options.max_encodes_per_person)
        } else if alive.iter().filter(played).count() >= options.max_encodes {
            ("are being made", options.max_encodes)
        } else {
            let full = alive.len() >= options.max_encodes;
            if full || theirs().count() >= options.max_encodes_per_person {
                let left = alive.iter().filter(|(theirs, growing)| growing.is_left() && (full || *theirs));
                left.for_each(|(_, growing)| growing.dismiss());
            }
            return Ok(());
        };
        Err(Error::new(ErrorKind::TooMany, format!("{most} transcodes {whose} already"))
            .remedy("wait for one of them, or play the original"))
    }

    fn alive(&self, key: Key) -> Option<Arc<GrowingFile>> {
        self.begun().get(&key).and_then(Begun::alive)
    }

    fn begun(&self) -> MutexGuard<'_, HashMap<Key, Begun>> {
        // Every change is one operation of the map.
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a file is not made while it is sent, and what to do about it; `fanfare cache explain` says the same.
pub(crate) fn not_made_now(fresh: bool, profile: Profile) -> (&'static str, &'static str) {
    match (fresh, profile.codec.is_constant()) {
        (false, _) => ("its source was changed and not scanned yet", "scan the library: `fanfare scan`"),
        (true, false) => (
            "it was not made ahead, and AAC cannot be made while it is sent",
            "run `fanfare cache warm FILE`, or set `audio_cache.codec` to mp3 or opus",
        ),
        (true, true) => (
            "it was not made ahead, and `audio_cache.on_miss` is `original`",
            "run `fanfare cache warm FILE`, or set `audio_cache.on_miss` to `encode`",
        ),
    }
}
