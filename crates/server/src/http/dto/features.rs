//! What analysis knows: the same shape as the domain's, field by field, so that neither changes without the other.

mod level;
mod music;

use fanfare_model::{
    Features, Timestamp,
    enrichment::Enrichment,
    features::{AnalysisRun, Embedding, Fingerprint, SpeechMusic, SpeechMusicProfile, Timbre, Waveform},
};
pub use level::{DynamicsDto, LoudnessDto, LoudnessSeriesDto};
pub use music::{KeyDto, KeySegmentDto, ModeDto, RhythmDto, TempoCandidateDto, TempoStabilityDto};
use serde::Serialize;
use utoipa::ToSchema;

use super::{analysis_run::AnalysisRunDto, enrichment::EnrichmentDto, identify::AcoustIdMatchDto};
use crate::http::clock::rfc3339;

/// Everything known of a track's sound. A part is `null` while its analyzer gave nothing; `warnings` say why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Features)]
pub struct FeaturesDto {
    /// Loudness and peaks.
    pub loudness: Option<LoudnessDto>,
    /// Tempo and beats.
    pub rhythm: Option<RhythmDto>,
    /// Key.
    pub key: Option<KeyDto>,
    /// Shape.
    pub waveform: Option<WaveformDto>,
    /// Chromaprint fingerprint.
    pub fingerprint: Option<FingerprintDto>,
    /// Speech or music.
    pub speech_music: Option<SpeechMusicDto>,
    /// Level and its movement.
    pub dynamics: Option<DynamicsDto>,
    /// Spectral shape.
    pub timbre: Option<TimbreDto>,
    /// Which embedding exists.
    pub embedding: Option<EmbeddingDto>,
    /// What AcoustID knows of the fingerprint, the best match first; `null` while nobody was asked.
    pub acoustid: Option<Vec<AcoustIdMatchDto>>,
    /// What follows from the rest without analyzing it again; `null` while the track was not enriched.
    pub enrichment: Option<EnrichmentDto>,
    /// Why values are missing, and what was odd about the audio.
    pub warnings: Vec<String>,
    /// When an analyzer last measured the track; `null` while none did, or when that was before it was noted.
    #[schema(format = DateTime)]
    pub analyzed_at: Option<String>,
    /// Which analyzers were run, each in which version and when.
    pub analyzers: Vec<AnalysisRunDto>,
}

impl From<Features> for FeaturesDto {
    fn from(features: Features) -> Self {
        Self {
            loudness: features.loudness.map(Into::into),
            rhythm: features.rhythm.map(Into::into),
            key: features.key.map(Into::into),
            waveform: features.waveform.map(Into::into),
            fingerprint: features.fingerprint.map(Into::into),
            speech_music: features.speech_music.map(Into::into),
            dynamics: features.dynamics.map(Into::into),
            timbre: features.timbre.map(Into::into),
            embedding: features.embedding.map(Into::into),
            acoustid: features.acoustid.map(|found| found.into_iter().map(Into::into).collect()),
            enrichment: None,
            warnings: features.warnings,
            analyzed_at: None,
            analyzers: Vec::new(),
        }
    }
}

impl FeaturesDto {
    /// The same with when it was analyzed.
    #[must_use]
    pub fn analyzed(mut self, at: Option<Timestamp>, runs: Vec<AnalysisRun>) -> Self {
        self.analyzed_at = at.map(rfc3339);
        self.analyzers = runs.into_iter().map(Into::into).collect();
        self
    }

    /// The same with what enrichment found.
    #[must_use]
    pub fn enriched(mut self, found: Option<Enrichment>) -> Self {
        let Some(found) = found else { return self };
        if let Some(embedding) = &found.embedding {
            self.embedding = Some(EmbeddingDto {
                model: embedding.model.clone(),
                version: embedding.version.to_string(),
                dimensions: u32::try_from(embedding.values.len()).unwrap_or(u32::MAX),
            });
        }
        self.enrichment = Some(found.into());
        self
    }
}

