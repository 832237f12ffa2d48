//! Covers: the picture in the file, else the one beside it, decoded once however many tracks share it, and never in this
//! process ([`Pictures`]).

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use fanfare_audio::{Cover, TagReading};
use fanfare_model::{ContentHash, Error, Result};
use fanfare_store::{BlobKind, Store};

use crate::pictures::{Embedded, Pictures, Whose};

/// Names (without suffix, any case) of a picture that belongs to the files beside it, best first.
const PICTURE_NAMES: [&str; 4] = ["cover", "folder", "front", "album"];
/// Suffixes of such a picture, best first.
const PICTURE_SUFFIXES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// How good a name is for a folder's picture (0 is best); `None` for any other file.
pub(crate) fn picture_rank(name: &str) -> Option<usize> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let stem = PICTURE_NAMES.iter().position(|known| stem.eq_ignore_ascii_case(known))?;
    let suffix = PICTURE_SUFFIXES.iter().position(|known| suffix.eq_ignore_ascii_case(known))?;
    Some(stem * PICTURE_SUFFIXES.len() + suffix)
}

/// What became of a picture: the name of its blob, or why there is none.
pub(crate) type CoverOutcome = std::result::Result<ContentHash, Arc<Error>>;

type Slot = Arc<OnceLock<CoverOutcome>>;

/// The covers of one scan.
pub(crate) struct Covers {
    store: Store,
    runtime: tokio::runtime::Handle,
    pictures: Pictures,
    /// By the hash of the bytes as found.
    by_bytes: Mutex<HashMap<[u8; 32], Slot>>,
    /// By the number of the picture in its walk.
    by_picture: Mutex<HashMap<usize, Slot>>,
}

impl Covers {
    pub(crate) fn new(store: Store, pictures: Pictures) -> Self {
        Self {
            store,
            runtime: tokio::runtime::Handle::current(),
            pictures,
            by_bytes: Mutex::default(),
            by_picture: Mutex::default(),
        }
    }

    /// The cover in a file of which that was read; `None` when it has no picture. Blocks; not to be called on a thread of
    /// the runtime.
    pub(crate) fn of_file(&self, path: &Path, reading: &mut TagReading) -> Option<CoverOutcome> {
        if let Some(bytes) = reading.cover.take() {
            let slot = slot(&self.by_bytes, *blake3::hash(&bytes).as_bytes());
            let make = || self.runtime.block_on(self.pictures.normalise(Whose::Scan, bytes));
            return Some(slot.get_or_init(|| self.keep(make())).clone());
        }
        // What was not read here may have a picture.
        if !reading.cut {
            return None;
        }
        match self.runtime.block_on(self.pictures.embedded(Whose::Scan, path.to_owned())) {
            Ok(Some(Embedded { hash, cover })) => {
                let slot = slot(&self.by_bytes, *hash.as_bytes());
                Some(slot.get_or_init(|| self.keep(cover)).clone())
            }
            Ok(None) => None,
            Err(error) => Some(Err(Arc::new(error))),
        }
    }

    /// All tags of a file of which only a part was read here. Blocks likewise.
    ///
    /// # Errors
    /// Those of asking for them.
    pub(crate) fn whole_tags(&self, path: &Path) -> Result<TagReading> {
        self.runtime.block_on(self.pictures.tags(Whose::Scan, path.to_owned()))
    }

    /// The cover in that picture file. Blocks likewise.
    pub(crate) fn of_picture(&self, number: usize, path: &Path) -> CoverOutcome {
        let slot = slot(&self.by_picture, number);
        let make = || self.runtime.block_on(self.pictures.normalise_file(Whose::Scan, path.to_owned()));
        slot.get_or_init(|| self.keep(make())).clone()
    }

    fn keep(&self, cover: Result<Cover>) -> CoverOutcome {
        let put = |cover: Cover| self.runtime.block_on(self.store.blobs().put(BlobKind::Cover, &cover.jpeg));
        cover.and_then(put).map_err(Arc::new)
    }
}

fn slot<K: std::hash::Hash + Eq>(slots: &Mutex<HashMap<K, Slot>>, key: K) -> Slot {
    Arc::clone(slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_picture_is_known_by_its_name() {
        for (name, is_picture) in [
            ("cover.jpg", true),
            ("Folder.JPEG", true),
            ("front.webp", true),
            ("cover.svg", false),
            ("mycover.jpg", false),
            ("cover", false),
            ("back.png", false),
        ] {
            assert_eq!(picture_rank(name).is_some(), is_picture, "{name}");
        }
        assert!(picture_rank("cover.png") < picture_rank("folder.jpg"));
    }
}
