//! A stream that a worker opened and nobody reads yet.

use std::sync::Arc;

use bytes::Bytes;
use fanfare_model::ErrorKind;

use super::{reader::StreamReader, state::StreamState};
use crate::live::reason::Reason;

/// A stream that a worker opened. Dropped, it is refused.
#[derive(Debug)]
pub struct IncomingStream {
    content: Bytes,
    state: Arc<StreamState>,
    decided: bool,
}

impl IncomingStream {
    pub(super) const fn new(content: Bytes, state: Arc<StreamState>) -> Self {
        Self { content, state, decided: false }
    }

    /// What the stream is, in the application's words. They come from the worker: read them as untrusted input.
    #[must_use]
    pub const fn content(&self) -> &Bytes {
        &self.content
    }

    /// Starts to read it. So many bytes may wait for the reader; `window_bytes` is raised to
    /// [`MIN_WINDOW_BYTES`](crate::live::MIN_WINDOW_BYTES) and lowered to [`MAX_WINDOW_BYTES`](crate::live::MAX_WINDOW_BYTES).
    #[must_use]
    pub fn accept(mut self, window_bytes: u32) -> StreamReader {
        self.decided = true;
        self.state.accept(window_bytes);
        StreamReader::new(Arc::clone(&self.state))
    }

    /// Refuses it; the worker gets the reason.
    pub fn refuse(mut self, reason: Reason) {
        self.decided = true;
        self.state.drop_with(reason);
    }
}

impl Drop for IncomingStream {
    fn drop(&mut self) {
        if !self.decided {
            self.state.drop_with(Reason::new(ErrorKind::Cancelled, "nobody reads this live stream"));
        }
    }
}
