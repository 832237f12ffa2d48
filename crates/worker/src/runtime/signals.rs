//! The signals by which a worker is told to stop.

use fanfare_model::{Error, Result};

/// `SIGTERM` stops; `SIGINT` is for the server, which tells its worker (both get it from a terminal).
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens to them from now on.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Error::from_io("listen to signals", error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Resolves when the worker is told to stop.
    pub(super) async fn told_to_stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => {}
            }
        }
    }
}
