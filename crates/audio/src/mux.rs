//! Packets to containers: CMAF segments and MPEG transport stream ([`ts_segment`]).
//!
//! Purpose: the bytes that HLS serves. Pure functions from packets to bytes; nothing is patched later, and an
//! init section is right before the track's length is known.
//!
//! Vocabulary: *media time* counts frames from the first packet, priming included; *presentation time* counts
//! from the first audible frame: media time less priming, which is what the edit list says.

pub(crate) mod boxes;
pub(crate) mod cmaf;
pub(crate) mod ts;
mod unpack;

pub use ts::ts_segment;
pub(crate) use ts::{ts_bytes, ts_rate_at_most};
