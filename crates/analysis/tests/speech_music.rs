//! Speech, music, both and neither.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;
mod voice;

use std::{f64::consts::TAU, path::Path, process::Command};

use fanfare_audio::{OpenOptions, open};
use fanfare_model::features::SpeechMusicProfile::{self, Mixed, Music, Silence, Speech};
use fanfare_testkit::signals::{cadence, click_track, silence, sine};
use support::{features_of, noise};
use voice::{Manner, voice};

const RATE_HZ: u32 = 44_100;

fn profile(rate_hz: u32, plane: Vec<f32>) -> (SpeechMusicProfile, f64, f64) {
    let features = features_of(rate_hz, vec![plane], "speech_music");
    let found = features.speech_music.unwrap_or_else(|| panic!("{:?}", features.warnings));
    for share in [found.speech, found.music] {
        assert!((0.0..=1.0).contains(&share), "{found:?}");
    }
    (found.profile, found.speech, found.music)
}

fn over(voice: &[f32], bed: &[f32], gain: f32) -> Vec<f32> {
    voice.iter().zip(bed).map(|(voice, bed)| voice + gain * bed).collect()
}

fn times(gain: f32, plane: &[f32]) -> Vec<f32> {
    plane.iter().map(|sample| gain * sample).collect()
}

/// Bass drum and snare in turn, 112 a minute, and a cymbal on every eighth.
fn drums(seconds: f64) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let eighth = (rate * 30.0 / 112.0) as usize;
    let hiss = noise((seconds * rate) as usize, 8);
    let hit = |(n, hiss): (usize, f32)| {
        let dies = |start: usize, seconds: f64| (-((n - start) as f64) / (seconds * rate)).exp();
        let (beat, last) = (n / (2 * eighth), n / eighth * eighth);
        let start = beat * 2 * eighth;
        let drum = if beat.is_multiple_of(2) {
            0.6 * dies(start, 0.1) * (TAU * 60.0 * (n - start) as f64 / rate).sin()
        } else {
            0.4 * dies(start, 0.07) * f64::from(hiss)
        };
        (drum + 0.2 * dies(last, 0.04) * f64::from(hiss)) as f32
    };
    hiss.into_iter().enumerate().map(hit).collect()
}

#[test]
fn what_a_track_mostly_is() {
    let speech = |seed| voice(RATE_HZ, 30.0, 120.0, Manner::Speaks, seed);
    let chords = cadence(RATE_HZ, 2, false, 0.75, 10);
    let (clicks, _) = click_track(RATE_HZ, 30.0, 112.0, 0.0, 4);
    let cases: [(&str, Vec<f32>, SpeechMusicProfile); 14] = [
        ("a man's voice", speech(1), Speech),
        ("a woman's voice", voice(RATE_HZ, 30.0, 210.0, Manner::Speaks, 2), Speech),
        ("a quiet voice", times(0.01, &speech(3)), Speech),
        ("a voice in noise", over(&speech(4), &noise(30 * RATE_HZ as usize, 4), 0.01), Speech),
        ("a voice with long pauses", [speech(5), silence(RATE_HZ, 20.0), speech(6)].concat(), Speech),
        ("chords", chords.clone(), Music),
        ("quiet chords", times(0.01, &chords), Music),
        ("chords with a beat", over(&chords, &clicks, 0.5), Music),
        ("drums alone", drums(30.0), Music),
        ("a song without words", voice(RATE_HZ, 30.0, 220.0, Manner::Sings, 7), Music),
        ("a tone", sine(RATE_HZ, 10.0, 440.0, 0.5), Music),
        ("speech, then music", [speech(8), chords.clone()].concat(), Mixed),
        ("noise", noise(10 * RATE_HZ as usize, 9), Silence),
        ("silence", silence(RATE_HZ, 10.0), Silence),
    ];
    for (name, plane, expected) in cases {
        let (found, speech, music) = profile(RATE_HZ, plane);
        assert_eq!(found, expected, "{name}: speech {speech}, music {music}");
        match expected {
            Speech => assert!(speech > 0.9 && music < 0.1, "{name}: {speech} {music}"),
            Music => assert!(music > 0.9 && speech < 0.1, "{name}: {speech} {music}"),
            Mixed => assert!((0.35..0.65).contains(&speech) && (0.35..0.65).contains(&music), "{name}"),
            Silence => assert_eq!((speech, music), (0.0, 0.0), "{name}"),
        }
    }
}

