//! What analysis knows about a track: the numbers of `fanfare analyze --json` and of the features API.
//!
//! A value that could not be known is `None`, with a line in [`Features::warnings`] that says why.
//! Times are seconds from the first audible frame: this type is the edge where frames become seconds.

mod loudness;
mod results;

use serde::{Deserialize, Serialize};

pub use self::{
    loudness::{GatingBlocks, Loudness, LoudnessSeries},
    results::{AnalysisRun, AnalyzerOutcome, AnalyzerResult, FeaturePart},
};
use crate::{Bpm, Dbfs, enrichment::AcoustIdMatch};

/// Everything known of a track's sound. A part is `None` when its analyzer was not asked or gave nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// Loudness and peaks.
    pub loudness: Option<Loudness>,
    /// Tempo, beats and what follows from them.
    pub rhythm: Option<Rhythm>,
    /// Tonic and mode.
    pub key: Option<Key>,
    /// The shape of the track for drawing.
    pub waveform: Option<Waveform>,
    /// The Chromaprint fingerprint.
    pub fingerprint: Option<Fingerprint>,
    /// Speech or music.
    pub speech_music: Option<SpeechMusic>,
    /// Level and its movement.
    pub dynamics: Option<Dynamics>,
    /// Spectral shape.
    pub timbre: Option<Timbre>,
    /// Which embedding exists for the track.
    pub embedding: Option<Embedding>,
    /// What AcoustID knows of the fingerprint, the best match first; empty where it knows nothing, `None` while nobody
    /// was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acoustid: Option<Vec<AcoustIdMatch>>,
    /// Why values are missing, and what was odd about the audio; one sentence each.
    pub warnings: Vec<String>,
}

/// Tempo, beats, bars.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rhythm {
    /// Tempo; `None` for music without a steady beat.
    pub tempo_bpm: Option<Bpm>,
    /// How sure the tempo is, 0 to 1.
    pub tempo_confidence: Option<f64>,
    /// The tempi that a listener might tap, the chosen one first, then by falling confidence.
    pub tempo_candidates: Vec<TempoCandidate>,
    /// Slowest and fastest local tempo (5th and 95th percentile over the beats).
    pub tempo_range_bpm: Option<(Bpm, Bpm)>,
    /// Whether the tempo stands still; `None` without a tempo.
    pub tempo_stability: Option<TempoStability>,
    /// Times of the beats, in seconds, ascending.
    pub beats_s: Vec<f64>,
    /// Times of the first beat of each bar, in seconds, ascending; a subset of the beats.
    pub downbeats_s: Vec<f64>,
    /// Beats in a bar.
    pub beats_per_bar: Option<u8>,
    /// Onsets per second.
    pub onset_rate_hz: Option<f64>,
    /// Danceability by detrended fluctuation analysis, 0 to about 3.
    pub danceability: Option<f64>,
}

/// A tempo that a listener might tap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TempoCandidate {
    /// The tempo.
    pub tempo_bpm: Bpm,
    /// How likely it is among the candidates, 0 to 1; together they have 1.
    pub confidence: f64,
}

/// How the tempo moves through a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TempoStability {
    /// It stands still, as with a click track.
    Steady,
    /// It moves slowly, or in few steps, as with a live band.
    Drifting,
    /// It breathes from beat to beat, as with a soloist.
    Rubato,
}

/// Major or minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Major.
    Major,
    /// Minor.
    Minor,
}

/// A musical key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The tonic's name with sharps: `C`, `C#`, ... `B`.
    pub tonic: String,
    /// Major or minor.
    pub mode: Mode,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The key on the Camelot wheel, `1A` to `12B`.
    pub camelot: String,
    /// Deviation of the tuning from A4 = 440 Hz, in cents, -50 to 50.
    #[serde(default)]
    pub tuning_cents: Option<f64>,
    /// The keys in turn; one segment that is the whole track when it stays in one key.
    #[serde(default)]
    pub segments: Vec<KeySegment>,
}

/// A stretch of a track in one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeySegment {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// The tonic's name with sharps.
    pub tonic: String,
    /// Major or minor.
    pub mode: Mode,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The key on the Camelot wheel.
    pub camelot: String,
}

/// Names of the twelve pitch classes, C first.
pub const PITCH_CLASSES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

impl Key {
    /// The key on that pitch class (0 = C, taken modulo 12).
    #[must_use]
    pub fn new(pitch_class: usize, mode: Mode, confidence: f64) -> Self {
        let pitch_class = pitch_class % 12;
        // The Camelot wheel goes round in fifths: C major is 8B, A minor 8A; a fifth up (7 semitones) is +1.
        let (anchor, letter) = match mode {
            Mode::Major => (0, 'B'),
            Mode::Minor => (9, 'A'),
        };
        let fifths = (pitch_class + 12 - anchor) * 7 % 12;
        Self {
            tonic: PITCH_CLASSES[pitch_class].to_owned(),
            mode,
            confidence,
            camelot: format!("{}{letter}", (7 + fifths) % 12 + 1),
            tuning_cents: None,
            segments: Vec::new(),
        }
    }
}

