//! The one fan-out: a source's chunks, handed to every sink on a thread of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{PcmSink, PcmSource};

/// A request to stop, shared between whoever may ask and whoever must obey.
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
    /// How long the whole track may take; `None` for no bound.
    pub budget: Option<Duration>,
}

impl Default for FanOutOptions {
    fn default() -> Self {
        Self { queue_chunks: 8, sink_deadline: Duration::from_secs(30), budget: None }
    }
}

/// Why a sink was evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
    /// It held one chunk longer than its deadline.
    Deadline,
}

/// What became of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkOutcome {
    /// It heard everything and finished.
    Finished,
    /// It was evicted; the message says by what.
    Evicted {
        /// Why.
        reason: Eviction,
        /// The kind of its error (`Internal` for a panic, `Timeout` for a deadline).
        kind: ErrorKind,
        /// The sentence.
        message: String,
    },
}

/// What one sink did.
#[derive(Debug, Clone)]
pub struct SinkReport {
    /// The name it was added under.
    pub name: String,
    /// Its end.
    pub outcome: SinkOutcome,
    /// Frames it took.
    pub frames: u64,
    /// Time it spent in its own code.
    pub busy: Duration,
}

/// What the whole fan-out did.
#[derive(Debug, Clone)]
pub struct FanOutReport {
    /// Frames decoded.
    pub frames: u64,
    /// Whether decoding stopped because no sink was left.
    pub stopped_early: bool,
    /// One report per sink, in the order they were added.
    pub sinks: Vec<SinkReport>,
}

/// A fan-out being put together.
pub struct FanOut {
    _options: FanOutOptions,
}

impl FanOut {
    /// A fan-out without sinks.
    #[must_use]
    pub const fn new(options: FanOutOptions) -> Self {
        Self { _options: options }
    }

    /// Adds a sink.
    pub fn add(&mut self, _name: impl Into<String>, _sink: Box<dyn PcmSink>) {}

    /// Decodes the source to its end into all sinks.
    ///
    /// # Errors
    /// The source's error, or `Cancelled`; an error of a sink is in the report instead.
    pub fn run(
        self,
        _source: &mut dyn PcmSource,
        _cancel: &CancelFlag,
        _on_progress: &mut dyn FnMut(u64),
    ) -> Result<FanOutReport> {
        Err(Error::new(ErrorKind::Internal, "not built yet"))
    }
}
