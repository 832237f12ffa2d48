//! Fingerprints are those of Chromaprint, however the samples arrive.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what they expect by unwrapping"
)]

mod rhythm_signals;

use std::process::Command;

use fanfare_analysis::fingerprint::{CODE_S, FEWEST_SHARED, Fingerprinter, MOST_BIT_ERRORS, compare, unpack};
use fanfare_model::features::Fingerprint;
use proptest::prelude::*;
use rhythm_signals::{Noise, analyze_signal, note_hz, silence, tone};

/// A scale of struck tones, a new one every 0.4 s.
fn scale(seconds: f64) -> Vec<f32> {
    let mut out = silence(seconds);
    for step in 0..(seconds / 0.4) as usize {
        let note = 48 + step * 7 % 29;
        tone(&mut out, step as f64 * 0.4, 0.8, note_hz(note as f64, 0.0), 0.3);
    }
    out
}

fn print(samples: Vec<f32>, chunk: usize) -> Option<Fingerprint> {
    analyze_signal(samples, "fingerprint", chunk).fingerprint
}

/// What `fpcalc` 1.5.1 prints for the scale of 8 s, as 16-bit WAV.
const FPCALC: &str = "AQAAK1TOTFGCh9iXGMsZ5DmSS8F3_HiewReeRRKULjiVWeCVwNiD5kc9dEkSHckyBzmFBzeMRyHmhGmOs1OK7qgOXFmOPCkSXnimGfyxE3keJE2k49XSB65IZTgeXcMP4iV1BDlGDGGUI6KBoYpqZAgESRgEEXACKAAgFIQD";

/// The codes of a text form.
fn codes(text: &str) -> Vec<u32> {
    let (algorithm, codes) = unpack(text).unwrap();
    assert_eq!(algorithm, 1);
    codes
}

