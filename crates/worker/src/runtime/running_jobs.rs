//! [`RunningJobs`]: the jobs that a worker holds: claimed from each queue as far as there is room, ended one by one.
//!
//! Vocabulary: a *queue_spec* is one queue that a worker takes jobs from, with how many it holds of them at a time; a
//! *place* is one job's number on the executor.
//!
//! A job whose holder died before (see the store's queue) is worked on alone: while one is due on any queue_spec, nothing
//! else is claimed, and it is claimed when the executor is empty.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use fanfare_audio::SinkThreads;
use fanfare_channel::protocol::WorkerRole;
use fanfare_model::{Job, Queue};
use tokio::task::{Id, JoinHandle, JoinSet};

use super::{
    context::Context,
    job::{AttemptEnd, LeasedJob},
    registry::{Prefetch, QueueSpec, Registry},
};

/// The jobs that this worker holds.
pub(super) struct RunningJobs {
    context: Arc<Context>,
    registry: Registry,
    queue_specs: Vec<&'static QueueSpec>,
    jobs: JoinSet<AttemptEnd>,
    /// By task of the runtime: from which queue_spec its job came, and its place.
    held: HashMap<Id, (usize, usize)>,
    /// How many jobs of a queue with [`Prefetch::Told`] are held at a time; none before that is said.
    pub(super) ahead: Option<usize>,
    /// The most jobs of a queue at a time, whatever the server says.
    max_slots: usize,
    role: WorkerRole,
    /// What is done when nothing is left to do.
    catching_up: Option<JoinHandle<()>>,
}

impl RunningJobs {
    pub(super) fn new(context: Arc<Context>, registry: Registry, role: WorkerRole, max_slots: usize) -> Self {
        let queue_specs = registry.queues.iter().filter(|queue_spec| queue_spec.role == role).collect();
        Self {
            context,
            registry,
            queue_specs,
            max_slots,
            jobs: JoinSet::new(),
            held: HashMap::new(),
            ahead: None,
            role,
            catching_up: None,
        }
    }

    /// Begins what is done when nothing is left to do, unless it is under way; a job that comes meanwhile does not wait for
    /// it.
    pub(super) fn catch_up(&mut self) {
        let under_way = self.catching_up.as_ref().is_some_and(|under_way| !under_way.is_finished());
        if self.role != WorkerRole::Background || under_way {
            return;
        }
        if let Some(when_idle) = &self.registry.when_idle {
            self.catching_up = Some(tokio::spawn(when_idle()));
        }
    }

    /// How many they are.
    pub(super) fn at_work(&self) -> usize {
        self.held.len()
    }

    fn room(&self, queue_spec: usize) -> usize {
        let most = match self.queue_specs[queue_spec].prefetch {
            Prefetch::Slots => self.context.throttle.policy().slots.clamp(1, self.max_slots),
            Prefetch::Exactly(most) => most,
            Prefetch::Told => self.ahead.map_or(0, |slots| slots.clamp(1, self.max_slots)),
        };
        most.saturating_sub(self.held.values().filter(|(of, _)| *of == queue_spec).count())
    }

    /// Claims what there is room for; returns whether more may be had at once.
    pub(super) async fn fill(&mut self) -> bool {
        let mut isolated = None;
        for queue_spec in 0..self.queue_specs.len() {
            if self.isolated_is_due(self.queue_specs[queue_spec].queue).await {
                isolated = Some(queue_spec);
                break;
            }
        }
        let mut more = false;
        for queue_spec in isolated.map_or(0..self.queue_specs.len(), |queue_spec| queue_spec..queue_spec + 1)
        {
            let room = self.room(queue_spec);
            if room == 0 || (isolated.is_some() && self.at_work() > 0) {
                continue;
            }
            let claimed = self.claim(self.queue_specs[queue_spec].queue, room).await;
            // A full catch means that more may wait.
            more |= claimed.len() == room;
            for job in claimed {
                self.begin(queue_spec, job);
            }
        }
        more
    }

    fn begin(&mut self, queue_spec: usize, job: Job) {
        let taken: BTreeSet<usize> = self.held.values().map(|(_, place)| *place).collect();
        let place = (0..).find(|place| !taken.contains(place)).unwrap_or_default();
        let held =
            LeasedJob { context: Arc::clone(&self.context), job, place, threads: SinkThreads::default() };
        let id = self.jobs.spawn((self.registry.attempt)(held)).id();
        self.held.insert(id, (queue_spec, place));
    }

    /// How the next one ended; `None` when there is none.
    pub(super) async fn next_end(&mut self) -> Option<AttemptEnd> {
        let (id, end) = match self.jobs.join_next_with_id().await? {
            Ok((id, end)) => (id, end),
            Err(error) => {
                tracing::error!(%error, "an attempt broke off");
                (error.id(), AttemptEnd::Over)
            }
        };
        self.held.remove(&id);
        Some(end)
    }

    async fn claim(&self, queue: Queue, limit: usize) -> Vec<Job> {
        let (queue, limit) = (queue.name(), u32::try_from(limit).unwrap_or(1));
        match self.context.store.jobs().claim(queue, &self.context.owner, limit, self.context.now()).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(queue, %error, "could not claim jobs");
                Vec::new()
            }
        }
    }

    async fn isolated_is_due(&self, queue: Queue) -> bool {
        let queue = queue.name();
        match self.context.store.jobs().isolated_is_due(queue, self.context.now()).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(queue, %error, "could not look for jobs whose holder died");
                false
            }
        }
    }
}
