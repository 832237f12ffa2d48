//! [`TaskHub`]: what is going on now, and a bounded memory of what just happened.
//!
//! Vocabulary: a *live task* is one that this process is working on; an *event* is a task's state at one moment.
//!
//! Invariants: event ids only grow, also across restarts (they start from the clock); a listener that
//! subscribes gets what it missed and everything after it, without a gap and without a repeat; events never
//! carry the list of failures (only its length), so that the ring stays small.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanfare_channel::clock;
use fanfare_model::{Task, TaskId, Timestamp};
use fanfare_store::Store;
use tokio::sync::broadcast;

use crate::text;

/// Events kept for listeners that come back.
pub const RING_EVENTS: usize = 1_000;

/// One task's state at one moment.
#[derive(Debug, Clone)]
pub struct TaskEvent {
    /// Its number; later events have larger ones, also after a restart.
    pub id: u64,
    /// The task as it stood, without its list of failures.
    pub task: Task,
    /// How it stands, in a word: `in_progress`, `completed`, `failed`, `skipped`.
    pub status: String,
    /// When it happened.
    pub at: Timestamp,
}

impl TaskEvent {
    /// That state of a task, with that number.
    #[must_use]
    pub fn of(id: u64, task: &Task, at: Timestamp) -> Self {
        event_of(id, task, at)
    }
}

/// Live tasks and recent events. Cheap to clone.
#[derive(Clone)]
pub struct TaskHub {
    inner: Arc<HubInner>,
}

struct HubInner {
    store: Store,
    state: Mutex<HubState>,
    sender: broadcast::Sender<TaskEvent>,
}

struct HubState {
    next_id: u64,
    ring: VecDeque<TaskEvent>,
    /// Tasks that are not over, with the id and the time of their latest event.
    live: BTreeMap<TaskId, (Task, u64, Timestamp)>,
}

impl TaskHub {
    /// A hub without tasks, which keeps its tasks in that store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        // Milliseconds times 1,000 leaves room for 1,000 events per millisecond of life before a restarted
        // server could give out a number twice, and stays below 2^53, which JavaScript can count to.
        let next_id = u64::try_from(clock::now().0).unwrap_or(0).saturating_mul(1_000).max(1);
        let (sender, _) = broadcast::channel(RING_EVENTS);
        let state = HubState { next_id, ring: VecDeque::new(), live: BTreeMap::new() };
        Self { inner: Arc::new(HubInner { store, state: Mutex::new(state), sender }) }
    }

    /// What happened after event `after`, and everything that will.
    ///
    /// Without a number, or with one that the ring no longer reaches back to, the list is the present state:
    /// the latest event of every task that is live or ended recently enough to be in the ring.
    pub fn subscribe(&self, after: Option<u64>) -> (Vec<TaskEvent>, broadcast::Receiver<TaskEvent>) {
        let state = self.state();
        // Subscribing under the lock: an event is either in the list or in the receiver, never in both.
        let receiver = self.inner.sender.subscribe();
        let oldest = state.ring.front().map_or(state.next_id, |event| event.id);
        let missed = match after {
            Some(after) if after < state.next_id && after.saturating_add(1) >= oldest => {
                state.ring.iter().filter(|event| event.id > after).cloned().collect()
            }
            Some(_) => state.present(true),
            None => state.present(false),
        };
        (missed, receiver)
    }

    /// The tasks that are not over, oldest first.
    #[must_use]
    pub fn active(&self) -> Vec<Task> {
        self.state().live.values().map(|(task, ..)| task.clone()).collect()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Tells everybody how the task stands.
    pub(crate) fn emit(&self, task: &Task) {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        let now = clock::now();
        if task.state.is_over() {
            state.live.remove(&task.id);
        } else {
            state.live.insert(task.id, (task.clone(), id, now));
        }
        let event = event_of(id, task, now);
        if state.ring.len() == RING_EVENTS {
            state.ring.pop_front();
        }
        state.ring.push_back(event.clone());
        // Without a subscriber this is no failure.
        let _listeners = self.inner.sender.send(event);
    }

    fn state(&self) -> MutexGuard<'_, HubState> {
        // The state is replaced in whole steps, so a panic elsewhere cannot leave it half changed.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HubState {
    /// The latest event of each live task and, if asked, of each task that ended within the ring.
    fn present(&self, ended_too: bool) -> Vec<TaskEvent> {
        let mut seen = HashSet::new();
        let mut events: Vec<TaskEvent> = Vec::new();
        for (task, id, at) in self.live.values() {
            seen.insert(task.id);
            // As it was told then: a listener that comes late hears when it happened.
            events.push(event_of(*id, task, *at));
        }
        if ended_too {
            let latest = self.ring.iter().rev().filter(|event| seen.insert(event.task.id));
            events.extend(latest.cloned());
        }
        events.sort_by_key(|event| event.id);
        events
    }
}

