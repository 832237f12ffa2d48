//! What is known of a track's loudness.

use serde::{Deserialize, Serialize};

use crate::{DbTp, Dbfs, Lu, Lufs};

/// Loudness (ITU-R BS.1770-5, EBU R 128, EBU Tech 3341 and 3342) and ReplayGain 2.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loudness {
    /// Integrated loudness; `None` when no block passes the absolute gate.
    pub integrated_lufs: Option<Lufs>,
    /// Loudness range (LRA).
    pub range_lu: Option<Lu>,
    /// Largest momentary loudness (400 ms window).
    pub momentary_max_lufs: Option<Lufs>,
    /// Largest short-term loudness (3 s window).
    pub short_term_max_lufs: Option<Lufs>,
    /// Largest absolute sample value; `None` for digital silence.
    pub sample_peak_dbfs: Option<Dbfs>,
    /// Largest true peak (BS.1770-5 Annex 2); `None` for digital silence.
    pub true_peak_dbtp: Option<DbTp>,
    /// Gain in dB to reach -18 LUFS (ReplayGain 2.0).
    pub replaygain_track_gain_db: Option<f64>,
    /// True peak as a linear factor of full scale (ReplayGain 2.0).
    pub replaygain_track_peak: Option<f64>,
    /// Loudness over time, for drawing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<LoudnessSeries>,
    /// The gating blocks, from which the loudness of several tracks together follows without analyzing them again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<GatingBlocks>,
}

/// Loudness over time in at most [`LoudnessSeries::MOST`] steps, whatever the track's length.
///
/// Step `n` covers `n * step_s` to `(n + 1) * step_s` and holds the largest value that a window ending in it has;
/// `null` where the window is not full yet or nothing is above -70 LUFS.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoudnessSeries {
    /// Length of a step in seconds: 0.1 times a power of two.
    pub step_s: f64,
    /// Momentary loudness (400 ms window) in LUFS.
    pub momentary_lufs: Vec<Option<f32>>,
    /// Short-term loudness (3 s window) in LUFS.
    pub short_term_lufs: Vec<Option<f32>>,
}

impl LoudnessSeries {
    /// Most steps in a series.
    pub const MOST: usize = 1_200;
}

/// The 400 ms gating blocks of BS.1770-5 above the absolute gate, counted in steps of loudness.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GatingBlocks(
    /// Of each step that has any, ascending: its number (step n is from -70 + n/10 LUFS), how many blocks it has, and
    /// the sum of their mean squares (as in BS.1770-5 equation 2, before the logarithm).
    pub Vec<(u16, u32, f64)>,
);
