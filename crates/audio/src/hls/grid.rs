//! [`Grid`]: the instants at which every variant of a track is cut.
//!
//! Every cut lies on a whole number of AAC packets (1,024 frames) at the AAC variants' rate, on a whole number of
//! FLAC blocks, and on a whole frame at both rates, so that a player can change the variant at any cut without
//! a gap or an overlap.

use fanfare_model::SampleRate;

use crate::encode::{aac::PACKET_FRAMES, fit::frames_at};

/// How long a segment should be in seconds: what Apple's authoring specification recommends (section 7.5).
const SEGMENT_S: f64 = 6.0;
/// The shortest last segment in seconds; a shorter rest belongs to the one before it, for players stumble over
/// segments of a few packets.
const SHORTEST_TAIL_S: u64 = 1;
/// The longest time in seconds between instants that suit every codec; what needs more is encoded another way.
pub(super) const MAX_UNIT_S: f64 = 8.0;

/// The cuts of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    rate: SampleRate,
    /// Source frames of a segment.
    segment: u64,
    /// Source frames that the last segment has at least, unless it is the only one.
    tail: u64,
}

/// The fewest source frames that are whole packets at that rate.
pub(super) fn aac_unit(source: SampleRate, variant: SampleRate) -> u64 {
    let (from, to) = (u64::from(source.hz()), u64::from(variant.hz()));
    let common = gcd(from, to);
    let (from, to) = (from / common, to / common);
    from * (u64::from(PACKET_FRAMES) / gcd(u64::from(PACKET_FRAMES), to))
}

/// The fewest frames that are a whole number of both.
pub(super) fn common_unit(one: u64, other: u64) -> u64 {
    (one / gcd(one, other)).saturating_mul(other)
}

fn gcd(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one.max(1)
}

impl Grid {
    /// The grid of whole `unit`s whose segments are nearest to six seconds.
    pub(super) fn new(rate: SampleRate, unit: u64) -> Self {
        let units = (SEGMENT_S * f64::from(rate.hz()) / unit as f64).round().max(1.0) as u64;
        Self { rate, segment: unit * units, tail: SHORTEST_TAIL_S * u64::from(rate.hz()) }
    }

    /// How many segments are certainly whole when that many source frames were heard and more may come.
    pub(super) const fn certain(&self, received: u64) -> u64 {
        received.saturating_sub(self.tail) / self.segment
    }

    /// How many segments a track of that many source frames has.
    pub(super) const fn segments(&self, frames: u64) -> u64 {
        if frames == 0 { 0 } else { 1 + self.certain_before_last(frames) }
    }

    const fn certain_before_last(&self, frames: u64) -> u64 {
        self.certain(frames)
    }

    /// Where a segment begins, in frames of a variant of that rate.
    pub(super) fn cut(&self, segment: u64, variant: SampleRate) -> u64 {
        // Whole by the choice of the unit.
        frames_at(segment * self.segment, self.rate, variant)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    #[test]
    fn segments_are_near_six_seconds_and_whole_at_both_rates() {
        for (source, variant, block, segment) in [
            (44_100, 44_100, 4_096, 266_240),
            (48_000, 48_000, 4_096, 286_720),
            (44_100, 44_100, 4_608, 267_264),
            (192_000, 48_000, 4_096, 1_150_976),
            (37_800, 44_100, 3_072, 227_328),
            (22_254, 32_000, 3_709, 89_016 * 2),
        ] {
            let unit = common_unit(aac_unit(rate(source), rate(variant)), block);
            assert!(unit as f64 / f64::from(source) <= MAX_UNIT_S, "{source}");
            let grid = Grid::new(rate(source), unit);
            assert_eq!(grid.segment, segment, "{source}");
            assert_eq!(grid.segment % block, 0);
            let cut = grid.cut(3, rate(variant));
            assert_eq!(cut % 1_024, 0, "{source}");
            assert_eq!(cut * u64::from(source), 3 * segment * u64::from(variant), "{source}");
        }
    }

    #[test]
    fn a_short_rest_belongs_to_the_last_segment() {
        let grid = Grid { rate: rate(1_000), segment: 6_000, tail: 1_000 };
        for (frames, segments) in
            [(0, 0), (1, 1), (6_000, 1), (6_999, 1), (7_000, 2), (12_999, 2), (13_000, 3)]
        {
            assert_eq!(grid.segments(frames), segments, "{frames}");
        }
    }

    proptest! {
        #[test]
        fn a_segment_that_was_certain_is_never_the_last(received in 0_u64..2_000_000, more in 0_u64..2_000_000) {
            let grid = Grid::new(rate(44_100), 4_096);
            prop_assert!(grid.certain(received) < grid.segments(received + more).max(1));
        }
    }
}
