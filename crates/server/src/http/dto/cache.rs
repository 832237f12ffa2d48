//! The transcode cache.

use fanfare_audio::FfmpegUse;
use fanfare_delivery::{Explained, FileState};
use fanfare_model::{Quality, Track, TranscodeCodec};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::extract::object;

/// How a track is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Quality)]
pub enum QualityDto {
    /// The track's own file.
    Original,
    /// The largest of the transcodes.
    High,
    /// What is usually right for a phone.
    Medium,
    /// For slow and costly lines.
    Low,
}

impl From<Quality> for QualityDto {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Original => Self::Original,
            Quality::High => Self::High,
            Quality::Medium => Self::Medium,
            Quality::Low => Self::Low,
        }
    }
}

impl From<QualityDto> for Quality {
    fn from(quality: QualityDto) -> Self {
        match quality {
            QualityDto::Original => Self::Original,
            QualityDto::High => Self::High,
            QualityDto::Medium => Self::Medium,
            QualityDto::Low => Self::Low,
        }
    }
}

/// How the cache stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheStatus)]
pub struct CacheStatusDto {
    /// The master switch.
    pub enabled: bool,
    /// Where transcodes lie; only owners are told.
    pub folder: Option<String>,
    /// The codec of transcodes: `mp3`, `opus` or `aac`.
    pub codec: String,
    /// What is sent to everybody who names no quality, signed in or guest.
    pub default_quality: QualityDto,
    /// `encode` or `original`.
    pub on_miss: String,
    /// Whether saved mixtapes and uploads are made ready at once.
    pub precache_on_upload: bool,
    /// The room that all of it may take.
    pub cap_bytes: u64,
    /// The room that it takes, HLS of library tracks included.
    pub size_bytes: u64,
    /// What is free on the disk of the cache folder, where the system says that.
    pub free_bytes: Option<u64>,
    /// The share of HLS in that.
    pub hls_bytes: u64,
    /// Transcodes.
    pub files: u64,
    /// Requests that were answered from whole files, since the server started.
    pub hits: u64,
    /// Those that were not.
    pub misses: u64,
    /// Files that are being made for listeners now.
    pub encoding: u64,
    /// When the file that was used longest ago was used.
    #[schema(format = DateTime)]
    pub oldest_used: Option<String>,
    /// By quality, the best first.
    pub qualities: Vec<CacheQualityDto>,
    /// Tracks at a time when many are made ahead.
    pub max_workers: u64,
    /// What encodes.
    pub encoder: EncoderDto,
}

impl EncoderDto {
    /// Whether transcodes of that codec can be made here. May start a program to see.
    #[must_use]
    pub fn look(codec: TranscodeCodec, ffmpeg: &FfmpegUse) -> Self {
        let found = fanfare_audio::transcode::encoder(codec, ffmpeg);
        let name = match codec {
            TranscodeCodec::Mp3 => "LAME",
            TranscodeCodec::Opus => "libopus",
            TranscodeCodec::Aac => "ffmpeg",
        };
        let problem = found.as_ref().err();
        Self {
            available: problem.is_none(),
            problem: problem.map(|error| error.message().to_owned()),
            remedy: problem.and_then(|error| error.remedy_text()).map(str::to_owned),
            name: found.as_ref().map_or(name, |found| found).to_owned(),
        }
    }
}

