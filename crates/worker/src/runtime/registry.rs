//! [`Registry`]: the queues that a worker takes jobs from, and what makes an attempt at a job. The executor is given one, and
//! knows no kind of job by itself.

use std::{future::Future, pin::Pin, sync::Arc};

use fanfare_channel::protocol::WorkerRole;
use fanfare_model::Queue;

use super::job::{AttemptEnd, LeasedJob};

/// One queue that workers of a role take jobs from.
pub(crate) struct QueueSpec {
    /// The queue.
    pub(crate) queue: Queue,
    /// Which workers take from it.
    pub(crate) role: WorkerRole,
    /// How many of its jobs such a worker holds at a time.
    pub(crate) prefetch: Prefetch,
}

/// How many jobs of a queue are held at a time.
pub(crate) enum Prefetch {
    /// As many as the worker was told.
    Slots,
    /// So many.
    Exactly(usize),
    /// As many as the server says for what is made ahead of time ([`Ahead`](fanfare_channel::protocol::WorkerCommand::Ahead)).
    Told,
}

/// A future that the executor waits for.
pub(crate) type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a worker does.
pub(crate) struct Registry {
    /// All queues, in the order in which they are filled.
    pub(crate) queues: &'static [QueueSpec],
    /// Makes an attempt at a job of one of them.
    pub(crate) attempt: Box<dyn Fn(LeasedJob) -> Running<AttemptEnd> + Send + Sync>,
    /// What a worker for background work does each time that nothing is left to do; `None` for nothing.
    pub(crate) when_idle: Option<Arc<dyn Fn() -> Running<()> + Send + Sync>>,
}
