//! Which new files are tracks that were somewhere else before.

use std::collections::{HashMap, HashSet};

use fanfare_model::{ContentHash, Timestamp, TrackId};
use fanfare_store::KnownFile;

use super::walk::Walked;

/// Pairs new files with vanished tracks of the same size and time: first those that kept their name (the
/// folder was renamed or the file was put elsewhere), then, by content, those that were renamed themselves.
pub(super) fn pair_moves(
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
