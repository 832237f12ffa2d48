//! [`AnalysisSlots`]: how many tracks are analyzed at a time, however many are asked for.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanfare_audio::CancelFlag;
use fanfare_model::{Error, ErrorKind, Result};

/// Runs per processor: more than one, so that a processor is not idle while files are waited for; few, because each
/// run has a thread per analyzer and some 20 MiB of chunks and tables.
const RUNS_PER_CORE: usize = 4;

/// How often a waiting run looks at its cancel flag, which cannot wake it.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// Places for runs, shared by clones. A run that finds none waits, first come first served.
///
/// Given in [`AnalyzeOptions`](crate::AnalyzeOptions), it bounds threads and memory: at most `most` decoders and as many
/// times the analyzers' threads exist. A run that feeds a live sink is given none and never waits.
#[derive(Debug, Clone)]
pub struct AnalysisSlots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    turns: Mutex<Turns>,
    moved: Condvar,
}

/// Who runs and who waits.
#[derive(Debug, Default)]
struct Turns {
    running: usize,
    /// The number that the next run to come gets.
    next: u64,
    /// Those that wait, in the order in which they came.
    waiting: VecDeque<u64>,
}

impl AnalysisSlots {
    /// Places for that many runs, at least one.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared { most: most.max(1), turns: Mutex::default(), moved: Condvar::new() }))
    }

    /// As many places as that many processors keep busy.
    #[must_use]
    pub fn for_cores(cores: usize) -> Self {
        Self::new(cores.saturating_mul(RUNS_PER_CORE))
    }

    /// How many runs there are at most.
    #[must_use]
    pub fn most(&self) -> usize {
        self.0.most
    }

    /// How many runs wait for a place.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Waits for a place; it is free again when the answer is dropped.
    ///
    /// # Errors
    /// `Cancelled`, while waiting only.
    pub(crate) fn take(&self, cancel: &CancelFlag) -> Result<Slot> {
        let shared = &self.0;
        let mut turns = shared.lock();
        let number = turns.next;
        turns.next += 1;
        turns.waiting.push_back(number);
        while turns.running >= shared.most || turns.waiting.front() != Some(&number) {
            if cancel.is_cancelled() {
                turns.waiting.retain(|waiting| *waiting != number);
                shared.moved.notify_all();
                return Err(Error::new(ErrorKind::Cancelled, "asked to stop"));
            }
            turns = shared.moved.wait_timeout(turns, CANCEL_POLL).unwrap_or_else(PoisonError::into_inner).0;
        }
        turns.waiting.pop_front();
        turns.running += 1;
        // The next one may have a place, too.
        shared.moved.notify_all();
        drop(turns);
        Ok(Slot(Arc::clone(shared)))
    }
}

impl Shared {
    /// Nothing under this lock can fail half way, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken.
pub(crate) struct Slot(Arc<Shared>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_analyzer_can_be_cancelled_and_the_others_come_in_turn() {
        let slots = AnalysisSlots::new(1);
        let taken = slots.take(&CancelFlag::default()).unwrap();
        let (order, given_up) = (Mutex::new(Vec::new()), CancelFlag::default());
        std::thread::scope(|scope| {
            let cancelled = scope.spawn(|| slots.take(&given_up).map(drop));
            while slots.waiting() < 1 {
                std::thread::yield_now();
            }
            for number in 0..3 {
                let (slots, order) = (&slots, &order);
                scope.spawn(move || {
                    let _slot = slots.take(&CancelFlag::default()).unwrap();
                    order.lock().unwrap().push(number);
                });
                while slots.waiting() < number + 2 {
                    std::thread::yield_now();
                }
            }
            given_up.cancel();
            assert_eq!(cancelled.join().unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
            drop(taken);
        });
        assert_eq!(order.into_inner().unwrap(), [0, 1, 2]);
        assert_eq!(slots.waiting(), 0);
    }
}
