//! Whether a file of the cache still has the bytes with which it was made ([`CacheFolder::damage`]).
//!
//! Reading every file before it is sent would cost more than making some of them a second time, so the answer is remembered
//! for as long as the file is not written to: by its number, size and inode change time.
//!
//! Invariant: a file that was found damaged counts as damaged for every kind of look, until it is another file.

use std::{
    collections::HashMap,
    fs::{self, File},
    os::unix::fs::MetadataExt as _,
    sync::{MutexGuard, PoisonError},
};

use fanfare_model::ContentHash;

use super::{
    CacheFolder, CachedFile,
    remembered::{Answer, Damage, Version},
};
use crate::hash_reader;

/// Answers that are remembered.
const MOST_ANSWERS: usize = 10_000;

/// How closely a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Its size, and what is known of its bytes already.
    Size,
    /// Its bytes, unless they were read since the file was last written to and this process started.
    Once,
    /// Its bytes.
    Bytes,
}

impl CacheFolder {
    /// What is wrong with that file, as far as such a look tells; `None` when it is as it was made. Blocks.
    ///
    /// A file without a checksum, made before there were any, is known by its size alone.
    #[must_use]
    pub fn damage(&self, row: &CachedFile, look: Look) -> Option<Damage> {
        let Some(path) = self.path(&row.file) else { return Some(Damage::Gone) };
        let Some(version) = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file) else {
            return Some(Damage::Gone);
        };
        let version = version_of(&version);
        if version.1 != row.size_bytes {
            return Some(Damage::Size(version.1));
        }
        let sum = row.sum?;
        let known = || {
            let answers = self.answers();
            let answer = answers.get(&row.file).filter(|answer| (answer.0, answer.1) == (version, sum));
            answer.map(|answer| answer.2)
        };
        let _turn = match look {
            Look::Size => return known().flatten(),
            Look::Once => {
                let turn = self.checked.reading.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(known) = known() {
                    return known;
                }
                Some(turn)
            }
            Look::Bytes => None,
        };
        let found = match File::open(&path).and_then(|file| sum_of(&file)) {
            Ok(found) if found == sum => None,
            Ok(_) => Some(Damage::Bytes),
            Err(error) => {
                tracing::warn!(file = row.file, %error, "a file of the cache cannot be read");
                return Some(Damage::Unreadable);
            }
        };
        let mut answers = self.answers();
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        answers.insert(row.file.clone(), (version, sum, found));
        found
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        // Every change is one operation of the map.
        self.checked.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version_of(metadata: &fs::Metadata) -> Version {
    (metadata.ino(), metadata.len(), metadata.ctime(), metadata.ctime_nsec())
}

/// The checksum of a file from where it is read on: BLAKE3, as everywhere.
///
/// # Errors
/// Those of reading.
pub(super) fn sum_of(file: &File) -> std::io::Result<ContentHash> {
    hash_reader(file).map(|(hash, _)| hash)
}

#[cfg(test)]
mod tests {
    use fanfare_model::{Profile, Quality, Timestamp, TranscodeCodec};

    use super::*;

    // issue 13: a stored file of the right size and wrong bytes was "ready".
    #[test]
    fn zeroed_bytes_are_found_once_by_a_listener_and_always_by_a_check() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().to_path_buf());
        let profile = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap();
        let hash = ContentHash::from_bytes([7; 32]);
        let sum = ContentHash::from_bytes(*blake3::hash(b"made of music").as_bytes());
        let row = CachedFile {
            hash,
            profile: profile.to_string(),
            quality: Quality::Medium,
            file: profile.file_name(hash),
            size_bytes: 13,
            sum: Some(sum),
            made: Timestamp(1),
            used: Timestamp(1),
        };
        let path = cache.path(&row.file).unwrap();
        let of = |row: &CachedFile| [Look::Size, Look::Once, Look::Bytes].map(|look| cache.damage(row, look));
        assert_eq!(of(&row), [Some(Damage::Gone); 3]);
        fs::write(&path, b"made of music").unwrap();
        assert_eq!(of(&row), [None; 3]);
        fs::write(&path, [0; 13]).unwrap();
        assert_eq!(cache.damage(&row, Look::Size), None, "no byte was read yet");
        assert_eq!(cache.damage(&row, Look::Once), Some(Damage::Bytes));
        assert_eq!(cache.damage(&row, Look::Size), Some(Damage::Bytes), "it is known by now");
        assert_eq!(of(&row), [Some(Damage::Bytes); 3]);
        let unsummed = CachedFile { sum: None, ..row.clone() };
        assert_eq!(of(&unsummed), [None; 3], "made before there were checksums");
        fs::write(&path, b"short").unwrap();
        assert_eq!(of(&row), [Some(Damage::Size(5)); 3]);
        fs::write(&path, b"made of music").unwrap();
        assert_eq!(of(&row), [None; 3], "made again");
    }
}
