//! What producer and listeners share: one queue, one phase and one report per sink.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{
    options::{CancelFlag, FanOutOptions, SinkPolicy},
    report::{Eviction, SinkOutcome, SinkReport},
};
use crate::SharedChunk;

/// How often a waiting producer looks at the cancel flag, which cannot wake it.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// What the producer may not exceed.
pub(super) struct Limits<'a> {
    pub(super) cancel: &'a CancelFlag,
    pub(super) budget: Option<Duration>,
    pub(super) ends: Option<Instant>,
}

impl Limits<'_> {
    /// # Errors
    /// `Cancelled` or `Timeout`.
    pub(super) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "asked to stop"));
        }
        if self.ends.is_some_and(|ends| Instant::now() >= ends) {
            let budget = self.budget.unwrap_or_default().as_secs_f64();
            return Err(Error::new(ErrorKind::Timeout, format!("the track took longer than {budget:.1} s")));
        }
        Ok(())
    }

    /// Gives the track that much more time.
    pub(super) fn extend(&mut self, time: Duration) {
        self.ends = self.ends.and_then(|ends| ends.checked_add(time));
    }
}

/// What a sink is doing.
enum Phase {
    /// Waiting for a chunk.
    Idle,
    /// In its own code since then, and for no longer than that: it holds a chunk, finishes, or is being dropped.
    Working(Instant, Duration),
    /// Gone.
    Gone(SinkOutcome),
}

struct Slot {
    policy: SinkPolicy,
    /// Chunks that wait at most.
    room: usize,
    /// How long it may hold one.
    deadline: Duration,
    queue: VecDeque<SharedChunk>,
    phase: Phase,
    frames: u64,
    busy: Duration,
    cpu: Duration,
}

struct State {
    slots: Vec<Slot>,
    /// The source has ended: an empty queue means finish.
    ended: bool,
    /// The run has failed or is over: leave without finish.
    dismissed: bool,
}

/// What a listener does next.
pub(super) enum SinkCommand {
    /// Push that chunk, within that time.
    Take(SharedChunk, Duration),
    /// Finish.
    Finish,
    /// Leave without finish.
    Leave,
}

/// The shared state of one run.
pub(super) struct SinkStates {
    state: Mutex<State>,
    /// How long a sink may take to finish.
    finish_deadline: Duration,
    /// Wakes the producer: a sink took a chunk or is gone.
    producer: Condvar,
    /// Wakes one listener each.
    listeners: Vec<Condvar>,
}

impl SinkStates {
    pub(super) fn new(sinks: impl Iterator<Item = SinkPolicy>, options: &FanOutOptions) -> Self {
        let slot = |policy| {
            let (room, deadline) = match policy {
                SinkPolicy::Must => (options.queue_chunks, options.sink_deadline),
                SinkPolicy::MayLag => (options.lag_chunks, options.lag_deadline),
            };
            Slot {
                policy,
                room: room.max(1),
                deadline,
                queue: VecDeque::new(),
                phase: Phase::Idle,
                frames: 0,
                busy: Duration::ZERO,
                cpu: Duration::ZERO,
            }
        };
        let slots: Vec<Slot> = sinks.map(slot).collect();
        Self {
            finish_deadline: options.sink_deadline,
            producer: Condvar::new(),
            listeners: slots.iter().map(|_| Condvar::new()).collect(),
            state: Mutex::new(State { slots, ended: false, dismissed: false }),
        }
    }

    /// No code of a sink runs under this lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The producer's side.

    /// Whether any sink is left for which decoding is worth while: one that must hear the track, or any at all where
    /// there never was one of those.
    pub(super) fn anyone_left(&self) -> bool {
        let state = self.lock();
        let any_must = state.slots.iter().any(|slot| slot.policy == SinkPolicy::Must);
        let counts = |slot: &&Slot| !any_must || slot.policy == SinkPolicy::Must;
        state.slots.iter().filter(counts).any(|slot| !slot.is_gone())
    }

    /// Puts the chunk into every queue as it gets room; who may lag and has none is evicted.
    ///
    /// # Errors
    /// `Cancelled` or `Timeout` while waiting for room.
    pub(super) fn deliver(&self, chunk: &SharedChunk, limits: &Limits<'_>) -> Result<()> {
        let mut waiting: Vec<usize> = (0..self.listeners.len()).collect();
        self.wait(limits, |state| {
            waiting.retain(|&index| {
                let slot = &mut state.slots[index];
                if slot.is_gone() {
                    return false;
                }
                if slot.queue.len() >= slot.room {
                    if slot.policy == SinkPolicy::Must {
                        return true;
                    }
                    slot.evict(lagged(slot.room), Instant::now());
                    self.listeners[index].notify_one();
                    return false;
                }
                slot.queue.push_back(SharedChunk::clone(chunk));
                self.listeners[index].notify_one();
                false
            });
            waiting.is_empty()
        })
    }

    /// Says that the source has ended and waits until every sink is gone. (All of them finish on their own threads, at
    /// the same time: a sink that must get the track ends without waiting for one that may lag.)
    ///
    /// # Errors
    /// `Cancelled` or `Timeout` while waiting.
    pub(super) fn end(&self, limits: &Limits<'_>) -> Result<()> {
        self.lock().ended = true;
        self.wake_listeners();
        self.wait(limits, State::all_gone_mut)
    }

    /// Sends everybody home and waits for them at most that long.
    pub(super) fn dismiss(&self, grace: Duration) {
        let mut state = self.lock();
        state.dismissed = true;
        for slot in &mut state.slots {
            slot.queue.clear();
        }
        self.wake_listeners();
        // A wait that fails to wait only shortens the grace.
        let _gone_or_abandoned =
            self.producer.wait_timeout_while(state, grace, |state| !state.all_gone()).map(drop);
    }

