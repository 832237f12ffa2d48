//! The bounds of a fan-out: [`FanOutOptions`], [`SinkPolicy`], [`CancelFlag`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::threads::SinkThreads;

/// A request to stop, shared between the callers that may ask and the threads that must stop.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Asks for the stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the stop was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bounds of a fan-out.
#[derive(Debug, Clone)]
pub struct FanOutOptions {
    /// Chunks that wait in front of a sink at most.
    pub queue_chunks: usize,
    /// How long one chunk may take a sink before it is evicted.
    pub sink_deadline: Duration,
    /// How long the whole track may take; `None` for no bound. Time that the caller's `on_progress` takes (to
    /// pace the work, or to hold it) is not the track's and does not count.
    pub budget: Option<Duration>,
    /// Chunks that wait at most in front of a sink that may lag.
    pub lag_chunks: usize,
    /// How long one chunk may take a sink that may lag.
    pub lag_deadline: Duration,
    /// What the names of the sinks' threads begin with.
    pub thread_prefix: String,
    /// Counts the sinks' threads.
    pub threads: SinkThreads,
}

/// How long an analyzer may hold one chunk while a listener plays.
const LAG_DEADLINE: Duration = Duration::from_secs(1);
/// Chunks in front of a sink that may lag: some ten seconds of audio, which bridges a busy moment of the machine
/// and costs 4 MB of shared chunks per run at most.
const LAG_CHUNKS: usize = 32;

impl Default for FanOutOptions {
    fn default() -> Self {
        Self {
            queue_chunks: 8,
            sink_deadline: Duration::from_secs(30),
            budget: None,
            lag_chunks: LAG_CHUNKS,
            lag_deadline: LAG_DEADLINE,
            thread_prefix: String::new(),
            threads: SinkThreads::default(),
        }
    }
}

/// What the fan-out does for a sink that is slow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SinkPolicy {
    /// Waits for it, up to [`FanOutOptions::sink_deadline`] per chunk: the slowest such sink sets the pace.
    #[default]
    Must,
    /// Never waits for it: it is evicted when [`FanOutOptions::lag_chunks`] wait in front of it, or when it holds
    /// one longer than [`FanOutOptions::lag_deadline`].
    MayLag,
}
