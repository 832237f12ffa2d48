//! Waveform, dynamics and timbre of signals whose figures have a closed form.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use fanfare_model::features::{Dynamics, Timbre, WAVEFORM_COLUMNS, Waveform};
use support::{features_of, noise, sine};

#[track_caller]
fn near(what: &str, got: Option<f64>, expected: f64, tolerance: f64) {
    let got = got.unwrap_or_else(|| panic!("{what} is missing"));
    assert!((got - expected).abs() <= tolerance, "{what} is {got}, expected {expected}");
}

fn waveform(planes: Vec<Vec<f32>>) -> Waveform {
    features_of(44_100, planes, "waveform").waveform.unwrap()
}

fn dynamics(rate_hz: u32, planes: Vec<Vec<f32>>) -> Dynamics {
    features_of(rate_hz, planes, "dynamics").dynamics.unwrap()
}

fn timbre(rate_hz: u32, planes: Vec<Vec<f32>>) -> Timbre {
    features_of(rate_hz, planes, "timbre").timbre.unwrap()
}

#[test]
fn the_waveform_has_800_columns_whatever_the_length() {
    for frames in [1, 2, 799, 800, 801, 1_000, 32_767, 32_768, 32_769, 65_535, 100_001, 3_000_000] {
        let plane = noise(frames, 1);
        let found = waveform(vec![plane.clone()]);
        assert_eq!(found.peaks.len(), WAVEFORM_COLUMNS);
        // No energy is lost or made: the mean square of the columns is that of the track.
        let mean = |squares: f64, count: usize| squares / count as f64;
        let track = mean(plane.iter().map(|x| f64::from(x * x)).sum(), frames);
        let columns = mean(found.rms.iter().map(|x| f64::from(x * x)).sum(), WAVEFORM_COLUMNS);
        assert!((columns / track - 1.0).abs() < 1e-4, "{frames}: {columns} {track}");
        // Each column's peak is at least the largest sample in it, and the largest of all is among them.
        for (column, peak) in found.peaks.iter().enumerate() {
            let (from, to) = (column * frames / WAVEFORM_COLUMNS, (column + 1) * frames / WAVEFORM_COLUMNS);
            let largest = plane[from..to].iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
            assert!(*peak >= largest, "{frames}: column {column}");
        }
        let largest = plane.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        assert_eq!(found.peaks.iter().copied().fold(0.0, f32::max), largest, "{frames}");
    }
}

#[test]
fn the_waveform_shows_each_channel_and_each_part() {
    // A second of silence, then one channel loud: the columns change in the middle.
    let mut left = vec![0.0; 44_100];
    left.extend(sine(44_100, 0.01, 0.0, 0.5));
    let found = waveform(vec![left, vec![0.0; 88_200]]);
    assert!(found.peaks[..399].iter().chain(&found.rms[..399]).all(|value| *value == 0.0));
    assert!(found.peaks[401..].iter().all(|peak| (peak - 0.5).abs() < 0.01));
    // Half of the energy of one channel: 0.5 / sqrt(2) / sqrt(2).
    assert!(found.rms[401..].iter().all(|rms| (rms - 0.25).abs() < 0.03));
}

#[test]
fn level_crest_and_silence() {
    let mut plane = vec![0.0; 44_100];
    plane.extend(sine(88_200, 0.01, 90.0, 0.5));
    plane.extend(vec![0.0005; 22_050]);
    let found = dynamics(44_100, vec![plane.clone(), plane]);
    near("head", Some(found.silence_head_s), 1.0, 1e-3);
    near("tail", Some(found.silence_tail_s), 0.5, 1e-3);
    // The sine fills 2 of 3.5 s.
    let rms = 10.0 * (0.125_f64 * 2.0 / 3.5).log10();
    near("rms", found.rms_dbfs.map(|dbfs| dbfs.0), rms, 0.01);
    near("crest", found.crest_db, -6.02 - rms, 0.02);
    assert_eq!(found.clipped_frames, 0);
    // A click is not the end of silence, a tone in one channel is.
    let mut clicked = vec![0.0; 88_200];
    clicked[10_000] = 0.01;
    let mut other = clicked.clone();
    other[44_100..66_150].copy_from_slice(&sine(22_050, 0.01, 90.0, 0.01));
    let found = dynamics(44_100, vec![clicked, other]);
    near("head", Some(found.silence_head_s), 1.0, 1e-3);
    near("tail", Some(found.silence_tail_s), 0.5, 1e-3);
    let silence = dynamics(44_100, vec![vec![0.0; 44_100]]);
    assert_eq!((silence.silence_head_s, silence.silence_tail_s), (1.0, 0.0));
}

