//! [`FileStamp`]: what tells one state of a file from another without reading it.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _};

use fanfare_model::{Error, ErrorKind, Result, Timestamp, Track};

use crate::clock;

/// Size and times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// The size of the file.
    pub size_bytes: u64,
    /// The modification time, as the catalog keeps it.
    pub modified: Timestamp,
    /// Inode change time in ns, as far as it is known.
    pub changed_ns: Option<i64>,
}

impl FileStamp {
    /// Of a file as it is now.
    pub fn of(meta: &Metadata) -> Self {
        Self { size_bytes: meta.size(), modified: modified(meta), changed_ns: changed_ns(meta) }
    }

    /// Of a track's file as the last scan saw it.
    pub const fn scanned(track: &Track) -> Self {
        Self { size_bytes: track.size_bytes, modified: track.modified, changed_ns: track.changed_ns }
    }

    /// Whether size and modification time are the same.
    pub fn has_facts_of(&self, other: &Self) -> bool {
        (self.size_bytes, self.modified) == (other.size_bytes, other.modified)
    }

    /// Whether nothing was written between the two, as far as that can be told: the inode change time counts where both
    /// know it.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let change = self.changed_ns.zip(other.changed_ns);
        self.has_facts_of(other) && change.is_none_or(|(one, two)| one == two)
    }

    /// Whether the file, which is so now, is still the one that this was taken of.
    ///
    /// # Errors
    /// `Conflict` when it has another size or modification time.
    pub fn check(&self, now: &Self) -> Result<()> {
        if self.has_facts_of(now) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Conflict, "the file changed since it was scanned"))
    }

    /// The change time to store for bytes that were read between the two: 0, which makes the next scan compare them, where
    /// they may have been written to meanwhile.
    pub fn change_between(&self, after: &Self) -> Option<i64> {
        if self.changed_ns == after.changed_ns { self.changed_ns } else { Some(0) }
    }
}

/// The modification time as the catalog keeps it.
pub fn modified(meta: &Metadata) -> Timestamp {
    meta.modified().map_or(Timestamp(0), clock::of)
}

/// The inode change time as the catalog keeps it, in ns; `None` where the file system has none.
pub fn changed_ns(meta: &Metadata) -> Option<i64> {
    let ns = meta.ctime().checked_mul(1_000_000_000)?.checked_add(meta.ctime_nsec())?;
    (ns != 0).then_some(ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_time_counts_where_both_know_it() {
        let stamp =
            |modified, changed_ns| FileStamp { size_bytes: 1, modified: Timestamp(modified), changed_ns };
        let scanned = stamp(1, Some(5));
        for (now, facts, same) in [
            (stamp(1, Some(5)), true, true),
            (stamp(1, Some(6)), true, false),
            (stamp(1, None), true, true),
            (stamp(2, Some(5)), false, false),
        ] {
            assert_eq!((scanned.check(&now).is_ok(), scanned.is_same_as(&now)), (facts, same), "{now:?}");
        }
        assert_eq!(scanned.change_between(&stamp(1, Some(5))), Some(5));
        assert_eq!(scanned.change_between(&stamp(1, Some(6))), Some(0));
    }
}