/// The track's shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Waveform)]
pub struct WaveformDto {
    /// Largest absolute sample per column, 0 to 1.
    pub peaks: Vec<f32>,
    /// Root mean square per column, 0 to 1.
    pub rms: Vec<f32>,
}

impl From<Waveform> for WaveformDto {
    fn from(waveform: Waveform) -> Self {
        let Waveform { peaks, rms, detail: _ } = waveform;
        Self { peaks, rms }
    }
}

/// A Chromaprint fingerprint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fingerprint)]
pub struct FingerprintDto {
    /// As AcoustID takes it.
    pub chromaprint: String,
    /// Chromaprint's number of the algorithm.
    pub algorithm: u8,
    /// How much of the track it covers.
    pub duration_s: f64,
}

impl From<Fingerprint> for FingerprintDto {
    fn from(fingerprint: Fingerprint) -> Self {
        let Fingerprint { chromaprint, algorithm, duration_s } = fingerprint;
        Self { chromaprint, algorithm, duration_s }
    }
}

/// What a track mostly is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SpeechMusicProfile)]
pub enum SpeechMusicProfileDto {
    /// Mostly music.
    Music,
    /// Mostly speech.
    Speech,
    /// Both.
    Mixed,
    /// Neither.
    Silence,
}

/// Speech or music.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SpeechMusic)]
pub struct SpeechMusicDto {
    /// What it mostly is.
    pub profile: SpeechMusicProfileDto,
    /// Share of music, 0 to 1.
    pub music: f64,
    /// Share of speech, 0 to 1.
    pub speech: f64,
}

impl From<SpeechMusic> for SpeechMusicDto {
    fn from(value: SpeechMusic) -> Self {
        let profile = match value.profile {
            SpeechMusicProfile::Music => SpeechMusicProfileDto::Music,
            SpeechMusicProfile::Speech => SpeechMusicProfileDto::Speech,
            SpeechMusicProfile::Mixed => SpeechMusicProfileDto::Mixed,
            SpeechMusicProfile::Silence => SpeechMusicProfileDto::Silence,
        };
        Self { profile, music: value.music, speech: value.speech }
    }
}

/// Spectral shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timbre)]
pub struct TimbreDto {
    /// Mean energy in 40 ERB bands.
    pub erb_bands: Vec<f64>,
    /// Spectral centroid.
    pub centroid_hz: Option<f64>,
    /// Frequency under which 85 % of the energy lies.
    pub rolloff_hz: Option<f64>,
    /// Spectral flatness, 0 to 1.
    pub flatness: Option<f64>,
    /// Sign changes per second.
    pub zero_crossing_rate_hz: Option<f64>,
    /// Means of 13 mel-frequency cepstral coefficients.
    pub mfcc_mean: Vec<f64>,
    /// Their standard deviations.
    pub mfcc_deviation: Vec<f64>,
    /// Root mean square of their change in 23 ms; empty where no two frames in a row sound.
    pub mfcc_change: Vec<f64>,
}

impl From<Timbre> for TimbreDto {
    fn from(timbre: Timbre) -> Self {
        let Timbre {
            erb_bands,
            centroid_hz,
            rolloff_hz,
            flatness,
            zero_crossing_rate_hz,
            mfcc_mean,
            mfcc_deviation,
            mfcc_change,
        } = timbre;
        Self {
            erb_bands,
            centroid_hz,
            rolloff_hz,
            flatness,
            zero_crossing_rate_hz,
            mfcc_mean,
            mfcc_deviation,
            mfcc_change,
        }
    }
}

/// Which embedding exists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Embedding)]
pub struct EmbeddingDto {
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// Numbers in a vector.
    pub dimensions: u32,
}

impl From<Embedding> for EmbeddingDto {
    fn from(embedding: Embedding) -> Self {
        let Embedding { model, version, dimensions } = embedding;
        Self { model, version, dimensions }
    }
}

#[cfg(test)]
mod tests {
    use fanfare_model::{
        Bpm, DbTp, Dbfs, Lu, Lufs,
        enrichment::{AcoustIdMatch, RecordingMatch},
        features::{
            Dynamics, Key, KeySegment, Loudness, LoudnessSeries, Mode, Rhythm, TempoCandidate, TempoStability,
        },
    };

