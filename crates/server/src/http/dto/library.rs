//! Folders, artists, releases, and counts.

use fanfare_model::library::{Artist, Folder, Release};
use fanfare_store::LibraryCounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::clock::rfc3339;

/// The library in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Library)]
pub struct LibraryDto {
    /// Tracks in all.
    pub tracks: u64,
    /// Tracks waiting to be heard.
    pub queued: u64,
    /// Tracks being heard.
    pub processing: u64,
    /// Tracks heard.
    pub ready: u64,
    /// Tracks that cannot be read.
    pub failed: u64,
    /// Artists.
    pub artists: u64,
    /// Releases.
    pub releases: u64,
    /// How long all of it plays.
    pub duration_s: f64,
}

impl From<LibraryCounts> for LibraryDto {
    fn from(counts: LibraryCounts) -> Self {
        let LibraryCounts { tracks, queued, processing, ready, failed, artists, releases, duration_s } =
            counts;
        Self { tracks, queued, processing, ready, failed, artists, releases, duration_s }
    }
}

/// A library folder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Folder)]
pub struct FolderDto {
    /// Id.
    pub id: String,
    /// Its absolute path.
    pub path: String,
    /// When it was added.
    #[schema(format = DateTime)]
    pub added: String,
    /// When a scan of it last ended.
    #[schema(format = DateTime)]
    pub scanned: Option<String>,
}

impl From<Folder> for FolderDto {
    fn from(folder: Folder) -> Self {
        Self {
            id: folder.id.to_string(),
            path: folder.path.to_string_lossy().into_owned(),
            added: rfc3339(folder.added),
            scanned: folder.scanned.map(rfc3339),
        }
    }
}

/// Adds a folder to the library.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFolderRequest {
    /// An absolute path on the server.
    #[schema(max_length = 4096)]
    pub path: String,
}

/// An artist.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Artist)]
pub struct ArtistDto {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Tracks filed under the artist.
    pub track_count: u64,
    /// Releases credited to the artist.
    pub release_count: u64,
}

impl From<Artist> for ArtistDto {
    fn from(artist: Artist) -> Self {
        let Artist { id, name, track_count, release_count } = artist;
        Self { id: id.to_string(), name, track_count, release_count }
    }
}

/// A release: an album, a single, a compilation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Release)]
pub struct ReleaseDto {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// The artist it is credited to.
    pub artist_id: Option<String>,
    /// That artist's name.
    pub artist_name: Option<String>,
    /// Year of release.
    pub year: Option<u16>,
    /// Tracks on it.
    pub track_count: u64,
    /// Whether `/releases/{id}/cover` has an image.
    pub has_cover: bool,
}

impl From<Release> for ReleaseDto {
    fn from(release: Release) -> Self {
        Self {
            id: release.id.to_string(),
            title: release.title,
            artist_id: release.artist.map(|id| id.to_string()),
            artist_name: release.artist_name,
            year: release.year,
            track_count: release.track_count,
            has_cover: release.cover.is_some(),
        }
    }
}
