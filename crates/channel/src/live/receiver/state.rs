//! One stream, as the task that reads the socket and the reader of the stream share it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use fanfare_model::FrameIndex;
use tokio::sync::{Notify, mpsc::UnboundedSender};

use crate::live::{
    chunk::{Chunk, cost},
    error::ChannelError,
    frame::Violation,
    limits::{MAX_WINDOW_BYTES, MIN_WINDOW_BYTES},
    lock::locked,
    reason::Reason,
};

/// Credit is returned when this part of the window is owed: seldom enough to cost little, and early enough that a writer
/// with the smallest window can always send its longest chunk.
const GIVE_BACK_PARTS: u32 = 4;

/// The streams that have something for the writing task. Its bound: each is in it once.
pub(super) type Signals = UnboundedSender<Arc<StreamState>>;

/// One stream.
#[derive(Debug)]
pub(super) struct StreamState {
    pub(super) number: u32,
    inbox: Mutex<Inbox>,
    arrived: Notify,
    signals: Signals,
}

#[derive(Debug, Default)]
struct Inbox {
    /// Chunks that wait for the reader: no more than its window.
    chunks: VecDeque<Chunk>,
    /// How the stream ended.
    end: Option<Result<FrameIndex, ChannelError>>,
    /// Bytes that the worker may still send.
    credit: u32,
    /// Bytes of credit that are to be granted.
    owed: u32,
    window: u32,
    /// Nobody reads any more.
    dropped: bool,
    /// What the worker is to be told about that.
    drop_reason: Option<Reason>,
    /// Whether the writing task was told of this stream, and has not looked yet.
    signalled: bool,
}

/// What the worker is to be told of a stream.
pub(super) struct News {
    pub(super) credit: u32,
    pub(super) dropped: Option<Reason>,
}

impl StreamState {
    pub(super) fn new(number: u32, signals: Signals) -> Arc<Self> {
        Arc::new(Self { number, inbox: Mutex::default(), arrived: Notify::new(), signals })
    }

    /// A chunk with that much payload comes: takes its cost off the credit. Says whether it is to be kept.
    pub(super) fn charge(&self, payload_bytes: usize) -> Result<bool, Violation> {
        let cost = cost(payload_bytes)?;
        let mut inbox = locked(&self.inbox);
        inbox.credit = inbox.credit.checked_sub(cost).ok_or(Violation::OverCredit(self.number))?;
        Ok(!inbox.dropped)
    }

    /// A chunk came that was charged for.
    pub(super) fn push(&self, chunk: Chunk) {
        let mut inbox = locked(&self.inbox);
        if !inbox.dropped {
            inbox.chunks.push_back(chunk);
            drop(inbox);
            self.arrived.notify_one();
        }
    }

    /// The stream ended; the first end counts.
    pub(super) fn end(&self, end: Result<FrameIndex, ChannelError>) {
        locked(&self.inbox).end.get_or_insert(end);
        self.arrived.notify_one();
    }

    /// The reader begins: the worker gets its first credit.
    pub(super) fn accept(self: &Arc<Self>, window_bytes: u32) {
        let window = window_bytes.clamp(MIN_WINDOW_BYTES, MAX_WINDOW_BYTES);
        let mut inbox = locked(&self.inbox);
        (inbox.window, inbox.owed) = (window, window);
        self.signal(&mut inbox);
    }

    /// Nobody reads any more.
    pub(super) fn drop_with(self: &Arc<Self>, reason: Reason) {
        let mut inbox = locked(&self.inbox);
        if inbox.dropped {
            return;
        }
        inbox.dropped = true;
        inbox.chunks = VecDeque::new();
        if inbox.end.is_none() {
            inbox.drop_reason = Some(reason);
            self.signal(&mut inbox);
        }
    }

    /// The next chunk, or the end of the stream. Cancel-safe: only a chunk that is returned is taken.
    pub(super) async fn next(self: &Arc<Self>) -> Result<Option<Chunk>, ChannelError> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            // There is one reader, and a notification that came in between is kept for it.
            self.arrived.notified().await;
        }
    }

    fn take(self: &Arc<Self>) -> Option<Result<Option<Chunk>, ChannelError>> {
        let mut inbox = locked(&self.inbox);
        if let Some(chunk) = inbox.chunks.pop_front() {
            // It was charged for when it came.
            inbox.owed += chunk.cost().unwrap_or_default();
            if inbox.owed >= inbox.window / GIVE_BACK_PARTS && inbox.end.is_none() {
                self.signal(&mut inbox);
            }
            return Some(Ok(Some(chunk)));
        }
        inbox.end.clone().map(|end| end.map(|_| None))
    }

    /// The index after the last frame, once the stream is complete.
    pub(super) fn end_position(&self) -> Option<FrameIndex> {
        locked(&self.inbox).end.as_ref().and_then(|end| end.as_ref().ok().copied())
    }

    fn signal(self: &Arc<Self>, inbox: &mut Inbox) {
        if !std::mem::replace(&mut inbox.signalled, true) {
            // Without a writing task the channel is closed, and nobody is left to tell.
            let _closed = self.signals.send(Arc::clone(self));
        }
    }

    /// What the worker is to be told now. Its credit counts from here on, before it can know.
    pub(super) fn news(&self) -> News {
        let mut inbox = locked(&self.inbox);
        inbox.signalled = false;
        let credit = if inbox.dropped || inbox.end.is_some() { 0 } else { std::mem::take(&mut inbox.owed) };
        inbox.credit += credit;
        News { credit, dropped: inbox.drop_reason.take() }
    }
}
