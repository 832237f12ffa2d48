//! Which new files, and files at the paths of other tracks, are known tracks that were somewhere else before.
//!
//! In this order: a file that is back where its track was before its storage was away; a file with the name, size and time of
//! a track whose file is not where it was, if there is only one of each; a file with the bytes of such a track, also of one
//! of another library folder. Of several files with the same bytes, those whose paths and names are most alike belong together.
//!
//! A file at the path of a known track that has another size or time is compared like a new one, unless it has the bytes of
//! that track: only then has the track surely not left its path.
//!
//! A file at the path of a known track with the bytes of another one that stays where it is was copied over it
//! ([`copied_over`]): it is neither of the two.
//!
//! Invariants: the result does not depend on the order of the inputs; a file is read only if a track that it may be has its
//! size, and so many bytes at most are read in one scan ([`Known::bytes`]); what is left is not added, so that the next scan
//! can tell.

mod copied_over;
mod known;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use fanfare_model::{ContentHash, Timestamp, TrackId, words::last_part};
use fanfare_store::{FormerPlace, KnownFile};

pub(super) use known::{Differing, Known, KnownBytes};

use super::walk::{FoundFile, Walked};

/// So many pairs of tracks and files with the same bytes are compared by name at most; more are paired in order of name.
const MAX_PAIRS: usize = 10_000;

/// What new files are.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// The tracks that they are, by index into [`Walked::files`].
    pub(super) of: HashMap<usize, TrackId>,
    /// Files that are to be looked at in the next scan.
    pub(super) left: HashSet<usize>,
    /// Files at the paths of known tracks that are copies of other tracks.
    pub(super) copied_over: HashSet<usize>,
}

/// A track that a file may be.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    known: &'a KnownFile,
    /// It is of this library folder.
    own: bool,
}

struct Pairing<'a> {
    walked: &'a Walked,
    new: &'a [usize],
    /// Files at the paths of other tracks that may be any.
    others: Vec<usize>,
    /// Sizes of tracks of which it is not known yet whether their files are at their paths.
    undecided: HashSet<u64>,
    hash: &'a mut dyn FnMut(usize) -> Option<ContentHash>,
    /// So many bytes are read at most, but for the first file, which is read whatever its size.
    bytes: u64,
    read_bytes: u64,
    hashes: HashMap<usize, Option<ContentHash>>,
    taken: HashSet<TrackId>,
    moves: Moves,
}

/// Pairs new files with tracks.
pub(super) fn pair_moves(
    known: &Known<'_>,
    new: &[usize],
    walked: &Walked,
    hash: &mut dyn FnMut(usize) -> Option<ContentHash>,
) -> Moves {
    let mut pairing = Pairing {
        walked,
        new,
        others: Vec::new(),
        undecided: HashSet::new(),
        hash,
        bytes: known.bytes,
        read_bytes: 0,
        hashes: HashMap::new(),
        taken: HashSet::new(),
        moves: Moves::default(),
    };
    pairing.back_where_they_were(known.former);
    let displaced = pairing.not_their_own(known);
    let tracks: Vec<&KnownFile> = known.vanished.iter().chain(displaced.iter().copied()).collect();
    pairing.same_facts(&tracks);
    pairing.same_bytes(&tracks, known.elsewhere);
    pairing.never_read(known.vanished);
    pairing.never_read_displaced(&tracks, &displaced);
    pairing.copied_over(known);
    pairing.moves
}

