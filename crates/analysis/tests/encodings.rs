//! The same music in eight encodings: lossless ones give the same result to the last bit, lossy ones one that no
//! listener could tell from it, within the tolerances of [`TOLERANCES`].

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]
#![allow(clippy::print_stderr, reason = "says which encoders are missing")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_analysis::{AnalyzeOptions, analyze, fingerprint::unpack};
use fanfare_audio::{CancelFlag, OpenOptions, open};
use fanfare_model::Features;
use fanfare_testkit::{signals, wav};

const RATE_HZ: u32 = 44_100;
const SECONDS: f64 = 40.0;

/// What an encoding may change.
#[derive(PartialEq)]
enum Keeps {
    /// Nothing at all.
    EveryBit,
    /// What [`TOLERANCES`] allow.
    TheMusic,
}
use Keeps::{EveryBit, TheMusic};

/// File name, program, its arguments between source and target (`-` for the file itself), and what must be kept.
const ENCODINGS: [(&str, &str, &[&str], Keeps); 7] = [
    ("deep.wav", "ffmpeg", &["-c:a", "pcm_s24le"], EveryBit),
    ("float.wav", "ffmpeg", &["-c:a", "pcm_f32le"], EveryBit),
    ("flac.flac", "flac", &[], EveryBit),
    ("alac.m4a", "ffmpeg", &["-c:a", "alac"], EveryBit),
    // With a constant bitrate LAME takes 0.3 dB away by itself, lest decoders clip.
    ("lame.mp3", "lame", &["-V", "0"], TheMusic),
    ("aac.m4a", "ffmpeg", &["-c:a", "aac", "-b:a", "192k"], TheMusic),
    ("vorbis.ogg", "ffmpeg", &["-c:a", "libvorbis", "-q:a", "6"], TheMusic),
];

/// Opus has a rate of its own, so that the source is given in it: its frames can then be counted, too.
const OPUS: (&str, &[&str]) = ("opus.opus", &["-c:a", "libopus", "-b:a", "160k"]);

type Figure = fn(&Features) -> Option<f64>;

/// What is compared, how, and how far a lossy encoding may be off.
const TOLERANCES: [(&str, Figure, f64); 12] = [
    ("integrated loudness, LU", |f| Some(f.loudness.as_ref()?.integrated_lufs?.0), 0.2),
    ("loudness range, LU", |f| Some(f.loudness.as_ref()?.range_lu?.0), 0.3),
    ("momentary maximum, LU", |f| Some(f.loudness.as_ref()?.momentary_max_lufs?.0), 0.3),
    ("true peak, dB", |f| Some(f.loudness.as_ref()?.true_peak_dbtp?.0), 1.5),
    // 0.1 %.
    ("tempo, ln", |f| Some(f.rhythm.as_ref()?.tempo_bpm?.0.ln()), 0.001),
    ("beats in a bar", |f| Some(f64::from(f.rhythm.as_ref()?.beats_per_bar?)), 0.0),
    ("danceability", |f| f.rhythm.as_ref()?.danceability, 0.1),
    ("RMS, dB", |f| Some(f.dynamics.as_ref()?.rms_dbfs?.0), 0.2),
    ("dynamic complexity, dB", |f| f.dynamics.as_ref()?.complexity_db, 0.3),
    // 3 %.
    ("centroid, ln", |f| Some(f.timbre.as_ref()?.centroid_hz?.ln()), 0.03),
    (
        "first cepstral coefficient, relative",
        |f| Some(f.timbre.as_ref()?.mfcc_mean.first()?.abs().ln()),
        0.05,
    ),
    ("head silence, s", |f| Some(f.dynamics.as_ref()?.silence_head_s), 0.05),
];
/// Beats and downbeats agree by that F-measure at least, within 70 ms.
const LEAST_F: f64 = 0.98;
/// So many bits of the fingerprint differ at most. Unrelated music differs in half of them.
const MOST_BIT_ERRORS: f64 = 0.05;
/// The drawn peaks differ by that much on average at most, as a share of full scale.
const MOST_PEAK_DIFFERENCE: f64 = 0.02;

/// Chords, a bass drum's worth of clicks, a bar of four and some noise: enough for every analyzer.
fn music(rate_hz: u32) -> Vec<Vec<f32>> {
    let chords = signals::cadence(rate_hz, 9, true, 1.0, 10);
    let (clicks, _) = signals::click_track(rate_hz, SECONDS, 120.0, 0.0, 4);
    let plane = |seed| -> Vec<f32> {
        let noise = signals::noise(seed, clicks.len(), 0.02);
        chords
            .iter()
            .zip(&clicks)
            .zip(noise)
            .map(|((chord, click), noise)| chord + 0.4 * click + noise)
            .collect()
    };
    vec![plane(1), plane(2)]
}

/// Runs the encoder; `None`, said aloud, where it is missing.
fn encode(source: &Path, name: &str, program: &str, arguments: &[&str]) -> Option<PathBuf> {
    let target = source.with_file_name(name);
    let mut command = Command::new(program);
    match program {
        "ffmpeg" => {
            command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(source).args(arguments).arg(&target)
        }
        "flac" => command.arg("--silent").args(arguments).arg(source).arg("-o").arg(&target),
        _ => command.arg("--quiet").args(arguments).arg(source).arg(&target),
    };
    match command.output() {
        Ok(output) if output.status.success() => Some(target),
        Ok(output) => {
            eprintln!("SKIPPED {name}: {program} says {}", String::from_utf8_lossy(&output.stderr).trim());
            None
        }
        Err(error) => {
            eprintln!("SKIPPED {name}: {program} cannot be run (`make test` installs it): {error}");
            None
        }
    }
}

