//! [`Steady`]: whether a process has run long enough, by a clock that went on evenly, to believe that time has passed.
//!
//! Why: tracks whose files are missing are removed after some weeks, and sessions that expired are deleted.
//! A server that was off for those weeks did not look, and after a start storage is often connected later than the server; a
//! clock that was wrong and is corrected jumps over weeks. So nothing is removed before a day of watching has gone by since the
//! start, or since the clock's last jump.

use std::time::{Duration, Instant};

use fanfare_model::Timestamp;

/// How long the server must have run: a disk that is connected late is noticed by then, and so is its owner.
pub const WATCHED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// How far the clock may go from the time that passed: corrections of seconds are usual. A machine that slept is noticed
/// as a jump, for the other clock stands still meanwhile.
const JUMP_MS: i64 = 3_600_000;

/// Since when the server runs evenly.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    since: Instant,
    clock: Timestamp,
}

impl Steady {
    /// From now on. `clock` is what the clock says.
    #[must_use]
    pub const fn new(now: Instant, clock: Timestamp) -> Self {
        Self { since: now, clock }
    }

    /// Whether that time has passed; starts again at 0 if the clock jumped.
    pub fn has_watched(&mut self, time: Duration, now: Instant, clock: Timestamp) -> bool {
        let ran = now.saturating_duration_since(self.since);
        let by_clock_ms = clock.0.saturating_sub(self.clock.0);
        let ran_ms = i64::try_from(ran.as_millis()).unwrap_or(i64::MAX);
        if by_clock_ms.saturating_sub(ran_ms).saturating_abs() > JUMP_MS {
            *self = Self::new(now, clock);
            return false;
        }
        ran >= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: a server that was started 40 days after its storage was taken away removed all tracks at once.
    #[test]
    fn only_a_day_of_even_running_lets_missing_tracks_be_removed() {
        let (start, hour) = (Instant::now(), 3_600_000_i64);
        let clock = Timestamp(1_700_000_000_000);
        // Hours that passed since the start, what the clock says they were, and whether that is enough.
        for steps in [
            &[(0, 0, false), (23, 23, false), (25, 25, true), (900, 900, true)][..],
            &[(30, 30, true), (31, 31 + 31 * 24, false), (32, 32 + 31 * 24, false), (56, 56 + 31 * 24, true)],
            &[(1, 1 + 40 * 24, false), (24, 24 + 40 * 24, false), (26, 26 + 40 * 24, true)],
            &[(30, -500, false), (31, -499, false)],
        ] {
            let mut steady = Steady::new(start, clock);
            for (ran, by_clock, expected) in steps.iter().copied() {
                let now = start + Duration::from_secs(ran * 3_600);
                let says = clock.plus_ms(by_clock * hour);
                assert_eq!(
                    steady.has_watched(WATCHED_FOR, now, says),
                    expected,
                    "{ran} h, by the clock {by_clock} h"
                );
            }
        }
    }
}
