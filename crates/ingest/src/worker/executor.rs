//! The executor where jobs are worked on: claims as many of each queue as there is room for, and ends in order.
//!
//! Vocabulary: a *queue_spec* is one queue that a worker takes jobs from, with how many it holds of them at a time; a
//! *place* is one job's number on the executor.
//!
//! A suspect (see the store's queue) is worked on alone: while one is due on any queue_spec, nothing else is claimed, and
//! it is claimed when the executor is empty.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use fanfare_audio::{OpenOptions, SinkThreads};
use fanfare_model::{Error, ErrorKind, Job, Result, Timestamp};
use fanfare_store::Store;
use tokio::{
    sync::mpsc,
    task::{Id, JoinHandle, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::post_analysis::catch_up;

use super::{
    WorkerParts,
    attempt::AttemptEnd,
    demand::Demand,
    event_writer::EventWriter,
    protocol::{WorkerCommand, WorkerEvent, WorkerRole},
    room::Room,
    roots::Roots,
    throttle::Throttle,
    work::{LeasedJob, dispatch},
};

/// One queue that workers of a role take jobs from.
pub(crate) struct QueueSpec {
    /// The queue's name.
    pub(crate) queue: &'static str,
    /// Which workers take from it.
    role: WorkerRole,
    /// How many of its jobs such a worker holds at a time.
    prefetch: Prefetch,
}

/// How many jobs of a queue are held at a time.
enum Prefetch {
    /// As many as the worker was told.
    Slots,
    /// So many.
    Exactly(usize),
    /// As many as the server says for what is made ahead of time ([`WorkerCommand::Ahead`]).
    Told,
}

/// All queue_specs, in the order in which they are filled.
pub(crate) const QUEUE_SPECS: &[QueueSpec] = &[
    // Each is one encoder that is far ahead of its listener after a second or two.
    QueueSpec { queue: "stream-track", role: WorkerRole::Live, prefetch: Prefetch::Exactly(MAX_STREAMS) },
    QueueSpec { queue: "transcode-track", role: WorkerRole::Live, prefetch: Prefetch::Slots },
    // Somebody waits for these: two at a time, each of which decodes and encodes on several threads (docs/coverage.md D3).
    QueueSpec { queue: "process-track", role: WorkerRole::Background, prefetch: Prefetch::Exactly(2) },
    QueueSpec { queue: "analyze-track", role: WorkerRole::Background, prefetch: Prefetch::Slots },
    QueueSpec { queue: "cache-track", role: WorkerRole::Background, prefetch: Prefetch::Told },
    // A model takes memory once per job (docs/coverage.md D10, D24).
    QueueSpec { queue: "enrich-track-audio", role: WorkerRole::Background, prefetch: Prefetch::Exactly(1) },
];

/// Files that are made for listeners at a time: the server's own limit is lower, and says so to who comes too many.
const MAX_STREAMS: usize = 64;
/// How often the queue is looked at when nobody rings: retries come due by themselves.
const POLL: Duration = Duration::from_secs(3);
/// How often a sign of life is given.
const ALIVE: Duration = Duration::from_secs(5);
/// How long jobs at hand get to end by themselves before a worker with a thread that hangs gives them back.
const LEAVE_GRACE: Duration = Duration::from_secs(10);
/// Later than anything here.
const FAR: Duration = Duration::from_secs(86_400 * 365);
/// How long jobs at hand get to end after a stop.
const STOP_GRACE: Duration = Duration::from_secs(8);

/// Everything that the attempts share.
pub(crate) struct Executor {
    pub(crate) store: Store,
    pub(crate) event_writer: EventWriter,
    pub(crate) open: OpenOptions,
    pub(crate) owner: String,
    pub(crate) parts: WorkerParts,
    pub(crate) throttle: Throttle,
    /// What listeners wait for.
    pub(crate) demand: Demand,
    pub(crate) roots: Roots,
    /// What the cache's cap leaves.
    pub(crate) room: Room,
    /// Cancelled when the worker is to stop.
    pub(crate) stop: CancellationToken,
    max_slots: usize,
}

impl Executor {
    pub(crate) fn new(
        store: Store,
        event_writer: EventWriter,
        open: OpenOptions,
        owner: String,
        parts: WorkerParts,
        (throttle, demand): (Throttle, Demand),
        max_slots: usize,
    ) -> Self {
        let (roots, room, stop) = (Roots::default(), Room::default(), CancellationToken::new());
        Self { store, event_writer, open, owner, parts, throttle, demand, roots, room, stop, max_slots }
    }

    /// Works until told to stop.
    ///
    /// # Errors
    /// `Timeout` when a job could not be cancelled.
    pub(crate) async fn run(
        self,
        role: WorkerRole,
        mut commands: mpsc::Receiver<WorkerCommand>,
    ) -> Result<()> {
        let mut running = RunningJobs::new(Arc::new(self), role);
        let mut alive = tokio::time::interval(ALIVE);
        let mut idle_said = false;
        let mut stuck = false;
        // Once a thread hangs nothing new is begun; what is at hand gets a while to end, then it is given back.
        let mut leaving: Option<Instant> = None;
        let far = Instant::now() + FAR;
        let mut signals = Signals::new()?;
        let mut look = true;
        while !stuck && (leaving.is_none() || running.at_work() > 0) {
            // No result could be stored: the jobs wait, and are looked for again later.
            if look && leaving.is_none() && running.executor.store.look_at_disk().await.is_some() {
                look = false;
            }
            if look && leaving.is_none() {
                let before = running.at_work();
                look = running.fill().await;
                idle_said &= running.at_work() == 0 && before == 0;
                if running.at_work() == 0 && !idle_said {
                    running.executor.event_writer.say(&WorkerEvent::Idle);
                    idle_said = true;
                    running.catch_up();
                }
            }
            tokio::select! {
                command = commands.recv() => match command {
                    Some(WorkerCommand::Wake) => {
                        look = true;
                        idle_said = false;
                    }
                    Some(WorkerCommand::Start { .. } | WorkerCommand::Policy { .. }) => look = true,
                    Some(WorkerCommand::Ahead { slots, cap_bytes }) => {
                        running.ahead = Some(slots);
                        running.executor.room.cap(cap_bytes);
                        look = true;
                    }
                    // Taken in where it was read.
                    Some(WorkerCommand::ClientDemand { .. } | WorkerCommand::Leave { .. }) => {}
                    Some(WorkerCommand::Stop) | None => break,
                },
                Some(ended) = running.next_end() => {
                    stuck = ended == AttemptEnd::Stuck;
                    if ended == AttemptEnd::Tainted && leaving.is_none() {
                        running.executor.event_writer.say(&WorkerEvent::Tainted);
                        leaving = Some(Instant::now() + LEAVE_GRACE);
                    }
                    look = true;
                }
                () = tokio::time::sleep_until(leaving.unwrap_or(far)), if leaving.is_some() => break,
                _ = alive.tick() => running.executor.event_writer.say(&WorkerEvent::Alive),
                () = tokio::time::sleep(POLL) => look = true,
                () = signals.told_to_stop() => break,
            }
        }
        running.executor.stop.cancel();
        let deadline = Instant::now() + STOP_GRACE;
        while let Ok(Some(_)) = tokio::time::timeout_at(deadline, running.next_end()).await {}
        if stuck || running.at_work() > 0 {
            return Err(Error::new(
                ErrorKind::Timeout,
                "a job could not be cancelled, the worker ends with it",
            ));
        }
        Ok(())
    }

    /// The time, as jobs are claimed and tried again by it.
    pub(crate) fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }

    async fn claim(&self, queue: &str, limit: usize) -> Vec<Job> {
        let limit = u32::try_from(limit).unwrap_or(1);
        match self.store.jobs().claim(queue, &self.owner, limit, self.now()).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(queue, %error, "could not claim jobs");
                Vec::new()
            }
        }
    }

    async fn suspect_is_due(&self, queue: &str) -> bool {
        match self.store.jobs().suspect_is_due(queue, self.now()).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(queue, %error, "could not look for jobs whose holder died");
                false
            }
        }
    }
}

