//! The bench where jobs are worked on: claims as many as there are free slots, and ends in order.

use std::time::Duration;

use fanfare_audio::OpenOptions;
use fanfare_model::{Error, ErrorKind, Job, JobKind, Result};
use fanfare_store::Store;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    attempt::{AttemptEnd, Attempting},
    mouth::Mouth,
    protocol::{WorkerCommand, WorkerEvent},
};
use crate::clock;

/// The queue of jobs that this worker takes.
const QUEUE: &str = "analyze-track";
/// How often the queue is looked at when nobody rings: retries come due by themselves.
const POLL: Duration = Duration::from_secs(3);
/// How often a sign of life is given.
const ALIVE: Duration = Duration::from_secs(5);
/// How long jobs at hand get to end after a stop.
const STOP_GRACE: Duration = Duration::from_secs(8);

/// Everything that the attempts share.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) mouth: Mouth,
    pub(crate) open: OpenOptions,
    pub(crate) owner: String,
    /// Cancelled when the worker is to stop.
    pub(crate) stop: CancellationToken,
    max_slots: usize,
}

impl Bench {
    pub(crate) fn new(
        store: Store,
        mouth: Mouth,
        open: OpenOptions,
        owner: String,
        max_slots: usize,
    ) -> Self {
        Self { store, mouth, open, owner, stop: CancellationToken::new(), max_slots }
    }

    /// Works until told to stop.
    ///
    /// # Errors
    /// `Timeout` when a track could not be cancelled.
    pub(crate) async fn run(self, slots: usize, mut commands: mpsc::Receiver<WorkerCommand>) -> Result<()> {
        let bench = std::sync::Arc::new(self);
        let slots = slots.clamp(1, bench.max_slots);
        let mut jobs: JoinSet<AttemptEnd> = JoinSet::new();
        let mut alive = tokio::time::interval(ALIVE);
        let mut idle_said = false;
        let mut stuck = false;
        let mut signals = Signals::new()?;
        let mut look = true;
        while !stuck {
            if look && jobs.len() < slots {
                let claimed = bench.claim(slots - jobs.len()).await;
                idle_said &= claimed.is_empty() && jobs.is_empty();
                // A full catch means that more may wait.
                look = claimed.len() == slots - jobs.len();
                for job in claimed {
                    jobs.spawn(Attempting::new(std::sync::Arc::clone(&bench), job).run());
                }
                if jobs.is_empty() && !idle_said {
                    bench.mouth.say(&WorkerEvent::Idle);
                    idle_said = true;
                }
            }
            tokio::select! {
                command = commands.recv() => match command {
                    Some(WorkerCommand::Wake) => {
                        look = true;
                        idle_said = false;
                    }
                    Some(WorkerCommand::Start { .. }) => {}
                    Some(WorkerCommand::Stop) | None => break,
                },
                Some(ended) = jobs.join_next() => {
                    stuck = matches!(ended, Ok(AttemptEnd::Stuck));
                    look = true;
                }
                _ = alive.tick() => bench.mouth.say(&WorkerEvent::Alive),
                () = tokio::time::sleep(POLL), if jobs.len() < slots => look = true,
                () = signals.told_to_stop() => break,
            }
        }
        bench.stop.cancel();
        let deadline = Instant::now() + STOP_GRACE;
        while let Ok(Some(_)) = tokio::time::timeout_at(deadline, jobs.join_next()).await {}
        if stuck || !jobs.is_empty() {
            return Err(Error::new(
                ErrorKind::Timeout,
                "a track could not be cancelled, the worker ends with it",
            ));
        }
        Ok(())
    }

    async fn claim(&self, free: usize) -> Vec<Job> {
        let limit = u32::try_from(free).unwrap_or(1);
        match self.store.jobs().claim(QUEUE, &self.owner, limit, clock::now()).await {
            Ok(jobs) => {
                jobs.into_iter().filter(|job| matches!(job.kind, JobKind::AnalyzeTrack { .. })).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "could not claim jobs");
                Vec::new()
            }
        }
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
