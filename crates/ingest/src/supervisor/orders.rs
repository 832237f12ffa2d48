//! [`Order`]: what the supervisor is told from outside.

use fanfare_channel::protocol::WorkerCommand;
use std::time::Duration;

/// What the supervisor is told from outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    Wake,
    /// To tell the worker which live streams it should open; starts one if there is none.
    Live,
    /// To be passed on, if a worker lives.
    Tell(WorkerCommand),
    /// To end within that time, then by force.
    Stop(Duration),
}
