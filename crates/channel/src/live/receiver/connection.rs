//! The two tasks of a server's channel: one reads the socket and never waits for a reader, one writes credits and drops.

use std::{
    collections::HashMap,
    os::unix::net,
    sync::{Arc, OnceLock},
};

use fanfare_model::{Error, FrameIndex, Result};
use tokio::{
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc::{self, UnboundedReceiver, unbounded_channel},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    incoming::IncomingStream,
    state::{Signals, StreamState},
};
use crate::live::{
    chunk::Chunk,
    error::ChannelError,
    frame::{Header, Kind, Violation},
    limits::MAX_STREAMS,
    reason::Reason,
    wire::{FrameReader, ReadEnd, write_frame},
};

/// The server's end of a channel. Dropped, it closes the channel, and every stream ends with `Closed`.
#[derive(Debug)]
pub struct LiveReceiver {
    incoming: mpsc::Receiver<IncomingStream>,
    why: Arc<OnceLock<ChannelError>>,
    _reading: AbortOnDropHandle<()>,
}

impl LiveReceiver {
    /// Starts the tasks of the channel, in a runtime of tokio.
    ///
    /// # Errors
    /// `Io` when the socket cannot be used.
    pub fn new(socket: net::UnixStream) -> Result<Self> {
        let socket = socket
            .set_nonblocking(true)
            .and_then(|()| UnixStream::from_std(socket))
            .map_err(|e| Error::from_io("using the live channel", e))?;
        let (input, output) = socket.into_split();
        let (signals, news) = unbounded_channel();
        let (opened, incoming) = mpsc::channel(MAX_STREAMS);
        let why = Arc::new(OnceLock::new());
        let streams = Streams {
            open: HashMap::new(),
            last: 0,
            signals,
            opened,
            why: Arc::clone(&why),
            _writing: AbortOnDropHandle::new(tokio::spawn(write(output, news))),
        };
        let reading = AbortOnDropHandle::new(tokio::spawn(read(input, streams)));
        Ok(Self { incoming, why, _reading: reading })
    }

    /// The next stream that the worker opens. One that is not taken while [`MAX_STREAMS`](crate::live::MAX_STREAMS) wait here is refused. Cancel-safe.
    ///
    /// # Errors
    /// Why the channel closed: `WorkerGone` or `Violation`.
    pub async fn next(&mut self) -> Result<IncomingStream, ChannelError> {
        match self.incoming.recv().await {
            Some(stream) => Ok(stream),
            None => Err(self.why.get().cloned().unwrap_or(ChannelError::Closed)),
        }
    }
}

/// The open streams, owned by the reading task. When it ends, however it does, they all end.
struct Streams {
    open: HashMap<u32, Arc<StreamState>>,
    last: u32,
    signals: Signals,
    opened: mpsc::Sender<IncomingStream>,
    why: Arc<OnceLock<ChannelError>>,
    _writing: AbortOnDropHandle<()>,
}

impl Drop for Streams {
    fn drop(&mut self) {
        let why = self.why.get_or_init(|| ChannelError::Closed);
        for stream in self.open.values() {
            stream.end(Err(why.clone()));
        }
    }
}

async fn read(input: OwnedReadHalf, mut streams: Streams) {
    let mut input = FrameReader::new(input);
    let end = loop {
        if let Err(end) = streams.take_one(&mut input).await {
            break end;
        }
    };
    let _first = streams.why.set(match end {
        ReadEnd::Gone => ChannelError::WorkerGone,
        ReadEnd::Violation(violation) => violation.into(),
    });
}

impl Streams {
    async fn take_one(&mut self, input: &mut FrameReader<OwnedReadHalf>) -> Result<(), ReadEnd> {
        let header = input.header().await?;
        match header.kind {
            Kind::Open => {
                let state = self.admit(&header)?;
                let content = input.payload(&header).await?;
                // What does not fit is dropped here, which refuses it.
                let _refused = self.opened.try_send(IncomingStream::new(content, state));
            }
            Kind::Data => {
                let stream = self.find(header.stream)?;
                // Before anything is allocated for it.
                if !stream.charge(header.length)? {
                    return input.skip(&header).await;
                }
                let (position, flags) = (FrameIndex(header.position), header.flags);
                let chunk = Chunk { position, flags, payload: input.payload(&header).await? };
                stream.push(chunk);
            }
            Kind::End => self.remove(header.stream)?.end(Ok(FrameIndex(header.position))),
            Kind::Failed => {
                let stream = Arc::clone(self.find(header.stream)?);
                let reason = Reason::decode(&input.payload(&header).await?);
                self.open.remove(&header.stream);
                stream.end(Err(ChannelError::Failed(reason)));
            }
            Kind::Credit | Kind::Dropped => return Err(Violation::Direction(header.kind).into()),
        }
        Ok(())
    }

    fn admit(&mut self, header: &Header) -> Result<Arc<StreamState>, Violation> {
        if header.stream <= self.last {
            return Err(Violation::StreamNumber(header.stream));
        }
        if self.open.len() >= MAX_STREAMS {
            return Err(Violation::TooManyStreams);
        }
        let state = StreamState::new(header.stream, self.signals.clone());
        self.last = header.stream;
        self.open.insert(header.stream, Arc::clone(&state));
        Ok(state)
    }

    fn find(&self, number: u32) -> Result<&Arc<StreamState>, Violation> {
        self.open.get(&number).ok_or(Violation::UnknownStream(number))
    }

    fn remove(&mut self, number: u32) -> Result<Arc<StreamState>, Violation> {
        self.open.remove(&number).ok_or(Violation::UnknownStream(number))
    }
}

/// Tells the worker about credit and drops. When it cannot, the reading task notices the same.
async fn write(mut output: OwnedWriteHalf, mut news: UnboundedReceiver<Arc<StreamState>>) {
    while let Some(stream) = news.recv().await {
        if tell(&mut output, &stream).await.is_err() {
            return;
        }
    }
}

async fn tell(output: &mut OwnedWriteHalf, stream: &StreamState) -> std::io::Result<()> {
    let news = stream.news();
    let invalid = |violation: Violation| std::io::Error::other(violation.to_string());
    if news.credit > 0 {
        let header = Header { position: u64::from(news.credit), ..Header::new(Kind::Credit, stream.number) };
        write_frame(output, &header.encode().map_err(invalid)?, bytes::Bytes::new()).await?;
    }
    if let Some(reason) = news.dropped {
        let payload = reason.encode();
        let header = Header { length: payload.len(), ..Header::new(Kind::Dropped, stream.number) };
        write_frame(output, &header.encode().map_err(invalid)?, payload).await?;
    }
    Ok(())
}
