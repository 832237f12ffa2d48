//! [`Order`]: what the supervisor is told from outside.

use std::time::Duration;

use crate::channel::protocol::WorkerCommand;

/// What the supervisor is told from outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    Wake,
    /// To be passed on, if a worker lives.
    Tell(WorkerCommand),
    /// To end within that time, then by force.
    Stop(Duration),
}
