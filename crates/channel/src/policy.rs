//! [`Policy`]: how gently a worker is to work; what its server tells it.

use serde::{Deserialize, Serialize};

/// The most tracks a nightly run analyzes at a time.
pub const MAX_CONCURRENCY: usize = 8;
/// What was used that lately is being listened to, and is not removed from the cache.
pub const IN_USE_MS: i64 = 10 * 60_000;

/// How gently a worker analyzes tracks; what it is told by its server.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Tracks at a time.
    pub slots: usize,
    /// Seconds of wall-clock time that each second of audio takes at least, per slot.
    pub pacing: f64,
    /// Processor time in percent of the whole machine, at most.
    pub cpu_share: u8,
    /// Whether nothing is done at all for now.
    pub hold: bool,
}

impl Policy {
    /// Flat out.
    pub const fn prompt(slots: usize) -> Self {
        Self { slots, pacing: 0.0, cpu_share: 100, hold: false }
    }
}
