//! How a track feels, by rule.
//!
//! Each estimate is a logistic function of a few standardised descriptors. Which descriptors, and in which direction
//! they work, is what listening experiments found; how much each counts is a choice, so that a piece in the middle
//! of all gives 0.5 and an ordinary spread of music fills most of the range. They are hints, not measurements.
//!
//! Sources: J. A. Russell, A circumplex model of affect, Journal of Personality and Social Psychology 39 (1980), for
//! valence and arousal as the two axes; A. Gabrielsson and E. Lindström, The role of structure in the musical
//! expression of emotions (in: Handbook of Music and Emotion, Oxford 2010), and T. Eerola, O. Lartillot and P.
//! Toiviainen, Prediction of multidimensional emotional ratings in music from audio using multivariate regression
//! models (ISMIR 2009), for what goes with them; T. Eerola and J. K. Vuoskoski, A comparison of the discrete and
//! dimensional models of emotion in music, Psychology of Music 39 (2011), for how little of valence audio tells; L. van
//! Noorden and D. Moelants, Resonance in the perception of musical pulse, Journal of New Music Research 28 (1999), for the
//! tempo at which people move.

use fanfare_model::{
    Features,
    enrichment::{Estimate, MissingReason},
    features::TempoStability,
};

use super::table::{Descriptors, mode};

/// An estimate, or why there is none.
pub(super) type Hint = Result<Estimate, (MissingReason, String)>;

/// Mean and standard deviation of integrated loudness, in LUFS and LU: of the pieces that the table of descriptors is from.
const LOUDNESS: (f64, f64) = (-16.0, 5.0);
/// The tempo at which people like best to move, and how far from it, in octaves, half of the liking is gone.
const RESONANCE_BPM: f64 = 120.0;
const RESONANCE_OCTAVES: f64 = 0.5;

fn told(logit: f64, method: &str) -> Hint {
    // Four digits: more would pretend to something.
    let value = (1e4 / (1.0 + (-logit).exp())).round() / 1e4;
    Ok(Estimate { value, method: method.to_owned() })
}

/// Not there because the part of the features is not.
fn not_analyzed(figure: &str, parts: &str) -> (MissingReason, String) {
    (MissingReason::NotAnalyzed, format!("no {figure}: {parts} not analyzed"))
}

/// The descriptor, or why there is none.
fn needed(
    descriptors: &Descriptors,
    name: &str,
    figure: &str,
    analyzed: bool,
    part: &str,
) -> Result<f64, (MissingReason, String)> {
    descriptors.get(name).ok_or_else(|| match analyzed {
        true => (MissingReason::NothingToReadFrom, format!("no {figure}: the sound has no {name}")),
        false => not_analyzed(figure, part),
    })
}

/// Regular movement of the level, a clear and steady pulse, a tempo near that of walking and dancing.
pub(super) fn danceability(features: &Features, descriptors: &Descriptors) -> Hint {
    let rhythm = features.rhythm.as_ref();
    let movement = needed(descriptors, "danceability", "danceability", rhythm.is_some(), "rhythm was")?;
    let pulse = descriptors.get("tempo confidence").unwrap_or(0.0);
    let tempo_bpm = rhythm.and_then(|rhythm| rhythm.tempo_bpm).map(|tempo| tempo.0);
    // Half and double tempo are as good: people choose the level at which they move.
    let away = tempo_bpm.map(|tempo| (tempo / RESONANCE_BPM).log2()).map(|octaves| octaves - octaves.round());
    let resonance = away.map_or(-1.0, |octaves| 1.0 - 2.0 * (octaves / RESONANCE_OCTAVES).powi(2).min(1.0));
    let steadiness = match rhythm.and_then(|rhythm| rhythm.tempo_stability) {
        Some(TempoStability::Steady) => 0.3,
        Some(TempoStability::Drifting) => -0.1,
        Some(TempoStability::Rubato) | None => -1.0,
    };
    told(
        0.9 * movement + 0.5 * pulse + 0.3 * resonance + steadiness,
        "rule over detrended fluctuation of the level (Streich and Herrera 2005), tempo confidence, steadiness and \
         distance from 120 bpm (van Noorden and Moelants 1999)",
    )
}

