//! Mixtapes.

use fanfare_model::{Mixtape, MixtapeEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::track::TrackDto;
use crate::http::{caller::Caller, clock::rfc3339};

/// An ordered, titled list of tracks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mixtape)]
pub struct MixtapeDto {
    /// Its name in addresses; kept when the title changes.
    pub slug: String,
    /// Title.
    pub title: String,
    /// What its maker says about it; may be empty.
    pub notes: String,
    /// Address of its cover: the one it was given, or one composed of its tracks'. It changes with the mixtape.
    pub cover: Option<String>,
    /// Whether the cover was given, so that `DELETE .../cover` brings the composed one back.
    pub cover_given: bool,
    /// Name of the person whose it is; `null` when their account is gone.
    pub owner: Option<String>,
    /// Whether it is the caller's own.
    pub mine: bool,
    /// Whether the caller may change it: its maker and owners of the server may.
    pub may_change: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated: String,
    /// Entries, also those whose track is gone.
    pub track_count: u64,
    /// Entries whose track is gone.
    pub missing: u64,
    /// How long the tracks that are there play.
    pub duration_s: f64,
}

/// A place in a mixtape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MixtapeEntry)]
pub struct MixtapeEntryDto {
    /// Place, from 0.
    pub position: usize,
    /// Id of the track, also of one that is gone: `PATCH` takes it, so that the entry keeps its place.
    pub id: String,
    /// The track; `null` when it is gone.
    pub track: Option<TrackDto>,
    /// The track's title, also of one that is gone.
    pub title: String,
    /// The track's artist, also of one that is gone.
    pub artist: Option<String>,
    /// How long it plays, also of one that is gone.
    pub duration_s: Option<f64>,
}

/// A mixtape with what is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MixtapeWithTracks)]
pub struct MixtapeWithTracksDto {
    /// The mixtape.
    #[serde(flatten)]
    pub mixtape: MixtapeDto,
    /// What is in it, in order.
    pub tracks: Vec<MixtapeEntryDto>,
}

/// A mixtape made of a playlist.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedMixtape)]
pub struct ImportedMixtapeDto {
    /// The mixtape.
    pub mixtape: MixtapeWithTracksDto,
    /// The playlist's files that no track was found for.
    pub unmatched: Vec<String>,
}

impl MixtapeDto {
    /// The mixtape as that caller sees it.
    #[must_use]
    pub fn new(mixtape: Mixtape, caller: &Caller) -> Self {
        Self {
            cover: cover_address(&mixtape),
            cover_given: mixtape.cover.is_some(),
            mine: mixtape.owner == Some(caller.user.id),
            may_change: caller.may_change(&mixtape),
            slug: mixtape.slug.to_string(),
            title: mixtape.title,
            notes: mixtape.notes,
            owner: mixtape.owner_name,
            created: rfc3339(mixtape.created),
            updated: rfc3339(mixtape.updated),
            track_count: mixtape.track_count,
            missing: mixtape.missing,
            duration_s: mixtape.duration_s,
        }
    }
}

impl MixtapeEntryDto {
    /// The entry with its track, if that is there.
    #[must_use]
    pub fn new(position: usize, entry: MixtapeEntry, track: Option<TrackDto>) -> Self {
        let (title, artist, duration_s) = match &track {
            Some(track) => (
                track.title.clone(),
                track.artist.as_ref().map(|artist| artist.name.clone()),
                track.duration_s,
            ),
            None => (entry.title, entry.artist, entry.duration_s),
        };
        Self { position, id: entry.track.to_string(), track, title, artist, duration_s }
    }
}

/// Where the cover is, if there is one. The number makes a changed cover a new address.
fn cover_address(mixtape: &Mixtape) -> Option<String> {
    let has_one = mixtape.cover.is_some() || mixtape.has_art;
    has_one.then(|| format!("/api/v1/mixtapes/{}/cover?v={}", mixtape.slug, mixtape.updated.0))
}

/// What mixtapes are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MixtapeSort)]
pub enum MixtapeSortDto {
    /// The one that changed last comes first.
    Updated,
    /// Title.
    Title,
}

/// Makes a mixtape.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMixtapeRequest {
    /// Title.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What there is to say about it.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub notes: String,
    /// Its tracks, in order; a track may come more than once.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1000)]
    pub tracks: Vec<fanfare_model::TrackId>,
}

/// Changes a mixtape: what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MixtapeChangeRequest {
    /// A new title. The slug stays.
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// New notes.
    #[schema(max_length = 4000)]
    pub notes: Option<String>,
    /// All its tracks in their new order. Ids of tracks that are gone may stay if they are in the list already.
    #[schema(value_type = Option<Vec<String>>, max_items = 1000)]
    pub tracks: Option<Vec<fanfare_model::TrackId>>,
}

/// An image: JPEG, PNG, WebP, GIF or BMP.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code)] // the body is read as it comes; this describes it
pub struct ImageRequest(Vec<u8>);
