//! What AcoustID knows of a track.

use fanfare_model::enrichment::{AcoustIdMatch, RecordingMatch};
use serde::Serialize;
use utoipa::ToSchema;

/// One of AcoustID's tracks whose fingerprint fits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcoustIdMatch)]
pub struct AcoustIdMatchDto {
    /// AcoustID's identifier.
    pub acoustid: String,
    /// How well the fingerprint fits, 0 to 1.
    pub score: f64,
    /// The recordings in MusicBrainz that it is, the likeliest first.
    pub recordings: Vec<RecordingMatchDto>,
}

/// A recording in MusicBrainz.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingMatch)]
pub struct RecordingMatchDto {
    /// Its identifier.
    pub musicbrainz_recording_id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its artist credit in one line.
    pub artist: Option<String>,
    /// Identifiers of the release groups that hold it.
    pub musicbrainz_release_group_ids: Vec<String>,
}

impl From<AcoustIdMatch> for AcoustIdMatchDto {
    fn from(found: AcoustIdMatch) -> Self {
        let AcoustIdMatch { acoustid, score, recordings } = found;
        Self { acoustid, score, recordings: recordings.into_iter().map(Into::into).collect() }
    }
}

impl From<RecordingMatch> for RecordingMatchDto {
    fn from(found: RecordingMatch) -> Self {
        let RecordingMatch { musicbrainz_recording_id, title, artist, musicbrainz_release_group_ids } = found;
        Self { musicbrainz_recording_id, title, artist, musicbrainz_release_group_ids }
    }
}