#[test]
fn bandwidth_decides_nothing() {
    for rate_hz in [8_000, 16_000, 48_000, 96_000] {
        let speech = voice(rate_hz, 20.0, 130.0, Manner::Speaks, 11);
        assert_eq!(profile(rate_hz, speech).0, Speech, "at {rate_hz} Hz");
        assert_eq!(profile(rate_hz, cadence(rate_hz, 5, true, 0.6, 8)).0, Music, "at {rate_hz} Hz");
    }
}

#[test]
fn too_little_is_said_to_be_too_little() {
    let warned = |plane: Vec<f32>| {
        let features = features_of(RATE_HZ, vec![plane], "speech_music");
        assert_eq!(features.speech_music, None);
        features.warnings.join("\n")
    };
    assert_eq!(
        warned(voice(RATE_HZ, 4.0, 120.0, Manner::Speaks, 1)),
        "too short to tell speech from music: 4.0 s, needs 5.6 s"
    );
    assert_eq!(warned(Vec::new()), "too short to tell speech from music: 0.0 s, needs 5.6 s");
    let mut long = silence(RATE_HZ, 20.0);
    long.splice(200_000..244_100, sine(RATE_HZ, 1.0, 440.0, 0.5));
    assert!(warned(long).starts_with("too little sound to tell speech from music"));
    let noise = features_of(RATE_HZ, vec![noise(400_000, 5)], "speech_music");
    assert_eq!(noise.warnings, ["sounds, but neither speech nor music was heard"]);
}

/// The first plane of a file, and its rate.
fn analyzed(path: &Path) -> (u32, Vec<f32>) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    let mut plane = Vec::new();
    while let Some(chunk) = source.next_chunk().unwrap() {
        plane.extend_from_slice(&chunk.planes()[0]);
    }
    (source.spec().rate.hz(), plane)
}

/// Recorded speech: the prompts of Debian's asterisk-core-sounds-en-wav, one after the other.
#[test]
fn recorded_speech_where_it_is_installed() {
    let folder = Path::new("/usr/share/asterisk/sounds/en_US_f_Allison");
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {} is not there (asterisk-core-sounds-en-wav)", folder.display());
        return;
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
    paths.sort();
    let prompts: Vec<_> = paths.iter().map(|path| analyzed(path)).collect();
    let Some((rate_hz, _)) = prompts.first() else {
        eprintln!("skipped: there are no WAV files in {}", folder.display());
        return;
    };
    let long = prompts.iter().filter(|(_, plane)| plane.len() > 2 * *rate_hz as usize).take(60);
    let plane: Vec<f32> = long.flat_map(|(_, plane)| plane).copied().collect();
    let (found, speech, music) = profile(*rate_hz, plane);
    assert_eq!(found, Speech, "speech {speech}, music {music}");
    assert!(speech > 0.95 && music < 0.05, "speech {speech}, music {music}");
}

#[test]
fn synthetic_speech_where_it_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spoken.wav");
    let text = include_str!("speech_music.rs").lines().filter(|line| line.starts_with("//!"));
    let text = text.chain(["The quick brown fox jumps over the lazy dog."; 12]).collect::<String>();
    let Ok(status) = Command::new("espeak-ng").arg("-w").arg(&path).arg(text).status() else {
        eprintln!("skipped: espeak-ng is not installed");
        return;
    };
    assert!(status.success());
    let (rate_hz, plane) = analyzed(&path);
    assert_eq!(profile(rate_hz, plane).0, Speech);
}
