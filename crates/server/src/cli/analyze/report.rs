//! [`Report`]: what is said of one file, in the shape that docs/cli.md promises.

use std::path::Path;

use fanfare_analysis::Selection;
use fanfare_audio::StreamFacts;
use fanfare_model::{
    Error, Features, SampleSpec,
    features::{Dynamics, Embedding, Fingerprint, Key, Loudness, Rhythm, SpeechMusic, Timbre, Waveform},
};
use serde::Serialize;

use super::{
    albums::AlbumReport,
    rounding::{round_features, rounded},
};

/// What is said of one file, or of a folder. The order of fields is the order in JSON.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Report {
    /// It was analyzed.
    Analyzed(Box<Analyzed>),
    /// It could not be analyzed.
    Failed(Failed),
    /// It is a folder whose files were analyzed.
    Album(AlbumReport),
}

/// A file that was analyzed.
#[derive(Debug, Serialize)]
pub struct Analyzed {
    pub path: String,
    status: &'static str,
    pub duration_s: f64,
    pub sample_rate_hz: u32,
    pub channels: usize,
    pub codec: String,
    pub bit_depth: Option<u8>,
    pub loudness: Option<Loudness>,
    pub rhythm: Option<Rhythm>,
    pub key: Option<Key>,
    waveform: Option<Waveform>,
    fingerprint: Option<Fingerprint>,
    speech_music: Option<SpeechMusic>,
    dynamics: Option<Dynamics>,
    timbre: Option<Timbre>,
    embedding: Option<Embedding>,
    pub warnings: Vec<String>,
    /// What is damaged in the file, in sentences; part of `warnings`, too.
    #[serde(skip)]
    pub damage: Vec<String>,
}

/// A file that could not be analyzed.
#[derive(Debug, Serialize)]
pub struct Failed {
    pub path: String,
    status: &'static str,
    pub error: Trouble,
}

/// Why.
#[derive(Debug, Serialize)]
pub struct Trouble {
    pub kind: &'static str,
    pub message: String,
}

/// Takes out what is kept for drawing and for albums: a line of JSON is for reading.
fn drop_bulk(features: &mut Features) {
    if let Some(loudness) = &mut features.loudness {
        (loudness.series, loudness.blocks) = (None, None);
    }
    if let Some(waveform) = &mut features.waveform {
        waveform.detail = None;
    }
}

/// Parts of the contract that no analyzer fills yet, with the sentence for `warnings`.
const WITHOUT_ANALYZER: &[(&str, &str)] = &[("embedding", "embedding is not computed by this version")];

impl Report {
    /// A file that was analyzed to its end, with what the decoder left out and the items of its tags that are damaged.
    pub fn analyzed(
        path: &Path,
        facts: &StreamFacts,
        (spec, frames): (SampleSpec, u64),
        mut features: Features,
        (audio_damage, tag_damage): (&[String], Vec<String>),
        selection: &Selection,
    ) -> Self {
        round_features(&mut features);
        drop_bulk(&mut features);
        let damage = [audio_damage, &tag_damage].concat();
        // They begin with what the decoder left out. That a value is missing, as a tempo in noise, is no damage.
        let mut warnings = std::mem::take(&mut features.warnings);
        warnings.extend(tag_damage);
        let left_out: Vec<_> = fanfare_analysis::ANALYZERS
            .iter()
            .map(|analyzer| analyzer.id)
            .filter(|id| !selection.contains(id))
            .collect();
        if left_out.is_empty() {
            let present = [features.embedding.is_some()];
            let missing = WITHOUT_ANALYZER.iter().zip(present).filter(|(_, present)| !present);
            warnings.extend(missing.map(|((_, sentence), _)| (*sentence).to_owned()));
        } else {
            warnings.push(format!("not asked for: {}", left_out.join(", ")));
        }
        Self::Analyzed(Box::new(Analyzed {
            path: path.to_string_lossy().into_owned(),
            status: "ok",
            duration_s: rounded(spec.rate.seconds(frames), 3),
            sample_rate_hz: spec.rate.hz(),
            channels: spec.channels(),
            codec: facts.codec.clone(),
            bit_depth: facts.bit_depth,
            loudness: features.loudness,
            rhythm: features.rhythm,
            key: features.key,
            waveform: features.waveform,
            fingerprint: features.fingerprint,
            speech_music: features.speech_music,
            dynamics: features.dynamics,
            timbre: features.timbre,
            embedding: features.embedding,
            warnings,
            damage,
        }))
    }

    /// A file that could not be analyzed.
    pub fn failed(path: &Path, error: &Error) -> Self {
        Self::Failed(Failed {
            path: path.to_string_lossy().into_owned(),
            status: "error",
            error: Trouble { kind: error.kind().as_str(), message: error.to_string() },
        })
    }

    /// Whether the file could not be analyzed.
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}
