//! The file before and after it is written: [`AnalyzedFile`], [`Rewritten`].

use fanfare_model::{ContentHash, Timestamp};

/// The file as it was when it was analyzed: another one is not written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnalyzedFile {
    /// Its size.
    pub size_bytes: u64,
    /// Its modification time.
    pub modified: Timestamp,
    /// The hash of its bytes, where it is known: then the file is read once more before it is written.
    pub content_hash: Option<ContentHash>,
}

/// The file as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    /// Whether anything was written: not if it said all that already.
    pub changed: bool,
    /// Its size.
    pub size_bytes: u64,
    /// Its modification time.
    pub modified: Timestamp,
    /// Its inode change time in ns, where it has one.
    pub changed_ns: Option<i64>,
    /// The hash of its bytes.
    pub content_hash: ContentHash,
}