/// Share of differing bits of two fingerprints of equal length.
fn bit_error_rate(a: &[u32], b: &[u32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let wrong: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    f64::from(wrong) / (32 * a.len()) as f64
}

#[test]
fn codes_are_those_of_fpcalc() {
    let rounded = scale(8.0).iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect();
    let ours = print(rounded, 16_384).unwrap();
    assert_eq!((ours.algorithm, ours.duration_s), (1, 8.0));
    let rate = bit_error_rate(&codes(&ours.chromaprint), &codes(FPCALC));
    assert!(rate < 0.02, "bit-error rate {rate}");
}

/// Runs where `fpcalc` is installed; elsewhere it says that it was skipped.
#[test]
fn codes_are_those_of_the_installed_fpcalc() {
    let Ok(version) = Command::new("fpcalc").arg("-version").output() else {
        println!("skipped: fpcalc (Debian: libchromaprint-tools) is not installed");
        return;
    };
    println!("against {}", String::from_utf8_lossy(&version.stdout).trim());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scale.wav");
    // With noise on it, so that no classifier stands on an edge; longer than the part that counts.
    let (mut samples, mut noise) = (scale(125.0), Noise(1));
    samples.iter_mut().for_each(|x| *x = ((*x + 0.02 * noise.next() as f32) * 32_768.0).round() / 32_768.0);
    std::fs::write(&file, wav(&samples)).unwrap();
    let told = Command::new("fpcalc").args(["-json"]).arg(&file).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let theirs = codes(told["fingerprint"].as_str().unwrap());
    let rate = bit_error_rate(&codes(&print(samples, 16_384).unwrap().chromaprint), &theirs);
    println!("bit-error rate {rate}");
    assert!(rate < 0.02, "bit-error rate {rate}");
}

/// One channel of 16 bits at 44,100 Hz.
fn wav(samples: &[f32]) -> Vec<u8> {
    let size = samples.len() as u32 * 2;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend([44_100_u32.to_le_bytes(), 88_200_u32.to_le_bytes()].concat());
    file.extend(b"\x02\0\x10\0data");
    file.extend(size.to_le_bytes());
    file.extend(samples.iter().flat_map(|x| ((x * 32_768.0) as i16).to_le_bytes()));
    file
}

/// Fingerprints of generated music as `name text`, encoded and cut by ffmpeg, and of recorded music that hardly moves.
const PRINTS: &str = include_str!("fingerprints.txt");

fn stored(name: &str) -> Vec<u32> {
    let line = PRINTS.lines().find(|line| line.split(' ').next() == Some(name));
    codes(line.unwrap_or_else(|| panic!("no fingerprint of {name}")).split(' ').nth(1).unwrap())
}

#[test]
fn one_recording_is_known_again_and_others_are_not() {
    // First, second, where the second begins in the first (`None`: another recording), and the most bits that may differ.
    let cases = [
        ("song", "song", Some(0.0), 0.0),
        ("song", "song-mp3-64k", Some(0.0), 0.03),
        ("song", "song-opus-32k", Some(0.0), 0.06),
        ("song", "song-without-17.37s", Some(17.37), 0.06),
        ("song-mp3-64k", "song-without-17.37s", Some(17.37), 0.08),
        ("song", "song-without-9.1s-quieter-dull-mp3-96k", Some(9.1), 0.1),
        ("song-without-17.37s", "song-without-9.1s-quieter-dull-mp3-96k", Some(9.1 - 17.37), 0.1),
        // A code's frame spans 2.6 s: at another speed it is another recording, as for AcoustID.
        ("song", "song-1-percent-faster", None, 0.0),
        ("song", "same-style", None, 0.0),
        ("song", "drone-1", None, 0.0),
        ("drone-1", "drone-2", None, 0.0),
        ("drone-1", "drone-3", None, 0.0),
        ("drone-2", "drone-3", None, 0.0),
        ("drone-3", "drone-4", None, 0.0),
    ];
    for (first, second, offset_s, errors) in cases {
        let (a, b) = (stored(first), stored(second));
        for (a, b, sign) in [(&a, &b, 1.0), (&b, &a, -1.0)] {
            let found = compare(a, b);
            assert_eq!(found.is_some(), offset_s.is_some(), "{first}, {second}: {found:?}");
            let (Some(found), Some(offset_s)) = (found, offset_s) else { continue };
            assert!((found.offset_s - sign * offset_s).abs() < CODE_S, "{first}, {second}: {found:?}");
            assert!(found.bit_error_rate <= errors, "{first}, {second}: {found:?}");
            assert!(found.score > 0.7 && found.score <= 1.0, "{first}, {second}: {found:?}");
            let longest = a.len().min(b.len()) as f64 * CODE_S;
            assert!(found.overlap_s > 50.0 && found.overlap_s <= longest, "{first}, {second}: {found:?}");
        }
    }
}

#[test]
fn what_says_nothing_matches_nothing() {
    let quiet = codes(&print(silence(60.0), 16_384).unwrap().chromaprint);
    let mut held = silence(60.0);
    tone(&mut held, 0.0, 60.0, 220.0, 0.3);
    let held = codes(&print(held, 16_384).unwrap().chromaprint);
    let song = stored("song");
    let (short, enough) = (&song[100..100 + FEWEST_SHARED - 1], &song[100..100 + FEWEST_SHARED + 20]);
    let flicker: Vec<u32> = (0..948).map(|n| if n % 2 == 0 { 0 } else { u32::MAX }).collect();
    let mut after_silence = vec![quiet[0]; 300];
    after_silence.extend(&song[..400]);
    let mut another_after_silence = vec![quiet[0]; 300];
    another_after_silence.extend(&stored("same-style")[..400]);
    for (name, a, b, same) in [
        ("nothing", &[][..], &[][..], false),
        ("nothing and music", &[], &song, false),
        ("one code", &song[..1], &song, false),
        ("silence", &quiet, &quiet, false),
        ("a held tone", &held, &held, false),
        ("silence and music", &quiet, &song, false),
        ("too short", short, &song, false),
        ("long enough", enough, &song, true),
        ("two codes in turn", &flicker, &flicker, true),
        ("two codes in turn and music", &flicker, &song, false),
        ("the same music after silence", &after_silence, &song, true),
        ("other music after as much silence", &after_silence, &another_after_silence, false),
    ] {
        assert_eq!(compare(a, b).is_some(), same, "{name}: {:?}", compare(a, b));
        assert_eq!(compare(b, a).is_some(), same, "{name}, the other way");
    }
}

proptest! {
    #[test]
    fn any_codes_can_be_compared(
        a in prop::collection::vec(any::<u32>(), 0..400),
        b in prop::collection::vec(0_u32..3, 0..400),
        from in 0_usize..200,
    ) {
        prop_assert_eq!(compare(&a, &b), None);
        let cut = a.get(from..).unwrap_or(&[]);
        let found = compare(&a, cut);
        prop_assert_eq!(found.is_some(), cut.len() >= FEWEST_SHARED);
        if let Some(found) = found {
            prop_assert_eq!((found.bit_error_rate, found.score), (0.0, 1.0));
            prop_assert!((found.offset_s - from as f64 * CODE_S).abs() < 1e-9);
        }
        // Whatever it finds in constructed codes, it is within its own bounds.
        if let Some(found) = compare(&b, &b) {
            prop_assert!(found.bit_error_rate <= MOST_BIT_ERRORS && found.score <= 1.0);
        }
    }
}

#[test]
fn chunk_sizes_make_no_difference() {
    let whole = print(scale(6.0), 1 << 20);
    assert!(whole.is_some());
    for chunk in [777, 4_096, 44_100] {
        assert_eq!(print(scale(6.0), chunk), whole, "chunks of {chunk}");
    }
}

#[test]
fn only_the_first_two_minutes_count() {
    let mut cut = scale(123.0);
    let long = print(cut.clone(), 1 << 16).unwrap();
    assert_eq!(long.duration_s, 120.0);
    cut.truncate(120 * 44_100);
    cut.extend(silence(9.0));
    // The resampler's filter reaches a few samples over the cut.
    let cut = print(cut, 1 << 16).unwrap();
    let wrong: u32 =
        codes(&long.chromaprint).iter().zip(codes(&cut.chromaprint)).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert!(wrong <= 2 && codes(&long.chromaprint).len() == codes(&cut.chromaprint).len());
}

#[test]
fn a_whole_track_begins_like_its_first_two_minutes() {
    let mut noise = Noise(7);
    let samples: Vec<f32> = (0..130 * 11_025).map(|_| 0.1 * noise.next() as f32).collect();
    let (mut first, mut whole) = (Fingerprinter::default(), Fingerprinter::whole());
    for part in samples.chunks(1_000) {
        first.push(part);
        whole.push(part);
    }
    assert_eq!((first.analyzed_s(), whole.analyzed_s()), (120.0, 130.0));
    assert_eq!(first.codes(), &whole.codes()[..first.codes().len()]);
    assert!(whole.codes().len() > first.codes().len());
}

#[test]
fn edge_lengths() {
    for (name, samples, some) in [
        ("nothing", Vec::new(), false),
        ("one frame", vec![1.0], false),
        ("two seconds", silence(2.0), false),
        ("silence", silence(5.0), true),
        ("constant", vec![0.5; 5 * 44_100], true),
    ] {
        let features = analyze_signal(samples, "fingerprint", 16_384);
        assert_eq!(features.fingerprint.is_some(), some, "{name}");
        assert_eq!(
            features.warnings.iter().any(|w| w.starts_with("too short for a fingerprint: ")),
            !some,
            "{name}"
        );
    }
}