/// Transcodes of one quality.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheQuality)]
pub struct CacheQualityDto {
    /// The quality.
    pub quality: QualityDto,
    /// Their rate.
    pub bitrate_bps: u64,
    /// How many there are.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What makes transcodes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheEncoder)]
pub struct EncoderDto {
    /// Its name.
    pub name: String,
    /// Whether it is there.
    pub available: bool,
    /// Why it is not.
    pub problem: Option<String>,
    /// What to do about that.
    pub remedy: Option<String>,
}

/// Which tracks: exactly one of these.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = CacheScope)]
pub struct ScopeDto {
    /// Those, in that order.
    pub tracks: Option<Vec<String>>,
    /// Those of a release.
    pub release: Option<String>,
    /// Those of an artist.
    pub artist: Option<String>,
    /// Those of a mixtape, by its slug.
    pub mixtape: Option<String>,
    /// Those that a search finds.
    pub search: Option<String>,
    /// All.
    pub all: Option<bool>,
}

/// What to make ready.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CacheRequest)]
pub struct CacheRequestDto {
    /// Of which tracks.
    #[serde(deserialize_with = "object")]
    pub scope: ScopeDto,
    /// Which qualities; by the settings when there are none.
    #[serde(default)]
    pub qualities: Vec<QualityDto>,
    /// Tracks at a time; 1 for one after the other, by the settings when absent.
    #[serde(default)]
    pub workers: Option<usize>,
    /// Whether what is there is made again. Only for `/cache/warm`.
    #[serde(default)]
    pub overwrite: bool,
}

/// What to remove.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = CacheClearing)]
pub struct ClearDto {
    /// Only what was made longer ago than that.
    pub older_than_days: Option<u32>,
    /// Only that quality.
    pub quality: Option<QualityDto>,
    /// Only those tracks; all without it.
    pub scope: Option<ScopeDto>,
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheCleared)]
pub struct ClearedDto {
    /// Files.
    pub removed: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was found of tracks.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = CacheVerified)]
pub struct VerifiedDto {
    /// Files that were looked for.
    pub checked: u64,
    /// Those that are ready.
    pub ready: u64,
    /// Those that are not there.
    pub missing: u64,
    /// Those that were made of something else than the source is now.
    pub stale: u64,
    /// Those that are not as they were made.
    pub damaged: u64,
    /// The first 500 tracks, one by one.
    pub tracks: Vec<VerifiedTrackDto>,
}

impl VerifiedDto {
    /// Counts what was found of a track, and names the track while fewer than `shown` are.
    pub fn take(&mut self, track: &Track, explained: &[Explained], shown: usize) {
        for one in explained {
            let count = match one.state {
                FileState::Ready => &mut self.ready,
                FileState::Missing | FileState::Encoding => &mut self.missing,
                FileState::Stale => &mut self.stale,
                FileState::Damaged => &mut self.damaged,
                FileState::NotNeeded => continue,
            };
            *count += 1;
            self.checked += 1;
        }
        if self.tracks.len() < shown {
            let state = |one: &Explained| (one.quality.to_string(), one.state.as_str().to_owned());
            self.tracks.push(VerifiedTrackDto {
                track: track.id.to_string(),
                title: track.title.clone(),
                qualities: explained.iter().map(state).collect(),
            });
        }
    }
}

/// One track of that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheVerifiedTrack)]
pub struct VerifiedTrackDto {
    /// The track.
    pub track: String,
    /// Its title.
    pub title: String,
    /// By quality: `ready`, `missing`, `stale`, `damaged` or `not_needed`.
    pub qualities: std::collections::BTreeMap<String, String>,
}

/// Why a track's transcodes are as they are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheExplanation)]
pub struct ExplanationDto {
    /// The track.
    pub track: String,
    /// Its title.
    pub title: String,
    /// What it is made of.
    pub source: ExplainedSourceDto,
    /// By quality, the best first.
    pub qualities: Vec<ExplainedDto>,
}

/// What transcodes are made of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheSource)]
pub struct ExplainedSourceDto {
    /// Its codec.
    pub codec: Option<String>,
    /// Whether that keeps every bit.
    pub lossless: Option<bool>,
    /// The hash of its bytes, from which the names of transcodes come.
    pub hash: Option<String>,
    /// Its size.
    pub size_bytes: u64,
}

/// One quality of a track.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CacheExplained)]
pub struct ExplainedDto {
    /// The quality.
    pub quality: QualityDto,
    /// The name that its file has, or would have.
    pub expected_file: Option<String>,
    /// Whether there is such a file.
    pub found: bool,
    /// `ready`, `missing`, `stale`, `damaged`, `encoding` or `not_needed`.
    pub state: String,
    /// How many bytes it has.
    pub size_bytes: Option<u64>,
    /// Why it is as it is.
    pub reason: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl From<Explained> for ExplainedDto {
    fn from(explained: Explained) -> Self {
        Self {
            quality: explained.quality.into(),
            expected_file: explained.expected_file,
            found: explained.size_bytes.is_some(),
            state: explained.state.as_str().to_owned(),
            size_bytes: explained.size_bytes,
            reason: explained.reason,
            remedy: explained.remedy,
        }
    }
}
