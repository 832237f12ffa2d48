//! From a track and what is asked for of it to what is sent: the original, what is stored, what grows, or why not.
//!
//! Purpose: [`Delivery::open`] decides that once, for every interface. An interface reads its request, calls it, and presents
//! what it returns ([`Opened`]).

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use bytes::Bytes as Buffer;
use fanfare_audio::{
    FfmpegUse,
    hls::{Ladder, SegmentForm, VariantCodec, fits_transport_stream, media_playlist, multivariant_playlist},
    mux::ts_segment,
};
use fanfare_model::{CacheOptions, Error, ErrorKind, Quality, Result, Track, TrackId};
use fanfare_store::{Look, Store, TrackRow};

use crate::{
    OpenFile, OpenFileCache,
    explain::{Examiner, Explained, FileState},
    freshness::Sources,
    ladders::{Ask, Bytes, Ladders, View},
    media,
    opened::{CacheUse, Opened, PLAYLIST, Sent, Source},
    refusals::{
        no_file, no_ladder, no_such, no_track, not_opened, not_scanned, refuse_missing, refuse_unplayable,
    },
    transcodes::{Asking, Found, Maker, Transcodes},
    uses::Uses,
};

/// The media type of the segments of HLS.
const SEGMENT: &str = "audio/mp4";
/// That of segments as transport streams.
const TRANSPORT_SEGMENT: &str = "video/mp2t";
/// The largest segment that is repackaged as a transport stream, in bytes: AAC segments have some 400 kB.
const MAX_TS_SOURCE_BYTES: u64 = 16 << 20;

/// What is asked for of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// All of it, in that quality; without one in the quality of the settings.
    Quality(Option<Quality>),
    /// The multivariant playlist of its HLS ladder.
    Variants(SegmentForm),
    /// A file of the variant of that name.
    Variant(&'a str, VariantFile),
}

/// A file of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariantFile {
    /// Its media playlist.
    Playlist(SegmentForm),
    /// Its init section.
    Init,
    /// The segment of that number.
    Segment(SegmentForm, u32),
}

/// A request for a track.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Of which track.
    pub track: TrackId,
    /// Its row, if the caller looked it up.
    pub row: Option<&'a TrackRow>,
    /// What of it.
    pub wanted: Wanted<'a>,
    /// For whom.
    pub asking: Asking<'a>,
    /// The settings of transcodes.
    pub options: &'a CacheOptions,
    /// The setting of HLS ladders.
    pub ladder: &'a str,
}

/// Opens tracks for listeners.
pub struct Delivery {
    store: Store,
    sources: Sources,
    transcodes: Transcodes,
    ladders: Ladders,
    /// Files that were asked for a moment ago, by track and quality, with what is said about them.
    opened: OpenFileCache<(TrackId, Quality), (&'static str, Sent)>,
}

impl Delivery {
    /// Opens tracks of that store. `maker` and `ask` have files and ladders made; at most `kept_open` files are kept open between
    /// requests.
    #[must_use]
    pub fn new(store: Store, maker: Maker, ask: Ask, kept_open: usize) -> Self {
        let (sources, uses) = (Sources::default(), Arc::new(Uses::default()));
        Self {
            transcodes: Transcodes::new(store.clone(), Arc::clone(&uses), maker),
            ladders: Ladders::new(store.clone(), sources.clone(), uses, ask),
            opened: OpenFileCache::with_places(kept_open),
            store,
            sources,
        }
    }

    /// What a request is answered with.
    ///
    /// # Errors
    /// Why nothing is sent: `NotFound` where the track or its file is not there; `Conflict` for a guest where the file changed;
    /// `TooMany` when too many files are being made; of a ladder that of making it; those of opening; errors of the store.
    pub async fn open(&self, request: Request<'_>) -> Result<Opened> {
        let default = request.options.default_quality;
        match request.wanted {
            Wanted::Quality(quality) => self.sound(request, quality.unwrap_or(default)).await,
            Wanted::Variants(form) => self.variants(request, form).await,
            Wanted::Variant(name, file) => self.variant(request, name, file).await,
        }
    }

    /// Requests that were answered from stored transcodes, and others, since the start.
    #[must_use]
    pub fn hits_and_misses(&self) -> (u64, u64) {
        self.transcodes.hits_and_misses()
    }

    /// How many transcodes are being made, for listeners of now or a moment ago.
    #[must_use]
    pub fn encoding(&self) -> usize {
        self.transcodes.begun().count()
    }

    /// How many of those were not left by all listeners.
    #[must_use]
    pub fn listened_to(&self) -> usize {
        self.transcodes.begun().listened_to()
    }

    /// How the transcodes of a track stand, and why; every byte of them is read for that.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn explain(
        &self,
        row: &TrackRow,
        options: &CacheOptions,
        ffmpeg: &FfmpegUse,
    ) -> Result<Vec<Explained>> {
        let track = &row.track;
        let examiner = Examiner::new(&self.store, options, ffmpeg, Look::Bytes).await;
        let mut all = examiner.track(row, &Quality::TRANSCODED).await?;
        for one in &mut all {
            let profile = options.wanted(one.quality, track.audio.as_ref(), track.size_bytes);
            if profile.is_ok_and(|profile| self.transcodes.begun().alive((track.id, profile)).is_some()) {
                one.state = FileState::Encoding;
                "it is being made while a listener plays it".clone_into(&mut one.reason);
                one.remedy = None;
            }
        }
        Ok(all)
    }

