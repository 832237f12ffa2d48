//! Tags of every kind as programs write them, damaged ones too: what is read, what is left out, and that it is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
mod tag_forms;

use std::fmt::Write as _;

use fanfare_audio::{Limits, read_tags};
use fanfare_model::Tags;
use tag_forms::{
    BINARY, ape, attached,
    cases::{Case, FRONT, Sound, ape_cases, other_cases, vorbis_cases},
    flac, frame,
    id3_cases::id3_cases,
    id3v2, mp4, mp4_item, picture_block, utf8, vorbis,
};

/// Everything that a file's tags said.
fn written(tags: &Tags, cover: Option<&[u8]>) -> String {
    let mut line = String::new();
    for (name, value) in [
        ("title", &tags.title),
        ("artist", &tags.artist),
        ("album_artist", &tags.album_artist),
        ("album", &tags.album),
        ("genre", &tags.genre),
        ("comment", &tags.comment),
    ] {
        if let Some(value) = value {
            let value = if value.starts_with("xx") { "xs" } else { value };
            write!(line, " {name}={value}").unwrap();
        }
    }
    if let Some(year) = tags.year {
        write!(line, " year={year}").unwrap();
    }
    for (name, number, total) in
        [("track", tags.track_number, tags.track_total), ("disc", tags.disc_number, tags.disc_total)]
    {
        if let Some(number) = number {
            write!(line, " {name}={number}/{}", total.map_or("-".to_owned(), |total| total.to_string()))
                .unwrap();
        }
    }
    if let Some(gain) = tags.replaygain_track_gain_db {
        write!(line, " gain={gain}").unwrap();
    }
    if let Some(cover) = cover {
        line += if cover.starts_with(FRONT) { " cover=front" } else { " cover=other" };
    }
    line.trim_start().to_owned()
}

/// issue 13: covers of APE tags, genres and artists twice, all tags lost for one item, and what else a library read
/// otherwise than the programs that write tags mean it.
#[test]
fn tags_of_every_kind_are_read_as_they_are_meant() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Sound::new(folder.path());
    let cases: Vec<Case> =
        [ape_cases(&sound), vorbis_cases(&sound), id3_cases(&sound), other_cases(&sound)].concat();
    let mut wrong = Vec::new();
    for (name, bytes, expected, said) in &cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let reading = read_tags(&path, &Limits::default()).unwrap();
        let found = written(&reading.tags, reading.cover.as_deref());
        // The heads without sound have said that their properties are missing.
        let warnings: Vec<&String> =
            reading.warnings.iter().filter(|line| !line.starts_with("properties")).collect();
        let told = match said {
            None => warnings.is_empty(),
            Some(part) => warnings.iter().any(|line| line.contains(part)),
        };
        if found != *expected || !told {
            wrong.push(format!("{name}: {found:?} for {expected:?}; {warnings:?} for {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("{} files of tags are read as they are meant", cases.len());
}

/// issue 13: a tag that is larger than the limit is read as far as the limit goes, and a packed frame cannot unpack to more.
#[test]
fn tags_over_the_limit_are_read_in_part_and_said_so() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let sound = Sound::new(folder.path());
    let limits = Limits { max_tag_bytes: 1_000, ..Limits::default() };
    let large = [FRONT, &[7; 5_000]].concat();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&[&[3], &[b'x'; 50_000][..]].concat()).unwrap();
    let bomb = encoder.finish().unwrap();
    let cover = [b"c\0", &large[..]].concat();
    for (name, bytes) in [
        (
            "picture.mp3",
            [
                id3v2(4, 0, &[frame("TIT2", 0, &utf8("T")), frame("APIC", 0, &attached(3, &large))]),
                sound.mp3.clone(),
            ]
            .concat(),
        ),
        (
            "packed.mp3",
            [id3v2(4, 0, &[frame("TALB", 8, &bomb), frame("TIT2", 0, &utf8("T"))]), sound.mp3.clone()]
                .concat(),
        ),
        (
            "picture.wv",
            [&sound.wavpack[..], &ape(&[("Title", 0, b"T"), ("Cover Art (Front)", BINARY, &cover)])].concat(),
        ),
        ("picture.flac", flac(&sound.flac, &[(6, picture_block(3, &large)), (4, vorbis(&[b"TITLE=T"]))])),
        ("picture.m4a", mp4(&[mp4_item(b"\xa9nam", 1, b"T"), mp4_item(b"covr", 14, &large)])),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let reading = read_tags(&path, &limits).unwrap();
        assert_eq!(written(&reading.tags, reading.cover.as_deref()), "title=T", "{name}");
        assert!(reading.cut && reading.warnings.iter().any(|line| line.contains("limit")), "{name}");
    }
}

/// Whatever is broken in them, and wherever they end: no panic, and what is read stays within its bounds.
#[test]
fn tags_with_any_bytes_changed_or_missing_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Sound::new(folder.path());
    let path = folder.path().join("broken");
    let mut random = fanfare_testkit::Seeded::new(13);
    let limits = Limits::default();
    for (name, bytes, ..) in
        [ape_cases(&sound), vorbis_cases(&sound), id3_cases(&sound), other_cases(&sound)].concat()
    {
        for _ in 0..12 {
            let mut broken = bytes.clone();
            let mut at = || random.next_u64() as usize % bytes.len();
            // Where tags are: at both ends.
            let places = [at(), at() % 300, bytes.len() - 1 - at() % 300.min(bytes.len())];
            let (cut, odd) = (at(), at());
            for place in places {
                broken[place.min(bytes.len() - 1)] ^= 1 << (odd % 8);
            }
            if odd % 4 == 0 {
                broken.truncate(cut);
            }
            std::fs::write(&path, &broken).unwrap();
            if let Ok(reading) = read_tags(&path, &limits) {
                let title = reading.tags.title.unwrap_or_default();
                assert!(title.chars().count() <= limits.max_text_chars, "{name}");
                assert!(reading.warnings.len() < 100, "{name}");
            }
        }
    }
}
