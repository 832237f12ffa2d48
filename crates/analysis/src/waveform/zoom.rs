//! A waveform at any zoom, and as audiowaveform's files (<https://github.com/bbc/audiowaveform>,
//! doc/DataFormat.md, version 2): what peaks.js and waveform-data.js read.
//!
//! Data of one channel, the mono mix, in 8 bits. A *pixel* is a run of frames with its smallest and largest
//! sample. Pixels are whole numbers of the detail's cells joined, and so exactly what measuring at that zoom would
//! give. A zoom that is no multiple of a cell is refined to the next multiple below it, one finer than a cell
//! to a cell: the data always say which zoom they have, and are exact for that.

use fanfare_model::features::WaveformDetail;

use super::detail::{level, power_of};

/// Bit 0 of the flags: 8 bits per value.
const EIGHT_BITS: u32 = 1;
/// Bytes before the data: version, flags, rate, samples per pixel, length, channels.
const HEADER_BYTES: usize = 24;

/// A waveform at one zoom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zoomed {
    /// Rate of the audio, in Hz.
    pub sample_rate_hz: u32,
    /// Frames in a pixel; the last pixel may have fewer.
    pub samples_per_pixel: u32,
    /// Smallest and largest sample of the mono mix in each pixel, -128 to 127.
    pub extremes: Vec<(i8, i8)>,
    /// Level of each band in each pixel, as in [`WaveformDetail::bands`].
    pub bands: Vec<[u8; 4]>,
}

/// The detail at that zoom or the next finer one that it has; a zoom of 0 is the finest.
///
/// The extremes are exact. A band's level is the mean power of the cells' rounded levels: within 0.12 dB, but
/// where that mean is near the floor of -60 dBFS.
#[must_use]
pub fn zoom(detail: &WaveformDetail, sample_rate_hz: u32, samples_per_pixel: u32) -> Zoomed {
    let frames_per_cell = detail.frames_per_cell.max(1);
    let cells = (samples_per_pixel / frames_per_cell).max(1);
    let extremes = detail.extremes.chunks(cells as usize).map(|cells| {
        let wider = |(low, high): (i8, i8), cell: &(i8, i8)| (low.min(cell.0), high.max(cell.1));
        cells.iter().fold((i8::MAX, i8::MIN), wider)
    });
    Zoomed {
        sample_rate_hz,
        samples_per_pixel: cells * frames_per_cell,
        extremes: extremes.collect(),
        bands: detail.bands.chunks(cells as usize).map(mean_bands).collect(),
    }
}

/// The bands in that many columns of equal length over the whole track, for drawing beside its peaks.
#[must_use]
pub fn band_columns(detail: &WaveformDetail, columns: usize) -> Vec<[u8; 4]> {
    let cells = detail.bands.len();
    if cells == 0 {
        return Vec::new();
    }
    let column = |column: usize| {
        let begin = (column * cells / columns).min(cells - 1);
        let end = ((column + 1) * cells).div_ceil(columns).clamp(begin + 1, cells);
        mean_bands(&detail.bands[begin..end])
    };
    (0..columns).map(column).collect()
}

fn mean_bands(cells: &[[u8; 4]]) -> [u8; 4] {
    if let [only] = cells {
        return *only;
    }
    std::array::from_fn(|band| {
        let sum: f64 = cells.iter().map(|cell| power_of(cell[band])).sum();
        level(sum / cells.len() as f64)
    })
}

impl Zoomed {
    /// The version of both formats that is written.
    pub const VERSION: u8 = 2;
    /// Channels of the data: the mono mix.
    pub const CHANNELS: u8 = 1;
    /// Bits per value.
    pub const BITS: u8 = 8;

    /// The numbers of both formats: smallest and largest of each pixel in turn.
    pub fn values(&self) -> impl Iterator<Item = i8> {
        self.extremes.iter().flat_map(|(low, high)| [*low, *high])
    }

    /// The binary form, `.dat` version 2.
    #[must_use]
    pub fn to_dat(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + 2 * self.extremes.len());
        bytes.extend(i32::from(Self::VERSION).to_le_bytes());
        bytes.extend(EIGHT_BITS.to_le_bytes());
        // Signed in the format; our rates and zooms are far below 2^31, and a larger one is cut to it.
        bytes.extend(i32::try_from(self.sample_rate_hz).unwrap_or(i32::MAX).to_le_bytes());
        bytes.extend(i32::try_from(self.samples_per_pixel).unwrap_or(i32::MAX).to_le_bytes());
        bytes.extend((self.extremes.len() as u32).to_le_bytes());
        bytes.extend(i32::from(Self::CHANNELS).to_le_bytes());
        bytes.extend(self.values().flat_map(i8::to_le_bytes));
        bytes
    }

    /// The text form, `.json` version 2: one object, without line breaks.
    #[must_use]
    pub fn to_json(&self) -> String {
        let values: Vec<String> = self.values().map(|value| value.to_string()).collect();
        format!(
            r#"{{"version":{},"channels":{},"sample_rate":{},"samples_per_pixel":{},"bits":{},"length":{},"data":[{}]}}"#,
            Self::VERSION,
            Self::CHANNELS,
            self.sample_rate_hz,
            self.samples_per_pixel,
            Self::BITS,
            self.extremes.len(),
            values.join(",")
        )
    }
}
