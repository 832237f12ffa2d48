//! Tracks whose file differs from what the catalog says: reported by workers, their folders are scanned.
//!
//! Invariant: reporting never waits. When too many are reported at once, that is noted instead ([`StaleReceiver::has_overflowed`]).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fanfare_model::TrackId;
use tokio::sync::mpsc;

/// Reports tracks whose file differs from what the catalog says.
#[derive(Clone)]
pub(crate) struct StaleSender {
    sender: mpsc::Sender<TrackId>,
    overflowed: Arc<AtomicBool>,
}

impl StaleSender {
    /// Reports the track, without ever waiting.
    pub(crate) fn say(&self, track: TrackId) {
        if self.sender.try_send(track).is_err() {
            // Too many to report one by one: everything is scanned.
            self.overflowed.store(true, Ordering::SeqCst);
        }
    }
}

/// Receives the reported tracks.
pub(crate) struct StaleReceiver {
    receiver: mpsc::Receiver<TrackId>,
    overflowed: Arc<AtomicBool>,
}

/// The sender and the receiver of such reports.
pub(crate) fn stale() -> (StaleSender, StaleReceiver) {
    let (sender, receiver) = mpsc::channel(64);
    let overflowed = Arc::new(AtomicBool::new(false));
    (StaleSender { sender, overflowed: Arc::clone(&overflowed) }, StaleReceiver { receiver, overflowed })
}

impl StaleReceiver {
    /// The next reported track; `None` when nobody can report any more.
    pub(crate) async fn next(&mut self) -> Option<TrackId> {
        self.receiver.recv().await
    }

    /// Whether more were reported than could be told one by one since the last call.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed.swap(false, Ordering::SeqCst)
    }
}

/// A sender without a receiver.
#[cfg(test)]
pub(crate) fn no_stale_tracks() -> StaleSender {
    stale().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn more_stale_tracks_than_can_be_told_are_not_forgotten() {
        let (sender, mut stale) = stale();
        for number in 0..100 {
            sender.say(TrackId::from_bytes([number; 16]));
        }
        assert!(stale.next().await.is_some());
        assert!(stale.has_overflowed());
    }
}
