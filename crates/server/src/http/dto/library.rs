//! Folders, artists, releases, and counts.

use fanfare_ingest::WorkerStatus;
use fanfare_model::{
    AwayFolder, AwayReason, FolderMissing,
    library::{Artist, Folder, Release},
};
use fanfare_store::LibraryCounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::clock::rfc3339;

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The library in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Library)]
pub struct LibraryDto {
    /// Tracks in all.
    pub tracks: u64,
    /// Tracks waiting to be analyzed.
    pub queued: u64,
    /// Tracks being analyzed.
    pub processing: u64,
    /// Tracks analyzed.
    pub ready: u64,
    /// Tracks that cannot be read.
    pub failed: u64,
    /// Tracks whose file is missing; they are in none of the other numbers.
    pub missing: u64,
    /// Artists.
    pub artists: u64,
    /// Releases.
    pub releases: u64,
    /// How long all of it plays.
    pub duration_s: f64,
    /// Why no track is being analyzed at the moment, when the worker that analyzes them does not stay up.
    pub trouble: Option<String>,
}

impl LibraryDto {
    /// The counts, with the worker's trouble if it has any.
    pub fn new(counts: LibraryCounts, worker: &WorkerStatus) -> Self {
        let LibraryCounts {
            tracks,
            queued,
            processing,
            ready,
            failed,
            missing,
            artists,
            releases,
            duration_s,
        } = counts;
        // A worker that just ended is started again at once: only one that is waited for is trouble.
        let trouble = worker.last_exit.as_ref().filter(|_| worker.pid.is_none()).map(|reason| {
            format!("the worker that analyzes tracks does not stay up: {reason}; the server's log and `fanfare doctor` say more")
        });
        Self { tracks, queued, processing, ready, failed, missing, artists, releases, duration_s, trouble }
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
    /// Tracks in it whose file is not where it was: hidden, and whole again when the file is back.
    pub missing: u64,
    /// Since when the first of them is missing.
    #[schema(format = DateTime)]
    pub missing_since: Option<String>,
    /// When that one is removed by the next scan, unless its file is back: `null` where none is removed by itself.
    #[schema(format = DateTime)]
    pub removed_from: Option<String>,
    /// Folders in it whose tracks were most likely not deleted.
    pub away: Vec<AwayFolderDto>,
}

/// A folder that is taken to be away: storage that is not connected, most likely.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AwayFolder)]
pub struct AwayFolderDto {
    /// Its path below the library folder; empty for the library folder itself.
    pub path: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// Why it is taken to be away.
    pub reason: AwayReasonDto,
    /// How many tracks in it are missing.
    pub tracks: u64,
}

/// Why a folder is taken to be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AwayReason)]
pub enum AwayReasonDto {
    /// The folder is not there.
    NotThere,
    /// The folder cannot be read: nothing is known of its tracks, and they stay as they are.
    Unreadable,
    /// Another file system is there than at the last scan.
    OtherFileSystem,
    /// At least half of the library's tracks, and at least 20, are gone at once.
    ManyGone,
    /// The folder is there and none of its tracks is.
    AllGone,
}

impl From<AwayReason> for AwayReasonDto {
    fn from(reason: AwayReason) -> Self {
        match reason {
            AwayReason::NotThere => Self::NotThere,
            AwayReason::Unreadable => Self::Unreadable,
            AwayReason::OtherFileSystem => Self::OtherFileSystem,
            AwayReason::ManyGone => Self::ManyGone,
            AwayReason::AllGone => Self::AllGone,
        }
    }
}

impl FolderDto {
    /// The folder, and what is missing of it. `keep_days`: for how many days missing tracks are kept; 0: without limit.
    pub fn new(folder: Folder, missing: FolderMissing, keep_days: u32) -> Self {
        // A scan that does not find the folder removes nothing.
        let looked_at = missing.away.iter().all(|away| {
            !away.path.is_empty() || !matches!(away.reason, AwayReason::NotThere | AwayReason::Unreadable)
        });
        let removed = missing.since.filter(|_| keep_days > 0 && looked_at);
        Self {
            id: folder.id.to_string(),
            path: folder.path.to_string_lossy().into_owned(),
            added: rfc3339(folder.added),
            scanned: folder.scanned.map(rfc3339),
            missing: missing.tracks,
            missing_since: missing.since.map(rfc3339),
            removed_from: removed.map(|since| rfc3339(since.plus_ms(i64::from(keep_days) * DAY_MS))),
            away: missing.away.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<AwayFolder> for AwayFolderDto {
    fn from(away: AwayFolder) -> Self {
        Self { path: away.path, since: rfc3339(away.since), reason: away.reason.into(), tracks: away.tracks }
    }
}

/// How many tracks were removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Removed)]
pub struct RemovedDto {
    /// So many.
    pub removed: u64,
    /// Tracks that were not removed, because their files are back.
    pub back: u64,
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

/// How loud a release is played as a whole (ReplayGain 2.0, album gain).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseGain)]
pub struct ReleaseGainDto {
    /// Gain in dB that brings all its tracks together to -18 LUFS; `null` when it is not known. Silent tracks change nothing.
    pub gain_db: Option<f64>,
    /// The largest true peak of its tracks, as a factor of full scale.
    pub peak: Option<f64>,
    /// Why there is no gain.
    pub reason: Option<String>,
    /// The tracks that do not count, each with the reason: the file is missing, it failed, or its values are impossible.
    pub missing: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_does_not_stay_up_is_told() {
        let status = |pid, last_exit: Option<&str>| WorkerStatus {
            pid,
            last_exit: last_exit.map(ToOwned::to_owned),
            ..WorkerStatus::default()
        };
        for (worker, told) in [
            (status(None, None), false),
            (status(Some(1), None), false),
            (status(Some(1), Some("it was killed")), false),
            (status(None, Some("it ended with exit code 3")), true),
        ] {
            let library = LibraryDto::new(LibraryCounts::default(), &worker);
            assert_eq!(library.trouble.is_some_and(|text| text.contains("exit code 3")), told, "{worker:?}");
        }
    }
}
