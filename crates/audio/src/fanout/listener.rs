//! The thread of one sink.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use fanfare_model::{ErrorKind, Result};
use rustix::time::{ClockId, clock_gettime};

use super::{
    report::{Eviction, SinkOutcome},
    sink_states::{SinkCommand, SinkStates, overdue},
    threads::SinkThreads,
};
use crate::PcmSink;

/// Starts the sink's thread; if the system gives none, the sink is evicted.
pub(super) fn spawn(
    sink_states: &Arc<SinkStates>,
    index: usize,
    name: String,
    sink: Box<dyn PcmSink>,
    threads: &SinkThreads,
) {
    let (states, counted) = (Arc::clone(sink_states), threads.begin());
    let spawned = thread::Builder::new().name(name).spawn(move || {
        let outcome = listen(&states, index, sink);
        // Before the producer is told: who asks after the run must not count this one.
        drop(counted);
        states.gone(index, outcome, thread_time());
    });
    if let Err(error) = spawned {
        let outcome = SinkOutcome::Evicted {
            reason: Eviction::Error,
            kind: ErrorKind::Unavailable,
            message: format!("no thread could be started: {error}"),
        };
        sink_states.gone(index, outcome, Duration::ZERO);
    }
}

/// Runs the sink to its end, then drops it; nothing it does gets out of here.
fn listen(sink_states: &SinkStates, index: usize, mut sink: Box<dyn PcmSink>) -> SinkOutcome {
    let outcome = loop {
        match sink_states.next_command(index) {
            SinkCommand::Take(chunk, deadline) => {
                let since = Instant::now();
                let outcome = guarded("while taking a chunk", || sink.push(&chunk));
                let frames = chunk.frames() as u64;
                drop(chunk);
                if let Some(evicted) = outcome {
                    break evicted;
                }
                // The producer evicts while it waits; a source that is slow itself leaves that to us.
                if since.elapsed() >= deadline {
                    break overdue(deadline);
                }
                if !sink_states.took(index, frames) {
                    break overdue(deadline);
                }
            }
            SinkCommand::Finish => {
                break guarded("while finishing", || sink.finish()).unwrap_or(SinkOutcome::Finished);
            }
            SinkCommand::Leave => {
                break SinkOutcome::Evicted {
                    reason: Eviction::Error,
                    kind: ErrorKind::Cancelled,
                    message: "sent home before the end".to_owned(),
                };
            }
        }
    };
    let dropped = guarded("while being dropped", || {
        drop(sink);
        Ok(())
    });
    match (outcome, dropped) {
        // Its first failure is the one that tells most.
        (SinkOutcome::Finished, Some(evicted)) => evicted,
        (outcome, _) => outcome,
    }
}

/// Runs a piece of the sink's code; `None` if it went well.
fn guarded(when: &str, code: impl FnOnce() -> Result<()>) -> Option<SinkOutcome> {
    // Unwind safety: after a panic the sink is only dropped, behind the same guard.
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(SinkOutcome::Evicted {
            reason: Eviction::Error,
            kind: error.kind(),
            message: error.to_string(),
        }),
        Err(payload) => Some(SinkOutcome::Evicted {
            reason: Eviction::Panic,
            kind: ErrorKind::Internal,
            message: format!("panicked {when}: {}", panic_text(payload)),
        }),
    }
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let payload = match payload.downcast::<String>() {
        Ok(text) => return *text,
        Err(payload) => payload,
    };
    match payload.downcast::<&'static str>() {
        Ok(text) => (*text).to_owned(),
        Err(payload) => {
            // Its own drop could panic again; a leak of a few bytes per such panic is the lesser evil.
            std::mem::forget(payload);
            "a value that is no text".to_owned()
        }
    }
}

/// Processor time of this thread so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
