//! [`Played`]: a track that is played and lacks results is analyzed next.
//!
//! Every answer that plays a track notes it here, once a second while bytes flow, and never waits: it looks into a small map.
//! One task takes the notes and puts the track's job in front of all other waiting jobs. If there is no job, the same
//! database write makes one. The work_policy decides how gently the job is done, as for all others.
//!
//! Invariants: a track is looked up once in [`AGAIN_AFTER`] at most, however many requests play it; at most [`MOST`] are
//! remembered and [`WAITING`] wait. More are ignored, and so are all while the database is locked or read-only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use fanfare_channel::clock;
use fanfare_model::{Result, TrackId};
use fanfare_store::{Patience, Store};
use tokio::sync::{mpsc, watch};

/// How soon a track that still plays is looked up again: it may have no job any more (an analysis during playback that is too
/// slow for the listener gives its job back).
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Tracks remembered: more than play at once.
const MOST: usize = 1_024;
/// Tracks that wait to be looked up.
const WAITING: usize = 64;
/// How long to wait for the right to write. Most writes of others are shorter; during a longer one this can be left out.
const WRITE_WAIT: Duration = Duration::from_secs(1);

/// Takes notes of what is played. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    seen: Arc<Mutex<HashMap<TrackId, Instant>>>,
    sender: mpsc::Sender<TrackId>,
}

impl Played {
    /// The sender of notes and their receiver.
    pub(crate) fn new() -> (Self, mpsc::Receiver<TrackId>) {
        let (sender, notes) = mpsc::channel(WAITING);
        (Self { seen: Arc::default(), sender }, notes)
    }

    /// Notes that bytes of that track are sent to a listener.
    pub(crate) fn note(&self, track: TrackId) {
        self.note_at(track, Instant::now());
    }

    fn note_at(&self, track: TrackId, now: Instant) {
        // Every change is one operation of a map, so a poisoned lock leaves it whole.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Instant| now.saturating_duration_since(*at) < AGAIN_AFTER;
        if seen.get(&track).is_some_and(recent) {
            return;
        }
        if seen.len() >= MOST {
            seen.retain(|_, at| recent(at));
        }
        if seen.len() < MOST && self.sender.try_send(track).is_ok() {
            seen.insert(track, now);
        }
    }
}

/// Puts the jobs of played tracks in front, until it is told to stop. `wake` tells the worker that there may be jobs.
pub(crate) async fn analyze_next(
    store: Store,
    wake: impl Fn() + Send,
    mut notes: mpsc::Receiver<TrackId>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let track = tokio::select! {
            track = notes.recv() => track,
            _ = stop.changed() => return,
        };
        let Some(track) = track else { return };
        match Patience::new(WRITE_WAIT).over(queue_first(&store, track)).await {
            Ok(true) => wake(),
            Ok(false) => {}
            Err(error) => tracing::debug!(%track, %error, "a track that is played is analyzed in its turn"),
        }
    }
}

async fn queue_first(store: &Store, track: TrackId) -> Result<bool> {
    store.catalog().queue_played(track, &fanfare_analysis::versions(), clock::now()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(number: u128) -> TrackId {
        TrackId::from_bytes(number.to_be_bytes())
    }

    #[tokio::test]
    async fn a_track_is_looked_up_once_a_minute_however_often_it_is_asked_for() {
        let (played, mut notes) = Played::new();
        let now = Instant::now();
        for second in 0..60 {
            played.note_at(track(1), now + Duration::from_secs(second));
        }
        assert_eq!(notes.try_recv(), Ok(track(1)));
        assert!(notes.try_recv().is_err(), "once");
        played.note_at(track(1), now + AGAIN_AFTER);
        assert_eq!(notes.try_recv(), Ok(track(1)));
    }

    #[tokio::test]
    async fn notes_are_bounded_and_none_waits() {
        let (played, mut notes) = Played::new();
        let now = Instant::now();
        for number in 0..WAITING as u128 + 9 {
            played.note_at(track(number), now);
        }
        assert_eq!(notes.len(), WAITING, "more than that are ignored");
        assert_eq!(notes.recv().await, Some(track(0)));
        // A track that was ignored does not count as seen.
        played.note_at(track(WAITING as u128 + 1), now);
        assert_eq!(notes.len(), WAITING);
        for number in 0..3 * MOST as u128 {
            played.note_at(track(number), now);
            let _room = notes.try_recv();
        }
        assert!(played.seen.lock().unwrap().len() <= MOST);
        played.note_at(track(u128::MAX), now + AGAIN_AFTER);
        assert!(played.seen.lock().unwrap().contains_key(&track(u128::MAX)), "old ones make room");
    }
}
