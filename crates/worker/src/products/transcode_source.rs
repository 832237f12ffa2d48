//! [`Subject`]: a track whose transcodes are made, ahead of time or while a listener plays.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use fanfare_audio::{CancelFlag, OpenOptions, PcmSource, transcode::TranscodePlan};
use fanfare_channel::{
    regular_file::{hash_file, open_regular},
    stamp::FileStamp,
    text,
};
use fanfare_model::{
    ContentHash, Error, ErrorKind, FrameIndex, Profile, Result, SampleSpec, Tags, Track, TrackId,
};
use fanfare_store::{BlobKind, Store};

/// A track whose transcodes are to be made.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) id: TrackId,
    pub(crate) path: PathBuf,
    /// What people are shown.
    pub(crate) shown: String,
    pub(crate) title: String,
    /// The hash of its bytes as far as the catalog knows it, which is that of other bytes if the file was written to.
    known: Option<ContentHash>,
    scanned: FileStamp,
    in_folder: bool,
    /// Frames as they were counted, if the track was analyzed.
    counted: Option<u64>,
    /// What its decoder had to say then.
    said: Vec<String>,
    seconds: f64,
    tags: Tags,
    /// Its cover as it is stored: small, and made by us.
    cover: Option<Vec<u8>>,
}

/// How often it is looked whether an upload's cover is made, which usually takes a moment, and with which pause.
const COVER_LOOKS: u32 = 20;
const COVER_PAUSE: Duration = Duration::from_millis(250);

impl Subject {
    /// That track, whose bytes lie there.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn new(store: &Store, track: &Track, path: PathBuf) -> Result<Self> {
        let cover = cover_of(store, track).await?;
        let said = store.catalog().decoder_warnings(track.id).await?;
        Ok(Self { cover, said, ..Self::without_cover(track, path) })
    }

    /// The same without its cover, which may have to be waited for: for what has no room for one.
    pub(crate) fn without_cover(track: &Track, path: PathBuf) -> Self {
        let analyzed = track.content_hash.is_some();
        Self {
            id: track.id,
            shown: text::shown(track, &path),
            path,
            title: track.title.clone(),
            known: track.hash,
            scanned: FileStamp::scanned(track),
            in_folder: track.home.folder().is_some(),
            counted: track.audio.as_ref().and_then(|audio| audio.frames).filter(|_| analyzed),
            said: Vec::new(),
            seconds: track.audio.as_ref().and_then(|audio| audio.duration_s()).unwrap_or_default(),
            tags: track.tags.clone(),
            cover: None,
        }
    }

    /// How long it is, in seconds, as far as the catalog knows.
    pub(crate) const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// How many bytes the file has.
    pub(crate) const fn size(&self) -> u64 {
        self.scanned.size_bytes
    }

    /// Whether the file is still the one that the catalog knows, by size and modification time; returns how it is now.
    ///
    /// # Errors
    /// `Conflict` when it is not; those of looking.
    pub(crate) fn check(&self) -> Result<FileStamp> {
        if !self.in_folder {
            return Ok(self.scanned); // the bytes of an upload never change
        }
        let handle = open_regular(&self.path)?;
        let now =
            FileStamp::of(&handle.metadata().map_err(|error| Error::from_io("look at the file", error))?);
        self.scanned.check(&now)?;
        Ok(now)
    }

    /// Whether nothing was written to the file since it was so.
    ///
    /// # Errors
    /// `Conflict` when something may have been: what was made of it is of no certain bytes; those of looking.
    pub(crate) fn check_since(&self, before: &FileStamp) -> Result<()> {
        if before.is_same_as(&self.check()?) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Conflict, "the file changed while it was read"))
    }

    /// The hash of its bytes, if the catalog knows it and the file was not written to since the scan. A size and
    /// modification time that were set back hide nothing from this.
    pub(crate) fn hash_at(&self, now: &FileStamp) -> Option<ContentHash> {
        self.known.filter(|_| self.scanned.is_same_as(now))
    }

    /// The hash of its bytes, read if it is not known for certain.
    ///
    /// # Errors
    /// `Conflict` when the catalog knows other bytes: a scan has to find that out; those of reading; `Cancelled`.
    pub(crate) fn hash(
        &self,
        now: &FileStamp,
        cancel: &CancelFlag,
        on_block: &mut dyn FnMut(),
    ) -> Result<ContentHash> {
        if let Some(hash) = self.hash_at(now) {
            return Ok(hash);
        }
        let hash = hash_file(&open_regular(&self.path)?, cancel, on_block)?;
        match self.known {
            Some(known) if known != hash => {
                Err(Error::new(ErrorKind::Conflict, "the file changed since it was scanned"))
            }
            _ => Ok(hash),
        }
    }

    /// Opens the source and writes the plan of every profile whose file is smaller than it. `count`: whether to count the
    /// frames even if the file says how many there are.
    ///
    /// # Errors
    /// Those of opening and decoding; `Empty`; `Malformed` when more than a second of it cannot be decoded.
    pub(crate) fn plans(
        &self,
        profiles: &[Profile],
        open: &OpenOptions,
        count: bool,
    ) -> Result<(Box<dyn PcmSource>, TranscodePlans)> {
        let source = fanfare_audio::open(&self.path, open)?;
        let declared = source.facts().declared_frames.filter(|_| !count);
        // What is known to be cut since all of it was decoded is not decoded again.
        let cut = |frames: &u64| !self.said.is_empty() && too_short(&*source, *frames).is_some();
        let known = self.counted.filter(cut);
        let (frames, said) = match known.or(self.counted.filter(|_| !count)).or(declared) {
            Some(frames) => (frames, known.map(|_| self.said.clone())),
            None => {
                let (frames, said) = counted(&self.path, open)?;
                (frames, Some(said))
            }
        };
        if let Some(whole_s) = too_short(&*source, frames) {
            // Decoded once more, for the decoder's own words.
            let (frames, said) = match said {
                Some(said) => (frames, said),
                None => counted(&self.path, open)?,
            };
            return Err(fanfare_model::cache::cut_short(source.spec().rate.seconds(frames), whole_s, &said));
        }
        let plans = self.plans_for(profiles, source.spec(), frames)?;
        Ok((source, plans))
    }

    /// Writes the plan of every profile whose file is smaller than the source, which has that spec and exactly that many
    /// frames.
    ///
    /// # Errors
    /// `Empty`, `Unsupported`.
    pub(crate) fn plans_for(
        &self,
        profiles: &[Profile],
        spec: SampleSpec,
        frames: u64,
    ) -> Result<TranscodePlans> {
        if frames == 0 {
            return Err(Error::new(ErrorKind::Empty, "there is no audio in the file"));
        }
        let of = (&self.tags, self.cover.as_deref());
        let plan = |profile: &Profile| {
            let plan = TranscodePlan::smaller_than(self.size(), *profile, spec, frames, of);
            plan.map(|plan| plan.map(|plan| (*profile, plan))).transpose()
        };
        profiles.iter().filter_map(plan).collect()
    }
}

