//! A live stream of a counting pattern, for tests and figures: a product that needs no file.

use std::time::Duration;

use bytes::Bytes;
use fanfare_channel::{LiveSender, loopback::write_blocking};
use fanfare_model::{Error, ErrorKind, Result};

/// How long the stream waits for its reader.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts it, on a thread of its own as each product has.
pub(crate) fn start(live: Option<&LiveSender>, content: &str, total_bytes: u64, chunk_bytes: usize) {
    if let Err(error) = begin(live, content, total_bytes, chunk_bytes) {
        tracing::warn!(content, %error, "a loopback stream was not started");
    }
}

fn begin(live: Option<&LiveSender>, content: &str, total_bytes: u64, chunk_bytes: usize) -> Result<()> {
    let live = live.ok_or_else(|| Error::new(ErrorKind::Unavailable, "this worker has no live channel"))?;
    let writer = live.open(Bytes::copy_from_slice(content.as_bytes()))?;
    let name = content.to_owned();
    let writing = move || {
        if let Err(error) = write_blocking(writer, total_bytes, chunk_bytes, PATIENCE) {
            tracing::debug!(name, %error, "a loopback stream ended early");
        }
    };
    std::thread::Builder::new()
        .name("loopback".to_owned())
        .spawn(writing)
        .map_err(|error| Error::new(ErrorKind::Unavailable, "cannot start a thread").because(error))?;
    Ok(())
}
