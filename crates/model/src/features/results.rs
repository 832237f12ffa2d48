//! What one analyzer found or why it found nothing, and all of them together.

use serde::{Deserialize, Serialize};

use super::{
    Dynamics, Features, Fingerprint, Key, Rhythm, SpeechMusic, Timbre, Waveform, loudness::Loudness,
};
use crate::enrichment::AcoustIdMatch;

/// What one analyzer found: one part of [`Features`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "part", content = "value")]
pub enum FeaturePart {
    /// Loudness and peaks.
    Loudness(Loudness),
    /// Tempo and beats.
    Rhythm(Rhythm),
    /// Key; `None` for music without one.
    Key(Option<Key>),
    /// Shape.
    Waveform(Waveform),
    /// Fingerprint; `None` when the audio is too short for one.
    Fingerprint(Option<Fingerprint>),
    /// Speech or music; `None` when the audio is too short to tell.
    SpeechMusic(Option<SpeechMusic>),
    /// Level and its movement.
    Dynamics(Dynamics),
    /// Spectral shape.
    Timbre(Timbre),
    /// Matches at AcoustID, which no analyzer gives but who asks there.
    AcoustId(Vec<AcoustIdMatch>),
}

/// What became of one analyzer on one track, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnalyzerResult {
    /// The analyzer's id, for example `loudness`.
    pub analyzer: String,
    /// The version of the analyzer that gave this result.
    pub version: u32,
    /// What it found, or why it found nothing.
    pub outcome: AnalyzerOutcome,
}

/// When one analyzer was run on one track, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisRun {
    /// The analyzer's id, for example `loudness`.
    pub analyzer: String,
    /// The version of the analyzer that gave the result.
    pub version: u32,
    /// Whether it found what it looked for, or failed.
    pub succeeded: bool,
    /// When its result was stored; `None` for results of versions that did not note it.
    pub analyzed: Option<crate::Timestamp>,
}

/// The end of one analyzer on one track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
#[allow(clippy::large_enum_variant, reason = "there are eight to a track, and most are the large one")]
pub enum AnalyzerOutcome {
    /// It finished.
    Ok {
        /// What it found.
        part: FeaturePart,
        /// Why values are missing, one sentence each.
        warnings: Vec<String>,
    },
    /// It was evicted or failed; the other analyzers were not touched by this.
    Failed {
        /// What kind of trouble.
        kind: crate::ErrorKind,
        /// The sentence.
        message: String,
    },
}

impl Features {
    /// Puts the results of several analyzers together; a failed one leaves its part empty and a warning.
    #[must_use]
    pub fn from_results(results: impl IntoIterator<Item = AnalyzerResult>) -> Self {
        let mut features = Self::default();
        for result in results {
            match result.outcome {
                AnalyzerOutcome::Ok { part, warnings } => {
                    features.put(part);
                    features.warnings.extend(warnings);
                }
                AnalyzerOutcome::Failed { message, .. } => {
                    features.warnings.push(format!("{} failed: {message}", result.analyzer));
                }
            }
        }
        features
    }

    fn put(&mut self, part: FeaturePart) {
        match part {
            FeaturePart::Loudness(value) => self.loudness = Some(value),
            FeaturePart::Rhythm(value) => self.rhythm = Some(value),
            FeaturePart::Key(value) => self.key = value,
            FeaturePart::Waveform(value) => self.waveform = Some(value),
            FeaturePart::Fingerprint(value) => self.fingerprint = value,
            FeaturePart::SpeechMusic(value) => self.speech_music = value,
            FeaturePart::Dynamics(value) => self.dynamics = Some(value),
            FeaturePart::Timbre(value) => self.timbre = Some(value),
            FeaturePart::AcoustId(value) => self.acoustid = Some(value),
        }
    }
}
