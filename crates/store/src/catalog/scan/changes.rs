//! What a scan finds, and what became of it.

use fanfare_model::{AudioProperties, ContentHash, Tags, Timestamp, TrackId, track::TrackFailure};

/// What a scan read from one file.
#[derive(Debug, Clone)]
pub struct ScannedFile {
    /// Its path below the folder, `/` between parts.
    pub relative_path: String,
    /// The file's size.
    pub size_bytes: u64,
    /// The file's modification time.
    pub modified: Timestamp,
    /// The file's inode change time in ns, where it has one.
    pub changed_ns: Option<i64>,
    /// What its tags say.
    pub tags: Tags,
    /// What container and codec say, as far as the scan looked.
    pub audio: Option<AudioProperties>,
    /// Name of its cover, which must be stored already.
    pub cover: Option<ContentHash>,
    /// Why a picture that it has gave no cover.
    pub cover_error: Option<String>,
}

/// One change that a scan found; a batch of them is applied in one transaction.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // nearly all of a batch is `Added`; boxing them would only cost
pub enum ScanChange {
    /// A file that was not known: a track in state `queued` and, in the same step, its analysis job.
    Added(ScannedFile),
    /// A known file with other size or time: tags are replaced, results dropped, a job is queued.
    /// With the same size and time only tags and cover are replaced.
    Changed(TrackId, ScannedFile),
    /// A known file with other bytes, whatever its size and time say: like [`Self::Changed`] with another size.
    Replaced(TrackId, ScannedFile),
    /// A known file with the same bytes, whatever its size and time say: what its tags say is replaced, results stay.
    Touched(TrackId, ScannedFile),
    /// A known file that is as it was, with that inode change time in ns: a missing track is back, whole.
    Same(TrackId, Option<i64>),
    /// A file that is not where it was: the track is hidden and kept, its jobs wait until it is back.
    Missing(TrackId),
    /// A known file at another path: the track keeps its id and its results. A track that stood at that
    /// path is removed.
    Moved(TrackId, ScannedFile),
    /// A known file that is about to be taken up at another path, because its storage is away: where it was is noted.
    LeftBehind(TrackId),
    /// A track at whose path there is a file that is another track: its path is free for that one.
    OffPath(TrackId),
    /// A file that is gone permanently: the track is removed.
    Removed(TrackId),
    /// A file that cannot be read: a track in state `failed` with the reason (known or new).
    Unreadable {
        /// Its path below the folder.
        relative_path: String,
        /// The file's size, 0 if even that is unknown.
        size_bytes: u64,
        /// The file's modification time.
        modified: Timestamp,
        /// The file's inode change time in ns, where it has one.
        changed_ns: Option<i64>,
        /// Why it cannot be read.
        failure: TrackFailure,
    },
}

/// What the changes of a batch came to: what was true already is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanApplied {
    /// New tracks.
    pub added: u64,
    /// Tracks whose file or tags are other ones now.
    pub changed: u64,
    /// Tracks whose path is another one now.
    pub moved: u64,
    /// Tracks whose file is not where it was.
    pub missing: u64,
    /// Missing tracks that are back.
    pub restored: u64,
    /// Tracks that are gone.
    pub removed: u64,
    /// Jobs of missing tracks that wait for a worker again, because their track is back.
    pub released: u64,
    /// Tracks that cannot be read (any more).
    pub unreadable: u64,
}
