//! The waveform's detail and its zooms, against data computed directly.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use std::sync::Arc;

use fanfare_analysis::waveform::{Zoomed, band_columns, zoom};
use fanfare_model::features::WaveformDetail;
use proptest::prelude::*;
use support::{analyze_signal, features_of, noise, sine, tones};

fn detail(rate_hz: u32, planes: Vec<Vec<f32>>) -> WaveformDetail {
    features_of(rate_hz, planes, "waveform").waveform.unwrap().detail.unwrap()
}

/// The smallest and largest sample of each run of frames, in 8 bits, computed directly.
fn extremes(plane: &[f32], frames: usize) -> Vec<(i8, i8)> {
    let in_8_bits = |sample: f32| (sample * 128.0).round().clamp(-128.0, 127.0) as i8;
    plane
        .chunks(frames)
        .map(|run| run.iter().map(|sample| in_8_bits(*sample)))
        .map(|run| (run.clone().min().unwrap(), run.max().unwrap()))
        .collect()
}

#[test]
fn cells_are_powers_of_two_and_never_too_many() {
    for (frames, frames_per_cell) in [
        (1, 64),
        (64, 64),
        (65, 64),
        (8_192 * 64 - 1, 64),
        (8_192 * 64, 64),
        (8_192 * 64 + 1, 128),
        (1_000_003, 128),
        (3_000_000, 512),
    ] {
        let plane = noise(frames, 3);
        let found = detail(44_100, vec![plane.clone()]);
        assert_eq!(found.frames_per_cell, frames_per_cell, "{frames}");
        assert_eq!(found.extremes, extremes(&plane, frames_per_cell as usize), "{frames}");
        assert_eq!(found.bands.len(), found.extremes.len(), "{frames}");
        assert!(found.extremes.len() <= WaveformDetail::MOST);
    }
    assert_eq!(features_of(44_100, vec![vec![]], "waveform").waveform.unwrap().detail, None);
}

#[test]
fn extremes_are_of_the_mean_of_the_channels() {
    let plane = tones(44_100, 100.0, &[(-6.0, 1.0)]);
    let opposite: Vec<f32> = plane.iter().map(|sample| -sample).collect();
    assert!(detail(44_100, vec![plane.clone(), opposite]).extremes.iter().all(|cell| *cell == (0, 0)));
    let halved: Vec<f32> = plane.iter().map(|sample| sample / 2.0).collect();
    assert_eq!(detail(44_100, vec![plane.clone(), vec![0.0; plane.len()]]).extremes, extremes(&halved, 64));
    // Beyond full scale there is no more than full scale.
    assert_eq!(detail(44_100, vec![vec![9.0, -9.0]]).extremes, [(-128, 127)]);
}

#[test]
fn a_sine_is_loud_in_its_own_band() {
    for rate_hz in [11_025, 44_100, 48_000, 192_000] {
        for (band, frequency_hz) in [60.0, 400.0, 2_000.0, 4_500.0].into_iter().enumerate() {
            for dbfs in [0.0, -20.0, -40.0] {
                let found = detail(rate_hz, vec![tones(rate_hz, frequency_hz, &[(dbfs, 2.0)])]);
                let middle = found.bands[found.bands.len() / 2];
                let expected = (dbfs + 60.0) / 60.0 * 255.0;
                let level = f64::from(middle[band]);
                assert!((level - expected).abs() < 2.0, "{rate_hz} Hz, {frequency_hz} Hz: {middle:?}");
                // A Hann window's side lobes and the neighbour of the lowest band stay far below.
                let others = (0..4).filter(|other| *other != band).map(|other| middle[other]);
                assert!(others.max().unwrap() < middle[band] / 2 + 40, "{frequency_hz} Hz: {middle:?}");
            }
        }
    }
    let silence = detail(44_100, vec![vec![0.0; 50_000]]);
    assert!(silence.bands.iter().all(|cell| *cell == [0; 4]));
    let constant = detail(44_100, vec![vec![0.5; 50_000]]);
    assert!(constant.bands[constant.bands.len() / 2].iter().all(|level| *level < 10));
}

#[test]
fn bands_change_where_the_sound_does() {
    // Bass for 20 s, then treble: cells of 256 frames, a spectrum every 512.
    let mut plane = tones(44_100, 80.0, &[(-6.0, 20.0)]);
    plane.extend(tones(44_100, 6_000.0, &[(-6.0, 20.0)]));
    let found = detail(44_100, vec![plane]);
    assert_eq!(found.frames_per_cell, 256);
    let change = 20 * 44_100 / 256;
    // 46 ms of window on either side.
    for (cell, bands) in found.bands.iter().enumerate() {
        if cell.abs_diff(change) > 8 && cell > 8 && cell + 8 < found.bands.len() {
            let bass = cell < change;
            assert!(bands[if bass { 0 } else { 3 }] > 220, "{cell} {bands:?}");
            assert!(bands[if bass { 3 } else { 0 }] < 100, "{cell} {bands:?}");
        }
    }
}

