//! [`CachedFile`]: what the database says of a transcode in the cache folder.

use fanfare_model::{ContentHash, Quality, Timestamp};

/// A transcode that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedFile {
    /// The bytes it was made of.
    pub hash: ContentHash,
    /// The profile it was made by, in its text form.
    pub profile: String,
    /// For which quality.
    pub quality: Quality,
    /// Its name in the cache folder.
    pub file: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The hash of its bytes; `None` for what was made before there were checksums.
    pub sum: Option<ContentHash>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
}