/// Dense, bright, noisy, pressed together, loud.
pub(super) fn energy(features: &Features, descriptors: &Descriptors) -> Hint {
    let timbre = features.timbre.is_some();
    let brightness = needed(descriptors, "centroid", "energy", timbre, "timbre was")?;
    let noise = needed(descriptors, "flatness", "energy", timbre, "timbre was")?;
    let rhythm = features.rhythm.is_some();
    let onsets = needed(descriptors, "onset rate", "energy", rhythm, "rhythm was")?;
    let peaks = needed(descriptors, "crest", "energy", features.dynamics.is_some(), "dynamics were")?;
    let loudness = loudness(features, "energy")?;
    told(
        0.5 * onsets + 0.4 * brightness + 0.2 * noise - 0.5 * peaks + 0.5 * loudness,
        "rule over onset rate, brightness, noisiness, crest factor and loudness (as Gabrielsson and Lindström 2010 \
         list for activity and power)",
    )
}

/// Major or minor as far as it is sure; faster, clearer in its pulse and brighter is gladder.
pub(super) fn valence(features: &Features, descriptors: &Descriptors) -> Hint {
    let Some(key) = &features.key else {
        let reason = MissingReason::NothingToReadFrom;
        return Err((reason, "no valence: there is no key to read it from, or none was analyzed".to_owned()));
    };
    let or_middle = |name: &str| descriptors.get(name).unwrap_or(0.0);
    told(
        0.9 * mode(key)
            + 0.4 * or_middle("tempo")
            + 0.3 * or_middle("tempo confidence")
            + 0.2 * or_middle("onset rate"),
        "heuristic over mode, tempo, pulse clarity and onset rate on Russell's circumplex (directions from Eerola, \
         Lartillot and Toiviainen 2009; Eerola and Vuoskoski 2011 on how little audio tells of valence)",
    )
}

/// Loud, fast, dense, bright and changing is stirring.
pub(super) fn arousal(features: &Features, descriptors: &Descriptors) -> Hint {
    let brightness = needed(descriptors, "centroid", "arousal", features.timbre.is_some(), "timbre was")?;
    let onsets = needed(descriptors, "onset rate", "arousal", features.rhythm.is_some(), "rhythm was")?;
    let loudness = loudness(features, "arousal")?;
    let tempo = descriptors.get("tempo").unwrap_or(0.0);
    let change = descriptors.get("cepstrum change 0").unwrap_or(0.0);
    told(
        0.6 * loudness + 0.4 * onsets + 0.4 * tempo + 0.4 * brightness + 0.2 * change,
        "heuristic over loudness, onset rate, tempo, brightness and change of level on Russell's circumplex \
         (directions from Gabrielsson and Lindström 2010, Eerola, Lartillot and Toiviainen 2009)",
    )
}

/// Where speech is heard there is a voice. That there is none does not follow from the contrary.
pub(super) fn voice(features: &Features) -> Hint {
    let Some(part) = &features.speech_music else {
        let message = "no voice: speech and music were not told apart".to_owned();
        return Err((MissingReason::NotAnalyzed, message));
    };
    Ok(Estimate {
        value: (part.speech * 1e4).round() / 1e4,
        method: "share of the sounding time in which the cues of speech are heard (syllables, gliding pitch); singing \
                 over instruments is often missed, so that 0 does not say that nobody sings"
            .to_owned(),
    })
}

/// Integrated loudness, standardised.
fn loudness(features: &Features, figure: &str) -> Result<f64, (MissingReason, String)> {
    let part = features.loudness.as_ref().ok_or_else(|| not_analyzed(figure, "loudness was"))?;
    let lufs = part.integrated_lufs.ok_or_else(|| {
        (MissingReason::NothingToReadFrom, format!("no {figure}: it is too quiet to have a loudness"))
    })?;
    Ok(((lufs.0 - LOUDNESS.0) / LOUDNESS.1).clamp(-3.0, 3.0))
}
