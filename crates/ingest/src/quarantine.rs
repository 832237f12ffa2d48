//! Files of ours that no row names: for how long they are kept.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use fanfare_store::Keeping;

/// How long files that no row names are kept where nothing else is set, in days.
pub const QUARANTINE_DAYS: u32 = 30;
/// How long transcodes are kept that no row names, in days: they can be made again.
const CACHE_DAYS: u32 = 7;
/// Files stored that lately are left out: their row may be about to be written. 10 minutes: between the two lie a
/// transaction and its wait for the lock.
const YOUNG_MS: i64 = 10 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// For how long files that no row names are kept; may be changed. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Kept(Arc<AtomicU32>);

impl Kept {
    pub(crate) fn days(days: u32) -> Self {
        Self(Arc::new(AtomicU32::new(days)))
    }

    pub(crate) fn set(&self, days: u32) {
        self.0.store(days, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Keeping {
        keeping(self.0.load(Ordering::Relaxed))
    }
}

/// How the store is told that files are kept for that many days, at least one.
#[must_use]
pub fn keeping(days: u32) -> Keeping {
    let days = days.max(1);
    Keeping {
        blobs_ms: i64::from(days) * DAY_MS,
        cache_ms: i64::from(days.min(CACHE_DAYS)) * DAY_MS,
        young_ms: YOUNG_MS,
    }
}

/// Right after a database took the place of another one: every file that no row names is listed at once, whatever its age, and
/// none is deleted. Only while nothing else writes: nothing can be about to name one.
#[must_use]
pub const fn list_at_once() -> Keeping {
    Keeping { blobs_ms: i64::MAX, cache_ms: i64::MAX, young_ms: 0 }
}
