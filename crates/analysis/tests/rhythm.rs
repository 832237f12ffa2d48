//! Tempo, beats and bars of music whose truth is known, and the honest answer where there is none.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]

mod rhythm_signals;

use fanfare_model::features::{Rhythm, TempoStability};
use rhythm_signals::{
    Noise, RATE, Repeated, analyze_signal, analyze_source, burst, kick, note_hz, silence, tone,
};

fn rhythm(samples: Vec<f32>) -> Rhythm {
    analyze_signal(samples, "rhythm", 16_384).rhythm.unwrap()
}

/// Clicks at those times.
fn clicks(times: &[f64]) -> Vec<f32> {
    let mut out = silence(times[times.len() - 1] + 1.0);
    for at in times {
        burst(&mut out, *at, 0.004, false, 0.5);
    }
    out
}

/// Times of beats whose period goes from one value to another over the track.
fn ramp(from_bpm: f64, to_bpm: f64, beats: usize) -> Vec<f64> {
    let mut at = 0.5;
    (0..beats)
        .map(|n| {
            let here = at;
            at += 60.0 / (from_bpm + (to_bpm - from_bpm) * n as f64 / beats as f64);
            here
        })
        .collect()
}

/// A band: drums by the bar, a bass note and a chord that change with the bar.
fn band(bpm: f64, meter: usize, bars: usize) -> (Vec<f32>, Vec<f64>) {
    let beats: Vec<f64> = (0..bars * meter).map(|n| 0.3 + n as f64 * 60.0 / bpm).collect();
    (band_on(&beats, meter), beats)
}

/// The same band on beats that may move.
fn band_on(beats: &[f64], meter: usize) -> Vec<f32> {
    let mut out = silence(beats[beats.len() - 1] + 2.0);
    let roots = [0.0, 9.0, 5.0, 7.0];
    for (n, at) in beats.iter().copied().enumerate() {
        let period = if n + 1 < beats.len() { beats[n + 1] - at } else { at - beats[n - 1] };
        let root = roots[n / meter % 4];
        if n % meter == 0 {
            kick(&mut out, at);
            let length = meter as f64 * period * 0.95;
            tone(&mut out, at, length, note_hz(36.0 + root, 0.0), 0.2);
            for step in [0.0, 4.0, 7.0] {
                tone(&mut out, at, length, note_hz(60.0 + root + step, 0.0), 0.06);
            }
        } else if meter == 3 || n % meter % 2 == 1 {
            burst(&mut out, at, 0.05, false, 0.25);
        } else {
            kick(&mut out, at);
        }
        burst(&mut out, at, 0.01, true, 0.15);
        burst(&mut out, at + period / 2.0, 0.01, true, 0.1);
    }
    out
}

/// Part of the true times that have an answer within 30 ms.
fn found(truth: &[f64], answers: &[f64]) -> f64 {
    let hits = truth.iter().filter(|t| answers.iter().any(|a| (a - **t).abs() < 0.03)).count();
    hits as f64 / truth.len() as f64
}

#[test]
fn click_tracks_give_their_tempo_and_their_clicks() {
    for bpm in [72.0, 87.3, 100.0, 120.0, 133.7, 150.0, 174.0] {
        let times = ramp(bpm, bpm, (bpm / 3.0) as usize);
        let analyzed = rhythm(clicks(&times));
        let tempo = analyzed.tempo_bpm.unwrap().0;
        assert!((tempo / bpm - 1.0).abs() < 0.005, "{tempo} instead of {bpm}");
        assert!(found(&times, &analyzed.beats_s) > 0.95, "{bpm}: {:?}", analyzed.beats_s);
        // Neither late nor early by more than 10 ms.
        let mut off: Vec<f64> = times
            .iter()
            .filter_map(|t| analyzed.beats_s.iter().map(|a| a - t).min_by(|a, b| a.abs().total_cmp(&b.abs())))
            .collect();
        off.sort_by(f64::total_cmp);
        assert!(off[off.len() / 2].abs() < 0.010, "{bpm}: beats are {} s off", off[off.len() / 2]);
        assert!(analyzed.tempo_confidence.is_some_and(|c| (0.0..=1.0).contains(&c)));
    }
}

