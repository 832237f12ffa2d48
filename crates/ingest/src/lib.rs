//! From a new file to a known track, as the server sees it: scan, watch, upload, schedule, identify.
//!
//! Purpose: [`Ingest`] keeps the catalog in step with the library's folders and has every track analyzed once.
//! Scans and watching run in the server; analysis runs in a child process (crate `worker`) that the server
//! supervises. The two talk by the crate `channel`. What goes on is told through [`TaskHub`].
//!
//! Vocabulary: a *scan* compares folders with the catalog; *analysis* decodes a track once for all analyzers;
//! a *task* is either, as a person follows it.
//!
//! Invariants: one server per data folder ([`DataLock`]); jobs in the store are the truth and everything here
//! may be killed at any moment; files of the library are only ever read, but for tags whose writing was asked for
//! ([`WriteReplayGain`]); no listener is served from here.

mod decoder_watch;
mod hub;
mod identify;
mod ingest;
mod live_task;
mod lock;
mod own;
mod passes;
mod pictures;
mod played;
mod quarantine;
mod release_gain;
mod retag;
mod scan;
mod schedule;
mod showing;
mod supervisor;
mod task_tracker;
mod text;
mod upload;
mod watch;
mod work_policy;
mod work_queue;
mod work_queues;

pub use decoder_watch::DecoderWatch;
pub use hub::{RING_EVENTS, TaskEvent, TaskHub};
pub use identify::{AcoustId, AcoustIdOptions, Asked, Identify, Lookup};
pub use ingest::{
    CacheQueued, Ingest, IngestOptions, Removed, ScopePages, WarmOptions, WarmScope, Which, queue_cache,
    remove_missing, retry_parked_jobs,
};
pub use lock::DataLock;
pub use pictures::{PictureCommand, Pictures, Whose};
pub use quarantine::{QUARANTINE_DAYS, keeping, list_at_once};
pub use release_gain::{ReleaseGain, release_gain};
pub use retag::WriteReplayGain;
pub use scan::DEFAULT_KEEP_MISSING_DAYS;
pub use schedule::{BackgroundOptions, BackgroundStatus, DailyTime, QuietHours, Schedule};
pub use supervisor::WorkerStatus;
pub use upload::{Receiving, UploadOptions};
pub use work_policy::{LINGER, Playing};
