//! What follows from a track's sound without analyzing it again.

use fanfare_model::enrichment::{Enrichment, EnrichmentFigure, Estimate, Missing};
use serde::Serialize;
use utoipa::ToSchema;

/// Estimates of how a track feels, each a number from 0 to 1 that nobody can measure, with the method that gave it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Enrichment)]
pub struct EnrichmentDto {
    /// How well one can dance to it.
    pub danceability: Option<EstimateDto>,
    /// How strong and busy it is.
    pub energy: Option<EstimateDto>,
    /// From 0 (sad, tense) over 0.5 to 1 (glad).
    pub valence: Option<EstimateDto>,
    /// From 0 (calm) over 0.5 to 1 (stirring).
    pub arousal: Option<EstimateDto>,
    /// From 0 (instruments alone) to 1 (voice).
    pub voice: Option<EstimateDto>,
    /// What could not be told, and why.
    pub missing: Vec<MissingDto>,
}

/// A figure that nobody can measure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Estimate)]
pub struct EstimateDto {
    /// 0 to 1.
    pub value: f64,
    /// How it was found.
    pub method: String,
}

/// A figure that could not be told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MissingFigure)]
pub struct MissingDto {
    /// Which one: `danceability`, `energy`, `valence`, `arousal`, `voice` or `embedding`.
    pub figure: String,
    /// Why, in a sentence.
    pub message: String,
}

impl From<Enrichment> for EnrichmentDto {
    fn from(found: Enrichment) -> Self {
        Self {
            danceability: found.danceability.map(Into::into),
            energy: found.energy.map(Into::into),
            valence: found.valence.map(Into::into),
            arousal: found.arousal.map(Into::into),
            voice: found.voice.map(Into::into),
            missing: found.missing.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Estimate> for EstimateDto {
    fn from(estimate: Estimate) -> Self {
        let Estimate { value, method } = estimate;
        Self { value, method }
    }
}

impl From<Missing> for MissingDto {
    fn from(missing: Missing) -> Self {
        let figure = match missing.figure {
            EnrichmentFigure::Danceability => "danceability",
            EnrichmentFigure::Energy => "energy",
            EnrichmentFigure::Valence => "valence",
            EnrichmentFigure::Arousal => "arousal",
            EnrichmentFigure::Voice => "voice",
            EnrichmentFigure::Embedding => "embedding",
        };
        Self { figure: figure.to_owned(), message: missing.message }
    }
}
