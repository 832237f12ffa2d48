//! Files that were opened a moment ago, for the next request of the same listener.
//!
//! A player asks for a track in dozens of ranges; finding and opening its file costs more than sending most of them. So an open
//! file is kept for [`LIFE`] under a key of the caller's, with what else the answer needs.
//!
//! Invariants: a file is given out only while it is the one that was opened ([`OpenFile::is_current`]), its entry is
//! younger than [`LIFE`], and the caller's *write_generation* is the one it was kept under: a number that changes with
//! everything that could make the key mean another file. At most [`PLACES`] are kept, and none much longer than [`LIFE`]: a
//! file that was deleted gives its space back.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::OpenFile;

/// How long an open file is kept.
pub const LIFE: Duration = Duration::from_secs(1);
/// How many are kept at most, each a descriptor.
pub const PLACES: usize = 256;

/// Open files by key, each with something that belongs to it. Cheap to clone.
pub struct OpenFileCache<K, T>(Arc<Mutex<Kept<K, T>>>);

struct Kept<K, T> {
    /// How many files are kept at most.
    most: usize,
    places: HashMap<K, Place<T>>,
    /// Whether a task is there that clears away what is too old.
    swept: bool,
}

struct Place<T> {
    file: OpenFile,
    label: T,
    write_generation: u64,
    since: Instant,
}

impl<K, T> Clone for OpenFileCache<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Default for OpenFileCache<K, T> {
    fn default() -> Self {
        Self::with_places(PLACES)
    }
}

impl<K, T> OpenFileCache<K, T> {
    /// One that keeps at most that many files, for a process that may open few.
    #[must_use]
    pub fn with_places(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Kept { most, places: HashMap::new(), swept: false })))
    }
}

impl<K: Eq + Hash + Send + 'static, T: Clone + Send + 'static> OpenFileCache<K, T> {
    /// The file that is kept under that key, if it may still be given out.
    #[must_use]
    pub fn find(&self, key: &K, write_generation: u64) -> Option<(OpenFile, T)> {
        self.find_at(key, write_generation, Instant::now())
    }

    fn find_at(&self, key: &K, write_generation: u64, now: Instant) -> Option<(OpenFile, T)> {
        let (file, label) = {
            let kept = self.kept();
            let place = kept.places.get(key)?;
            if place.write_generation != write_generation
                || now.saturating_duration_since(place.since) >= LIFE
            {
                return None;
            }
            (place.file.clone(), place.label.clone())
        };
        // Asks the system, so not under the lock.
        file.is_current().then_some((file, label))
    }

    /// Keeps a file that was found while the write_generation was that one. A file that was changed a moment ago is not
    /// kept: its tag is about to become a strong one.
    pub fn keep(&self, key: K, write_generation: u64, file: &OpenFile, label: T) {
        if file.representation().etag.is_weak() {
            return;
        }
        let mut kept = self.kept();
        if kept.places.len() >= kept.most && !kept.places.contains_key(&key) {
            return;
        }
        kept.places.insert(key, Place { file: file.clone(), label, write_generation, since: Instant::now() });
        if !std::mem::replace(&mut kept.swept, true) {
            tokio::spawn(self.clone().sweep());
        }
    }

    /// Drops entries that are too old, until nothing is left.
    async fn sweep(self) {
        loop {
            tokio::time::sleep(LIFE).await;
            if self.clear(Instant::now()) {
                return;
            }
        }
    }

    /// Drops entries that are too old; returns whether nothing is left: then the next one that is kept starts a sweep.
    fn clear(&self, now: Instant) -> bool {
        let mut kept = self.kept();
        kept.places.retain(|_, place| now.saturating_duration_since(place.since) < LIFE);
        kept.swept = !kept.places.is_empty();
        kept.places.is_empty()
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, T>> {
        // Every change is one operation of the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        time::{Duration, SystemTime},
    };

    use super::*;

    async fn opened(folder: &tempfile::TempDir, settled: bool) -> OpenFile {
        let path = folder.path().join("a");
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(b"some bytes").unwrap();
        let ago = Duration::from_secs(if settled { 60 } else { 0 });
        file.set_modified(SystemTime::now() - ago).unwrap();
        OpenFile::open(&path, SystemTime::now()).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_kept_is_given_out_for_a_second_and_never_when_something_changed() {
        type Change = fn(&std::path::Path);
        let changes: [(Change, bool); 4] = [
            (|_| {}, true),
            (|path| std::fs::remove_file(path).unwrap(), false),
            (|path| std::fs::write(path, b"other bytes").unwrap(), false),
            (
                |path| {
                    std::fs::write(path.with_extension("new"), b"some bytes").unwrap();
                    std::fs::rename(path.with_extension("new"), path).unwrap();
                },
                false,
            ),
        ];
        for (index, (change, given)) in changes.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let open_file_cache = OpenFileCache::default();
            let file = opened(&folder, true).await;
            open_file_cache.keep(1, 7, &file, "label");
            assert!(open_file_cache.find(&1, 7).is_some() && open_file_cache.find(&2, 7).is_none());
            assert!(open_file_cache.find(&1, 8).is_none(), "another write_generation");
            change(&folder.path().join("a"));
            assert_eq!(open_file_cache.find(&1, 7).is_some(), given, "change {index}");
            let later = Instant::now() + LIFE;
            assert!(open_file_cache.find_at(&1, 7, later).is_none(), "too old");
        }
    }

    #[tokio::test]
    async fn handles_are_closed_and_places_are_few() {
        let folder = tempfile::tempdir().unwrap();
        let open_file_cache = OpenFileCache::default();
        let file = opened(&folder, true).await;
        for key in 0..PLACES + 10 {
            open_file_cache.keep(key, 0, &file, ());
        }
        assert_eq!(open_file_cache.kept().places.len(), PLACES);
        assert!(open_file_cache.clear(Instant::now() + LIFE));
        assert!(open_file_cache.kept().places.is_empty() && !open_file_cache.kept().swept);
        let fresh = opened(&folder, false).await;
        open_file_cache.keep(1, 0, &fresh, ());
        assert!(open_file_cache.find(&1, 0).is_none(), "a file with a weak tag is not kept");
    }
}
