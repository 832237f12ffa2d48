//! One stream, as the worker sees it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use fanfare_model::{ErrorKind, FrameIndex};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    blocking::wait_for,
    state::{OpenStream, Outgoing, State},
};
use crate::live::{
    chunk::Chunk,
    error::ChannelError,
    frame::{Header, Kind},
    reason::Reason,
};

/// Writes one stream. Dropped without [`Self::end`] or [`Self::fail`], it ends the stream with an error.
#[derive(Debug)]
pub struct StreamWriter {
    number: u32,
    stream: Arc<OpenStream>,
    state: Arc<State>,
    out: UnboundedSender<Outgoing>,
    ended: bool,
}

impl StreamWriter {
    pub(super) fn new(
        (number, stream): (u32, Arc<OpenStream>),
        state: Arc<State>,
        out: UnboundedSender<Outgoing>,
    ) -> Self {
        Self { number, stream, state, out, ended: false }
    }

    /// Sends a chunk as soon as the reader has room for it. Cancel-safe: it was sent whole, or not at all.
    ///
    /// # Errors
    /// `NoCredit` after `patience`: nothing was sent, the same chunk may be sent again. `Dropped` and `ServerGone`: nobody
    /// reads this stream any more. `Violation` for a chunk that is too long.
    pub async fn send(&mut self, chunk: &Chunk, patience: Duration) -> Result<(), ChannelError> {
        match tokio::time::timeout(patience, self.send_when_possible(chunk)).await {
            Ok(sent) => sent,
            Err(_) => Err(ChannelError::NoCredit(patience)),
        }
    }

    /// The same on a thread of its own, which needs no runtime. (On a thread of a runtime it holds up other tasks.)
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_blocking(&mut self, chunk: &Chunk, patience: Duration) -> Result<(), ChannelError> {
        wait_for(self.send_when_possible(chunk), patience).unwrap_or(Err(ChannelError::NoCredit(patience)))
    }

    async fn send_when_possible(&self, chunk: &Chunk) -> Result<(), ChannelError> {
        let cost = chunk.cost()?;
        let header = Header {
            kind: Kind::Data,
            flags: chunk.flags,
            stream: self.number,
            position: chunk.position.0,
            length: chunk.payload.len(),
        };
        let header = header.encode()?;
        let credit = self.stream.credit.acquire_many(cost).await.map_err(|_| self.why())?;
        let space = self.state.space.acquire_many(cost).await.map_err(|_| self.why())?;
        let payload = chunk.payload.clone();
        let frame = Outgoing { header, payload, space: cost as usize, ends: None };
        self.out.send(frame).map_err(|_| self.why())?;
        credit.forget();
        // The writing task frees it.
        space.forget();
        Ok(())
    }

    /// Ends the stream: everything was sent, up to but without that frame.
    ///
    /// # Errors
    /// `ServerGone` or `Closed` when the channel is closed already.
    pub fn end(mut self, position: FrameIndex) -> Result<(), ChannelError> {
        let header = Header { position: position.0, ..Header::new(Kind::End, self.number) };
        self.finish(header, Bytes::new())
    }

    /// Ends the stream early.
    ///
    /// # Errors
    /// `ServerGone` or `Closed` when the channel is closed already.
    pub fn fail(mut self, reason: &Reason) -> Result<(), ChannelError> {
        self.finish_with(reason)
    }

    /// Why the reader takes no more, if so: a writer that has nothing to send for a while may ask.
    #[must_use]
    pub fn stopped(&self) -> Option<ChannelError> {
        self.stream.credit.is_closed().then(|| self.why())
    }

    fn why(&self) -> ChannelError {
        self.stream.why().unwrap_or_else(|| self.state.why())
    }

    fn finish_with(&mut self, reason: &Reason) -> Result<(), ChannelError> {
        let payload = reason.encode();
        let header = Header { length: payload.len(), ..Header::new(Kind::Failed, self.number) };
        self.finish(header, payload)
    }

    /// Queues the last frame. It needs neither credit nor space: there is one for each stream.
    fn finish(&mut self, header: Header, payload: Bytes) -> Result<(), ChannelError> {
        self.ended = true;
        let frame = Outgoing { header: header.encode()?, payload, space: 0, ends: Some(self.number) };
        self.out.send(frame).map_err(|_| self.state.why())
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        if !self.ended {
            let reason =
                Reason::new(ErrorKind::Internal, "the sender of a live stream stopped in the middle");
            // A closed channel has ended the stream already.
            let _closed = self.finish_with(&reason);
        }
    }
}
