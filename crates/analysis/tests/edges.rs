//! Every analyzer on edge signals, under every division into chunks, and beside hostile sinks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use std::sync::Arc;

use fanfare_analysis::{ANALYZERS, Analysis};
use fanfare_audio::{PcmSink, SharedChunk, SinkOutcome};
use fanfare_model::{
    Error, ErrorKind, Features, Result,
    features::{AnalyzerOutcome, AnalyzerResult, WAVEFORM_COLUMNS},
};
use proptest::prelude::*;
use support::{Planes, analyze_signal, noise, sine, tones};

/// Name, sample rate and planes of signals at the edge of what an analyzer can say something about.
fn edge_signals() -> Vec<(&'static str, u32, Vec<Vec<f32>>)> {
    let square =
        |frames| -> Vec<f32> { (0..frames).map(|n| if n / 50 % 2 == 0 { 1.0 } else { -1.0 }).collect() };
    let music = |rate_hz: u32, seed| -> Vec<f32> {
        let frames = rate_hz as usize * 4;
        let tone = sine(frames, 440.0 / f64::from(rate_hz), 0.0, 0.3);
        tone.iter().zip(noise(frames, seed)).map(|(tone, noise)| tone + 0.1 * noise).collect()
    };
    vec![
        ("empty", 44_100, vec![vec![]; 2]),
        ("one frame", 44_100, vec![vec![0.5]; 2]),
        ("one silent frame", 44_100, vec![vec![0.0]; 2]),
        ("under 400 ms", 44_100, vec![noise(10_000, 1); 2]),
        ("under 3 s", 44_100, vec![noise(44_100, 2); 2]),
        ("silence", 44_100, vec![vec![0.0; 200_000]; 2]),
        ("DC", 44_100, vec![vec![0.25; 200_000]; 2]),
        ("full-scale square", 44_100, vec![square(200_000); 2]),
        ("antiphase", 44_100, vec![sine(200_000, 0.01, 0.0, 0.5), sine(200_000, 0.01, 180.0, 0.5)]),
        ("eight channels", 48_000, (0..8).map(|seed| music(48_000, seed)).collect()),
        ("24 channels", 48_000, vec![noise(60_000, 3); 24]),
        ("1 kHz rate", 1_000, vec![noise(5_000, 3)]),
        ("8 kHz", 8_000, vec![music(8_000, 9)]),
        ("192 kHz", 192_000, vec![music(192_000, 10); 2]),
        ("odd rate", 44_101, vec![music(44_101, 11)]),
        ("subnormal", 44_100, vec![vec![f32::MIN_POSITIVE / 8.0; 100_000]]),
        ("far beyond full scale", 44_100, vec![[4e9, -4e9, 1e6, -1e6].repeat(20_000); 2]),
        ("no sound at all", 44_100, vec![[f32::MAX, f32::NAN, 1e30, f32::INFINITY].repeat(20_000); 2]),
        // Once: the resampler's output was infinite, and only the blocks before it counted (fuzz, seed 1266).
        (
            "beyond all numbers at 16 kHz",
            16_000,
            vec![[noise(50_000, 8), vec![f32::MAX; 50_000]].concat(); 2],
        ),
    ]
}

fn features_of(analysis: &Analysis) -> Features {
    for AnalyzerResult { analyzer, outcome, .. } in &analysis.results {
        if let AnalyzerOutcome::Failed { kind, message } = outcome {
            panic!("{analyzer} failed: {kind}: {message}");
        }
    }
    assert_eq!(analysis.results.len(), ANALYZERS.len());
    analysis.features()
}

/// Every number in the features, wherever it is.
fn numbers(value: &serde_json::Value, found: &mut Vec<f64>) {
    match value {
        serde_json::Value::Number(number) => found.extend(number.as_f64()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| numbers(item, found)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| numbers(field, found)),
        _ => {}
    }
}

#[test]
fn edge_signals_give_values_or_say_why_not() {
    for (name, rate_hz, planes) in edge_signals() {
        let planes: Planes = Arc::new(planes);
        let features = features_of(&analyze_signal(rate_hz, &planes, &[16_384], &[], Vec::new()));
        // JSON has no NaN: whatever is not finite would have become null there.
        let json = serde_json::to_value(&features).unwrap();
        let again: Features = serde_json::from_value(json.clone()).unwrap();
        assert!(again == features, "{name}: a value is not finite");
        let mut found = Vec::new();
        numbers(&json, &mut found);
        assert!(found.iter().all(|number| number.is_finite() && number.abs() < 1e90), "{name}: {json}");

        let warned = |what: &str| features.warnings.iter().any(|warning| warning.contains(what));
        let loudness = features.loudness.as_ref().unwrap();
        let dynamics = features.dynamics.as_ref().unwrap();
        let waveform = features.waveform.as_ref().unwrap();
        let timbre = features.timbre.as_ref().unwrap();
        assert_eq!(
            (waveform.peaks.len(), waveform.rms.len()),
            (WAVEFORM_COLUMNS, WAVEFORM_COLUMNS),
            "{name}"
        );
        assert!(waveform.peaks.iter().zip(&waveform.rms).all(|(peak, rms)| *rms <= *peak && *peak <= 1.0));
        let short = (planes[0].len() as u64) < 3 * u64::from(rate_hz);
        for (what, missing) in [
            (&["short for loudness:", "integrated loudness"][..], loudness.integrated_lufs.is_none()),
            (&["short-term loudness"], short && loudness.short_term_max_lufs.is_none()),
            (&["there is no peak", "no true peak"], loudness.true_peak_dbtp.is_none()),
            (&["dynamic complexity"], dynamics.complexity_db.is_none() && dynamics.rms_dbfs.is_some()),
            (&["there is no level", "no level:"], dynamics.rms_dbfs.is_none()),
            (&["no timbre"], timbre.mfcc_mean.is_empty()),
            (&["speech from music"], features.speech_music.is_none()),
        ] {
            let warned = what.iter().any(|what| warned(what));
            assert_eq!(missing, warned, "{name}: {what:?}: {:?}", features.warnings);
        }
        for warning in &features.warnings {
            assert!(!warning.ends_with('.') && warning.len() > 10, "{name}: {warning}");
        }
    }
}

