//! How fast a variant must be fetched, measured (RFC 8216, sections 4.1 and 4.3.4.2).

use fanfare_model::SegmentFacts;

/// `BANDWIDTH` and `AVERAGE-BANDWIDTH` in bits per second of segments at that rate.
///
/// The first is the *peak segment bit rate*: the largest rate of any run of segments that together last between
/// half and one and a half times the target duration; the second is all bits over all time. Both are rounded up.
/// Without segments both are 0.
#[must_use]
pub fn bandwidths(segments: &[SegmentFacts], rate_hz: u32, target_s: u64) -> (u64, u64) {
    let average = rate_of(segments, rate_hz);
    let target = u64::from(rate_hz) * target_s;
    let mut peak = 0;
    for first in 0..segments.len() {
        let mut frames = 0;
        for last in first..segments.len() {
            frames += segments[last].frames;
            if frames * 2 > target * 3 {
                break;
            }
            if frames * 2 >= target {
                peak = peak.max(rate_of(&segments[first..=last], rate_hz));
            }
        }
    }
    // A track so short that no run is long enough: its only segment.
    (peak.max(average), average)
}

fn rate_of(segments: &[SegmentFacts], rate_hz: u32) -> u64 {
    let bytes: u128 = segments.iter().map(|segment| u128::from(segment.len_bytes)).sum();
    let frames: u128 = segments.iter().map(|segment| u128::from(segment.frames)).sum();
    if frames == 0 {
        return 0;
    }
    u64::try_from((bytes * 8 * u128::from(rate_hz)).div_ceil(frames)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(parts: &[(u64, u64)]) -> Vec<SegmentFacts> {
        let (mut first_frame, mut offset_bytes) = (0, 100);
        parts
            .iter()
            .enumerate()
            .map(|(at, &(frames, len_bytes))| {
                let facts = SegmentFacts { index: at as u32, first_frame, frames, offset_bytes, len_bytes };
                first_frame += frames;
                offset_bytes += len_bytes;
                facts
            })
            .collect()
    }

    #[test]
    fn the_peak_is_over_runs_of_about_a_target_duration() {
        // 100 frames a second, target 6 s. A tail of 1 s is no run of its own; with the one before it, it is.
        let parts = segments(&[(600, 6_000), (600, 12_000), (100, 30_000)]);
        let (peak, average) = bandwidths(&parts, 100, 6);
        assert_eq!(peak, 42_000 * 8 / 7);
        assert_eq!(average, (48_000_u64 * 8 * 100).div_ceil(1_300));
        assert_eq!(bandwidths(&segments(&[(10, 100)]), 100, 1), (8_000, 8_000));
        assert_eq!(bandwidths(&[], 100, 6), (0, 0));
    }
}
