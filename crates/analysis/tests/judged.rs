//! Measured values are believed; values that cannot be true are not (issue 12).

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use fanfare_analysis::loudness::{Doubt, Judged, Measured, NoGain};
use fanfare_model::{
    AudioProperties, DbTp, Dbfs, Lufs,
    features::{GatingBlocks, Loudness},
};
use fanfare_testkit::signals::sine;
use proptest::prelude::*;
use support::{features_of, noise};

fn measured(rate_hz: u32, planes: Vec<Vec<f32>>) -> Loudness {
    features_of(rate_hz, planes, "loudness").loudness.unwrap()
}

/// A tone of that level for 2 s on both channels.
fn tone(amplitude: f64) -> Loudness {
    let plane: Vec<f32> = (0..96_000).map(|n| (amplitude * (f64::from(n) * 0.13).sin()) as f32).collect();
    measured(48_000, vec![plane.clone(), plane])
}

fn flac(channels: u8) -> AudioProperties {
    AudioProperties {
        codec: "flac".to_owned(),
        container: "flac".to_owned(),
        sample_rate_hz: 48_000,
        channels,
        bit_depth: Some(16),
        frames: Some(96_000),
        bitrate_bps: None,
    }
}

fn judged(tracks: &[Loudness], audio: &AudioProperties) -> Judged {
    let tracks: Vec<_> =
        tracks.iter().map(|loudness| Some(Measured { loudness, audio: Some(audio) })).collect();
    Judged::of(&tracks)
}

/// The track with levels moved by so many dB, and its gain and peak with them.
fn moved(mut loudness: Loudness, lufs: f64, peak_db: f64) -> Loudness {
    let shift = |level: f64| level + lufs;
    loudness.integrated_lufs = loudness.integrated_lufs.map(|level| Lufs(shift(level.0)));
    loudness.momentary_max_lufs = loudness.momentary_max_lufs.map(|level| Lufs(shift(level.0)));
    loudness.replaygain_track_gain_db = loudness.replaygain_track_gain_db.map(|gain| gain - lufs);
    let factor = 10_f64.powf(peak_db / 20.0);
    loudness.true_peak_dbtp = loudness.true_peak_dbtp.map(|level| DbTp(level.0 + peak_db));
    loudness.sample_peak_dbfs = loudness.sample_peak_dbfs.map(|level| Dbfs(level.0 + peak_db));
    loudness.replaygain_track_peak = loudness.replaygain_track_peak.map(|peak| peak * factor);
    loudness.blocks = loudness.blocks.map(|blocks| {
        let steps = blocks.0.into_iter();
        let energy = 10_f64.powf(lufs / 10.0);
        GatingBlocks(steps.map(|(step, count, sum)| (step, count, sum * energy)).collect())
    });
    loudness
}

type Change = fn(&mut Loudness);

#[test]
fn an_impossible_value_is_not_believed_and_its_track_is_left_out() {
    let cases: [(&str, Change); 14] = [
        // issue 12: no sentence was right for a peak that is none.
        ("the peak is zero or no number", |one| {
            one.true_peak_dbtp = Some(DbTp(f64::NEG_INFINITY));
            one.replaygain_track_peak = Some(0.0);
        }),
        ("the peak is zero or no number", |one| {
            one.true_peak_dbtp = Some(DbTp(f64::NAN));
            one.replaygain_track_peak = Some(f64::NAN);
        }),
        ("no loudness, though", |one| one.integrated_lufs = None),
        ("no peak", |one| one.true_peak_dbtp = None),
        ("nothing below -70 counts", |one| *one = moved(one.clone(), -80.0, 0.0)),
        ("is impossible with a peak", |one| *one = moved(one.clone(), 20.0, 0.0)),
        ("in a file of integers", |one| *one = moved(one.clone(), 0.0, 9.0)),
        ("dB over full scale is impossible", |one| *one = moved(one.clone(), 0.0, 40.0)),
        ("is impossible with samples of", |one| one.sample_peak_dbfs = Some(Dbfs(-40.0))),
        ("is impossible with samples of", |one| one.sample_peak_dbfs = Some(Dbfs(-1.0))),
        ("not those of its loudness", |one| one.replaygain_track_gain_db = Some(60.0)),
        ("not those of its loudness", |one| one.replaygain_track_peak = Some(1.37)),
        ("no moment is as loud", |one| one.momentary_max_lufs = Some(Lufs(-40.0))),
        ("blocks of 400 ms", |one| one.blocks = Some(GatingBlocks(vec![(100, 16, 16e-6)]))),
    ];
    let good = [tone(0.4), tone(0.5), tone(0.3)];
    let fine = judged(&good, &flac(2));
    assert!(fine.release.gain().is_some() && fine.tracks.iter().all(Result::is_ok), "{fine:?}");
    let without = judged(&[good[0].clone(), good[2].clone()], &flac(2)).release;
    for (expected, change) in cases {
        let mut tracks = good.to_vec();
        change(&mut tracks[1]);
        let found = judged(&tracks, &flac(2));
        let why = found.tracks[1].as_ref().unwrap_err();
        assert!(why.to_string().contains(expected), "{expected}: {why}");
        assert_eq!(found.release.left_out, [(1, why.clone())], "{expected}");
        assert_eq!(found.release.gain(), without.gain(), "{expected}: as if it were not there");
        assert_eq!([&found.tracks[0], &found.tracks[2]], [&fine.tracks[0], &fine.tracks[2]], "{expected}");
    }
}