    /// All of a track in a quality.
    async fn sound(&self, request: Request<'_>, quality: Quality) -> Result<Opened> {
        let (Request { asking, options, .. }, key) = (request, (request.track, quality));
        // Before the look-ups: what is written meanwhile makes them void.
        let write_generation = self.store.write_generation();
        // What is open may have been written over: a guest's original is looked at below.
        let is_for_all = |sent: Sent| !(asking.guest && sent.quality == Quality::Original);
        if let Some((file, (media_type, sent))) = self.opened.find(&key, write_generation)
            && is_for_all(sent)
        {
            return Ok(Opened { source: Source::File(file), media_type, sent: Some(sent) });
        }
        let row = self.row(&request).await?;
        let track = &row.track;
        refuse_missing(track)?;
        let mut cache = CacheUse::Original;
        if let Ok(profile) = options.wanted(quality, track.audio.as_ref(), track.size_bytes) {
            let fresh = self.sources.are_fresh(&self.store, track).await?;
            let (source, cache_use) =
                match self.transcodes.open(track, fresh, profile, options, asking).await? {
                    Found::Stored(file) => (Some(Source::File(file)), CacheUse::Hit),
                    Found::Growing(growing) => (Some(Source::Growing(growing)), CacheUse::Encoding),
                    Found::Announced(announced) => (Some(Source::Announced(announced)), CacheUse::Encoding),
                    Found::Missing => (None, CacheUse::Miss),
                };
            if let Some(source) = source {
                let (media_type, sent) = (options.codec.media_type(), Sent { quality, cache: cache_use });
                if let Source::File(file) = &source {
                    self.opened.keep(key, write_generation, file, (media_type, sent));
                }
                return Ok(Opened { source, media_type, sent: Some(sent) });
            }
            cache = cache_use;
        }
        let file = self.original(track, asking).await?;
        let media_type = media::media_type(track.audio.as_ref());
        let sent = Sent { quality: Quality::Original, cache };
        if cache == CacheUse::Original {
            self.opened.keep(key, write_generation, &file, (media_type, sent));
        }
        Ok(Opened { source: Source::File(file), media_type, sent: Some(sent) })
    }

    /// The file of a track itself.
    async fn original(&self, track: &Track, asking: Asking<'_>) -> Result<OpenFile> {
        let path = self.store.catalog().track_path(track.id).await?.ok_or_else(|| no_file(track))?;
        let opened = OpenFile::open(&path, SystemTime::now()).await;
        let file = opened.map_err(|error| not_opened(&error))?;
        if asking.guest && !self.sources.are_fresh(&self.store, track).await? {
            return Err(not_scanned());
        }
        Ok(file)
    }

    /// The multivariant playlist of a track.
    async fn variants(&self, request: Request<'_>, form: SegmentForm) -> Result<Opened> {
        let view = self.view(&request, !request.asking.head).await?;
        let variants = view.as_ref().map(View::variants);
        let fits = match &variants {
            Some(variants) => variants.iter().any(fits_transport_stream),
            // Nothing is made for `HEAD`: it is answered from the setting.
            None => request
                .ladder
                .parse::<Ladder>()?
                .variants()
                .iter()
                .any(|variant| matches!(variant.codec(), VariantCodec::Aac { .. })),
        };
        if form == SegmentForm::MpegTs && !fits {
            return Err(Error::new(ErrorKind::NotFound, "the track has no variant for a transport stream")
                .remedy("play index.m3u8, or add an aac variant to hls.ladder"));
        }
        let text = variants.map(|variants| Buffer::from(multivariant_playlist(&variants, form)));
        Ok(Opened { source: Source::Text(text), media_type: PLAYLIST, sent: None })
    }

    /// A file of a variant of a track.
    async fn variant(&self, request: Request<'_>, name: &str, file: VariantFile) -> Result<Opened> {
        let view = self.view(&request, true).await?.ok_or_else(no_track)?;
        let bytes = match file {
            VariantFile::Playlist(form) => {
                let (facts, segments, whole) =
                    view.variant(name).ok_or_else(|| no_such("variant of this track"))?;
                let text = Buffer::from(media_playlist(facts, segments, whole, form));
                return Ok(Opened { source: Source::Text(Some(text)), media_type: PLAYLIST, sent: None });
            }
            VariantFile::Init => Bytes::Init,
            VariantFile::Segment(_, index) => Bytes::Segment(index),
        };
        let part = self.ladders.open(&view, name, bytes).await?;
        let part = part.ok_or_else(|| no_such("segment of this variant"))?;
        if let VariantFile::Segment(SegmentForm::MpegTs, _) = file {
            let segment = part.read_whole(MAX_TS_SOURCE_BYTES).await?;
            let (facts, ..) = view.variant(name).ok_or_else(|| no_such("variant of this track"))?;
            let text = Buffer::from(ts_segment(facts, &segment)?);
            return Ok(Opened {
                source: Source::Text(Some(text)),
                media_type: TRANSPORT_SEGMENT,
                sent: None,
            });
        }
        Ok(Opened { source: Source::File(part), media_type: SEGMENT, sent: None })
    }

    /// The ladder of a track as far as it can be played; `None` where there is none and none is to be made.
    async fn view(&self, request: &Request<'_>, ask: bool) -> Result<Option<View>> {
        let row = self.row(request).await?;
        refuse_missing(&row.track)?;
        refuse_unplayable(&row.track)?;
        let view = self.ladders.view(&row.track, request.ladder, ask).await;
        view.map_err(|error| no_ladder(&error))
    }

    /// The row of the track.
    async fn row<'a>(&self, request: &Request<'a>) -> Result<Cow<'a, TrackRow>> {
        match request.row {
            Some(row) => Ok(Cow::Borrowed(row)),
            None => self.store.catalog().track(request.track).await?.map(Cow::Owned).ok_or_else(no_track),
        }
    }
}
