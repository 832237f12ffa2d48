//! Tags of every kind against other programs: what `mutagen` and `ffprobe` read of the same files. Prints a table
//! (`--no-capture`). Issue 13.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;
mod tag_forms;

use std::{collections::BTreeMap, process::Command};

use fanfare_audio::{Limits, read_tags};
use fanfare_model::Tags;
use serde_json::Value;
use tag_forms::{
    cases::{Case, FRONT, Sound, ape_cases, other_cases, vorbis_cases},
    id3_cases::id3_cases,
};

const ORACLE: &str = include_str!("tag_forms/oracle.py");

/// Where another program reads something else, and why: program, file, reason.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("mutagen", "utf8.mp3", "it takes every ID3v1 tag for Latin-1"),
    ("mutagen", "cut utf8.mp3", "it takes every ID3v1 tag for Latin-1"),
    ("mutagen", "lyrics.mp3", "it finds no APE tag in front of lyrics, and reads the older ID3v1 tag"),
    ("ffprobe", "lyrics.mp3", "it reads no APE tag of MP3, and reads the older ID3v1 tag"),
    ("ffprobe", "long item.wv", "it reads an item beyond the end of the tag"),
    ("ffprobe", "both.wav", "it prefers the LIST chunk to the ID3 tag"),
];

/// Why another program reads something else.
fn reason(program: &str, name: &str, theirs: &[String], here: &[String]) -> Option<&'static str> {
    if theirs.iter().any(|value| value.contains('\u{fffd}')) && !here.is_empty() {
        return Some("it takes bytes for UTF-8 that are not");
    }
    if program == "ffprobe" && here.len() > 1 && theirs == &here[..1] {
        return Some("it reads the first of several values");
    }
    OTHERWISE.iter().find(|known| (known.0, known.1) == (program, name)).map(|known| known.2)
}

/// What a file's tags said, as the other programs' readings are told: several values in their order.
fn fields(tags: &Tags, cover: Option<&[u8]>) -> BTreeMap<&'static str, Vec<String>> {
    let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
    let split = |value: &Option<String>, by: &str| {
        value.iter().flat_map(|value| value.split(by)).map(str::to_owned).collect::<Vec<_>>()
    };
    let number = |value: Option<u32>| one(value.map(|value| value.to_string()));
    let all = [
        ("title", one(tags.title.clone())),
        ("artist", split(&tags.artist, ", ")),
        ("album_artist", split(&tags.album_artist, ", ")),
        ("album", one(tags.album.clone())),
        ("genre", split(&tags.genre, "; ")),
        ("year", one(tags.year.map(|year| year.to_string()))),
        ("track", number(tags.track_number)),
        ("disc", number(tags.disc_number)),
        ("cover", one(cover.filter(|cover| cover.starts_with(FRONT)).map(|_| "front".to_owned()))),
    ];
    all.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}

fn values_of(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

#[test]
fn mutagen_and_ffprobe_read_the_same_tags() {
    let folder = tempfile::tempdir().unwrap();
    let (made, asked) = (folder.path().join("made"), folder.path().join("asked"));
    std::fs::create_dir_all(&made).unwrap();
    std::fs::create_dir_all(&asked).unwrap();
    let sound = Sound::new(&made);
    let cases: Vec<Case> =
        [ape_cases(&sound), vorbis_cases(&sound), id3_cases(&sound), other_cases(&sound)].concat();
    let mut ours = BTreeMap::new();
    for (name, bytes, ..) in &cases {
        let path = asked.join(name);
        std::fs::write(&path, bytes).unwrap();
        let reading = read_tags(&path, &Limits::default()).unwrap();
        ours.insert(name.clone(), fields(&reading.tags, reading.cover.as_deref()));
    }
    let output = Command::new("python3").args(["-c", ORACLE]).arg(&asked).output();
    let output = output.unwrap_or_else(|error| {
        panic!("this test needs Python with mutagen (`make test` installs it): {error}")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "this test needs Python with mutagen (`make test` installs it): {said}");
    let (mut compared, mut otherwise, mut wrong) = (BTreeMap::new(), 0, Vec::new());
    println!("{:<28} {:<13} {:<40} {:<40} {}", "file", "field", "here", "mutagen", "ffprobe");
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        let name = told["name"].as_str().unwrap();
        let ours = &ours[name];
        let names: std::collections::BTreeSet<&str> = ["mutagen", "ffprobe"]
            .iter()
            .filter_map(|program| told[program].as_object())
            .flat_map(|fields| fields.keys().map(String::as_str))
            .chain(ours.keys().copied())
            .collect();
        for field in names {
            let here = ours.get(field).cloned().unwrap_or_default();
            let show = |values: &[String]| values.join(" + ").chars().take(38).collect::<String>();
            let mut row = format!("{name:<28} {field:<13} {:<40}", show(&here));
            for program in ["mutagen", "ffprobe"] {
                let theirs = told[program].get(field).map(values_of);
                row += &format!(" {:<40}", theirs.as_deref().map_or_else(|| "-".to_owned(), show));
                let Some(theirs) = theirs else { continue };
                if theirs == here {
                    *compared.entry(program).or_insert(0) += 1;
                } else if let Some(reason) = reason(program, name, &theirs, &here) {
                    otherwise += 1;
                    row += &format!(" ({reason})");
                } else {
                    wrong.push(format!("{program}, {name}, {field}: {theirs:?}, here {here:?}"));
                }
            }
            println!("{}", row.trim_end());
        }
    }
    println!("{} files; the same: {compared:?}; otherwise for a known reason: {otherwise}", cases.len());
    assert!(wrong.is_empty(), "{} readings differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared["mutagen"] >= 60 && compared["ffprobe"] >= 30, "{compared:?}");
}
