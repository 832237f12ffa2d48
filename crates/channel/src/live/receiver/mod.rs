//! The server's end of a channel: it takes the streams that a worker opens, and grants credit as they are read.

mod connection;
mod incoming;
mod reader;
mod state;

pub use connection::LiveReceiver;
pub use incoming::IncomingStream;
pub use reader::StreamReader;