/// What is heard in a file, and how many frames it has.
fn analyze_signal(path: &Path) -> (Features, u64) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    let options = AnalyzeOptions::default();
    let analysis = analyze(&mut *source, Vec::new(), &options, &CancelFlag::default(), &mut |_| ()).unwrap();
    (analysis.features(), analysis.frames)
}

/// The F-measure of two lists of times, matched one to one within 70 ms.
fn f_measure(one: &[f64], other: &[f64]) -> f64 {
    let mut rest = other;
    let mut matched = 0;
    for time in one {
        let skip = rest.partition_point(|candidate| *candidate < time - 0.07);
        rest = &rest[skip..];
        if let Some((first, after)) = rest.split_first()
            && *first <= time + 0.07
        {
            matched += 1;
            rest = after;
        }
    }
    2.0 * f64::from(matched) / (one.len() + other.len()).max(1) as f64
}

/// What differs by more than is allowed, with the figures.
fn differences(original: &Features, encoded: &Features) -> Vec<String> {
    let mut found = Vec::new();
    for (what, figure, tolerance) in TOLERANCES {
        let (expected, got) = (figure(original), figure(encoded));
        let right = match (expected, got) {
            (Some(expected), Some(got)) => (expected - got).abs() <= tolerance,
            _ => false,
        };
        if !right {
            found.push(format!("{what}: {expected:?} became {got:?}, allowed is {tolerance}"));
        }
    }
    let rhythms = [original, encoded].map(|features| features.rhythm.clone().unwrap());
    for (what, f) in [
        ("beats", f_measure(&rhythms[0].beats_s, &rhythms[1].beats_s)),
        ("downbeats", f_measure(&rhythms[0].downbeats_s, &rhythms[1].downbeats_s)),
    ] {
        if f < LEAST_F {
            found.push(format!("{what}: F is {f:.3}"));
        }
    }
    let keys = [original, encoded].map(|features| features.key.as_ref().map(|key| key.camelot.clone()));
    if keys[0].is_none() || keys[0] != keys[1] {
        found.push(format!("key: {keys:?}"));
    }
    let codes = [original, encoded]
        .map(|features| unpack(&features.fingerprint.as_ref().unwrap().chromaprint).unwrap().1);
    let differing: u32 = codes[0].iter().zip(&codes[1]).map(|(one, other)| (one ^ other).count_ones()).sum();
    let rate = f64::from(differing) / (32 * codes[0].len().max(1)) as f64;
    if codes[0].is_empty() || codes[0].len() != codes[1].len() || rate > MOST_BIT_ERRORS {
        let lengths = (codes[0].len(), codes[1].len());
        found.push(format!("fingerprint: {rate:.3} of the bits differ, lengths {lengths:?}"));
    }
    let peaks = [original, encoded].map(|features| features.waveform.clone().unwrap().peaks);
    let sum: f64 = peaks[0].iter().zip(&peaks[1]).map(|(one, other)| f64::from((one - other).abs())).sum();
    if sum / peaks[0].len() as f64 > MOST_PEAK_DIFFERENCE {
        found.push(format!("peaks: {} off on average", sum / peaks[0].len() as f64));
    }
    found
}

#[test]
fn the_same_music_gives_the_same_results_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rate_hz| {
        let path = folder.path().join(name);
        std::fs::write(&path, wav::wav(rate_hz, &music(rate_hz), wav::WavFormat::I16)).unwrap();
        path
    };
    let source = write("plain.wav", RATE_HZ);
    let (original, frames) = analyze_signal(&source);
    assert_eq!(frames, (SECONDS * f64::from(RATE_HZ)) as u64);
    let mut analyzed = 1;
    let mut problems = Vec::new();
    let mut note = |name: &str, found: Vec<String>| {
        problems.extend(found.into_iter().map(|problem| format!("{name}: {problem}")));
    };
    for (name, program, arguments, keeps) in ENCODINGS {
        let Some(path) = encode(&source, name, program, arguments) else { continue };
        let (features, encoded_frames) = analyze_signal(&path);
        analyzed += 1;
        note(
            name,
            if encoded_frames == frames { Vec::new() } else { vec![format!("{encoded_frames} frames")] },
        );
        if keeps == EveryBit {
            note(name, if features == original { Vec::new() } else { vec!["results differ".to_owned()] });
        } else {
            note(name, differences(&original, &features));
        }
    }
    let at_48k = write("48k.wav", 48_000);
    if let Some(path) = encode(&at_48k, OPUS.0, "ffmpeg", OPUS.1) {
        let ((plain, frames), (features, encoded_frames)) = (analyze_signal(&at_48k), analyze_signal(&path));
        analyzed += 1;
        note(
            OPUS.0,
            if encoded_frames == frames { Vec::new() } else { vec![format!("{encoded_frames} frames")] },
        );
        note(OPUS.0, differences(&plain, &features));
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(
        analyzed >= 6,
        "only {analyzed} encodings could be made; `make test` installs ffmpeg, flac and lame"
    );
}
