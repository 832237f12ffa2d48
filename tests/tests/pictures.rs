//! `fanfare analyze --plot` (docs/cli.md, "Pictures").

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
};

use fanfare_testkit::{hostile, signals, wav};
use fanfare_tests::command::{run, write_tone};

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The same, whatever characters they have.
fn names_lossy(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder of two albums that share names, and a file that is no audio.
fn music(place: &Path) -> PathBuf {
    let music = place.join("music");
    for album in ["one", "two"] {
        fs::create_dir_all(music.join(album)).unwrap();
        write_tone(&music.join(album).join("01 song.wav"), 440.0, 2.0);
    }
    let (plane, _) = signals::click_track(44_100, 12.0, 120.0, 0.0, 4);
    fs::write(music.join("clicks.wav"), wav::wav(44_100, &[plane], wav::WavFormat::I16)).unwrap();
    fs::write(music.join("no.mp3"), "<html>not music</html>").unwrap();
    music
}

#[test]
fn every_file_that_is_heard_has_a_picture() {
    let place = tempfile::tempdir().unwrap();
    let (music, plots) = (music(place.path()), place.path().join("new/plots"));
    let plain = run(&["analyze", "--json", "-j", "1", text(&music)]);
    let ended = run(&["analyze", "--json", "-j", "3", "--plot", text(&plots), text(&music)]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""));
    assert_eq!(ended.out, plain.out, "what is printed does not depend on --plot");
    assert_eq!(names(&plots), ["01_song-2.svg", "01_song.svg", "clicks.svg"]);
    for name in names(&plots) {
        let svg = fs::read_to_string(plots.join(&name)).unwrap();
        assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n") && svg.len() < 400_000, "{name}");
    }
    let clicks = fs::read_to_string(plots.join("clicks.svg")).unwrap();
    assert!(clicks.contains(">clicks.wav<") && clicks.contains("class=\"down\""), "{clicks}");
    // Again: the same names, the same bytes, nothing left over; the table and CSV draw as well.
    for form in ["--csv", "--quiet"] {
        run(&["analyze", form, "-j", "1", "--plot", text(&plots), text(&music)]);
        assert_eq!(names(&plots), ["01_song-2.svg", "01_song.svg", "clicks.svg"]);
        assert_eq!(fs::read_to_string(plots.join("clicks.svg")).unwrap(), clicks);
    }
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let (music, plots) = (place.path().join("music"), place.path().join("plots"));
    fs::create_dir(&music).unwrap();
    for name in hostile::file_names() {
        // Some are the same file; that one of them may not be makeable is its file system's business.
        let tone = wav::wav(8_000, &[signals::sine(8_000, 0.2, 440.0, 0.3)], wav::WavFormat::I16);
        let _ = fs::write(music.join(format!("{name}.wav")), tone);
    }
    let made = names_lossy(&music).len();
    let ended = run(&["analyze", "--only", "waveform", "--plot", text(&plots), text(&music)]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let found = names(&plots);
    assert!(found.len() == made && made > 20, "{found:?}");
    for name in &found {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        assert!(plain && !name.starts_with(['.', '-']), "{name}");
        let svg = fs::read_to_string(plots.join(name)).unwrap();
        assert!(
            !svg.contains("<script") && svg.chars().all(|sign| !sign.is_control() || sign == '\n'),
            "{svg}"
        );
    }
    assert_eq!(names(place.path()), ["music", "plots"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_is_heard() {
    let place = tempfile::tempdir().unwrap();
    let song = place.path().join("song.wav");
    write_tone(&song, 440.0, 1.0);
    // A file where the folder should be; tests may run as root, whom no permission stops.
    let ended = run(&["analyze", "--json", "--plot", text(&song), text(&song)]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(5), ""));
    assert!(ended.err.contains("song.wav") && ended.err.contains("name a folder"), "{}", ended.err);
}

#[test]
fn a_picture_that_cannot_be_written_costs_no_answer() {
    let place = tempfile::tempdir().unwrap();
    let plots = place.path().join("plots");
    for name in ["a", "b", "c"] {
        write_tone(&place.path().join(format!("{name}.wav")), 440.0, 1.0);
    }
    fs::create_dir_all(plots.join("a.svg/in the way")).unwrap();
    fs::create_dir_all(plots.join("b.svg/in the way")).unwrap();
    let ended = run(&["analyze", "--json", "--only", "loudness", "--plot", text(&plots), text(place.path())]);
    assert_eq!(ended.code, Some(5), "{}", ended.err);
    assert_eq!(ended.json_lines().len(), 3);
    assert!(ended.json_lines().iter().all(|object| object["status"] == "ok"));
    let complaints: Vec<&str> = ended.err.lines().collect();
    assert!(
        complaints.len() == 2 && complaints[0].contains("a.svg") && complaints[1].contains("1 more"),
        "{complaints:?}"
    );
    assert_eq!(names(&plots), ["a.svg", "b.svg", "c.svg"]);
}
