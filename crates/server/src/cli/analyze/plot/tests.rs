//! Sheets of ordinary, empty and extreme features are well-formed, bounded, and say what they should.

use fanfare_model::{
    Bpm, DbTp, Dbfs, Lu, Lufs,
    features::{
        Dynamics, Features, Key, KeySegment, Loudness, LoudnessSeries, Mode, Rhythm, TempoCandidate,
        TempoStability, Waveform, WaveformDetail,
    },
};
use proptest::prelude::*;
use roxmltree::Document;

use super::*;

/// All text elements, in order of drawing.
fn texts(document: &Document<'_>) -> Vec<String> {
    let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
    texts
        .map(|text| text.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect())
        .collect()
}

fn first<'a>(document: &'a Document<'_>, name: &str) -> &'a str {
    document.descendants().find(|node| node.tag_name().name() == name).and_then(|node| node.text()).unwrap()
}

fn sheet(features: &Features) -> Sheet<'_> {
    Sheet {
        file_name: "01 song.flac",
        title: Some("A Song"),
        artist: Some("A Singer"),
        album: None,
        duration_s: 60.0,
        sample_rate_hz: 44_100,
        channels: 2,
        codec: "flac",
        bit_depth: Some(16),
        features,
    }
}

/// A minute at 120 BPM in two keys.
fn ordinary() -> Features {
    let beats_s: Vec<f64> = (0..120).map(|beat| f64::from(beat) * 0.5).collect();
    let segment = |start_s: f64, end_s: f64, key: &Key| KeySegment {
        start_s,
        end_s,
        tonic: key.tonic.clone(),
        mode: key.mode,
        confidence: 0.9,
        camelot: key.camelot.clone(),
    };
    let (first, second) = (Key::new(9, Mode::Minor, 0.9), Key::new(11, Mode::Minor, 0.9));
    Features {
        loudness: Some(Loudness {
            integrated_lufs: Some(Lufs(-14.06)),
            range_lu: Some(Lu(5.0)),
            true_peak_dbtp: Some(DbTp(0.4)),
            series: Some(LoudnessSeries {
                step_s: 0.1,
                momentary_lufs: (0..600)
                    .map(|step| (step > 3).then(|| -14.0 - (step % 50) as f32 / 10.0))
                    .collect(),
                short_term_lufs: (0..600).map(|step| (step > 29).then_some(-15.0)).collect(),
            }),
            ..Loudness::default()
        }),
        rhythm: Some(Rhythm {
            tempo_bpm: Some(Bpm(120.0)),
            tempo_confidence: Some(0.9),
            tempo_candidates: vec![
                TempoCandidate { tempo_bpm: Bpm(120.0), confidence: 0.8 },
                TempoCandidate { tempo_bpm: Bpm(60.0), confidence: 0.2 },
            ],
            tempo_stability: Some(TempoStability::Drifting),
            downbeats_s: beats_s.iter().copied().step_by(4).collect(),
            beats_s,
            ..Rhythm::default()
        }),
        key: Some(Key {
            segments: vec![segment(0.0, 40.0, &first), segment(40.0, 60.0, &second)],
            tuning_cents: Some(-7.0),
            ..first
        }),
        waveform: Some(Waveform {
            peaks: vec![0.5; 800],
            rms: vec![0.2; 800],
            detail: Some(WaveformDetail {
                frames_per_cell: 512,
                extremes: vec![(-60, 60); 5168],
                bands: vec![[200, 180, 150, 120]; 5168],
            }),
        }),
        dynamics: Some(Dynamics { clipped_frames: 3, rms_dbfs: Some(Dbfs(-17.0)), ..Dynamics::default() }),
        warnings: vec!["one thing was odd".to_owned()],
        ..Features::default()
    }
}

#[test]
fn a_sheet_says_what_was_heard() {
    let features = ordinary();
    let svg = draw(&sheet(&features));
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document).join("\n");
    for expected in [
        "A Song",
        "A Singer",
        "1:00",
        "−14.1",
        "LUFS",
        "5.0",
        "0.4",
        "3 clipped frames",
        "120",
        "BPM",
        "drifting",
        "or 60 (20 %)",
        "A minor",
        "A minor · 8A",
        "B minor · 10A",
        "−7 cents (A = 438.2 Hz)",
        "LOCAL TEMPO, BPM",
        "above",
        "short-term",
        "one thing was odd",
        "01 song.flac",
        "0:30",
        "17",
    ] {
        assert!(texts.contains(expected), "{expected} is missing in\n{texts}");
    }
    assert_eq!(first(&document, "title"), "A Song – A Singer");
    assert!(first(&document, "desc").contains("120 BPM, 120 beats in 30 bars, in A minor (8A)"));
    for class in ["b0", "b3", "moment", "short", "whole", "lra", "beat", "down", "tempo", "hot"] {
        assert!(svg.contains(&format!("class=\"{class}\"")), "{class}");
    }
}

