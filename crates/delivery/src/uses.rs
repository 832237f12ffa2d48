//! Notes that stored transcodes are played, so that the cap takes others first.
//!
//! A player asks for parts of a file, or for segments, for hours. So a use is noted at every request, and written at most
//! once within [`NOTE_EVERY`].

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanfare_model::{ContentHash, Timestamp};
use fanfare_store::Store;
use tokio::time::Instant;

/// How stale the time of last use may be: well within the time for which the cap spares what is being played.
const NOTE_EVERY: Duration = Duration::from_secs(60);

/// Which transcodes were played of late.
#[derive(Default)]
pub(crate) struct Uses {
    /// When that was noted, by the bytes of the source and the profile.
    noted: Mutex<HashMap<(ContentHash, String), Instant>>,
}

impl Uses {
    /// Notes that the transcode of those bytes by that profile is played now.
    pub(crate) fn note(&self, store: &Store, hash: ContentHash, profile: &str) {
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.retain(|_, noted| noted.elapsed() < NOTE_EVERY);
            let Entry::Vacant(new) = noted.entry((hash, profile.to_owned())) else { return };
            new.insert(Instant::now());
        }
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        store.catalog().touch_transcode(hash, profile, Timestamp(now_ms));
    }
}
