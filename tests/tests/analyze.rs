//! The contract of `fanfare analyze` (docs/cli.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
};

use fanfare_testkit::{signals, wav};
use fanfare_tests::command::{ended, fanfare_command, run, write_tone};
use serde_json::Value;

/// Every key of a success, in the contract's order.
const KEYS: &[&str] = &[
    "path",
    "status",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "codec",
    "bit_depth",
    "loudness",
    "rhythm",
    "key",
    "waveform",
    "fingerprint",
    "speech_music",
    "dynamics",
    "timbre",
    "embedding",
    "warnings",
];

/// The keys inside each part.
const PARTS: &[(&str, &[&str])] = &[
    (
        "loudness",
        &[
            "integrated_lufs",
            "range_lu",
            "momentary_max_lufs",
            "short_term_max_lufs",
            "sample_peak_dbfs",
            "true_peak_dbtp",
            "replaygain_track_gain_db",
            "replaygain_track_peak",
        ],
    ),
    (
        "rhythm",
        &[
            "tempo_bpm",
            "tempo_confidence",
            "tempo_candidates",
            "tempo_range_bpm",
            "tempo_stability",
            "beats_s",
            "downbeats_s",
            "beats_per_bar",
            "onset_rate_hz",
            "danceability",
        ],
    ),
    ("key", &["tonic", "mode", "confidence", "camelot", "tuning_cents", "segments"]),
    ("waveform", &["peaks", "rms"]),
    ("fingerprint", &["chromaprint", "algorithm", "duration_s"]),
    ("speech_music", &["profile", "music", "speech"]),
    (
        "dynamics",
        &["complexity_db", "rms_dbfs", "crest_db", "clipped_frames", "silence_head_s", "silence_tail_s"],
    ),
    (
        "timbre",
        &[
            "erb_bands",
            "centroid_hz",
            "rolloff_hz",
            "flatness",
            "zero_crossing_rate_hz",
            "mfcc_mean",
            "mfcc_deviation",
            "mfcc_change",
        ],
    ),
];

/// What stands at each place of an answer: `number`, `count` (a whole number), `text`, else the keys of an object; in brackets a list
/// of that; with `?` it may be `null`.
const TYPES: &[(&str, &str)] = &[
    ("/path", "text"),
    ("/duration_s", "number"),
    ("/sample_rate_hz", "count"),
    ("/channels", "count"),
    ("/codec", "text"),
    ("/bit_depth", "count?"),
    ("/loudness/integrated_lufs", "number?"),
    ("/loudness/range_lu", "number?"),
    ("/loudness/momentary_max_lufs", "number?"),
    ("/loudness/short_term_max_lufs", "number?"),
    ("/loudness/sample_peak_dbfs", "number?"),
    ("/loudness/true_peak_dbtp", "number?"),
    ("/loudness/replaygain_track_gain_db", "number?"),
    ("/loudness/replaygain_track_peak", "number?"),
    ("/rhythm/tempo_bpm", "number?"),
    ("/rhythm/tempo_confidence", "number?"),
    ("/rhythm/tempo_candidates", "[tempo_bpm confidence]"),
    ("/rhythm/tempo_range_bpm", "[number]?"),
    ("/rhythm/tempo_stability", "text?"),
    ("/rhythm/beats_s", "[number]"),
    ("/rhythm/downbeats_s", "[number]"),
    ("/rhythm/beats_per_bar", "count?"),
    ("/rhythm/onset_rate_hz", "number?"),
    ("/rhythm/danceability", "number?"),
    ("/key/tonic", "text"),
    ("/key/mode", "text"),
    ("/key/confidence", "number"),
    ("/key/camelot", "text"),
    ("/key/tuning_cents", "number?"),
    ("/key/segments", "[start_s end_s tonic mode confidence camelot]"),
    ("/waveform/peaks", "[number]"),
    ("/waveform/rms", "[number]"),
    ("/fingerprint/chromaprint", "text"),
    ("/fingerprint/algorithm", "count"),
    ("/fingerprint/duration_s", "number"),
    ("/speech_music/profile", "text"),
    ("/speech_music/music", "number"),
    ("/speech_music/speech", "number"),
    ("/dynamics/complexity_db", "number?"),
    ("/dynamics/rms_dbfs", "number?"),
    ("/dynamics/crest_db", "number?"),
    ("/dynamics/clipped_frames", "count"),
    ("/dynamics/silence_head_s", "number"),
    ("/dynamics/silence_tail_s", "number"),
    ("/timbre/erb_bands", "[number]"),
    ("/timbre/centroid_hz", "number?"),
    ("/timbre/rolloff_hz", "number?"),
    ("/timbre/flatness", "number?"),
    ("/timbre/zero_crossing_rate_hz", "number?"),
    ("/timbre/mfcc_mean", "[number]"),
    ("/timbre/mfcc_deviation", "[number]"),
    ("/timbre/mfcc_change", "[number]"),
    ("/warnings", "[text]"),
];

