//! Tracks.

mod order;
mod states;
mod waveform;

use fanfare_model::{AudioProperties, CacheOptions, Quality};
use fanfare_store::TrackRow;
pub use order::{SortOrderDto, TrackSortDto};
use serde::{Deserialize, Serialize};
pub use states::{EnrichmentStateDto, PresenceDto, TrackHomeDto, TrackStateDto};
use utoipa::ToSchema;
pub use waveform::{AudioWaveformDto, TrackWaveformDto};

use super::cache::QualityDto;
use crate::http::clock::rfc3339;

/// An artist, by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ArtistRef)]
pub struct ArtistRefDto {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A release, by title.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseRef)]
pub struct ReleaseRefDto {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
}

/// Why a track cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackFailure)]
pub struct TrackFailureDto {
    /// What kind of trouble.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// Where in the file, if known.
    pub offset_bytes: Option<u64>,
    /// When it will be tried again by itself.
    #[schema(format = DateTime)]
    pub next_retry: Option<String>,
}

/// Publishes a track, or takes it back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackChangeRequest {
    /// `published` puts it into the public catalog, `ready` takes it out.
    pub state: PublicationDto,
}

/// Whether a track is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Publication)]
pub enum PublicationDto {
    /// In the public catalog.
    Published,
    /// Not in it.
    Ready,
}

/// A playable item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Track)]
pub struct TrackDto {
    /// Id; kept when the file is moved.
    pub id: String,
    /// Title: the tag, else the file's name.
    pub title: String,
    /// The artist it is filed under.
    pub artist: Option<ArtistRefDto>,
    /// The release it is filed under.
    pub release: Option<ReleaseRefDto>,
    /// The artist credited on the release.
    pub album_artist: Option<String>,
    /// Genre, as written in the tags.
    pub genre: Option<String>,
    /// Year of release.
    pub year: Option<u16>,
    /// Position on the disc.
    pub track_number: Option<u32>,
    /// Position of the disc.
    pub disc_number: Option<u32>,
    /// Where it stands.
    pub state: TrackStateDto,
    /// Whether its file is there.
    pub presence: PresenceDto,
    /// Since when its file is missing.
    #[schema(format = DateTime)]
    pub missing_since: Option<String>,
    /// Why it cannot be read.
    pub failure: Option<TrackFailureDto>,
    /// Where its bytes are.
    pub home: TrackHomeDto,
    /// How far enrichment came.
    pub enrichment: EnrichmentStateDto,
    /// Why enrichment was given up.
    pub enrichment_error: Option<String>,
    /// A track that sounds the same, as found when this one was analyzed.
    #[serde(rename = "twin")]
    pub duplicate: Option<String>,
    /// When it was made public; with another state than `published`, it is again once its changed file is analyzed.
    #[schema(format = DateTime)]
    pub published: Option<String>,
    /// Codec, for example `flac`.
    pub codec: Option<String>,
    /// Container, for example `mp4`.
    pub container: Option<String>,
    /// Frames per second.
    pub sample_rate_hz: Option<u32>,
    /// Samples per frame.
    pub channels: Option<u8>,
    /// Bits per sample of the source.
    pub bit_depth: Option<u8>,
    /// Mean bits per second of the file.
    pub bitrate_bps: Option<u32>,
    /// How long it plays.
    pub duration_s: Option<f64>,
    /// Whether the codec keeps every bit; `null` while the file was not read.
    pub lossless: Option<bool>,
    /// The file's size.
    pub size_bytes: u64,
    /// The file's path below its library folder; of an upload the name it was sent under.
    pub relative_path: String,
    /// Whether `/tracks/{id}/cover` has an image.
    pub has_cover: bool,
    /// Why a picture that it has gave no cover.
    pub cover_error: Option<String>,
    /// Tempo.
    pub tempo_bpm: Option<f64>,
    /// Key, for example `A minor`.
    pub key: Option<String>,
    /// Key on the Camelot wheel, for example `8A`.
    pub camelot: Option<String>,
    /// Integrated loudness (ITU-R BS.1770-5).
    pub integrated_lufs: Option<f64>,
    /// True peak.
    pub true_peak_dbtp: Option<f64>,
    /// ReplayGain to -18 LUFS: measured, else from the tags.
    pub replaygain_track_gain_db: Option<f64>,
    /// Whether transcodes are made of it: its codec keeps every bit, and a file of medium quality would be smaller.
    pub transcodable: bool,
    /// The qualities of which a transcode is ready, the best first.
    pub cached: Vec<QualityDto>,
    /// When an analyzer last measured it; `null` while none did, or when that was before it was noted.
    #[schema(format = DateTime)]
    pub analyzed_at: Option<String>,
    /// When it was first seen.
    #[schema(format = DateTime)]
    pub added: String,
    /// When anything about it last changed.
    #[schema(format = DateTime)]
    pub updated: String,
}