#[test]
fn nothing_known_is_still_a_sheet() {
    let nothing = Features::default();
    let parts = Features {
        loudness: Some(Loudness::default()),
        rhythm: Some(Rhythm::default()),
        waveform: Some(Waveform::default()),
        ..Features::default()
    };
    for features in [nothing, parts] {
        let unnamed = Sheet { file_name: "", title: None, artist: None, duration_s: 0.0, ..sheet(&features) };
        let svg = draw(&unnamed);
        Document::parse(&svg).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn without_detail_the_columns_are_drawn() {
    let mut features = ordinary();
    features.waveform.as_mut().unwrap().detail = None;
    let svg = draw(&sheet(&features));
    assert!(
        svg.contains("class=\"peaks\"") && svg.contains("class=\"rms\"") && !svg.contains("class=\"b0\"")
    );
}

#[test]
fn names_and_tags_stay_text() {
    let mut features = ordinary();
    features.warnings = vec!["</svg><script>alert(1)</script>\u{0}\u{ffff}".to_owned(); 50];
    let hostile = "\"'><script>alert(1)</script>\u{202e}\u{1b}[31m ]]> <!-- &bogus; \u{fffe}".repeat(30);
    let svg = draw(&Sheet {
        file_name: &hostile,
        title: Some(&hostile),
        artist: Some(&hostile),
        album: Some(&hostile),
        codec: &hostile,
        ..sheet(&features)
    });
    let document = Document::parse(&svg).unwrap();
    assert!(document.descendants().all(|node| node.tag_name().name() != "script"));
    assert!(svg.len() < 2 * MOST_BYTES && !svg.contains('\u{1b}') && !svg.contains('\u{202e}'));
    assert!(texts(&document).iter().any(|text| text.contains("more warnings")));
}

#[test]
fn three_hours_are_no_larger_than_three_minutes() {
    let mut features = ordinary();
    let rhythm = features.rhythm.as_mut().unwrap();
    rhythm.beats_s = (0..25_000).map(|beat| f64::from(beat) * 0.43).collect();
    rhythm.downbeats_s = rhythm.beats_s.iter().copied().step_by(3).collect();
    let noise = |index: usize| (index.wrapping_mul(2_654_435_761) >> 7) as u8;
    features.waveform.as_mut().unwrap().detail = Some(WaveformDetail {
        frames_per_cell: 65_536,
        extremes: (0..8_192).map(|cell| (-(i8::try_from(noise(cell) / 2).unwrap()), 127)).collect(),
        bands: (0..8_192)
            .map(|cell| [noise(cell), noise(cell + 1), noise(cell + 2), noise(cell + 3)])
            .collect(),
    });
    features.waveform.as_mut().unwrap().peaks =
        (0..800).map(|column| if column % 2 == 0 { 1.0 } else { 0.0 }).collect();
    features.loudness.as_mut().unwrap().series = Some(LoudnessSeries {
        step_s: 12.8,
        momentary_lufs: (0..1_200)
            .map(|step| (step % 2 == 0).then(|| -f32::from(noise(step)) / 8.0))
            .collect(),
        short_term_lufs: (0..1_200)
            .map(|step| (step % 2 == 0).then(|| -f32::from(noise(step)) / 8.0))
            .collect(),
    });
    features.key.as_mut().unwrap().segments = (0..5_000)
        .map(|index| KeySegment {
            start_s: f64::from(index) * 2.0,
            end_s: f64::from(index) * 2.0 + 2.0,
            tonic: "A".to_owned(),
            mode: Mode::Minor,
            confidence: 0.5,
            camelot: format!("{}A", index % 12 + 1),
        })
        .collect();
    let svg = draw(&Sheet { duration_s: 10_800.0, ..sheet(&features) });
    Document::parse(&svg).unwrap();
    assert!(svg.len() < MOST_BYTES, "{} bytes", svg.len());
}

/// Any number a feature can have, the absurd ones included.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -100.0..300.0_f64,
        any::<f64>(),
        Just(0.0),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(f64::NEG_INFINITY),
        Just(f64::NAN)
    ]
}

fn numbers(most: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(number(), 0..most)
}

fn maybe<T: Strategy>(inner: T) -> impl Strategy<Value = Option<T::Value>> {
    prop::option::of(inner)
}