/// Whether a value is what [`TYPES`] says.
fn fits(value: &Value, kind: &str) -> bool {
    if let Some(kind) = kind.strip_suffix('?') {
        return value.is_null() || fits(value, kind);
    }
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return value.as_array().is_some_and(|items| items.iter().all(|item| fits(item, inner)));
    }
    match kind {
        "number" => value.is_number(),
        "count" => value.is_u64(),
        "text" => value.is_string(),
        keys => value.as_object().is_some_and(|object| {
            object.len() == keys.split(' ').count() && keys.split(' ').all(|key| object.contains_key(key))
        }),
    }
}

/// Every place that [`TYPES`] names is there and holds what it should, unless the part around it is `null`.
fn check_types(object: &Value) {
    for (pointer, kind) in TYPES {
        let part = &object[pointer[1..].split('/').next().unwrap()];
        let fitting = object.pointer(pointer).is_some_and(|value| fits(value, kind));
        assert!(
            fitting || part.is_null() && pointer.matches('/').count() > 1,
            "{pointer} is not {kind}: {part}"
        );
    }
}

fn music(folder: &Path) -> std::path::PathBuf {
    let (mut plane, _) = signals::click_track(44_100, 20.0, 120.0, 0.0, 4);
    for (sum, sample) in plane.iter_mut().zip(signals::cadence(44_100, 9, true, 0.5, 10)) {
        *sum = 0.5 * *sum + sample;
    }
    let path = folder.join("music.wav");
    fs::write(&path, wav::wav(44_100, &[plane.clone(), plane], wav::WavFormat::I16)).unwrap();
    path
}

#[test]
fn a_good_file_has_every_key_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = music(folder.path());
    let ended = run(&["analyze", "--json", path.to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    let line = ended.out.lines().next().unwrap();
    let mut at = 0;
    for key in KEYS {
        let found = line[at..]
            .find(&format!("\"{key}\":"))
            .unwrap_or_else(|| panic!("{key} is missing or out of order"));
        at += found;
    }
    let object = &ended.json_lines()[0];
    for (part, keys) in PARTS {
        let found: Vec<&String> =
            object[part].as_object().unwrap_or_else(|| panic!("{part}: {object}")).keys().collect();
        let mut expected = keys.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{part}");
    }
    check_types(object);
    let empty = |pointer: &str| object.pointer(pointer).and_then(Value::as_array).is_none_or(Vec::is_empty);
    for pointer in ["/rhythm/beats_s", "/waveform/peaks", "/timbre/erb_bands"] {
        assert!(!empty(pointer), "{pointer}");
    }
    assert_eq!(object["waveform"]["peaks"].as_array().unwrap().len(), 800);
    assert_eq!(object["duration_s"], 20.0);
    assert_eq!(object["key"]["camelot"], "8A");
    let tempo = object["rhythm"]["tempo_bpm"].as_f64().unwrap();
    // Half and double are the same pulse; which one is felt is not this test's question.
    assert!([60.0, 120.0, 240.0].iter().any(|bpm| (tempo - bpm).abs() < 1.0), "{tempo}");
}

/// docs/coverage.md A51.
#[test]
fn a_sine_of_440_hz_at_0_3_measures_minus_14_1_lufs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write_tone(&path, 440.0, 5.0);
    let ended = run(&["analyze", "--json", "--only", "loudness", path.to_str().unwrap()]);
    let lufs = ended.json_lines()[0]["loudness"]["integrated_lufs"].as_f64().unwrap();
    assert!((lufs + 14.1).abs() < 0.1, "{lufs}");
}