#[test]
fn bars_of_three_and_four() {
    for (bpm, meter) in [(92.0, 4), (120.0, 4), (140.0, 4), (100.0, 3), (150.0, 3)] {
        let (samples, beats) = band(bpm, meter, 16);
        let analyzed = rhythm(samples);
        let tempo = analyzed.tempo_bpm.unwrap().0;
        assert!((tempo / bpm - 1.0).abs() < 0.005, "{tempo} instead of {bpm} in {meter}");
        assert_eq!(analyzed.beats_per_bar, Some(meter as u8), "{bpm}");
        assert!(found(&beats, &analyzed.beats_s) > 0.95, "{bpm} in {meter}");
        let downbeats: Vec<f64> = beats.iter().step_by(meter).copied().collect();
        assert!(
            found(&downbeats, &analyzed.downbeats_s) > 0.9,
            "{bpm} in {meter}: {:?}",
            analyzed.downbeats_s
        );
        assert!(analyzed.downbeats_s.iter().all(|downbeat| analyzed.beats_s.contains(downbeat)));
        assert!(analyzed.beats_s.is_sorted());
    }
}

#[test]
fn a_moving_tempo_is_followed() {
    for (from, to) in [(100.0, 120.0), (140.0, 118.0)] {
        let times = ramp(from, to, 90);
        let analyzed = rhythm(clicks(&times));
        assert!(found(&times, &analyzed.beats_s) > 0.93, "{from} to {to}");
        let tempo = analyzed.tempo_bpm.unwrap().0;
        assert!((tempo / ((from + to) / 2.0) - 1.0).abs() < 0.05, "{tempo} for {from} to {to}");
    }
}

/// Beats of a minute whose tempo is `bpm` times what `factor` gives for the part of the minute that is over.
fn moving(bpm: f64, mut factor: impl FnMut(f64) -> f64) -> Vec<f64> {
    let mut at = 0.4;
    let mut times = Vec::new();
    while at < 60.0 {
        times.push(at);
        at += 60.0 / (bpm * factor(at / 60.0));
    }
    times
}

/// A tempo that wanders by up to that part from beat to beat, and no further than 12 % from where it began.
fn wandering(bpm: f64, step: f64, seed: u64) -> Vec<f64> {
    let mut random = Noise(seed);
    let mut factor: f64 = 1.0;
    moving(bpm, |_| {
        factor = (factor * (1.0 + step * random.next())).clamp(0.88, 1.12);
        factor
    })
}

/// F-measure of beats with 70 ms of tolerance and without the first 5 s, as in MIREX.
fn f_measure(truth: &[f64], answers: &[f64]) -> f64 {
    let late = |times: &[f64]| -> Vec<f64> { times.iter().copied().filter(|t| *t >= 5.0).collect() };
    let (truth, answers) = (late(truth), late(answers));
    let hits = truth.iter().filter(|t| answers.iter().any(|a| (a - **t).abs() < 0.07)).count();
    2.0 * hits as f64 / (truth.len() + answers.len()) as f64
}

#[test]
fn a_moving_tempo_is_followed_and_its_movement_named() {
    use TempoStability::{Drifting, Rubato, Steady};
    let cases = [
        ("constant", moving(104.0, |_| 1.0), Steady, true),
        ("2 % faster", moving(104.0, |part| 1.0 + 0.02 * part), Steady, false),
        ("10 % faster", moving(96.0, |part| 1.0 + 0.1 * part), Drifting, true),
        ("10 % slower", moving(124.0, |part| 1.0 - 0.1 * part), Drifting, false),
        ("a third faster", moving(90.0, |part| 1.0 + 0.33 * part), Drifting, false),
        ("a jump up", moving(100.0, |part| if part < 0.5 { 1.0 } else { 1.2 }), Drifting, true),
        ("a jump down", moving(126.0, |part| if part < 0.4 { 1.0 } else { 0.87 }), Drifting, false),
        ("rubato", wandering(92.0, 0.04, 8), Rubato, true),
        ("faster rubato", wandering(110.0, 0.04, 21), Rubato, false),
        ("slower rubato", wandering(70.0, 0.04, 8), Rubato, false),
    ];
    for (name, times, stability, also_band) in cases {
        let tempi = {
            let mut tempi: Vec<f64> = times.windows(5).map(|five| 240.0 / (five[4] - five[0])).collect();
            tempi.sort_by(f64::total_cmp);
            tempi
        };
        let (slowest, fastest) = (tempi[tempi.len() / 20], tempi[tempi.len() - 1 - tempi.len() / 20]);
        let band = also_band.then(|| ("band", band_on(&times, 4)));
        for (how, samples) in [("clicks", clicks(&times))].into_iter().chain(band) {
            let analyzed = rhythm(samples);
            let f = f_measure(&times, &analyzed.beats_s);
            let (low, high) = analyzed.tempo_range_bpm.unwrap();
            println!(
                "{name}, {how}: F {f:.3}, {:.1} to {:.1} for {slowest:.1} to {fastest:.1}",
                low.0, high.0
            );
            assert!(f >= 0.95, "{name}, {how}: F {f}, {:?}", analyzed.tempo_bpm);
            assert_eq!(analyzed.tempo_stability, Some(stability), "{name}, {how}");
            assert!((low.0 / slowest - 1.0).abs() < 0.03, "{name}, {how}: slowest {low:?} for {slowest}");
            assert!((high.0 / fastest - 1.0).abs() < 0.03, "{name}, {how}: fastest {high:?} for {fastest}");
        }
    }
}

