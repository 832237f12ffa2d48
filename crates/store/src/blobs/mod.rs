//! Bytes that belong to us (covers, uploads, what was made of tracks), named by their BLAKE3 hash.
//!
//! Small blobs are put and got whole; large ones are written to a file of one's own in the store's *staging folder* and
//! then *adopted*, and read through a *local* file. (A store elsewhere would upload and fetch there.)
//!
//! Two implementations of [`BlobStore`]: a folder ([`FileBlobStore`]) and memory ([`MemoryBlobStore`]); both run
//! the same conformance cases ([`suite`]).

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use fanfare_model::{ContentHash, Error, ErrorKind, Result, Timestamp};

mod away;
mod errors;
mod file;
mod memory;
mod place;
#[cfg(feature = "testsuite")]
pub mod suite;

pub(crate) use away::{BlobsAway, BlobsWatch, look as look_for_blobs};
pub use errors::of_storage;
pub use file::FileBlobStore;
pub use memory::MemoryBlobStore;
pub(crate) use place::blob_counts;

/// What a blob is; each kind has a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// A cover image (JPEG, made by us).
    Cover,
    /// An audio file as a client sent it.
    Upload,
    /// What was made of a track: a variant of an HLS ladder.
    Media,
}

impl BlobKind {
    /// The name of the kind's folder.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cover => "cover",
            Self::Upload => "upload",
            Self::Media => "media",
        }
    }

    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Cover, Self::Upload, Self::Media];
}

/// Bytes that belong to us, named by their hash.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores the bytes (temporary name, write, sync, rename, sync the folder); the same bytes are stored once, and
    /// are as young as the last time.
    ///
    /// # Errors
    /// `NoSpace`, `Io`; `Unavailable` while its storage is away: nothing of the blob is visible then.
    async fn put(&self, kind: BlobKind, bytes: &[u8]) -> Result<ContentHash>;
    /// A folder for files that are being written and may be adopted. Whatever lies in it is gone after a restart of
    /// the server.
    fn staging(&self) -> PathBuf;
    /// Takes a complete file of the staging folder in (sync, rename, sync the folder) under its hash; the file is gone from
    /// where it was. The same bytes are kept once.
    ///
    /// # Errors
    /// `NoSpace`, `Io`; `Unavailable` while its storage is away: nothing of the blob is visible then.
    async fn adopt(&self, kind: BlobKind, file: &Path) -> Result<ContentHash>;
    /// A file with the bytes of that name, to be read only; `None` when there are none. It is not checked against its
    /// name.
    ///
    /// # Errors
    /// `Unavailable` while the storage is away (here and below): then nobody can say that there are none.
    async fn local(&self, kind: BlobKind, name: ContentHash) -> Result<Option<PathBuf>>;
    /// The bytes of that name, `None` when there are none. Checked against their name: damaged bytes are an
    /// `Io` error, never an answer.
    async fn get(&self, kind: BlobKind, name: ContentHash) -> Result<Option<Vec<u8>>>;
    /// Whether there are bytes of that name.
    async fn contains(&self, kind: BlobKind, name: ContentHash) -> Result<bool>;
    /// Removes the bytes of that name, if there are any.
    async fn remove(&self, kind: BlobKind, name: ContentHash) -> Result<()>;
    /// The names of all blobs of a kind, ascending.
    async fn list(&self, kind: BlobKind) -> Result<Vec<ContentHash>>;
    /// All blobs of a kind with their size and age, ascending by name. (Bytes that cannot be looked at are left out.)
    ///
    /// # Errors
    /// `Unavailable` while the storage of the kind is away: nobody can say then what there is.
    async fn stored(&self, kind: BlobKind) -> Result<Vec<StoredBlob>>;
    /// The mark that was last set, `None` before the first.
    async fn mark(&self) -> Result<Option<String>>;
    /// Sets the mark: a short text that a database holds too, to see later whether the two still belong together.
    ///
    /// # Errors
    /// `NoSpace`, `Io`; `Unavailable` while the storage is away.
    async fn set_mark(&self, mark: &str) -> Result<()>;
}

/// A blob as a list of all shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name.
    pub name: ContentHash,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When it was last stored.
    pub stored: Timestamp,
}

/// The name of those bytes.
#[must_use]
pub fn blob_name(bytes: &[u8]) -> ContentHash {
    ContentHash::from_bytes(*blake3::hash(bytes).as_bytes())
}

/// A time of the system's as ours; one before 1970 is 0.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The bytes, if they are what their name says.
fn checked(name: ContentHash, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if blob_name(&bytes) == name {
        return Ok(bytes);
    }
    Err(Error::new(ErrorKind::Io, format!("blob {name} is damaged: its bytes do not match its name"))
        .remedy("delete that file from the data folder's `blobs` and scan the library again"))
}
