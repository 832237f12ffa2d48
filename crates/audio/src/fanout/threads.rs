//! [`SinkThreads`]: how many threads of sinks there are.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Counts the threads on which sinks run; clones count together.
///
/// Once a fan-out has returned, what is left are threads of sinks that were abandoned in the middle of something. They
/// may end yet, or never: a process that cannot bear that must end itself.
#[derive(Debug, Clone, Default)]
pub struct SinkThreads(Arc<AtomicUsize>);

impl SinkThreads {
    /// How many there are now.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// Counts one more, until the answer is dropped.
    pub(super) fn begin(&self) -> SinkThread {
        self.0.fetch_add(1, Ordering::AcqRel);
        SinkThread(Arc::clone(&self.0))
    }
}

/// One thread.
pub(super) struct SinkThread(Arc<AtomicUsize>);

impl Drop for SinkThread {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
