//! Loudness against the signals of EBU Tech 3341 and 3342, made from their descriptions, and closed forms.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use fanfare_model::features::Loudness;
use support::{features_of, sine, tones};

fn loudness(rate_hz: u32, planes: Vec<Vec<f32>>) -> Loudness {
    features_of(rate_hz, planes, "loudness").loudness.unwrap()
}

fn stereo(rate_hz: u32, segments: &[(f64, f64)]) -> Loudness {
    let plane = tones(rate_hz, 1_000.0, segments);
    loudness(rate_hz, vec![plane.clone(), plane])
}

#[track_caller]
fn near(what: &str, got: Option<f64>, expected: f64, tolerance: f64) {
    let got = got.unwrap_or_else(|| panic!("{what} is missing"));
    assert!((got - expected).abs() <= tolerance, "{what} is {got}, expected {expected}");
}

#[test]
fn integrated_loudness_of_tech_3341_cases_1_to_5() {
    for (case, rate_hz, segments, expected) in [
        (1, 48_000, &[(-23.0, 20.0)][..], -23.0),
        (1, 44_100, &[(-23.0, 20.0)], -23.0),
        (1, 8_000, &[(-23.0, 20.0)], -23.0),
        (1, 11_025, &[(-23.0, 20.0)], -23.0),
        (1, 96_000, &[(-23.0, 20.0)], -23.0),
        (1, 192_000, &[(-23.0, 20.0)], -23.0),
        (2, 48_000, &[(-33.0, 20.0)], -33.0),
        (3, 48_000, &[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        (4, 48_000, &[(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        (5, 48_000, &[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ] {
        let found = stereo(rate_hz, segments);
        near(&format!("case {case} at {rate_hz}"), found.integrated_lufs.map(|lufs| lufs.0), expected, 0.03);
        near("replaygain", found.replaygain_track_gain_db, -18.0 - expected, 0.03);
    }
}

#[test]
fn integrated_loudness_of_tech_3341_case_6_and_other_layouts() {
    let tone = |dbfs| tones(48_000, 1_000.0, &[(dbfs, 20.0)]);
    let (front, centre, side, loud) = (tone(-28.0), tone(-24.0), tone(-30.0), tone(-6.0));
    let five = vec![front.clone(), front.clone(), centre.clone(), side.clone(), side.clone()];
    near("5.0", loudness(48_000, five.clone()).integrated_lufs.map(|lufs| lufs.0), -23.0, 0.05);

    let mut five_one = five.clone();
    five_one.insert(3, loud.clone());
    let found = loudness(48_000, five_one);
    near("5.1, loud LFE", found.integrated_lufs.map(|lufs| lufs.0), -23.0, 0.05);
    near("5.1, the LFE's peak counts", found.sample_peak_dbfs.map(|dbfs| dbfs.0), -6.0, 0.01);

    let silent = vec![0.0; front.len()];
    let seven_one = vec![front.clone(), front, centre, loud, silent.clone(), silent, side.clone(), side];
    near("7.1, silent back", loudness(48_000, seven_one).integrated_lufs.map(|lufs| lufs.0), -23.0, 0.05);
}

#[test]
fn a_997_hz_sine_reads_its_level_in_one_channel() {
    let mono = loudness(48_000, vec![tones(48_000, 997.0, &[(0.0, 5.0)])]);
    near("0 dBFS mono", mono.integrated_lufs.map(|lufs| lufs.0), -3.01, 0.02);
    near("its momentary maximum", mono.momentary_max_lufs.map(|lufs| lufs.0), -3.01, 0.02);
    near("its short-term maximum", mono.short_term_max_lufs.map(|lufs| lufs.0), -3.01, 0.02);
}

#[test]
fn maxima_of_tech_3341_cases_9_to_13() {
    let nine: Vec<_> = [(-20.0, 1.34), (-30.0, 1.66)].repeat(5);
    near("case 9", stereo(48_000, &nine).short_term_max_lufs.map(|lufs| lufs.0), -23.0, 0.1);
    let twelve: Vec<_> = [(-20.0, 0.18), (-30.0, 0.22)].repeat(25);
    near("case 12", stereo(48_000, &twelve).momentary_max_lufs.map(|lufs| lufs.0), -23.0, 0.1);
    for shift in [0, 1, 7, 13, 19] {
        let ten = [(-120.0, f64::from(shift) * 0.15), (-23.0, 3.0), (-120.0, 1.0)];
        near("case 10", stereo(48_000, &ten).short_term_max_lufs.map(|lufs| lufs.0), -23.0, 0.1);
        let thirteen = [(-120.0, f64::from(shift) * 0.02), (-23.0, 0.4), (-120.0, 1.0)];
        near("case 13", stereo(48_000, &thirteen).momentary_max_lufs.map(|lufs| lufs.0), -23.0, 0.1);
    }
}

#[test]
fn true_peak_of_tech_3341_cases_15_to_19() {
    for (case, cycles, degrees, level, expected) in [
        (15, 1.0 / 4.0, 0.0, 0.5, -6.02),
        (16, 1.0 / 4.0, 45.0, 0.5, -6.02),
        (17, 1.0 / 6.0, 60.0, 0.5, -6.02),
        (18, 1.0 / 8.0, 67.5, 0.5, -6.02),
        (19, 1.0 / 4.0, 45.0, 1.41, 2.98),
    ] {
        // A sine that began abruptly would overshoot there: faded in and out over 100 ms, as the EBU's are.
        let mut plane = sine(48_000, cycles, degrees, level);
        let frames = plane.len();
        for (n, sample) in plane.iter_mut().enumerate() {
            *sample *= (n.min(frames - 1 - n) as f32 / 4_800.0).min(1.0);
        }
        let found = loudness(48_000, vec![plane.clone(), plane]);
        near(&format!("case {case}"), found.true_peak_dbtp.map(|dbtp| dbtp.0), expected, 0.05);
        assert!(found.sample_peak_dbfs.unwrap().0 <= found.true_peak_dbtp.unwrap().0);
    }
}

#[test]
fn true_peak_is_found_at_every_rate() {
    for rate_hz in [8_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        // 4 kHz or less, out of step with the rate.
        let cycles = 0.43 * f64::from(rate_hz.min(9_300)) / f64::from(rate_hz);
        let found = loudness(rate_hz, vec![sine(rate_hz as usize, cycles, 10.0, 0.5)]);
        near(&format!("at {rate_hz}"), found.true_peak_dbtp.map(|dbtp| dbtp.0), -6.02, 0.1);
    }
}

#[test]
fn loudness_range_of_tech_3342_cases_1_to_4() {
    for (case, levels, expected) in [
        (1, &[-20.0, -30.0][..], 10.0),
        (2, &[-20.0, -15.0], 5.0),
        (3, &[-40.0, -20.0], 20.0),
        (4, &[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ] {
        let segments: Vec<_> = levels.iter().map(|level| (*level, 20.0)).collect();
        let found = stereo(48_000, &segments);
        near(&format!("case {case}"), found.range_lu.map(|lu| lu.0), expected, 0.05);
    }
}

#[test]
fn antiphase_counts_as_its_channels_do() {
    let plane = tones(48_000, 1_000.0, &[(-23.0, 4.0)]);
    let opposite = plane.iter().map(|sample| -sample).collect();
    near("antiphase", loudness(48_000, vec![plane, opposite]).integrated_lufs.map(|l| l.0), -23.0, 0.03);
}
