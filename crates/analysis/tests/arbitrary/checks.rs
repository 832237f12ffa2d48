//! What the documentation of the features promises, checked on any result.

use fanfare_model::{
    Features,
    features::{
        Dynamics, Fingerprint, Key, Loudness, LoudnessSeries, PITCH_CLASSES, Rhythm, SpeechMusic, Timbre,
        WAVEFORM_COLUMNS, Waveform, WaveformDetail,
    },
};

use super::Case;

/// Half a unit of the last place that results are compared at.
const SLACK: f64 = 1e-6;

type Checked = Result<(), String>;

/// # Errors
/// What the features promise and do not keep.
pub fn check(case: &Case, features: &Features) -> Checked {
    // JSON has no NaN and no infinity: either would come back as nothing.
    let again = serde_json::to_value(features).and_then(serde_json::from_value::<Features>);
    holds(again.is_ok_and(|again| again == *features), "a value is not finite", features)?;
    for warning in &features.warnings {
        holds(!warning.ends_with('.') && warning.len() > 10, "a warning is no sentence", warning)?;
    }
    features.loudness.as_ref().map_or(Ok(()), loudness)?;
    features.rhythm.as_ref().map_or(Ok(()), |found| rhythm(case, found))?;
    features.key.as_ref().map_or(Ok(()), |found| key(case, found))?;
    features.waveform.as_ref().map_or(Ok(()), |found| waveform(case, found))?;
    features.fingerprint.as_ref().map_or(Ok(()), fingerprint)?;
    features.speech_music.as_ref().map_or(Ok(()), speech_music)?;
    features.dynamics.as_ref().map_or(Ok(()), |found| dynamics(case, found))?;
    features.timbre.as_ref().map_or(Ok(()), |found| timbre(case, found))
}

fn holds(right: bool, otherwise: &str, found: &dyn std::fmt::Debug) -> Checked {
    if right {
        return Ok(());
    }
    let found: String = format!("{found:?}").chars().take(400).collect();
    Err(format!("{otherwise}: {found}"))
}

fn share(value: f64) -> bool {
    (-SLACK..=1.0 + SLACK).contains(&value)
}

fn ascending(times: &[f64]) -> bool {
    times.is_sorted_by(|one, next| one < next)
}

fn loudness(found: &Loudness) -> Checked {
    let (integrated, momentary) = (found.integrated_lufs, found.momentary_max_lufs);
    if let Some(integrated) = integrated {
        let right = momentary.is_some_and(|most| integrated.0 <= most.0 + 0.1) && integrated.0 >= -70.1;
        holds(right, "integrated loudness is out of range", found)?;
    }
    holds(found.range_lu.is_none_or(|range| range.0 >= 0.0), "the range is negative", &found.range_lu)?;
    if let (Some(sample), Some(top)) = (found.sample_peak_dbfs, found.true_peak_dbtp) {
        holds(top.0 >= sample.0 - SLACK, "the true peak is below the samples", &(sample, top))?;
    }
    if let Some(LoudnessSeries { step_s, momentary_lufs, short_term_lufs }) = &found.series {
        let steps = (step_s / 0.1).log2();
        holds((steps - steps.round()).abs() < SLACK && steps >= -SLACK, "an odd step", step_s)?;
        let lengths = (momentary_lufs.len(), short_term_lufs.len());
        holds(lengths.0 == lengths.1 && lengths.0 <= LoudnessSeries::MOST, "odd lengths", &lengths)?;
        let mut values = momentary_lufs.iter().chain(short_term_lufs).flatten();
        holds(values.all(|lufs| *lufs >= -70.1), "a value below the absolute gate", momentary_lufs)?;
    }
    if let Some(blocks) = &found.blocks {
        let right = blocks.0.iter().all(|(_, count, energy)| *count > 0 && *energy > 0.0);
        holds(right, "an empty gating block", blocks)?;
        holds(blocks.0.is_sorted_by(|one, next| one.0 < next.0), "unsorted blocks", blocks)?;
    }
    Ok(())
}

fn rhythm(case: &Case, found: &Rhythm) -> Checked {
    let tempo = |bpm: f64| (10.0..=500.0).contains(&bpm);
    holds(found.tempo_bpm.is_none_or(|bpm| tempo(bpm.0)), "an odd tempo", &found.tempo_bpm)?;
    holds(found.tempo_confidence.is_none_or(share), "an odd confidence", &found.tempo_confidence)?;
    let candidates = &found.tempo_candidates;
    let right = candidates.iter().all(|one| tempo(one.tempo_bpm.0) && share(one.confidence));
    holds(right, "an odd candidate", candidates)?;
    if let (Some(first), Some(chosen)) = (candidates.first(), found.tempo_bpm) {
        // The candidates are lags, the tempo is fitted to the beats.
        holds((first.tempo_bpm.0 / chosen.0 - 1.0).abs() < 0.2, "the first is not the chosen", found)?;
        let sum: f64 = candidates.iter().map(|one| one.confidence).sum();
        holds((sum - 1.0).abs() < 1e-3, "the confidences do not add up", candidates)?;
        let falling = candidates[1..].is_sorted_by(|one, next| one.confidence >= next.confidence);
        holds(falling, "the confidences do not fall", candidates)?;
    }
    let right = found.tempo_range_bpm.is_none_or(|(low, high)| low.0 <= high.0 && low.0 > 0.0);
    holds(right, "an odd range of tempi", &found.tempo_range_bpm)?;
    for (what, times) in [("beats", &found.beats_s), ("downbeats", &found.downbeats_s)] {
        holds(ascending(times), &format!("{what} are out of order"), times)?;
        let inside = times.iter().all(|time| *time >= 0.0 && *time <= case.duration_s() + 0.1);
        holds(inside, &format!("{what} lie outside"), times)?;
    }
    let right = found.downbeats_s.iter().all(|time| found.beats_s.contains(time));
    holds(right, "a downbeat is no beat", &found.downbeats_s)?;
    holds(
        found.beats_per_bar.is_none_or(|beats| (1..=16).contains(&beats)),
        "an odd bar",
        &found.beats_per_bar,
    )?;
    let right = found.onset_rate_hz.is_none_or(|rate| (0.0..=100.0).contains(&rate));
    holds(right, "an odd onset rate", &found.onset_rate_hz)?;
    let right = found.danceability.is_none_or(|value| (0.0..=20.0).contains(&value));
    holds(right, "an odd danceability", &found.danceability)
}

