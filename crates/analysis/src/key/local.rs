//! The keys in turn: evidence for each key second by second, and the likeliest way through it.
//!
//! Method: a Markov chain over the 24 keys, as in H. Papadopoulos and G. Peeters, "Local Key Estimation from an Audio
//! Signal Relying on Harmonic and Metrical Structures" (IEEE Trans. Audio, Speech, Language Processing 20, 2012), with
//! the price for every change of key of D. Temperley, "The Cognition of Basic Musical Structures" (2001), and a shortest
//! stay, so that a chord held for a few bars is no key. A change between relative keys, which share their notes,
//! must be better founded than another.
//!
//! Vocabulary: a *block* is a second or more of [`Evidence`]; a *stretch* is a run of segments in one key.
//!
//! Invariant: at most [`MOST_BLOCKS`] blocks are kept; longer tracks are looked at in longer blocks.

use super::{
    profiles::{PROFILES, correlation},
    scale::{Classes, KEYS, in_scale, normalised, relative, rotated, supporting_chords},
};

/// How well each key fits, in the odds of [`super::judge`], summed over sounding segments.
type Evidence = [f32; KEYS];

/// Segments in a block at first: 1.1 s.
const BLOCK_SEGMENTS: usize = 2;
/// Most blocks kept (76 minutes of the shortest); then neighbours are joined and blocks are twice as long. Even.
const MOST_BLOCKS: usize = 4_096;
/// Shortest stay in a key, in segments: 13.4 s. Keys are heard over phrases; this is six to eight bars of popular music.
const SHORTEST_STAY: usize = 24;
/// What a change of key must gain over staying, in odds summed over segments.
const CHANGE: f32 = 80.0;
/// What a change to the relative key must gain beyond that: only the use of the notes differs, not the notes.
const RELATIVE_CHANGE: f32 = 40.0;
/// Weights of the four profiles together, the share of the scale, of the tonic chord, of its neighbours in fifths, and of the
/// bass. Against the whole track's weights the notes of the scale count for more and chords for less: a few bars have few chords.
const WEIGHTS: [f64; 5] = [4.5, 20.0, 4.0, 2.0, 0.5];

/// A run of segments in one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    pub(super) first_segment: usize,
    pub(super) end_segment: usize,
    /// 0 to 11 major, 12 to 23 minor.
    pub(super) key: usize,
    /// Probability among the 24 keys, from the stretch alone.
    pub(super) confidence: f64,
}

/// Collects evidence, segment after segment.
pub(super) struct KeyPath {
    blocks: Vec<Evidence>,
    /// Sounding segments in each block.
    sounding: Vec<u16>,
    block_segments: usize,
    open: OpenBlock,
    segments: usize,
}

#[derive(Default)]
struct OpenBlock {
    whole: [f64; 12],
    bass: [f64; 12],
    chords: [f64; KEYS],
    sounding: u16,
    segments: usize,
}

impl Default for KeyPath {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            sounding: Vec::new(),
            block_segments: BLOCK_SEGMENTS,
            open: OpenBlock::default(),
            segments: 0,
        }
    }
}

impl KeyPath {
    /// Adds a segment that sounds, with the triad it sounds most like.
    pub(super) fn add(&mut self, (all, bass): &Classes, chord: usize) {
        for class in 0..12 {
            self.open.whole[class] += all[class];
            self.open.bass[class] += bass[class];
        }
        self.open.chords[chord] += 1.0;
        self.open.sounding += 1;
        self.close_segment();
    }

    /// Adds a segment that is a pause.
    pub(super) fn add_pause(&mut self) {
        self.close_segment();
    }

    fn close_segment(&mut self) {
        self.segments += 1;
        self.open.segments += 1;
        if self.open.segments == self.block_segments {
            self.close_block();
        }
    }

    fn close_block(&mut self) {
        let block = std::mem::take(&mut self.open);
        self.blocks.push(block.evidence());
        self.sounding.push(block.sounding);
        if self.blocks.len() == MOST_BLOCKS {
            let pairs = self.blocks.chunks_exact(2);
            self.blocks = pairs.map(|pair| std::array::from_fn(|key| pair[0][key] + pair[1][key])).collect();
            self.sounding =
                self.sounding.chunks_exact(2).map(|pair| pair[0].saturating_add(pair[1])).collect();
            self.block_segments *= 2;
        }
    }

    /// The stretches in turn, without gaps; none when nothing was added.
    pub(super) fn stretches(mut self) -> Vec<Stretch> {
        if self.open.segments > 0 {
            self.close_block();
        }
        let stay = SHORTEST_STAY.div_ceil(self.block_segments);
        likeliest(&self.blocks, stay)
            .into_iter()
            .map(|(first, end, key)| Stretch {
                first_segment: first * self.block_segments,
                end_segment: (end * self.block_segments).min(self.segments),
                key,
                confidence: self.confidence(first, end, key),
            })
            .collect()
    }

    fn confidence(&self, first: usize, end: usize, key: usize) -> f64 {
        let sounding: f64 = self.sounding[first..end].iter().map(|count| f64::from(*count)).sum();
        let mut sum = [0.0; KEYS];
        for block in &self.blocks[first..end] {
            for (sum, evidence) in sum.iter_mut().zip(block) {
                *sum += f64::from(*evidence);
            }
        }
        1.0 / sum.iter().map(|other| ((other - sum[key]) / sounding.max(1.0)).exp()).sum::<f64>()
    }
}