/// Issue 13: one silent track left an album without a gain, in the API and not in `analyze --album`.
#[test]
fn a_release_has_the_gain_of_its_tracks_that_have_a_loudness() {
    let silence = measured(48_000, vec![vec![0.0; 96_000]; 2]);
    let empty = measured(48_000, vec![vec![]; 2]);
    let click = measured(48_000, vec![sine(48_000, 0.2, 440.0, 0.9)]);
    let faint = measured(48_000, vec![sine(48_000, 2.0, 440.0, 1e-5)]);
    let (loud, plain) = (tone(0.5), tone(0.3));
    // A misread file of a lossy codec: a peak over full scale, and no loudness (issue 12).
    let over = moved(click.clone(), 0.0, 3.65);
    let impossible = moved(click.clone(), 0.0, 40.0);
    let split = Loudness { replaygain_track_peak: Some(0.5), ..click.clone() };
    let old = Loudness { blocks: None, ..plain.clone() };
    let wrong = Loudness { replaygain_track_gain_db: Some(60.0), ..plain.clone() };
    let both = judged(&[loud.clone(), plain.clone()], &flac(2)).release;
    let alone = judged(std::slice::from_ref(&loud), &flac(2)).release;
    let peak = |of: &Loudness| of.replaygain_track_peak;
    let mut lossy = flac(2);
    lossy.codec = "musepack".to_owned();
    // The other tracks of the loud one, where `None` is unread; gain and peak; the places of those that are left out.
    type Row<'a> = (&'a str, Vec<Option<&'a Loudness>>, Option<f64>, Option<f64>, Vec<usize>);
    let table: Vec<Row<'_>> = vec![
        ("alone", vec![], alone.gain_db, peak(&loud), vec![]),
        ("two", vec![Some(&plain)], both.gain_db, peak(&loud), vec![]),
        ("silent", vec![Some(&silence)], alone.gain_db, peak(&loud), vec![]),
        ("without a sample", vec![Some(&empty)], alone.gain_db, peak(&loud), vec![]),
        ("too quiet", vec![Some(&faint)], alone.gain_db, peak(&loud), vec![]),
        ("too short, with the larger peak", vec![Some(&click)], alone.gain_db, peak(&click), vec![]),
        ("unread", vec![None], alone.gain_db, peak(&loud), vec![1]),
        (
            "silent, unread, another",
            vec![Some(&silence), None, Some(&plain)],
            both.gain_db,
            peak(&loud),
            vec![2],
        ),
        ("a peak over full scale alone", vec![Some(&over)], alone.gain_db, peak(&loud), vec![1]),
        ("an impossible peak alone", vec![Some(&impossible)], alone.gain_db, peak(&loud), vec![1]),
        ("two peaks that differ", vec![Some(&split)], alone.gain_db, peak(&loud), vec![1]),
        ("a wrong gain", vec![Some(&wrong)], alone.gain_db, peak(&loud), vec![1]),
        ("no blocks", vec![Some(&old)], alone.gain_db, peak(&loud), vec![1]),
    ];
    for (name, others, gain_db, peak, left_out) in table {
        // Neither the order nor the place changes anything.
        for at in [0, others.len()] {
            let mut tracks = others.clone();
            tracks.insert(at, Some(&loud));
            let tracks: Vec<_> = tracks
                .into_iter()
                .map(|one| one.map(|loudness| Measured { loudness, audio: Some(&lossy) }))
                .collect();
            let found = Judged::of(&tracks).release;
            assert_eq!((found.gain_db, found.peak, found.no_gain), (gain_db, peak, None), "{name}");
            let places: Vec<usize> = found.left_out.iter().map(|(place, _)| *place).collect();
            let expected: Vec<usize> =
                left_out.iter().map(|place| if at == 0 { *place } else { place - 1 }).collect();
            assert_eq!(places, expected, "{name}");
        }
    }
    let none = |tracks: &[Option<&Loudness>]| {
        let tracks: Vec<_> =
            tracks.iter().map(|one| one.map(|loudness| Measured { loudness, audio: None })).collect();
        let found = Judged::of(&tracks).release;
        assert_eq!((found.gain_db, found.integrated_lufs), (None, None));
        (found.no_gain, found.peak, found.left_out.len())
    };
    assert_eq!(none(&[]), (Some(NoGain::NothingKnown), None, 0));
    assert_eq!(none(&[None, Some(&wrong)]), (Some(NoGain::NothingKnown), None, 2));
    assert_eq!(none(&[Some(&silence), None]), (Some(NoGain::Silent), None, 1));
    assert_eq!(none(&[Some(&click)]), (Some(NoGain::Silent), peak(&click), 0));
    for (odd, doubt) in [(silence, Doubt::Silent), (click, Doubt::NoLoudness), (faint, Doubt::NoLoudness)] {
        let found = judged(&[loud.clone(), odd], &flac(2));
        assert_eq!(found.tracks[1], Err(doubt.clone()));
        assert!(doubt.is_quiet() && !doubt.is_of_a_value());
    }
}

