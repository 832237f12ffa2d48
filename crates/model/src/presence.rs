//! Whether a track's file is there, and why a folder counts as away.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Whether a track's bytes are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// The bytes are there.
    #[default]
    Here,
    /// The file is not where it was. The track is hidden from lists and kept for a while: it is whole again when its
    /// bytes are back.
    Missing,
    /// The file is in quarantine until the owner decides. The track is hidden from lists.
    Quarantined,
}

impl Presence {
    /// Every presence, in order.
    pub const ALL: &'static [Self] = &[Self::Here, Self::Missing, Self::Quarantined];

    /// The stable name in JSON and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Missing => "missing",
            Self::Quarantined => "quarantined",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|presence| presence.as_str() == name)
    }
}

/// Why the tracks of a folder are more likely away than deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwayReason {
    /// The folder is not there.
    NotThere,
    /// The folder is there and cannot be read: nothing is known of its tracks, and they stay as they are.
    Unreadable,
    /// Another file system (or another folder) is there than at the last scan.
    OtherFileSystem,
    /// At least half of the library's tracks, and at least [`MANY_GONE`], are gone at once.
    ManyGone,
    /// The folder is there and none of its tracks is.
    AllGone,
}

/// So many tracks gone at once, where they are half of a library, are taken to be away and not deleted.
pub const MANY_GONE: usize = 20;

impl AwayReason {
    /// Every reason, in order.
    pub const ALL: &'static [Self] =
        &[Self::NotThere, Self::Unreadable, Self::OtherFileSystem, Self::ManyGone, Self::AllGone];

    /// The stable name in JSON and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotThere => "not_there",
            Self::Unreadable => "unreadable",
            Self::OtherFileSystem => "other_file_system",
            Self::ManyGone => "many_gone",
            Self::AllGone => "all_gone",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }

    /// What was seen, as the end of a sentence about the folder.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotThere => "it is not there",
            Self::Unreadable => "it cannot be read",
            Self::OtherFileSystem => "another file system is there than at the last scan",
            Self::ManyGone => "at least half of its tracks are gone at once",
            Self::AllGone => "it is there, but none of its tracks is",
        }
    }
}

/// A folder that is taken to be away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwayFolder {
    /// Its path below the library folder; empty for the library folder itself.
    pub path: String,
    /// Since when.
    pub since: Timestamp,
    /// Why it is taken to be away.
    pub reason: AwayReason,
    /// How many tracks in it are missing.
    pub tracks: u64,
}

/// What is missing of a library folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderMissing {
    /// Tracks whose file is not where it was.
    pub tracks: u64,
    /// Since when the first of them is missing.
    pub since: Option<Timestamp>,
    /// Folders in it that are taken to be away.
    pub away: Vec<AwayFolder>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for presence in Presence::ALL {
            assert_eq!(Presence::from_name(presence.as_str()), Some(*presence));
        }
        for reason in AwayReason::ALL {
            assert_eq!(AwayReason::from_name(reason.as_str()), Some(*reason));
        }
        assert_eq!((Presence::from_name("gone"), AwayReason::from_name("")), (None, None));
    }
}