#[test]
fn bands_are_held_between_spectra() {
    let found = detail(192_000, vec![noise(100_000, 8)]);
    assert_eq!(found.frames_per_cell, 64);
    // A spectrum every 2,229 frames, in cells of 64.
    let changes = found.bands.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((30..=45).contains(&changes), "{changes}");
    assert!(found.bands.iter().all(|cell| cell[3] > 0));
}

#[test]
fn the_detail_is_the_same_for_every_division_into_chunks() {
    for (rate_hz, frames) in [(44_100, 700_000), (48_000, 1_200_001), (8_000, 20_000)] {
        let loud = sine(frames, 0.01, 0.0, 0.4);
        let planes = Arc::new(vec![noise(frames, 1), loud]);
        let of = |lengths: &[usize]| {
            analyze_signal(rate_hz, &planes, lengths, &["waveform"], Vec::new()).features().waveform.unwrap()
        };
        let expected = of(&[16_384]);
        for lengths in [&[1_000][..], &[64], &[63, 65, 9_999], &[524_288], &[524_289], &[usize::MAX]] {
            assert!(of(lengths) == expected, "{rate_hz} Hz in chunks of {lengths:?}");
        }
    }
}

proptest! {
    #[test]
    fn a_zoom_is_what_measuring_at_it_gives(
        frames in 1_usize..60_000, seed in 0_u64..100, wanted in 0_u32..20_000,
    ) {
        let plane = noise(frames, seed);
        let detail = detail(8_000, vec![plane.clone()]);
        let found = zoom(&detail, 8_000, wanted);
        prop_assert_eq!(found.samples_per_pixel % detail.frames_per_cell, 0);
        prop_assert!(found.samples_per_pixel <= wanted.max(detail.frames_per_cell));
        prop_assert!(wanted < found.samples_per_pixel + detail.frames_per_cell);
        prop_assert_eq!(&found.extremes, &extremes(&plane, found.samples_per_pixel as usize));
        prop_assert_eq!(found.bands.len(), found.extremes.len());
        // Joining joined data is joining at once.
        let twice = WaveformDetail {
            frames_per_cell: found.samples_per_pixel,
            extremes: found.extremes.clone(),
            bands: found.bands.clone(),
        };
        let at_once = zoom(&detail, 8_000, found.samples_per_pixel * 3);
        prop_assert_eq!(zoom(&twice, 8_000, found.samples_per_pixel * 3).extremes, at_once.extremes);
    }

    #[test]
    fn band_columns_stay_within_the_levels_of_their_cells(
        bands in proptest::collection::vec(any::<[u8; 4]>(), 0..2_000), columns in 1_usize..900,
    ) {
        let extremes = vec![(0, 0); bands.len()];
        let detail = WaveformDetail { frames_per_cell: 64, extremes, bands: bands.clone() };
        let found = band_columns(&detail, columns);
        prop_assert_eq!(found.len(), if bands.is_empty() { 0 } else { columns });
        for (column, found) in found.iter().enumerate() {
            let (begin, end) = (column * bands.len() / columns, ((column + 1) * bands.len()).div_ceil(columns));
            let cells = &bands[begin.min(bands.len() - 1)..end.clamp(begin + 1, bands.len())];
            for band in 0..4 {
                let levels = cells.iter().map(|cell| cell[band]);
                prop_assert!(found[band] <= levels.max().unwrap());
            }
        }
    }
}

#[test]
fn the_files_are_as_audiowaveform_has_them() {
    let zoomed = Zoomed {
        sample_rate_hz: 44_100,
        samples_per_pixel: 512,
        extremes: vec![(-128, 127), (-1, 0), (5, 6)],
        bands: vec![[0; 4]; 3],
    };
    // doc/DataFormat.md of audiowaveform: six header fields of 32 bits, little-endian, then pairs of bytes.
    let expected = [
        &[2, 0, 0, 0][..],
        &[1, 0, 0, 0],
        &[0x44, 0xAC, 0, 0],
        &[0, 2, 0, 0],
        &[3, 0, 0, 0],
        &[1, 0, 0, 0],
        &[0x80, 0x7F, 0xFF, 0, 5, 6],
    ];
    assert_eq!(zoomed.to_dat(), expected.concat());
    let json: serde_json::Value = serde_json::from_str(&zoomed.to_json()).unwrap();
    let expected = serde_json::json!({
        "version": 2, "channels": 1, "sample_rate": 44_100, "samples_per_pixel": 512, "bits": 8, "length": 3,
        "data": [-128, 127, -1, 0, 5, 6],
    });
    assert_eq!(json, expected);
}
