//! Comparing what a walk found with what is known: which files to read, which tracks moved, which are missing.
//!
//! Invariants: touches no file (the one question about content is asked through a function); a known track
//! is named at most once; the plan does not depend on the order of its inputs; only tracks that were missing for longer than
//! they are kept are removed.

use std::collections::{HashMap, HashSet};

use fanfare_model::{AwayFolder, ContentHash, FolderId, Presence, Timestamp, TrackId, TrackState};
use fanfare_store::{FileElsewhere, FolderMount, FormerPlace, KnownFile};

use super::{
    absence::{Absence, Found, Gone, is_below},
    moves::KnownBytes,
    walk::{FoundFile, Walked},
};

/// What reading a file will be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A new file.
    Added,
    /// A known file with other content (or one whose reading failed and may work now).
    Changed(TrackId),
    /// A known file of the same size and time that cannot be told from another one: its bytes count as others.
    Replaced(TrackId),
    /// A known file of the same size, of which another time says that it may have been written to: its bytes are compared
    /// with those of that hash.
    Recheck(TrackId, ContentHash),
    /// A known file at another path, or of another library folder.
    Moved(TrackId),
    /// A known, unchanged file with a new picture beside it.
    Repictured(TrackId),
}

impl Verdict {
    /// The known track that the file is of.
    pub(super) const fn of(self) -> Option<TrackId> {
        match self {
            Self::Added => None,
            Self::Changed(id)
            | Self::Replaced(id)
            | Self::Recheck(id, _)
            | Self::Moved(id)
            | Self::Repictured(id) => Some(id),
        }
    }
}

/// One file to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Which of [`Walked::files`].
    pub(crate) file: usize,
    pub(crate) verdict: Verdict,
}

/// What a scan is going to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In order of path.
    pub(crate) readings: Vec<Reading>,
    /// Missing tracks whose file is back as it was, each with its inode change time where that is news.
    pub(crate) back: Vec<(TrackId, Option<i64>)>,
    /// Tracks of which nothing is news but the inode change time.
    pub(crate) noted: Vec<(TrackId, i64)>,
    /// Tracks whose files are elsewhere in this folder now.
    pub(crate) arrived: HashSet<TrackId>,
    /// Tracks that are found elsewhere while their storage is away: where they were is remembered.
    pub(crate) left_behind: Vec<TrackId>,
    /// Tracks that leave their paths, because the files there are copies of other tracks.
    pub(crate) off_path: Vec<TrackId>,
    /// New files at the paths of tracks that leave them: they are tracks of their own, once those have left.
    pub(crate) copies: HashSet<usize>,
    /// Files at the paths of other known tracks: what they are is no matter of those.
    pub(crate) taken: HashSet<usize>,
    /// Other library folders that tracks are taken from: worth a scan soon.
    pub(crate) taken_from: HashSet<FolderId>,
    /// Tracks that were here and whose file is not where it was.
    pub(crate) missing: Vec<TrackId>,
    /// Tracks that were missing for longer than they are kept.
    pub(crate) removed: Vec<TrackId>,
    /// Every folder that counts as away now.
    pub(crate) away: Vec<AwayFolder>,
    /// What is mounted where, as the next scan is to compare with.
    pub(crate) mounts: Vec<FolderMount>,
    /// Files were left for the next scan, because comparing all of them would take too long.
    pub(crate) unchecked: bool,
}

