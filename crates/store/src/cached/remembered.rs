//! What was found when files of the cache were read, remembered until they are written to.

use std::{collections::HashMap, sync::Mutex};

use fanfare_model::ContentHash;

/// What is wrong with a file of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It is not there.
    Gone,
    /// It has another size, in bytes, than it was made with.
    Size(u64),
    /// It has the right size and other bytes than it was made with.
    Bytes,
    /// Its bytes cannot be read.
    Unreadable,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone => f.write_str("the database has it, the cache folder has not"),
            Self::Size(now) => write!(f, "it has {now} bytes, which is not what it was made with"),
            Self::Bytes => f.write_str("its bytes are not those that it was made with (by their checksum)"),
            Self::Unreadable => f.write_str("its bytes cannot be read from the disk"),
        }
    }
}

/// What tells a file from one that was written to: its number, size and inode change time in ns.
pub(super) type Version = (u64, u64, i64, i64);

/// What was found when a file was read: of which version, against which checksum.
pub(super) type Answer = (Version, ContentHash, Option<Damage>);

/// Files whose bytes were read, by name.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) answers: Mutex<HashMap<String, Answer>>,
    /// Held while a file is read for a waiting request: other requests for the same file then find the answer.
    pub(super) reading: Mutex<()>,
}
