//! What is known of the music: folders, tracks, artists, releases, results, tasks.
//!
//! [`Catalog`] is one concrete type on SQLite for now; it becomes a trait when the second back-end comes.
//!
//! Vocabulary: a *row number* (`n`) stays inside the database; an *id* leaves it. *Filing* puts a track under
//! its artist and release. *Content* is a file's bytes: results belong to content, so equal files share them.
//!
//! Invariants: a change of tracks, their filing, their search row and their jobs is one transaction; counts of
//! artists and releases are right after every transaction, and none is left without tracks. Tracks whose file is missing
//! are in no list, no search, no count: every statement that lists tracks asks for `presence = 'here'`.

mod analysis;
mod away;
mod below;
pub(crate) mod blob_names;
mod browse;
mod cached;
mod candidates;
pub(crate) mod check;
pub(crate) mod deep;
mod dump;
mod enrichments;
mod filing;
mod folders;
mod former_places;
mod leftover;
mod mixtapes;
mod mixtapes_changed;
mod mixtapes_kept;
mod outcome;
mod packed;
mod paging;
mod parked;
mod played;
mod playlists;
mod presence;
mod quarantine;
mod requeue;
mod rewritten;
mod scan;
mod scan_rows;
mod sent_again;
mod settings;
mod shares;
mod shuffled;
mod small_failures;
mod sweep;
mod tasks;
mod track_filter;
mod track_rows;
mod tracks;
mod transcode_row;
mod transcodes;
mod uploads;
mod wanted_covers;

use std::sync::Arc;

pub use analysis::AnalysisCommit;
pub use away::{FolderMount, ScanEnd};
pub use browse::LibraryCounts;
pub use cached::{CacheRun, CachedCounts};
pub use deep::{DeepChecked, DeepStep, Rotten};
pub use folders::KnownFile;
pub use former_places::{FileElsewhere, FormerPlace};
pub use leftover::Leftover;
pub use mixtapes::MixtapeQuery;
pub use mixtapes_changed::{MixtapeChange, NewMixtape};
pub use paging::{MAX_PAGE, Page};
pub use parked::{MAX_PARKED, ParkedFilter, ParkedJob, ParkedPage, ParkedPlace, ParkedTrack};
pub use playlists::Matched;
pub use quarantine::{Keeping, QuarantineCounts, Quarantined, StoredKind, Swept};
pub use rewritten::FileFacts;
pub use scan::{ScanApplied, ScanChange, ScannedFile};
pub use shares::{NewShare, Opened};
pub use track_filter::{TrackQuery, TrackSort};
pub use track_rows::TrackRow;
pub use transcodes::{Transcode, TranscodeCounts, TranscodePart};
pub use uploads::{EnrichCommit, NewUpload, ProcessCommit, Uploaded};
pub use wanted_covers::WantedCover;

use crate::{BlobStore, CacheFolder, CachedFile, db::Db};

/// What is known of the music.
#[derive(Clone)]
pub struct Catalog {
    db: Db,
    /// To check that rows point at bytes, and to remove bytes that no row points at.
    blobs: Arc<dyn BlobStore>,
    /// Likewise, for transcodes.
    cache: CacheFolder,
}

impl Catalog {
    pub(crate) fn new(db: Db, blobs: Arc<dyn BlobStore>, cache: CacheFolder) -> Self {
        Self { db, blobs, cache }
    }
}
