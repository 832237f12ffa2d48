//! What is kept of each spectrum, and blocks and windows of it.

use std::collections::VecDeque;

use super::sums::dot;
use crate::{ONSET_HOP, RATE_11K_HZ, RATE_22K_HZ, TONAL_SIZE};

/// Every second onset spectrum is read: that many a second (43).
pub(super) const FRAMES_HZ: f64 = RATE_22K_HZ as f64 / (2 * ONSET_HOP) as f64;
/// Frames of a block: 40 * 512 samples at 22,050 Hz are as long as 5 * 2,048 at 11,025 Hz.
pub(super) const BLOCK_FRAMES: usize = 40;
/// Every second tonal spectrum, that many to a block.
const BLOCK_TONES: usize = 5;
/// Length of a block, in seconds.
pub(super) const BLOCK_S: f64 = BLOCK_FRAMES as f64 / FRAMES_HZ;
/// Blocks of a window.
pub(super) const WINDOW_BLOCKS: usize = 6;

/// Borders of the bands, in bins of 21.5 Hz: 86 Hz to 6.5 kHz, half an octave to an octave each.
const BAND_BINS: [usize; BANDS + 1] = [4, 9, 16, 28, 46, 74, 120, 190, 300];
/// Bands in which the swing of the level is followed.
pub(super) const BANDS: usize = 8;
/// Where the level of a frame begins, in bins: 65 Hz. What is below is hum and handling.
const LOWEST_BIN: usize = 3;
/// A frame whose power is under that of a sine at -60 dBFS is silent (1.5 is what a window's main lobe holds).
const SILENCE: f32 = 1e-6;

/// Pitch is looked at from 100 Hz to 2.8 kHz: what voices and instruments have in common, and a telephone passes.
const LOWEST_TONE_HZ: f64 = 100.0;
const HIGHEST_TONE_HZ: f64 = 2_800.0;
/// Width of a tonal bin, in Hz.
const TONE_BIN_HZ: f64 = RATE_11K_HZ as f64 / TONAL_SIZE as f64;
/// Bins on each side of which a bin's surroundings are the mean: 54 Hz, half the distance of the harmonics of a voice.
const SURROUNDINGS: usize = 20;

/// What is kept of an onset spectrum.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame {
    /// Square root of the power.
    pub(super) level: f32,
    /// The same in each band.
    pub(super) bands: [f32; BANDS],
}

/// What is kept of a tonal spectrum.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tone {
    /// How much it counts: square root of its power.
    pub(super) weight: f32,
    /// Likeness of its peaks, 0 to 1, to those of 186 ms before (the windows overlap by half).
    pub(super) near: f32,
    /// And to those of 372 ms before (the windows touch).
    pub(super) far: f32,
}

/// The peaks of a tonal spectrum and their norm.
#[derive(Default)]
struct Peaks {
    values: Vec<f32>,
    norm: f32,
}

/// Collects frames into blocks, and blocks into windows.
pub(super) struct Frames {
    frames: VecDeque<Frame>,
    tones: VecDeque<Tone>,
    /// The last sounding blocks, one after the other.
    window_frames: VecDeque<Frame>,
    window_tones: VecDeque<Tone>,
    first_tone: usize,
    last_tone: usize,
    /// Square roots of the magnitudes; then this spectrum's peaks, the last's and those of the one before.
    roots: Vec<f32>,
    peaks: [Peaks; 3],
}

impl Frames {
    pub(super) fn new() -> Self {
        Self {
            frames: VecDeque::new(),
            tones: VecDeque::new(),
            window_frames: VecDeque::new(),
            window_tones: VecDeque::new(),
            first_tone: (LOWEST_TONE_HZ / TONE_BIN_HZ) as usize,
            last_tone: (HIGHEST_TONE_HZ / TONE_BIN_HZ) as usize,
            roots: Vec::new(),
            peaks: Default::default(),
        }
    }

    /// Takes an onset spectrum.
    pub(super) fn onset(&mut self, magnitudes: &[f32]) {
        let power = |from: usize, to: usize| magnitudes.get(from..to).map_or(0.0, |bins| dot(bins, bins));
        let total = power(LOWEST_BIN, magnitudes.len());
        // Also refuses what is not finite.
        let frame = if (0.0..f32::MAX).contains(&total) {
            let bands = std::array::from_fn(|band| power(BAND_BINS[band], BAND_BINS[band + 1]).sqrt());
            Frame { level: total.sqrt(), bands }
        } else {
            Frame::default()
        };
        self.frames.push_back(frame);
    }

    /// Takes a tonal spectrum.
    pub(super) fn tonal(&mut self, magnitudes: &[f32]) {
        self.peaks.rotate_right(1);
        let [now, before, long_before] = &mut self.peaks;
        let bins = magnitudes.get(self.first_tone..self.last_tone).unwrap_or_default();
        let power = dot(bins, bins);
        let mut tone = Tone::default();
        now.values.clear();
        now.norm = 0.0;
        if power > 0.0 && power < f32::MAX {
            self.roots.clear();
            self.roots.extend(bins.iter().map(|magnitude| magnitude.sqrt()));
            stand_out(&self.roots, &mut now.values);
            now.norm = dot(&now.values, &now.values).sqrt();
            let likeness = |other: &Peaks| {
                let norms = now.norm * other.norm;
                if norms > 0.0 { dot(&now.values, &other.values) / norms } else { 0.0 }
            };
            tone = Tone { weight: power.sqrt(), near: likeness(before), far: likeness(long_before) };
        }
        self.tones.push_back(tone);
    }

    /// Moves the next block, if it is complete, into the window; returns whether it has sound. A silent one is dropped.
    pub(super) fn next_block(&mut self) -> Option<bool> {
        if self.frames.len() < BLOCK_FRAMES || self.tones.len() < BLOCK_TONES {
            return None;
        }
        let sounds = self.frames.iter().take(BLOCK_FRAMES).any(|frame| frame.level * frame.level > SILENCE);
        let (frames, tones) = (self.frames.drain(..BLOCK_FRAMES), self.tones.drain(..BLOCK_TONES));
        if sounds {
            if self.window_frames.len() == WINDOW_BLOCKS * BLOCK_FRAMES {
                self.window_frames.drain(..BLOCK_FRAMES);
                self.window_tones.drain(..BLOCK_TONES);
            }
            self.window_frames.extend(frames);
            self.window_tones.extend(tones);
        }
        Some(sounds)
    }

    /// The last six sounding blocks, once there are so many.
    pub(super) fn window(&mut self) -> Option<(&[Frame], &[Tone])> {
        (self.window_frames.len() == WINDOW_BLOCKS * BLOCK_FRAMES).then(|| {
            let frames = self.window_frames.make_contiguous();
            (&*frames, &*self.window_tones.make_contiguous())
        })
    }
}

/// By how much each value stands out of the mean of its surroundings; the ends repeat.
fn stand_out(values: &[f32], out: &mut Vec<f32>) {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return };
    let at = |n: usize| match n.checked_sub(SURROUNDINGS) {
        Some(n) => *values.get(n).unwrap_or(last),
        None => *first,
    };
    let width = 2 * SURROUNDINGS + 1;
    let mut sum: f32 = (0..width).map(at).sum();
    let scale = 1.0 / width as f32;
    for (n, value) in values.iter().enumerate() {
        out.push((value - sum * scale).max(0.0));
        sum += at(n + width) - at(n);
    }
}
