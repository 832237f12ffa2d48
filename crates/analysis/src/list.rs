//! The one ordered list of analyzers.

use crate::{AnalyzerEntry, dynamics, fingerprint, key, loudness, rhythm, speech_music, timbre, waveform};

/// Every analyzer there is, in the order in which results are shown.
pub const ANALYZERS: &[AnalyzerEntry] = &[
    loudness::ENTRY,
    waveform::ENTRY,
    rhythm::ENTRY,
    key::ENTRY,
    fingerprint::ENTRY,
    speech_music::ENTRY,
    dynamics::ENTRY,
    timbre::ENTRY,
];

/// Each analyzer's id and present version.
#[must_use]
pub fn versions() -> Vec<(&'static str, u32)> {
    ANALYZERS.iter().map(|entry| (entry.id, entry.version)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_described() {
        for (at, entry) in ANALYZERS.iter().enumerate() {
            assert!(ANALYZERS[..at].iter().all(|other| other.id != entry.id), "{} is there twice", entry.id);
            assert!(!entry.about.is_empty() && entry.version > 0, "{}", entry.id);
        }
    }
}
