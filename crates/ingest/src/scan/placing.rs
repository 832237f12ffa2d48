//! What becomes of files and tracks once it is known which files are which tracks ([`super::moves`]): new files, and files at
//! the paths of known tracks that may be other ones.
//!
//! Invariants: a track keeps its path only if the file there is no other track; what was planned for a track that leaves its
//! path is not done; a copy of a known track is never an edit of the track at its path; a file that cannot be told yet is left for the next scan together with the track at its path.

use std::collections::HashSet;

use fanfare_model::{Presence, TrackId};
use fanfare_store::KnownFile;

use super::{
    absence::Found,
    moves::{Differing, Known, KnownBytes, Moves, pair_moves},
    plan::{Comparison, Placed, Plan, Reading, Verdict, differs},
    walk::Walked,
};

impl Plan {
    /// Decides what new files are, and files that are other ones than those known at their paths.
    pub(super) fn place_files(
        &mut self,
        vanished: Vec<KnownFile>,
        found: Vec<(usize, Found)>,
        mut new: Vec<usize>,
        walked: &Walked,
        comparison: &mut Comparison<'_>,
    ) -> Placed {
        let elsewhere: Vec<KnownFile> = comparison.elsewhere.iter().map(|other| other.file.clone()).collect();
        let differing: Vec<Differing<'_>> = found
            .iter()
            .filter(|(file, found)| walked.files.get(*file).is_some_and(|file| differs(&found.known, file)))
            .map(|(file, found)| Differing { file: *file, known: &found.known })
            .collect();
        let here = found
            .iter()
            .filter(|(_, found)| found.known.presence == Presence::Here)
            .map(|(file, found)| KnownBytes::of(&found.known, Some(*file)));
        let present: Vec<KnownBytes> = here.chain(comparison.present.iter().copied()).collect();
        let known = Known {
            vanished: &vanished,
            differing: &differing,
            elsewhere: &elsewhere,
            present: &present,
            former: comparison.former,
            bytes: comparison.move_bytes,
        };
        let moves = pair_moves(&known, &new, walked, comparison.hash);
        let moved: HashSet<TrackId> = moves.of.values().copied().collect();
        let differing: HashSet<usize> = differing.iter().map(|differing| differing.file).collect();
        let (mut arrived, gone): (Vec<KnownFile>, Vec<KnownFile>) =
            vanished.into_iter().partition(|known| moved.contains(&known.id));
        self.arrived = arrived.iter().map(|known| known.id).collect();
        let mut placed = Placed { found: Vec::new(), arrived: Vec::new(), gone, new: Vec::new() };
        self.leave_paths(found, &moves, &differing, &mut placed);
        for index in new.iter().copied().filter(|index| !moves.left.contains(index)) {
            let verdict = moves.of.get(&index).map_or(Verdict::Added, |id| Verdict::Moved(*id));
            self.readings.push(Reading { file: index, verdict });
        }
        for (index, id) in moves.of.iter().filter(|(index, _)| differing.contains(index)) {
            self.readings.push(Reading { file: *index, verdict: Verdict::Moved(*id) });
        }
        self.unchecked |= !moves.left.is_empty();
        for other in comparison.elsewhere.iter().filter(|other| moved.contains(&other.file.id)) {
            self.taken_from.insert(other.folder);
            // Whether that folder's storage is away is not known here.
            self.left_behind.push(other.file.id);
        }
        let others = comparison.former.iter().filter(|place| moved.contains(&place.track));
        self.taken_from.extend(others.map(|place| place.folder));
        arrived.append(&mut placed.arrived);
        new.append(&mut placed.new);
        Placed { arrived, new, ..placed }
    }

    /// Known tracks leave their paths where they are somewhere else, or where the file there is another track.
    fn leave_paths(
        &mut self,
        found: Vec<(usize, Found)>,
        moves: &Moves,
        differing: &HashSet<usize>,
        placed: &mut Placed,
    ) {
        let moved: HashSet<TrackId> = moves.of.values().copied().collect();
        let (mut leaving, mut added): (HashSet<TrackId>, Vec<usize>) = (HashSet::new(), Vec::new());
        for (file, found) in found {
            let (moves_on, is_other) = (moved.contains(&found.known.id), moves.of.contains_key(&file));
            let (left, is_copy) = (moves.left.contains(&file), moves.copied_over.contains(&file));
            if moves_on || is_other || is_copy || left {
                leaving.insert(found.known.id);
            }
            if !moves_on && !is_other && !is_copy {
                placed.found.push(found);
                continue;
            }
            self.taken.insert(file);
            placed.new.push(file);
            if !is_other && !left {
                added.push(file);
            }
            if !moves_on {
                if is_copy {
                    self.off_path.push(found.known.id);
                }
                placed.gone.push(found.known);
                continue;
            }
            // Where its file is as it was, that is a copy, and no place to be remembered.
            if differing.contains(&file) {
                self.arrived.insert(found.known.id);
            }
            placed.arrived.push(found.known);
        }
        self.readings.retain(|reading| reading.verdict.of().is_none_or(|id| !leaving.contains(&id)));
        self.back.retain(|(id, _)| !leaving.contains(id));
        self.noted.retain(|(id, _)| !leaving.contains(id));
        for file in added {
            self.readings.push(Reading { file, verdict: Verdict::Added });
            self.copies.insert(file);
        }
    }
}
