//! What survives a restart.
//!
//! Purpose: the [`Catalog`] of what is known, the [`JobQueue`] of what is still to do, the [`BlobStore`] of
//! bytes that belong to us (covers), and [`People`] with their sessions and keys. One SQLite database and a folder of
//! blobs below the data folder; several processes (server and worker) may have it open at once.
//!
//! Invariants: decodes no audio and knows no HTTP; no driver's error type leaves the crate; a row never
//! points at missing bytes; no clock is read (callers pass `now`).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use fanfare_model::{
    ApiKeyId, ArtistId, Attempt, AudioProperties, ContentHash, Error, ErrorKind, FolderId, Job, JobId,
    JobKind, ReleaseId, Result, Role, Tags, Task, TaskId, Timestamp, Track, TrackId, TrackState, User,
    UserId,
    features::AnalyzerResult,
    job::JobError,
    library::{Artist, Folder, Release},
    track::TrackFailure,
};

fn unbuilt<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Internal, "not built yet"))
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Whether this process brings the schema up to date (the server does, a worker does not).
    pub migrate: bool,
    /// Connections for reading.
    pub readers: u32,
    /// How long a writer waits for another process's lock, in milliseconds.
    pub busy_timeout_ms: u32,
}

/// An open data folder. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<()>,
}

impl Store {
    /// Opens (and, if told so, creates or migrates) the store in that folder.
    pub async fn open(_data: &Path, _options: &StoreOptions) -> Result<Self> {
        unbuilt()
    }
    /// What is known of the music.
    pub fn catalog(&self) -> &Catalog {
        unreachable!()
    }
    /// What is still to do.
    pub fn jobs(&self) -> &dyn JobQueue {
        unreachable!()
    }
    /// Bytes that belong to us.
    pub fn blobs(&self) -> &dyn BlobStore {
        unreachable!()
    }
    /// People, sessions, keys.
    pub fn people(&self) -> &People {
        unreachable!()
    }
    /// Writes everything out and closes.
    pub async fn close(&self) {}
    /// A small query that succeeds when the database answers (readiness).
    pub async fn ping(&self) -> Result<()> {
        unbuilt()
    }
}

/// A new 128-bit id that sorts by time: 48 bits of milliseconds, 80 random bits.
pub fn fresh_id(_now: Timestamp) -> [u8; 16] {
    [0; 16]
}

// ---------------------------------------------------------------------------------------- catalog

/// What is known of the music.
pub struct Catalog {}

/// What a scan needs to know of a track it has seen before.
#[derive(Debug, Clone)]
pub struct KnownFile {
    pub id: TrackId,
    pub relative_path: String,
    pub size_bytes: u64,
    pub modified: Timestamp,
    pub content_hash: Option<ContentHash>,
    pub state: TrackState,
}

/// What a scan read from one file.
#[derive(Debug, Clone)]
pub struct ScannedFile {
    pub relative_path: String,
    pub size_bytes: u64,
    pub modified: Timestamp,
    pub tags: Tags,
    pub audio: Option<AudioProperties>,
    pub cover: Option<ContentHash>,
}

/// One change that a scan found; a batch of them is applied in one transaction.
#[derive(Debug, Clone)]
pub enum ScanChange {
    /// A file that was not known: a track in state `queued` and, in the same step, its analysis job.
    Added(ScannedFile),
    /// A known file with other size or time: tags are replaced, results dropped, a job is queued.
    Changed(TrackId, ScannedFile),
    /// A known file at another path: the track keeps its id and its results.
    Moved(TrackId, ScannedFile),
    /// A file that is gone: the track is removed.
    Removed(TrackId),
    /// A file that cannot be read: a track in state `failed` with the reason (known or new).
    Unreadable { relative_path: String, size_bytes: u64, modified: Timestamp, failure: TrackFailure },
}

/// What the changes of a batch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanApplied {
    pub added: u64,
    pub changed: u64,
    pub moved: u64,
    pub removed: u64,
    pub unreadable: u64,
}

/// What to sort tracks by. Ties are broken by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrackSort {
    #[default]
    Title,
    Artist,
    Album,
    Added,
    Duration,
    Tempo,
    Loudness,
}

