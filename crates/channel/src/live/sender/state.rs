//! What the tasks and the writers of a worker's channel share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::live::{
    error::ChannelError,
    frame::{HEADER_BYTES, Violation},
    limits::{MAX_STREAMS, MAX_WINDOW_BYTES, OUTGOING_BYTES},
    lock::locked,
    reason::Reason,
};

/// A frame that waits for the socket.
pub(super) struct Outgoing {
    pub(super) header: [u8; HEADER_BYTES],
    pub(super) payload: Bytes,
    /// What it occupies of [`OUTGOING_BYTES`].
    pub(super) space: usize,
    /// The stream that ends with it.
    pub(super) ends: Option<u32>,
}

/// A stream that has not ended.
#[derive(Debug)]
pub(super) struct OpenStream {
    /// Bytes that may still be sent.
    pub(super) credit: Semaphore,
    /// Why the reader wants no more.
    dropped: OnceLock<Reason>,
}

/// The state of a channel.
#[derive(Debug)]
pub(super) struct State {
    streams: Mutex<Streams>,
    /// Bytes free in the queue to the socket.
    pub(super) space: Semaphore,
    why: OnceLock<ChannelError>,
    /// Ends both tasks.
    pub(super) closed: CancellationToken,
}

#[derive(Debug, Default)]
struct Streams {
    last: u32,
    open: HashMap<u32, Arc<OpenStream>>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            streams: Mutex::default(),
            space: Semaphore::new(OUTGOING_BYTES),
            why: OnceLock::new(),
            closed: CancellationToken::new(),
        }
    }

    /// A new stream with its number.
    pub(super) fn open(&self) -> Result<(u32, Arc<OpenStream>), ChannelError> {
        let mut streams = locked(&self.streams);
        if let Some(error) = self.why.get() {
            return Err(error.clone());
        }
        let number = streams.last.checked_add(1).filter(|_| streams.open.len() < MAX_STREAMS);
        let number = number.ok_or(Violation::TooManyStreams)?;
        let stream = Arc::new(OpenStream { credit: Semaphore::new(0), dropped: OnceLock::new() });
        streams.last = number;
        streams.open.insert(number, Arc::clone(&stream));
        Ok((number, stream))
    }

    /// The last frame of a stream is on its way.
    pub(super) fn ended(&self, number: u32) {
        locked(&self.streams).open.remove(&number);
    }

    /// A stream that a frame of the server is for; nothing when it has ended here in the meantime.
    fn find(&self, number: u32) -> Result<Option<Arc<OpenStream>>, Violation> {
        let streams = locked(&self.streams);
        if number > streams.last {
            return Err(Violation::UnknownStream(number));
        }
        Ok(streams.open.get(&number).cloned())
    }

    /// The reader of a stream takes that many bytes more.
    pub(super) fn granted(&self, number: u32, bytes: u64) -> Result<(), Violation> {
        let Some(stream) = self.find(number)? else { return Ok(()) };
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes.saturating_add(stream.credit.available_permits()) > MAX_WINDOW_BYTES as usize {
            return Err(Violation::TooMuchCredit(number));
        }
        stream.credit.add_permits(bytes);
        Ok(())
    }

    /// The reader of a stream wants no more.
    pub(super) fn dropped(&self, number: u32, reason: Reason) -> Result<(), Violation> {
        let Some(stream) = self.find(number)? else { return Ok(()) };
        let _first_one_counts = stream.dropped.set(reason);
        stream.credit.close();
        Ok(())
    }

    /// Ends everything; the first reason counts.
    pub(super) fn close(&self, error: ChannelError) {
        let streams = {
            // Under the lock, so that no stream is opened after this.
            let mut streams = locked(&self.streams);
            let _first_one_counts = self.why.set(error);
            std::mem::take(&mut streams.open)
        };
        for stream in streams.values() {
            stream.credit.close();
        }
        self.space.close();
        self.closed.cancel();
    }

    /// Why the channel is closed.
    pub(super) fn why(&self) -> ChannelError {
        self.why.get().cloned().unwrap_or(ChannelError::Closed)
    }
}

impl OpenStream {
    /// Why the reader wants no more, if it does not.
    pub(super) fn why(&self) -> Option<ChannelError> {
        self.dropped.get().cloned().map(ChannelError::Dropped)
    }
}
