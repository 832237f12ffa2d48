//! The one fan-out: a source's chunks, pushed to every sink on a thread of its own.
//!
//! Purpose: a track is decoded once, on the calling thread; every sink gets the same shared chunks at its own pace, through
//! a bounded queue.
//!
//! Vocabulary: a sink *holds* a chunk from taking it out of its queue until its `push` returned; a sink that panics,
//! returns an error or holds a chunk longer than the deadline is *evicted*: its queue is emptied, its report says why, and
//! the other sinks do not notice. The thread of a sink that hangs is *abandoned*: safe code cannot end it, so a caller that
//! must survive endless loops runs the fan-out in a child process, and afterwards asks [`SinkThreads`] whether a thread is
//! left.
//!
//! Background work and playing share all of this; they differ in each sink's [`SinkPolicy`] only. A sink that *must* get
//! the whole track is waited for, up to its deadline. One that *may lag* (an analyzer while a listener plays) is never
//! waited for: it is evicted as soon as its queue is full.
//!
//! Invariants: chunks are never copied; at most a queue's length and one more chunks per sink are alive; the
//! producer waits for no sink longer than its deadline, and for one that may lag not at all; what a sink gets
//! depends on the source alone, never on the other sinks or on timing; a sink that may lag gets a whole track
//! or no [`finish`](PcmSink::finish).

mod listener;
mod options;
mod report;
mod sink_states;
mod threads;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, FrameIndex, Result};

use crate::{PcmSink, PcmSource};
pub use options::{CancelFlag, FanOutOptions, SinkPolicy};
pub use report::{Eviction, FanOutReport, SinkOutcome, SinkReport};
use sink_states::{Limits, SinkStates};
pub use threads::SinkThreads;

/// A fan-out being put together.
pub struct FanOut {
    options: FanOutOptions,
    sinks: Vec<(String, SinkPolicy, Box<dyn PcmSink>)>,
}

impl FanOut {
    /// A fan-out without sinks.
    #[must_use]
    pub const fn new(options: FanOutOptions) -> Self {
        Self { options, sinks: Vec::new() }
    }

    /// Adds a sink that must hear the track.
    pub fn add(&mut self, name: impl Into<String>, sink: Box<dyn PcmSink>) {
        self.add_as(SinkPolicy::Must, name, sink);
    }

    /// Adds a sink.
    pub fn add_as(&mut self, policy: SinkPolicy, name: impl Into<String>, sink: Box<dyn PcmSink>) {
        self.sinks.push((name.into(), policy, sink));
    }

    /// Decodes the source to its end into all sinks, on the calling thread.
    ///
    /// Returns when every sink has finished or was evicted; those that may lag end last, and only the caller waits for
    /// them. Without sinks nothing is decoded, and when the last of those that must get the track is gone, decoding stops
    /// and the others are evicted. On an error the sinks are dropped without [`finish`](PcmSink::finish), on their own
    /// threads; this returns when that is done, or after a short grace for a sink that hangs.
    ///
    /// # Errors
    /// The source's error; `Cancelled`; `Timeout` when the budget is used up; `Internal` for a source that
    /// breaks its contract. An error of a sink is in the report instead.
    pub fn run(
        self,
        source: &mut dyn PcmSource,
        cancel: &CancelFlag,
        on_progress: &mut dyn FnMut(u64),
    ) -> Result<FanOutReport> {
        let mut limits = Limits {
            cancel,
            budget: self.options.budget,
            // A budget beyond what a clock can count is none.
            ends: self.options.budget.and_then(|budget| Instant::now().checked_add(budget)),
        };
        let names: Vec<String> = self.sinks.iter().map(|(name, ..)| name.clone()).collect();
        let sink_states =
            Arc::new(SinkStates::new(self.sinks.iter().map(|(_, policy, _)| *policy), &self.options));
        // From here on every way out, a panic of the source included, sends the sinks home.
        let dismissal =
            Dismissal { sink_states: &sink_states, grace: self.options.sink_deadline.min(ABORT_GRACE) };
        for (index, (name, _, sink)) in self.sinks.into_iter().enumerate() {
            let name = format!("{}{name}", self.options.thread_prefix);
            listener::spawn(&sink_states, index, name, sink, &self.options.threads);
        }

        let mut frames = 0;
        let mut next: Option<FrameIndex> = None;
        let stopped_early = loop {
            limits.check()?;
            if !sink_states.anyone_left() {
                break true;
            }
            let Some(chunk) = source.next_chunk()? else { break false };
            if chunk.spec() != source.spec() || next.is_some_and(|next| next != chunk.first_frame()) {
                return Err(Error::new(ErrorKind::Internal, "the source's chunks do not follow each other"));
            }
            next = Some(chunk.first_frame() + chunk.frames() as u64);
            frames += chunk.frames() as u64;
            sink_states.deliver(&Arc::new(chunk), &limits)?;
            let told = Instant::now();
            on_progress(frames);
            limits.extend(told.elapsed());
        };
        if !stopped_early {
            sink_states.end(&limits)?;
        }
        drop(dismissal);
        let sinks = sink_states.reports(names);
        Ok(FanOutReport { frames, stopped_early, sinks })
    }
}

/// How long sinks get to leave after an error before their threads are abandoned.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// Sends all sinks home when it is dropped.
struct Dismissal<'a> {
    sink_states: &'a SinkStates,
    grace: Duration,
}

impl Drop for Dismissal<'_> {
    fn drop(&mut self) {
        self.sink_states.dismiss(self.grace);
    }
}
