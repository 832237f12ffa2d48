//! Which gains and peaks are possible, wherever they come from: a measurement, a tag, a stored row.
//!
//! Sources: ITU-R BS.1770-5 Annex 1 (K-weighting, weights of channels, the absolute gate), ReplayGain 2.0 specification
//! (reference level).

use crate::{AudioProperties, Tags};

/// Loudness that a gain of ReplayGain 2.0 leads to, in LUFS (ReplayGain 2.0 specification, "reference level").
pub const REFERENCE_LUFS: f64 = -18.0;

/// No sound below this has an integrated loudness: the absolute gate (BS.1770-5 Annex 1), in LUFS.
pub const ABSOLUTE_GATE_LUFS: f64 = -70.0;

/// The largest possible peak, as a factor of full scale: 24 dB above it. Integer samples end at full scale, with some
/// overshoot between samples; decoders of lossy codecs exceed it by a few dB. A larger value is a peak on another scale
/// (some programs wrote them in steps of 16 bits), or it comes from data that is no audio.
pub const LARGEST_PEAK: f64 = 15.848_931_924_611_135;

/// What K-weighting adds at most, in dB: 4.04 where the shelving filter has its full gain (BS.1770-5 Annex 1, tables 1
/// and 2), and 0.5 for ringing from before a block and for the filter at low rates.
const MOST_WEIGHTING_DB: f64 = 4.54;

/// What BS.1770-5 adds to the logarithm (Annex 1, equation 2), in LU.
const OFFSET_LU: f64 = -0.691;

/// The largest weight of a channel: those at the sides (BS.1770-5 Annex 1, table 3).
const SIDE_WEIGHT: f64 = 1.41;

/// The loudest that a sound with this peak (a factor of full scale) and this number of channels can be, in LUFS: all channels
/// are at the peak all the time, at the frequency where the weighting adds most.
#[must_use]
pub fn loudest_lufs(peak: f64, channels: usize) -> f64 {
    let channels = channels.max(1);
    let weight = if channels <= 3 { 1.0 } else { SIDE_WEIGHT };
    20.0 * peak.log10() + 10.0 * (weight * channels as f64).log10() + MOST_WEIGHTING_DB + OFFSET_LU
}

/// Whether this peak is possible; 0 is the peak of silence.
#[must_use]
pub fn can_be_peak(peak: f64) -> bool {
    (0.0..=LARGEST_PEAK).contains(&peak)
}

/// Whether a track with this peak (where it is known) and this number of channels can have this gain in dB.
#[must_use]
pub fn can_be_gain(gain_db: f64, peak: Option<f64>, channels: usize) -> bool {
    let lufs = REFERENCE_LUFS - gain_db;
    let loudest = loudest_lufs(peak.unwrap_or(LARGEST_PEAK).min(LARGEST_PEAK), channels);
    lufs >= ABSOLUTE_GATE_LUFS && lufs <= loudest
}

impl Tags {
    /// Removes gains and peaks that no track with this number of channels can have ([the module](self)); returns whether there
    /// were any. When a gain and a peak contradict each other, it is unknown which is wrong: both are removed.
    pub fn drop_impossible_gains(&mut self, channels: usize) -> bool {
        let pairs = [
            (&mut self.replaygain_track_gain_db, &mut self.replaygain_track_peak),
            (&mut self.replaygain_album_gain_db, &mut self.replaygain_album_peak),
        ];
        let mut dropped = false;
        for (gain_db, peak) in pairs {
            if peak.is_some_and(|peak| !can_be_peak(peak)) {
                (*peak, dropped) = (None, true);
            }
            if gain_db.is_some_and(|gain_db| !can_be_gain(gain_db, *peak, channels)) {
                // Without the peak this gain is possible: then the peak may be the wrong value.
                if gain_db.is_some_and(|gain_db| can_be_gain(gain_db, None, channels)) {
                    *peak = None;
                }
                (*gain_db, dropped) = (None, true);
            }
        }
        dropped
    }
}

impl AudioProperties {
    /// Whether its samples are integers, so that none exceeds full scale. `false` where the codec may hold floats too.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        let few_bits = self.bit_depth.is_some_and(|bits| bits <= 24);
        match self.codec.as_str() {
            "flac" | "alac" => true,
            "ape" | "wavpack" | "tta" => few_bits,
            codec => ["pcm_s", "pcm_u", "pcm_alaw", "pcm_mulaw"].iter().any(|start| codec.starts_with(start)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_is_taken_for_a_gain() {
        // issue 12: the gain, its peak, channels, whether that can be.
        for (gain_db, peak, channels, expected) in [
            (-6.5, Some(0.98), 2, true),
            // A square wave at 0 dBFS on both channels, and a tone where the weighting adds most.
            (-21.0, Some(1.0), 2, true),
            (-24.3, Some(1.0), 2, true),
            (-26.0, Some(1.0), 2, false),
            (-26.0, None, 2, true),
            (52.0, Some(0.01), 2, true),
            // What ReplayGain 1 programs wrote for silence, and the largest number of R128_TRACK_GAIN.
            (64.82, Some(0.0), 2, false),
            (133.0, None, 2, false),
            (60.0, None, 2, false),
            (-60.0, None, 2, false),
            // A nearly silent file cannot be as loud as a pop song.
            (-8.0, Some(0.01), 2, false),
            (0.0, Some(0.0), 2, false),
            (f64::NAN, None, 2, false),
            (f64::INFINITY, None, 2, false),
        ] {
            assert_eq!(can_be_gain(gain_db, peak, channels), expected, "{gain_db} dB, {peak:?}");
        }
        for (peak, expected) in [
            (0.0, true),
            (1.0, true),
            (1.37, true),
            (15.8, true),
            (15.9, false),
            (-0.1, false),
            (f64::NAN, false),
        ] {
            assert_eq!(can_be_peak(peak), expected, "{peak}");
        }
        assert!((20.0 * LARGEST_PEAK.log10() - 24.0).abs() < 1e-9);
    }
}
