//! From folders to catalog rows: walk, compare, read, apply.
//!
//! Vocabulary: a *walk* lists files; a *plan* says what changed; a *reading* opens one file for its tags.
//!
//! Invariants: a file's absence counts only where the walk could look; a track whose file is absent is missing for as long
//! as it is to be kept before it is removed; every batch is one transaction, so a scan may be cut off anywhere and the next one goes on from there; a
//! scan of an unchanged folder opens no file and writes nothing but the time of the scan.
//!
//! # Files that are not where they were
//! Their tracks are *missing*: hidden, kept for 30 days (`library.keep_missing_days`), and whole again when the bytes are
//! back, whatever the reason was. Whether they were deleted or their storage is away cannot be known, so one rule holds for
//! both; what looks like storage that is *away* ([`absence`]) is said besides, with the choice to remove the tracks now.
//! Where the walk cannot look (a folder that may not be read, storage that hangs, a link that leads nowhere), nothing is
//! known of the tracks, and they stay as they are. Nothing is removed by a scan that did not find the library folder.
//!
//! # Files that are somewhere else
//! A new file with the bytes of a track whose file is not where it was, in this library folder or another one, is that track
//! ([`moves`]): it keeps its id, results and publication whatever its name and time are. Where the storage of the track was
//! away, its former place is remembered: when the file is back there, the track is that file again, and the copy is a
//! track of its own.
//!
//! Likewise a file at the path of a known track whose size or times are other ones is first compared with the bytes of tracks
//! whose files are not where they were, or whose paths have other files as well ([`placing`]): files that were renamed onto
//! each other's paths keep their ids. A track whose path is taken, and whose bytes are nowhere, is missing.
//!
//! A file at the path of a known track that has the bytes of another track, which stays where it is, was copied over it
//! ([`moves::copied_over`](moves)): it is a new track, not published and in no mixtape, and the track at its path before is
//! missing. Any other bytes at the path of a track are an edit of it.
//!
//! # Files that changed without another size or time
//! The inode change time moves with every write, and with a new owner, mode, name or link as well. So a file with another
//! one is read again and its bytes are compared: results go only with the bytes that they are of. At most
//! [`folder_scan::RECHECK_BYTES`] are compared in one scan, and the next one follows soon. A full scan compares every file.
//!
//! # Tracks that become unreadable
//! They keep their id and what was known of them, so that a person sees which ones they are and lists that
//! name them stay whole; results of bytes that are not there any more are dropped.
//!
//! # Names that are no Unicode
//! Paths are text in the catalog. A file or folder whose name is not UTF-8 is listed as unreadable with the
//! remedy to rename it; nothing else in its folder is affected.

mod absence;
mod apply;
mod cover;
mod elsewhere;
mod folder;
mod folder_scan;
mod moves;
mod placing;
mod plan;
mod read;
mod reading;
pub(crate) mod scheduler;
mod walk;

pub(crate) use absence::is_below;

/// How many days missing tracks are kept unless the settings say otherwise.
pub const DEFAULT_KEEP_MISSING_DAYS: u32 = 30;
