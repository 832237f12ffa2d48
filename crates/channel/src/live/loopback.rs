//! A stream that its reader can check: consecutive numbers, and at the end their sum. For tests and figures.
//!
//! The writer behaves like a product of a pass: a thread of its own that makes chunks and waits for the reader of its stream.

use std::{fmt::Display, time::Duration};

use bytes::{Bytes, BytesMut};
use fanfare_model::{Error, ErrorKind, FrameIndex, Result};

use crate::live::{ChannelError, Chunk, StreamReader, StreamWriter};

/// Bytes of one number, and of one frame of stereo PCM with 32 bits.
const WORD_BYTES: usize = 8;
/// The flag of the last chunk, which has the sum.
const SUM: u8 = 1;

/// A running sequence of numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pattern {
    next: u64,
    sum: u64,
}

impl Pattern {
    fn step(&mut self) -> u64 {
        // An odd factor spreads the counter over all bytes, and no two numbers are the same.
        let word = self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.next += 1;
        self.sum = self.sum.rotate_left(1) ^ word;
        word
    }

    /// The next chunk, of that many numbers.
    pub fn chunk(&mut self, words: usize) -> Chunk {
        let position = FrameIndex(self.next);
        let mut payload = BytesMut::with_capacity(words * WORD_BYTES);
        for _ in 0..words {
            payload.extend_from_slice(&self.step().to_le_bytes());
        }
        Chunk::new(position, payload.freeze())
    }

    /// The chunk that closes the sequence.
    #[must_use]
    pub fn last(&self) -> Chunk {
        let payload = Bytes::copy_from_slice(&self.sum.to_le_bytes());
        Chunk { position: FrameIndex(self.next), flags: SUM, payload }
    }

    /// Checks the next chunk; says whether it was the last.
    ///
    /// # Errors
    /// `Malformed` when something was lost, changed or came in another order.
    pub fn check(&mut self, chunk: &Chunk) -> Result<bool> {
        let wrong = |what: &dyn Display| Err(Error::new(ErrorKind::Malformed, format!("{what}")));
        if chunk.position.0 != self.next {
            return wrong(&format_args!("chunk {} where {} was due", chunk.position.0, self.next));
        }
        if chunk.flags == SUM {
            if *chunk.payload != self.sum.to_le_bytes() {
                return wrong(&"the sum differs");
            }
            return Ok(true);
        }
        for word in chunk.payload.chunks(WORD_BYTES) {
            if word != self.step().to_le_bytes() {
                return wrong(&format_args!("number {} differs", self.next - 1));
            }
        }
        Ok(false)
    }

    /// Bytes so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.next * WORD_BYTES as u64
    }
}

/// Writes that many bytes in chunks of that many, on a thread of its own, then ends the stream.
///
/// # Errors
/// As [`StreamWriter::send_blocking`].
pub fn write_blocking(
    mut writer: StreamWriter,
    total_bytes: u64,
    chunk_bytes: usize,
    patience: Duration,
) -> Result<(), ChannelError> {
    let mut pattern = Pattern::default();
    while pattern.bytes() < total_bytes {
        writer.send_blocking(&pattern.chunk(chunk_bytes / WORD_BYTES), patience)?;
    }
    let last = pattern.last();
    writer.send_blocking(&last, patience)?;
    writer.end(last.position)
}

/// Reads and checks a stream to its end; the bytes of its numbers.
///
/// # Errors
/// `Malformed` when something was lost, changed or came in another order, else as [`StreamReader::next`].
pub async fn read(reader: &mut StreamReader) -> Result<u64> {
    let (mut pattern, mut complete) = (Pattern::default(), false);
    while let Some(chunk) = reader.next().await? {
        complete = pattern.check(&chunk)?;
    }
    if !complete || reader.end_position() != Some(FrameIndex(pattern.next)) {
        return Err(Error::new(ErrorKind::Malformed, "the end is missing"));
    }
    Ok(pattern.bytes())
}
