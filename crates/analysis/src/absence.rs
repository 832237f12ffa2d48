//! [`Absence`]: why a figure could not be known. A reason for programs, a sentence for people.

use std::fmt;

/// What kept a figure from being known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AbsenceReason {
    /// The track ends before the figure has a meaning.
    TooShort,
    /// It sounds, but below the level at which the figure is defined.
    TooQuiet,
    /// Nothing sounds.
    Silent,
    /// Music without a steady beat, or no music.
    NoBeat,
    /// Hardly any pitched sound: drums, noise, speech.
    NoPitch,
    /// It sounds, but is nothing that the figure knows.
    NeitherKind,
    /// Samples so large that their squares or peaks are no numbers.
    BeyondFullScale,
}

/// A figure that could not be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// The kind of reason.
    pub reason: AbsenceReason,
    sentence: String,
}

impl Absence {
    /// That reason in that sentence: lower case, naming the figure, no full stop.
    #[must_use]
    pub fn new(reason: AbsenceReason, sentence: impl Into<String>) -> Self {
        Self { reason, sentence: sentence.into() }
    }

    /// The track is shorter than the figure needs, in seconds.
    #[must_use]
    pub fn too_short(figure: &str, has_s: f64, needs_s: f64) -> Self {
        // Enough decimals that what is said to be too short also reads shorter.
        let decimals = if needs_s < 1.0 || needs_s - has_s < 0.05 { 2 } else { 1 };
        let sentence = format!("too short for {figure}: {has_s:.decimals$} s, needs {needs_s} s");
        Self::new(AbsenceReason::TooShort, sentence)
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_is_too_short_reads_as_such() {
        for (has_s, needs_s, sentence) in [
            (1.2, 3.0, "too short for tempo: 1.2 s, needs 3 s"),
            (2.98, 3.0, "too short for tempo: 2.98 s, needs 3 s"),
            (0.349, 0.4, "too short for tempo: 0.35 s, needs 0.4 s"),
        ] {
            let absence = Absence::too_short("tempo", has_s, needs_s);
            assert_eq!((absence.to_string().as_str(), absence.reason), (sentence, AbsenceReason::TooShort));
        }
    }
}
