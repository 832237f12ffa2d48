//! Comparing what a walk found with what is known: which files to read, which tracks moved, which are gone.
//!
//! Invariants: touches no file (the one question about content is asked through a function); a known track
//! is named at most once; the plan does not depend on the order of its inputs.

use std::collections::{BTreeMap, HashMap, HashSet};

use fanfare_model::{ContentHash, Timestamp, TrackId, TrackState};
use fanfare_store::KnownFile;

use super::walk::Walked;

/// What reading a file will be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A new file.
    Added,
    /// A known file with other content (or one whose reading failed and may work now).
    Changed(TrackId),
    /// A known file at another path.
    Moved(TrackId),
    /// A known, unchanged file with a new picture beside it.
    Repictured(TrackId),
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
    /// Tracks whose file is gone.
    pub(crate) removed: Vec<TrackId>,
    /// Folders that are empty now but held that many known tracks, which are kept.
    pub(crate) emptied: BTreeMap<String, usize>,
}

/// What the comparison needs besides the two lists.
pub(crate) struct Comparison<'a> {
    /// Failed tracks to read again although nothing about their file changed.
    pub(crate) reread: &'a HashSet<TrackId>,
    /// Pictures that changed since then make the files beside them be read again.
    pub(crate) pictures_since: Option<Timestamp>,
    /// Folders that are empty because somebody emptied them; the root (an empty path) stands for all.
    pub(crate) meant_empty: &'a HashSet<String>,
    /// The hash of that file's bytes (index into [`Walked::files`]), if it can be read.
    pub(crate) hash: &'a mut dyn FnMut(usize) -> Option<ContentHash>,
}

/// Compares.
pub(crate) fn plan(known: Vec<KnownFile>, walked: &Walked, comparison: Comparison<'_>) -> Plan {
    let mut by_path: HashMap<String, KnownFile> =
        known.into_iter().map(|file| (file.relative_path.clone(), file)).collect();
    let mut plan = Plan::default();
    let mut new = Vec::new();
    for (index, file) in walked.files.iter().enumerate() {
        let Some(known) = by_path.remove(&file.relative_path) else {
            new.push(index);
            continue;
        };
        let same = known.size_bytes == file.size_bytes && known.modified == file.modified;
        let repictured = || {
            let picture = file.picture.and_then(|index| walked.pictures.get(index));
            // Clocks of file systems tick coarsely (10 ms at most): a picture may look older than it is.
            picture
                .zip(comparison.pictures_since)
                .is_some_and(|(picture, since)| picture.changed.plus_ms(20) >= since)
        };
        let verdict = if !same || comparison.reread.contains(&known.id) {
            Verdict::Changed(known.id)
        } else if known.state != TrackState::Failed && repictured() {
            Verdict::Repictured(known.id)
        } else {
            continue;
        };
        plan.readings.push(Reading { file: index, verdict });
    }

    let unread: HashSet<&str> = walked.unread.iter().map(|unread| unread.relative_path.as_str()).collect();
    let mut vanished: Vec<KnownFile> =
        by_path.into_values().filter(|known| !is_unknown(&known.relative_path, &unread)).collect();
    vanished.sort_by(|a, b| a.relative_path.cmp(&b.relative_path));
    let moves = pair_moves(&vanished, &new, walked, comparison.hash);
    let moved: HashSet<TrackId> = moves.values().copied().collect();
    for index in new {
        let verdict = moves.get(&index).map_or(Verdict::Added, |id| Verdict::Moved(*id));
        plan.readings.push(Reading { file: index, verdict });
    }
    plan.readings.sort_by_key(|reading| reading.file);
    for known in vanished.iter().filter(|known| !moved.contains(&known.id)) {
        match emptied_above(&known.relative_path, walked, comparison.meant_empty) {
            Some(folder) => *plan.emptied.entry(folder.to_owned()).or_default() += 1,
            None => plan.removed.push(known.id),
        }
    }
    plan
}

/// The folder above that path that holds nothing any more and may be storage that is away.
fn emptied_above<'a>(path: &'a str, walked: &Walked, meant: &HashSet<String>) -> Option<&'a str> {
    let folder =
        path.match_indices('/').map(|(end, _)| &path[..end]).find(|folder| walked.empty.contains(*folder))?;
    (!meant.contains("") && !meant.contains(folder)).then_some(folder)
}

/// Whether the walk could not see what is at that path, so that its absence means nothing.
fn is_unknown(path: &str, unread: &HashSet<&str>) -> bool {
    unread.contains("")
        || unread.contains(path)
        || path.match_indices('/').any(|(end, _)| unread.contains(&path[..end]))
}

/// Pairs new files with vanished tracks of the same size and time: first those that kept their name (the
/// folder was renamed or the file was put elsewhere), then, by content, those that were renamed themselves.
fn pair_moves(
    vanished: &[KnownFile],
    new: &[usize],
    walked: &Walked,
    hash: &mut dyn FnMut(usize) -> Option<ContentHash>,
) -> HashMap<usize, TrackId> {
    let mut by_facts: HashMap<(u64, Timestamp), Vec<&KnownFile>> = HashMap::new();
    for known in vanished {
        by_facts.entry((known.size_bytes, known.modified)).or_default().push(known);
    }
    let mut moves = HashMap::new();
    let mut taken = HashSet::new();
    let mut hashes: HashMap<usize, Option<ContentHash>> = HashMap::new();
    for same_name in [true, false] {
        for &index in new {
            let file = &walked.files[index];
            let Some(candidates) = by_facts.get(&(file.size_bytes, file.modified)) else { continue };
            if moves.contains_key(&index) {
                continue;
            }
            let name = last_part(&file.relative_path);
            let left: Vec<&KnownFile> = candidates
                .iter()
                .copied()
                .filter(|known| !taken.contains(&known.id))
                .filter(|known| !same_name || last_part(&known.relative_path) == name)
                .collect();
            let mut content = || *hashes.entry(index).or_insert_with(|| hash(index));
            let chosen = match left.as_slice() {
                [] => None,
                [only] if same_name => Some(*only),
                several => {
                    let by_content = several
                        .iter()
                        .copied()
                        .filter(|known| known.content_hash.is_some() && known.content_hash == content())
                        .max_by_key(|known| common_end(&known.relative_path, &file.relative_path));
                    // Same size, same time, same name, and never heard: which of them it was cannot matter
                    // to anybody, so the one whose path ends most alike is taken.
                    let unheard = || {
                        several
                            .iter()
                            .copied()
                            .filter(|known| same_name && known.content_hash.is_none())
                            .max_by_key(|known| common_end(&known.relative_path, &file.relative_path))
                    };
                    by_content.or_else(unheard)
                }
            };
            if let Some(known) = chosen {
                taken.insert(known.id);
                moves.insert(index, known.id);
            }
        }
    }
    moves
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// How many parts at their ends two paths share.
fn common_end(a: &str, b: &str) -> usize {
    a.rsplit('/').zip(b.rsplit('/')).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