/// Which tracks, in which order.
#[derive(Debug, Clone, Default)]
pub struct TrackQuery {
    /// Words to find in title, artist, album, genre; the last word may be a prefix.
    pub search: Option<String>,
    pub sort: TrackSort,
    pub descending: bool,
    pub artist: Option<ArtistId>,
    pub release: Option<ReleaseId>,
    pub state: Option<TrackState>,
    /// First row (offset pages: a virtualised list jumps anywhere).
    pub offset: u64,
    /// Rows wanted, 1 to 500.
    pub limit: u32,
}

/// A row of a list of tracks.
#[derive(Debug, Clone)]
pub struct TrackRow {
    pub track: Track,
    pub artist_name: Option<String>,
    pub release_title: Option<String>,
    pub tempo_bpm: Option<f64>,
    pub key: Option<String>,
    pub camelot: Option<String>,
    pub integrated_lufs: Option<f64>,
    pub true_peak_dbtp: Option<f64>,
    pub replaygain_track_gain_db: Option<f64>,
}

/// A page and how many there are in all.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub total: u64,
}

/// How many tracks are in which state, and how long they play.
#[derive(Debug, Clone, Copy, Default)]
pub struct LibraryCounts {
    pub tracks: u64,
    pub queued: u64,
    pub processing: u64,
    pub ready: u64,
    pub failed: u64,
    pub artists: u64,
    pub releases: u64,
    pub duration_s: f64,
}

/// What hearing a track once gave; committed together with the end of its job.
#[derive(Debug, Clone)]
pub struct AnalysisCommit {
    pub job: JobId,
    pub attempt: Attempt,
    pub owner: String,
    pub track: TrackId,
    /// Size and time of the file that was heard: results of another file are refused with `Conflict`.
    pub size_bytes: u64,
    pub modified: Timestamp,
    pub content_hash: ContentHash,
    pub audio: AudioProperties,
    pub results: Vec<AnalyzerResult>,
    pub warnings: Vec<String>,
}

impl Catalog {
    /// Adds a library folder (existing one of the same path is returned).
    pub async fn add_folder(&self, _path: &Path, _now: Timestamp) -> Result<Folder> {
        unbuilt()
    }
    pub async fn folders(&self) -> Result<Vec<Folder>> {
        unbuilt()
    }
    /// Removes a folder and its tracks; files are never touched.
    pub async fn remove_folder(&self, _id: FolderId) -> Result<()> {
        unbuilt()
    }
    pub async fn mark_scanned(&self, _id: FolderId, _now: Timestamp) -> Result<()> {
        unbuilt()
    }
    /// Everything a scan compares with, by folder.
    pub async fn known_files(&self, _folder: FolderId) -> Result<Vec<KnownFile>> {
        unbuilt()
    }
    /// Applies a batch in one transaction; jobs are enqueued in it under `task`.
    pub async fn apply_scan(
        &self,
        _folder: FolderId,
        _task: Option<TaskId>,
        _changes: Vec<ScanChange>,
        _now: Timestamp,
    ) -> Result<ScanApplied> {
        unbuilt()
    }

    pub async fn track(&self, _id: TrackId) -> Result<Option<TrackRow>> {
        unbuilt()
    }
    /// The absolute path of the track's file, from its folder and relative path.
    pub async fn track_path(&self, _id: TrackId) -> Result<Option<PathBuf>> {
        unbuilt()
    }
    pub async fn tracks(&self, _query: &TrackQuery) -> Result<Page<TrackRow>> {
        unbuilt()
    }
    pub async fn artists(&self, _search: Option<&str>, _offset: u64, _limit: u32) -> Result<Page<Artist>> {
        unbuilt()
    }
    pub async fn artist(&self, _id: ArtistId) -> Result<Option<Artist>> {
        unbuilt()
    }
    pub async fn releases(
        &self,
        _artist: Option<ArtistId>,
        _search: Option<&str>,
        _offset: u64,
        _limit: u32,
    ) -> Result<Page<Release>> {
        unbuilt()
    }
    pub async fn release(&self, _id: ReleaseId) -> Result<Option<Release>> {
        unbuilt()
    }
    pub async fn counts(&self) -> Result<LibraryCounts> {
        unbuilt()
    }

