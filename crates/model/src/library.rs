//! The library around the tracks: folders, artists, releases.

use serde::{Deserialize, Serialize};

use crate::{ArtistId, ContentHash, FolderId, ReleaseId, Timestamp};

/// A folder that belongs to the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// Its absolute path.
    pub path: std::path::PathBuf,
    /// When it was added.
    pub added: Timestamp,
    /// When a scan of it last ended.
    pub scanned: Option<Timestamp>,
}

/// A person or a group that tracks and releases are credited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artist {
    /// Id.
    pub id: ArtistId,
    /// Name as first met.
    pub name: String,
    /// Tracks filed under the artist.
    pub track_count: u64,
    /// Releases credited to the artist.
    pub release_count: u64,
}

/// A release: an album, single, compilation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Id.
    pub id: ReleaseId,
    /// Title as first met.
    pub title: String,
    /// Artist it is credited to, if one is known.
    pub artist: Option<ArtistId>,
    /// That artist's name.
    pub artist_name: Option<String>,
    /// Year of release.
    pub year: Option<u16>,
    /// Tracks on it.
    pub track_count: u64,
    /// Cover of its first track that has one.
    pub cover: Option<ContentHash>,
}
