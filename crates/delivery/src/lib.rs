//! From a known track to bytes at the listener.
//!
//! Purpose: decide what a request for a representation gets ([`ranges`]), and stream those bytes of the
//! original file ([`original`], [`content`]) with the media type that codec and container fix ([`media`]); give a track as HLS
//! from its ladder, stored or still growing ([`hls`]), and as a transcode, whole ([`small`]) or while it is made ([`growing`]).
//!
//! Vocabulary (RFC 9110): a *representation* is the sequence of bytes a URL stands for, a *validator* the entity tag or date that tells
//! two of its versions apart, a *range* an inclusive run of its bytes.
//!
//! Invariants: never changes what a track is; never holds more than a bounded buffer of a file in memory, and none of
//! one that goes out over a socket ([`mod@slice`]);
//! never sends bytes of two versions of a file in one answer.

pub mod announce;
pub mod content;
pub mod etag;
pub mod explain;
mod freshness;
pub mod growing;
pub mod hls;
pub mod media;
pub mod multipart;
pub mod open_file_cache;
pub mod original;
pub mod ranges;
pub mod slice;
pub mod small;

pub use announce::Announced;
pub use content::{ByteStream, Content, Piece};
pub use etag::EntityTag;
pub use explain::{Examiner, Explained, FileState};
pub use growing::GrowingFile;
pub use hls::{Ladders, View};
pub use open_file_cache::OpenFileCache;
pub use original::{Answer, OpenFile};
pub use ranges::{ByteRange, Plan, Representation};
pub use slice::{Availability, FileSlice};
pub use small::{Asking, Maker, Small, SmallFiles};
