//! RMS, peak, clipping and silence of all channels.

/// Frames looked at together.
const BLOCK: usize = 64;
/// Sums kept side by side.
const LANES: usize = 8;
/// Frames whose mean power decides together whether they are silent: 6 ms at 44.1 kHz, a multiple of [`BLOCK`].
const STRETCH: u64 = 256;
/// A stretch sounds from that RMS on in any channel: -60 dBFS, the threshold of Essentia's StartStopSilence. Within it,
/// the sound begins and ends with samples of that size.
const SILENCE: f32 = 0.001;
/// From there on a sample is at full scale: the largest value of 16 bits.
const FULL_SCALE: f32 = 32_767.0 / 32_768.0;
/// So many samples of a channel at full scale of one sign, one after the other, are clipped; two can be the
/// honest top of a wave.
const CLIPPED_RUN: u32 = 3;

/// Measures level.
pub(super) struct Level {
    channels: usize,
    frame: u64,
    /// Frames that wait for their block to be full.
    pending: Vec<Vec<f32>>,
    energy: f64,
    peak: f32,
    /// Of the present stretch: each channel's energy, the first and the last sample above [`SILENCE`].
    stretch_energy: Vec<f32>,
    stretch_sound: Option<(u64, u64)>,
    first_sound: Option<u64>,
    last_sound: u64,
    /// Each channel's run of full-scale samples up to here, and its sign.
    runs: Vec<(u32, bool)>,
    /// Whether each of the last frames is counted already, the last one in bit 0.
    counted: u32,
    clipped_frames: u64,
}

/// What was measured; silences in frames, levels as factors of full scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    pub(super) rms: f64,
    pub(super) peak: f32,
    pub(super) clipped_frames: u64,
    pub(super) silence_head: u64,
    pub(super) silence_tail: u64,
}

impl Level {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            channels,
            frame: 0,
            pending: vec![Vec::with_capacity(BLOCK); channels],
            energy: 0.0,
            peak: 0.0,
            stretch_energy: vec![0.0; channels],
            stretch_sound: None,
            first_sound: None,
            last_sound: 0,
            runs: vec![(0, false); channels],
            counted: 0,
            clipped_frames: 0,
        }
    }

    /// Blocks begin at multiples of their length, so that sums are the same however the frames arrive.
    pub(super) fn push(&mut self, planes: &[Vec<f32>]) {
        let frames = planes.first().map_or(0, Vec::len);
        let waiting = self.pending.first().map_or(0, Vec::len);
        let mut at = 0;
        if waiting > 0 {
            at = (BLOCK - waiting).min(frames);
            for (pending, plane) in self.pending.iter_mut().zip(planes) {
                pending.extend_from_slice(&plane[..at]);
            }
            if waiting + at < BLOCK {
                return;
            }
            let mut pending = std::mem::take(&mut self.pending);
            self.block(&pending, 0, BLOCK);
            pending.iter_mut().for_each(Vec::clear);
            self.pending = pending;
        }
        while frames - at >= BLOCK {
            self.block(planes, at, BLOCK);
            at += BLOCK;
        }
        for (pending, plane) in self.pending.iter_mut().zip(planes) {
            pending.extend_from_slice(&plane[at..]);
        }
    }

    fn block(&mut self, planes: &[Vec<f32>], at: usize, count: usize) {
        let mut loudest = 0.0_f32;
        for (plane, stretch) in planes.iter().zip(&mut self.stretch_energy) {
            let (peak, energy) = measure(&plane[at..at + count]);
            loudest = loudest.max(peak);
            self.energy += f64::from(energy);
            *stretch += energy;
        }
        self.peak = self.peak.max(loudest);
        if loudest >= SILENCE {
            let sounds = |frame: &usize| planes.iter().any(|plane| plane[at + frame].abs() >= SILENCE);
            if let Some(last) = (0..count).rev().find(sounds) {
                let first = match self.stretch_sound {
                    Some((first, _)) => first,
                    // Where the first sound is known, no later beginning matters.
                    None if self.first_sound.is_some() => self.frame,
                    None => self.frame + (0..count).find(sounds).unwrap_or(last) as u64,
                };
                self.stretch_sound = Some((first, self.frame + last as u64));
            }
        }
        if loudest >= FULL_SCALE {
            (at..at + count).for_each(|frame| self.count_clipping(planes, frame));
        } else {
            self.runs.fill((0, false));
            self.counted = 0;
        }
        self.frame += count as u64;
        if self.frame.is_multiple_of(STRETCH) {
            self.end_stretch(STRETCH);
        }
    }

    fn end_stretch(&mut self, frames: u64) {
        let least = frames as f32 * SILENCE * SILENCE;
        let sounds = self.stretch_energy.iter().any(|energy| *energy >= least);
        if let (true, Some((first, last))) = (sounds, self.stretch_sound) {
            self.first_sound.get_or_insert(first);
            self.last_sound = last;
        }
        self.stretch_energy.fill(0.0);
        self.stretch_sound = None;
    }

    fn count_clipping(&mut self, planes: &[Vec<f32>], frame: usize) {
        // Frames that are part of a run: this one and those before it, as bits from the last.
        let mut clipped = 0_u32;
        for (run, plane) in self.runs.iter_mut().zip(planes) {
            let sample = plane[frame];
            let positive = sample > 0.0;
            run.0 = match sample.abs() >= FULL_SCALE {
                false => 0,
                true if run.1 == positive => run.0.saturating_add(1),
                true => 1,
            };
            run.1 = positive;
            if run.0 >= CLIPPED_RUN {
                clipped |= (1 << CLIPPED_RUN) - 1;
            }
        }
        self.counted <<= 1;
        self.clipped_frames += u64::from((clipped & !self.counted).count_ones());
        self.counted |= clipped;
    }

    pub(super) fn reading(&mut self) -> Reading {
        let pending = std::mem::take(&mut self.pending);
        let waiting = pending.first().map_or(0, Vec::len);
        self.block(&pending, 0, waiting);
        self.end_stretch((self.frame % STRETCH).max(1));
        let samples = (self.frame * self.channels as u64).max(1);
        Reading {
            rms: (self.energy / samples as f64).sqrt(),
            peak: self.peak,
            clipped_frames: self.clipped_frames,
            // A track without any sound is all head.
            silence_head: self.first_sound.unwrap_or(self.frame),
            silence_tail: self.first_sound.map_or(0, |_| self.frame - 1 - self.last_sound),
        }
    }
}

/// Largest absolute sample and sum of squares.
fn measure(samples: &[f32]) -> (f32, f32) {
    let (mut peaks, mut sums) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (blocks, rest) = samples.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            let level = block[lane].abs();
            peaks[lane] = if level > peaks[lane] { level } else { peaks[lane] };
            sums[lane] += block[lane] * block[lane];
        }
    }
    let peak = peaks.into_iter().chain(rest.iter().map(|sample| sample.abs())).fold(0.0, f32::max);
    (peak, sums.into_iter().chain(rest.iter().map(|sample| sample * sample)).sum())
}
