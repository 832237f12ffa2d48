//! Taking in a file that is being sent.
//!
//! Vocabulary: *receiving* is an upload under way; its bytes lie in the blob store's staging folder until they are whole.
//!
//! Invariants: bytes go to disk and never pile up in memory; what a file is, its content decides, never its declared
//! name or type; an upload that was acknowledged has its bytes stored, its row and its job; one that was not leaves
//! nothing behind.

mod covers;
mod options;
mod pictures;
mod receiving;

pub(crate) use covers::UploadCovers;
pub use options::UploadOptions;
pub(crate) use pictures::UploadPictures;
pub(crate) use receiving::Receives;
pub use receiving::Receiving;
