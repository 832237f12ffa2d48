//! Whole wire frames from and to a socket.

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use crate::live::frame::{HEADER_BYTES, Header, Violation};

/// Bytes that are read from the socket at a time.
const READ_BYTES: usize = 64 << 10;

/// Why no further frame can be read.
#[derive(Debug)]
pub(crate) enum ReadEnd {
    /// The other side closed the socket, or it failed.
    Gone,
    /// What came is no frame, or a forbidden one.
    Violation(Violation),
}

impl From<io::Error> for ReadEnd {
    fn from(_: io::Error) -> Self {
        // A Unix socket fails in one way only: the other process closed it (in the middle of a frame, or with bytes unread).
        Self::Gone
    }
}

impl From<Violation> for ReadEnd {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// Reads frames; owned by one task, which reads each header and then its payload.
pub(crate) struct FrameReader<R> {
    input: BufReader<R>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(READ_BYTES, input) }
    }

    pub(crate) async fn header(&mut self) -> Result<Header, ReadEnd> {
        let mut bytes = [0; HEADER_BYTES];
        self.input.read_exact(&mut bytes).await?;
        Ok(Header::decode(&bytes)?)
    }

    /// The payload of the header read last, in memory of its own: a small chunk that waits for long keeps no large block.
    pub(crate) async fn payload(&mut self, header: &Header) -> Result<Bytes, ReadEnd> {
        let mut payload = BytesMut::with_capacity(header.length);
        let mut rest = (&mut self.input).take(header.length as u64);
        while payload.len() < header.length {
            if rest.read_buf(&mut payload).await? == 0 {
                return Err(ReadEnd::Gone);
            }
        }
        Ok(payload.freeze())
    }

    /// Reads over the payload of the header read last.
    pub(crate) async fn skip(&mut self, header: &Header) -> Result<(), ReadEnd> {
        let mut rest = (&mut self.input).take(header.length as u64);
        let skipped = io::copy_buf(&mut rest, &mut io::sink()).await?;
        if skipped == header.length as u64 { Ok(()) } else { Err(ReadEnd::Gone) }
    }
}

/// Writes one frame: header and payload in one call of the system where it takes both.
pub(crate) async fn write_frame(
    output: &mut (impl AsyncWrite + Unpin),
    header: &[u8; HEADER_BYTES],
    payload: Bytes,
) -> io::Result<()> {
    output.write_all_buf(&mut Buf::chain(&header[..], payload)).await
}
