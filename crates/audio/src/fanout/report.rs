//! What a fan-out did: [`FanOutReport`].

use std::time::Duration;

use fanfare_model::ErrorKind;

/// Why a sink was evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
    /// It held one chunk longer than its deadline.
    Deadline,
    /// It may lag, and fell too far behind.
    Lagged,
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
    /// Time it spent in its own code, waiting for a processor or for shared work included.
    pub busy: Duration,
    /// Processor time of its thread; zero for an abandoned one.
    pub cpu: Duration,
}

/// What the whole fan-out did.
#[derive(Debug, Clone)]
pub struct FanOutReport {
    /// Frames decoded.
    pub frames: u64,
    /// Whether decoding stopped because no sink was left, or none of those that must hear the track.
    pub stopped_early: bool,
    /// One report per sink, in the order they were added.
    pub sinks: Vec<SinkReport>,
}
