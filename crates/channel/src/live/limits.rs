//! Limits of the protocol, the same at both ends.

/// Streams that may be open on one channel: eight groups with PCM, a few encodings, spectrum and beats each.
pub const MAX_STREAMS: usize = 64;
/// The most bytes that a chunk may have: 85 ms of stereo PCM at 96 kHz with 32 bits, and more than one message of any listener.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;
/// The most bytes that say what a stream is.
pub const MAX_CONTENT_BYTES: usize = 4 << 10;
/// The most bytes of a reason.
pub const MAX_REASON_BYTES: usize = 1 << 10;
/// What a chunk costs of its stream's credit beside its payload, in bytes: about what a waiting chunk takes of memory.
pub const CHUNK_OVERHEAD_BYTES: u32 = 64;
/// The smallest window of a stream: two of the longest chunks, so that one can be on its way while one is read.
pub const MIN_WINDOW_BYTES: u32 = 2 * (MAX_PAYLOAD_BYTES as u32 + CHUNK_OVERHEAD_BYTES);
/// The largest window of a stream, which is the most credit that its writer can have: 40 s of CD audio as 32 bits and two channels.
pub const MAX_WINDOW_BYTES: u32 = 16 << 20;
/// The most bytes of chunks that wait for the socket in a worker, over all streams.
pub const OUTGOING_BYTES: usize = 1 << 20;
