//! Loudness against the signals of EBU Tech 3341 and 3342, made from their descriptions, and closed forms.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use fanfare_analysis::loudness::{Judged, Measured, Release, album};
use fanfare_model::features::{GatingBlocks, Loudness, LoudnessSeries};
use proptest::prelude::*;
use support::{features_of, noise, sine, tones};

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

/// Fades in and out over so many frames: what begins abruptly overshoots between its samples.
fn fade(plane: &mut [f32], over: f32) {
    let frames = plane.len();
    for (n, sample) in plane.iter_mut().enumerate() {
        *sample *= (n.min(frames - 1 - n) as f32 / over).min(1.0);
    }
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
        fade(&mut plane, 4_800.0);
        let found = loudness(48_000, vec![plane.clone(), plane]);
        near(&format!("case {case}"), found.true_peak_dbtp.map(|dbtp| dbtp.0), expected, 0.05);
        assert!(found.sample_peak_dbfs.unwrap().0 <= found.true_peak_dbtp.unwrap().0);
    }
}

/// The rates at which everything must hold, in Hz.
const RATES_HZ: [u32; 10] = [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

#[test]
fn every_layout_is_weighted_right_at_every_rate() {
    // What BS.1770-5 makes of a 997 Hz sine at -20 dBFS in one channel: -23.01 LUFS times the channel's weight.
    let side = 10.0 * 1.41_f64.log10();
    let layouts: [&[Option<f64>]; 6] = [
        &[Some(0.0)],
        &[Some(0.0); 2],
        &[Some(0.0), Some(0.0), Some(side), Some(side)],
        &[Some(0.0), Some(0.0), Some(0.0), Some(side), Some(side)],
        &[Some(0.0), Some(0.0), Some(0.0), None, Some(side), Some(side)],
        &[Some(0.0), Some(0.0), Some(0.0), None, Some(0.0), Some(0.0), Some(side), Some(side)],
    ];
    for rate_hz in RATES_HZ {
        let tone = tones(rate_hz, 997.0, &[(-20.0, 1.0)]);
        let silent = vec![0.0; tone.len()];
        for gains in layouts {
            for (channel, gain) in gains.iter().enumerate() {
                let mut planes = vec![silent.clone(); gains.len()];
                planes[channel].clone_from(&tone);
                let found = loudness(rate_hz, planes);
                let what = format!("channel {channel} of {} at {rate_hz} Hz", gains.len());
                match gain {
                    Some(gain) => {
                        // The filter's beginning takes 0.003 LU from so short a tone.
                        near(&what, found.integrated_lufs.map(|l| l.0), -23.010 + gain, 0.006);
                    }
                    None => assert_eq!(found.integrated_lufs, None, "{what} is the LFE"),
                }
                near(&what, found.sample_peak_dbfs.map(|dbfs| dbfs.0), -20.0, 0.1);
            }
            // All channels together: energies add up.
            let weights: f64 = gains.iter().flatten().map(|gain| 10.0_f64.powf(gain / 10.0)).sum();
            let found = loudness(rate_hz, vec![tone.clone(); gains.len()]);
            let expected = -23.010 + 10.0 * weights.log10();
            near(
                &format!("{} channels at {rate_hz} Hz", gains.len()),
                found.integrated_lufs.map(|l| l.0),
                expected,
                0.006,
            );
        }
    }
}

#[test]
fn true_peak_is_found_at_every_rate() {
    for rate_hz in RATES_HZ {
        // 4 kHz or less, out of step with the rate.
        let cycles = 0.43 * f64::from(rate_hz.min(9_300)) / f64::from(rate_hz);
        let mut plane = sine(rate_hz as usize, cycles, 10.0, 0.5);
        fade(&mut plane, 1_000.0);
        let found = loudness(rate_hz, vec![plane]);
        near(&format!("at {rate_hz}"), found.true_peak_dbtp.map(|dbtp| dbtp.0), -6.02, 0.04);
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

#[test]
fn the_curves_follow_the_sound() {
    let levels = [(-30.0, 10.0), (-10.0, 0.5), (-30.0, 10.0)];
    let found = stereo(48_000, &levels);
    let series = found.series.unwrap();
    assert!((series.step_s - 0.1).abs() < 1e-12);
    assert_eq!((series.momentary_lufs.len(), series.short_term_lufs.len()), (205, 205));
    // The first full windows end in the steps that end at 0.4 s and 3 s.
    assert_eq!(series.momentary_lufs.iter().position(Option::is_some), Some(3));
    assert_eq!(series.short_term_lufs.iter().position(Option::is_some), Some(29));
    near("before", series.momentary_lufs[50].map(f64::from), -30.0, 0.01);
    near("the loud moment", series.momentary_lufs[104].map(f64::from), -10.0, 0.02);
    near("after", series.momentary_lufs[120].map(f64::from), -30.0, 0.01);
    let largest = |curve: &[Option<f32>]| curve.iter().flatten().copied().reduce(f32::max).map(f64::from);
    near("momentary maximum", largest(&series.momentary_lufs), found.momentary_max_lufs.unwrap().0, 1e-5);
    near("short-term maximum", largest(&series.short_term_lufs), found.short_term_max_lufs.unwrap().0, 1e-5);

    let silence = loudness(48_000, vec![vec![0.0; 96_000]; 2]);
    assert_eq!((silence.series, silence.blocks), (None, None));
}

#[test]
fn long_curves_are_joined_and_keep_their_tops() {
    // 1 kHz is the lowest rate and the quickest to hear: 20 minutes, loud for a moment.
    let mut plane = noise(1_200_000, 5).iter().map(|x| x * 0.1).collect::<Vec<_>>();
    plane[600_000..600_500].iter_mut().for_each(|x| *x *= 8.0);
    let found = loudness(1_000, vec![plane]);
    let series = found.series.unwrap();
    // 12,000 steps of 0.1 s in at most 1,200.
    assert!((series.step_s - 1.6).abs() < 1e-12, "{}", series.step_s);
    assert_eq!(series.momentary_lufs.len(), 750);
    assert!(series.momentary_lufs.len() <= LoudnessSeries::MOST);
    let top = series.momentary_lufs.iter().position(|value| value.map(f64::from) > Some(-10.0)).unwrap();
    assert_eq!(top, 375);
    near("the top", series.momentary_lufs[top].map(f64::from), found.momentary_max_lufs.unwrap().0, 1e-5);
}

/// Noise whose level moves from one section to the next, of that many tenths of a second each.
fn sections(levels_db: &[f64], tenths: usize, seed: u64) -> Vec<f32> {
    let mut plane = noise(levels_db.len() * tenths * 800, seed);
    for (section, level_db) in plane.chunks_mut(tenths * 800).zip(levels_db) {
        let factor = support::amplitude(*level_db) as f32;
        section.iter_mut().for_each(|sample| *sample *= factor);
    }
    plane
}

fn release(tracks: &[&Loudness]) -> Release {
    let tracks: Vec<_> = tracks.iter().map(|loudness| Some(Measured { loudness, audio: None })).collect();
    Judged::of(&tracks).release
}

#[test]
fn an_album_is_as_loud_as_its_tracks_in_one_piece() {
    // At 8 kHz, in whole tenths of a second, so that blocks lie alike in the tracks and in the whole.
    let tracks = [
        sections(&[-20.0, -18.0, -23.0, -19.0], 300, 1),
        sections(&[-30.0, -26.0, -33.0, -28.0, -36.0], 300, 2),
        sections(&[-12.0, -14.0], 600, 3),
    ];
    let each: Vec<Loudness> = tracks.iter().map(|plane| loudness(8_000, vec![plane.clone()])).collect();
    let together = release(&each.iter().collect::<Vec<_>>());
    let whole = loudness(8_000, vec![tracks.concat()]);
    let expected = whole.integrated_lufs.unwrap().0;
    near("album", together.integrated_lufs.map(|lufs| lufs.0), expected, 0.02);
    near("album gain", together.gain_db, -18.0 - expected, 0.02);
    assert_eq!(together.peak, each[2].replaygain_track_peak);
    near("peak", together.true_peak_dbtp().map(|peak| peak.0), each[2].true_peak_dbtp.unwrap().0, 0.001);

    // The quiet track alone is not gated by the loud one.
    let quiet = release(&[&each[1]]).integrated_lufs.unwrap().0;
    assert!(quiet < expected - 10.0);
}

#[test]
fn an_album_without_sound_has_no_loudness() {
    assert_eq!(album(&[]), None);
    assert_eq!(album(&[&GatingBlocks::default()]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_an_album_changes_nothing(
        levels in proptest::collection::vec(-50.0..-1.0_f64, 2..8), turn in 0_usize..8, seed in 0_u64..1_000,
    ) {
        let tracks: Vec<Loudness> = (seed..).zip(&levels)
            .map(|(seed, level)| loudness(8_000, vec![sections(&[*level, level - 4.0], 12, seed)])).collect();
        let mut blocks: Vec<&GatingBlocks> = tracks.iter().filter_map(|track| track.blocks.as_ref()).collect();
        let expected = album(&blocks);
        prop_assert!(expected.is_some());
        let count = blocks.len();
        blocks.rotate_left(turn % count);
        prop_assert_eq!(album(&blocks), expected);
        blocks.reverse();
        prop_assert_eq!(album(&blocks), expected);
    }

    #[test]
    fn an_album_of_one_track_is_as_loud_as_the_track(
        levels in proptest::collection::vec(-45.0..-1.0_f64, 1..40), seed in 0_u64..1_000,
    ) {
        let track = loudness(8_000, vec![sections(&levels, 9, seed)]);
        let (blocks, expected) = (track.blocks.unwrap(), track.integrated_lufs.unwrap().0);
        let got = album(&[&blocks]).unwrap().0;
        // Only the step that the gate cuts is in doubt: the error is at most 3.9 LU times its share of the blocks.
        let gate = |lufs: f64| (lufs - 10.0 + 70.0) * 10.0;
        let near_gate = |step: u16| (gate(expected) - f64::from(step)).abs() < 60.0;
        let all: u32 = blocks.0.iter().map(|step| step.1).sum();
        let largest = blocks.0.iter().filter(|step| near_gate(step.0)).map(|step| step.1).max().unwrap_or(0);
        let bound = 0.01 + 3.9 * f64::from(largest) / f64::from(all);
        prop_assert!((got - expected).abs() <= bound, "{} {} {}", got, expected, bound);
    }
}

#[test]
fn an_album_of_one_track_of_even_spread_is_as_loud_as_the_track() {
    // A fade over 40 dB, so that the gate cuts somewhere in the middle of an even spread of blocks.
    for fade_s in [20, 60, 120, 180, 240] {
        let frames = fade_s * 8_000;
        let fall = |n: usize| support::amplitude(-6.0 - 40.0 * n as f64 / frames as f64) as f32;
        let plane = noise(frames, 9).into_iter().enumerate().map(|(n, x)| x * fall(n)).collect();
        let track = loudness(8_000, vec![plane]);
        let got = album(&[&track.blocks.unwrap()]);
        near(&format!("{fade_s} s"), got.map(|lufs| lufs.0), track.integrated_lufs.unwrap().0, 0.01);
    }
}
