//! Change of harmony over time: chords change on strong beats, and mostly once a bar
//! (M. Goto and Y. Muraoka, "Real-time beat tracking for drumless audio signals", Speech Communication 27, 1999).

use crate::shared::pitch::{FINE_BINS, FinePitch};

/// Bins in an octave: half semitones, so that music out of tune does not fall between two of them.
const BINS: usize = 24;
/// Tonal frames in a second.
const TONAL_RATE_HZ: f64 = 11_025.0 / 1_024.0;
/// Spans compared before and after a moment, in seconds: about half a bar and a bar.
const SPANS_S: [f64; 2] = [0.6, 1.2];

/// Pitch content over time.
#[derive(Default)]
pub(super) struct Harmony {
    all: Vec<[f32; BINS]>,
    bass: Vec<[f32; BINS]>,
}

fn folded(fine: &[f32; FINE_BINS], trust: f32) -> [f32; BINS] {
    let mut bins = [0.0; BINS];
    for (at, weight) in fine.iter().enumerate() {
        // Five fine bins make two: the middle one is shared.
        let (semitone, part) = (at / 5, at % 5);
        match part {
            0 | 1 => bins[2 * semitone] += weight * trust,
            2 => {
                bins[2 * semitone] += 0.5 * weight * trust;
                bins[2 * semitone + 1] += 0.5 * weight * trust;
            }
            _ => bins[2 * semitone + 1] += weight * trust,
        }
    }
    bins
}

impl Harmony {
    /// Takes the next tonal frame.
    pub(super) fn push(&mut self, pitch: &FinePitch) {
        self.all.push(folded(&pitch.all, pitch.tonalness));
        self.bass.push(folded(&pitch.bass, 1.0));
    }

    /// How many tonal frames are there.
    pub(super) fn frames(&self) -> usize {
        self.all.len()
    }

    /// Forgets the first frames.
    pub(super) fn drop_first(&mut self, frames: usize) {
        let frames = frames.min(self.all.len());
        self.all.drain(..frames);
        self.bass.drain(..frames);
    }

    /// How much the pitch content after each moment differs from that before it: 0 (same) to 1.
    pub(super) fn change(&self, frames: usize, rate_hz: f64, bass: bool) -> Vec<f32> {
        let rows = if bass { &self.bass } else { &self.all };
        let mut sums = Vec::with_capacity(rows.len() + 1);
        let mut sum = [0.0_f64; BINS];
        sums.push(sum);
        for row in rows {
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
            sums.push(sum);
        }
        // The sum up to a moment, in tonal frames (frame k stands for k-1/2 to k+1/2).
        let upto = |at: f64| -> [f64; BINS] {
            let at = (at + 0.5).clamp(0.0, rows.len() as f64);
            let low = (at.floor() as usize).min(rows.len());
            let high = (low + 1).min(rows.len());
            let part = at - at.floor();
            std::array::from_fn(|bin| sums[low][bin] * (1.0 - part) + sums[high][bin] * part)
        };
        let distance = |at: f64, span: f64| -> f64 {
            let (before, here, after) = (upto(at - span), upto(at), upto(at + span));
            let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
            for bin in 0..BINS {
                let (a, b) = (here[bin] - before[bin], after[bin] - here[bin]);
                ab += a * b;
                aa += a * a;
                bb += b * b;
            }
            if aa > 1e-12 && bb > 1e-12 { (1.0 - ab / (aa * bb).sqrt()).max(0.0) } else { 0.0 }
        };
        // Every other frame is enough: tonal windows are 32 frames long.
        let coarse: Vec<f32> = (0..frames.div_ceil(2))
            .map(|n| {
                let at = 2.0 * n as f64 / rate_hz * TONAL_RATE_HZ;
                SPANS_S.iter().map(|span| distance(at, span * TONAL_RATE_HZ)).sum::<f64>() as f32
            })
            .collect();
        (0..frames).map(|n| coarse[n / 2]).collect()
    }
}