#[test]
fn what_cannot_be_known_is_null_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seconds) in [("one.wav", 1.0 / 44_100.0), ("short.wav", 0.3), ("brief.wav", 1.2)] {
        let path = folder.path().join(name);
        write_tone(&path, 440.0, seconds);
        let ended = run(&["analyze", "--json", path.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{name}: {}", ended.out);
        let object = &ended.json_lines()[0];
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), KEYS.len(), "{name}");
        check_types(object);
        assert!(object["rhythm"]["tempo_bpm"].is_null(), "{name}");
        let warnings: Vec<&str> =
            object["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(warnings.iter().any(|line| line.contains("tempo")), "{name}: {warnings:?}");
        assert!(warnings.iter().any(|line| line.contains("speech from music")), "{name}: {warnings:?}");
        assert!(warnings.iter().any(|line| line.contains("embedding")), "{name}: {warnings:?}");
    }
}

#[test]
fn bad_files_are_reported_in_place_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    write_tone(Path::new(&inside("a.wav")), 440.0, 1.0);
    fs::write(inside("b.mp3"), "<html>not music</html>").unwrap();
    write_tone(Path::new(&inside("c.wav")), 880.0, 1.0);
    let mut args =
        vec!["analyze".to_owned(), "--json".to_owned(), "--only".to_owned(), "loudness".to_owned()];
    args.extend(["a.wav", "b.mp3", "missing.flac", "c.wav"].map(inside));
    let ended = run(&args);
    assert_eq!(ended.code, Some(1));
    let outcome: Vec<(String, String)> = ended
        .json_lines()
        .iter()
        .map(|object| {
            let path = object["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let kind = object["error"]["kind"].as_str().unwrap_or("ok").to_owned();
            let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
            assert!(kind == "ok" || keys == ["error", "path", "status"], "{object}");
            assert!(kind == "ok" || object["error"]["message"].as_str().is_some_and(|text| text.len() > 5));
            (path, kind)
        })
        .collect();
    let expected = [("a.wav", "ok"), ("b.mp3", "not-audio"), ("missing.flac", "not-found"), ("c.wav", "ok")];
    assert_eq!(outcome, expected.map(|(path, kind)| (path.to_owned(), kind.to_owned())));
}

#[test]
fn a_folder_without_audio_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "nothing to hear").unwrap();
    let ended = run(&["analyze", "--json", folder.path().to_str().unwrap()]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.json_lines()[0]["error"]["kind"], "empty");
}