    /// Stored results of a track, for `Features::from_results`, with the warnings of its decoding.
    pub async fn analysis(&self, _id: TrackId) -> Result<(Vec<AnalyzerResult>, Vec<String>)> {
        unbuilt()
    }
    /// Marks a track as being heard (state `processing`), fenced by the job's attempt.
    pub async fn begin_analysis(
        &self,
        _job: JobId,
        _attempt: Attempt,
        _owner: &str,
        _track: TrackId,
        _now: Timestamp,
    ) -> Result<()> {
        unbuilt()
    }
    /// Results, properties, state `ready` and the job's end in one transaction. `Conflict` when the lease was lost.
    pub async fn commit_analysis(&self, _commit: AnalysisCommit, _now: Timestamp) -> Result<()> {
        unbuilt()
    }
    /// State `failed` with the reason, and the job parked, in one transaction. `Conflict` when the lease was lost.
    pub async fn fail_analysis(
        &self,
        _job: JobId,
        _attempt: Attempt,
        _owner: &str,
        _track: TrackId,
        _failure: TrackFailure,
        _now: Timestamp,
    ) -> Result<()> {
        unbuilt()
    }
    /// Queues analysis for tracks that lack a result at a current version (`analyzers`: id and version); gives how many.
    pub async fn queue_missing_analysis(
        &self,
        _analyzers: &[(&str, u32)],
        _task: Option<TaskId>,
        _now: Timestamp,
    ) -> Result<u64> {
        unbuilt()
    }
    /// Queues one track again after it failed.
    pub async fn requeue_track(&self, _id: TrackId, _task: Option<TaskId>, _now: Timestamp) -> Result<()> {
        unbuilt()
    }

    /// Stores a task as it stands (insert or replace).
    pub async fn put_task(&self, _task: &Task) -> Result<()> {
        unbuilt()
    }
    pub async fn task(&self, _id: TaskId) -> Result<Option<Task>> {
        unbuilt()
    }
    /// The latest tasks, newest first.
    pub async fn tasks(&self, _limit: u32) -> Result<Vec<Task>> {
        unbuilt()
    }
    /// Everything that must be equal after a crash and a re-run, as canonical JSON: no ids, no times.
    pub async fn canonical_dump(&self) -> Result<serde_json::Value> {
        unbuilt()
    }
    /// `PRAGMA integrity_check` and our own invariants (rows to missing blobs, jobs without tracks, ...); empty = clean.
    pub async fn check(&self) -> Result<Vec<String>> {
        unbuilt()
    }
}

// ------------------------------------------------------------------------------------------ queue

/// A job to be queued.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: JobKind,
    pub task: Option<TaskId>,
    /// While a job with this key waits or runs, another is not queued.
    pub dedupe_key: Option<String>,
    /// Larger runs first.
    pub priority: i32,
    pub run_at: Timestamp,
    pub max_attempts: u32,
}

/// How many jobs of a queue are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    pub waiting: u64,
    pub running: u64,
    pub done: u64,
    pub parked: u64,
    pub cancelled: u64,
}

/// What happens to a job whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Runs again at that time, unless its attempts are used up: then it is parked.
    RetryAt(Timestamp),
    /// Parked now.
    Park,
}

/// Durable work, at least once in delivery, once in effect.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Queues a job; gives the id of the waiting or running one when the dedupe key is taken.
    async fn enqueue(&self, job: NewJob, now: Timestamp) -> Result<JobId>;
    /// Claims up to `limit` due jobs of that queue by a lease of [`LEASE_MS`]; each claim counts as an attempt.
    async fn claim(&self, queue: &str, owner: &str, limit: u32, now: Timestamp) -> Result<Vec<Job>>;
    /// Renews a lease; `Conflict` when it was lost.
    async fn heartbeat(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends a job; `Conflict` when the lease was lost.
    async fn finish(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends an attempt that failed; `Conflict` when the lease was lost.
    async fn fail(
        &self,
        id: JobId,
        attempt: Attempt,
        owner: &str,
        error: JobError,
        after: AfterFailure,
        now: Timestamp,
    ) -> Result<()>;
    /// Ends every lease of that owner at once (its process is gone); jobs with attempts left wait again, others are parked.
    async fn release_owner(&self, owner: &str, now: Timestamp) -> Result<u64>;
    /// Gives an unfinished job back without counting the attempt (orderly shutdown).
    async fn give_back(&self, id: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()>;
    /// Ends leases that ran out, of whatever owner.
    async fn reap(&self, now: Timestamp) -> Result<u64>;
    /// Lets a parked job run again with fresh attempts.
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<()>;
    /// Withdraws the waiting jobs of a task; gives how many.
    async fn cancel_task(&self, task: TaskId, now: Timestamp) -> Result<u64>;
    async fn job(&self, id: JobId) -> Result<Option<Job>>;
    async fn counts(&self, queue: &str) -> Result<JobCounts>;
    async fn task_counts(&self, task: TaskId) -> Result<JobCounts>;
}

/// How long a lease holds without a heartbeat.
pub const LEASE_MS: i64 = 60_000;
/// How often a holder renews its lease.
pub const HEARTBEAT_MS: i64 = 15_000;

// ------------------------------------------------------------------------------------------ blobs

/// What a blob is; each kind has a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    Cover,
}

/// Bytes that belong to us, named by their hash.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores the bytes (temporary name, write, sync, rename, sync the folder); the same bytes are stored once.
    async fn put(&self, kind: BlobKind, bytes: &[u8]) -> Result<ContentHash>;
    async fn get(&self, kind: BlobKind, name: ContentHash) -> Result<Option<Vec<u8>>>;
    async fn contains(&self, kind: BlobKind, name: ContentHash) -> Result<bool>;
    async fn remove(&self, kind: BlobKind, name: ContentHash) -> Result<()>;
    async fn list(&self, kind: BlobKind) -> Result<Vec<ContentHash>>;
}

