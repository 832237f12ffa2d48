//! The words of the domain, and nothing that acts.
//!
//! Every other crate speaks in these types: identifiers ([`TrackId`], [`JobId`], ...), units
//! ([`SampleRate`], [`Lufs`], [`Bpm`], ...), what is known of a track ([`Track`], [`Features`]),
//! work ([`Job`], [`Task`]), people ([`User`], [`Role`]) and the one [`Error`].
//!
//! Vocabulary: a *sample* is one value of one channel, a *frame* one sample per channel, a *chunk* an
//! immutable run of frames.
//!
//! Invariants: no I/O, no threads, no clocks, no randomness; every type is plain data that can be
//! compared, printed and (where it is stored or sent) serialised.

pub mod cache;
pub mod enrichment;
pub mod error;
pub mod features;
pub mod gain;
pub mod hls;
pub mod id;
mod io_error;
pub mod job;
pub mod library;
pub mod m3u8;
pub mod mixtape;
pub mod password;
pub mod people;
pub mod presence;
pub mod quality;
pub mod task;
pub mod time;
pub mod track;
pub mod units;
pub mod words;

pub use cache::{CacheOptions, NotMade};
pub use error::{Error, ErrorKind, LimitHit, Result};
pub use features::Features;
pub use hls::{SegmentFacts, VariantFacts};
pub use id::{
    ApiKeyId, ArtistId, ContentHash, FolderId, JobId, MixtapeId, ReleaseId, ShareId, TaskId, TrackId, UserId,
};
pub use job::{Attempt, Job, JobKind, JobState, Queue, Wanted};
pub use mixtape::{Mixtape, MixtapeEntry, Share, Slug};
pub use password::{MAX_PASSWORD_BYTES, MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS, check_password};
pub use people::{Access, Role, User};
pub use presence::{AwayFolder, AwayReason, FolderMissing, MANY_GONE, Presence};
pub use quality::{BlockGrid, Profile, Quality, TranscodeCodec};
pub use task::{Task, TaskFailure, TaskKind, TaskLine, TaskState};
pub use time::Timestamp;
pub use track::{AudioProperties, EnrichmentState, Tags, Track, TrackHome, TrackState, UploadedBytes};
pub use units::{Bpm, ChannelLayout, DbTp, Dbfs, FrameIndex, Lu, Lufs, MAX_CHANNELS, SampleRate, SampleSpec};