impl<'a> Pairing<'a> {
    fn file(&self, index: usize) -> Option<&'a FoundFile> {
        let walked = self.walked;
        walked.files.get(index)
    }

    fn is_open(&self, index: usize) -> bool {
        !self.moves.of.contains_key(&index) && !self.moves.left.contains(&index)
    }

    fn pair(&mut self, index: usize, track: TrackId) {
        self.taken.insert(track);
        self.moves.of.insert(index, track);
    }

    /// The hash of that file's bytes; `None` also when it is left for the next scan.
    fn content(&mut self, index: usize) -> Option<ContentHash> {
        if let Some(known) = self.hashes.get(&index) {
            return *known;
        }
        let size_bytes = self.file(index)?.size_bytes;
        let then = self.read_bytes.saturating_add(size_bytes);
        if self.read_bytes > 0 && then > self.bytes {
            self.moves.left.insert(index);
            return None;
        }
        self.content_in_any_case(index)
    }

    /// The hash of that file's bytes, however many were read already.
    fn content_in_any_case(&mut self, index: usize) -> Option<ContentHash> {
        if let Some(known) = self.hashes.get(&index) {
            return *known;
        }
        self.read_bytes = self.read_bytes.saturating_add(self.file(index)?.size_bytes);
        let found = (self.hash)(index);
        self.hashes.insert(index, found);
        found
    }

    fn back_where_they_were(&mut self, former: &[FormerPlace]) {
        let mut at: HashMap<&str, Vec<&FormerPlace>> = HashMap::new();
        for place in former {
            at.entry(&place.relative_path).or_default().push(place);
        }
        for index in self.new.iter().copied() {
            let Some(file) = self.file(index) else { continue };
            for place in at.get(file.relative_path.as_str()).into_iter().flatten() {
                let same = (place.size_bytes, place.modified) == (file.size_bytes, file.modified);
                if same
                    && self.is_open(index)
                    && !self.taken.contains(&place.track)
                    && self.content(index) == Some(place.content_hash)
                {
                    self.pair(index, place.track);
                }
            }
        }
    }

    /// Finds the files at the paths of tracks that are not those tracks, or may be others; gives the tracks that may have
    /// left their paths. A file of the same size as its track is read only if another file or track has that size.
    fn not_their_own<'k>(&mut self, known: &Known<'k>) -> Vec<&'k KnownFile> {
        let mut files: HashMap<u64, u32> = HashMap::new();
        for index in self.new.iter().copied().chain(known.differing.iter().map(|differing| differing.file)) {
            let Some(file) = self.file(index).filter(|_| self.is_open(index)) else { continue };
            *files.entry(file.size_bytes).or_default() += 1;
        }
        let mut tracks: HashMap<u64, u32> = HashMap::new();
        let differing = known.differing.iter().map(|differing| differing.known);
        for known in known.vanished.iter().chain(known.elsewhere).chain(differing) {
            *tracks.entry(known.size_bytes).or_default() += 1;
        }
        let mut displaced = Vec::new();
        for Differing { file: index, known } in known.differing.iter().copied() {
            let Some(file) = self.file(index) else { continue };
            let size = file.size_bytes;
            if size == known.size_bytes {
                let others = [&files, &tracks].map(|of| of.get(&size).copied().unwrap_or_default());
                if others.iter().all(|count| *count < 2) {
                    continue;
                }
                match known.content_hash {
                    Some(own) => match self.content(index) {
                        Some(content) if content != own => {}
                        Some(_) => continue,
                        None => {
                            if self.moves.left.contains(&index) {
                                self.undecided.insert(size);
                            }
                            continue;
                        }
                    },
                    None if file.modified == known.modified => continue,
                    None => {}
                }
            }
            self.others.push(index);
            if !self.taken.contains(&known.id) {
                displaced.push(known);
            }
        }
        displaced
    }

    /// The files that are not known to be any track yet.
    fn open(&self) -> Vec<usize> {
        self.new.iter().chain(&self.others).copied().filter(|index| self.is_open(*index)).collect()
    }

    /// Name, size and time say enough where there is one file and one track of them.
    fn same_facts(&mut self, vanished: &[&KnownFile]) {
        let mut tracks: HashMap<(&str, u64, Timestamp), Vec<TrackId>> = HashMap::new();
        for known in vanished.iter().filter(|known| !self.taken.contains(&known.id)) {
            let facts = (last_part(&known.relative_path), known.size_bytes, known.modified);
            tracks.entry(facts).or_default().push(known.id);
        }
        let mut files: HashMap<(&str, u64, Timestamp), Vec<usize>> = HashMap::new();
        for index in self.new.iter().copied().filter(|index| self.is_open(*index)) {
            let Some(file) = self.file(index) else { continue };
            let facts = (last_part(&file.relative_path), file.size_bytes, file.modified);
            files.entry(facts).or_default().push(index);
        }
        for (facts, files) in files {
            if let ([file], Some([track])) = (files.as_slice(), tracks.get(&facts).map(Vec::as_slice)) {
                self.pair(*file, *track);
            }
        }
    }

    fn same_bytes(&mut self, tracks: &[&KnownFile], elsewhere: &[KnownFile]) {
        let mut by_size: HashMap<u64, Vec<Candidate<'_>>> = HashMap::new();
        let own = tracks.iter().map(|known| Candidate { known, own: true });
        let others = elsewhere.iter().map(|known| Candidate { known, own: false });
        for candidate in own.chain(others) {
            if candidate.known.content_hash.is_some() && !self.taken.contains(&candidate.known.id) {
                by_size.entry(candidate.known.size_bytes).or_default().push(candidate);
            }
        }
        let mut same: Vec<(ContentHash, Vec<usize>)> = Vec::new();
        let mut place: HashMap<ContentHash, usize> = HashMap::new();
        for index in self.open() {
            let Some(file) = self.file(index) else { continue };
            if self.undecided.contains(&file.size_bytes) {
                self.moves.left.insert(index);
                continue;
            }
            if !by_size.contains_key(&file.size_bytes) {
                continue;
            }
            let Some(content) = self.content(index) else { continue };
            let at = *place.entry(content).or_insert(same.len());
            match same.get_mut(at) {
                Some((_, files)) => files.push(index),
                None => same.push((content, vec![index])),
            }
        }
        for (content, files) in same {
            let size = files.first().and_then(|index| self.file(*index)).map(|file| file.size_bytes);
            let of_size = size.and_then(|size| by_size.get(&size)).into_iter().flatten();
            let tracks: Vec<Candidate<'_>> =
                of_size.copied().filter(|candidate| candidate.known.content_hash == Some(content)).collect();
            self.most_alike(&files, &tracks);
        }
    }

    /// Tracks whose bytes were never read: only name, size and time can tell.
    fn never_read(&mut self, vanished: &[KnownFile]) {
        let mut tracks: HashMap<(&str, u64, Timestamp), Vec<Candidate<'_>>> = HashMap::new();
        for known in vanished.iter().filter(|known| known.content_hash.is_none()) {
            if !self.taken.contains(&known.id) {
                let facts = (last_part(&known.relative_path), known.size_bytes, known.modified);
                tracks.entry(facts).or_default().push(Candidate { known, own: true });
            }
        }
        let mut files: HashMap<(&str, u64, Timestamp), Vec<usize>> = HashMap::new();
        for index in self.new.iter().copied().filter(|index| self.is_open(*index)) {
            let Some(file) = self.file(index) else { continue };
            let facts = (last_part(&file.relative_path), file.size_bytes, file.modified);
            if tracks.contains_key(&facts) {
                files.entry(facts).or_default().push(index);
            }
        }
        for (facts, files) in files {
            self.most_alike(&files, tracks.get(&facts).map_or(&[], Vec::as_slice));
        }
    }

    /// Tracks whose bytes were never read, where files are at the paths of others: size and time, if only one has them.
    fn never_read_displaced(&mut self, tracks: &[&KnownFile], displaced: &[&KnownFile]) {
        let mut by_facts: HashMap<(u64, Timestamp), Vec<TrackId>> = HashMap::new();
        for known in
            tracks.iter().filter(|known| known.content_hash.is_none() && !self.taken.contains(&known.id))
        {
            by_facts.entry((known.size_bytes, known.modified)).or_default().push(known.id);
        }
        let mut files: HashMap<(u64, Timestamp), Vec<usize>> = HashMap::new();
        for index in self.open() {
            let Some(file) = self.file(index) else { continue };
            files.entry((file.size_bytes, file.modified)).or_default().push(index);
        }
        let displaced: HashSet<TrackId> = displaced.iter().map(|known| known.id).collect();
        let others: HashSet<usize> = self.others.iter().copied().collect();
        for (facts, tracks) in by_facts {
            if let ([track], Some([file])) = (tracks.as_slice(), files.get(&facts).map(Vec::as_slice))
                && (displaced.contains(track) || others.contains(file))
            {
                self.pair(*file, *track);
            }
        }
    }

    /// Pairs files and tracks that are the same by all that is known, those with the most alike paths first.
    fn most_alike(&mut self, files: &[usize], tracks: &[Candidate<'_>]) {
        let walked = self.walked;
        let path = |index: usize| walked.files.get(index).map_or("", |file| file.relative_path.as_str());
        if files.len().saturating_mul(tracks.len()) > MAX_PAIRS {
            let (mut files, mut tracks) = (files.to_vec(), tracks.to_vec());
            files.sort_by_key(|index| (last_part(path(*index)), path(*index)));
            tracks.sort_by_key(|track| (last_part(&track.known.relative_path), &*track.known.relative_path));
            files.iter().zip(&tracks).for_each(|(file, track)| self.pair(*file, track.known.id));
            return;
        }
        let mut pairs: Vec<_> = files
            .iter()
            .flat_map(|file| tracks.iter().map(move |track| (*file, *track)))
            .map(|(file, track)| (Reverse(likeness(walked.files.get(file), track)), track, file))
            .collect();
        pairs.sort_by(|(a, track_a, file_a), (b, track_b, file_b)| {
            let (known_a, known_b) = (&track_a.known.relative_path, &track_b.known.relative_path);
            a.cmp(b).then_with(|| (known_a, path(*file_a)).cmp(&(known_b, path(*file_b))))
        });
        for (_, track, file) in pairs {
            if self.is_open(file) && !self.taken.contains(&track.known.id) {
                self.pair(file, track.known.id);
            }
        }
    }
}

/// How much speaks for a file being that track: how many parts at the ends of their paths are the same, how alike their
/// names and paths are (in thousandths), whether it is of the same library folder, and whether its time is the same.
fn likeness(file: Option<&FoundFile>, track: Candidate<'_>) -> (usize, u32, u32, bool, bool) {
    let Some(file) = file else { return (0, 0, 0, false, false) };
    let (old, new) = (&*track.known.relative_path, &*file.relative_path);
    let names = alike(last_part(old), last_part(new));
    (common_end(old, new), names, alike(old, new), track.own, track.known.modified == file.modified)
}

/// How alike two texts are, in thousandths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is between 0 and 1
fn alike(a: &str, b: &str) -> u32 {
    (strsim::normalized_levenshtein(a, b) * 1e3).round() as u32
}

/// How many parts at their ends two paths share.
fn common_end(a: &str, b: &str) -> usize {
    a.rsplit('/').zip(b.rsplit('/')).take_while(|(a, b)| a == b).count()
}
