//! Files at the paths of known tracks that have the bytes of another known track: copies that were made over them.
//!
//! Such a file is no edit of the track at its path. If it were, a published track would make the bytes of a private one
//! public, under its own links and places in mixtapes. It is a track of its own.
//!
//! The other track may have been edited before it was copied, or be a new file. Then two files are other ones than before and have
//! the same bytes, and one of them is the copy: of two known tracks the published one, else the one whose file changed later;
//! of a known track and a new file the one that changed later. Change times cannot be set back, unlike modification times.
//!
//! Invariant: a file is read only if another known track has its size.

use std::collections::{HashMap, HashSet};

use fanfare_model::TrackState;
use fanfare_store::KnownFile;

use super::{
    Pairing,
    known::{Differing, Known, KnownBytes},
};

impl Pairing<'_> {
    /// Notes which of the files at the paths of known tracks are copies of other tracks.
    pub(super) fn copied_over(&mut self, known: &Known<'_>) {
        let mut by_size: HashMap<u64, Vec<KnownBytes>> = HashMap::new();
        let moved = known.vanished.iter().chain(known.elsewhere).map(|file| KnownBytes::of(file, None));
        for other in known.present.iter().copied().chain(moved) {
            by_size.entry(other.size_bytes).or_default().push(other);
        }
        let mut copies = HashSet::new();
        for differing in known.differing {
            if !self.is_open(differing.file) {
                continue;
            }
            let size = self.file(differing.file).map(|file| file.size_bytes);
            let others = size.and_then(|size| by_size.get(&size)).map_or(&[][..], Vec::as_slice);
            if self.is_copy(differing, others) || self.is_copy_of_changed(differing, known) {
                copies.insert(differing.file);
            }
        }
        self.moves.copied_over = copies;
    }

    fn is_copy(&mut self, Differing { file, known }: &Differing<'_>, others: &[KnownBytes]) -> bool {
        if others.iter().all(|other| other.id == known.id) {
            return false;
        }
        // Nothing but its change time is another one, and nobody knows which bytes it had: a new owner more likely than not.
        let as_known = self
            .file(*file)
            .is_some_and(|file| (file.size_bytes, file.modified) == (known.size_bytes, known.modified));
        if known.content_hash.is_none() && as_known && known.state != TrackState::Published {
            return false;
        }
        let Some(content) = self.content(*file) else { return false };
        known.content_hash != Some(content)
            && others.iter().filter(|other| other.id != known.id).any(|other| match other.content {
                Some(others) => others == content,
                None => other.file.is_some_and(|file| self.content_in_any_case(file) == Some(content)),
            })
    }

    /// Whether it is a copy of a file that is new, or other than before, too.
    fn is_copy_of_changed(&mut self, one: &Differing<'_>, known: &Known<'_>) -> bool {
        let Some(file) = self.file(one.file) else { return false };
        let as_known = (file.size_bytes, file.modified) == (one.known.size_bytes, one.known.modified);
        if one.known.content_hash.is_none() && as_known {
            return false;
        }
        let is_published = |known: &KnownFile| known.state == TrackState::Published;
        let changed = known.differing.iter().filter(|other| {
            let had_the_same =
                one.known.content_hash.is_some() && one.known.content_hash == other.known.content_hash;
            other.file != one.file && !had_the_same
        });
        let changed: Vec<usize> = changed
            .filter(|other| {
                let at = |of: &Differing<'_>| {
                    self.file(of.file).map(|file| (is_published(of.known), file.changed_ns, of.file))
                };
                at(other) < at(one)
            })
            .map(|other| other.file)
            .collect();
        let new = self.new.iter().copied();
        let new = new.filter(|new| self.file(*new).is_some_and(|new| new.changed_ns <= file.changed_ns));
        let others: Vec<usize> = changed.into_iter().chain(new).collect();
        for other in others {
            if self.file(other).is_none_or(|other| other.size_bytes != file.size_bytes)
                || !self.is_open(other)
            {
                continue;
            }
            let Some(content) = self.content(one.file) else { return false };
            if one.known.content_hash == Some(content) {
                return false;
            }
            match self.content(other) {
                Some(others) if others == content => return true,
                // It is told together with the other one in the next scan.
                None if self.moves.left.contains(&other) => drop(self.moves.left.insert(one.file)),
                _ => {}
            }
        }
        false
    }
}
