//! [`Context`]: what all attempts of a worker share.

use std::time::Duration;

use fanfare_model::Timestamp;
use fanfare_store::Store;
use tokio_util::sync::CancellationToken;

use super::{event_writer::EventWriter, throttle::Throttle};

/// What all attempts of a worker share.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) event_writer: EventWriter,
    /// The name under which jobs are leased.
    pub(crate) owner: String,
    pub(crate) throttle: Throttle,
    /// The time by which jobs are claimed and tried again.
    pub(crate) clock: fn() -> Timestamp,
    /// Work that takes no longer than that is never taken for stuck.
    pub(crate) least_budget: Duration,
    /// Cancelled when the worker is to stop.
    pub(crate) stop: CancellationToken,
}

impl Context {
    /// The time, as jobs are claimed and tried again by it.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
