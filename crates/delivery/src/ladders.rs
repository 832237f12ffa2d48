//! A track as HLS: its ladder, stored or still growing.
//!
//! Purpose: find the ladder of a track, have it made where there is none ([`Ladders::view`]), and say what its
//! playlists list and where the bytes of a segment lie ([`View`]).
//!
//! Vocabulary: a ladder *grows* while a worker makes it; what it has so far can be played.
//!
//! Invariants: nothing is decoded or encoded here; one ladder is made however many ask; a segment that a playlist listed
//! can be read until the ladder is evicted.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use fanfare_audio::hls::Ladder;
use fanfare_model::{
    Attempt, ContentHash, Error, ErrorKind, JobId, JobKind, JobState, Result, Track, TrackHome, TrackId,
    Wanted,
    hls::{SegmentFacts, VariantFacts},
};
use fanfare_store::{BlobKind, Growing, Store, Transcode, growing_folder, growing_names, growing_variant};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    OpenFile,
    freshness::Sources,
    making::{Begun, Making, begun},
    uses::Uses,
};

/// How long a listener waits for the first segment. An encoder needs a tenth of a second for it; a machine that is
/// busy with other things gets the benefit of the doubt.
const FIRST_SEGMENT_WAIT: Duration = Duration::from_secs(20);
/// How long is waited for a ladder that is being moved to where it is kept: a rename and a transaction.
const KEEPING_WAIT: Duration = Duration::from_secs(10);
/// The most ladders that are remembered as being made; older ones are asked for again, which changes nothing.
const MAX_REMEMBERED: usize = 1_000;
/// How often a ladder whose job ended and that is not there is asked for again for one listener: once more than needed if
/// it was just evicted.
const MOST_ASKS: u32 = 2;

/// Has the ladder of a track made; gives the job that does it, one however often it is asked.
pub type Ask = Arc<dyn Fn(TrackId) -> BoxFuture<'static, Result<JobId>> + Send + Sync>;

/// The ladders of all tracks.
pub(crate) struct Ladders {
    store: Store,
    sources: Sources,
    uses: Arc<Uses>,
    ask: Ask,
    /// The jobs that make ladders, by track and ladder.
    making: Mutex<HashMap<(TrackId, String), JobId>>,
}

/// What can be played of a track now.
#[derive(Debug, Clone)]
pub(crate) enum View {
    /// All of it.
    Whole(Transcode),
    /// As far as it is made: every variant has begun.
    Growing {
        /// The job that makes it, of whose bytes the tags speak.
        job: JobId,
        /// Its variants, in the ladder's order.
        variants: Vec<Growing>,
    },
}

impl Ladders {
    /// Those of that store; `ask` has one made.
    pub(crate) fn new(store: Store, sources: Sources, uses: Arc<Uses>, ask: Ask) -> Self {
        Self { store, sources, uses, ask, making: Mutex::default() }
    }

    /// What can be played of the track. A ladder that is missing is asked for, and this waits for the first segment of
    /// every variant; `None` where it is not to be asked for.
    ///
    /// # Errors
    /// That of making it; `NotFound` when the track is gone meanwhile; `Unavailable` when it takes too long to begin; errors
    /// of the store.
    pub(crate) async fn view(&self, track: &Track, ladder: &str, ask: bool) -> Result<Option<View>> {
        let profile = ladder.parse::<Ladder>()?.profile();
        let key = (track.id, profile.clone());
        let deadline = Instant::now() + FIRST_SEGMENT_WAIT;
        let mut asks = 0;
        loop {
            if let Some(stored) = self.stored(track, &profile).await? {
                self.uses.note(&self.store, stored.hash, &stored.profile);
                return Ok(Some(View::Whole(stored)));
            }
            let remembered = self.making().get(&key).copied();
            let job = match remembered {
                Some(job) => job,
                None if !ask => return Ok(None),
                None if asks >= MOST_ASKS => {
                    return Err(Error::new(ErrorKind::NotFound, "the track was removed meanwhile"));
                }
                None => {
                    asks += 1;
                    refuse_where_bytes_are_gone(track)?;
                    let job = (self.ask)(track.id).await?;
                    let mut making = self.making();
                    if making.len() >= MAX_REMEMBERED {
                        making.clear();
                    }
                    making.insert(key.clone(), job);
                    job
                }
            };
            match begun(&self.store, job, deadline, &LadderMaking(&self.store)).await? {
                Begun::Growing(variants) => return Ok(Some(View::Growing { job, variants })),
                // Stored meanwhile, or evicted again: looked at once more from the beginning.
                Begun::Over => {
                    self.making().remove(&key);
                }
                Begun::Failed(error) => {
                    self.making().remove(&key);
                    return Err(error);
                }
            }
        }
    }

