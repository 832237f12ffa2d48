//! `fanfare analyze --album` and `--waveform` (docs/cli.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{fs, path::Path};

use fanfare_testkit::{signals, wav};
use fanfare_tests::command::{run, write_tone};
use serde_json::{Value, json};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Writes a tone of that amplitude.
fn tone(path: &Path, amplitude: f64, seconds: f64) {
    let plane = signals::sine(44_100, seconds, 1000.0, amplitude);
    fs::write(path, wav::wav(44_100, &[plane], wav::WavFormat::I16)).unwrap();
}

#[test]
fn a_folder_has_the_loudness_of_its_files_in_one_piece() {
    let place = tempfile::tempdir().unwrap();
    let (album, joined) = (place.path().join("album"), place.path().join("joined.wav"));
    fs::create_dir(&album).unwrap();
    let parts = [(0.5, 20.0), (0.1, 30.0), (0.25, 10.0)];
    let mut whole = Vec::new();
    for (index, (amplitude, seconds)) in parts.iter().enumerate() {
        tone(&album.join(format!("{index}.wav")), *amplitude, *seconds);
        whole.extend(signals::sine(44_100, *seconds, 1000.0, *amplitude));
    }
    fs::write(&joined, wav::wav(44_100, &[whole], wav::WavFormat::I16)).unwrap();
    fs::write(album.join("bad.mp3"), "<html>").unwrap();
    for jobs in ["1", "3"] {
        let args =
            ["analyze", "--json", "--only", "loudness", "--album", "-j", jobs, text(&album), text(&joined)];
        let ended = run(&args);
        assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""));
        let rows = ended.json_lines();
        let kinds: Vec<_> = rows.iter().map(|row| row["status"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ok", "ok", "ok", "error", "album", "ok", "album"], "in input order");
        let (album_row, one_piece) = (&rows[4], &rows[5]);
        assert_eq!((album_row["path"].as_str(), album_row["tracks"].as_u64()), (Some(text(&album)), Some(3)));
        let mut keys: Vec<&String> = album_row["loudness"].as_object().unwrap().keys().collect();
        keys.sort_unstable();
        let expected =
            ["integrated_lufs", "replaygain_album_gain_db", "replaygain_album_peak", "true_peak_dbtp"];
        assert_eq!(keys, expected);
        let level = |row: &Value, name: &str| row["loudness"][name].as_f64().unwrap();
        // Three joints between three steady tones: blocks that reach across them are few.
        assert!(
            (level(album_row, "integrated_lufs") - level(one_piece, "integrated_lufs")).abs() < 0.1,
            "{album_row}"
        );
        let gain = level(album_row, "replaygain_album_gain_db");
        assert!((gain - (-18.0 - level(album_row, "integrated_lufs"))).abs() < 0.02);
        assert!((level(album_row, "true_peak_dbtp") + 6.0).abs() < 0.1);
        assert_eq!(album_row["warnings"], json!(["bad.mp3 is left out: it could not be analyzed"]));
    }
    let table = run(&["analyze", "--only", "loudness", "--album", text(&album)]);
    let row = table.out.lines().find(|line| line.contains(" album ")).unwrap();
    assert!(row.contains("3 tracks, ReplayGain"), "{row}");
    let csv = run(&["analyze", "--csv", "--only", "loudness", "--album", text(&album)]);
    let columns = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = csv.out.split("\r\n").map(columns).collect();
    let row = lines.iter().find(|row| row.get(1).is_some_and(|status| status == "album")).unwrap();
    let at = |name: &str| lines[0].iter().position(|column| column == name).unwrap();
    assert_eq!(row[at("tracks")], "3");
    assert!(row[at("replaygain_album_gain_db")].parse::<f64>().is_ok());
}

#[test]
fn silence_has_no_album_loudness_and_says_why() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("silence.wav"), wav::wav(44_100, &[vec![0.0; 44_100]], wav::WavFormat::I16))
        .unwrap();
    let ended = run(&["analyze", "--json", "--album", text(place.path())]);
    let row = &ended.json_lines()[1];
    assert!(row["loudness"]["integrated_lufs"].is_null() && row["warnings"][0].is_string(), "{row}");
}

#[test]
fn what_needs_an_analyzer_says_so() {
    for (option, expected) in [("--album", "add loudness"), ("--waveform=/nowhere", "add waveform")] {
        let ended = run(&["analyze", "--only", "key", option, "x.wav"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
        assert!(ended.err.contains(expected), "{}", ended.err);
    }
}

#[test]
fn waveforms_are_what_audiowaveform_readers_take() {
    let place = tempfile::tempdir().unwrap();
    let (song, out) = (place.path().join("a song.wav"), place.path().join("out"));
    write_tone(&song, 440.0, 3.0);
    let ended = run(&["analyze", "--json", "--only", "waveform", "--waveform", text(&out), text(&song)]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let dat = fs::read(out.join("a_song.dat")).unwrap();
    let word = |index: usize| i32::from_le_bytes(dat[index * 4..][..4].try_into().unwrap());
    let (version, flags, rate, per_pixel, length, channels) =
        (word(0), word(1), word(2), word(3), word(4), word(5));
    assert_eq!((version, flags, rate, channels), (2, 1, 44_100, 1));
    assert_eq!(dat.len(), 24 + 2 * usize::try_from(length).unwrap());
    assert_eq!(length, (3 * 44_100 + per_pixel - 1) / per_pixel);
    let json: Value = serde_json::from_slice(&fs::read(out.join("a_song.json")).unwrap()).unwrap();
    assert_eq!((json["version"].as_i64(), json["bits"].as_i64()), (Some(2), Some(8)));
    let values: Vec<i64> = json["data"].as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    let bytes: Vec<i64> = dat[24..].iter().map(|byte| i64::from(byte.cast_signed())).collect();
    assert_eq!(values, bytes);
    assert!(!ended.out.contains("extremes") && !ended.out.contains("detail"), "bulk stays out of the line");
}
