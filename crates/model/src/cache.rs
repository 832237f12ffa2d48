//! [`CacheOptions`]: whether, what and how much is made smaller and kept.

use crate::{AudioProperties, Error, ErrorKind, Profile, Quality, TranscodeCodec};

/// Room for transcodes and for the HLS of library tracks: about 300 hours of music at 192 kbit/s in transcodes, and as much HLS.
const CAP_BYTES: u64 = 10 << 30;
/// What a listener's machine asks of one encoder is little, and each encoder fills a core for seconds only.
const MAX_ENCODES: usize = 8;
/// Two tabs and the next track.
const MAX_ENCODES_PER_PERSON: usize = 3;
/// How many tracks are cached at a time.
const WORKERS: usize = 4;

/// Whether transcodes are made, of which tracks and qualities, and how much of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheOptions {
    /// The master switch: without it every quality is the original.
    pub enabled: bool,
    /// What is sent to everybody who names no quality, signed in or guest.
    pub default_quality: Quality,
    /// The codec of transcodes.
    pub codec: TranscodeCodec,
    /// Tracks that are encoded at a time when many are made ahead; never more than there are processors.
    pub workers: usize,
    /// Whether saved mixtapes and uploads are made ready at once.
    pub precache: bool,
    /// For which qualities.
    pub precache_qualities: Vec<Quality>,
    /// Whether a missing file is made while it is sent; otherwise the original is sent and the miss logged.
    pub encode_on_miss: bool,
    /// How many bytes transcodes and the HLS of library tracks may take together.
    pub cap_bytes: u64,
    /// How long a file that nobody uses is kept, in days; `None` for ever.
    pub max_age_days: Option<u32>,
    /// How many files may be made at a time for listeners, all together.
    pub max_encodes: usize,
    /// And for one of them.
    pub max_encodes_per_person: usize,
}

/// Why nothing smaller is made of a track: its original is what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade {
    /// The original is asked for.
    Original,
    /// The cache is switched off.
    Off,
    /// The file was not read yet, or cannot be.
    Unread,
    /// Its codec is lossy: it is small already, and smaller would only be worse.
    Lossy,
    /// The transcode would not be smaller than the original.
    Larger,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            default_quality: Quality::Medium,
            codec: TranscodeCodec::Mp3,
            workers: WORKERS,
            precache: true,
            precache_qualities: vec![Quality::Medium],
            encode_on_miss: true,
            cap_bytes: CAP_BYTES,
            max_age_days: None,
            max_encodes: MAX_ENCODES,
            max_encodes_per_person: MAX_ENCODES_PER_PERSON,
        }
    }
}

impl CacheOptions {
    /// The profile of that quality; `None` where the original is sent.
    #[must_use]
    pub fn profile(&self, quality: Quality) -> Option<Profile> {
        if self.enabled { Profile::of(quality, self.codec) } else { None }
    }

    /// The profile of what is made for that quality of a source with those properties and that many bytes: the one rule for what
    /// is sent, made ahead, explained and shown.
    ///
    /// # Errors
    /// Why nothing is made.
    pub fn wanted(
        &self,
        quality: Quality,
        audio: Option<&AudioProperties>,
        source_bytes: u64,
    ) -> Result<Profile, NotMade> {
        if quality == Quality::Original {
            return Err(NotMade::Original);
        }
        let profile = self.profile(quality).ok_or(NotMade::Off)?;
        let audio = audio.ok_or(NotMade::Unread)?;
        if !audio.is_lossless() {
            return Err(NotMade::Lossy);
        }
        profile.for_source(audio, source_bytes).ok_or(NotMade::Larger)
    }

    /// The profiles of what is made ready ahead of time; none where nothing is.
    #[must_use]
    pub fn precached(&self) -> Vec<Profile> {
        if !self.precache {
            return Vec::new();
        }
        self.precache_qualities.iter().filter_map(|quality| self.profile(*quality)).collect()
    }
}

/// The error of a source of which so much less can be decoded than it declares that a transcode would pass for the whole track.
/// `said`: what its decoder had to say.
#[must_use]
pub fn cut_short(found_s: f64, whole_s: f64, said: &[String]) -> Error {
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
    Error::new(
        ErrorKind::Malformed,
        format!("the file is damaged: {found_s:.1} s of {whole_s:.1} s can be decoded{said}"),
    )
    .remedy("replace the file; until then its original is sent as it is")
}
