//! Whether two fingerprints are of the same recording, and how they lie to each other.
//!
//! Method: codes whose leading bits agree vote for an offset (as AcoustID's server aligns fingerprints before it compares
//! them); the offsets with most votes are judged by the share of differing bits where the two overlap (J. Haitsma and
//! T. Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002).
//!
//! Vocabulary: a *position* is the place of a code in its fingerprint; a position *moves* when its code differs from the
//! one before. Silence and held tones do not move: they are alike in all music and so say nothing.
//!
//! Invariants: the order of the two changes the sign of the offset and nothing else; whatever the codes, time is bounded
//! by [`MOST_ALIKE`] votes a code and memory by the two lengths.

use super::chroma::{HOP, SAMPLE_RATE_HZ};

/// Time from one code to the next, in seconds.
pub const CODE_S: f64 = HOP as f64 / SAMPLE_RATE_HZ as f64;
/// Largest share of differing bits between two fingerprints of one recording.
///
/// Haitsma and Kalker allow 0.35 of theirs. Neighbouring codes of Chromaprint hear much of the same sound and differ less by
/// chance: of 700 pairs of unrelated recordings some reached 0.27 at their best offset, encodings at low rates 0.12.
pub const MOST_BIT_ERRORS: f64 = 0.2;
/// Fewest moving positions that two fingerprints must share: 10 s if all move. Shorter ones are alike by chance.
pub const FEWEST_SHARED: usize = 80;

/// Leading bits of a code by which it votes: seven classifiers of sixteen (AcoustID's choice).
const KEY_BITS: u32 = 14;
/// Most codes of one fingerprint with the same leading bits that are voted with: the first ones.
const MOST_ALIKE: usize = 256;
/// How many offsets are judged, those with most votes.
const CANDIDATES: usize = 8;

/// How two fingerprints of the same recording lie to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Where the second begins in the first, in seconds, to half of [`CODE_S`]; negative when it begins before it.
    pub offset_s: f64,
    /// How long both sound, in seconds.
    pub overlap_s: f64,
    /// Share of the bits that differ there, 0 to [`MOST_BIT_ERRORS`]; half of them would in unrelated noise.
    pub bit_error_rate: f64,
    /// How alike they are, 0 to 1: the agreement beyond chance, `1 - 2 * bit_error_rate`, times the overlap's share of the
    /// shorter one.
    pub score: f64,
}

/// How the second fingerprint lies to the first, or `None` when they are not of the same recording, or too short to tell.
///
/// To compare one with many, make a [`Query`] of it.
#[must_use]
pub fn compare(first: &[u32], second: &[u32]) -> Option<Match> {
    Query::new(first).compare(second)
}

/// A fingerprint made ready to be compared with many.
pub struct Query<'a> {
    codes: &'a [u32],
    moves: Vec<bool>,
    /// Positions that move, by the leading bits of their codes, earliest first.
    positions: Vec<u32>,
    /// Where each value of the leading bits begins in `positions`, and where the last ends.
    starts: Vec<u32>,
}

impl<'a> Query<'a> {
    /// Sorts the codes by their leading bits.
    #[must_use]
    pub fn new(codes: &'a [u32]) -> Self {
        let codes = &codes[..codes.len().min(u32::MAX as usize / 2)];
        let moves = moves(codes);
        let mut starts = vec![0_u32; (1 << KEY_BITS) + 1];
        let moving = || moves.iter().enumerate().filter(|(_, moves)| **moves).map(|(position, _)| position);
        for position in moving() {
            starts[leading(codes[position]) + 1] += 1;
        }
        for key in 1..starts.len() {
            starts[key] += starts[key - 1];
        }
        let mut next = starts.clone();
        let mut positions = vec![0; starts[1 << KEY_BITS] as usize];
        for position in moving() {
            let slot = &mut next[leading(codes[position])];
            positions[*slot as usize] = position as u32;
            *slot += 1;
        }
        Self { codes, moves, positions, starts }
    }

