//! A track as HLS: the ladder's variants, cut at the same instants, each written while the track is decoded.
//!
//! Purpose: sinks of the one fan-out that turn a track's frames into the files and playlists of RFC 8216.
//!
//! Vocabulary: a *variant* is one of the encodings that a [`Ladder`] asks for, and what was made of it; a *segment* is some
//! seconds of a variant; the *grid* are the instants at which every variant of a track is cut.
//!
//! Invariants: what was written is never changed; every variant is cut at the same instants; a variant's
//! durations add up to the track's frames; nothing depends on a declared length.

mod bandwidth;
mod copy;
mod grid;
mod ladder;
mod playlist;
mod variant;
mod variants;

pub use bandwidth::bandwidths;
pub use ladder::{Ladder, VariantCodec, VariantSpec};
pub use playlist::{SegmentForm, fits_transport_stream, media_playlist, multivariant_playlist};
pub use variant::SegmentWriter;
pub use variants::{LadderSinks, LadderSource, LeftOut, ladder_sinks};

/// The version of everything here that changes the bytes of a variant: part of a stored ladder's key.
pub const LADDER_VERSION: u32 = 1;
