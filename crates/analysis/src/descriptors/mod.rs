//! What follows from features without analyzing the track again and without a model: [`describe`].
//!
//! Purpose: the *enrichment* that needs no download. Five estimates of how a track feels and an embedding, all of them
//! plain functions of [`Features`].
//!
//! Vocabulary: a *descriptor* is one number read from the features, standardised by a centre and a scale
//! ([`table`]); the embedding is all of them, weighted, as a vector of length one.
//!
//! Invariants: the same features give the same enrichment, bit for bit. What cannot be told is missing with a
//! reason. Nothing here was fitted to labelled music: centres and scales are means and standard deviations, weights
//! and the rules of [`estimates`] are choices, said in each estimate's method.

mod estimates;
mod table;

use fanfare_model::{
    Error, ErrorKind, Features, Result,
    enrichment::{Embedding, Enrichment, EnrichmentFigure, Missing, MissingReason},
};

use estimates::Hint;
use table::{Descriptors, TABLE};

/// The name of the built-in embedding.
pub const MODEL: &str = "fanfare-descriptors";
/// Its version: raised with every change of [`TABLE`] or of what it is read from.
pub const MODEL_VERSION: u32 = 1;
/// How many numbers a vector of it has.
pub const DIMENSIONS: usize = TABLE.len();
/// Shorter tracks are not described: the least that tempo is read from.
pub const LEAST_S: f64 = 3.0;

/// Enriches a track of that length in seconds.
///
/// # Errors
/// [`ErrorKind::Empty`] when there is too little to describe: less than [`LEAST_S`] of it, or silence. Whether a
/// track without enrichment is played all the same is the caller's to say.
pub fn describe(features: &Features, duration_s: f64) -> Result<Enrichment> {
    // Also refuses a length that is no number.
    if !(LEAST_S..f64::INFINITY).contains(&duration_s) {
        // Rounded down: what is too short also reads shorter.
        let has_s = (duration_s * 100.0).floor() / 100.0;
        let message = format!("too short to describe: {has_s:.2} s, needs {LEAST_S} s");
        return Err(Error::new(ErrorKind::Empty, message));
    }
    // A timbre without bands has met nothing that sounds.
    if features.timbre.as_ref().is_some_and(|part| part.erb_bands.is_empty()) {
        return Err(Error::new(ErrorKind::Empty, "nothing sounds that could be described"));
    }
    let descriptors = Descriptors::of(features);
    let mut missing = Vec::new();
    let mut take = |figure, hint: Hint| {
        hint.map_err(|(reason, message)| missing.push(Missing { figure, reason, message })).ok()
    };
    let mut enrichment = Enrichment {
        danceability: take(EnrichmentFigure::Danceability, estimates::danceability(features, &descriptors)),
        energy: take(EnrichmentFigure::Energy, estimates::energy(features, &descriptors)),
        valence: take(EnrichmentFigure::Valence, estimates::valence(features, &descriptors)),
        arousal: take(EnrichmentFigure::Arousal, estimates::arousal(features, &descriptors)),
        voice: take(EnrichmentFigure::Voice, estimates::voice(features)),
        ..Enrichment::default()
    };
    enrichment.embedding = embedding(features, &descriptors);
    if enrichment.embedding.is_none() {
        missing.push(Missing {
            figure: EnrichmentFigure::Embedding,
            reason: MissingReason::NotAnalyzed,
            message: "no embedding: timbre was not analyzed, or by an older version".to_owned(),
        });
    }
    enrichment.missing = missing;
    Ok(enrichment)
}

/// Every descriptor's name and what it reads of a track, before it is standardised; `None` for what is not known.
#[must_use]
pub fn readings(features: &Features) -> Vec<(&'static str, Option<f64>)> {
    TABLE.iter().map(|row| row.name).zip(table::readings(features)).collect()
}

/// The weighted descriptors as a vector of length one; one that is not known stays in the middle. `None` without a
/// whole timbre: what is left would say more about what is missing than about the sound.
fn embedding(features: &Features, descriptors: &Descriptors) -> Option<Embedding> {
    let timbre = features.timbre.as_ref()?;
    if timbre.erb_bands.is_empty() || timbre.mfcc_mean.is_empty() || timbre.mfcc_deviation.is_empty() {
        return None;
    }
    let weighted = descriptors.weighted();
    let length = weighted.iter().map(|value| value * value).sum::<f64>().sqrt();
    let values = weighted.iter().map(|value| (value / length) as f32).collect();
    (length > 0.0).then(|| Embedding { model: MODEL.to_owned(), version: MODEL_VERSION, values })
}
