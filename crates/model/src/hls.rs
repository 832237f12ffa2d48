//! What is known of a stored HLS ladder: its variants and their segments.
//!
//! Vocabulary: a *variant* is one encoding of a ladder, stored as one file: its *init section* first, then its
//! *segments* back to back (RFC 8216 section 3; ISO/IEC 23000-19, CMAF track file).
//!
//! Invariants: frames are counted at the variant's own sample rate, from the first audible frame; segments
//! follow each other without gap or overlap in frames and in bytes; all variants of one ladder are cut at the
//! same instants.

use serde::{Deserialize, Serialize};

/// One segment: which frames it makes audible, and where its bytes lie in the variant's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// Its place in the variant, from 0; the `{n}` of its address.
    pub index: u32,
    /// The first frame that it makes audible.
    pub first_frame: u64,
    /// How many frames it makes audible; never 0.
    pub frames: u64,
    /// Where its bytes begin in the variant's file.
    pub offset_bytes: u64,
    /// How many bytes it has.
    pub len_bytes: u64,
}

/// One variant of a ladder.
///
/// While it is being made, [`frames`](Self::frames) is 0 and the two bandwidths are estimates (the larger one
/// an upper bound); when it is finished all of it is measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VariantFacts {
    /// The variant's name in the ladder, for example `medium`; of `a` to `z`, `0` to `9` and `-`.
    pub name: String,
    /// What `CODECS` says (RFC 6381), for example `mp4a.40.2` or `fLaC`.
    pub codecs: String,
    /// Frames per second of the variant, in Hz; differs from the source's where the codec cannot carry that.
    pub sample_rate_hz: u32,
    /// Samples per frame.
    pub channels: u16,
    /// Audible frames in all.
    pub frames: u64,
    /// Frames in front of the first audible one that a decoder gives and a player drops (encoder delay).
    pub priming_frames: u32,
    /// Largest bit rate of any segment, in bits per second (RFC 8216 section 4.3.4.2, `BANDWIDTH`).
    pub bandwidth_bps: u64,
    /// All segments' bits over all segments' time, in bits per second (`AVERAGE-BANDWIDTH`).
    pub average_bandwidth_bps: u64,
    /// How many bytes the init section has; the first segment begins behind it.
    pub init_bytes: u64,
    /// Whether decoding it gives exactly the source's samples.
    pub lossless: bool,
    /// The same two rates as MPEG transport stream, which adds more bytes to the sound. `None` where the variant cannot be a
    /// transport stream, while it is being made, and for ladders that were made before this was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportRates>,
}

/// How fast a variant must be fetched as MPEG transport stream, in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TransportRates {
    /// As [`VariantFacts::bandwidth_bps`].
    pub bandwidth_bps: u64,
    /// As [`VariantFacts::average_bandwidth_bps`].
    pub average_bandwidth_bps: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_stored_under_their_names() {
        let segment =
            SegmentFacts { index: 2, first_frame: 20, frames: 10, offset_bytes: 700, len_bytes: 90 };
        let json = serde_json::to_value(segment).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"index": 2, "first_frame": 20, "frames": 10, "offset_bytes": 700, "len_bytes": 90})
        );
        assert_eq!(serde_json::from_value::<SegmentFacts>(json).unwrap(), segment);
    }
}