/// Plans, each with the profile it is of.
pub(crate) type TranscodePlans = Vec<(Profile, TranscodePlan)>;

/// How long the source says it is, in seconds, if that is more than a second longer than that many frames: what is made of it
/// would pass for the whole track.
pub(crate) fn too_short(source: &dyn PcmSource, frames: u64) -> Option<f64> {
    let (rate, whole) = (source.spec().rate, source.whole_frames()?);
    (frames.saturating_add(u64::from(rate.hz())) < whole).then(|| rate.seconds(whole))
}

/// The error of a source of which nothing smaller can be made.
pub(crate) fn not_smaller() -> Error {
    Error::new(ErrorKind::Unsupported, "the transcode would be larger than the original")
        .remedy("nothing has to be done: the original is sent")
}

/// The cover of a track. One that is still being made is waited for, for a few seconds.
///
/// # Errors
/// Errors of the store.
async fn cover_of(store: &Store, track: &Track) -> Result<Option<Vec<u8>>> {
    let mut cover = track.cover;
    for _ in 0..COVER_LOOKS {
        if cover.is_some() || !store.catalog().wants_cover(track.id).await? {
            break;
        }
        tokio::time::sleep(COVER_PAUSE).await;
        cover = store.catalog().track(track.id).await?.and_then(|row| row.track.cover);
    }
    match cover {
        Some(cover) => store.blobs().get(BlobKind::Cover, cover).await,
        None => Ok(None),
    }
}

/// How many frames there really are, decoded and dropped, and what the decoder had to say.
fn counted(path: &Path, open: &OpenOptions) -> Result<(u64, Vec<String>)> {
    let mut source = fanfare_audio::open(path, open)?;
    let mut frames = 0;
    while let Some(chunk) = source.next_chunk()? {
        frames += chunk.frames() as u64;
    }
    Ok((frames, source.warnings().to_vec()))
}

/// Moves a source to where a pass has to begin.
///
/// # Errors
/// Those of seeking; `Malformed` when the source ends before.
pub(crate) fn begin_at(source: &mut dyn PcmSource, frame: u64) -> Result<()> {
    if frame == 0 || source.seek(FrameIndex(frame))? == FrameIndex(frame) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Malformed, "the file is shorter than it says"))
}