    /// How the other fingerprint lies to this one; see [`compare`].
    #[must_use]
    pub fn compare(&self, other: &[u32]) -> Option<Match> {
        let other = &other[..other.len().min(u32::MAX as usize / 2)];
        let moving = moves(other);
        let aligned =
            self.offsets(other, &moving).into_iter().filter_map(|offset| self.align(other, &moving, offset));
        let best = aligned.max_by(|a, b| a.weight().total_cmp(&b.weight()))?;
        if best.bit_error_rate() > MOST_BIT_ERRORS {
            return None;
        }
        let shorter = self.codes.len().min(other.len());
        let agreement = 1.0 - 2.0 * best.bit_error_rate();
        Some(Match {
            offset_s: best.offset as f64 * CODE_S,
            overlap_s: best.overlap as f64 * CODE_S,
            bit_error_rate: best.bit_error_rate(),
            score: agreement * best.overlap as f64 / shorter as f64,
        })
    }

    /// The offsets with most votes; of equals the nearest to none.
    fn offsets(&self, other: &[u32], moving: &[bool]) -> Vec<i64> {
        let mut votes = vec![0_u32; self.codes.len() + other.len()];
        for (position, code) in other.iter().enumerate().filter(|(position, _)| moving[*position]) {
            let key = leading(*code);
            let alike = &self.positions[self.starts[key] as usize..self.starts[key + 1] as usize];
            for mine in alike.iter().take(MOST_ALIKE) {
                votes[*mine as usize + other.len() - position] += 1;
            }
        }
        let offset = |index: usize| index as i64 - other.len() as i64;
        let mut best: Vec<(u32, i64)> = Vec::with_capacity(CANDIDATES + 1);
        for (index, votes) in votes.iter().enumerate().filter(|(_, votes)| **votes > 0) {
            let order = |(votes, offset): &(u32, i64)| (std::cmp::Reverse(*votes), offset.abs(), *offset);
            let one = (*votes, offset(index));
            if best.len() < CANDIDATES || best.last().is_some_and(|last| order(&one) < order(last)) {
                best.insert(best.partition_point(|held| order(held) < order(&one)), one);
                best.truncate(CANDIDATES);
            }
        }
        best.into_iter().map(|(_, offset)| offset).collect()
    }

    /// Counts the differing bits where the other begins at that position; `None` when too little is shared.
    fn align(&self, other: &[u32], moving: &[bool], offset: i64) -> Option<Alignment> {
        let mine = usize::try_from(offset).unwrap_or(0);
        let theirs = usize::try_from(-offset).unwrap_or(0);
        let overlap = self.codes.len().saturating_sub(mine).min(other.len().saturating_sub(theirs));
        let (mut shared, mut wrong) = (0, 0);
        for step in 0..overlap {
            if self.moves[mine + step] || moving[theirs + step] {
                shared += 1;
                wrong += u64::from((self.codes[mine + step] ^ other[theirs + step]).count_ones());
            }
        }
        (shared >= FEWEST_SHARED).then_some(Alignment { offset, overlap, shared, wrong })
    }
}

struct Alignment {
    offset: i64,
    overlap: usize,
    /// Positions of the overlap that move in either fingerprint.
    shared: usize,
    /// Bits that differ in those.
    wrong: u64,
}

impl Alignment {
    fn bit_error_rate(&self) -> f64 {
        self.wrong as f64 / (self.shared as f64 * f64::from(u32::BITS))
    }

    /// How unlikely it is by chance, in standard deviations but for a factor.
    fn weight(&self) -> f64 {
        (0.5 - self.bit_error_rate()) * (self.shared as f64).sqrt()
    }
}

fn leading(code: u32) -> usize {
    (code >> (u32::BITS - KEY_BITS)) as usize
}

/// Which positions differ from the one before; the first does.
fn moves(codes: &[u32]) -> Vec<bool> {
    (0..codes.len()).map(|position| position == 0 || codes[position] != codes[position - 1]).collect()
}
