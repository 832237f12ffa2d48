//! From a known track to bytes at the listener.
//!
//! Purpose: decide what a request for a track gets ([`open`]): the original file ([`original`]), a transcode or an HLS ladder,
//! stored or while it is made ([`growing`]), or why not; then which bytes of it ([`ranges`]), with the media type that codec and
//! container fix ([`media`]).
//!
//! Vocabulary (RFC 9110): a *representation* is the sequence of bytes a URL stands for, a *validator* the entity tag or date that tells
//! two of its versions apart, a *range* an inclusive run of its bytes.
//!
//! Invariants: never changes what a track is; never holds more than a bounded buffer of a file in memory, and none of
//! one that goes out over a socket ([`mod@slice`]);
//! never sends bytes of two versions of a file in one answer.

mod announced;
mod answer;
mod begun_files;
pub mod content;
pub mod etag;
pub mod explain;
mod freshness;
pub mod growing;
mod ladders;
mod making;
pub mod media;
pub mod multipart;
pub mod open;
pub mod open_file_cache;
mod opened;
pub mod original;
pub mod ranges;
mod refusals;
pub mod slice;
mod transcodes;
mod uses;
mod why_not;

pub use answer::{Answer, Body};
pub use content::{ByteStream, Content, Piece};
pub use etag::EntityTag;
pub use explain::{Examiner, Explained, FileState};
pub use growing::GrowingFile;
pub use ladders::Ask;
pub use open::{Delivery, Request, VariantFile, Wanted};
pub use open_file_cache::OpenFileCache;
pub use opened::{CacheUse, Opened, Sent};
pub use original::OpenFile;
pub use ranges::{ByteRange, Plan, Representation};
pub use slice::{Availability, FileSlice};
pub use transcodes::{AskStream, Asking, Maker};
