//! Fingerprints are those of Chromaprint, however the samples arrive.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]

mod rhythm_signals;

use fanfare_model::features::Fingerprint;
use rhythm_signals::{hear, note_hz, silence, tone};

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
    hear(samples, "fingerprint", chunk).fingerprint
}

/// What `fpcalc` 1.5.1 prints for the scale of 8 s, as 16-bit WAV.
const FPCALC: &str = "AQAAK1TOTFGCh9iXGMsZ5DmSS8F3_HiewReeRRKULjiVWeCVwNiD5kc9dEkSHckyBzmFBzeMRyHmhGmOs1OK7qgOXFmOPCkSXnimGfyxE3keJE2k49XSB65IZTgeXcMP4iV1BDlGDGGUI6KBoYpqZAgESRgEEXACKAAgFIQD";

/// The codes of a text form.
fn codes(text: &str) -> Vec<u32> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextets = text.chars().map(|c| ALPHABET.find(c).unwrap() as u32);
    let msb: Vec<bool> = sextets.flat_map(|v| (0..6).rev().map(move |bit| v >> bit & 1 == 1)).collect();
    let bytes: Vec<u32> =
        msb.chunks_exact(8).map(|byte| byte.iter().fold(0, |v, bit| v << 1 | u32::from(*bit))).collect();
    assert_eq!(bytes[0], 1, "algorithm");
    let count = (bytes[1] << 16 | bytes[2] << 8 | bytes[3]) as usize;
    let bits: Vec<u32> = bytes[4..].iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)).collect();
    let number = |at: usize, width: usize| (0..width).map(|i| bits[at + i] << i).sum::<u32>();
    let (mut at, mut distances, mut closed) = (0, Vec::new(), 0);
    while closed < count {
        distances.push(number(at, 3));
        at += 3;
        closed += usize::from(distances[distances.len() - 1] == 0);
    }
    at = at.next_multiple_of(8);
    let (mut codes, mut code, mut bit) = (Vec::new(), 0_u32, 0);
    for distance in distances {
        match distance {
            0 => {
                codes.push(code);
                bit = 0;
                continue;
            }
            7 => {
                bit += 7 + number(at, 5);
                at += 5;
            }
            short => bit += short,
        }
        code ^= 1 << (bit - 1);
    }
    codes
}

#[test]
fn codes_are_those_of_fpcalc() {
    let rounded = scale(8.0).iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect();
    let ours = print(rounded, 16_384).unwrap();
    assert_eq!((ours.algorithm, ours.duration_s), (1, 8.0));
    let (ours, theirs) = (codes(&ours.chromaprint), codes(FPCALC));
    assert_eq!(ours.len(), theirs.len());
    let wrong: u32 = ours.iter().zip(&theirs).map(|(a, b)| (a ^ b).count_ones()).sum();
    let rate = f64::from(wrong) / (32 * ours.len()) as f64;
    assert!(rate < 0.02, "bit-error rate {rate}");
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
fn edge_lengths() {
    for (name, samples, some) in [
        ("nothing", Vec::new(), false),
        ("one frame", vec![1.0], false),
        ("two seconds", silence(2.0), false),
        ("silence", silence(5.0), true),
        ("constant", vec![0.5; 5 * 44_100], true),
    ] {
        let features = hear(samples, "fingerprint", 16_384);
        assert_eq!(features.fingerprint.is_some(), some, "{name}");
        assert_eq!(
            features.warnings.iter().any(|w| w.starts_with("too short for a fingerprint: ")),
            !some,
            "{name}"
        );
    }
}