impl OpenBlock {
    fn evidence(&self) -> Evidence {
        if self.sounding == 0 {
            return [0.0; KEYS];
        }
        let sounding = f64::from(self.sounding);
        let (whole, bass) = (normalised(self.whole), normalised(self.bass));
        std::array::from_fn(|key| {
            let (degrees, low) = (rotated(&whole, key % 12), rotated(&bass, key % 12));
            let fits = PROFILES.iter().map(|profile| correlation(&degrees, profile.of(key)));
            let chords: f64 = supporting_chords(key).map(|chord| self.chords[chord]).sum();
            let cues = [
                fits.sum::<f64>() / PROFILES.len() as f64,
                in_scale(&degrees, key),
                self.chords[key] / sounding,
                chords / sounding,
                low[0] + 0.5 * low[7],
            ];
            (cues.iter().zip(WEIGHTS).map(|(cue, weight)| cue * weight).sum::<f64>() * sounding) as f32
        })
    }
}

fn price(from: usize, to: usize) -> f32 {
    if relative(from) == to { CHANGE + RELATIVE_CHANGE } else { CHANGE }
}

/// The likeliest keys as (first block, end block, key): Viterbi's algorithm, every stay at least `stay` blocks.
fn likeliest(blocks: &[Evidence], stay: usize) -> Vec<(usize, usize, usize)> {
    /// The key was the same in the block before.
    const STAYED: u8 = u8::MAX;
    let Some(first) = blocks.first() else { return Vec::new() };
    // Evidence of the last `stay` blocks, and the best sums up to each of them, by block number modulo `stay`.
    let mut best = vec![[0.0_f32; KEYS]; stay];
    let mut came_from = vec![[STAYED; KEYS]; blocks.len()];
    let mut here = *first;
    best[0] = here;
    let mut recent = *first;
    for (block, evidence) in blocks.iter().enumerate().skip(1) {
        // A key entered now was entered `stay` blocks ago, and all since then counts for it.
        for key in 0..KEYS {
            recent[key] += evidence[key] - block.checked_sub(stay).map_or(0.0, |old| blocks[old][key]);
            here[key] += evidence[key];
        }
        if block + 1 >= 2 * stay {
            let before = &best[block % stay];
            for key in 0..KEYS {
                let enter = |from: usize| before[from] - price(from, key);
                let others = (0..KEYS).filter(|from| *from != key);
                let Some(from) = others.max_by(|a, b| enter(*a).total_cmp(&enter(*b))) else { continue };
                if enter(from) + recent[key] > here[key] {
                    here[key] = enter(from) + recent[key];
                    came_from[block][key] = from as u8;
                }
            }
        }
        best[block % stay] = here;
    }
    let mut key = (1..KEYS).fold(0, |best, key| if here[key] > here[best] { key } else { best });
    let (mut stretches, mut end, mut block) = (Vec::new(), blocks.len(), blocks.len() - 1);
    loop {
        let from = came_from[block][key];
        if from != STAYED {
            let start = block + 1 - stay;
            stretches.push((start, end, key));
            (end, key, block) = (start, usize::from(from), start - 1);
        } else if block == 0 {
            stretches.push((0, end, key));
            stretches.reverse();
            return stretches;
        } else {
            block -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment that sounds like that major key: its scale, the tonic chord loudest.
    fn sounding(tonic: usize) -> Classes {
        let mut all = [0.0; 12];
        for (degree, level) in [(0, 3.0), (2, 1.0), (4, 2.0), (5, 1.0), (7, 2.5), (9, 1.0), (11, 1.0)] {
            all[(tonic + degree) % 12] = level / 11.5;
        }
        let mut bass = [0.0; 12];
        bass[tonic % 12] = 1.0;
        (all, bass)
    }

    fn path(parts: &[(usize, usize)]) -> KeyPath {
        let mut path = KeyPath::default();
        for (tonic, segments) in parts {
            for _ in 0..*segments {
                path.add(&sounding(*tonic), *tonic);
            }
        }
        path
    }

    #[test]
    fn long_tracks_keep_few_blocks_and_their_modulations() {
        let six_hours = 38_000;
        let path = path(&[(0, six_hours / 2), (1, six_hours / 2)]);
        assert!(path.blocks.len() <= MOST_BLOCKS && path.blocks.capacity() <= 2 * MOST_BLOCKS);
        let block = path.block_segments;
        let stretches = path.stretches();
        assert_eq!(stretches.iter().map(|stretch| stretch.key).collect::<Vec<_>>(), [0, 1]);
        assert!(stretches[0].end_segment.abs_diff(six_hours / 2) <= block);
        assert_eq!((stretches[0].first_segment, stretches[1].end_segment), (0, six_hours));
    }

    #[test]
    fn stays_are_not_too_short_and_pauses_belong_to_them() {
        for (parts, expected) in [
            (&[(0, 100), (6, SHORTEST_STAY / 3), (0, 100)][..], &[0][..]),
            (&[(0, 100), (6, SHORTEST_STAY + 6), (0, 100)], &[0, 6, 0]),
            (&[(0, 5)], &[0]),
            (&[(0, 3), (6, 3)], &[0]),
        ] {
            let found: Vec<usize> = path(parts).stretches().iter().map(|stretch| stretch.key).collect();
            assert_eq!(found.len(), expected.len(), "{parts:?}: {found:?}");
        }
        let mut paused = path(&[(0, 100)]);
        (0..200).for_each(|_| paused.add_pause());
        (0..100).for_each(|_| paused.add(&sounding(0), 0));
        assert_eq!(paused.stretches().len(), 1);
        assert_eq!(KeyPath::default().stretches(), []);
    }
}