    /// Waits until `done`, evicting every sink that misses its deadline meanwhile.
    fn wait(&self, limits: &Limits<'_>, mut done: impl FnMut(&mut State) -> bool) -> Result<()> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let next_deadline = state.evict_overdue(now);
            if done(&mut state) {
                return Ok(());
            }
            limits.check()?;
            let pause = [next_deadline, limits.ends.map(|ends| ends.saturating_duration_since(now))]
                .into_iter()
                .flatten()
                .fold(CANCEL_POLL, Duration::min);
            // Rounded up, lest the last part of a millisecond be spent in ever shorter waits.
            let pause = pause + Duration::from_millis(1);
            state = self.producer.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn wake_listeners(&self) {
        for listener in &self.listeners {
            listener.notify_one();
        }
    }

    /// One report per sink; a sink that is not gone was abandoned.
    pub(super) fn reports(&self, names: Vec<String>) -> Vec<SinkReport> {
        let mut state = self.lock();
        let slots = state.slots.iter_mut();
        let report = |(name, slot): (String, &mut Slot)| {
            let outcome = match &slot.phase {
                Phase::Gone(outcome) => outcome.clone(),
                Phase::Idle | Phase::Working(..) => SinkOutcome::Evicted {
                    reason: Eviction::Deadline,
                    kind: ErrorKind::Timeout,
                    message: "did not end in time".to_owned(),
                },
            };
            SinkReport { name, outcome, frames: slot.frames, busy: slot.busy, cpu: slot.cpu }
        };
        names.into_iter().zip(slots).map(report).collect()
    }

    // The listeners' side.

    /// The next command of that listener; waits for it.
    pub(super) fn next_command(&self, index: usize) -> SinkCommand {
        let mut state = self.lock();
        loop {
            if state.dismissed || matches!(state.slots[index].phase, Phase::Gone(_)) {
                return SinkCommand::Leave;
            }
            let ended = state.ended;
            let slot = &mut state.slots[index];
            let was_full = slot.queue.len() >= slot.room;
            if let Some(chunk) = slot.queue.pop_front() {
                slot.phase = Phase::Working(Instant::now(), slot.deadline);
                if was_full {
                    self.producer.notify_one();
                }
                return SinkCommand::Take(chunk, slot.deadline);
            }
            if ended {
                slot.phase = Phase::Working(Instant::now(), self.finish_deadline);
                return SinkCommand::Finish;
            }
            // Not timed: the producer's way out, whichever it is, wakes every listener.
            state = self.listeners[index].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that the listener is through with its chunk: false if it has been evicted meanwhile.
    pub(super) fn took(&self, index: usize, frames: u64) -> bool {
        let mut state = self.lock();
        let slot = &mut state.slots[index];
        let Phase::Working(since, _) = slot.phase else { return false };
        slot.busy += since.elapsed();
        slot.frames += frames;
        slot.phase = Phase::Idle;
        true
    }

    /// Says that the listener is gone, unless it has been evicted before.
    pub(super) fn gone(&self, index: usize, outcome: SinkOutcome, cpu: Duration) {
        let mut state = self.lock();
        let slot = &mut state.slots[index];
        if let Phase::Working(since, _) = slot.phase {
            slot.busy += since.elapsed();
        }
        slot.cpu = cpu;
        if !slot.is_gone() {
            slot.phase = Phase::Gone(outcome);
        }
        slot.queue.clear();
        self.producer.notify_one();
    }
}

impl State {
    fn all_gone(&self) -> bool {
        self.slots.iter().all(Slot::is_gone)
    }

    fn all_gone_mut(&mut self) -> bool {
        self.all_gone()
    }

    /// Evicts sinks that have worked longer than they may; returns how long until the next one would be.
    fn evict_overdue(&mut self, now: Instant) -> Option<Duration> {
        let mut next = None;
        for slot in &mut self.slots {
            let Phase::Working(since, deadline) = slot.phase else { continue };
            let left = deadline.saturating_sub(now.saturating_duration_since(since));
            if left.is_zero() {
                slot.evict(overdue(deadline), now);
            } else {
                next = Some(next.map_or(left, |next: Duration| next.min(left)));
            }
        }
        next
    }
}

impl Slot {
    fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone(_))
    }

    fn evict(&mut self, outcome: SinkOutcome, now: Instant) {
        if let Phase::Working(since, _) = self.phase {
            self.busy += now.saturating_duration_since(since);
        }
        self.phase = Phase::Gone(outcome);
        self.queue.clear();
    }
}

/// The outcome of a sink that may lag and fell too far behind.
fn lagged(chunks: usize) -> SinkOutcome {
    SinkOutcome::Evicted {
        reason: Eviction::Lagged,
        kind: ErrorKind::Busy,
        message: format!("fell {chunks} chunks behind, and a sink that may lag is not waited for"),
    }
}

/// The outcome of a sink that held something longer than the deadline.
pub(super) fn overdue(deadline: Duration) -> SinkOutcome {
    SinkOutcome::Evicted {
        reason: Eviction::Deadline,
        kind: ErrorKind::Timeout,
        message: format!("held a chunk longer than {:.1} s", deadline.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_not_the_tracks_is_not_counted() {
        let cancel = CancelFlag::default();
        let mut limits = Limits { cancel: &cancel, budget: Some(Duration::ZERO), ends: Some(Instant::now()) };
        assert_eq!(limits.check().unwrap_err().kind(), ErrorKind::Timeout);
        limits.extend(Duration::from_secs(3_600));
        limits.check().unwrap();
        cancel.cancel();
        assert_eq!(limits.check().unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