impl From<TrackRow> for TrackDto {
    fn from(row: TrackRow) -> Self {
        let track = row.track;
        let lossless = track.audio.as_ref().map(AudioProperties::is_lossless);
        let duration_s = track.audio.as_ref().and_then(AudioProperties::duration_s);
        let options = CacheOptions::default();
        let transcodable = options.wanted(Quality::Medium, track.audio.as_ref(), track.size_bytes).is_ok();
        let audio = track.audio;
        let of = |part: fn(&AudioProperties) -> Option<u32>| audio.as_ref().and_then(part);
        Self {
            id: track.id.to_string(),
            title: track.title,
            artist: track
                .artist
                .zip(row.artist_name)
                .map(|(id, name)| ArtistRefDto { id: id.to_string(), name }),
            release: track
                .release
                .zip(row.release_title)
                .map(|(id, title)| ReleaseRefDto { id: id.to_string(), title }),
            album_artist: track.tags.album_artist,
            genre: track.tags.genre,
            year: track.tags.year,
            track_number: track.tags.track_number,
            disc_number: track.tags.disc_number,
            state: track.state.into(),
            presence: track.presence.into(),
            missing_since: track.missing_since.map(rfc3339),
            failure: track.failure.map(|failure| TrackFailureDto {
                kind: failure.kind.as_str().to_owned(),
                message: failure.message,
                offset_bytes: failure.offset_bytes,
                next_retry: failure.next_retry.map(rfc3339),
            }),
            home: track.home.into(),
            enrichment: track.enrichment.into(),
            enrichment_error: track.enrichment_error,
            duplicate: track.duplicate.map(|duplicate| duplicate.to_string()),
            published: track.published.map(rfc3339),
            sample_rate_hz: of(|audio| Some(audio.sample_rate_hz)),
            channels: audio.as_ref().map(|audio| audio.channels),
            bit_depth: audio.as_ref().and_then(|audio| audio.bit_depth),
            bitrate_bps: of(|audio| audio.bitrate_bps),
            duration_s,
            lossless,
            codec: audio.as_ref().map(|audio| audio.codec.clone()),
            container: audio.map(|audio| audio.container),
            size_bytes: track.size_bytes,
            relative_path: track.relative_path,
            has_cover: track.cover.is_some(),
            cover_error: track.cover_error,
            transcodable,
            cached: row.cached.into_iter().map(Into::into).collect(),
            tempo_bpm: row.tempo_bpm,
            key: row.key,
            camelot: row.camelot,
            integrated_lufs: row.integrated_lufs,
            true_peak_dbtp: row.true_peak_dbtp,
            replaygain_track_gain_db: row.replaygain_track_gain_db,
            analyzed_at: row.analyzed.map(rfc3339),
            added: rfc3339(track.added),
            updated: rfc3339(track.updated),
        }
    }
}

/// A file to take in, as a form.
#[derive(ToSchema)]
pub struct UploadRequest {
    /// The file. Its name is only shown, its declared type is not looked at.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    #[allow(dead_code)] // the form is read as it comes; this describes it
    pub file: Vec<u8>,
}

/// The track that a file became.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadedTrack)]
pub struct UploadedTrackDto {
    /// The track.
    #[serde(flatten)]
    pub track: TrackDto,
    /// Whether the same bytes were here already, as this track.
    pub duplicate: bool,
}
