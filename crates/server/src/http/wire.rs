//! The socket under a connection: files go out by sendfile(2), in their place between what is written.
//!
//! Purpose: hyper writes buffers; a file is none. So for every piece of a file the answer's body gives hyper a *stand-in*:
//! a buffer of that length which lies in a region of memory that nobody ever touches ([`Outbox::put`]). hyper frames,
//! queues and counts it like any other. When it comes down to the socket, [`Wire`] knows it by its address, and has the
//! kernel send the file's bytes instead. No byte of the file enters this process, and an answer under way costs a few
//! hundred bytes of memory.
//!
//! Vocabulary: the *outbox* of a connection holds the pieces that stand-ins were given out for, in order.
//!
//! Invariants: a stand-in's own bytes are never sent: what stands where in the region is compared with the outbox, and anything
//! that does not fit (a stand-in that got lost on the way, say) fails the connection; a file that ends early or is
//! changed meanwhile fails it too. The runtime's threads do not wait for disks as far as the file system can tell beforehand
//! ([`fanfare_delivery::Availability`]): what is not in memory is fetched on a thread for that, [`PIECE_BYTES`] at a time.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, ready},
};

use super::{draining::Activity, ending::Ending};
use axum::body::Bytes;
use fanfare_delivery::{Availability, FileSlice};
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    task::JoinHandle,
};

/// The largest piece of a file that one stand-in is for: what is fetched from a disk in one go, and what
/// one connection may send before others have their turn.
pub const PIECE_BYTES: usize = 256 * 1024;
/// The region's size: room for stand-ins side by side, so that one that is out of order is noticed by its place.
const REGION_BYTES: usize = 64 * PIECE_BYTES;
/// The most buffers that are written in one call.
const MAX_BUFFERS: usize = 64;

/// Memory to point into. Asked for as zeros and never read or written, it has addresses but no pages.
fn region() -> &'static [u8] {
    static REGION: OnceLock<&'static [u8]> = OnceLock::new();
    REGION.get_or_init(|| Box::leak(vec![0; REGION_BYTES].into_boxed_slice()))
}

/// Where in the region a buffer begins, if it lies there.
fn place(buffer: &[u8]) -> Option<usize> {
    let at = buffer.as_ptr().addr().checked_sub(region().as_ptr().addr())?;
    (at < REGION_BYTES).then_some(at)
}

/// The pieces of files that a connection is to send. Clones are the same outbox.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    /// What is still to send, with where its stand-in begins.
    pieces: VecDeque<(usize, FileSlice)>,
    /// Where the next stand-in begins.
    next: usize,
}