#[test]
fn antiphase_is_heard_where_channels_are_read() {
    let planes = Arc::new(vec![sine(200_000, 0.01, 0.0, 0.5), sine(200_000, 0.01, 180.0, 0.5)]);
    let features = features_of(&analyze_signal(44_100, &planes, &[16_384], &[], Vec::new()));
    assert!(features.loudness.unwrap().integrated_lufs.unwrap().0 > -10.0);
    assert!((features.dynamics.unwrap().rms_dbfs.unwrap().0 + 9.03).abs() < 0.01);
    assert!(features.waveform.unwrap().rms.iter().all(|rms| (rms - 0.353).abs() < 0.02));
}

#[test]
fn results_are_the_same_for_every_division_into_chunks() {
    let frames = 44_100 * 5 + 17;
    let left = tones(44_100, 330.0, &[(-12.0, 2.0), (-30.0, 2.0), (-3.0, 2.0)]);
    let right = noise(frames, 4).iter().map(|sample| sample * 0.2).collect();
    let planes = Arc::new(vec![left[..frames].to_vec(), right]);
    for rate_hz in [44_100, 48_000] {
        compare(
            rate_hz,
            &planes,
            &[&[16_384], &[1_000], &[4_096], &[65_536], &[44_100], &[7, 4_096, 100_000], &[usize::MAX]],
        );
    }
}

fn compare(rate_hz: u32, planes: &Planes, divisions: &[&[usize]]) {
    let mut expected: Option<Features> = None;
    for lengths in divisions {
        let features = features_of(&analyze_signal(rate_hz, planes, lengths, &[], Vec::new()));
        match &expected {
            None => expected = Some(features),
            Some(expected) => assert!(&features == expected, "{rate_hz} Hz in chunks of {lengths:?}"),
        }
    }
}

#[test]
fn results_are_the_same_frame_by_frame() {
    let planes = Arc::new(vec![noise(30_000, 5), sine(30_000, 0.02, 0.0, 1.0)]);
    compare(48_000, &planes, &[&[16_384], &[1], &[7]]);
}

/// A sink that does as it is told at each chunk, by number.
struct Puppet<F>(usize, F);

impl<F: FnMut(usize) -> Result<()> + Send> PcmSink for Puppet<F> {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        self.0 += 1;
        (self.1)(self.0)
    }

    fn finish(&mut self) -> Result<()> {
        (self.1)(usize::MAX)
    }
}

#[test]
fn hostile_sinks_beside_the_analyzers_change_nothing() {
    let planes = Arc::new(vec![noise(100_000, 6), noise(100_000, 7)]);
    let alone = features_of(&analyze_signal(44_100, &planes, &[1_000], &[], Vec::new()));
    let sinks: Vec<(String, Box<dyn PcmSink>)> = vec![
        (
            "panics".to_owned(),
            Box::new(Puppet(0, |chunk| if chunk == 20 { panic!("on purpose") } else { Ok(()) })),
        ),
        (
            "panics at the end".to_owned(),
            Box::new(Puppet(0, |chunk| if chunk == usize::MAX { panic!("on purpose") } else { Ok(()) })),
        ),
        ("fails".to_owned(), Box::new(Puppet(0, |_| Err(Error::new(ErrorKind::Io, "on purpose"))))),
        (
            "dawdles".to_owned(),
            Box::new(Puppet(0, |chunk| {
                // Slow enough to fill its queue and hold everybody up, without a clock.
                std::hint::black_box(
                    (0..chunk % 7 * 20_000).fold(0_u64, |sum, n| sum.wrapping_mul(31) + n as u64),
                );
                Ok(())
            })),
        ),
    ];
    let analysis = analyze_signal(44_100, &planes, &[1_000], &[], sinks);
    assert!(features_of(&analysis) == alone);
    let outcomes: Vec<_> =
        analysis.sinks[ANALYZERS.len()..].iter().map(|sink| sink.outcome == SinkOutcome::Finished).collect();
    assert_eq!(outcomes, [false, false, false, true]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn results_are_the_same_for_random_signals_and_chunks(
        rate_hz in prop::sample::select(vec![8_000_u32, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000]),
        channels in 1_usize..4,
        frames in 0_usize..60_000,
        seed in 0_u64..1_000,
        lengths in prop::collection::vec(1_usize..20_000, 1..5),
    ) {
        let planes = (0..channels as u64).map(|channel| noise(frames, seed + channel)).collect();
        compare(rate_hz, &Arc::new(planes), &[&[16_384], &lengths]);
    }
}
