//! The end of a connection: the client reads its answer, and no reset loses it.
//!
//! Purpose: when a socket is closed while bytes from the client are unread, the kernel resets the connection, and the client may
//! never read an answer that was sent (RFC 9112, 9.6). So [`Ending`] closes in steps: first the server's half; then it reads and
//! discards bytes until the client has closed too, for [`LINGER`] at most. When the server ends a connection without a request, the
//! client may send one at that moment: it gets [`LATE`] as its answer. (A client that has sent no request must not take it for an
//! answer, RFC 9112, 9.2, and closes.)

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// How long the client may take to close its half.
pub const LINGER: Duration = Duration::from_millis(500);
/// Bytes that are read and discarded in one go.
const DISCARDED_BYTES: usize = 16 * 1024;
/// The answer to a request that arrives while its connection ends. It has no body: the request may have been HEAD.
pub const LATE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How far the end of a connection has come.
#[derive(Debug, Default)]
pub enum Ending {
    /// Not begun.
    #[default]
    Open,
    /// So many bytes of [`LATE`] are sent.
    Telling(usize),
    /// The server's half is to be closed.
    Closing,
    /// What the client still sends is discarded.
    Reading(Pin<Box<Sleep>>),
    /// Nothing more to do.
    Over,
}

impl Ending {
    /// Goes on with the steps. `is_late`: a request that arrives now gets [`LATE`]; it is looked at once, at the beginning.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut TcpStream,
        is_late: bool,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        loop {
            *self = match self {
                Self::Open if is_late => Self::Telling(0),
                Self::Open => Self::Closing,
                Self::Telling(sent) => {
                    let rest = LATE.get(*sent..).unwrap_or_default();
                    match ready!(stream.as_mut().poll_write(cx, rest)) {
                        Ok(more) if *sent + more < LATE.len() && more > 0 => Self::Telling(*sent + more),
                        Ok(_) => Self::Closing,
                        Err(_) => Self::Over, // the client is gone
                    }
                }
                Self::Closing => match ready!(stream.as_mut().poll_shutdown(cx)) {
                    Ok(()) => Self::Reading(Box::pin(tokio::time::sleep(LINGER))),
                    Err(_) => Self::Over,
                },
                Self::Reading(until) => {
                    if until.as_mut().poll(cx).is_ready() || ready!(poll_discard(cx, stream.as_mut())) {
                        Self::Over
                    } else {
                        continue;
                    }
                }
                Self::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Reads once; returns whether nothing more will come.
fn poll_discard(cx: &mut Context<'_>, stream: Pin<&mut TcpStream>) -> Poll<bool> {
    let mut bytes = [std::mem::MaybeUninit::uninit(); DISCARDED_BYTES];
    let mut buffer = ReadBuf::uninit(&mut bytes);
    let read = ready!(stream.poll_read(cx, &mut buffer));
    Poll::Ready(read.is_err() || buffer.filled().is_empty())
}
