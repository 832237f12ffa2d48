//! When a folder that changes has been quiet for long enough.

use std::time::Duration;

use tokio::time::Instant;

/// No change for that long is quiet.
const QUIET: Duration = Duration::from_secs(2);
/// A folder that never gets quiet is scanned after that long all the same.
const LONGEST: Duration = Duration::from_secs(30);

/// Changes that were noted and not acted on yet.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    /// First and last change.
    changes: Option<(Instant, Instant)>,
}

impl Quiet {
    /// Something changed.
    pub(crate) fn note(&mut self, now: Instant) {
        let first = self.changes.map_or(now, |(first, _)| first);
        self.changes = Some((first, now));
    }

    /// When to act, if anything changed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.changes.map(|(first, last)| (last + QUIET).min(first + LONGEST))
    }

    /// Whether it is time to act; if so, starts counting again.
    pub(crate) fn take_if_due(&mut self, now: Instant) -> bool {
        let due = self.due().is_some_and(|due| due <= now);
        if due {
            self.changes = None;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_acts_after_quiet_or_after_the_longest_wait() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut quiet = Quiet::default();
        assert!(!quiet.take_if_due(at(0)));
        quiet.note(at(0));
        quiet.note(at(1_500));
        assert!(!quiet.take_if_due(at(3_000)));
        assert!(quiet.take_if_due(at(3_500)));
        assert!(!quiet.take_if_due(at(9_000)), "once is enough");
        for ms in (0..60).map(|half| half * 500) {
            quiet.note(at(ms));
            assert!(!quiet.take_if_due(at(ms)));
        }
        assert!(quiet.take_if_due(at(30_000)));
    }
}
