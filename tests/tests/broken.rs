//! Broken and hostile files: every one has an outcome with a kind; no panic, no hang (docs/guarantees.md R-12).
//!
//! `FANFARE_BROKEN_PER_FORMAT` says how many seeded mutations per format (default 24); `FANFARE_BROKEN_SEED` where seeds begin.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use fanfare_model::ErrorKind;
use fanfare_testkit::{breaker, hostile, signals, wav};
use fanfare_tests::command::{ended, fanfare_command};
use serde_json::Value;

/// Formats made by the encoder that is installed for tests, by suffix with its arguments.
const ENCODED: &[(&str, &[&str])] = &[
    ("flac", &["-c:a", "flac"]),
    ("mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("ogg", &["-c:a", "libvorbis"]),
    ("opus", &["-c:a", "libopus"]),
    ("m4a", &["-c:a", "aac"]),
    ("caf", &["-c:a", "alac"]),
    ("aiff", &["-c:a", "pcm_s16be"]),
    ("mka", &["-c:a", "flac"]),
    ("wv", &["-c:a", "wavpack"]),
];

/// How long one file may take: the goal is 5 s of CPU; a loaded machine gets more on the clock.
const PATIENCE: Duration = Duration::from_secs(600);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A second of music in every format that can be made here.
fn originals(folder: &Path) -> Vec<PathBuf> {
    let plane = signals::cadence(44_100, 0, false, 0.3, 1);
    let source = folder.join("source.wav");
    fs::write(&source, wav::wav(44_100, &[plane.clone(), plane], wav::WavFormat::I16)).unwrap();
    let mut files = vec![source.clone()];
    for (suffix, args) in ENCODED {
        let path = folder.join(format!("source.{suffix}"));
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y", "-i"])
            .arg(&source)
            .args(*args)
            .args(["-metadata", "title=A title", "-metadata", "artist=A Singer"])
            .arg(&path)
            .status();
        assert!(made.is_ok_and(|status| status.success()), "ffmpeg could not make {suffix}");
        files.push(path);
    }
    files
}

/// Analyzes everything in the folder and checks that each file has an outcome.
fn every_file_has_an_outcome(folder: &Path, ffmpeg: &str) -> Vec<Value> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut outcomes = Vec::new();
    for some in names.chunks(500) {
        let mut command =
            fanfare_command(&["analyze", "--json", "--ffmpeg", ffmpeg, "--only", "loudness,waveform"]);
        // Bounded by the kernel, so that a hang is a failure with a name instead of a stuck test.
        let seconds = PATIENCE.as_secs().to_string();
        let mut bounded = Command::new("timeout");
        bounded.arg(&seconds).arg(command.get_program()).args(command.get_args()).args(some);
        command = bounded;
        let ended = ended(command.output().unwrap());
        assert!(matches!(ended.code, Some(0 | 1)), "exit {:?}: {}", ended.code, ended.err);
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        let lines = ended.json_lines();
        assert_eq!(lines.len(), some.len(), "an outcome per file");
        for (line, path) in lines.iter().zip(some) {
            assert_eq!(line["path"], path.to_string_lossy().as_ref(), "in input order");
            if line["status"] == "error" {
                let kind = line["error"]["kind"].as_str().unwrap();
                assert_eq!(ErrorKind::from_name(kind).as_str(), kind, "a known kind");
                assert_ne!(kind, "internal", "{line}");
            } else {
                assert_eq!(line["status"], "ok", "{line}");
            }
        }
        outcomes.extend(lines);
    }
    outcomes
}

#[test]
fn cut_and_mutated_files_have_outcomes() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    fs::create_dir(&broken).unwrap();
    let per_format = number("FANFARE_BROKEN_PER_FORMAT", 24);
    let first = number("FANFARE_BROKEN_SEED", 1);
    for original in originals(folder.path()) {
        let bytes = fs::read(&original).unwrap();
        let suffix = original.extension().unwrap().to_str().unwrap();
        let mutations = (first..first + per_format).map(|seed| breaker::mutated(&bytes, seed));
        let lengths = (first..first + per_format).map(|seed| breaker::false_length(&bytes, seed));
        let cuts = breaker::cuts(&bytes).step_by(if per_format > 100 { 1 } else { 8 });
        for case in mutations.chain(lengths).chain(cuts) {
            fs::write(broken.join(format!("{}.{suffix}", case.how)), case.bytes).unwrap();
        }
    }
    let outcomes = every_file_has_an_outcome(&broken, "auto");
    let failed = outcomes.iter().filter(|line| line["status"] == "error").count();
    println!("{} broken files: {failed} errors, the rest partly or wholly analyzed", outcomes.len());
    assert!(failed > 0 && failed < outcomes.len());
}

#[test]
fn what_is_no_audio_is_refused_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for case in breaker::disguises() {
        for suffix in ["mp3", "flac", "wav", "m4a"] {
            fs::write(folder.path().join(format!("{}.{suffix}", case.how)), &case.bytes).unwrap();
        }
    }
    for outcome in every_file_has_an_outcome(folder.path(), "auto") {
        let kind = outcome["error"]["kind"].as_str();
        assert!(
            matches!(kind, Some("not-audio" | "malformed" | "empty" | "unsupported" | "no-decoder")),
            "{outcome}"
        );
        let playlist = ["m3u", "hls", "pls", "concat", "cue", "html", "xml", "text", "zip", "png"];
        let name = outcome["path"].as_str().unwrap().rsplit('/').next().unwrap();
        if playlist.iter().any(|how| name.starts_with(&format!("{how}."))) {
            assert_eq!(kind, Some("not-audio"), "{outcome}");
        }
        assert!(!outcome.to_string().contains("root:"), "no file of the system was read");
    }
}

#[test]
fn hostile_names_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let tone = wav::wav(8_000, &[signals::sine(8_000, 0.5, 440.0, 0.3)], wav::WavFormat::I16);
    let names = hostile::file_names();
    for name in &names {
        fs::write(folder.path().join(format!("{name}.wav")), &tone).unwrap();
    }
    let outcomes = every_file_has_an_outcome(folder.path(), "off");
    assert_eq!(outcomes.len(), names.len());
    assert!(outcomes.iter().all(|line| line["status"] == "ok"));
    let folder_argument = folder.path().to_str().unwrap();
    let table = ended(fanfare_command(&["analyze", "--only", "loudness", folder_argument]).output().unwrap());
    let steering = |c: char| c.is_control() && c != '\n';
    assert!(!table.out.contains(steering), "a name steers the terminal");
}

#[test]
fn a_pipe_a_device_and_a_folder_are_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.wav");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let ended =
        ended(fanfare_command(&["analyze", "--json", pipe.to_str().unwrap(), "/dev/zero"]).output().unwrap());
    assert_eq!(ended.code, Some(1));
    let kinds: Vec<Value> = ended.json_lines().iter().map(|line| line["error"]["kind"].clone()).collect();
    assert_eq!(kinds, ["not-audio", "not-audio"]);
}
