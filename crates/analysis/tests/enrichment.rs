//! Enrichment without a model: what it says, when it says nothing, and which sounds it takes to be alike.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use std::sync::Arc;

use fanfare_analysis::{describe, descriptors};
use fanfare_model::{
    Bpm, Dbfs, ErrorKind, Features, Lu, Lufs,
    enrichment::{Enrichment, EnrichmentFigure, MissingReason},
    features::{
        Dynamics, Key, Loudness, Mode, Rhythm, SpeechMusic, SpeechMusicProfile, TempoStability, Timbre,
    },
};
use support::{analyze_signal, noise};

const RATE_HZ: u32 = 22_050;
const SECONDS: usize = 12;

/// A phrase of plucked notes over a beat, of that pitch, brightness and tempo.
fn piece(fundamental_hz: f64, harmonics: i32, tempo_bpm: f64, hiss: f32) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let hissing = noise(RATE_HZ as usize * SECONDS, 5);
    (0..RATE_HZ as usize * SECONDS)
        .map(|n| {
            let beat = n as f64 / rate * tempo_bpm / 60.0;
            let step = [0.0, 4.0, 7.0, 12.0, 7.0, 4.0, 5.0, 2.0][beat as usize % 8];
            let frequency = fundamental_hz * 2.0_f64.powf(step / 12.0);
            let decay = (-4.0 * beat.fract()).exp();
            let tone: f64 = (1..=harmonics)
                .map(|k| {
                    (std::f64::consts::TAU * frequency * f64::from(k) * n as f64 / rate).sin() / f64::from(k)
                })
                .sum();
            (0.2 * decay * tone) as f32 + hiss * decay as f32 * hissing[n]
        })
        .collect()
}

fn described(plane: Vec<f32>) -> Enrichment {
    let analysis = analyze_signal(RATE_HZ, &Arc::new(vec![plane]), &[8_192], &[], Vec::new());
    describe(&analysis.features(), SECONDS as f64).unwrap()
}

#[test]
fn a_copy_is_nearer_than_another_piece() {
    let plucked = piece(220.0, 12, 120.0, 0.0);
    let original = described(plucked.clone()).embedding.unwrap();
    let length: f64 = original.values.iter().map(|value| f64::from(*value).powi(2)).sum();
    assert!((length - 1.0).abs() < 1e-6, "{length}");
    assert_eq!(
        (original.model.as_str(), original.values.len()),
        (descriptors::MODEL, descriptors::DIMENSIONS)
    );
    assert_eq!(described(plucked.clone()).embedding.unwrap(), original, "the same again");

    let likeness = |plane: Vec<f32>| described(plane).embedding.unwrap().likeness(&original).unwrap();
    let copies = [
        ("softer", plucked.iter().map(|sample| sample * 0.25).collect::<Vec<f32>>()),
        ("of 12 bits", plucked.iter().map(|sample| (sample * 2_048.0).round() / 2_048.0).collect()),
        ("two semitones higher", piece(220.0 * 2.0_f64.powf(2.0 / 12.0), 12, 120.0, 0.0)),
    ];
    let others = [
        ("dull and slow", piece(110.0, 2, 70.0, 0.0)),
        ("drums", piece(110.0, 0, 150.0, 0.4)),
        ("hiss", noise(RATE_HZ as usize * SECONDS, 9)),
    ];
    let nearest_other = others.map(|(what, plane)| (what, likeness(plane)));
    for (what, plane) in copies {
        let copy = likeness(plane);
        for (other, likeness) in nearest_other {
            assert!(copy > likeness + 0.2, "{what}: {copy}, {other}: {likeness}");
        }
    }
}

