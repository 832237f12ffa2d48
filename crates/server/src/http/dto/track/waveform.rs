//! A track's shape.

use fanfare_analysis::waveform::Zoomed;
use serde::Serialize;
use utoipa::ToSchema;

/// The track's shape, for drawing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackWaveform)]
pub struct TrackWaveformDto {
    /// How many columns of equal length follow.
    pub columns: usize,
    /// Largest absolute sample per column, 0 to 1.
    pub peaks: Vec<f32>,
    /// Root mean square per column, 0 to 1.
    pub rms: Vec<f32>,
    /// Levels of four bands (to 150 Hz, 800 Hz, 4 kHz, the rest): 0 is -60 dBFS or less, 255 is 0 dBFS. Empty: not measured.
    pub bands: Vec<[u8; 4]>,
    /// How long the track plays.
    pub duration_s: Option<f64>,
}

/// The track's shape in the JSON form of the audiowaveform project, version 2, as peaks.js and waveform-data.js read it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AudioWaveform)]
pub struct AudioWaveformDto {
    /// Version of the form: 2.
    pub version: u8,
    /// 1: the mono mix.
    pub channels: u8,
    /// Rate of the audio, in Hz.
    pub sample_rate: u32,
    /// Frames in a pixel: what was asked for, or the next smaller number there is.
    pub samples_per_pixel: u32,
    /// 8 bits per value.
    pub bits: u8,
    /// How many pixels.
    pub length: usize,
    /// Smallest and largest sample of each pixel in turn, -128 to 127.
    pub data: Vec<i8>,
}

impl From<Zoomed> for AudioWaveformDto {
    fn from(zoomed: Zoomed) -> Self {
        Self {
            version: Zoomed::VERSION,
            channels: Zoomed::CHANNELS,
            sample_rate: zoomed.sample_rate_hz,
            samples_per_pixel: zoomed.samples_per_pixel,
            bits: Zoomed::BITS,
            length: zoomed.extremes.len(),
            data: zoomed.values().collect(),
        }
    }
}
