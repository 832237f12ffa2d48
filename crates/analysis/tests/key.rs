//! The key of music whose key is known, and the honest answer where there is none.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]

mod rhythm_signals;

use fanfare_model::features::{Key, Mode, PITCH_CLASSES};
use rhythm_signals::{RATE, analyze_signal, burst, kick, note_hz, silence, tone};

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
                let key = analyze_signal(cadence(tonic, mode, cents, 1), "key", 16_384).key.unwrap();
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

/// Keys in turn, with how many cadences of four seconds are in each.
type Parts<'a> = &'a [(usize, Mode, usize)];

/// Cadences in those keys in turn, each so many times.
fn in_turn(parts: Parts<'_>, cents: f64) -> Vec<f32> {
    let mut out = Vec::new();
    for (tonic, mode, times) in parts {
        let mut part = cadence(*tonic, *mode, cents, *times);
        part.truncate(times * 4 * RATE as usize);
        out.extend(part);
    }
    out
}

/// The keys in turn with where they begin, in seconds.
fn told(key: &Key) -> Vec<(f64, &str, Mode)> {
    key.segments.iter().map(|segment| (segment.start_s, segment.tonic.as_str(), segment.mode)).collect()
}

#[test]
fn modulations_are_noticed() {
    use Mode::{Major, Minor};
    // The keys, how far out of tune in cents, and the tonics expected.
    let cases: &[(Parts<'_>, f64, &[&str])] = &[
        (&[(0, Major, 6), (3, Major, 6)], 0.0, &["C", "D#"]),
        (&[(7, Major, 6), (8, Major, 6)], 0.0, &["G", "G#"]),
        (&[(9, Minor, 6), (11, Minor, 6)], 40.0, &["A", "B"]),
        (&[(0, Major, 5), (4, Major, 5), (0, Major, 5)], -30.0, &["C", "E", "C"]),
        (&[(2, Minor, 8), (2, Major, 8)], 0.0, &["D", "D"]),
        (&[(0, Major, 8), (7, Major, 8)], 0.0, &["C", "G"]),
        (&[(5, Major, 20)], 0.0, &["F"]),
        (&[(4, Minor, 12)], 25.0, &["E"]),
    ];
    for (parts, cents, expected) in cases {
        let key = analyze_signal(in_turn(parts, *cents), "key", 16_384).key.unwrap();
        let found = told(&key);
        assert_eq!(found.iter().map(|(_, tonic, _)| *tonic).collect::<Vec<_>>(), *expected, "{parts:?}");
        let (mut at, mut before) = (0.0, 0.0);
        for (segment, (_, mode, times)) in key.segments.iter().zip(*parts) {
            assert_eq!(segment.mode, *mode, "{parts:?}");
            assert!((segment.start_s - at).abs() <= 4.0, "{parts:?}: {found:?}");
            assert_eq!(segment.start_s, before, "without gaps");
            assert!((0.0..=1.0).contains(&segment.confidence));
            at += *times as f64 * 4.0;
            before = segment.end_s;
        }
        assert!((before - at).abs() < 1e-6, "to the end: {found:?}");
        let tuning = key.tuning_cents.unwrap();
        assert!((tuning - cents).abs() < 6.0, "{tuning} instead of {cents}");
        assert!(found.iter().any(|(_, tonic, mode)| (*tonic, *mode) == (key.tonic.as_str(), key.mode)));
    }
}

#[test]
fn a_few_chords_elsewhere_are_no_modulation() {
    use Mode::{Major, Minor};
    for (parts, tonic) in [
        // A minor piece that touches its relative major; a major one its dominant and a minor third above.
        (&[(9, Minor, 5), (0, Major, 1), (9, Minor, 5)], "A"),
        (&[(0, Major, 5), (7, Major, 1), (0, Major, 5)], "C"),
        (&[(0, Major, 5), (3, Major, 1), (0, Major, 5)], "C"),
    ] {
        let key = analyze_signal(in_turn(parts, 0.0), "key", 16_384).key.unwrap();
        assert_eq!(key.segments.len(), 1, "{parts:?}: {:?}", told(&key));
        assert_eq!((key.tonic.as_str(), key.segments[0].tonic.as_str()), (tonic, tonic));
        assert_eq!((key.segments[0].start_s, key.segments[0].end_s), (0.0, 44.0));
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
        let features = analyze_signal(samples, "key", 16_384);
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
    let key = analyze_signal(mix, "key", 16_384).key.unwrap();
    assert_eq!((key.tonic.as_str(), key.mode, key.camelot.as_str()), ("A", Mode::Minor, "8A"));
}

#[test]
fn chunk_sizes_make_no_difference() {
    let whole = analyze_signal(cadence(2, Mode::Major, 15.0, 2), "key", 1 << 20);
    for chunk in [1_000, 4_096, 44_100] {
        assert_eq!(
            analyze_signal(cadence(2, Mode::Major, 15.0, 2), "key", chunk),
            whole,
            "chunks of {chunk}"
        );
    }
}
