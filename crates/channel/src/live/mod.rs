//! Live streams from a worker process to the server: length-prefixed frames with credits on one Unix socket.
//!
//! JSON lines on the worker's standard input and output carry commands and events. PCM, encoded chunks, spectrum and beats of
//! a timeline are too much for them; they travel here. This module knows bytes and time stamps, no codec and no product.
//!
//! Vocabulary: a *channel* is one socket between one server and one worker process; a *stream* is one sequence of chunks on it,
//! opened and ended by the worker; a *chunk* is what a stream carries: bytes, flags and the index of the first (audio) frame;
//! a *wire frame* is what the socket carries: a header and a payload. *Credit* is how many bytes a worker may still send on a
//! stream; the reader of the stream grants it.
//!
//! # Wire frame
//!
//! The header has 20 bytes; numbers are little-endian.
//!
//! | offset | bytes | field | content |
//! |---|---|---|---|
//! | 0 | 1 | magic | `0xFA` |
//! | 1 | 1 | version | 1 |
//! | 2 | 1 | kind | see below |
//! | 3 | 1 | flags | of `data`: what the application likes; otherwise 0 |
//! | 4 | 4 | stream | number of the stream, from 1 upwards, never used again on this channel |
//! | 8 | 8 | position | `data`: index of the first frame; `end`: index after the last frame; `credit`: bytes granted; otherwise 0 |
//! | 16 | 4 | length | bytes of payload that follow |
//!
//! | kind | name | direction | payload | at most |
//! |---|---|---|---|---|
//! | 1 | open | worker to server | what the stream is, for the application | 4 KiB |
//! | 2 | data | worker to server | the chunk | 64 KiB |
//! | 3 | end | worker to server | none: everything was sent | 0 |
//! | 4 | failed | worker to server | the [`Reason`] why the stream ends early | 1 KiB |
//! | 5 | credit | server to worker | none | 0 |
//! | 6 | dropped | server to worker | the [`Reason`] why nobody reads on | 1 KiB |
//!
//! # Rules
//!
//! - A stream starts without credit. A chunk costs its payload and [`CHUNK_OVERHEAD_BYTES`] bytes. A stream without credit waits; it
//!   holds up no other stream, because the server always reads the socket and never waits for a reader of a stream.
//! - A stream that its reader dropped is ended by the worker with `end` or `failed`. What was on its way is discarded.
//! - Whatever breaks a rule ([`Violation`]) closes the channel, before anything is allocated for it.
//! - When the socket closes, every stream ends: with [`ChannelError::WorkerGone`] at the server, with
//!   [`ChannelError::ServerGone`] in the worker. Chunks that had arrived are still delivered first.
//!
//! # Bounds
//!
//! | what | at most |
//! |---|---|
//! | open streams | [`MAX_STREAMS`] |
//! | chunks that wait for one reader | its window, [`MIN_WINDOW_BYTES`] to [`MAX_WINDOW_BYTES`] |
//! | chunks in the worker that wait for the socket | [`OUTGOING_BYTES`], over all streams |
//! | credits and drops that wait for the socket | one of each per stream |

mod chunk;
mod error;
mod frame;
mod inherit;
mod limits;
mod lock;
#[cfg(feature = "loopback")]
pub mod loopback;
mod reason;
mod receiver;
mod sender;
mod wire;

pub use chunk::Chunk;
pub use error::ChannelError;
pub use frame::{HEADER_BYTES, Header, Kind, Violation};
pub use inherit::{Handover, inherited};
pub use limits::{
    CHUNK_OVERHEAD_BYTES, MAX_CONTENT_BYTES, MAX_PAYLOAD_BYTES, MAX_REASON_BYTES, MAX_STREAMS,
    MAX_WINDOW_BYTES, MIN_WINDOW_BYTES, OUTGOING_BYTES,
};
pub use reason::Reason;
pub use receiver::{IncomingStream, LiveReceiver, StreamReader};
pub use sender::{LiveSender, StreamWriter};
