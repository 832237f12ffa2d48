//! Which tags say how loud a track is, and how their values are spelt.

use fanfare_model::{
    MAX_CHANNELS,
    gain::{self, REFERENCE_LUFS},
};

/// Loudness that an `R128_*_GAIN` leads to, in LUFS (RFC 7845, section 5.2.1).
const R128_LUFS: f64 = -23.0;
/// Steps of an `R128_*_GAIN` in a decibel (the same: Q7.8).
const R128_STEPS_PER_DB: f64 = 256.0;

/// How loud a track is, and the release that it is on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayGainTags {
    /// Gain in dB that brings the track to -18 LUFS.
    pub track_gain_db: f64,
    /// Its true peak as a linear factor of full scale.
    pub track_peak: f64,
    /// The same of the whole release; `None` leaves what the file says of it.
    pub album: Option<AlbumGain>,
}

/// How loud a release is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlbumGain {
    /// Gain in dB that brings it to -18 LUFS.
    pub gain_db: f64,
    /// Its largest true peak as a linear factor of full scale.
    pub peak: f64,
}

impl ReplayGainTags {
    /// Whether a track of so many channels, on a release of any, can have these numbers: what reading takes for
    /// possible, and no peak above that of its release.
    pub(super) fn are_possible(&self, channels: usize) -> bool {
        let possible = |gain_db, peak, channels| {
            peak > 0.0 && gain::can_be_peak(peak) && gain::can_be_gain(gain_db, Some(peak), channels)
        };
        possible(self.track_gain_db, self.track_peak, channels)
            && self.album.is_none_or(|album| {
                possible(album.gain_db, album.peak, MAX_CHANNELS) && album.peak >= self.track_peak
            })
    }

    /// Names and values as ReplayGain 2.0 spells them (wiki.hydrogenaud.io, "ReplayGain 2.0 specification",
    /// metadata format): two decimals and `dB`, six decimals.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("REPLAYGAIN_TRACK_GAIN", decibels(self.track_gain_db)),
            ("REPLAYGAIN_TRACK_PEAK", format!("{:.6}", self.track_peak)),
        ];
        if let Some(album) = self.album {
            fields.push(("REPLAYGAIN_ALBUM_GAIN", decibels(album.gain_db)));
            fields.push(("REPLAYGAIN_ALBUM_PEAK", format!("{:.6}", album.peak)));
        }
        fields.push(("REPLAYGAIN_REFERENCE_LOUDNESS", format!("{REFERENCE_LUFS:.2} LUFS")));
        fields
    }

    /// The same and what RFC 7845 asks of Opus. Both are relative to what is heard with the header's output gain
    /// applied, and what is measured here is what is heard: the header needs no regard.
    pub(super) fn opus_fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.fields();
        fields.push(("R128_TRACK_GAIN", r128(self.track_gain_db)));
        fields.extend(self.album.map(|album| ("R128_ALBUM_GAIN", r128(album.gain_db))));
        fields
    }
}

fn decibels(gain_db: f64) -> String {
    // Without the sum a tiny negative gain would read as -0.00.
    format!("{:.2} dB", (gain_db * 100.0).round() / 100.0 + 0.0)
}

fn r128(gain_db: f64) -> String {
    let steps = (gain_db + R128_LUFS - REFERENCE_LUFS) * R128_STEPS_PER_DB;
    (steps.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16).to_string()
}

/// Whether a name is one of these, in any case.
pub(super) fn is_among(name: &[u8], fields: &[(&'static str, String)]) -> bool {
    fields.iter().any(|(field, _)| name.eq_ignore_ascii_case(field.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelt_as_players_expect() {
        for (gain_db, spelt, opus) in [
            (-6.484, "-6.48 dB", "-2940"),
            (3.0, "3.00 dB", "-512"),
            (5.0, "5.00 dB", "0"),
            (-0.001, "0.00 dB", "-1280"),
            (50.0, "50.00 dB", "11520"),
        ] {
            let tags = ReplayGainTags {
                track_gain_db: gain_db,
                track_peak: 0.5,
                album: Some(AlbumGain { gain_db, peak: 1.25 }),
            };
            let fields = tags.opus_fields();
            let value = |name: &str| &fields.iter().find(|field| field.0 == name).unwrap().1;
            assert_eq!(value("REPLAYGAIN_TRACK_GAIN"), spelt);
            assert_eq!(value("REPLAYGAIN_ALBUM_GAIN"), spelt);
            assert_eq!(value("REPLAYGAIN_TRACK_PEAK"), "0.500000");
            assert_eq!(value("REPLAYGAIN_ALBUM_PEAK"), "1.250000");
            assert_eq!(value("R128_TRACK_GAIN"), opus);
            // What is written in one convention is read in the other.
            let read = super::super::super::text::r128_decibels(value("R128_ALBUM_GAIN")).unwrap();
            assert!((read - gain_db).abs() <= 0.5 / 256.0, "{read} of {gain_db}");
        }
    }

    #[test]
    fn values_that_cannot_be_are_not_written() {
        let fine = ReplayGainTags { track_gain_db: -7.0, track_peak: 0.9, album: None };
        let album = |gain_db, peak| ReplayGainTags { album: Some(AlbumGain { gain_db, peak }), ..fine };
        for (tags, expected) in [
            (fine, true),
            (album(-6.0, 0.9), true),
            (album(-6.0, 1.37), true),
            // The peak of a release is the largest of its tracks.
            (album(-6.0, 0.89), false),
            (album(-6.0, 16.0), false),
            (album(60.0, 1.0), false),
            (ReplayGainTags { track_gain_db: f64::NAN, ..fine }, false),
            (ReplayGainTags { track_gain_db: 53.0, ..fine }, false),
            (ReplayGainTags { track_peak: 0.0, ..fine }, false),
            (ReplayGainTags { track_peak: 0.05, ..fine }, false),
            (ReplayGainTags { track_peak: f64::INFINITY, ..fine }, false),
        ] {
            assert_eq!(tags.are_possible(2), expected, "{tags:?}");
        }
    }
}
