//! One stream, as the server reads it.

use std::sync::Arc;

use fanfare_model::{ErrorKind, FrameIndex};

use super::state::StreamState;
use crate::live::{chunk::Chunk, error::ChannelError, reason::Reason};

/// Reads one stream. Dropped before the end, it tells the worker to stop.
#[derive(Debug)]
pub struct StreamReader {
    state: Arc<StreamState>,
}

impl StreamReader {
    pub(super) const fn new(state: Arc<StreamState>) -> Self {
        Self { state }
    }

    /// The next chunk; nothing when the stream is complete. Chunks that arrived before an error are returned before it. It waits
    /// for as long as the worker sends nothing (a worker that hangs is ended by its supervisor). Cancel-safe.
    ///
    /// # Errors
    /// `Failed` when the worker ended the stream with an error; `WorkerGone`, `Violation` or `Closed` when the channel closed.
    pub async fn next(&mut self) -> Result<Option<Chunk>, ChannelError> {
        self.state.next().await
    }

    /// The index after the last frame, once the worker has said that the stream is complete.
    #[must_use]
    pub fn end_position(&self) -> Option<FrameIndex> {
        self.state.end_position()
    }

    /// Reads no further; the worker gets the reason.
    pub fn drop_with(self, reason: Reason) {
        self.state.drop_with(reason);
    }
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        self.state.drop_with(Reason::new(ErrorKind::Cancelled, "nobody reads this live stream any more"));
    }
}
