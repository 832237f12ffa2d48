//! Ctrl-C and SIGTERM for commands that run to an end of their own (the server has its own handling).

use std::{process, thread};

use fanfare_audio::CancelFlag;
use fanfare_model::{Error, Result};

use super::exit::INTERRUPTED;

/// Cancels on the first signal; the second ends the process at once.
///
/// # Errors
/// I/O kinds when the operating system refuses a thread or a signal handler.
pub fn cancel_on_interrupt(cancel: &CancelFlag) -> Result<()> {
    let failed = |error| Error::from_io("listening for Ctrl-C", error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    let cancel = cancel.clone();
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()).map_err(failed)?, signal(SignalKind::terminate()).map_err(failed)?)
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    if cancel.is_cancelled() {
                        process::exit(i32::from(INTERRUPTED));
                    }
                    cancel.cancel();
                }
            });
        })
        .map_err(failed)?;
    Ok(())
}