    /// A file of a view's variant, open at those bytes; `None` when the view has no such variant.
    ///
    /// # Errors
    /// `NotFound` when its bytes are gone; those of opening.
    pub(crate) async fn open(&self, view: &View, variant: &str, bytes: Bytes) -> Result<Option<OpenFile>> {
        let (path, name, facts, segments) = match view {
            View::Whole(whole) => {
                let Some(part) = whole.parts.iter().find(|part| part.facts.name == variant) else {
                    return Ok(None);
                };
                let path = self.store.blobs().local(BlobKind::Media, part.blob).await?;
                let gone = || Error::new(ErrorKind::NotFound, "the ladder's bytes are gone");
                (path.ok_or_else(gone)?, part.blob.to_string(), &part.facts, &part.segments)
            }
            View::Growing { job, variants } => {
                let Some(growing) = variants.iter().find(|growing| growing.facts.name == variant) else {
                    return Ok(None);
                };
                (growing.file.clone(), format!("{job}-{variant}"), &growing.facts, &growing.segments)
            }
        };
        let Some((offset, len)) = bytes.place(facts, segments) else { return Ok(None) };
        let opened = open_part(path, offset, len, &format!("{name}-{offset}")).await;
        match (opened, view) {
            // On its way from where it grew to where it is kept: it is there in a moment.
            (Err(error), View::Growing { job, .. }) if error.kind() == ErrorKind::NotFound => {
                match self.kept(*job).await? {
                    Some(whole) => Box::pin(self.open(&View::Whole(whole), variant, bytes)).await,
                    None => Err(error),
                }
            }
            (opened, _) => opened.map(Some),
        }
    }

    /// What became of the ladder that a job made, once that job is over; `None` when it is not kept.
    async fn kept(&self, job: JobId) -> Result<Option<Transcode>> {
        let deadline = Instant::now() + KEEPING_WAIT;
        let kind = loop {
            match self.store.jobs().job(job).await? {
                Some(row) if row.state == JobState::Done => break row.kind,
                Some(row) if row.state == JobState::Running && Instant::now() < deadline => {}
                _ => return Ok(None),
            }
            tokio::time::sleep(LadderMaking::LOOK_EVERY).await;
        };
        let (track, ladder) = match kind {
            JobKind::MakeProducts { track, wanted: Wanted::Hls(ladder) } => (track, ladder),
            JobKind::MakeProducts { track, wanted: Wanted::Upload(products) } => (track, products.ladder),
            _ => return Ok(None),
        };
        let ladder = if ladder.is_empty() { Ladder::default() } else { ladder.parse::<Ladder>()? };
        let catalog = self.store.catalog();
        match catalog.track_hash(track).await? {
            Some(hash) => catalog.transcode(hash, &ladder.profile()).await,
            None => Ok(None),
        }
    }

    async fn stored(&self, track: &Track, profile: &str) -> Result<Option<Transcode>> {
        let catalog = self.store.catalog();
        let Some(hash) = catalog.track_hash(track.id).await? else { return Ok(None) };
        // A ladder of other bytes than the file has now is never played.
        if !self.sources.are_fresh(&self.store, track).await? {
            return Ok(None);
        }
        if let Some(exact) = catalog.transcode(hash, profile).await? {
            return Ok(Some(exact));
        }
        let uploaded = matches!(track.home, TrackHome::Upload(_));
        if uploaded { self.of_upload(hash).await } else { Ok(None) }
    }

