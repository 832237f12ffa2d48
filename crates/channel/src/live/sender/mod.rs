//! The worker's end of a channel: it opens streams and sends chunks on them.

mod blocking;
mod connection;
mod state;
mod writer;

pub use connection::LiveSender;
pub use writer::StreamWriter;
