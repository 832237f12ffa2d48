//! Key profiles: how much each scale degree is heard in a key, as published.

/// A pair of profiles, tonic first: major and minor.
pub(super) struct Profile {
    pub(super) major: [f64; 12],
    pub(super) minor: [f64; 12],
}

impl Profile {
    /// The profile of a key: 0 to 11 major, 12 to 23 minor.
    pub(super) const fn of(&self, key: usize) -> &[f64; 12] {
        if key < 12 { &self.major } else { &self.minor }
    }
}

/// The profiles whose answers are combined.
pub(super) const PROFILES: [Profile; 4] = [
    // C. Krumhansl and E. Kessler, "Tracing the Dynamic Changes in Perceived Tonal Organization", Psych. Review 89 (1982).
    Profile {
        major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        minor: [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    },
    // D. Temperley, "What's Key for Key? The Krumhansl-Schmuckler Algorithm Reconsidered", Music Perception 17 (1999).
    Profile {
        major: [5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0],
        minor: [5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0],
    },
    // J. Albrecht and D. Shanahan, "The Use of Large Corpora to Train a New Type of Key-Finding Algorithm",
    // Music Perception 31 (2013).
    Profile {
        major: [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081],
        minor: [0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052],
    },
    // I. Sha'ath, "Estimation of Key in Digital Music Recordings", MSc thesis, Birkbeck (2011): popular and electronic music.
    Profile {
        major: [6.6, 2.0, 3.5, 2.3, 4.6, 4.0, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4],
        minor: [6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4.0, 2.7, 4.3, 3.2],
    },
];

/// Pearson's correlation; 0 when either side does not vary.
pub(super) fn correlation(a: &[f64; 12], b: &[f64; 12]) -> f64 {
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / 12.0, b.iter().sum::<f64>() / 12.0);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - mean_a) * (y - mean_b);
        aa += (x - mean_a).powi(2);
        bb += (y - mean_b).powi(2);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}
