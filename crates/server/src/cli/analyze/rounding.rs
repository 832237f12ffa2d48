//! As many decimals as a number means. The catalog keeps the full numbers; this is for reading and comparing.

use fanfare_model::Features;

/// That number with that many decimals (0 to 9).
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10f64.powi(decimals);
    let scaled = (value * factor).round() / factor;
    // Very large numbers have no decimals to lose, and -0 reads like a mistake.
    if scaled.is_finite() { scaled + 0.0 } else { value }
}

fn each(values: &mut [f64], decimals: i32) {
    for value in values {
        *value = rounded(*value, decimals);
    }
}

fn some(value: &mut Option<f64>, decimals: i32) {
    if let Some(value) = value {
        *value = rounded(*value, decimals);
    }
}

fn columns(values: &mut [f32]) {
    for value in values {
        *value = rounded(f64::from(*value), WAVEFORM_DECIMALS) as f32;
    }
}

/// Decimals of levels in dB, LU, LUFS: EBU Tech 3341 asks for 0.1; two more would be noise.
pub const LEVEL_DECIMALS: i32 = 2;
/// Decimals of seconds: one frame at 44.1 kHz is 0.02 ms.
const TIME_DECIMALS: i32 = 3;
/// Decimals of shares and confidences.
const SHARE_DECIMALS: i32 = 3;
/// Decimals of waveform columns: finer than any screen.
const WAVEFORM_DECIMALS: i32 = 4;
/// Decimals of linear peaks, as in ReplayGain tags.
pub const LINEAR_DECIMALS: i32 = 6;

/// Rounds all of them.
pub fn round_features(features: &mut Features) {
    if let Some(loudness) = &mut features.loudness {
        for level in [
            loudness.integrated_lufs.as_mut().map(|level| &mut level.0),
            loudness.range_lu.as_mut().map(|level| &mut level.0),
            loudness.momentary_max_lufs.as_mut().map(|level| &mut level.0),
            loudness.short_term_max_lufs.as_mut().map(|level| &mut level.0),
            loudness.sample_peak_dbfs.as_mut().map(|level| &mut level.0),
            loudness.true_peak_dbtp.as_mut().map(|level| &mut level.0),
            loudness.replaygain_track_gain_db.as_mut(),
        ]
        .into_iter()
        .flatten()
        {
            *level = rounded(*level, LEVEL_DECIMALS);
        }
        some(&mut loudness.replaygain_track_peak, LINEAR_DECIMALS);
    }
    if let Some(rhythm) = &mut features.rhythm {
        if let Some(tempo) = &mut rhythm.tempo_bpm {
            tempo.0 = rounded(tempo.0, 2);
        }
        some(&mut rhythm.tempo_confidence, SHARE_DECIMALS);
        for candidate in &mut rhythm.tempo_candidates {
            candidate.tempo_bpm.0 = rounded(candidate.tempo_bpm.0, 2);
            candidate.confidence = rounded(candidate.confidence, SHARE_DECIMALS);
        }
        if let Some((slowest, fastest)) = &mut rhythm.tempo_range_bpm {
            (slowest.0, fastest.0) = (rounded(slowest.0, 2), rounded(fastest.0, 2));
        }
        each(&mut rhythm.beats_s, TIME_DECIMALS);
        each(&mut rhythm.downbeats_s, TIME_DECIMALS);
        some(&mut rhythm.onset_rate_hz, 3);
        some(&mut rhythm.danceability, SHARE_DECIMALS);
    }
    if let Some(key) = &mut features.key {
        key.confidence = rounded(key.confidence, SHARE_DECIMALS);
        some(&mut key.tuning_cents, 1);
        for segment in &mut key.segments {
            segment.start_s = rounded(segment.start_s, TIME_DECIMALS);
            segment.end_s = rounded(segment.end_s, TIME_DECIMALS);
            segment.confidence = rounded(segment.confidence, SHARE_DECIMALS);
        }
    }
    if let Some(waveform) = &mut features.waveform {
        columns(&mut waveform.peaks);
        columns(&mut waveform.rms);
    }
    if let Some(fingerprint) = &mut features.fingerprint {
        fingerprint.duration_s = rounded(fingerprint.duration_s, TIME_DECIMALS);
    }
    if let Some(speech_music) = &mut features.speech_music {
        speech_music.music = rounded(speech_music.music, SHARE_DECIMALS);
        speech_music.speech = rounded(speech_music.speech, SHARE_DECIMALS);
    }
    if let Some(dynamics) = &mut features.dynamics {
        some(&mut dynamics.complexity_db, LEVEL_DECIMALS);
        some(&mut dynamics.crest_db, LEVEL_DECIMALS);
        if let Some(level) = &mut dynamics.rms_dbfs {
            level.0 = rounded(level.0, LEVEL_DECIMALS);
        }
        dynamics.silence_head_s = rounded(dynamics.silence_head_s, TIME_DECIMALS);
        dynamics.silence_tail_s = rounded(dynamics.silence_tail_s, TIME_DECIMALS);
    }
    if let Some(timbre) = &mut features.timbre {
        // Band energies span many orders of magnitude: significant digits, not decimals.
        for band in &mut timbre.erb_bands {
            *band = significant(*band, 5);
        }
        some(&mut timbre.centroid_hz, 1);
        some(&mut timbre.rolloff_hz, 1);
        some(&mut timbre.flatness, 6);
        some(&mut timbre.zero_crossing_rate_hz, 1);
        each(&mut timbre.mfcc_mean, 4);
        each(&mut timbre.mfcc_deviation, 4);
        each(&mut timbre.mfcc_change, 4);
    }
}

/// That number with so many significant digits.
fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_they_mean() {
        for (value, decimals, expected) in [
            (1.23456, 2, 1.23),
            (-0.0004, 3, 0.0),
            (-14.105, 1, -14.1),
            (1e300, 3, 1e300),
            (241.2934, 3, 241.293),
        ] {
            assert_eq!(rounded(value, decimals).to_bits(), f64::to_bits(expected), "{value}");
        }
        assert_eq!(significant(0.000_012_345_678, 5), 0.000_012_346);
        assert_eq!(significant(0.0, 5), 0.0);
    }
}
