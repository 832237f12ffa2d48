//! What survives a restart.
//!
//! Purpose: the [`Catalog`] of what is known, the [`JobQueue`] of what is still to do, the [`BlobStore`] of
//! bytes that belong to us (covers), and [`People`] with their sessions and keys. One SQLite database and a folder of
//! blobs below the data folder; several processes (server and worker) may have it open at once.
//!
//! `Catalog` and `People` are concrete SQLite types for now: a trait comes with their second back-end.
//!
//! Invariants: decodes no audio and knows no HTTP; no driver's error type leaves the crate; a row never
//! points at missing bytes; no clock is read for anything stored (callers pass `now`); every write is one
//! short transaction that waits for nothing but the database.

pub mod backup;
pub mod blobs;
mod cached;
mod catalog;
mod connect;
mod database_file;
mod db;
mod disk;
mod ended;
mod error;
mod failure;
mod file_work;
mod folding;
mod fresh;
mod growing;
mod hashing;
mod ids;
mod location;
mod lost;
mod migrate;
mod mounts;
mod open;
mod options;
mod paths;
mod patience;
mod people;
mod probe;
pub mod queue;
mod refold;
mod reserve;
mod rows;
mod search;
mod secret;
mod steady;
mod store;
mod text;
mod track_names;
mod trouble;
mod uses;

pub use blobs::{BlobKind, BlobStore, FileBlobStore, MemoryBlobStore, StoredBlob, blob_name, of_storage};
pub use cached::{CacheFolder, CachedFile, Damage, Following, Kept, Look, Making, MakingFile};
pub use catalog::{
    AnalysisCommit, CacheRun, CachedCounts, Catalog, DeepChecked, DeepStep, EnrichCommit, FileElsewhere,
    FileFacts, FolderMount, FormerPlace, Keeping, KnownFile, Leftover, LibraryCounts, MAX_PAGE, MAX_PARKED,
    Matched, MixtapeChange, MixtapeQuery, NewMixtape, NewShare, NewUpload, Opened, Page, ParkedFilter,
    ParkedJob, ParkedPage, ParkedPlace, ParkedTrack, ProcessCommit, QuarantineCounts, Quarantined, Rotten,
    ScanApplied, ScanChange, ScanEnd, ScannedFile, StoredKind, Swept, TrackQuery, TrackRow, TrackSort,
    Transcode, TranscodeCounts, TranscodePart, Uploaded, WantedCover,
};
pub use disk::{Disk, Unwritable};
pub use error::is_unreadable_database;
pub use failure::Failure;
pub use growing::{Growing, GrowingLadder, GrowingVariant, growing_folder, growing_names, growing_variant};
pub use hashing::{hash_blocks, hash_reader};
pub use ids::fresh_id;
pub use location::{refuse_long_path, refuse_no_folder, refuse_no_unicode};
pub use lost::{damaged_database, refuse_lost_database};
pub use mounts::Mounts;
pub use options::{BLOB_FOLDER, CACHE_FOLDER, DATABASE_FILE, StoreOptions};
pub use patience::Patience;
pub use people::{ApiKey, Ended, Keep, People};
pub use probe::try_writing;
pub use queue::{
    ANALYZE_ATTEMPTS, AfterFailure, ENRICH_ATTEMPTS, ENRICH_PAUSE_MS, HEARTBEAT_MS, JobCounts, JobQueue,
    LEASE_MS, LeaseKey, MemoryJobQueue, NewJob, PROCESS_ATTEMPTS, SqliteJobQueue, TRANSCODE_ATTEMPTS,
};
pub use secret::SecretHash;
pub use steady::{Steady, WATCHED_FOR};
pub use store::Store;
#[cfg(feature = "testsuite")]
pub use store::WriteGuard;
pub use trouble::StorageTrouble;
