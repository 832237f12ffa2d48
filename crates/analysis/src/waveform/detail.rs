//! The finer shape: extremes of the mono mix, and four bands from the shared spectra.
//!
//! Cells begin as short as 64 frames. Whenever one more than [`WaveformDetail::MOST`] would be needed,
//! neighbours are joined and cells are twice as long: 4,097 to 8,192 of them from 6 s on.
//!
//! The bands are read from the onset spectra (Hann 1024, hop 256 at 22,050 Hz): a spectrum belongs to the cell
//! in which its centre lies, and a cell has the mean of its spectra's power. Where cells are shorter than a hop
//! (11.6 ms), those without a spectrum have the level of the one before. A full-scale sine is 0 dBFS. A window
//! is 46 ms long, so that a level begins to rise up to 23 ms before the sound does.
//!
//! Power is summed up in whole numbers: whichever comes first, the spectrum or the joining of cells, the sum is
//! the same, and so is the result for any division into chunks.

use fanfare_model::features::WaveformDetail;

use crate::{ONSET_HOP, ONSET_SIZE, RATE_22K_HZ, SpectraBlock};

/// The shortest cell, in frames.
const MIN_CELL_FRAMES: u32 = 64;
/// 8-bit units of full scale.
const FULL_SCALE: f32 = 128.0;
/// Power 1 in the units that are summed up.
const POWER_UNIT: f64 = (1_u64 << 32) as f64;
/// A spectrum's power counts no more than that (42 dB above full scale), so that sums cannot overflow within
/// 2^18 spectra of such noise (50 minutes); beyond, they stay at their largest.
const MAX_POWER: f64 = (1_u64 << 14) as f64;
/// The sum of a sine's squared magnitudes under the Hann window, of which the largest is 1.
const SINE_POWER: f64 = 1.5;
/// What level 0 stands for, in dBFS; 255 is 0 dBFS.
const FLOOR_DB: f64 = -60.0;
/// Largest level.
const MAX_LEVEL: f64 = 255.0;
/// Sums kept side by side.
const LANES: usize = 8;

/// Bands of a cell: the power of its spectra, summed up, and how many there are.
#[derive(Debug, Clone, Copy, Default)]
struct Bands {
    power: [u64; 4],
    spectra: u32,
}

impl Bands {
    fn join(self, other: Self) -> Self {
        Self {
            power: std::array::from_fn(|band| self.power[band].saturating_add(other.power[band])),
            spectra: self.spectra.saturating_add(other.spectra),
        }
    }
}

/// Gathers the detail of a track.
pub(super) struct DetailGatherer {
    rate_hz: u32,
    cell_frames: u32,
    /// Smallest and largest sample of every complete cell, then of the open one.
    extremes: Vec<(f32, f32)>,
    /// Frames in the open cell; none while there is no open one.
    open_frames: u32,
    bands: Vec<Bands>,
    /// The first bin of each band, and the end of the last.
    edges: [usize; 5],
}

impl DetailGatherer {
    pub(super) fn new(rate_hz: u32) -> Self {
        let bin_hz = f64::from(RATE_22K_HZ) / ONSET_SIZE as f64;
        let [low, middle, high] = WaveformDetail::BAND_EDGES_HZ.map(|hz| (hz / bin_hz).round() as usize);
        Self {
            rate_hz,
            cell_frames: MIN_CELL_FRAMES,
            extremes: Vec::new(),
            open_frames: 0,
            bands: Vec::new(),
            // From 43 Hz: a constant, which is no sound, reaches the two bins below.
            edges: [2, low, middle, high, ONSET_SIZE / 2 + 1],
        }
    }

    /// Takes the next samples of the mono mix.
    pub(super) fn measure(&mut self, mut mono: &[f32]) {
        while !mono.is_empty() {
            if self.open_frames == 0 {
                if self.extremes.len() == WaveformDetail::MOST {
                    self.double();
                }
                self.extremes.push((f32::INFINITY, f32::NEG_INFINITY));
            }
            let wanted = (self.cell_frames - self.open_frames) as usize;
            let (now, later) = mono.split_at(wanted.min(mono.len()));
            if let Some(open) = self.extremes.last_mut() {
                *open = wider(*open, extremes(now));
            }
            self.open_frames = (self.open_frames + now.len() as u32) % self.cell_frames;
            mono = later;
        }
    }

