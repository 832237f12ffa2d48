//! The track's shape: peak and RMS in 800 columns of equal length, a finer detail with four frequency bands
//! ([`detail`]), and from that any zoom, as audiowaveform's files have it ([`zoom`]).
//!
//! How long the track is shows only at its end, so that its frames are gathered in at most
//! [`MAX_CELLS`] cells of equal, power-of-two length: when they are full, neighbours are joined and cells
//! get twice as long. At the end the cells are folded into the columns. A cell across the border of two
//! columns (at least 20 cells make a column, unless a cell is one frame) gives its peak to both and its
//! energy to each by its share, so that no energy is lost; a track of fewer than 800 frames is the same
//! case, with frames that spread over several columns.

mod detail;
mod zoom;

use fanfare_model::{
    Result,
    features::{FeaturePart, WAVEFORM_COLUMNS, Waveform},
};

use crate::{
    Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, StartContext,
};
use detail::DetailGatherer;

pub use zoom::{Zoomed, band_columns, zoom};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "waveform",
    version: 2,
    about: "peaks and RMS in 800 columns, extremes and four bands in fine detail, for drawing",
    start: |context| Ok(Box::new(WaveformAnalyzer::new(context))),
};

/// Cells kept at most: 256 KiB, and no fewer than half of them in use on any but the shortest tracks.
const MAX_CELLS: usize = 32_768;
/// Frames that are reduced together at most; longer cells are sums of such runs.
const MAX_RUN: usize = 1_024;
/// Sums kept side by side.
const LANES: usize = 8;

/// Largest absolute sample of any channel, and the sum over frames of the channels' mean square.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Cell {
    peak: f32,
    energy: f32,
}

impl Cell {
    fn join(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), energy: self.energy + other.energy }
    }
}

struct WaveformAnalyzer {
    channels: usize,
    /// Cells that are complete, each of `cell_frames` frames.
    cells: Vec<Cell>,
    cell_frames: usize,
    /// The cell being filled from complete runs, and how many frames it has.
    open: Cell,
    open_frames: usize,
    /// Peak and energy of the frames of the incomplete run.
    peaks: Vec<f32>,
    energies: Vec<f32>,
    /// The finer shape; given away at the end.
    detail: DetailGatherer,
}

impl WaveformAnalyzer {
    fn new(context: &StartContext) -> Self {
        Self {
            channels: context.spec.channels(),
            cells: Vec::new(),
            cell_frames: 1,
            open: Cell { peak: 0.0, energy: 0.0 },
            open_frames: 0,
            peaks: Vec::new(),
            energies: Vec::new(),
            detail: DetailGatherer::new(context.spec.rate.hz()),
        }
    }

    /// Adds each frame's peak and energy to the incomplete run.
    fn gather(&mut self, planes: &[Vec<f32>]) {
        let Some((first, rest)) = planes.split_first() else { return };
        let from = self.peaks.len();
        self.peaks.extend(first.iter().map(|sample| sample.abs()));
        self.energies.extend(first.iter().map(|sample| sample * sample));
        for plane in rest {
            for (peak, sample) in self.peaks[from..].iter_mut().zip(plane) {
                let level = sample.abs();
                *peak = if level > *peak { level } else { *peak };
            }
            for (energy, sample) in self.energies[from..].iter_mut().zip(plane) {
                *energy += sample * sample;
            }
        }
    }

    /// Turns complete runs into cells. Runs begin at multiples of their length, so that every sum is made of
    /// the same frames in the same order, however they arrived.
    fn settle(&mut self) {
        let mut at = 0;
        loop {
            let run = self.cell_frames.min(MAX_RUN);
            if self.peaks.len() - at < run {
                break;
            }
            let cell = reduce(&self.peaks[at..at + run], &self.energies[at..at + run]);
            at += run;
            self.open = if self.open_frames == 0 { cell } else { self.open.join(cell) };
            self.open_frames += run;
            if self.open_frames == self.cell_frames {
                self.cells.push(self.open);
                self.open_frames = 0;
                if self.cells.len() == MAX_CELLS {
                    self.double();
                }
            }
        }
        self.peaks.drain(..at);
        self.energies.drain(..at);
    }