#[test]
fn clipping_is_three_full_scale_samples_of_one_sign() {
    let quiet = 0.1_f32;
    for (name, samples, expected) in [
        ("two are a wave's top", vec![quiet, 1.0, 1.0, quiet], 0),
        ("three are clipped", vec![quiet, 1.0, 1.0, 1.0, quiet], 3),
        ("16-bit full scale", vec![quiet, -1.0, -1.0, -32_767.0 / 32_768.0, -1.0], 4),
        ("signs alternate", vec![1.0, -1.0, 1.0, -1.0, 1.0, -1.0], 0),
        ("two runs", vec![1.0, 1.0, 1.0, -1.0, -1.0, -1.0, quiet], 6),
        ("almost", vec![0.9999; 9], 0),
    ] {
        // Across the border of the blocks that are looked at together, too.
        for before in [0, 61, 62, 63, 64] {
            let mut plane = vec![quiet; before];
            plane.extend(&samples);
            let other = vec![quiet; plane.len()];
            let found = dynamics(44_100, vec![other.clone(), plane.clone()]);
            assert_eq!(found.clipped_frames, expected, "{name} after {before}");
            // Frames count once, in however many channels.
            assert_eq!(dynamics(44_100, vec![plane.clone(), plane]).clipped_frames, expected, "{name}");
        }
    }
}

#[test]
fn dynamic_complexity_is_the_distance_from_the_global_level() {
    let steady = dynamics(44_100, vec![sine(441_000, 1_000.0 / 44_100.0, 0.0, 0.5)]);
    near("steady", steady.complexity_db, 0.0, 0.05);
    // Half at L, half 20 dB lower: weights 0.9^-L make the global level L - 20 / (1 + 0.9^-20).
    let mut plane = sine(441_000, 1_000.0 / 44_100.0, 0.0, 0.5);
    plane.extend(sine(441_000, 1_000.0 / 44_100.0, 0.0, 0.05));
    let below = 20.0 / (1.0 + 0.9_f64.powi(-20));
    near(
        "two levels",
        dynamics(44_100, vec![plane.clone()]).complexity_db,
        (below + 20.0 - below) / 2.0,
        0.2,
    );
    // Silence at both ends changes little: the readings in which the sound's energy dies away.
    let mut padded = vec![0.0; 88_200];
    padded.extend(&plane);
    padded.extend(vec![0.0; 88_200]);
    near("padded", dynamics(44_100, vec![padded]).complexity_db, 10.0, 1.0);
}

#[test]
fn a_sine_has_its_own_timbre() {
    for rate_hz in [22_050, 44_100, 48_000, 96_000] {
        let found = timbre(rate_hz, vec![sine(rate_hz as usize * 2, 1_000.0 / f64::from(rate_hz), 0.0, 0.5)]);
        near("centroid", found.centroid_hz, 1_000.0, 30.0);
        near("rolloff", found.rolloff_hz, 1_000.0, 45.0);
        near("crossings", found.zero_crossing_rate_hz, 2_000.0, 2.0);
        assert!(found.flatness.unwrap() < 0.01, "{rate_hz}: {found:?}");
        assert_eq!((found.erb_bands.len(), found.mfcc_mean.len()), (40, 13));
        let loudest = found.erb_bands.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        // 1 kHz lies 15.62 ERBs up; the bands begin at 1.84 and are 0.86 apart.
        assert_eq!(loudest, 16);
    }
}

#[test]
fn the_cepstrum_tells_what_stands_still_from_what_moves() {
    let rate_hz = 44_100;
    let steady = timbre(rate_hz, vec![noise(rate_hz as usize * 4, 3)]);
    // The same noise, 20 dB up and down every half second: the first coefficient is the mean of the bands' levels times
    // the root of their number (40), so that it swings by 20 dB * sqrt(40) and deviates by half of that.
    let swung: Vec<f32> = noise(rate_hz as usize * 4, 3)
        .iter()
        .enumerate()
        .map(|(n, sample)| if n / 22_050 % 2 == 0 { *sample } else { sample * 0.1 })
        .collect();
    let swung = timbre(rate_hz, vec![swung]);
    let expected = 10.0 * 40.0_f64.sqrt();
    near("deviation", Some(swung.mfcc_deviation[0]), expected, 3.0);
    assert!(steady.mfcc_deviation[0] < expected / 5.0, "{:?}", steady.mfcc_deviation);
    // Seven steps in 4 s: seldom, but large.
    assert!(swung.mfcc_change[0] > 2.0 * steady.mfcc_change[0], "{:?}", swung.mfcc_change);
    // Its shape stays as it is, level or not.
    near("shape", Some(swung.mfcc_deviation[1]), steady.mfcc_deviation[1], 2.0);
    assert_eq!(steady.mfcc_change.len(), 13);
}

#[test]
fn noise_is_flat_and_resampling_keeps_it_so() {
    for rate_hz in [8_000, 22_050, 44_100, 48_000, 192_000] {
        let found = timbre(rate_hz, vec![noise(rate_hz as usize * 2, 3)]);
        // The geometric over the arithmetic mean of exponentially distributed power is e^-gamma.
        near(&format!("flatness at {rate_hz}"), found.flatness, (-0.577_216_f64).exp(), 0.03);
        near("crossings", found.zero_crossing_rate_hz, f64::from(rate_hz) / 2.0, f64::from(rate_hz) * 0.01);
    }
}