    /// Takes the next spectra, once the samples that they are of have been heard.
    pub(super) fn see(&mut self, spectra: &SpectraBlock) {
        let last = self.extremes.len().saturating_sub(1);
        for (number, row) in (spectra.first_frame_index()..).zip(spectra.rows()) {
            // The product stays below 2^64 for 30,000 years of spectra at 768 kHz.
            let frame = number * ONSET_HOP as u64 * u64::from(self.rate_hz) / u64::from(RATE_22K_HZ);
            let cell = ((frame / u64::from(self.cell_frames)) as usize).min(last);
            if cell >= self.bands.len() {
                self.bands.resize(cell + 1, Bands::default());
            }
            let power = std::array::from_fn(|band| {
                let power = energy(&row[self.edges[band]..self.edges[band + 1]]) / SINE_POWER;
                (power.min(MAX_POWER) * POWER_UNIT) as u64
            });
            self.bands[cell] = self.bands[cell].join(Bands { power, spectra: 1 });
        }
    }

    fn double(&mut self) {
        self.extremes =
            self.extremes.chunks(2).filter_map(|pair| pair.iter().copied().reduce(wider)).collect();
        self.bands =
            self.bands.chunks(2).filter_map(|pair| pair.iter().copied().reduce(Bands::join)).collect();
        self.cell_frames = self.cell_frames.saturating_mul(2);
    }

    /// The detail of the whole track; `None` if it had no frames.
    pub(super) fn take(&mut self) -> Option<WaveformDetail> {
        if self.extremes.is_empty() {
            return None;
        }
        self.bands.resize(self.extremes.len(), Bands::default());
        let mut held = [0; 4];
        let bands = self.bands.iter().map(|bands| {
            if bands.spectra > 0 {
                held = bands.power.map(|sum| level(sum as f64 / POWER_UNIT / f64::from(bands.spectra)));
            }
            held
        });
        Some(WaveformDetail {
            frames_per_cell: self.cell_frames,
            extremes: self.extremes.iter().map(|(low, high)| (in_8_bits(*low), in_8_bits(*high))).collect(),
            bands: bands.collect(),
        })
    }
}

/// The smallest and largest sample. NaN counts as nothing.
fn extremes(samples: &[f32]) -> (f32, f32) {
    let mut lanes = [(f32::INFINITY, f32::NEG_INFINITY); LANES];
    let (blocks, rest) = samples.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] = wider(lanes[lane], (block[lane], block[lane]));
        }
    }
    let rest = rest.iter().map(|sample| (*sample, *sample));
    lanes.into_iter().chain(rest).fold((f32::INFINITY, f32::NEG_INFINITY), wider)
}

const fn wider(one: (f32, f32), other: (f32, f32)) -> (f32, f32) {
    (if other.0 < one.0 { other.0 } else { one.0 }, if other.1 > one.1 { other.1 } else { one.1 })
}

/// A sample in 8 bits, rounded. Rounding keeps the order: extremes may be joined before or after it.
fn in_8_bits(sample: f32) -> i8 {
    // The conversion stays within -128 and 127.
    (sample * FULL_SCALE).round() as i8
}

fn energy(magnitudes: &[f32]) -> f64 {
    let mut lanes = [0.0_f32; LANES];
    let (blocks, rest) = magnitudes.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] += block[lane] * block[lane];
        }
    }
    lanes.into_iter().chain(rest.iter().map(|magnitude| magnitude * magnitude)).map(f64::from).sum()
}

/// The level of a mean power, a full-scale sine having 1.
pub(super) fn level(power: f64) -> u8 {
    // Silence is minus infinity, which becomes 0.
    ((10.0 * power.log10() - FLOOR_DB) / -FLOOR_DB * MAX_LEVEL).round() as u8
}

/// The power that a level stands for; level 0 has none.
pub(super) fn power_of(level: u8) -> f64 {
    if level == 0 {
        return 0.0;
    }
    10_f64.powf((f64::from(level) / MAX_LEVEL * -FLOOR_DB + FLOOR_DB) / 10.0)
}