    fn double(&mut self) {
        let (pairs, _) = self.cells.as_chunks::<2>();
        self.cells = pairs.iter().map(|[one, two]| one.join(*two)).collect();
        self.cells.reserve_exact(MAX_CELLS / 2);
        self.cell_frames *= 2;
    }

    /// Folds everything into the columns.
    fn columns(&mut self, frames: u64) -> Waveform {
        // The last cell, not full, takes what is left.
        let rest = reduce(&self.peaks, &self.energies);
        let last = if self.open_frames == 0 { rest } else { self.open.join(rest) };
        self.cells.push(last);

        let columns = WAVEFORM_COLUMNS as u64;
        let mut peaks = vec![0.0_f32; WAVEFORM_COLUMNS];
        let mut energies = vec![0.0_f64; WAVEFORM_COLUMNS];
        // In units of 1 / 800 frame a column is `frames` long, and all borders are whole numbers.
        for (cell, index) in self.cells.iter().zip(0..) {
            let cell_frames = self.cell_frames as u64;
            let (begin, end) = (index * cell_frames, ((index + 1) * cell_frames).min(frames));
            let (begin, end) = (begin * columns, end * columns);
            if end <= begin {
                break;
            }
            let per_unit = f64::from(cell.energy) / (end - begin) as f64;
            for column in begin / frames..=((end - 1) / frames).min(columns - 1) {
                let overlap = end.min((column + 1) * frames) - begin.max(column * frames);
                let column = column as usize;
                peaks[column] = peaks[column].max(cell.peak);
                energies[column] += per_unit * overlap as f64;
            }
        }
        // A column holds frames / 800 frames of so many channels.
        let scale = WAVEFORM_COLUMNS as f64 / (frames.max(1) as f64 * self.channels.max(1) as f64);
        let rms = energies.iter().zip(&peaks).map(|(energy, peak)| {
            // Rounding must not lift the mean above the largest value.
            ((energy * scale).sqrt() as f32).min(*peak).min(1.0)
        });
        let rms = rms.collect();
        for peak in &mut peaks {
            *peak = peak.min(1.0);
        }
        Waveform { peaks, rms, detail: None }
    }
}

impl Analyzer for WaveformAnalyzer {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.gather(chunk.pcm().planes());
        self.settle();
        self.detail.measure(chunk.mono());
        self.detail.see(chunk.onset_spectra());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        self.detail.see(end.onset_spectra());
        let waveform = Waveform { detail: self.detail.take(), ..self.columns(end.frames()) };
        let mut output = AnalyzerOutput::new(FeaturePart::Waveform(waveform));
        if end.frames() == 0 {
            output.absences.push(Absence::new(AbsenceReason::TooShort, "no frames: the waveform is empty"));
        }
        Ok(output)
    }
}

/// One cell of a run of frames: sums in lanes, then the lanes, in an order that only the length decides.
fn reduce(peaks: &[f32], energies: &[f32]) -> Cell {
    let mut lanes = [Cell::default(); LANES];
    let (peak_blocks, peak_rest) = peaks.as_chunks::<LANES>();
    let (energy_blocks, energy_rest) = energies.as_chunks::<LANES>();
    for (peaks, energies) in peak_blocks.iter().zip(energy_blocks) {
        for lane in 0..LANES {
            let peak = lanes[lane].peak;
            lanes[lane].peak = if peaks[lane] > peak { peaks[lane] } else { peak };
            lanes[lane].energy += energies[lane];
        }
    }
    let rest = peak_rest.iter().zip(energy_rest).map(|(&peak, &energy)| Cell { peak, energy });
    lanes.into_iter().chain(rest).fold(Cell::default(), Cell::join)
}
