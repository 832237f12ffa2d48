//! A track: one playable item, however it came in.

use serde::{Deserialize, Serialize};

use crate::{ArtistId, ContentHash, ErrorKind, FolderId, Presence, ReleaseId, Timestamp, TrackId};

/// Where a track stands between arriving and being public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackState {
    /// Known, and waiting to be analyzed.
    Queued,
    /// Being decoded and analyzed.
    Processing,
    /// Analyzed; enrichment is running.
    Enriching,
    /// Analyzed. (Playing never waits for this.)
    Ready,
    /// In the public catalog.
    Published,
    /// Could not be decoded; the track's failure says why.
    Failed,
}

impl TrackState {
    /// The state's stable name in JSON and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Enriching => "enriching",
            Self::Ready => "ready",
            Self::Published => "published",
            Self::Failed => "failed",
        }
    }

    /// Every state, in order.
    pub const ALL: &'static [Self] =
        &[Self::Queued, Self::Processing, Self::Enriching, Self::Ready, Self::Published, Self::Failed];

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == name)
    }
}

/// How far enrichment (everything beyond the first analysis) came. Fails open: playing never depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrichmentState {
    /// Not asked for.
    #[default]
    None,
    /// Waiting or running.
    Pending,
    /// Done.
    Completed,
    /// Given up, with a reason.
    Failed,
}

/// What the container and codec say about the audio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioProperties {
    /// Codec, for example `flac`, `mp3`, `aac`, `alac`, `vorbis`, `opus`, `pcm_s16le`.
    pub codec: String,
    /// Container, for example `flac`, `mp4`, `ogg`, `wav`.
    pub container: String,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Samples per frame.
    pub channels: u8,
    /// Bits per sample of the source, where that means something.
    pub bit_depth: Option<u8>,
    /// Frames after gapless trimming; declared until the file was decoded, then counted.
    pub frames: Option<u64>,
    /// Mean bits per second of the whole file.
    pub bitrate_bps: Option<u32>,
}

impl AudioProperties {
    /// How long the audio lasts, in seconds, where the frame count is known.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        self.frames.map(|frames| frames as f64 / f64::from(self.sample_rate_hz.max(1)))
    }

    /// Whether the codec keeps every bit (decided by codec, not by suffix).
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        self.codec.starts_with("pcm")
            || self.codec.starts_with("dsd")
            || matches!(
                self.codec.as_str(),
                "flac"
                    | "alac"
                    | "ape"
                    | "wavpack"
                    | "tta"
                    | "wmalossless"
                    | "tak"
                    | "truehd"
                    | "mlp"
                    | "shorten"
                    | "als"
            )
    }
}

/// What the file's tags say. Texts are cleaned (no control characters, bounded length) but not trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tags {
    /// Title.
    pub title: Option<String>,
    /// Artist as credited on the track.
    pub artist: Option<String>,
    /// Artist as credited on the release.
    pub album_artist: Option<String>,
    /// Title of the release.
    pub album: Option<String>,
    /// Genre, as written.
    pub genre: Option<String>,
    /// Composer.
    pub composer: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// Year of release.
    pub year: Option<u16>,
    /// Position on the disc, from 1.
    pub track_number: Option<u32>,
    /// Tracks on the disc.
    pub track_total: Option<u32>,
    /// Position of the disc, from 1.
    pub disc_number: Option<u32>,
    /// Discs in the release.
    pub disc_total: Option<u32>,
    /// `REPLAYGAIN_TRACK_GAIN` in dB, used until measured.
    pub replaygain_track_gain_db: Option<f64>,
    /// `REPLAYGAIN_TRACK_PEAK`, linear.
    pub replaygain_track_peak: Option<f64>,
    /// `REPLAYGAIN_ALBUM_GAIN` in dB.
    pub replaygain_album_gain_db: Option<f64>,
    /// `REPLAYGAIN_ALBUM_PEAK`, linear.
    pub replaygain_album_peak: Option<f64>,
    /// MusicBrainz recording id, as written.
    pub musicbrainz_recording_id: Option<String>,
    /// MusicBrainz release id, as written.
    pub musicbrainz_release_id: Option<String>,
    /// MusicBrainz artist id, as written.
    pub musicbrainz_artist_id: Option<String>,
}

/// Why a track cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackFailure {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// The sentence.
    pub message: String,
    /// Where in the file, if known.
    pub offset_bytes: Option<u64>,
    /// When it happened.
    pub at: Timestamp,
    /// When it will be tried again by itself, if ever.
    pub next_retry: Option<Timestamp>,
}

/// Where a track's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackHome {
    /// A file in a library folder, which is only ever read.
    Folder(FolderId),
    /// An upload, kept as a blob named by [`Track::hash`].
    Upload(UploadedBytes),
}

impl TrackHome {
    /// The library folder, for a track that lies in one.
    #[must_use]
    pub const fn folder(self) -> Option<FolderId> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Upload(_) => None,
        }
    }
}

/// What became of the bytes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadedBytes {
    /// Temporary: they are still worked on.
    Incoming,
    /// Kept, so that the original can be played and analyzed again.
    Original,
    /// Deleted when everything was made of them.
    Gone,
}

impl UploadedBytes {
    /// The stable name in JSON and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Original => "original",
            Self::Gone => "gone",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Incoming, Self::Original, Self::Gone].into_iter().find(|bytes| bytes.as_str() == name)
    }
}

/// A track as the catalog holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its id, kept when the file is moved.
    pub id: TrackId,
    /// Where its bytes are.
    pub home: TrackHome,
    /// Its path below the folder, `/` between parts, as text (lossy where the name is no Unicode). Of an upload: the
    /// name it was sent under, which is only ever shown.
    pub relative_path: String,
    /// The file's size.
    pub size_bytes: u64,
    /// The file's modification time.
    pub modified: Timestamp,
    /// The file's inode change time in nanoseconds since the Unix epoch, as the last scan saw it; `None` while no scan
    /// has. It moves with every write to the file, also where size and modification time are set back.
    pub changed_ns: Option<i64>,
    /// Whether the bytes are there.
    pub presence: Presence,
    /// Since when the file is missing.
    pub missing_since: Option<Timestamp>,
    /// Hash of the file's bytes, as soon as they were read.
    pub hash: Option<ContentHash>,
    /// Hash of the bytes that its results belong to, once it was analyzed.
    pub content_hash: Option<ContentHash>,
    /// State.
    pub state: TrackState,
    /// State of enrichment.
    pub enrichment: EnrichmentState,
    /// Why enrichment was given up.
    pub enrichment_error: Option<String>,
    /// Title for display: the tag, else the file's name without suffix.
    pub title: String,
    /// All tags.
    pub tags: Tags,
    /// The artist the track is filed under.
    pub artist: Option<ArtistId>,
    /// The release the track is filed under.
    pub release: Option<ReleaseId>,
    /// What codec and container say; `None` while the file was never readable.
    pub audio: Option<AudioProperties>,
    /// Name of the stored cover image, if there is one (a content hash).
    pub cover: Option<ContentHash>,
    /// Why a picture that it has gave no cover.
    pub cover_error: Option<String>,
    /// Why it cannot be read.
    pub failure: Option<TrackFailure>,
    /// A track that sounds the same, as found by its fingerprint when it was analyzed.
    pub duplicate: Option<TrackId>,
    /// When it was made public. While its file is a changed one that was not analyzed yet, its state says so and it is not.
    pub published: Option<Timestamp>,
    /// When it was first seen.
    pub added: Timestamp,
    /// When anything about it last changed.
    pub updated: Timestamp,
}