#[test]
fn candidates_begin_with_the_tempo_and_share_one() {
    for (bpm, meter) in [(84.0, 4), (120.0, 4), (172.0, 4), (150.0, 3)] {
        let analyzed = rhythm(band(bpm, meter, 16).0);
        let candidates = &analyzed.tempo_candidates;
        assert!((1..=5).contains(&candidates.len()), "{candidates:?}");
        assert_eq!(Some(candidates[0].tempo_bpm), analyzed.tempo_bpm);
        let sum: f64 = candidates.iter().map(|candidate| candidate.confidence).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{candidates:?}");
        assert!(
            candidates.iter().skip(1).is_sorted_by(|a, b| a.confidence >= b.confidence),
            "{candidates:?}"
        );
        // They are levels of one pulse: simple ratios apart.
        for candidate in candidates {
            let ratio = candidate.tempo_bpm.0 / candidates[0].tempo_bpm.0;
            let simple =
                (1..=12).any(|n| (ratio * f64::from(n) - (ratio * f64::from(n)).round()).abs() < 0.01);
            assert!(simple, "{candidates:?}");
        }
    }
}

#[test]
fn sounds_without_a_beat_have_no_tempo() {
    let mut noise = silence(12.0);
    burst(&mut noise, 0.0, 1_000.0, false, 0.3);
    let mut drone = silence(12.0);
    for (i, sample) in drone.iter_mut().enumerate() {
        *sample = (0.3 * (std::f64::consts::TAU * 220.0 * i as f64 / RATE).sin()) as f32;
    }
    // Drops of rain: onsets at no particular time.
    let mut rain = silence(30.0);
    let mut random = Noise(77);
    for _ in 0..90 {
        let at = 15.0 + 14.5 * random.next();
        burst(&mut rain, at, 0.01, false, 0.3);
    }
    // Two strings out of tune: they beat, but nothing is struck.
    let beating: Vec<f32> = (0..(20.0 * RATE) as usize)
        .map(|i| {
            let wave = |hz: f64| (std::f64::consts::TAU * hz * i as f64 / RATE).sin();
            (0.2 * (wave(220.0) + 0.2 * wave(220.7) + 0.5 * wave(441.0) + 0.1 * wave(440.2))) as f32
        })
        .collect();
    // Chords held for as long as the organist likes, and syllables at the pace of speech.
    let (mut organ, mut speech) = (silence(50.0), silence(50.0));
    let mut at = 0.5;
    while at < 45.0 {
        let length = 1.8 + 1.4 * random.next();
        let root = 48.0 + (6.0 * random.next()).round();
        for step in [0.0, 7.0, 12.0, 16.0] {
            tone(&mut organ, at, length, note_hz(root + step, 0.0), 0.08);
        }
        at += length;
    }
    at = 0.5;
    while at < 48.0 {
        burst(&mut speech, at, 0.03 + 0.02 * random.next(), false, 0.2);
        at += 0.19 + 0.1 * random.next() + if random.next() > 0.6 { 0.5 } else { 0.0 };
    }
    let whisper: Vec<f32> = drone.iter().map(|sample| sample / 0.3 * 10_f32.powf(-70.0 / 20.0)).collect();
    for (name, samples, why) in [
        ("nothing", Vec::new(), "too short for tempo: 0.0 s, needs 3 s"),
        ("one frame", vec![1.0], "too short for tempo: 0.0 s, needs 3 s"),
        ("a second", silence(1.2), "too short for tempo: 1.2 s, needs 3 s"),
        ("silence", silence(8.0), "too quiet for tempo: silence"),
        ("a whisper", whisper, "too quiet for tempo: the mono mix peaks at -70.0 dBFS, needs -60 dBFS"),
        ("constant", vec![0.7; (8.0 * RATE) as usize], "no tempo: no steady beat was heard"),
        ("noise", noise, "no tempo: no steady beat was heard"),
        ("drone", drone, "no tempo: no steady beat was heard"),
        ("rain", rain, "no tempo: no steady beat was heard"),
        ("beating strings", beating, "no tempo: no steady beat was heard"),
        ("an organ played freely", organ, "no tempo: no steady beat was heard"),
        ("speech", speech, "no tempo: no steady beat was heard"),
    ] {
        let features = analyze_signal(samples, "rhythm", 16_384);
        let analyzed = features.rhythm.unwrap();
        assert_eq!(
            (analyzed.tempo_bpm, analyzed.tempo_confidence, analyzed.beats_s.len(), analyzed.beats_per_bar),
            (None, None, 0, None),
            "{name}"
        );
        assert!(features.warnings.iter().any(|warning| warning == why), "{name}: {:?}", features.warnings);
    }
}

