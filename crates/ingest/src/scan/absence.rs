//! What it means that files are not where they were: deleted, or away with the storage that they are on.
//!
//! A folder counts as *away* when what is missing of it was most likely not deleted: another file system is there than at the
//! last scan, at least half of the library is gone at once, or the folder is there and none of its tracks is. Nothing but what
//! people are told depends on it, but for one thing: on another file system, files of other sizes and times at the paths of
//! known tracks are taken for other files and not for changes of those tracks.
//!
//! Invariants: touches no file; does not depend on the order of its inputs.

use std::collections::{BTreeMap, HashMap, HashSet};

use fanfare_model::{AwayFolder, AwayReason, MANY_GONE, Presence, Timestamp, TrackId};
use fanfare_store::{FolderMount, KnownFile};

use super::walk::Walked;

/// A known file that is where it was.
pub(super) struct Found {
    pub(super) known: KnownFile,
    /// Its size or time is another one.
    pub(super) changed: bool,
}

/// What became of the known files.
pub(super) struct Gone<'a> {
    /// Nowhere to be seen.
    pub(super) gone: &'a [KnownFile],
    /// Where they were.
    pub(super) found: &'a [Found],
    /// Somewhere else.
    pub(super) arrived: &'a [KnownFile],
    /// Where the walk could not look.
    pub(super) unknown: &'a [KnownFile],
    /// Paths of files that were not known, moved ones included.
    pub(super) new: &'a [&'a str],
}

/// What the judgement goes by besides.
pub(super) struct Absence<'a> {
    pub(super) walked: &'a Walked,
    /// What was mounted where when tracks were last found there; empty: that is not known.
    pub(super) mounts: &'a [FolderMount],
    /// The folders that counted as away.
    pub(super) before: &'a [AwayFolder],
    pub(super) now: Timestamp,
}

/// What it all means.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Every folder that counts as away, none below another.
    pub(super) away: Vec<AwayFolder>,
    /// What is mounted where, as the next scan is to compare with.
    pub(super) mounts: Vec<FolderMount>,
    /// Known tracks at whose paths other files of another file system are.
    pub(super) other_files: HashSet<TrackId>,
    /// Tracks found somewhere else while something else is mounted where they were.
    pub(super) remounted: HashSet<TrackId>,
}

/// A folder of which what is mounted there is something else than before, in tracks.
#[derive(Default)]
struct Swapped {
    known: usize,
    gone: usize,
    changed: Vec<TrackId>,
}

impl Absence<'_> {
    pub(super) fn judge(&self, gone: &Gone<'_>) -> Judged {
        let mut judged = Judged::default();
        let mut away: BTreeMap<String, AwayReason> = BTreeMap::new();
        if self.walked.not_there {
            away.insert(String::new(), AwayReason::NotThere);
        }
        let (before, after) = (by_path(self.mounts), by_path(&self.walked.mounts));
        let mount = |known: &KnownFile, mounts| mount_of(&known.relative_path, mounts);
        let remounted = gone.arrived.iter().filter(|known| {
            mount(known, &before)
                .zip(mount(known, &after))
                .is_some_and(|(was, is)| (was.device, was.inode) != (is.device, is.inode))
        });
        judged.remounted = remounted.map(|known| known.id).collect();
        for (path, swapped) in self.swapped(gone) {
            if swapped.gone > 0 {
                away.entry(path).or_insert(AwayReason::OtherFileSystem);
            }
            if swapped.gone > 0 && swapped.gone * 2 >= swapped.known {
                judged.other_files.extend(swapped.changed);
            }
        }
        if let Some(path) = many_gone(gone) {
            away.entry(path).or_insert(AwayReason::ManyGone);
        }
        for path in self.all_gone(gone) {
            away.entry(path).or_insert(AwayReason::AllGone);
        }
        for unread in self.walked.unread.iter().filter(|unread| !unread.is_file) {
            if gone.unknown.iter().any(|known| is_below(&known.relative_path, &unread.relative_path)) {
                away.entry(unread.relative_path.clone()).or_insert(AwayReason::Unreadable);
            }
        }
        for before in self.before {
            if stays_away(before, gone, &judged.other_files) {
                away.insert(before.path.clone(), before.reason);
            }
        }
        judged.mounts = self.mounts_to_keep(&away);
        judged.away = self.topmost(away);
        judged
    }

    /// Folders where something else is mounted than before, and what became of their tracks.
    fn swapped(&self, gone: &Gone<'_>) -> BTreeMap<String, Swapped> {
        let mut found: BTreeMap<String, Swapped> = BTreeMap::new();
        if self.mounts.is_empty() || self.walked.not_there {
            return found;
        }
        let (before, after) = (by_path(self.mounts), by_path(&self.walked.mounts));
        let mut note = |known: &KnownFile, is_gone: bool, changed: bool| {
            let (was, is) = (mount_of(&known.relative_path, &before), mount_of(&known.relative_path, &after));
            let (Some(was), Some(is)) = (was, is) else { return };
            if (was.device, was.inode) == (is.device, is.inode) {
                return;
            }
            let path = if was.path.len() > is.path.len() { &was.path } else { &is.path };
            let swapped = found.entry(path.clone()).or_default();
            swapped.known += 1;
            swapped.gone += usize::from(is_gone);
            if changed {
                swapped.changed.push(known.id);
            }
        };
        gone.gone.iter().for_each(|known| note(known, true, false));
        gone.arrived.iter().for_each(|known| note(known, false, false));
        gone.found.iter().for_each(|found| note(&found.known, false, found.changed));
        found
    }

    /// The topmost folders that are there while none of their tracks is, and that did not get as many others instead.
    fn all_gone(&self, gone: &Gone<'_>) -> Vec<String> {
        let mut alive: HashSet<&str> = HashSet::new();
        let present = gone.found.iter().map(|found| &found.known).chain(gone.unknown);
        for known in present {
            alive.extend(folders_above(&known.relative_path));
        }
        // What moved within the folder, or out of it, was seen.
        for known in gone.arrived {
            alive.extend(folders_above(&known.relative_path));
        }
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for known in gone.gone.iter().filter(|known| known.presence == Presence::Here) {
            let there = |folder: &&str| self.walked.folders.contains(*folder) && !alive.contains(folder);
            if let Some(folder) = folders_above(&known.relative_path).find(there) {
                *found.entry(folder).or_default() += 1;
            }
        }
        let others = |folder: &str| gone.new.iter().filter(|path| is_below(path, folder)).count();
        found
            .into_iter()
            .filter(|(folder, lost)| others(folder) < *lost)
            .map(|(folder, _)| folder.to_owned())
            .collect()
    }

    /// What is mounted there now, but for folders that are away: of those, what was there when their tracks were.
    fn mounts_to_keep(&self, away: &BTreeMap<String, AwayReason>) -> Vec<FolderMount> {
        let is_away =
            |mount: &&FolderMount| away.keys().any(|path| mount.path == *path || is_below(&mount.path, path));
        let mut kept: Vec<FolderMount> =
            self.walked.mounts.iter().filter(|mount| !is_away(mount)).cloned().collect();
        kept.extend(self.mounts.iter().filter(is_away).cloned());
        // Where nothing was known before, what is there now has to do.
        let known: HashSet<String> = kept.iter().map(|mount| mount.path.clone()).collect();
        if self.mounts.is_empty() {
            kept.extend(self.walked.mounts.iter().filter(|mount| !known.contains(&mount.path)).cloned());
        }
        kept.sort();
        kept
    }

    /// The away folders that lie in no other one; one that was away before is so since then.
    fn topmost(&self, away: BTreeMap<String, AwayReason>) -> Vec<AwayFolder> {
        let mut found: Vec<AwayFolder> = Vec::new();
        for (path, reason) in away {
            if found.iter().any(|above| is_below(&path, &above.path)) {
                continue;
            }
            let before = self.before.iter().find(|before| before.path == path);
            let since = before.map_or(self.now, |before| before.since);
            let reason =
                before.map_or(
                    reason,
                    |before| if reason == AwayReason::Unreadable { reason } else { before.reason },
                );
            found.push(AwayFolder { path, since, reason, tracks: 0 });
        }
        found
    }
}

