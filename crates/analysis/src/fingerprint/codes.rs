//! From chroma rows to 32-bit codes: sixteen differences of areas of the image, each quantised to two bits.

use std::collections::VecDeque;

use super::chroma::Row;

/// How many rows the widest classifier spans, and so how many rows the first code needs.
pub(super) const WIDEST: usize = 16;

/// How the two compared areas of a classifier lie: Chromaprint's filters 0 to 5.
#[derive(Clone, Copy)]
enum Shape {
    /// The whole area against nothing.
    Whole,
    /// Upper half of the pitches against the lower.
    PitchHalves,
    /// Later half against the earlier.
    TimeHalves,
    /// The two diagonals of four quarters.
    Quarters,
    /// Middle third of the pitches against the outer thirds.
    PitchThirds,
    /// Middle third of the time against the outer thirds.
    TimeThirds,
}

/// A comparison of areas: first pitch class, pitch classes, rows, and the three limits of its four levels.
struct Classifier(Shape, usize, usize, usize, [f64; 3]);

/// The trained table of Chromaprint's algorithm 1 (`CHROMAPRINT_ALGORITHM_TEST2`): facts that decide
/// whether AcoustID recognises a code (`fingerprinter_configuration.cpp` of chromaprint, MIT).
const CLASSIFIERS: [Classifier; 16] = [
    Classifier(Shape::Whole, 4, 3, 15, [1.98215, 2.35817, 2.63523]),
    Classifier(Shape::PitchThirds, 4, 6, 15, [-1.03809, -0.651211, -0.282167]),
    Classifier(Shape::PitchHalves, 0, 4, 16, [-0.298702, 0.119262, 0.558497]),
    Classifier(Shape::Quarters, 8, 2, 12, [-0.105439, 0.0153946, 0.135898]),
    Classifier(Shape::Quarters, 4, 4, 8, [-0.142891, 0.0258736, 0.200632]),
    Classifier(Shape::PitchThirds, 0, 3, 5, [-0.826319, -0.590612, -0.368214]),
    Classifier(Shape::PitchHalves, 2, 2, 9, [-0.557409, -0.233035, 0.0534525]),
    Classifier(Shape::TimeHalves, 7, 3, 4, [-0.0646826, 0.00620476, 0.0784847]),
    Classifier(Shape::TimeHalves, 6, 2, 16, [-0.192387, -0.029699, 0.215855]),
    Classifier(Shape::TimeHalves, 1, 3, 2, [-0.0397818, -0.00568076, 0.0292026]),
    Classifier(Shape::TimeThirds, 10, 1, 15, [-0.53823, -0.369934, -0.190235]),
    Classifier(Shape::Quarters, 6, 2, 10, [-0.124877, 0.0296483, 0.139239]),
    Classifier(Shape::TimeHalves, 1, 1, 14, [-0.101475, 0.0225617, 0.231971]),
    Classifier(Shape::Quarters, 5, 6, 4, [-0.0799915, -0.00729616, 0.063262]),
    Classifier(Shape::PitchHalves, 9, 2, 12, [-0.272556, 0.019424, 0.302559]),
    Classifier(Shape::Quarters, 4, 2, 14, [-0.164292, -0.0321188, 0.0846339]),
];

/// Two-bit codes of the four levels, neighbours differing in one bit.
const GRAY: [u32; 4] = [0, 1, 3, 2];

/// Sums of all rows so far up to each pitch class; the difference of two such rows gives any area.
type Sums = [f64; 13];

/// Turns chroma rows into codes, one per row once [`WIDEST`] rows are there. Keeps only the last rows.
pub(super) struct Coder {
    sums: VecDeque<Sums>,
}

impl Coder {
    /// A coder that has seen no row.
    pub(super) fn new() -> Self {
        let mut sums = VecDeque::with_capacity(WIDEST + 2);
        sums.push_back([0.0; 13]);
        Self { sums }
    }

    /// Takes a row; gives the code of the [`WIDEST`] rows that end with it.
    pub(super) fn push(&mut self, row: &Row) -> Option<u32> {
        let mut next = self.sums.back().copied().unwrap_or([0.0; 13]);
        let mut running = 0.0;
        for (class, value) in row.iter().enumerate() {
            running += value;
            next[class + 1] += running;
        }
        self.sums.push_back(next);
        if self.sums.len() > WIDEST + 1 {
            self.sums.pop_front();
        }
        (self.sums.len() == WIDEST + 1)
            .then(|| CLASSIFIERS.iter().fold(0, |code, classifier| code << 2 | GRAY[self.level(classifier)]))
    }

    fn level(&self, &Classifier(shape, pitch, pitches, rows, limits): &Classifier) -> usize {
        let (top, end) = (pitch + pitches, rows);
        // `area(t0, t1, p0, p1)`: rows t0..t1 of the window, pitch classes p0..p1.
        let area = |t0: usize, t1: usize, p0: usize, p1: usize| {
            self.sums[t1][p1] - self.sums[t0][p1] - self.sums[t1][p0] + self.sums[t0][p0]
        };
        let (mid_pitch, mid_row) = (pitch + pitches / 2, rows / 2);
        let (third_pitch, third_row) = (pitches / 3, rows / 3);
        let (inside, outside) = match shape {
            Shape::Whole => (area(0, end, pitch, top), 0.0),
            Shape::PitchHalves => (area(0, end, mid_pitch, top), area(0, end, pitch, mid_pitch)),
            Shape::TimeHalves => (area(mid_row, end, pitch, top), area(0, mid_row, pitch, top)),
            Shape::Quarters => (
                area(0, mid_row, mid_pitch, top) + area(mid_row, end, pitch, mid_pitch),
                area(0, mid_row, pitch, mid_pitch) + area(mid_row, end, mid_pitch, top),
            ),
            Shape::PitchThirds => (
                area(0, end, pitch + third_pitch, pitch + 2 * third_pitch),
                area(0, end, pitch, pitch + third_pitch) + area(0, end, pitch + 2 * third_pitch, top),
            ),
            Shape::TimeThirds => (
                area(third_row, 2 * third_row, pitch, top),
                area(0, third_row, pitch, top) + area(2 * third_row, end, pitch, top),
            ),
        };
        let value = (1.0 + inside.max(0.0)).ln() - (1.0 + outside.max(0.0)).ln();
        limits.iter().take_while(|limit| value >= **limit).count()
    }
}