/// Features in the middle of everything.
fn features() -> Features {
    Features {
        loudness: Some(Loudness {
            integrated_lufs: Lufs::finite(-16.0),
            range_lu: Some(Lu(4.3)),
            ..Loudness::default()
        }),
        rhythm: Some(Rhythm {
            tempo_bpm: Some(Bpm(114.0)),
            tempo_confidence: Some(0.77),
            tempo_stability: Some(TempoStability::Drifting),
            onset_rate_hz: Some(4.6),
            danceability: Some(1.25),
            ..Rhythm::default()
        }),
        key: Some(Key::new(0, Mode::Major, 0.0)),
        speech_music: Some(SpeechMusic { profile: SpeechMusicProfile::Music, music: 1.0, speech: 0.0 }),
        dynamics: Some(Dynamics {
            complexity_db: Some(3.1),
            rms_dbfs: Dbfs::finite(-18.0),
            crest_db: Some(16.2),
            ..Dynamics::default()
        }),
        timbre: Some(Timbre {
            erb_bands: vec![1e-4; 40],
            centroid_hz: Some(1_580.0),
            rolloff_hz: Some(910.0),
            flatness: Some(0.011),
            zero_crossing_rate_hz: Some(1_900.0),
            mfcc_mean: vec![0.0; 13],
            mfcc_deviation: vec![8.0; 13],
            mfcc_change: vec![18.0; 13],
        }),
        ..Features::default()
    }
}

type Figure = fn(&Enrichment) -> Option<f64>;
const DANCEABILITY: Figure = |found| Some(found.danceability.as_ref()?.value);
const ENERGY: Figure = |found| Some(found.energy.as_ref()?.value);
const VALENCE: Figure = |found| Some(found.valence.as_ref()?.value);
const AROUSAL: Figure = |found| Some(found.arousal.as_ref()?.value);
const VOICE: Figure = |found| Some(found.voice.as_ref()?.value);

#[test]
fn estimates_go_where_listeners_went() {
    let middle = describe(&features(), 100.0).unwrap();
    assert!(middle.missing.is_empty(), "{:?}", middle.missing);
    for figure in [ENERGY, VALENCE, AROUSAL] {
        let value = figure(&middle).unwrap();
        assert!((value - 0.5).abs() < 0.1, "{value} in the middle of everything");
    }
    type Change = fn(&mut Features, RhythmOf);
    type RhythmOf = fn(&mut Features) -> &mut Rhythm;
    let rhythm: RhythmOf = |features| features.rhythm.as_mut().unwrap();
    let cases: &[(&str, Change, Figure, f64)] = &[
        ("major", |f, _| f.key = Some(Key::new(0, Mode::Major, 0.9)), VALENCE, 1.0),
        ("minor", |f, _| f.key = Some(Key::new(0, Mode::Minor, 0.9)), VALENCE, -1.0),
        ("fast", |f, r| r(f).tempo_bpm = Some(Bpm(170.0)), VALENCE, 1.0),
        ("fast", |f, r| r(f).tempo_bpm = Some(Bpm(170.0)), AROUSAL, 1.0),
        ("slow", |f, r| r(f).tempo_bpm = Some(Bpm(60.0)), AROUSAL, -1.0),
        ("loud", |f, _| f.loudness.as_mut().unwrap().integrated_lufs = Lufs::finite(-7.0), AROUSAL, 1.0),
        ("loud", |f, _| f.loudness.as_mut().unwrap().integrated_lufs = Lufs::finite(-7.0), ENERGY, 1.0),
        ("dense", |f, r| r(f).onset_rate_hz = Some(8.0), ENERGY, 1.0),
        ("dull", |f, _| f.timbre.as_mut().unwrap().centroid_hz = Some(400.0), ENERGY, -1.0),
        ("pressed", |f, _| f.dynamics.as_mut().unwrap().crest_db = Some(8.0), ENERGY, 1.0),
        ("regular", |f, r| r(f).danceability = Some(2.0), DANCEABILITY, 1.0),
        ("breathing", |f, r| r(f).tempo_stability = Some(TempoStability::Rubato), DANCEABILITY, -1.0),
        ("off the pace", |f, r| r(f).tempo_bpm = Some(Bpm(84.0)), DANCEABILITY, -1.0),
        ("spoken", |f, _| f.speech_music.as_mut().unwrap().speech = 0.9, VOICE, 1.0),
    ];
    for (what, change, figure, direction) in cases {
        let mut changed = features();
        change(&mut changed, rhythm);
        let (before, after) =
            (figure(&middle).unwrap(), figure(&describe(&changed, 100.0).unwrap()).unwrap());
        assert!((after - before) * direction > 0.03, "{what}: {before} became {after}");
        assert!((0.0..=1.0).contains(&after));
    }
    // Half the tempo is danced as well as the whole.
    let mut halved = features();
    halved.rhythm.as_mut().unwrap().tempo_bpm = Some(Bpm(57.0));
    assert_eq!(DANCEABILITY(&describe(&halved, 100.0).unwrap()), DANCEABILITY(&middle));
    // A hint says where it comes from.
    assert!(middle.valence.unwrap().method.contains("Russell"));
}