    use super::*;

    #[test]
    fn the_answer_is_what_the_command_line_prints() {
        let key = Key::new(9, Mode::Minor, 0.5);
        let segment = KeySegment {
            start_s: 0.0,
            end_s: 2.5,
            tonic: key.tonic.clone(),
            mode: key.mode,
            confidence: 0.5,
            camelot: key.camelot.clone(),
        };
        let features = Features {
            loudness: Some(Loudness {
                integrated_lufs: Some(Lufs(-14.5)),
                range_lu: Some(Lu(3.0)),
                sample_peak_dbfs: Some(Dbfs(-0.1)),
                true_peak_dbtp: Some(DbTp(0.2)),
                series: Some(LoudnessSeries {
                    step_s: 0.1,
                    momentary_lufs: vec![None, Some(-20.5)],
                    short_term_lufs: vec![None, None],
                }),
                ..Loudness::default()
            }),
            rhythm: Some(Rhythm {
                tempo_bpm: Some(Bpm(120.0)),
                tempo_candidates: vec![TempoCandidate { tempo_bpm: Bpm(60.0), confidence: 0.25 }],
                tempo_range_bpm: Some((Bpm(118.0), Bpm(121.0))),
                tempo_stability: Some(TempoStability::Drifting),
                beats_s: vec![0.5],
                ..Rhythm::default()
            }),
            key: Some(Key { tuning_cents: Some(-4.0), segments: vec![segment], ..key }),
            waveform: Some(Waveform { peaks: vec![0.5], rms: vec![0.25], detail: None }),
            fingerprint: Some(Fingerprint { chromaprint: "AQ".into(), algorithm: 1, duration_s: 1.0 }),
            speech_music: Some(SpeechMusic { profile: SpeechMusicProfile::Mixed, music: 0.5, speech: 0.5 }),
            dynamics: Some(Dynamics { rms_dbfs: Some(Dbfs(-20.0)), ..Dynamics::default() }),
            timbre: Some(Timbre { erb_bands: vec![1.0], ..Timbre::default() }),
            embedding: Some(Embedding { model: "m".into(), version: "1".into(), dimensions: 3 }),
            acoustid: Some(vec![AcoustIdMatch {
                acoustid: "9ff43b6a-4f16-427c-93c2-92307ca505e0".into(),
                score: 0.9,
                recordings: vec![RecordingMatch {
                    musicbrainz_recording_id: "cd2e7c47-16f5-46c6-a37c-a1eb7bf599ff".into(),
                    title: Some("Blue".into()),
                    artist: None,
                    musicbrainz_release_group_ids: vec!["x".into()],
                }],
            }]),
            warnings: vec!["odd".into()],
        };
        let plain = serde_json::to_value(&features).unwrap();
        let mut answer = serde_json::to_value(FeaturesDto::from(features)).unwrap();
        // Enrichment and the times of analysis are stored apart, and `analyze` stores nothing.
        for apart in ["enrichment", "analyzers", "analyzed_at"] {
            assert!(answer.as_object_mut().unwrap().remove(apart).is_some(), "{apart}");
        }
        assert_eq!(answer, plain);
    }

    #[test]
    fn enrichment_comes_without_the_vector() {
        use fanfare_model::enrichment::{Embedding, Estimate};
        let found = Enrichment {
            energy: Some(Estimate { value: 0.5, method: "by ear".into() }),
            embedding: Some(Embedding { model: "m".into(), version: 2, values: vec![0.6, 0.8] }),
            ..Enrichment::default()
        };
        let answer =
            serde_json::to_value(FeaturesDto::from(Features::default()).enriched(Some(found))).unwrap();
        assert_eq!(answer["embedding"], serde_json::json!({"model": "m", "version": "2", "dimensions": 2}));
        assert_eq!(answer["enrichment"]["energy"], serde_json::json!({"value": 0.5, "method": "by ear"}));
        assert!(!answer.to_string().contains("0.6"), "{answer}");
    }
}