prop_compose! {
    fn loudness()(
        levels in prop::collection::vec(maybe(number()), 6),
        step_s in number(),
        momentary in prop::collection::vec(maybe(number().prop_map(|value| value as f32)), 0..50),
        short in prop::collection::vec(maybe(number().prop_map(|value| value as f32)), 0..50),
    ) -> Loudness {
        Loudness {
            integrated_lufs: levels[0].map(Lufs),
            range_lu: levels[1].map(Lu),
            momentary_max_lufs: levels[2].map(Lufs),
            true_peak_dbtp: levels[3].map(DbTp),
            sample_peak_dbfs: levels[4].map(Dbfs),
            replaygain_track_gain_db: levels[5],
            series: Some(LoudnessSeries { step_s, momentary_lufs: momentary, short_term_lufs: short }),
            ..Loudness::default()
        }
    }
}

prop_compose! {
    fn rhythm()(
        tempo in maybe(number()),
        range in maybe((number(), number())),
        others in prop::collection::vec((number(), number()), 0..5),
        beats_s in numbers(200),
        downbeats_s in numbers(60),
        stability in prop::sample::select(vec![None, Some(TempoStability::Drifting), Some(TempoStability::Rubato)]),
        beats_per_bar in any::<Option<u8>>(),
    ) -> Rhythm {
        Rhythm {
            tempo_bpm: tempo.map(Bpm),
            tempo_confidence: tempo,
            tempo_candidates: others
                .into_iter()
                .map(|(bpm, confidence)| TempoCandidate { tempo_bpm: Bpm(bpm), confidence })
                .collect(),
            tempo_range_bpm: range.map(|(slowest, fastest)| (Bpm(slowest), Bpm(fastest))),
            tempo_stability: stability,
            beats_s,
            downbeats_s,
            beats_per_bar,
            ..Rhythm::default()
        }
    }
}

prop_compose! {
    fn key()(
        tonic in ".{0,40}",
        camelot in ".{0,8}",
        confidence in number(),
        tuning_cents in maybe(number()),
        segments in prop::collection::vec((number(), number(), ".{0,8}", number()), 0..20),
    ) -> Key {
        Key {
            tonic: tonic.clone(),
            mode: Mode::Major,
            confidence,
            camelot,
            tuning_cents,
            segments: segments
                .into_iter()
                .map(|(start_s, end_s, camelot, confidence)| KeySegment {
                    start_s, end_s, tonic: tonic.clone(), mode: Mode::Minor, confidence, camelot,
                })
                .collect(),
        }
    }
}

prop_compose! {
    fn waveform()(
        peaks in numbers(60),
        rms in numbers(60),
        frames_per_cell in any::<u32>(),
        extremes in prop::collection::vec(any::<(i8, i8)>(), 0..60),
        bands in prop::collection::vec(any::<[u8; 4]>(), 0..60),
        detailed in any::<bool>(),
    ) -> Waveform {
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        let detail = WaveformDetail { frames_per_cell, extremes, bands };
        Waveform { peaks: single(peaks), rms: single(rms), detail: detailed.then_some(detail) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_features_give_a_bounded_well_formed_sheet(
        loudness in maybe(loudness()),
        rhythm in maybe(rhythm()),
        key in maybe(key()),
        waveform in maybe(waveform()),
        silence in number(),
        warnings in prop::collection::vec(".{0,200}", 0..12),
        (duration_s, sample_rate_hz, channels, bit_depth) in (number(), any::<u32>(), any::<usize>(), any::<Option<u8>>()),
        names in prop::collection::vec(".{0,80}", 5),
    ) {
        let dynamics = Some(Dynamics { silence_head_s: silence, clipped_frames: u64::MAX, ..Dynamics::default() });
        let features = Features { loudness, rhythm, key, waveform, dynamics, warnings, ..Features::default() };
        let svg = draw(&Sheet {
            file_name: &names[0],
            title: Some(&names[1]),
            artist: Some(&names[2]),
            album: Some(&names[3]),
            duration_s,
            sample_rate_hz,
            channels,
            codec: &names[4],
            bit_depth,
            features: &features,
        });
        let document = Document::parse(&svg).map_err(|error| TestCaseError::fail(format!("{error} in {svg}")))?;
        prop_assert!(svg.len() < MOST_BYTES);
        // Numbers stand where numbers belong.
        for attribute in document.descendants().flat_map(|node| node.attributes()) {
            let (name, value) = (attribute.name(), attribute.value());
            {
                if ["x", "y", "width", "height"].contains(&name) {
                    prop_assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{name}={value}");
                }
                if name == "d" {
                    prop_assert!(value.chars().all(|sign| "MlLhHvVAz-. 0123456789".contains(sign)), "{value}");
                }
            }
        }
    }
}