#[test]
fn what_cannot_be_told_is_missing_with_a_reason() {
    use EnrichmentFigure::{Arousal, Danceability, Embedding, Energy, Valence, Voice};
    use MissingReason::{NotAnalyzed, NothingToReadFrom};
    type Case = (&'static str, fn(&mut Features), &'static [(EnrichmentFigure, MissingReason)]);
    let cases: &[Case] = &[
        (
            "no rhythm",
            |f| f.rhythm = None,
            &[(Danceability, NotAnalyzed), (Energy, NotAnalyzed), (Arousal, NotAnalyzed)],
        ),
        (
            "no level that moves",
            |f| f.rhythm.as_mut().unwrap().danceability = None,
            &[(Danceability, NothingToReadFrom)],
        ),
        ("no key", |f| f.key = None, &[(Valence, NothingToReadFrom)]),
        ("no beat", |f| f.rhythm.as_mut().unwrap().tempo_bpm = None, &[]),
        ("neither", |f| f.speech_music = None, &[(Voice, NotAnalyzed)]),
        ("no dynamics", |f| f.dynamics = None, &[(Energy, NotAnalyzed)]),
        (
            "too quiet",
            |f| f.loudness.as_mut().unwrap().integrated_lufs = None,
            &[(Energy, NothingToReadFrom), (Arousal, NothingToReadFrom)],
        ),
        (
            "no timbre",
            |f| f.timbre = None,
            &[(Energy, NotAnalyzed), (Arousal, NotAnalyzed), (Embedding, NotAnalyzed)],
        ),
        (
            "a timbre of an older version",
            |f| f.timbre.as_mut().unwrap().mfcc_deviation.clear(),
            &[(Embedding, NotAnalyzed)],
        ),
        // A figure that is no number is one that is not known.
        (
            "no number",
            |f| f.rhythm.as_mut().unwrap().onset_rate_hz = Some(f64::NAN),
            &[(Energy, NothingToReadFrom), (Arousal, NothingToReadFrom)],
        ),
    ];
    for (what, change, expected) in cases {
        let mut changed = features();
        change(&mut changed);
        let found = describe(&changed, 100.0).unwrap();
        let missing: Vec<_> = found.missing.iter().map(|missing| (missing.figure, missing.reason)).collect();
        assert_eq!(&missing, expected, "{what}");
        assert!(found.missing.iter().all(|missing| missing.message.starts_with("no ")), "{what}");
        let values = found.embedding.iter().flat_map(|embedding| &embedding.values);
        assert!(values.clone().all(|value| value.is_finite()), "{what}");
        // What is told survives being stored.
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Enrichment>(&json).unwrap(), found, "{what}");
    }
}

#[test]
fn too_little_is_not_described() {
    let mut silent = features();
    silent.timbre = Some(Timbre::default());
    for (what, features, duration_s, sentence) in [
        ("short", features(), 2.999, "too short to describe: 2.99 s, needs 3 s"),
        ("short", features(), 1.0, "too short to describe: 1.00 s, needs 3 s"),
        ("of no length", features(), f64::NAN, "too short to describe"),
        ("silent", silent, 100.0, "nothing sounds"),
    ] {
        let error = describe(&features, duration_s).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Empty, "{what}");
        assert!(error.to_string().starts_with(sentence), "{what}: {error}");
    }
}