#[test]
fn folders_are_walked_sorted_and_answers_keep_that_order() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("b album");
    fs::create_dir(&below).unwrap();
    let mut expected = Vec::new();
    // Long files first: were answers printed as they come, the short ones would overtake.
    for (name, seconds) in
        [("a.wav", 30.0), ("b album/1.wav", 10.0), ("b album/2.wav", 0.5), ("c.wav", 0.5), ("d.wav", 0.5)]
    {
        let path = folder.path().join(name);
        write_tone(&path, 440.0, seconds);
        expected.push(path.to_str().unwrap().to_owned());
    }
    fs::write(folder.path().join("cover.jpg"), "no audio").unwrap();
    fs::write(below.join("notes.txt"), "no audio").unwrap();
    std::os::unix::fs::symlink(folder.path(), below.join("loop")).unwrap();
    for jobs in ["1", "4"] {
        let path = folder.path().to_str().unwrap();
        let ended = run(&["analyze", "--json", "--only", "loudness", "--jobs", jobs, path]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let found: Vec<String> =
            ended.json_lines().iter().map(|object| object["path"].as_str().unwrap().to_owned()).collect();
        assert_eq!(found, expected, "{jobs} jobs");
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_jobs() {
    let folder = tempfile::tempdir().unwrap();
    music(folder.path());
    write_tone(&folder.path().join("z.wav"), 700.0, 4.0);
    let path = folder.path().to_str().unwrap();
    assert_eq!(
        run(&["analyze", "--json", "-j", "1", path]).out,
        run(&["analyze", "--json", "-j", "3", path]).out
    );
}

/// Issue 13: a damaged file that can be analyzed is marked in the table, too. A whole one without a beat is not.
#[test]
fn the_table_marks_damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["cut.wav", "whole.wav"] {
        write_tone(&folder.path().join(name), 440.0, 6.0);
    }
    let cut = fs::File::options().write(true).open(folder.path().join("cut.wav")).unwrap();
    cut.set_len(cut.metadata().unwrap().len() / 2).unwrap();
    let table = run(&["analyze", folder.path().to_str().unwrap()]);
    assert_eq!(table.code, Some(0), "{}{}", table.out, table.err);
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[1].contains("cut.wav") && lines[1].contains("DAMAGED: "), "{}", table.out);
    assert!(lines[2].contains("whole.wav") && !lines[2].contains("DAMAGED"), "{}", table.out);
    assert!(table.out.contains("2 analyzed (1 damaged), 0 failed"), "{}", table.out);
}

#[test]
fn the_table_and_csv_have_one_line_per_file() {
    let folder = tempfile::tempdir().unwrap();
    write_tone(&folder.path().join("a,b.wav"), 440.0, 65.0);
    fs::write(folder.path().join("c.flac"), "text").unwrap();
    let path = folder.path().to_str().unwrap();
    let table = run(&["analyze", "--only", "loudness", path]);
    assert_eq!(table.code, Some(1));
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(
        lines[0].starts_with("FILE") && lines[1].contains("1:05") && lines[1].contains("-14."),
        "{}",
        table.out
    );
    assert!(lines[2].contains("not-audio") && table.out.contains("1 analyzed, 1 failed"), "{}", table.out);
    let csv = run(&["analyze", "--csv", "--only", "loudness", path]);
    let lines: Vec<&str> = csv.out.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{}", csv.out);
    assert!(lines[0].starts_with("path,status,error_kind,error_message,duration_s"));
    assert!(lines[1].starts_with(&format!("\"{path}/a,b.wav\",ok,,,65.0,44100,1,")), "{}", lines[1]);
    assert!(lines[2].contains(",error,not-audio,"), "{}", lines[2]);
}

#[test]
fn what_makes_no_sense_is_refused_with_exit_code_2() {
    for (args, expected) in [
        (&["analyze"][..], "required"),
        (&["analyze", ""], "a value is required"),
        (&["analyze", "--json", "--csv", "x"], "cannot be used with"),
        (&["analyze", "--jobs", "0", "x"], "0 is not in 1..=256"),
        (&["analyze", "--only", "loudnes", "x"], "choose from loudness"),
        (&["analyze", "--ffmpeg", "sometimes", "x"], "auto, off or a path"),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let ended = run(args);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ended.err.contains(expected), "{args:?}: {}", ended.err);
    }
}

#[test]
fn a_closed_pipe_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..40 {
        write_tone(&folder.path().join(format!("{index:02}.wav")), 440.0, 0.5);
    }
    let mut command = fanfare_command(&["analyze", "--json", "--jobs", "1", folder.path().to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    // The reader is dropped here, which closes the pipe.
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}

#[test]
fn an_interrupt_ends_it_with_130_and_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..30 {
        write_tone(&folder.path().join(format!("{index:02}.wav")), 440.0, 20.0);
    }
    let mut command = fanfare_command(&["analyze", "--json", "--jobs", "2", folder.path().to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (Some(130), ""));
    assert!(rest.len() < 29, "it went on to the end");
    for line in std::iter::once(&first).chain(&rest) {
        serde_json::from_str::<Value>(line).unwrap();
    }
}