    /// The ladder that was made when the track came in: another one may be the present setting.
    async fn of_upload(&self, hash: ContentHash) -> Result<Option<Transcode>> {
        self.store.catalog().pinned_transcode(hash, Ladder::PROFILE_PREFIX).await
    }

    fn making(&self) -> std::sync::MutexGuard<'_, HashMap<(TrackId, String), JobId>> {
        // Every change is one operation of the map.
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ladder that a worker makes.
struct LadderMaking<'a>(&'a Store);

impl Making for LadderMaking<'_> {
    type Growing = Vec<Growing>;
    const LOOK_EVERY: Duration = Duration::from_millis(20);

    /// Every variant, once each has a segment.
    async fn look(&self, job: JobId, attempt: Attempt) -> Result<Option<Vec<Growing>>> {
        let folder = growing_folder(&self.0.blobs().staging(), job, attempt);
        let looked = tokio::task::spawn_blocking(move || {
            let Some(names) = growing_names(&folder) else { return Ok(None) };
            let variants = names.iter().map(|name| growing_variant(&folder, name));
            let variants: Option<Vec<Growing>> = variants.collect::<Result<_>>()?;
            Ok(variants.filter(|all| all.iter().all(|one| one.whole || !one.segments.is_empty())))
        });
        looked.await.unwrap_or_else(|ended| {
            Err(Error::new(ErrorKind::Internal, "looking at a ladder was interrupted").because(ended))
        })
    }

    fn late(&self, _claimed: bool) -> Error {
        Error::new(ErrorKind::Unavailable, "the track could not be encoded in time")
            .remedy("try again in a moment, or play the original")
    }
}

/// Which bytes of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// The init section.
    Init,
    /// The segment of that number.
    Segment(u32),
}

impl Bytes {
    fn place(self, facts: &VariantFacts, segments: &[SegmentFacts]) -> Option<(u64, u64)> {
        match self {
            Self::Init => Some((0, facts.init_bytes)),
            Self::Segment(index) => {
                let segment = segments.get(usize::try_from(index).ok()?)?;
                Some((segment.offset_bytes, segment.len_bytes))
            }
        }
    }
}

impl View {
    /// The variants, in the ladder's order.
    pub(crate) fn variants(&self) -> Vec<VariantFacts> {
        match self {
            Self::Whole(whole) => whole.parts.iter().map(|part| part.facts.clone()).collect(),
            Self::Growing { variants, .. } => variants.iter().map(|growing| growing.facts.clone()).collect(),
        }
    }

    /// A variant with its segments, and whether those are all.
    pub(crate) fn variant(&self, name: &str) -> Option<(&VariantFacts, &[SegmentFacts], bool)> {
        match self {
            Self::Whole(whole) => {
                let part = whole.parts.iter().find(|part| part.facts.name == name)?;
                Some((&part.facts, &part.segments, true))
            }
            Self::Growing { variants, .. } => {
                let growing = variants.iter().find(|growing| growing.facts.name == name)?;
                Some((&growing.facts, &growing.segments, growing.whole))
            }
        }
    }
}

fn refuse_where_bytes_are_gone(track: &Track) -> Result<()> {
    if track.home == TrackHome::Upload(fanfare_model::UploadedBytes::Gone) {
        return Err(Error::new(ErrorKind::NotFound, "the track's ladder is gone, and so is its original")
            .remedy("upload the file again"));
    }
    Ok(())
}

async fn open_part(path: PathBuf, offset: u64, len: u64, tag: &str) -> Result<OpenFile> {
    OpenFile::open(&path, SystemTime::now()).await?.part(offset, len, tag)
}

#[cfg(test)]
#[path = "ladders_tests.rs"]
mod tests;
