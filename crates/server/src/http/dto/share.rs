//! Public links, and what guests see.

use fanfare_model::{Mixtape, Share};
use fanfare_store::TrackRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::catalog::CatalogTrackDto;
use crate::http::clock::rfc3339;

/// A public link to a mixtape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareDto {
    /// Id.
    pub id: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created: String,
    /// When it ends; `null`: when a user removes it.
    #[schema(format = DateTime)]
    pub expires: Option<String>,
    /// Whether it has ended.
    pub expired: bool,
    /// Whether guests may take the files with them.
    pub download: bool,
    /// Whether guests need a password.
    pub password: bool,
}

impl ShareDto {
    /// The link, as of that time.
    #[must_use]
    pub fn new(share: &Share, now: fanfare_model::Timestamp) -> Self {
        Self {
            id: share.id.to_string(),
            created: rfc3339(share.created),
            expires: share.expires.map(rfc3339),
            expired: share.expires.is_some_and(|expires| expires <= now),
            download: share.download,
            password: share.password_hash.is_some(),
        }
    }
}

/// A new public link: the only time its token is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewShare)]
pub struct NewShareDto {
    /// The link.
    #[serde(flatten)]
    pub share: ShareDto,
    /// What opens it.
    pub token: String,
    /// The address to give away. The token stands behind `#`, so no server's log ever sees it.
    pub url: String,
    /// The address as a QR code, an SVG image.
    pub qr_svg: String,
}

/// Makes a public link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShareRequest {
    /// Days until it ends; without this and `expires` it ends when a user removes it.
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u32>,
    /// When it ends.
    #[schema(format = DateTime)]
    pub expires: Option<String>,
    /// What guests must know besides the link.
    #[schema(min_length = 8, max_length = 1024)]
    pub password: Option<String>,
    /// Whether guests may take the files with them.
    #[serde(default)]
    pub download: bool,
}

/// Opens a public link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenShareRequest {
    /// The token behind `#`.
    #[schema(max_length = 128)]
    pub token: String,
    /// The password, where one is needed.
    pub password: Option<String>,
}

/// A mixtape as a guest sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SharedMixtape)]
pub struct SharedMixtapeDto {
    /// Id of the link.
    pub share: String,
    /// Title.
    pub title: String,
    /// What its maker says about it; may be empty.
    pub notes: String,
    /// Address of its cover.
    pub cover: Option<String>,
    /// Name of the person whose it is.
    pub owner: Option<String>,
    /// Whether `?download=1` gives files to keep.
    pub download: bool,
    /// When the link ends.
    #[schema(format = DateTime)]
    pub expires: Option<String>,
    /// How long it plays.
    pub duration_s: f64,
    /// Its tracks, in order; those that are gone are left out.
    pub tracks: Vec<SharedTrackDto>,
}

/// A track as a guest sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SharedTrack)]
pub struct SharedTrackDto {
    /// Id: `/shared/tracks/{id}/audio` plays it; `cover` and `waveform/columns` are there too.
    pub id: String,
    /// Title.
    pub title: String,
    /// The artist's name.
    pub artist: Option<String>,
    /// The release's title.
    pub release: Option<String>,
    /// How long it plays.
    pub duration_s: Option<f64>,
    /// Whether `/shared/tracks/{id}/cover` has an image.
    pub has_cover: bool,
    /// Integrated loudness (ITU-R BS.1770-5).
    pub integrated_lufs: Option<f64>,
    /// True peak.
    pub true_peak_dbtp: Option<f64>,
    /// ReplayGain to -18 LUFS: measured, else from the tags.
    pub replaygain_track_gain_db: Option<f64>,
}

impl SharedMixtapeDto {
    /// What the link shows.
    #[must_use]
    pub fn new(share: &Share, mixtape: Mixtape, tracks: Vec<TrackRow>) -> Self {
        let has_cover = mixtape.cover.is_some() || mixtape.has_art;
        Self {
            share: share.id.to_string(),
            cover: has_cover
                .then(|| format!("/api/v1/shared/cover?share={}&v={}", share.id, mixtape.updated.0)),
            title: mixtape.title,
            notes: mixtape.notes,
            owner: mixtape.owner_name,
            download: share.download,
            expires: share.expires.map(rfc3339),
            duration_s: mixtape.duration_s,
            tracks: tracks.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<TrackRow> for SharedTrackDto {
    fn from(row: TrackRow) -> Self {
        // What strangers may know of a published track is more than what a guest gets.
        let track = CatalogTrackDto::from(row);
        Self {
            id: track.id,
            title: track.title,
            artist: track.artist,
            release: track.release,
            duration_s: track.duration_s,
            has_cover: track.has_cover,
            integrated_lufs: track.integrated_lufs,
            true_peak_dbtp: track.true_peak_dbtp,
            replaygain_track_gain_db: track.replaygain_track_gain_db,
        }
    }
}