/// What the comparison needs besides the two lists.
pub(crate) struct Comparison<'a> {
    /// Failed tracks to read again although nothing about their file changed.
    pub(crate) reread: &'a HashSet<TrackId>,
    /// Pictures that changed since then make the files beside them be read again.
    pub(crate) pictures_since: Option<Timestamp>,
    /// What was mounted where when tracks were last found there; empty: that is not known.
    pub(crate) mounts: &'a [FolderMount],
    /// The folders that counted as away.
    pub(crate) away: &'a [AwayFolder],
    /// Every file is compared byte by byte, whatever its size and times say.
    pub(crate) full: bool,
    /// So many bytes are compared at most where only a time of the file is another one; the rest is left for the next
    /// scan.
    pub(crate) recheck_bytes: u64,
    /// So many bytes of new files are read at most to see whether they are known tracks; the rest likewise.
    pub(crate) move_bytes: u64,
    /// Tracks of other library folders whose files are not there any more.
    pub(crate) elsewhere: &'a [FileElsewhere],
    /// Other tracks that are where they were, of other library folders and uploads.
    pub(crate) present: &'a [KnownBytes],
    /// Places in this folder where tracks were before.
    pub(crate) former: &'a [FormerPlace],
    /// How long missing tracks are kept, in ms; `None`: this scan removes none.
    pub(crate) keep_ms: Option<i64>,
    pub(crate) now: Timestamp,
    /// The hash of that file's bytes (index into [`Walked::files`]), if it can be read.
    pub(crate) hash: &'a mut dyn FnMut(usize) -> Option<ContentHash>,
}

/// Where the known tracks are.
pub(super) struct Placed {
    /// Where they were.
    pub(super) found: Vec<Found>,
    /// Somewhere else.
    pub(super) arrived: Vec<KnownFile>,
    /// Nowhere to be seen.
    pub(super) gone: Vec<KnownFile>,
    /// Files that are not those that were known at their paths.
    pub(super) new: Vec<usize>,
}

/// What is to be done about a known file that is where it was.
enum Seen {
    /// Read it.
    Read(Verdict),
    /// It is as it was; its inode change time, where that is news.
    Same(Option<i64>),
    /// It cannot be told yet.
    Unchecked,
}

/// Compares.
pub(crate) fn plan(known: Vec<KnownFile>, walked: &Walked, mut comparison: Comparison<'_>) -> Plan {
    let mut by_path: HashMap<String, KnownFile> =
        known.into_iter().map(|file| (file.relative_path.clone(), file)).collect();
    let mut plan = Plan::default();
    let mut new = Vec::new();
    let mut found: Vec<(usize, Found)> = Vec::new();
    for (index, file) in walked.files.iter().enumerate() {
        let Some(known) = by_path.remove(&file.relative_path) else {
            new.push(index);
            continue;
        };
        let seen = look(&known, file, walked, &mut comparison);
        let changed = !same_facts(&known, file);
        match seen {
            Seen::Read(verdict) => plan.readings.push(Reading { file: index, verdict }),
            Seen::Same(changed_ns) if known.presence == Presence::Missing => {
                plan.back.push((known.id, changed_ns))
            }
            Seen::Same(Some(changed_ns)) => plan.noted.push((known.id, changed_ns)),
            Seen::Same(None) => {}
            Seen::Unchecked => plan.unchecked = true,
        }
        found.push((index, Found { known, changed }));
    }

    let unread: HashSet<&str> = walked.unread.iter().map(|unread| unread.relative_path.as_str()).collect();
    let (unknown, mut vanished): (Vec<KnownFile>, Vec<KnownFile>) =
        by_path.into_values().partition(|known| is_unknown(&known.relative_path, &unread));
    vanished.sort_by(|a, b| a.relative_path.cmp(&b.relative_path));
    let Placed { found, arrived, gone, new } =
        plan.place_files(vanished, found, new, walked, &mut comparison);
    let new: Vec<&str> = new.iter().map(|index| walked.files[*index].relative_path.as_str()).collect();
    let absence = Absence { walked, mounts: comparison.mounts, before: comparison.away, now: comparison.now };
    let judged =
        absence.judge(&Gone { gone: &gone, found: &found, arrived: &arrived, unknown: &unknown, new: &new });

    // A file that is another one on a file system that is another one is no change of the track.
    plan.readings.retain(|reading| reading.verdict.of().is_none_or(|id| !judged.other_files.contains(&id)));
    plan.readings.sort_by_key(|reading| reading.file);
    let others =
        found.iter().map(|found| &found.known).filter(|known| judged.other_files.contains(&known.id));
    for known in others.chain(&gone) {
        match known.presence {
            Presence::Missing if !walked.not_there && is_over(known, &comparison) => {
                plan.removed.push(known.id)
            }
            Presence::Missing | Presence::Quarantined => {}
            Presence::Here => plan.missing.push(known.id),
        }
    }
    let away = |known: &KnownFile| {
        judged.away.iter().chain(comparison.away).any(|away| is_below(&known.relative_path, &away.path))
    };
    for known in arrived.iter().filter(|known| plan.arrived.contains(&known.id)) {
        if known.presence == Presence::Missing || judged.remounted.contains(&known.id) || away(known) {
            plan.left_behind.push(known.id);
        }
    }
    plan.away = judged.away;
    plan.mounts = judged.mounts;
    plan
}

