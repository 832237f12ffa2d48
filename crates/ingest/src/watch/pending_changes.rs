//! [`PendingChanges`]: what was seen and is still to be acted on.
//!
//! Invariant: nothing put on it is ever lost, and it is bounded all the same, because it holds a mark per folder
//! and not an entry per change.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use fanfare_model::FolderId;
use tokio::sync::Notify;

use super::folder_watcher::Looked;

/// What is on the pending_changes.
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

/// The pending_changes. Cheap to clone; putting something on it never waits.
#[derive(Clone, Default)]
pub(crate) struct PendingChanges {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    seen: Mutex<Seen>,
    changed: Notify,
}

impl PendingChanges {
    /// Puts something on the pending_changes.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.changed.notify_one();
    }

    /// Waits until something is on it, and takes everything off.
    pub(crate) async fn take(&self) -> Seen {
        self.inner.changed.notified().await;
        std::mem::take(&mut *self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_change_is_lost_however_many_there_are() {
        let folder = |number| FolderId::from_bytes([number; 16]);
        let pending_changes = PendingChanges::default();
        for _ in 0..10_000 {
            pending_changes.note(|seen| seen.changed.extend([folder(1)]));
        }
        pending_changes.note(|seen| seen.changed.extend([folder(2)]));
        pending_changes.note(|seen| seen.blind.extend([folder(3)]));
        pending_changes.note(|seen| seen.folders = true);
        let seen = pending_changes.take().await;
        assert_eq!(seen.changed.into_iter().collect::<Vec<_>>(), [folder(1), folder(2)]);
        assert!(seen.blind.contains(&folder(3)) && seen.folders);
        pending_changes.note(|seen| seen.changed.extend([folder(4)]));
        assert_eq!(
            pending_changes.take().await.changed.len(),
            1,
            "what was taken is off the pending_changes"
        );
    }
}
