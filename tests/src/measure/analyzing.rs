//! What analyzing a file costs: time against decoding alone, memory against length.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use fanfare_analysis::{AnalyzeOptions, analyze};
use fanfare_audio::{CancelFlag, OpenOptions, open};
use fanfare_testkit::{signals, wav};

use super::{Figure, mib, process_bytes};

/// Length of the file in the issue: four minutes.
const SECONDS: f64 = 240.0;
/// Three hours are 45 of them.
const REPEATS: u32 = 45;
/// Measurements of which the best counts: what else ran on the machine only ever adds.
const ROUNDS: usize = 5;
/// At most so many times the duration of decoding (issue 2, "Speed and size").
const MAX_RATIO: f64 = 3.0;
/// At most so much more memory for three hours than for four minutes (issue 2).
const MAX_GROWTH_BYTES: u64 = 32 << 20;

/// Four minutes of stereo music-like sound: chords, a beat and a little noise, 44.1 kHz, 16 bits, as FLAC.
fn four_minutes(folder: &Path) -> PathBuf {
    let mut left = signals::cadence(44_100, 9, true, 1.5, 40);
    let (clicks, _) = signals::click_track(44_100, SECONDS, 120.0, 0.0, 4);
    left.resize(clicks.len(), 0.0);
    let mut right = left.clone();
    let noises = [signals::noise(1, clicks.len(), 0.02), signals::noise(2, clicks.len(), 0.02)];
    for (plane, noise) in [&mut left, &mut right].into_iter().zip(&noises) {
        for ((sum, click), noise) in plane.iter_mut().zip(&clicks).zip(noise) {
            *sum += 0.3 * click + noise;
        }
    }
    let source = folder.join("four-minutes.wav");
    fs::write(&source, wav::wav(44_100, &[left, right], wav::WavFormat::I16)).unwrap();
    let path = folder.join("four-minutes.flac");
    convert(&["-i", source.to_str().unwrap(), "-c:a", "flac", path.to_str().unwrap()]);
    path
}

fn convert(args: &[&str]) {
    let done = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(args).status();
    assert!(done.is_ok_and(|status| status.success()), "ffmpeg is needed to make the file to measure with");
}

fn best(mut work: impl FnMut()) -> Duration {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    times.min().unwrap()
}

fn decode(path: &Path) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    while let Some(chunk) = source.next_chunk().unwrap() {
        std::hint::black_box(chunk);
    }
}

/// Decodes a file once and throws the sound away: the floor under everything that analyzes it.
pub fn decode_once(path: &Path) {
    decode(path);
}

/// Analyzes a file once, with every analyzer, and prints the largest resident size of this process in bytes.
pub fn resident_once(path: &Path) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    let analyzed =
        analyze(&mut *source, Vec::new(), &AnalyzeOptions::default(), &CancelFlag::default(), &mut |_| {})
            .unwrap();
    std::hint::black_box(analyzed);
    println!("{}", process_bytes("self", "VmHWM"));
}

/// Whole analysis against decoding alone.
pub fn analysis_against_decoding() -> Vec<Figure> {
    let folder = tempfile::tempdir().unwrap();
    let path = four_minutes(folder.path());
    let decoding = best(|| decode(&path));
    let mut by_analyzer = Vec::new();
    let analysis = best(|| {
        let mut source = open(&path, &OpenOptions::default()).unwrap();
        let options = AnalyzeOptions::default();
        let done = analyze(&mut *source, Vec::new(), &options, &CancelFlag::default(), &mut |_| {}).unwrap();
        by_analyzer = done.sinks.iter().map(|sink| (sink.name.clone(), sink.busy)).collect();
    });
    println!(
        "  decoding alone: {:.3} s ({:.0} x real time)",
        decoding.as_secs_f64(),
        SECONDS / decoding.as_secs_f64()
    );
    println!(
        "  whole analysis: {:.3} s ({:.0} x real time)",
        analysis.as_secs_f64(),
        SECONDS / analysis.as_secs_f64()
    );
    for (name, busy) in by_analyzer {
        println!("    {name:<12} busy {:.3} s", busy.as_secs_f64());
    }
    let ratio = analysis.as_secs_f64() / decoding.as_secs_f64();
    vec![Figure {
        name: "whole analysis / decoding alone".to_owned(),
        measured: format!("{ratio:.2} x"),
        target: "<= 3 x",
        ok: ratio <= MAX_RATIO,
    }]
}

fn peak_of_analysis(path: &Path) -> u64 {
    let child = Command::new(std::env::current_exe().unwrap()).arg("resident").arg(path).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    String::from_utf8(child.stdout).unwrap().trim().parse().unwrap()
}

/// Peak memory of analyzing three hours against four minutes.
pub fn memory_against_length() -> Vec<Figure> {
    let folder = tempfile::tempdir().unwrap();
    let short = four_minutes(folder.path());
    let long = folder.path().join("three-hours.flac");
    let repeats = (REPEATS - 1).to_string();
    let args =
        ["-stream_loop", &repeats, "-i", short.to_str().unwrap(), "-c:a", "flac", "-compression_level", "0"];
    convert(&[&args[..], &[long.to_str().unwrap()]].concat());
    let (short, long) = (peak_of_analysis(&short), peak_of_analysis(&long));
    println!("  four minutes: {}, three hours: {}", mib(short), mib(long));
    let growth = long.saturating_sub(short);
    vec![Figure {
        name: "memory: three hours above four minutes".to_owned(),
        measured: mib(growth),
        target: "<= 32 MiB",
        ok: growth <= MAX_GROWTH_BYTES,
    }]
}