#[test]
fn onsets_and_danceability() {
    let (samples, _) = band(120.0, 4, 12);
    let analyzed = rhythm(samples);
    let onsets = analyzed.onset_rate_hz.unwrap();
    assert!((3.0..4.6).contains(&onsets), "{onsets} onsets a second instead of 4");
    let dance = analyzed.danceability.unwrap();
    assert!((0.0..10.0).contains(&dance));
    assert_eq!(rhythm(silence(10.0)).danceability, None);
}

#[test]
fn chunk_sizes_make_no_difference() {
    let (samples, _) = band(111.0, 4, 8);
    let whole = analyze_signal(samples.clone(), "rhythm", 1 << 21);
    assert!(whole.rhythm.as_ref().is_some_and(|rhythm| rhythm.tempo_bpm.is_some()));
    for chunk in [999, 4_096, 48_000] {
        assert_eq!(analyze_signal(samples.clone(), "rhythm", chunk), whole, "chunks of {chunk}");
    }
}

#[test]
fn lengths_around_the_limit_are_answered() {
    for seconds in [2.99, 3.0, 3.1, 4.0, 5.0, 7.5, 12.0] {
        let times: Vec<f64> = (0..).map(|n| f64::from(n) * 0.5).take_while(|t| *t < seconds - 0.1).collect();
        let mut samples = clicks(&times);
        samples.resize((seconds * RATE) as usize, 0.0);
        let analyzed = rhythm(samples);
        assert!(analyzed.beats_s.is_sorted());
        if seconds >= 7.0 {
            let tempo = analyzed.tempo_bpm.unwrap().0;
            assert!((tempo / 120.0 - 1.0).abs() < 0.01, "{tempo} in {seconds} s");
        }
    }
}

#[test]
fn stretches_of_a_long_track_join_without_a_hole_or_a_double_beat() {
    // Two clicks a second for 22 minutes: the first ten are judged while the rest is still to come.
    let mut second = vec![0.0; 22_050];
    for start in [0, 11_025] {
        for (i, sample) in second[start..start + 200].iter_mut().enumerate() {
            *sample = if i % 2 == 0 { 0.5 } else { -0.5 } * (1.0 - i as f32 / 200.0);
        }
    }
    let analyzed = analyze_source(&mut Repeated::new(second, 22 * 60), "rhythm").rhythm.unwrap();
    assert!((analyzed.tempo_bpm.unwrap().0 - 120.0).abs() < 0.3);
    for pair in analyzed.beats_s.windows(2) {
        assert!((0.45..0.55).contains(&(pair[1] - pair[0])), "{pair:?}");
    }
    assert!((2_630..=2_642).contains(&analyzed.beats_s.len()), "{} beats", analyzed.beats_s.len());
}

#[test]
fn no_sound_makes_it_panic() {
    let mut random = Noise(5);
    let mut wild: Vec<f32> = Vec::new();
    while wild.len() < (6.0 * RATE) as usize {
        let value = random.next() as f32;
        wild.push(match wild.len() / 4_000 % 6 {
            0 => value * f32::MAX,
            1 => f32::MIN_POSITIVE * value,
            2 => value.signum(),
            3 => 0.0,
            4 => f32::INFINITY * value.signum(),
            _ => value,
        });
    }
    let square: Vec<f32> =
        (0..(6.0 * RATE) as usize).map(|i| if i / 50 % 2 == 0 { 1.0 } else { -1.0 }).collect();
    for samples in [wild, square] {
        for analyzer in ["rhythm", "key", "fingerprint"] {
            let features = analyze_signal(samples.clone(), analyzer, 5_000);
            assert!(
                features.warnings.iter().all(|warning| !warning.contains("failed")),
                "{:?}",
                features.warnings
            );
            if let Some(rhythm) = features.rhythm {
                let numbers = [rhythm.onset_rate_hz, rhythm.danceability, rhythm.tempo_confidence];
                assert!(numbers.iter().flatten().chain(&rhythm.beats_s).all(|number| number.is_finite()));
            }
            assert!(features.key.is_none_or(|key| key.confidence.is_finite()));
        }
    }
}
