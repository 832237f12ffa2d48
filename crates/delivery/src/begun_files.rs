//! Transcodes that are being made for listeners, and how many there may be.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use fanfare_model::{CacheOptions, Error, ErrorKind, Profile, Result, TrackId};

use crate::growing::GrowingFile;

/// Of which track, by which profile.
pub(crate) type Key = (TrackId, Profile);

/// A file being made, and for whom it was begun. It belongs to those who listen and to the task that follows its making:
/// when they are gone, so are its descriptors.
struct BegunFile {
    growing: Weak<GrowingFile>,
    person: String,
}

impl BegunFile {
    /// The file, while it is being made.
    fn alive(&self) -> Option<Arc<GrowingFile>> {
        self.growing.upgrade().filter(|growing| growing.is_alive())
    }
}

/// The files that are being made.
#[derive(Default)]
pub(crate) struct BegunFiles {
    files: Mutex<HashMap<Key, BegunFile>>,
    /// Held by the request that begins a file, so that other requests at that time find it begun.
    turns: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

impl BegunFiles {
    /// The file, while it is being made.
    pub(crate) fn alive(&self, key: Key) -> Option<Arc<GrowingFile>> {
        self.files().get(&key).and_then(BegunFile::alive)
    }

    /// Notes that a file is being made for that person.
    pub(crate) fn insert(&self, key: Key, growing: &Arc<GrowingFile>, person: &str) {
        let begun = BegunFile { growing: Arc::downgrade(growing), person: person.to_owned() };
        self.files().insert(key, begun);
    }

    /// The lock of the request that begins this file.
    pub(crate) fn turn(&self, key: Key) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(key).or_default())
    }

    /// How many there are, for listeners of now or a moment ago.
    pub(crate) fn count(&self) -> usize {
        self.files().values().filter_map(BegunFile::alive).count()
    }

    /// How many of those were not left by all listeners.
    pub(crate) fn listened_to(&self) -> usize {
        self.files().values().filter_map(BegunFile::alive).filter(|growing| !growing.is_left()).count()
    }

    /// Refuses when too many files are being made for listeners. Files without a listener are given up for the new one, so
    /// that a listener who skips through an album is not refused.
    ///
    /// # Errors
    /// `TooMany`.
    pub(crate) fn make_room(&self, options: &CacheOptions, person: &str) -> Result<()> {
        let mut files = self.files();
        files.retain(|_, begun| begun.alive().is_some());
        let alive: Vec<(bool, Arc<GrowingFile>)> =
            files.values().filter_map(|begun| Some((begun.person == person, begun.alive()?))).collect();
        drop(files);
        let theirs = || alive.iter().filter(|(theirs, _)| *theirs);
        let played = |(_, growing): &&(bool, Arc<GrowingFile>)| !growing.is_left();
        let (whose, most) = if theirs().filter(played).count() >= options.max_encodes_per_person {
            ("are being made for you", options.max_encodes_per_person)
        } else if alive.iter().filter(played).count() >= options.max_encodes {
            ("are being made", options.max_encodes)
        } else {
            let full = alive.len() >= options.max_encodes;
            if full || theirs().count() >= options.max_encodes_per_person {
                let left = alive.iter().filter(|(theirs, growing)| growing.is_left() && (full || *theirs));
                left.for_each(|(_, growing)| growing.dismiss());
            }
            return Ok(());
        };
        Err(Error::new(ErrorKind::TooMany, format!("{most} transcodes {whose} already"))
            .remedy("wait for one of them, or play the original"))
    }

    fn files(&self) -> MutexGuard<'_, HashMap<Key, BegunFile>> {
        // Every change is one operation of the map.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
