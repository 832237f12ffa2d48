//! [`Board`]: what was seen and is still to be acted on.
//!
//! Invariant: nothing put on it is ever lost, and it is bounded all the same, because it holds a mark per folder
//! and not an entry per change.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use fanfare_model::FolderId;
use tokio::sync::Notify;

use super::eye::Looked;

/// What is on the board.
#[derive(Default)]
pub(crate) struct Seen {
    /// Folders in which something changed.
    pub(crate) changed: BTreeSet<FolderId>,
    /// Folders that cannot be watched (any more).
    pub(crate) blind: BTreeSet<FolderId>,
    /// Looks at folders that have ended; at most one of each folder is under way.
    pub(crate) looked: Vec<(FolderId, Looked)>,
    /// The list of folders changed.
    pub(crate) folders: bool,
}

/// The board. Cheap to clone; putting something on it never waits.
#[derive(Clone, Default)]
pub(crate) struct Board {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    seen: Mutex<Seen>,
    rung: Notify,
}

impl Board {
    /// Puts something on the board.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.rung.notify_one();
    }

    /// Waits until something is on it, and takes everything off.
    pub(crate) async fn take(&self) -> Seen {
        self.inner.rung.notified().await;
        std::mem::take(&mut *self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_change_is_lost_however_many_there_are() {
        let folder = |number| FolderId::from_bytes([number; 16]);
        let board = Board::default();
        for _ in 0..10_000 {
            board.note(|seen| seen.changed.extend([folder(1)]));
        }
        board.note(|seen| seen.changed.extend([folder(2)]));
        board.note(|seen| seen.blind.extend([folder(3)]));
        board.note(|seen| seen.folders = true);
        let seen = board.take().await;
        assert_eq!(seen.changed.into_iter().collect::<Vec<_>>(), [folder(1), folder(2)]);
        assert!(seen.blind.contains(&folder(3)) && seen.folders);
        board.note(|seen| seen.changed.extend([folder(4)]));
        assert_eq!(board.take().await.changed.len(), 1, "what was taken is off the board");
    }
}
