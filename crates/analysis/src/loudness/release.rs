//! What the tracks of a release are together: [`Release`].
//!
//! This is the one rule for an album's loudness, gain and peak, wherever they are shown or written (`analyze --album`, the
//! API, the tags of files):
//!
//! - the loudness is the gated loudness of all gating blocks of the tracks under one relative gate, as if they were one
//!   programme (BS.1770-5 Annex 1, EBU R 128; ReplayGain 2.0 specification, "album gain");
//! - a track that is silent, too quiet or too short for a loudness has no gating blocks and adds none: the release has its
//!   loudness from the others. Its peak counts;
//! - a track that could not be read, and one with a value that cannot be true ([`Judged`](super::Judged)), is left out and
//!   named. A caller that needs the whole release asks whether any was left out;
//! - the peak is the largest true peak of the tracks that are known (ReplayGain 2.0 specification, "album peak").

use std::fmt;

use fanfare_model::{DbTp, Lufs, MAX_CHANNELS, features::GatingBlocks, gain};

use super::{
    album, replaygain_db,
    values::{Doubt, Gain, Measured, decibels},
};

/// The relative gate of integrated loudness, in LU (BS.1770-5 Annex 1).
const RELATIVE_GATE_LU: f64 = 10.0;

/// What is said of the tracks of a release together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Release {
    /// Their loudness as one programme.
    pub integrated_lufs: Option<Lufs>,
    /// Gain in dB that brings them to -18 LUFS together (ReplayGain 2.0).
    pub gain_db: Option<f64>,
    /// The largest true peak of any, as a linear factor of full scale (ReplayGain 2.0); `None` for digital silence.
    pub peak: Option<f64>,
    /// Why there is no loudness and no gain.
    pub no_gain: Option<NoGain>,
    /// The tracks that do not count, by their place, and why.
    pub left_out: Vec<(usize, Doubt)>,
}

/// Why a release has no gain. Shown, it is a sentence in lower case without a full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoGain {
    /// It has no track that is known.
    NothingKnown,
    /// Nothing in the tracks that are known is above the absolute gate.
    Silent,
    /// What its blocks give is not in the range of its tracks.
    Impossible,
}

impl fmt::Display for NoGain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingKnown => "no loudness: none of its tracks could be measured",
            Self::Silent => "no loudness: nothing in it is above -70 LUFS",
            Self::Impossible => "no loudness: it is not in the range of its tracks",
        })
    }
}

impl Release {
    /// The largest true peak of any track, in decibels.
    #[must_use]
    pub fn true_peak_dbtp(&self) -> Option<DbTp> {
        self.peak.and_then(|peak| DbTp::finite(decibels(peak)))
    }

    /// Gain and peak, when there are both.
    #[must_use]
    pub fn gain(&self) -> Option<Gain> {
        let (gain_db, peak) = self.gain_db.zip(self.peak)?;
        Some(Gain { gain_db, peak })
    }
}

/// The release of tracks that were judged.
pub(super) fn together(tracks: &[Option<Measured<'_>>], judged: &[Result<Gain, Doubt>]) -> Release {
    let mut release = Release::default();
    let mut blocks: Vec<&GatingBlocks> = Vec::new();
    let mut gains_db: Vec<f64> = Vec::new();
    let mut known = 0_usize;
    for (at, (track, found)) in tracks.iter().zip(judged).enumerate() {
        let peak = match (found, track.map(|track| track.loudness)) {
            (Ok(gain), Some(loudness)) => {
                let Some(of_track) = &loudness.blocks else {
                    let why = "it was measured before blocks of 400 ms were kept".to_owned();
                    release.left_out.push((at, Doubt::Impossible(why)));
                    continue;
                };
                blocks.push(of_track);
                gains_db.push(gain.gain_db);
                Some(gain.peak)
            }
            (Err(why), Some(loudness)) if why.is_quiet() => loudness.replaygain_track_peak,
            (Err(why), _) => {
                release.left_out.push((at, why.clone()));
                continue;
            }
            (Ok(_), None) => continue, // what was not measured has no value
        };
        known += 1;
        release.peak = release.peak.into_iter().chain(peak).reduce(f64::max);
    }
    let Some(lufs) = album(&blocks) else {
        release.no_gain = Some(if known == 0 { NoGain::NothingKnown } else { NoGain::Silent });
        return release;
    };
    let gain_db = replaygain_db(lufs.0);
    let loudest_db = gains_db.iter().copied().fold(f64::INFINITY, f64::min);
    let quietest_db = gains_db.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let among = loudest_db - RELATIVE_GATE_LU..=quietest_db + RELATIVE_GATE_LU;
    if among.contains(&gain_db) && gain::can_be_gain(gain_db, release.peak, MAX_CHANNELS) {
        (release.integrated_lufs, release.gain_db) = (Some(lufs), Some(gain_db));
    } else {
        release.no_gain = Some(NoGain::Impossible);
    }
    release
}
