//! The two tasks of a worker's channel: one writes what streams send, one reads credits and drops.

use std::{os::unix::net, sync::Arc, time::Duration};

use bytes::Bytes;
use fanfare_model::{Error, Result};
use tokio::{
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    state::{Outgoing, State},
    writer::StreamWriter,
};
use crate::live::{
    error::ChannelError,
    frame::{Header, Kind, Violation},
    reason::Reason,
    wire::{FrameReader, ReadEnd, write_frame},
};

/// The worker's end of a channel. Streams that are open when it is dropped go on; the last one closes the socket.
#[derive(Debug)]
pub struct LiveSender {
    state: Arc<State>,
    // Its bound: `OUTGOING_BYTES` of chunks, and two more frames for each of `MAX_STREAMS`.
    out: UnboundedSender<Outgoing>,
    writing: JoinHandle<()>,
}

impl LiveSender {
    /// Starts the tasks of the channel, in a runtime of tokio.
    ///
    /// # Errors
    /// `Io` when the socket cannot be used.
    pub fn new(socket: net::UnixStream) -> Result<Self> {
        let socket = from_std(socket)?;
        let (input, output) = socket.into_split();
        let state = Arc::new(State::new());
        let (out, queue) = unbounded_channel();
        let reading = AbortOnDropHandle::new(tokio::spawn(read(input, Arc::clone(&state))));
        let writing = tokio::spawn(write(output, queue, Arc::clone(&state), reading));
        Ok(Self { state, out, writing })
    }

    /// Opens a stream; `content` says to the server's application what it is. It may be sent on from any thread.
    ///
    /// # Errors
    /// `Violation` when the content is too long or too many streams are open; `ServerGone` or `Closed`.
    pub fn open(&self, content: Bytes) -> Result<StreamWriter, ChannelError> {
        // The number is not known yet; whether the content is too long is.
        let header = Header { length: content.len(), ..Header::new(Kind::Open, 1) };
        header.encode()?;
        let (number, stream) = self.state.open()?;
        let header = Header { stream: number, ..header }.encode()?;
        let frame = Outgoing { header, payload: content, space: 0, ends: None };
        self.out.send(frame).map_err(|_| self.state.why())?;
        Ok(StreamWriter::new((number, stream), Arc::clone(&self.state), self.out.clone()))
    }

    /// Waits until all streams have ended and everything was handed to the system, then closes the socket.
    ///
    /// # Errors
    /// `NoCredit` when that took longer than `patience`: the rest is discarded. `ServerGone` when the server closed first.
    pub async fn finish(self, patience: Duration) -> Result<(), ChannelError> {
        let Self { state, out, mut writing } = self;
        drop(out);
        if tokio::time::timeout(patience, &mut writing).await.is_err() {
            state.close(ChannelError::Closed);
            return Err(ChannelError::NoCredit(patience));
        }
        match state.why() {
            ChannelError::Closed => Ok(()),
            error => Err(error),
        }
    }
}

fn from_std(socket: net::UnixStream) -> Result<UnixStream> {
    socket
        .set_nonblocking(true)
        .and_then(|()| UnixStream::from_std(socket))
        .map_err(|e| Error::from_io("using the live channel", e))
}

/// Writes until all writers are gone, or the channel is closed; the reading task ends with it.
async fn write(
    mut output: OwnedWriteHalf,
    mut queue: UnboundedReceiver<Outgoing>,
    state: Arc<State>,
    _reading: AbortOnDropHandle<()>,
) {
    let writing = async {
        while let Some(frame) = queue.recv().await {
            if write_frame(&mut output, &frame.header, frame.payload).await.is_err() {
                return state.close(ChannelError::ServerGone);
            }
            state.space.add_permits(frame.space);
            if let Some(number) = frame.ends {
                state.ended(number);
            }
        }
        // Before the socket closes, which the server may answer by closing its end first.
        state.close(ChannelError::Closed);
    };
    tokio::select! {
        biased;
        () = state.closed.cancelled() => {}
        () = writing => {}
    }
}

/// Reads credits and drops.
async fn read(input: OwnedReadHalf, state: Arc<State>) {
    let mut input = FrameReader::new(input);
    let end = loop {
        if let Err(end) = take_one(&mut input, &state).await {
            break end;
        }
    };
    state.close(match end {
        ReadEnd::Gone => ChannelError::ServerGone,
        ReadEnd::Violation(violation) => violation.into(),
    });
}

async fn take_one(input: &mut FrameReader<OwnedReadHalf>, state: &State) -> Result<(), ReadEnd> {
    let header = input.header().await?;
    match header.kind {
        Kind::Credit => state.granted(header.stream, header.position)?,
        Kind::Dropped => {
            let reason = Reason::decode(&input.payload(&header).await?);
            state.dropped(header.stream, reason)?;
        }
        Kind::Open | Kind::Data | Kind::End | Kind::Failed => {
            return Err(Violation::Direction(header.kind).into());
        }
    }
    Ok(())
}
