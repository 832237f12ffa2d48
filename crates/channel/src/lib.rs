//! What the server and its child processes say to each other, and what both sides need for that.
//!
//! - [`protocol`]: commands and events, as JSON lines over the standard input and output of a worker; [`policy`]: how gently a
//!   worker is to work; [`retry`]: when a failed attempt is tried again.
//! - [`live`]: binary streams with credits, from a worker to the server.
//! - [`pictures`]: requests to the process that decodes pictures.
//! - [`PostAnalysis`]: what is done with a track once its analysis is stored.
//! - What both sides do the same way: the time ([`clock`]), sentences ([`text`]), files of a library ([`regular_file`], [`stamp`],
//!   [`tag_limits`]), and storage that gives no answer ([`detached`]).
//!
//! Both sides import this crate; it imports neither. It decodes nothing, and no module depends on a product.

pub mod clock;
pub mod detached;
pub mod live;
pub mod pictures;
pub mod policy;
mod post_analysis;
pub mod protocol;
pub mod regular_file;
pub mod retry;
pub mod stamp;
pub mod tag_limits;
pub mod text;

#[cfg(feature = "loopback")]
pub use live::loopback;
pub use live::{
    CHUNK_OVERHEAD_BYTES, ChannelError, Chunk, HEADER_BYTES, Handover, Header, IncomingStream, Kind,
    LiveReceiver, LiveSender, MAX_CONTENT_BYTES, MAX_PAYLOAD_BYTES, MAX_REASON_BYTES, MAX_STREAMS,
    MAX_WINDOW_BYTES, MIN_WINDOW_BYTES, OUTGOING_BYTES, Reason, StreamReader, StreamWriter, Violation,
    inherited,
};
pub use post_analysis::PostAnalysis;