/// How many columns a waveform has.
pub const WAVEFORM_COLUMNS: usize = 800;

/// The track's shape in [`WAVEFORM_COLUMNS`] columns of equal length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Waveform {
    /// Largest absolute sample of any channel in the column, 0 to 1.
    pub peaks: Vec<f32>,
    /// Root mean square over all channels in the column, 0 to 1.
    pub rms: Vec<f32>,
    /// The finer shape, from which any zoom is made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<WaveformDetail>,
}

/// The finer shape of a track in at most [`WaveformDetail::MOST`] cells: its mono mix in 8 bits, as audiowaveform's
/// `.dat` files hold it, and how loud four frequency bands are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveformDetail {
    /// Frames in a cell: a power of two, at least 64. The last cell may have fewer.
    pub frames_per_cell: u32,
    /// Smallest and largest sample of the mono mix (mean of the channels) in each cell, -128 to 127.
    pub extremes: Vec<(i8, i8)>,
    /// Level of each band in each cell, bass first: 0 is -60 dBFS and less, 255 is 0 dBFS. As many as there are extremes.
    pub bands: Vec<[u8; 4]>,
}

impl WaveformDetail {
    /// Most cells of a detail.
    pub const MOST: usize = 8_192;
    /// Upper edges of the lower three bands, in Hz; the fourth has the rest.
    pub const BAND_EDGES_HZ: [f64; 3] = [150.0, 800.0, 4_000.0];
}

/// A Chromaprint fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Compressed and base64 (URL alphabet, no padding), as AcoustID takes it.
    pub chromaprint: String,
    /// Chromaprint's number of the algorithm; ours is 1.
    pub algorithm: u8,
    /// How much of the track it covers, in seconds.
    pub duration_s: f64,
}

/// What a track mostly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpeechMusicProfile {
    /// Mostly music.
    Music,
    /// Mostly speech.
    Speech,
    /// Both, in turn or together.
    Mixed,
    /// Neither.
    Silence,
}

/// Speech or music, with the share of each. Where a voice is over music both are there, so that the shares may add up to
/// more than one; where there is neither, as in noise, to less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeechMusic {
    /// What it mostly is.
    pub profile: SpeechMusicProfile,
    /// Share of the sounding time that is music, 0 to 1.
    pub music: f64,
    /// Share of the sounding time that is speech, 0 to 1.
    pub speech: f64,
}

/// Level and its movement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dynamics {
    /// Mean absolute deviation of the short-time loudness from its mean, in dB (dynamic complexity).
    pub complexity_db: Option<f64>,
    /// Root mean square of all samples.
    pub rms_dbfs: Option<Dbfs>,
    /// Sample peak over RMS, in dB.
    pub crest_db: Option<f64>,
    /// Frames that belong to a run of full-scale samples.
    pub clipped_frames: u64,
    /// Silence before the first sound, in seconds.
    pub silence_head_s: f64,
    /// Silence after the last sound, in seconds.
    pub silence_tail_s: f64,
}

/// Spectral shape, averaged over the track.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timbre {
    /// Mean energy in 40 bands on the equivalent-rectangular-bandwidth scale.
    pub erb_bands: Vec<f64>,
    /// Spectral centroid in Hz.
    pub centroid_hz: Option<f64>,
    /// Frequency under which 85 % of the energy lies, in Hz.
    pub rolloff_hz: Option<f64>,
    /// Geometric over arithmetic mean of the spectrum, 0 to 1.
    pub flatness: Option<f64>,
    /// Sign changes per second of the mono mix.
    pub zero_crossing_rate_hz: Option<f64>,
    /// Means of 13 mel-frequency cepstral coefficients.
    pub mfcc_mean: Vec<f64>,
    /// Their standard deviations.
    pub mfcc_deviation: Vec<f64>,
    /// Root mean square of their change in 23 ms; empty where no two frames in a row sound.
    pub mfcc_change: Vec<f64>,
}

/// Which embedding exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embedding {
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// How many numbers a vector has.
    pub dimensions: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camelot_codes_follow_the_wheel() {
        for (pitch_class, mode, code) in [
            (0, Mode::Major, "8B"),
            (9, Mode::Minor, "8A"),
            (7, Mode::Major, "9B"),
            (4, Mode::Minor, "9A"),
            (5, Mode::Major, "7B"),
            (11, Mode::Major, "1B"),
            (8, Mode::Minor, "1A"),
            (4, Mode::Major, "12B"),
            (1, Mode::Minor, "12A"),
        ] {
            assert_eq!(Key::new(pitch_class, mode, 1.0).camelot, code);
        }
    }
}