/// Whether a file is another one than the one known at its path, as far as size and times say: it may have been written to,
/// or another file may have taken its place.
pub(super) fn differs(known: &KnownFile, file: &FoundFile) -> bool {
    !same_facts(known, file) || touched(known, file)
}

/// Whether the inode change time is another one. Renaming a file changes it as well.
fn touched(known: &KnownFile, file: &FoundFile) -> bool {
    known.changed_ns.is_some() && file.changed_ns.is_some() && known.changed_ns != file.changed_ns
}

fn same_facts(known: &KnownFile, file: &FoundFile) -> bool {
    known.size_bytes == file.size_bytes && known.modified == file.modified
}

/// What is to be done about a known file that is where it was.
fn look(known: &KnownFile, file: &FoundFile, walked: &Walked, comparison: &mut Comparison<'_>) -> Seen {
    let repictured = || {
        let picture = file.picture.and_then(|index| walked.pictures.get(index));
        // Clocks of file systems tick coarsely (10 ms at most): a picture may look older than it is.
        picture
            .zip(comparison.pictures_since)
            .is_some_and(|(picture, since)| picture.changed.plus_ms(20) >= since)
    };
    let touched = touched(known, file);
    if comparison.reread.contains(&known.id) {
        return Seen::Read(Verdict::Changed(known.id));
    }
    let same_facts = same_facts(known, file);
    match known.content_hash {
        Some(_) if known.size_bytes != file.size_bytes => return Seen::Read(Verdict::Changed(known.id)),
        Some(hash) if comparison.full => return Seen::Read(Verdict::Recheck(known.id, hash)),
        Some(hash) if touched || !same_facts => match comparison.recheck_bytes.checked_sub(file.size_bytes) {
            Some(left) => {
                comparison.recheck_bytes = left;
                return Seen::Read(Verdict::Recheck(known.id, hash));
            }
            // What is known of it is kept, so that it is compared another time.
            None => return Seen::Unchecked,
        },
        // Nobody knows what it was like when it failed.
        None if same_facts && known.state == TrackState::Failed && (touched || comparison.full) => {
            return Seen::Read(Verdict::Replaced(known.id));
        }
        None if touched || comparison.full || !same_facts => return Seen::Read(Verdict::Changed(known.id)),
        _ => {}
    }
    if known.state != TrackState::Failed && repictured() {
        return Seen::Read(Verdict::Repictured(known.id));
    }
    Seen::Same(file.changed_ns.filter(|_| known.changed_ns.is_none()))
}

/// Whether a missing track was kept for as long as it is to be. A time before the track came is that of a clock that was
/// not set yet, and says nothing.
fn is_over(known: &KnownFile, comparison: &Comparison<'_>) -> bool {
    known
        .missing_since
        .filter(|since| *since >= known.added)
        .zip(comparison.keep_ms)
        .is_some_and(|(since, keep_ms)| since.plus_ms(keep_ms) <= comparison.now)
}

/// Whether the walk could not see what is at that path, so that its absence means nothing.
fn is_unknown(path: &str, unread: &HashSet<&str>) -> bool {
    unread.contains("")
        || unread.contains(path)
        || path.match_indices('/').any(|(end, _)| unread.contains(&path[..end]))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
