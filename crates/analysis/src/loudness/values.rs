//! Values of a track that are judged ([`Judged`](super::Judged)): what was measured, a gain and a peak, or why there is none.

use std::fmt;

use fanfare_model::{AudioProperties, features::Loudness};

/// A track to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// What was measured.
    pub loudness: &'a Loudness,
    /// What the file says about its audio. What is not known allows every value.
    pub audio: Option<&'a AudioProperties>,
}

/// A gain and a peak that can be true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// Gain in dB that brings it to -18 LUFS.
    pub gain_db: f64,
    /// The true peak as a linear factor of full scale, above 0.
    pub peak: f64,
}

/// Why there are no values of a track. Shown, it is a sentence in lower case without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing was measured: it could not be decoded, or not yet.
    Unread,
    /// Digital silence: neither loudness nor peak.
    Silent,
    /// A peak and no loudness: too short or too quiet for one.
    NoLoudness,
    /// A loudness and no peak, or values that cannot be true; the text says which, and why.
    Impossible(String),
    /// Possible by itself, but not compared with the other tracks of its release.
    Apart(String),
}

impl Doubt {
    /// Whether there is a value that cannot be believed; `false` when there is no value.
    #[must_use]
    pub const fn is_of_a_value(&self) -> bool {
        matches!(self, Self::Impossible(_) | Self::Apart(_))
    }

    /// Whether the track is known to have no loudness, so that its release is whole without it.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        matches!(self, Self::Silent | Self::NoLoudness)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread => f.write_str("its loudness was not measured"),
            Self::Silent => f.write_str("it is digital silence and has no loudness"),
            Self::NoLoudness => f.write_str("it has a peak and no loudness: too short or too quiet for one"),
            Self::Impossible(why) | Self::Apart(why) => f.write_str(why),
        }
    }
}

/// A linear factor in decibels.
pub(super) fn decibels(factor: f64) -> f64 {
    20.0 * factor.log10()
}