fn key(case: &Case, found: &Key) -> Checked {
    let named = |tonic: &str, mode, camelot: &str| {
        let class = PITCH_CLASSES.iter().position(|name| *name == tonic);
        class.is_some_and(|class| Key::new(class, mode, 0.0).camelot == camelot)
    };
    holds(named(&found.tonic, found.mode, &found.camelot), "an odd key", found)?;
    holds(share(found.confidence), "an odd confidence", &found.confidence)?;
    holds(found.tuning_cents.is_none_or(|cents| cents.abs() <= 50.0 + SLACK), "odd tuning", found)?;
    let mut at = -SLACK;
    for segment in &found.segments {
        let right = segment.start_s >= at - SLACK && segment.end_s > segment.start_s;
        holds(right && segment.end_s <= case.duration_s() + 0.5, "an odd segment", &found.segments)?;
        let right = named(&segment.tonic, segment.mode, &segment.camelot) && share(segment.confidence);
        holds(right, "an odd key of a segment", segment)?;
        at = segment.end_s;
    }
    Ok(())
}

fn waveform(case: &Case, found: &Waveform) -> Checked {
    let lengths = (found.peaks.len(), found.rms.len());
    holds(lengths == (WAVEFORM_COLUMNS, WAVEFORM_COLUMNS), "odd lengths", &lengths)?;
    for (peak, rms) in found.peaks.iter().zip(&found.rms) {
        holds(*rms >= 0.0 && rms <= peak && *peak <= 1.0, "an odd column", &(peak, rms))?;
    }
    if let Some(WaveformDetail { frames_per_cell, extremes, bands }) = &found.detail {
        let cells = case.frames().div_ceil(*frames_per_cell as usize);
        let sizes = (*frames_per_cell, cells, extremes.len(), bands.len());
        let right = frames_per_cell.is_power_of_two() && *frames_per_cell >= 64;
        holds(right && extremes.len() == cells && bands.len() == cells, "odd sizes", &sizes)?;
        holds(cells <= WaveformDetail::MOST, "too many cells", &cells)?;
        holds(extremes.iter().all(|(low, high)| low <= high), "the least is above the most", extremes)?;
    }
    Ok(())
}

fn fingerprint(found: &Fingerprint) -> Checked {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let right =
        found.algorithm == 1 && found.chromaprint.bytes().all(base64) && !found.chromaprint.is_empty();
    holds(right && found.duration_s > 0.0, "an odd fingerprint", found)
}

fn speech_music(found: &SpeechMusic) -> Checked {
    let right = share(found.music) && share(found.speech);
    holds(right, "odd shares", found)
}

fn dynamics(case: &Case, found: &Dynamics) -> Checked {
    let silence = found.silence_head_s + found.silence_tail_s;
    let right = found.clipped_frames <= case.frames() as u64
        && found.silence_head_s >= 0.0
        && found.silence_tail_s >= 0.0
        && silence <= case.duration_s() + SLACK;
    holds(right, "odd counts", found)?;
    holds(found.complexity_db.is_none_or(|db| db >= 0.0), "an odd complexity", found)?;
    holds(found.crest_db.is_none_or(|db| db >= -1e-3), "a crest below the mean", found)
}

fn timbre(case: &Case, found: &Timbre) -> Checked {
    let lengths = (found.erb_bands.len(), found.mfcc_mean.len(), found.mfcc_deviation.len());
    holds(lengths == (40, 13, 13) || lengths == (0, 0, 0), "odd lengths", &lengths)?;
    holds(matches!(found.mfcc_change.len(), 0 | 13), "odd changes", &found.mfcc_change)?;
    let spread = found.mfcc_deviation.iter().chain(&found.mfcc_change);
    holds(spread.clone().all(|value| *value >= 0.0 && value.is_finite()), "odd spread", found)?;
    holds(found.erb_bands.iter().all(|energy| *energy >= 0.0), "negative energy", &found.erb_bands)?;
    holds(found.flatness.is_none_or(share), "odd flatness", &found.flatness)?;
    for hz in [found.centroid_hz, found.rolloff_hz].into_iter().flatten() {
        holds((0.0..=22_050.0 + SLACK).contains(&hz), "an odd frequency", found)?;
    }
    let right = found.zero_crossing_rate_hz.is_none_or(|hz| hz >= 0.0 && hz <= f64::from(case.rate_hz));
    holds(right, "odd crossings", &found.zero_crossing_rate_hz)
}