fn event_of(id: u64, task: &Task, at: Timestamp) -> TaskEvent {
    // Field by field: cloning the failures only to throw them away would be most of the work.
    let task = Task {
        id: task.id,
        kind: task.kind,
        state: task.state,
        step: task.step.clone(),
        current: task.current,
        total: task.total,
        current_item: task.current_item.clone(),
        message: task.message.clone(),
        failure_count: task.failure_count,
        failures: Vec::new(),
        log: Vec::new(),
        created: task.created,
        started: task.started,
        ended: task.ended,
    };
    TaskEvent { id, status: text::status(&task).to_owned(), task, at }
}

#[cfg(test)]
mod tests {
    use fanfare_model::{TaskKind, TaskState};
    use fanfare_store::StoreOptions;

    use super::*;

    async fn hub() -> (tempfile::TempDir, TaskHub) {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { migrate: true, readers: 1, busy_timeout_ms: 1_000 };
        let store = Store::open(folder.path(), &options).await.unwrap();
        (folder, TaskHub::new(store))
    }

    fn task(number: u8, current: u64, state: TaskState) -> Task {
        Task {
            id: TaskId::from_bytes([number; 16]),
            kind: TaskKind::Scan,
            state,
            step: "reading folders".to_owned(),
            current,
            total: 0,
            current_item: None,
            message: String::new(),
            failure_count: 0,
            failures: Vec::new(),
            log: Vec::new(),
            created: Timestamp(0),
            started: None,
            ended: None,
        }
    }

    fn seen(events: &[TaskEvent]) -> Vec<(u8, u64)> {
        events.iter().map(|event| (event.task.id.as_bytes()[0], event.task.current)).collect()
    }

    #[tokio::test]
    async fn a_listener_gets_what_it_missed_and_then_everything() {
        let (_folder, hub) = hub().await;
        for (number, current) in [(1, 0), (2, 0), (1, 1), (2, 1)] {
            hub.emit(&task(number, current, TaskState::Running));
        }
        hub.emit(&task(2, 2, TaskState::Succeeded));
        let (present, mut later) = hub.subscribe(None);
        assert_eq!(seen(&present), [(1, 1)], "a new listener gets the present state");
        // issue 13: an event that is told late carries its own time.
        let told = hub.state().ring.iter().find(|event| event.id == present[0].id).unwrap().at;
        assert_eq!((present[0].at, &*present[0].status), (told, "in_progress"));
        let (all, _) = hub.subscribe(Some(0));
        assert_eq!(&*all[1].status, "completed");
        assert_eq!(seen(&all), [(1, 1), (2, 2)], "one from before this life gets it too, with what ended");
        let ids: Vec<u64> = hub.state().ring.iter().map(|event| event.id).collect();
        let (missed, _) = hub.subscribe(Some(ids[2]));
        assert_eq!(seen(&missed), [(2, 1), (2, 2)], "one that comes back gets what it missed");
        assert_eq!(hub.subscribe(Some(ids[4])).0.len(), 0);
        assert_eq!(seen(&hub.subscribe(Some(u64::MAX)).0), [(1, 1), (2, 2)], "a number from nowhere");
        hub.emit(&task(1, 2, TaskState::Running));
        assert_eq!(later.recv().await.unwrap().task.current, 2);
        assert_eq!(hub.active().len(), 1);
    }

    #[tokio::test]
    async fn the_ring_is_bounded_and_says_when_it_does_not_reach_back() {
        let (_folder, hub) = hub().await;
        hub.emit(&task(1, 0, TaskState::Running));
        let first = hub.state().ring[0].id;
        for current in 0..=RING_EVENTS as u64 {
            hub.emit(&task(2, current, TaskState::Running));
        }
        assert_eq!(hub.state().ring.len(), RING_EVENTS);
        let (missed, _) = hub.subscribe(Some(first));
        assert_eq!(seen(&missed), [(1, 0), (2, RING_EVENTS as u64)]);
    }
}
