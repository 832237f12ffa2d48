//! The one place of this crate that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use fanfare_model::Timestamp;

/// The time now; a clock before 1970 gives 0.
pub fn now() -> Timestamp {
    of(SystemTime::now())
}

/// That system time in milliseconds since 1970, also for times before it.
pub fn of(time: SystemTime) -> Timestamp {
    let clamp = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp(match time.duration_since(UNIX_EPOCH) {
        Ok(after) => clamp(after.as_millis()),
        Err(before) => -clamp(before.duration().as_millis()),
    })
}