/// The folder that at least half of the tracks have left, where those are [`MANY_GONE`] or more: the innermost one that
/// holds all of them.
fn many_gone(gone: &Gone<'_>) -> Option<String> {
    let here = |known: &&KnownFile| known.presence == Presence::Here;
    let lost: Vec<&str> = gone.gone.iter().filter(here).map(|known| known.relative_path.as_str()).collect();
    let found = gone.found.iter().map(|found| &found.known).filter(here).count();
    let known = lost.len() + found + gone.arrived.iter().chain(gone.unknown).filter(here).count();
    if lost.len() < MANY_GONE || lost.len() * 2 < known {
        return None;
    }
    let first: Vec<&str> = folders_above(lost.first()?).collect();
    let common = first.into_iter().rfind(|folder| lost.iter().all(|path| is_below(path, folder)));
    Some(common.unwrap_or_default().to_owned())
}

/// Whether a folder that was away still is: something of it is missing, and less than half of that came back just now.
fn stays_away(before: &AwayFolder, gone: &Gone<'_>, other_files: &HashSet<TrackId>) -> bool {
    if matches!(before.reason, AwayReason::Unreadable | AwayReason::OtherFileSystem) {
        return false; // found again if it is so
    }
    let of_it = |known: &&KnownFile| is_below(&known.relative_path, &before.path);
    let others = gone.found.iter().map(|found| &found.known).filter(|known| other_files.contains(&known.id));
    let missing = gone.gone.iter().chain(others).filter(of_it).count();
    let seen = gone.found.iter().map(|found| &found.known).filter(|known| !other_files.contains(&known.id));
    let back =
        seen.chain(gone.arrived).filter(of_it).filter(|known| known.presence == Presence::Missing).count();
    back < missing
}

/// The folders that a path lies in, from the root (the empty path) down.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::once("").chain(path.match_indices('/').map(|(end, _)| &path[..end]))
}

/// Whether that path lies in that folder; the empty folder holds everything.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() && !path.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn by_path(mounts: &[FolderMount]) -> HashMap<&str, &FolderMount> {
    mounts.iter().map(|mount| (mount.path.as_str(), mount)).collect()
}

/// What the file at that path lies on.
fn mount_of<'a>(path: &str, mounts: &HashMap<&str, &'a FolderMount>) -> Option<&'a FolderMount> {
    folders_above(path).filter_map(|folder| mounts.get(folder).copied()).last()
}

#[cfg(test)]
#[path = "absence_tests.rs"]
mod tests;
