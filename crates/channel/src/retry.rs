//! When a failed attempt is tried again.

use fanfare_model::{ErrorKind, Timestamp, time};
use fanfare_store::fresh_id;

/// Pause before the second attempt, in milliseconds.
const FIRST_PAUSE_MS: i64 = 5_000;
/// How much longer each further pause is.
const GROWTH: i64 = 4;
/// The longest pause.
const MAX_PAUSE_MS: i64 = 10 * 60_000;
/// Storage that is away is back after minutes, not seconds.
const AWAY_PAUSE_MS: i64 = 60_000;

/// The time of the next attempt, or `None` when a retry cannot help or all attempts are used up.
pub fn next_attempt(
    kind: ErrorKind,
    attempt: u32,
    max_attempts: u32,
    now: Timestamp,
    jitter: f64,
) -> Option<Timestamp> {
    // A file that changes while it is analyzed (Conflict) is at rest a moment later.
    if !(kind.is_transient() || kind == ErrorKind::Conflict) || attempt >= max_attempts {
        return None;
    }
    let first = if kind == ErrorKind::Unavailable { AWAY_PAUSE_MS } else { FIRST_PAUSE_MS };
    let exponent = attempt.saturating_sub(1).min(16);
    let pause = first.saturating_mul(GROWTH.saturating_pow(exponent)).min(MAX_PAUSE_MS);
    // A fifth more or less: jobs that failed together do not come back together.
    let factor = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
    Some(now.plus_ms((pause as f64 * factor) as i64))
}

/// A track that failed for a reason that may pass is due again with the next nightly run, in milliseconds: well before
/// it starts a day later, also in the night that is an hour shorter.
const NEXT_NIGHT_MS: i64 = 20 * 60 * 60_000;

/// When a track is due again after all attempts failed for that reason; `None`: when a user changes something.
pub fn next_night(kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
    (kind.is_transient() || kind == ErrorKind::Conflict).then(|| now.plus_ms(NEXT_NIGHT_MS))
}

/// A random number from 0 to 1, for [`next_attempt`].
pub fn jitter(now: time::Timestamp) -> f64 {
    // The last bytes of an id are random.
    let id = fresh_id(now);
    f64::from(u16::from_be_bytes([id[14], id[15]])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_end_with_the_attempts() {
        for (kind, attempt, expected_s) in [
            (ErrorKind::Io, 1, Some(5)),
            (ErrorKind::Io, 2, Some(20)),
            (ErrorKind::Timeout, 3, Some(80)),
            (ErrorKind::Busy, 4, Some(320)),
            (ErrorKind::Io, 5, None),
            (ErrorKind::Unavailable, 1, Some(60)),
            (ErrorKind::Unavailable, 4, Some(600)),
            (ErrorKind::Conflict, 1, Some(5)),
            (ErrorKind::Malformed, 1, None),
            (ErrorKind::NotAudio, 1, None),
        ] {
            let at = |jitter| next_attempt(kind, attempt, 5, Timestamp(0), jitter);
            assert_eq!(at(0.5).map(|at| at.0 / 1_000), expected_s, "{kind} {attempt}");
            assert!(at(0.0) <= at(1.0));
        }
    }
}
