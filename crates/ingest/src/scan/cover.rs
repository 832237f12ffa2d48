//! Covers: the picture in the file, else the one beside it, decoded once however many tracks share it.

use std::{
    collections::HashMap,
    fs::File,
    io::Read as _,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use fanfare_audio::{Limits, normalise_cover};
use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use fanfare_store::{BlobKind, Store};

use super::read::open_regular;

/// Names (without suffix, any case) of a picture that belongs to the files beside it, best first.
const PICTURE_NAMES: [&str; 4] = ["cover", "folder", "front", "album"];
/// Suffixes of such a picture, best first.
const PICTURE_SUFFIXES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// The largest picture file that is read, in bytes: the same bound as for one inside a file's tags.
const MAX_PICTURE_BYTES: u64 = 16 * 1024 * 1024;

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
    limits: Limits,
    /// By the hash of the bytes as found.
    by_bytes: Mutex<HashMap<[u8; 32], Slot>>,
    /// By the number of the picture in its walk.
    by_picture: Mutex<HashMap<usize, Slot>>,
    /// One picture is decoded at a time: each may take [`Limits::max_cover_pixels`] of memory.
    decoding: Mutex<()>,
}

impl Covers {
    pub(crate) fn new(store: Store, limits: Limits) -> Self {
        Self {
            store,
            runtime: tokio::runtime::Handle::current(),
            limits,
            by_bytes: Mutex::default(),
            by_picture: Mutex::default(),
            decoding: Mutex::default(),
        }
    }

    /// The cover with those bytes. Blocks; not to be called on a thread of the runtime.
    pub(crate) fn of_bytes(&self, bytes: &[u8]) -> CoverOutcome {
        let slot = slot(&self.by_bytes, *blake3::hash(bytes).as_bytes());
        slot.get_or_init(|| self.make(bytes).map_err(Arc::new)).clone()
    }

    /// The cover in that file. Blocks likewise.
    pub(crate) fn of_picture(&self, number: usize, path: &Path) -> CoverOutcome {
        let slot = slot(&self.by_picture, number);
        slot.get_or_init(|| read_picture(path).map_err(Arc::new).and_then(|bytes| self.of_bytes(&bytes)))
            .clone()
    }

    fn make(&self, bytes: &[u8]) -> Result<ContentHash> {
        let cover = {
            let _turn = self.decoding.lock().unwrap_or_else(PoisonError::into_inner);
            normalise_cover(bytes, &self.limits)?
        };
        self.runtime.block_on(self.store.blobs().put(BlobKind::Cover, &cover.jpeg))
    }
}

fn slot<K: std::hash::Hash + Eq>(slots: &Mutex<HashMap<K, Slot>>, key: K) -> Slot {
    Arc::clone(slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
}

fn read_picture(path: &Path) -> Result<Vec<u8>> {
    let file: File = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_PICTURE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::from_io("read the picture", error))?;
    if bytes.len() as u64 > MAX_PICTURE_BYTES {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("the picture is larger than {} MiB", MAX_PICTURE_BYTES / 1024 / 1024),
        ));
    }
    Ok(bytes)
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
