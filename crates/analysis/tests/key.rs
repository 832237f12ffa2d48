//! The key of music whose key is known, and the honest answer where there is none.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]

mod rhythm_signals;

use fanfare_model::features::{Mode, PITCH_CLASSES};
use rhythm_signals::{RATE, burst, hear, kick, note_hz, silence, tone};

/// A cadence I-IV-V-I (minor: i-iv-V-i) with bass: 4 seconds, or 8 when played twice.
fn cadence(tonic: usize, mode: Mode, cents: f64, times: usize) -> Vec<f32> {
    let mut out = silence(4.0 * times as f64 + 0.2);
    let third = if mode == Mode::Major { 4 } else { 3 };
    let chords = [[0, third, 7], [5, 5 + third, 12], [7, 11, 14], [0, third, 7]];
    for (bar, chord) in chords.iter().cycle().take(4 * times).enumerate() {
        let at = bar as f64;
        tone(&mut out, at, 0.98, note_hz((36 + (tonic + chord[0]) % 12) as f64, cents), 0.2);
        for step in chord {
            tone(&mut out, at, 0.98, note_hz((60 + tonic + step) as f64, cents), 0.1);
        }
    }
    out
}

#[test]
fn cadences_in_all_keys_in_and_out_of_tune() {
    for cents in [0.0, 40.0, -40.0] {
        for (tonic, name) in PITCH_CLASSES.iter().enumerate() {
            for mode in [Mode::Major, Mode::Minor] {
                let key = hear(cadence(tonic, mode, cents, 1), "key", 16_384).key.unwrap();
                assert_eq!(
                    (key.tonic.as_str(), key.mode),
                    (*name, mode),
                    "{cents} cents, confidence {}",
                    key.confidence
                );
                assert!((0.0..=1.0).contains(&key.confidence));
            }
        }
    }
}

#[test]
fn music_without_a_key_has_none_and_says_why() {
    let mut drums = silence(8.0);
    for beat in 0..16 {
        let at = f64::from(beat) * 0.5;
        burst(&mut drums, at, 0.02, true, 0.3);
        if beat % 2 == 1 {
            burst(&mut drums, at, 0.05, false, 0.4);
        }
    }
    let mut noise = silence(6.0);
    burst(&mut noise, 0.0, 100.0, false, 0.3);
    let mut short = silence(2.0);
    tone(&mut short, 0.0, 2.0, 440.0, 0.3);
    for (name, samples, why) in [
        ("nothing", Vec::new(), "too short for a key: 0.0 s, needs 3 s"),
        ("one frame", vec![0.5], "too short for a key: 0.0 s, needs 3 s"),
        ("two seconds", short, "too short for a key: 2.0 s, needs 3 s"),
        ("silence", silence(5.0), "no key: the track is silent"),
        ("constant", vec![0.5; (5.0 * RATE) as usize], "no key:"),
        ("noise", noise, "no key: hardly any pitched sound"),
        ("snare and hat", drums, "no key: hardly any pitched sound"),
    ] {
        let features = hear(samples, "key", 16_384);
        assert_eq!(features.key, None, "{name}");
        assert!(
            features.warnings.iter().any(|warning| warning.starts_with(why)),
            "{name}: {:?}",
            features.warnings
        );
    }
}

#[test]
fn drums_do_not_hide_the_key() {
    let mut mix = cadence(9, Mode::Minor, 0.0, 2);
    for beat in 0..16 {
        let at = f64::from(beat) * 0.5;
        burst(&mut mix, at, 0.02, true, 0.2);
        if beat % 2 == 0 { kick(&mut mix, at) } else { burst(&mut mix, at, 0.05, false, 0.3) }
    }
    let key = hear(mix, "key", 16_384).key.unwrap();
    assert_eq!((key.tonic.as_str(), key.mode, key.camelot.as_str()), ("A", Mode::Minor, "8A"));
}

#[test]
fn chunk_sizes_make_no_difference() {
    let whole = hear(cadence(2, Mode::Major, 15.0, 2), "key", 1 << 20);
    for chunk in [1_000, 4_096, 44_100] {
        assert_eq!(hear(cadence(2, Mode::Major, 15.0, 2), "key", chunk), whole, "chunks of {chunk}");
    }
}