impl Outbox {
    /// Puts a piece of at most [`PIECE_BYTES`] at the end, and gives its stand-in.
    ///
    /// # Errors
    /// For a larger piece.
    pub fn put(&self, slice: FileSlice) -> io::Result<Bytes> {
        let len = usize::try_from(slice.len()).ok().filter(|len| *len <= PIECE_BYTES);
        let len = len.ok_or_else(|| io::Error::other("a piece of a file is too large for its stand-in"))?;
        let mut queue = self.queue();
        let at = if queue.next + len > REGION_BYTES { 0 } else { queue.next };
        queue.next = at + len;
        queue.pieces.push_back((at, slice));
        Ok(Bytes::from_static(region().get(at..at + len).unwrap_or_default()))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Every change is complete before the lock is released.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's socket with its outbox.
pub struct Wire {
    stream: TcpStream,
    outbox: Outbox,
    /// The piece that is being sent now, taken out of the outbox.
    current: Option<(usize, FileSlice)>,
    fetching: Option<JoinHandle<io::Result<()>>>,
    /// So many of the next bytes were fetched a moment ago.
    fetched: u64,
    /// Where bytes that were sent are noted.
    activity: Arc<Activity>,
    /// Whether everything was written so far.
    is_flushed: bool,
    ending: Ending,
}

impl Wire {
    /// Over that socket. The outbox is for the bodies of its answers.
    #[cfg(test)]
    pub fn new(stream: TcpStream) -> (Self, Outbox) {
        Self::watched(stream, Arc::default())
    }

    /// The same; what is sent is noted there.
    pub fn watched(stream: TcpStream, activity: Arc<Activity>) -> (Self, Outbox) {
        let outbox = Outbox::default();
        let shared = outbox.clone();
        let wire = Self {
            stream,
            outbox: shared,
            current: None,
            fetching: None,
            fetched: 0,
            activity,
            is_flushed: true,
            ending: Ending::default(),
        };
        (wire, outbox)
    }

    /// Sends what the stand-in of that place and length stands for, or the first part of it.
    fn poll_send_file(&mut self, cx: &mut Context<'_>, at: usize, len: usize) -> Poll<io::Result<usize>> {
        if self.current.is_none() {
            self.current = self.outbox.queue().pieces.pop_front();
            self.fetched = 0;
        }
        let fits = |(begins, slice): &(usize, FileSlice)| *begins == at && slice.len() >= len as u64;
        if !self.current.as_ref().is_some_and(fits) {
            return Poll::Ready(Err(io::Error::other("a piece of a file got lost on its way out")));
        }
        // Also says when it is time for others to have their turn.
        ready!(self.stream.poll_write_ready(cx))?;
        ready!(self.poll_available(cx, len))?;
        loop {
            let Some((begins, slice)) = &mut self.current else { return Poll::Ready(Ok(0)) };
            let sent = self.stream.try_io(Interest::WRITABLE, || slice.send(&self.stream, len));
            match sent {
                Ok(sent) => {
                    *begins += sent;
                    self.fetched = self.fetched.saturating_sub(sent as u64);
                    if slice.is_empty() {
                        self.current = None;
                    }
                    return Poll::Ready(Ok(sent));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_write_ready(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Ready when the next bytes of the current piece can be sent without waiting for a disk.
    fn poll_available(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<io::Result<()>> {
        let Some((_, slice)) = &self.current else { return Poll::Ready(Ok(())) };
        if self.fetching.is_none() {
            if self.fetched > 0 || slice.available(len as u64) == Availability::Yes {
                return Poll::Ready(Ok(()));
            }
            let slice = slice.clone();
            self.fetching = Some(tokio::task::spawn_blocking(move || slice.fetch()));
        }
        if let Some(fetching) = &mut self.fetching {
            let fetched = ready!(Pin::new(fetching).poll(cx));
            self.fetching = None;
            fetched.map_err(io::Error::other)??;
            self.fetched = self.current.as_ref().map_or(0, |(_, slice)| slice.len());
        }
        Poll::Ready(Ok(()))
    }

    /// Writes plain buffers; a file that follows them at once shares their packet.
    fn poll_write_plain(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
        file_follows: bool,
    ) -> Poll<io::Result<usize>> {
        if !file_follows {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        }
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let sent = self.stream.try_io(Interest::WRITABLE, || {
                Ok(sendmsg(&self.stream, buffers, &mut SendAncillaryBuffer::default(), flags)?)
            });
            match sent {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_flushed = false;
        let begin = buffers.iter().take_while(|buffer| buffer.is_empty()).count();
        let buffers = buffers.get(begin..).unwrap_or_default();
        let sent = if let Some(first) = buffers.first()
            && let Some(at) = place(first)
        {
            ready!(self.poll_send_file(cx, at, first.len()))?
        } else {
            let plain = buffers.iter().take(MAX_BUFFERS).take_while(|buffer| place(buffer).is_none()).count();
            let file_follows = buffers.get(plain).is_some_and(|next| place(next).is_some());
            ready!(self.poll_write_plain(cx, buffers.get(..plain).unwrap_or_default(), file_follows))?
        };
        self.activity.wrote(sent);
        Poll::Ready(Ok(sent))
    }

    /// The one way in which hyper keeps a body's buffers as they are, instead of copying them behind one another.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper calls this when it has written everything.
        self.is_flushed = true;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let is_late = this.is_flushed && this.activity.is_ended_idle();
        this.ending.poll(cx, &mut this.stream, is_late)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
