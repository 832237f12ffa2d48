//! What producer and listeners share: one queue, one phase and one report per sink.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{CancelFlag, Eviction, SinkOutcome, SinkReport};
use crate::SharedChunk;

/// How often a waiting producer looks at the cancel flag, which cannot wake it.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// What the producer may not exceed.
pub(super) struct Limits<'a> {
    pub(super) cancel: &'a CancelFlag,
    pub(super) deadline: Duration,
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
}

/// What a sink is doing.
enum Phase {
    /// Waiting for a chunk.
    Idle,
    /// In its own code since then: it holds a chunk, finishes, or is being dropped.
    Working(Instant),
    /// Gone.
    Gone(SinkOutcome),
}

struct Slot {
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
pub(super) enum Errand {
    /// Push that chunk.
    Take(SharedChunk),
    /// Finish.
    Finish,
    /// Leave without finish.
    Leave,
}

/// The shared state of one run.
pub(super) struct Board {
    state: Mutex<State>,
    queue_chunks: usize,
    /// Wakes the producer: a sink took a chunk or is gone.
    producer: Condvar,
    /// Wakes one listener each.
    listeners: Vec<Condvar>,
}

impl Board {
    pub(super) fn new(sinks: usize, queue_chunks: usize) -> Self {
        let slot = || Slot {
            queue: VecDeque::new(),
            phase: Phase::Idle,
            frames: 0,
            busy: Duration::ZERO,
            cpu: Duration::ZERO,
        };
        let slots = (0..sinks).map(|_| slot()).collect();
        Self {
            state: Mutex::new(State { slots, ended: false, dismissed: false }),
            queue_chunks: queue_chunks.max(1),
            producer: Condvar::new(),
            listeners: (0..sinks).map(|_| Condvar::new()).collect(),
        }
    }

    /// No code of a sink runs under this lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The producer's side.

    /// Whether any sink is left.
    pub(super) fn anyone_left(&self) -> bool {
        !self.lock().all_gone()
    }

    /// Puts the chunk into every queue as it gets room.
    ///
    /// # Errors
    /// `Cancelled` or `Timeout` while waiting for room.
    pub(super) fn deliver(&self, chunk: &SharedChunk, limits: &Limits<'_>) -> Result<()> {
        let mut waiting: Vec<usize> = (0..self.listeners.len()).collect();
        self.wait(limits, |state| {
            waiting.retain(|&index| {
                let slot = &mut state.slots[index];
                if matches!(slot.phase, Phase::Gone(_)) {
                    return false;
                }
                if slot.queue.len() >= self.queue_chunks {
                    return true;
                }
                slot.queue.push_back(SharedChunk::clone(chunk));
                self.listeners[index].notify_one();
                false
            });
            waiting.is_empty()
        })
    }

    /// Says that the source has ended and waits until every sink is gone.
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
            let next_deadline = state.evict_overdue(now, limits.deadline);
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
                Phase::Idle | Phase::Working(_) => SinkOutcome::Evicted {
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

    /// The next errand of that listener; waits for it.
    pub(super) fn next_errand(&self, index: usize) -> Errand {
        let mut state = self.lock();
        loop {
            if state.dismissed || matches!(state.slots[index].phase, Phase::Gone(_)) {
                return Errand::Leave;
            }
            let ended = state.ended;
            let slot = &mut state.slots[index];
            let was_full = slot.queue.len() >= self.queue_chunks;
            if let Some(chunk) = slot.queue.pop_front() {
                slot.phase = Phase::Working(Instant::now());
                if was_full {
                    self.producer.notify_one();
                }
                return Errand::Take(chunk);
            }
            if ended {
                slot.phase = Phase::Working(Instant::now());
                return Errand::Finish;
            }
            // Not timed: the producer's way out, whichever it is, wakes every listener.
            state = self.listeners[index].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that the listener is through with its chunk: false if it has been evicted meanwhile.
    pub(super) fn took(&self, index: usize, frames: u64) -> bool {
        let mut state = self.lock();
        let slot = &mut state.slots[index];
        let Phase::Working(since) = slot.phase else { return false };
        slot.busy += since.elapsed();
        slot.frames += frames;
        slot.phase = Phase::Idle;
        true
    }

    /// Says that the listener is gone, unless it has been evicted before.
    pub(super) fn gone(&self, index: usize, outcome: SinkOutcome, cpu: Duration) {
        let mut state = self.lock();
        let slot = &mut state.slots[index];
        if let Phase::Working(since) = slot.phase {
            slot.busy += since.elapsed();
        }
        slot.cpu = cpu;
        if !matches!(slot.phase, Phase::Gone(_)) {
            slot.phase = Phase::Gone(outcome);
        }
        slot.queue.clear();
        self.producer.notify_one();
    }
}

impl State {
    fn all_gone(&self) -> bool {
        self.slots.iter().all(|slot| matches!(slot.phase, Phase::Gone(_)))
    }

    fn all_gone_mut(&mut self) -> bool {
        self.all_gone()
    }

    /// Evicts whoever has worked longer than the deadline; gives how long until the next one would be.
    fn evict_overdue(&mut self, now: Instant, deadline: Duration) -> Option<Duration> {
        let mut next = None;
        for slot in &mut self.slots {
            let Phase::Working(since) = slot.phase else { continue };
            let left = deadline.saturating_sub(now.saturating_duration_since(since));
            if left.is_zero() {
                slot.busy += now.saturating_duration_since(since);
                slot.phase = Phase::Gone(overdue(deadline));
                slot.queue.clear();
            } else {
                next = Some(next.map_or(left, |next: Duration| next.min(left)));
            }
        }
        next
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
