//! What goes into the catalog and what comes out.

use fanfare_model::{
    ArtistId, Attempt, AudioProperties, AwayFolder, ContentHash, JobId, Presence, Quality, ReleaseId, Tags,
    Timestamp, Track, TrackId, TrackState, enrichment::Enrichment, features::AnalyzerResult,
    track::TrackFailure,
};

/// The most rows of one page.
pub const MAX_PAGE: u32 = 500;

/// What a scan needs to know of a track it has seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The track's id.
    pub id: TrackId,
    /// Its path below the folder.
    pub relative_path: String,
    /// The file's size when it was last looked at.
    pub size_bytes: u64,
    /// The file's modification time when it was last looked at.
    pub modified: Timestamp,
    /// The file's inode change time when it was last looked at, in ns; `None` when that is not known.
    pub changed_ns: Option<i64>,
    /// Hash of its bytes, once they were read.
    pub content_hash: Option<ContentHash>,
    /// State.
    pub state: TrackState,
    /// Whether the file was there when it was last looked for.
    pub presence: Presence,
    /// Since when it is missing.
    pub missing_since: Option<Timestamp>,
    /// When the track was first seen.
    pub added: Timestamp,
}

/// A folder on which a file system (or part of one) is mounted: the library folder itself, or one below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderMount {
    /// Its path below the library folder; empty for the library folder itself.
    pub path: String,
    /// The number of the device that its file system is on.
    pub device: u64,
    /// The inode of the folder there.
    pub inode: u64,
}

/// What a scan of a folder ended with.
#[derive(Debug, Clone, Default)]
pub struct ScanEnd {
    /// When it was begun; `None` when the folder could not be looked at.
    pub scanned: Option<Timestamp>,
    /// What is mounted there now; `None`: it is not known, and what was known stays.
    pub mounts: Option<Vec<FolderMount>>,
    /// Every folder in it that is taken to be away now.
    pub away: Vec<AwayFolder>,
}

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

/// What to sort tracks by. Ties are broken by id; tracks without a value come last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrackSort {
    /// Title.
    #[default]
    Title,
    /// Artist, then album, disc and track number.
    Artist,
    /// Album, then disc and track number.
    Album,
    /// When it was first seen.
    Added,
    /// How long it plays.
    Duration,
    /// Tempo.
    Tempo,
    /// Integrated loudness.
    Loudness,
    /// Random order that follows from this seed; the tracks of each artist are spread over the list. It has no direction.
    Shuffled(u64),
}

/// Which tracks, in which order.
#[derive(Debug, Clone, Default)]
pub struct TrackQuery {
    /// Words to find in title, artist, album, genre; the last word may be a prefix.
    pub search: Option<String>,
    /// What to sort by.
    pub sort: TrackSort,
    /// Largest first.
    pub descending: bool,
    /// Only tracks filed under that artist.
    pub artist: Option<ArtistId>,
    /// Only tracks of that release.
    pub release: Option<ReleaseId>,
    /// Only tracks in that state.
    pub state: Option<TrackState>,
    /// Only tracks of that presence: those that are here, unless said.
    pub presence: Presence,
    /// First row (offset pages: a virtualised list jumps anywhere).
    pub offset: u64,
    /// Rows wanted, 1 to [`MAX_PAGE`]; others are brought into that range.
    pub limit: u32,
}

/// A row of a list of tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackRow {
    /// The track.
    pub track: Track,
    /// Name of the artist it is filed under.
    pub artist_name: Option<String>,
    /// Title of the release it is filed under.
    pub release_title: Option<String>,
    /// Measured tempo.
    pub tempo_bpm: Option<f64>,
    /// Measured key, for example `A minor`.
    pub key: Option<String>,
    /// The key on the Camelot wheel.
    pub camelot: Option<String>,
    /// Measured integrated loudness.
    pub integrated_lufs: Option<f64>,
    /// Measured true peak.
    pub true_peak_dbtp: Option<f64>,
    /// Measured ReplayGain, or what the tags say until it is measured.
    pub replaygain_track_gain_db: Option<f64>,
    /// When an analyzer last measured it; `None` for what versions measured that did not note it.
    pub analyzed: Option<Timestamp>,
    /// The qualities that there are transcodes of, the best first.
    pub cached: Vec<Quality>,
}

/// A page and how many there are in all.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows match, on all pages.
    pub total: u64,
}

/// How many tracks are in which state, and how long they play.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LibraryCounts {
    /// All tracks.
    pub tracks: u64,
    /// Waiting to be analyzed.
    pub queued: u64,
    /// Being analyzed.
    pub processing: u64,
    /// Analyzed: `ready`, `enriching` or `published`.
    pub ready: u64,
    /// Cannot be read.
    pub failed: u64,
    /// Tracks whose file is missing; they are in none of the other numbers.
    pub missing: u64,
    /// Artists.
    pub artists: u64,
    /// Releases.
    pub releases: u64,
    /// How long all tracks of known length play, in seconds.
    pub duration_s: f64,
}

/// What the analysis of a track gave; committed together with the end of its job.
#[derive(Debug, Clone)]
pub struct AnalysisCommit {
    /// The job, which the owner holds.
    pub job: JobId,
    /// The attempt it is held by.
    pub attempt: Attempt,
    /// Who holds it.
    pub owner: String,
    /// The job's track.
    pub track: TrackId,
    /// Size of the file that was analyzed: results of another file are refused with `Conflict`.
    pub size_bytes: u64,
    /// Modification time of the file that was analyzed, likewise.
    pub modified: Timestamp,
    /// Its inode change time in ns when it was opened. Another one than the scan saw makes the next scan look again.
    pub changed_ns: Option<i64>,
    /// Hash of the bytes that were analyzed.
    pub content_hash: ContentHash,
    /// What container and codec say, with frames as counted.
    pub audio: AudioProperties,
    /// What the analyzers found, also those that failed.
    pub results: Vec<AnalyzerResult>,
    /// What was odd about decoding, one sentence each.
    pub warnings: Vec<String>,
    /// What follows from the results, where it was worked out along with them.
    pub enrichment: Option<Enrichment>,
}