#[test]
fn a_track_far_from_its_release_is_not_believed() {
    let mut lossy = flac(2);
    lossy.codec = "musepack".to_owned();
    let apart = |tracks: &[Loudness]| {
        let found = judged(tracks, &lossy);
        let odd = |one: &Result<_, Doubt>| matches!(one, Err(Doubt::Apart(_)));
        (found.tracks.iter().map(odd).collect::<Vec<_>>(), found.release.left_out.is_empty())
    };
    let (soft, plain, loud) = (tone(0.002), tone(0.5), tone(0.9));
    let high = moved(plain.clone(), 0.0, 14.0);
    let over = moved(plain.clone(), 0.0, 8.0);
    // A quiet track among loud ones, and peaks a little over full scale, are common.
    assert_eq!(apart(&[soft.clone(), plain.clone(), loud.clone()]), (vec![false; 3], true));
    assert_eq!(apart(&[over, plain.clone(), loud.clone()]), (vec![false; 3], true));
    assert_eq!(apart(&[plain.clone(), high.clone(), loud.clone()]), (vec![false, true, false], false));
    assert_eq!(
        apart(&[high.clone(), plain]),
        (vec![false; 2], true),
        "of two tracks it is unknown which is wrong"
    );
    let soft = [soft.clone(), soft.clone(), soft, loud];
    assert_eq!(apart(&soft), (vec![false, false, false, true], false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// All measured values of a sound are believed by themselves, and a release has the largest peak of its tracks.
    #[test]
    fn measured_values_are_believed(
        sounds in prop::collection::vec((0.02_f64..0.99, 30.0_f64..15_000.0, 0_u8..4, 0.5_f64..3.0), 1..5),
        channels in 1_u8..7,
    ) {
        let tracks: Vec<Loudness> = sounds
            .iter()
            .map(|(amplitude, hz, shape, seconds)| {
                let plane = match shape {
                    0 => sine(48_000, *seconds, *hz, *amplitude),
                    // As loud as a peak permits.
                    1 => sine(48_000, *seconds, *hz, 1.0).iter().map(|x| x.signum() * *amplitude as f32).collect(),
                    2 => noise((48_000.0 * seconds) as usize, 7).iter().map(|x| x * *amplitude as f32).collect(),
                    _ => (0..(48_000.0 * seconds) as usize)
                        .map(|n| if n % 1_000 == 0 { *amplitude as f32 } else { 0.0 })
                        .collect::<Vec<f32>>(),
                };
                measured(48_000, vec![plane; usize::from(channels)])
            })
            .collect();
        let found = judged(&tracks, &flac(channels));
        for (one, loudness) in found.tracks.iter().zip(&tracks) {
            let believed = match one {
                Ok(gain) => Some(gain.gain_db) == loudness.replaygain_track_gain_db,
                // Clicks far apart may be below the absolute gate.
                Err(Doubt::NoLoudness) => loudness.integrated_lufs.is_none(),
                Err(why) => matches!(why, Doubt::Apart(_)),
            };
            prop_assert!(believed, "{one:?} of {:?}", (loudness.integrated_lufs, loudness.true_peak_dbtp));
        }
        let peaks = found.tracks.iter().flatten().map(|one| one.peak);
        let highest = peaks.reduce(f64::max);
        prop_assert!(found.release.peak >= highest, "{:?}", found.release);
        prop_assert_eq!(found.release.gain_db.is_some(), highest.is_some());
        for (at, why) in &found.release.left_out {
            prop_assert_eq!(found.tracks[*at].as_ref().unwrap_err(), why);
        }
    }

    /// One value that is changed so that it contradicts the others is found, whichever it is, and its track is left out.
    #[test]
    fn a_value_moved_away_from_the_others_is_found(which in 0_usize..4, at in 0_usize..3, by in 7.0_f64..200.0, up: bool) {
        let mut tracks = [tone(0.4), tone(0.5), tone(0.3)];
        let by = if up { by } else { -by };
        let one = &mut tracks[at];
        match which {
            0 => one.integrated_lufs = one.integrated_lufs.map(|level| Lufs(level.0 + by)),
            1 => one.true_peak_dbtp = one.true_peak_dbtp.map(|level| DbTp(level.0 + by)),
            2 => one.replaygain_track_gain_db = one.replaygain_track_gain_db.map(|gain| gain + by),
            _ => one.replaygain_track_peak = one.replaygain_track_peak.map(|peak| peak * 10_f64.powf(by / 20.0)),
        }
        let found = judged(&tracks, &flac(2));
        prop_assert!(matches!(&found.tracks[at], Err(Doubt::Impossible(_))), "{found:?}");
        prop_assert_eq!(found.release.left_out.iter().map(|(at, _)| *at).collect::<Vec<_>>(), vec![at]);
    }
}
