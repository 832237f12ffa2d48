//! Not more than two questions a second: a pass over the library asks one more (AcoustID allows three).

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The least time from one question to the next.
const STEP: Duration = Duration::from_millis(500);

/// When the next question may be asked.
#[derive(Default)]
pub(super) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// Waits for this one's turn.
    pub(super) fn wait(&self) {
        std::thread::sleep(self.turn(Instant::now()));
    }

    /// Takes the next turn, and says how long it is until then.
    fn turn(&self, now: Instant) -> Duration {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        *next = Some(turn + STEP);
        turn - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_half_a_second_apart_for_all_callers_together() {
        let (pace, start) = (Pace::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        for (asked_ms, waits_ms) in [(0, 0), (0, 500), (100, 900), (2_000, 0), (2_100, 400), (9_000, 0)] {
            assert_eq!(pace.turn(at(asked_ms)), Duration::from_millis(waits_ms), "asked at {asked_ms}");
        }
    }
}
