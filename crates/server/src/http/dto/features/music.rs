//! Tempo, beats and keys.

use fanfare_model::features::{Key, KeySegment, Mode, Rhythm, TempoCandidate, TempoStability};
use serde::Serialize;
use utoipa::ToSchema;

/// Tempo, beats, bars.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rhythm)]
pub struct RhythmDto {
    /// Tempo.
    pub tempo_bpm: Option<f64>,
    /// How sure the tempo is, 0 to 1.
    pub tempo_confidence: Option<f64>,
    /// The tempi that a listener might tap, the chosen one first.
    pub tempo_candidates: Vec<TempoCandidateDto>,
    /// Slowest and fastest local tempo.
    #[schema(value_type = Option<[f64; 2]>)]
    pub tempo_range_bpm: Option<(f64, f64)>,
    /// Whether the tempo stands still.
    pub tempo_stability: Option<TempoStabilityDto>,
    /// Times of the beats.
    pub beats_s: Vec<f64>,
    /// Times of the first beats of bars.
    pub downbeats_s: Vec<f64>,
    /// Beats in a bar.
    pub beats_per_bar: Option<u8>,
    /// Onsets per second.
    pub onset_rate_hz: Option<f64>,
    /// Danceability, 0 to about 3.
    pub danceability: Option<f64>,
}

impl From<Rhythm> for RhythmDto {
    fn from(rhythm: Rhythm) -> Self {
        Self {
            tempo_bpm: rhythm.tempo_bpm.map(|tempo| tempo.0),
            tempo_confidence: rhythm.tempo_confidence,
            tempo_candidates: rhythm.tempo_candidates.into_iter().map(Into::into).collect(),
            tempo_range_bpm: rhythm.tempo_range_bpm.map(|(slowest, fastest)| (slowest.0, fastest.0)),
            tempo_stability: rhythm.tempo_stability.map(Into::into),
            beats_s: rhythm.beats_s,
            downbeats_s: rhythm.downbeats_s,
            beats_per_bar: rhythm.beats_per_bar,
            onset_rate_hz: rhythm.onset_rate_hz,
            danceability: rhythm.danceability,
        }
    }
}

/// A tempo that a listener might tap.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TempoCandidate)]
pub struct TempoCandidateDto {
    /// The tempo.
    pub tempo_bpm: f64,
    /// How likely it is among the candidates.
    pub confidence: f64,
}

impl From<TempoCandidate> for TempoCandidateDto {
    fn from(candidate: TempoCandidate) -> Self {
        Self { tempo_bpm: candidate.tempo_bpm.0, confidence: candidate.confidence }
    }
}

/// How the tempo moves through a track.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TempoStability)]
pub enum TempoStabilityDto {
    /// It stands still.
    Steady,
    /// It moves slowly or in few steps.
    Drifting,
    /// It breathes from beat to beat.
    Rubato,
}

impl From<TempoStability> for TempoStabilityDto {
    fn from(stability: TempoStability) -> Self {
        match stability {
            TempoStability::Steady => Self::Steady,
            TempoStability::Drifting => Self::Drifting,
            TempoStability::Rubato => Self::Rubato,
        }
    }
}

/// Major or minor.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Mode)]
pub enum ModeDto {
    /// Major.
    Major,
    /// Minor.
    Minor,
}

/// A musical key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyDto {
    /// The tonic, with sharps.
    pub tonic: String,
    /// Major or minor.
    pub mode: ModeDto,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The key on the Camelot wheel.
    pub camelot: String,
    /// Deviation of the tuning from 440 Hz in cents.
    pub tuning_cents: Option<f64>,
    /// The keys in turn.
    pub segments: Vec<KeySegmentDto>,
}

impl From<Mode> for ModeDto {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Major => Self::Major,
            Mode::Minor => Self::Minor,
        }
    }
}

impl From<Key> for KeyDto {
    fn from(key: Key) -> Self {
        Self {
            tonic: key.tonic,
            mode: key.mode.into(),
            confidence: key.confidence,
            camelot: key.camelot,
            tuning_cents: key.tuning_cents,
            segments: key.segments.into_iter().map(Into::into).collect(),
        }
    }
}

/// A stretch of a track in one key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeySegment)]
pub struct KeySegmentDto {
    /// Where it begins.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// The tonic, with sharps.
    pub tonic: String,
    /// Major or minor.
    pub mode: ModeDto,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The key on the Camelot wheel.
    pub camelot: String,
}

impl From<KeySegment> for KeySegmentDto {
    fn from(segment: KeySegment) -> Self {
        let KeySegment { start_s, end_s, tonic, mode, confidence, camelot } = segment;
        Self { start_s, end_s, tonic, mode: mode.into(), confidence, camelot }
    }
}
