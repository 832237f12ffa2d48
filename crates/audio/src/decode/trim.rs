//! [`Trim`]: which decoded frames belong to the track, and where.
//!
//! Vocabulary: a *raw* index counts every frame that the decoder gives from the first packet; a *track* index
//! counts the audible ones, from 0. A *hole* is a run of raw frames that is dropped.
//!
//! Encoders put frames in front (delay, priming, pre-skip) and padding behind. Padding is a hole, not an end,
//! where the stream may go on behind it (joined MP3 files, chained Ogg).

use std::ops::Range;

/// Which raw frames are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trim {
    /// What is dropped: in order, apart from each other, none empty.
    holes: Vec<Range<u64>>,
    /// Raw index of the end, where one is known.
    pub end: Option<u64>,
}

/// What to do with the frames from a raw index on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Keep that many (at least one).
    Keep(u64),
    /// Drop that many (at least one).
    Drop(u64),
    /// Nothing after this is kept.
    End,
}

/// Holes of one track: a chained file has one per link, and more links than this are an attack.
const MAX_HOLES: usize = 10_000;

impl Trim {
    /// Drops a run of raw frames; runs must be added in order.
    pub(super) fn drop_run(&mut self, run: Range<u64>) {
        if !run.is_empty()
            && self.holes.len() < MAX_HOLES
            && self.holes.last().is_none_or(|last| last.end <= run.start)
        {
            self.holes.push(run);
        }
    }

    /// Makes the run from 0 that is dropped at least that long.
    pub(super) fn lead_at_least(&mut self, frames: u64) {
        match self.holes.first_mut() {
            Some(first) if first.start == 0 => first.end = first.end.max(frames),
            _ if frames > 0 => self.holes.insert(0, 0..frames),
            _ => {}
        }
    }

    /// What to do with the frames from `raw` on.
    pub(super) fn span(&self, raw: u64) -> Span {
        if self.end.is_some_and(|end| raw >= end) {
            return Span::End;
        }
        let until_end = self.end.map_or(u64::MAX, |end| end - raw);
        match self.holes.iter().find(|hole| hole.end > raw) {
            Some(hole) if hole.start <= raw => Span::Drop(hole.end - raw),
            Some(hole) => Span::Keep(until_end.min(hole.start - raw)),
            None => Span::Keep(until_end),
        }
    }

    /// Raw index of a frame of the track.
    pub(super) fn raw_of(&self, frame: u64) -> u64 {
        self.holes.iter().fold(frame, |raw, hole| {
            if raw >= hole.start { raw.saturating_add(hole.end - hole.start) } else { raw }
        })
    }

    /// Track index of a raw frame; of a dropped one, the index of the next kept one.
    pub(super) fn frame_of(&self, raw: u64) -> u64 {
        let before = self.holes.iter().take_while(|hole| hole.start < raw);
        raw - before.map(|hole| raw.min(hole.end) - hole.start).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trim(lead: u64, hole: Range<u64>, end: Option<u64>) -> Trim {
        let mut trim = Trim { end, ..Trim::default() };
        trim.drop_run(0..lead);
        trim.drop_run(hole);
        trim
    }

    #[test]
    fn lead_hole_and_end_are_dropped() {
        let trim = trim(10, 20..25, Some(40));
        for (raw, expected) in [
            (0, Span::Drop(10)),
            (9, Span::Drop(1)),
            (10, Span::Keep(10)),
            (19, Span::Keep(1)),
            (20, Span::Drop(5)),
            (24, Span::Drop(1)),
            (25, Span::Keep(15)),
            (40, Span::End),
        ] {
            assert_eq!(trim.span(raw), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn raw_and_track_indices_are_inverse(lead in 0_u64..50, from in 50_u64..99, gap in 0_u64..30, frame in 0_u64..500) {
            let trim = trim(lead, from..from + gap, None);
            prop_assert_eq!(trim.frame_of(trim.raw_of(frame)), frame);
            prop_assert!(matches!(trim.span(trim.raw_of(frame)), Span::Keep(_)));
        }
    }
}