/// The jobs at hand.
struct RunningJobs {
    executor: Arc<Executor>,
    queue_specs: Vec<&'static QueueSpec>,
    jobs: JoinSet<AttemptEnd>,
    /// By task of the runtime: from which queue_spec its job came, and its place.
    held: HashMap<Id, (usize, usize)>,
    /// Tracks at a time whose smaller files are made ahead of time; none before that is said.
    ahead: Option<usize>,
    role: WorkerRole,
    /// Hooks that do what waited for other tracks.
    catching_up: Option<JoinHandle<()>>,
}

impl RunningJobs {
    fn new(executor: Arc<Executor>, role: WorkerRole) -> Self {
        let queue_specs = QUEUE_SPECS.iter().filter(|queue_spec| queue_spec.role == role).collect();
        Self {
            executor,
            queue_specs,
            jobs: JoinSet::new(),
            held: HashMap::new(),
            ahead: None,
            role,
            catching_up: None,
        }
    }

    /// Has hooks do what waited for tracks of which nothing more is analyzed; a job that comes meanwhile does not wait for it.
    fn catch_up(&mut self) {
        let executor = Arc::clone(&self.executor);
        if self.role != WorkerRole::Background
            || executor.parts.post_analysis.is_empty()
            || self.catching_up.as_ref().is_some_and(|under_way| !under_way.is_finished())
        {
            return;
        }
        self.catching_up = Some(tokio::spawn(async move {
            catch_up(&executor.parts.post_analysis, None, &executor.store).await;
        }));
    }

    fn at_work(&self) -> usize {
        self.held.len()
    }

    fn room(&self, queue_spec: usize) -> usize {
        let most = match self.queue_specs[queue_spec].prefetch {
            Prefetch::Slots => self.executor.throttle.policy().slots.clamp(1, self.executor.max_slots),
            Prefetch::Exactly(most) => most,
            Prefetch::Told => self.ahead.map_or(0, |slots| slots.clamp(1, self.executor.max_slots)),
        };
        most.saturating_sub(self.held.values().filter(|(of, _)| *of == queue_spec).count())
    }

    /// Claims what there is room for; gives whether more may be had at once.
    async fn fill(&mut self) -> bool {
        let mut suspects = None;
        for queue_spec in 0..self.queue_specs.len() {
            if self.executor.suspect_is_due(self.queue_specs[queue_spec].queue).await {
                suspects = Some(queue_spec);
                break;
            }
        }
        let mut more = false;
        for queue_spec in suspects.map_or(0..self.queue_specs.len(), |queue_spec| queue_spec..queue_spec + 1)
        {
            let room = self.room(queue_spec);
            if room == 0 || (suspects.is_some() && self.at_work() > 0) {
                continue;
            }
            let claimed = self.executor.claim(self.queue_specs[queue_spec].queue, room).await;
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
            LeasedJob { executor: Arc::clone(&self.executor), job, place, threads: SinkThreads::default() };
        let id = self.jobs.spawn(dispatch(held)).id();
        self.held.insert(id, (queue_spec, place));
    }

    /// How the next one ended; `None` when there is none.
    async fn next_end(&mut self) -> Option<AttemptEnd> {
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
}

/// `SIGTERM` stops; `SIGINT` is for the server, which tells its worker (both get it from a terminal).
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Error::from_io("listen to signals", error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn told_to_stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => {}
            }
        }
    }
}
