//! Loudness, peaks and dynamics.

use fanfare_model::features::{Dynamics, Loudness, LoudnessSeries};
use serde::Serialize;
use utoipa::ToSchema;

/// Loudness (ITU-R BS.1770-5, EBU R 128) and ReplayGain 2.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Loudness)]
pub struct LoudnessDto {
    /// Integrated loudness.
    pub integrated_lufs: Option<f64>,
    /// Loudness range.
    pub range_lu: Option<f64>,
    /// Largest momentary loudness.
    pub momentary_max_lufs: Option<f64>,
    /// Largest short-term loudness.
    pub short_term_max_lufs: Option<f64>,
    /// Largest sample.
    pub sample_peak_dbfs: Option<f64>,
    /// Largest true peak.
    pub true_peak_dbtp: Option<f64>,
    /// Gain to -18 LUFS.
    pub replaygain_track_gain_db: Option<f64>,
    /// True peak as a factor of full scale.
    pub replaygain_track_peak: Option<f64>,
    /// Loudness over time, for drawing; left out when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<LoudnessSeriesDto>,
}

/// Loudness over time in at most 1,200 steps. `null` where nothing is above -70 LUFS.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoudnessSeries)]
pub struct LoudnessSeriesDto {
    /// Length of a step.
    pub step_s: f64,
    /// Momentary loudness (400 ms).
    pub momentary_lufs: Vec<Option<f32>>,
    /// Short-term loudness (3 s).
    pub short_term_lufs: Vec<Option<f32>>,
}

impl From<LoudnessSeries> for LoudnessSeriesDto {
    fn from(series: LoudnessSeries) -> Self {
        let LoudnessSeries { step_s, momentary_lufs, short_term_lufs } = series;
        Self { step_s, momentary_lufs, short_term_lufs }
    }
}

impl From<Loudness> for LoudnessDto {
    fn from(loudness: Loudness) -> Self {
        Self {
            integrated_lufs: loudness.integrated_lufs.map(|level| level.0),
            range_lu: loudness.range_lu.map(|range| range.0),
            momentary_max_lufs: loudness.momentary_max_lufs.map(|level| level.0),
            short_term_max_lufs: loudness.short_term_max_lufs.map(|level| level.0),
            sample_peak_dbfs: loudness.sample_peak_dbfs.map(|level| level.0),
            true_peak_dbtp: loudness.true_peak_dbtp.map(|level| level.0),
            replaygain_track_gain_db: loudness.replaygain_track_gain_db,
            replaygain_track_peak: loudness.replaygain_track_peak,
            series: loudness.series.map(Into::into),
        }
    }
}

/// Level and its movement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dynamics)]
pub struct DynamicsDto {
    /// Dynamic complexity.
    pub complexity_db: Option<f64>,
    /// Root mean square of all samples.
    pub rms_dbfs: Option<f64>,
    /// Sample peak over RMS.
    pub crest_db: Option<f64>,
    /// Frames in runs of full-scale samples.
    pub clipped_frames: u64,
    /// Silence before the first sound.
    pub silence_head_s: f64,
    /// Silence after the last sound.
    pub silence_tail_s: f64,
}

impl From<Dynamics> for DynamicsDto {
    fn from(dynamics: Dynamics) -> Self {
        Self {
            complexity_db: dynamics.complexity_db,
            rms_dbfs: dynamics.rms_dbfs.map(|level| level.0),
            crest_db: dynamics.crest_db,
            clipped_frames: dynamics.clipped_frames,
            silence_head_s: dynamics.silence_head_s,
            silence_tail_s: dynamics.silence_tail_s,
        }
    }
}
