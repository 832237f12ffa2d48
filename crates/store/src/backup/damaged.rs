//! [`Damaged`]: a file that a backup lacks, or has and that is not whole.

use fanfare_model::ContentHash;
use serde::{Deserialize, Serialize};

use crate::{BlobKind, file_work::Found};

/// A file that rows name and that is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damaged {
    /// `upload`, `cover` or `media`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub found: Found,
    /// The tracks and mixtapes that need it, by title; not all of many.
    #[serde(default)]
    pub titles: Vec<String>,
}

impl Damaged {
    pub(super) fn new(kind: BlobKind, name: ContentHash, found: Found) -> Self {
        Self { kind: kind.as_str().to_owned(), name: name.to_string(), found, titles: Vec::new() }
    }

    /// What the check of a database says of a file that is not there.
    pub(super) fn is_missing(&self) -> String {
        crate::catalog::check::missing(&self.kind, &self.name)
    }

    pub(super) fn is(&self, kind: BlobKind, name: ContentHash) -> bool {
        self.kind == kind.as_str() && self.name == name.to_string()
    }
}
