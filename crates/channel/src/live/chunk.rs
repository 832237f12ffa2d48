//! What a stream carries.

use bytes::Bytes;
use fanfare_model::FrameIndex;

use crate::live::{
    frame::{Kind, Violation},
    limits::{CHUNK_OVERHEAD_BYTES, MAX_PAYLOAD_BYTES},
};

/// A piece of a stream. Its bytes are shared: a clone copies none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Index of its first frame on the stream's timeline.
    pub position: FrameIndex,
    /// The application's; the channel carries them unread.
    pub flags: u8,
    /// The bytes, [`MAX_PAYLOAD_BYTES`](crate::live::MAX_PAYLOAD_BYTES) at most.
    pub payload: Bytes,
}

impl Chunk {
    /// A chunk without flags.
    #[must_use]
    pub const fn new(position: FrameIndex, payload: Bytes) -> Self {
        Self { position, flags: 0, payload }
    }

    /// What it costs of its stream's credit, in bytes.
    pub(crate) fn cost(&self) -> Result<u32, Violation> {
        cost(self.payload.len())
    }
}

/// What a chunk with a payload of that many bytes costs.
pub(crate) fn cost(payload_bytes: usize) -> Result<u32, Violation> {
    u32::try_from(payload_bytes)
        .ok()
        .filter(|_| payload_bytes <= MAX_PAYLOAD_BYTES)
        .map(|bytes| bytes + CHUNK_OVERHEAD_BYTES)
        .ok_or(Violation::TooLong { kind: Kind::Data, bytes: payload_bytes as u64 })
}