// ----------------------------------------------------------------------------------------- people

/// People, sessions and API keys. Secrets arrive hashed by the caller; only hashes are stored.
pub struct People {}

/// A secret's hash (BLAKE3 of a random token).
pub type SecretHash = [u8; 32];

/// An API key as listed.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub user: UserId,
    pub name: String,
    pub created: Timestamp,
    pub last_used: Option<Timestamp>,
}

impl People {
    pub async fn owner_exists(&self) -> Result<bool> {
        unbuilt()
    }
    /// Makes the first owner; `Conflict` when there is one already.
    pub async fn create_first_owner(
        &self,
        _name: &str,
        _password_hash: &str,
        _now: Timestamp,
    ) -> Result<User> {
        unbuilt()
    }
    /// `Conflict` when the name is taken (compared without case).
    pub async fn create_user(
        &self,
        _name: &str,
        _password_hash: &str,
        _role: Role,
        _now: Timestamp,
    ) -> Result<User> {
        unbuilt()
    }
    /// The user of exactly that name, with the password hash.
    pub async fn credentials(&self, _name: &str) -> Result<Option<(User, String)>> {
        unbuilt()
    }
    pub async fn set_password(&self, _user: UserId, _password_hash: &str) -> Result<()> {
        unbuilt()
    }
    pub async fn users(&self) -> Result<Vec<User>> {
        unbuilt()
    }
    /// `Conflict` when it is the last owner.
    pub async fn delete_user(&self, _user: UserId) -> Result<()> {
        unbuilt()
    }
    pub async fn create_session(
        &self,
        _user: UserId,
        _secret: SecretHash,
        _expires: Timestamp,
        _now: Timestamp,
    ) -> Result<()> {
        unbuilt()
    }
    /// The user of an unexpired session.
    pub async fn session(&self, _secret: SecretHash, _now: Timestamp) -> Result<Option<User>> {
        unbuilt()
    }
    pub async fn delete_session(&self, _secret: SecretHash) -> Result<()> {
        unbuilt()
    }
    pub async fn create_key(
        &self,
        _user: UserId,
        _name: &str,
        _secret: SecretHash,
        _now: Timestamp,
    ) -> Result<ApiKey> {
        unbuilt()
    }
    pub async fn keys(&self, _user: UserId) -> Result<Vec<ApiKey>> {
        unbuilt()
    }
    /// The user of that key; notes the use (at most once a minute).
    pub async fn key_user(&self, _secret: SecretHash, _now: Timestamp) -> Result<Option<User>> {
        unbuilt()
    }
    /// Removes a key of that user; `NotFound` for another user's.
    pub async fn delete_key(&self, _user: UserId, _id: ApiKeyId) -> Result<()> {
        unbuilt()
    }
    /// Keeps the hash of the one-time link's token across restarts until the owner exists.
    pub async fn set_setup_token(&self, _secret: SecretHash) -> Result<()> {
        unbuilt()
    }
    pub async fn setup_token(&self) -> Result<Option<SecretHash>> {
        unbuilt()
    }
}
