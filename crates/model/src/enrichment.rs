//! What follows from a track's features without analyzing it again: estimates of how it feels, and its embedding.
//!
//! An *estimate* is a number from 0 to 1 that no one can measure, with the method that gave it: a person reads it as
//! a hint. An *embedding* is a point on the unit sphere; tracks that sound alike lie near each other. Vectors of
//! different models, or of different versions of one, are never compared.
//!
//! What could not be told is `None` in its place and a [`Missing`] that says why: nothing here is made up.

use serde::{Deserialize, Serialize};

/// What enrichment found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Enrichment {
    /// How well one can dance to it.
    pub danceability: Option<Estimate>,
    /// How strong and busy it is.
    pub energy: Option<Estimate>,
    /// From 0 (sad, tense) over 0.5 to 1 (glad).
    pub valence: Option<Estimate>,
    /// From 0 (calm) over 0.5 to 1 (stirring).
    pub arousal: Option<Estimate>,
    /// From 0 (instruments alone) to 1 (voice).
    pub voice: Option<Estimate>,
    /// Where it lies among all music.
    pub embedding: Option<Embedding>,
    /// Why the rest could not be told.
    pub missing: Vec<Missing>,
}

/// A figure that no one can measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// 0 to 1.
    pub value: f64,
    /// How it was found, for people: the descriptors it is read from, and the source of the idea.
    pub method: String,
}

/// A vector of length one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// The model's name.
    pub model: String,
    /// Raised whenever the same features may give another vector.
    pub version: u32,
    /// Its coordinates.
    pub values: Vec<f32>,
}

impl Embedding {
    /// Cosine of the angle between two, -1 to 1; `None` when they are not of the same model, version and length.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<f64> {
        let comparable = (&self.model, self.version, self.values.len())
            == (&other.model, other.version, other.values.len());
        let product = |(one, other): (&f32, &f32)| f64::from(*one) * f64::from(*other);
        comparable.then(|| self.values.iter().zip(&other.values).map(product).sum::<f64>().clamp(-1.0, 1.0))
    }
}

/// A figure of [`Enrichment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrichmentFigure {
    /// [`Enrichment::danceability`].
    Danceability,
    /// [`Enrichment::energy`].
    Energy,
    /// [`Enrichment::valence`].
    Valence,
    /// [`Enrichment::arousal`].
    Arousal,
    /// [`Enrichment::voice`].
    Voice,
    /// [`Enrichment::embedding`].
    Embedding,
}

/// Why a figure could not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    /// An analyzer that it is read from failed or was not asked.
    NotAnalyzed,
    /// The analyzers ran, but the sound has nothing that the figure is read from.
    NothingToReadFrom,
}

/// A figure that could not be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Which one.
    pub figure: EnrichmentFigure,
    /// The kind of reason.
    pub reason: MissingReason,
    /// The reason in a sentence: lower case, no full stop.
    pub message: String,
}

/// What AcoustID knows of a fingerprint: one of its tracks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcoustIdMatch {
    /// AcoustID's identifier of the track, a UUID.
    pub acoustid: String,
    /// How well the fingerprint fits, 0 to 1.
    pub score: f64,
    /// The recordings in MusicBrainz that it is, the likeliest first; there may be none.
    #[serde(default)]
    pub recordings: Vec<RecordingMatch>,
}

/// A recording in MusicBrainz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingMatch {
    /// MusicBrainz' identifier, a UUID.
    pub musicbrainz_recording_id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its artist credit in one line.
    pub artist: Option<String>,
    /// MusicBrainz' identifiers of the release groups that hold it.
    #[serde(default)]
    pub musicbrainz_release_group_ids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_vectors_of_one_model_and_version_are_compared() {
        let embedding = |model: &str, version, values: &[f32]| Embedding {
            model: model.to_owned(),
            version,
            values: values.to_vec(),
        };
        let one = embedding("a", 1, &[0.6, 0.8]);
        for (other, expected) in [
            (one.clone(), Some(1.0)),
            (embedding("a", 1, &[0.8, -0.6]), Some(0.0)),
            (embedding("b", 1, &[0.6, 0.8]), None),
            (embedding("a", 2, &[0.6, 0.8]), None),
            (embedding("a", 1, &[1.0]), None),
        ] {
            let found = one.likeness(&other).map(|likeness| (likeness * 1e6).round() / 1e6);
            assert_eq!(found, expected, "{other:?}");
        }
    }
}
