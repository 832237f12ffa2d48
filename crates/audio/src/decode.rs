//! Decoding in this process: Symphonia's demuxers and decoders, and libopus.
//!
//! Purpose: a [`PcmSource`](crate::PcmSource) whose frames are exactly those that the encoder was given:
//! priming and padding are trimmed here, for all codecs in one way, and seeking lands on a frame.
//!
//! Vocabulary: *raw* frames are all that the decoder gives; see [`trim`].
//!
//! Invariants: metadata, pictures and chapters are stepped over; a call into Symphonia that panics ends
//! only this source; damage is replaced by silence of its length, counted and bounded.

mod bytes;
mod cutter;
mod flac;
mod guard;
mod mp4;
mod packets;
mod pull;
mod readers;
mod source;
mod stream;
mod trim;
mod wav;

pub(crate) use source::{describe, open};
