//! Writing gains into files: in every format, read back by other programs, with every other byte kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../support/mod.rs"]
mod support;

mod interrupted;
mod ogg_pages;
mod refused;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::UNIX_EPOCH,
};

use fanfare_audio::{
    AlbumGain, AnalyzedFile, Limits, ReplayGainTags, Rewritten, read_tags, write_replaygain,
};
use fanfare_model::{ContentHash, ErrorKind, Result, Timestamp};
use support::{ffmpeg, music, write_wav};

const TRACK: ReplayGainTags = ReplayGainTags { track_gain_db: -6.48, track_peak: 0.988_553, album: None };
const BOTH: ReplayGainTags = ReplayGainTags {
    track_gain_db: 2.5,
    track_peak: 1.25,
    album: Some(AlbumGain { gain_db: -7.0, peak: 1.5 }),
};

/// Name and encoder arguments.
const CASES: &[(&str, &[&str])] = &[
    ("a.flac", &[]),
    ("v24.mp3", &["-c:a", "libmp3lame", "-id3v2_version", "4"]),
    ("v23.mp3", &["-c:a", "libmp3lame", "-id3v2_version", "3", "-write_id3v1", "1"]),
    ("none.mp3", &["-c:a", "libmp3lame", "-write_id3v2", "0", "-id3v2_version", "0"]),
    ("ape.mp3", &["-c:a", "libmp3lame"]),
    ("a.ogg", &["-c:a", "libvorbis"]),
    ("a.opus", &["-c:a", "libopus"]),
    ("last.m4a", &["-c:a", "aac"]),
    ("first.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
    ("alac.m4a", &["-c:a", "alac", "-movflags", "+faststart"]),
    ("bare.m4a", &["-c:a", "aac", "-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart"]),
    ("quicktime.mov", &["-c:a", "alac"]),
    ("a.wav", &[]),
    ("id3.wav", &["-write_id3v2", "1"]),
    ("a.aiff", &["-write_id3v2", "1"]),
    ("bare.aiff", &[]),
    ("a.wv", &[]),
];

fn as_analyzed(path: &Path) -> AnalyzedFile {
    let metadata = fs::metadata(path).unwrap();
    let ms = metadata.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_millis();
    AnalyzedFile {
        size_bytes: metadata.len(),
        modified: Timestamp(i64::try_from(ms).unwrap()),
        content_hash: Some(hash(path)),
    }
}

fn hash(path: &Path) -> ContentHash {
    ContentHash::from_bytes(*blake3::hash(&fs::read(path).unwrap()).as_bytes())
}

fn write(path: &Path, tags: &ReplayGainTags) -> Result<Rewritten> {
    write_replaygain(path, tags, &as_analyzed(path), &Limits::default())
}

/// A file of tagged music.
fn made(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let source = folder.join("source.wav");
    if !source.exists() {
        write_wav(folder, "source.wav", 44_100, &music(44_100, 30_001, 2));
    }
    let path = folder.join(name);
    let mut all = vec!["-i", source.to_str().unwrap()];
    for tag in [
        "title=Blue Monday",
        "artist=Ann\u{e9} & Bob",
        "album=First",
        "comment=\u{97f3}\u{697d} with = and a line",
        "track=3/12",
        "CUSTOM THING=kept",
        "REPLAYGAIN_TRACK_GAIN=+1.00 dB",
    ] {
        all.extend(["-metadata", tag]);
    }
    all.extend(arguments);
    all.push(path.to_str().unwrap());
    ffmpeg(&all);
    path
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// MD5 of the packets and of the decoded sound, as `ffmpeg` reads them.
fn sound(path: &Path) -> [String; 2] {
    [&["-c", "copy"][..], &["-c:a", "pcm_s32le"]].map(|codec| {
        let mut all = vec!["-nostdin", "-v", "error", "-i", path.to_str().unwrap(), "-map", "0:a"];
        all.extend(codec);
        all.extend(["-f", "md5", "-"]);
        run("ffmpeg", &all).unwrap()
    })
}

/// All tags that `ffprobe` finds, names in capitals.
fn tags(path: &Path) -> BTreeMap<String, String> {
    let path = path.to_str().unwrap();
    let entries = "format_tags:stream_tags";
    let text = run("ffprobe", &["-v", "error", "-show_entries", entries, "-of", "json", path]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let streams = json["streams"].as_array().into_iter().flatten().map(|stream| &stream["tags"]);
    streams
        .chain([&json["format"]["tags"]])
        .filter_map(|tags| tags.as_object())
        .flatten()
        .map(|(name, value)| (name.to_uppercase(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn is_gain(name: &str) -> bool {
    name.starts_with("REPLAYGAIN_") || name.starts_with("R128_")
}

/// An APEv2 tag, as MP3Gain leaves one.
fn ape_tag(items: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in items {
        body.extend((value.len() as u32).to_le_bytes());
        body.extend([0; 4]);
        body.extend([name.as_bytes(), &[0], value.as_bytes()].concat());
    }
    let mut footer = b"APETAGEX".to_vec();
    for number in [2_000, body.len() as u32 + 32, items.len() as u32, 0, 0, 0] {
        footer.extend(number.to_le_bytes());
    }
    [body, footer].concat()
}

#[test]
fn gains_are_written_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in CASES {
        let path = made(folder.path(), name, arguments);
        if *name == "ape.mp3" {
            let tag = ape_tag(&[("MP3GAIN_MINMAX", "089,179"), ("replaygain_track_gain", "-9.00 dB")]);
            fs::write(&path, [fs::read(&path).unwrap(), tag].concat()).unwrap();
        }
        let (sound_before, tags_before) = (sound(&path), tags(&path));
        let own_before = read_tags(&path, &Limits::default()).unwrap();
        for (values, track, album) in [(&TRACK, -6.48, None), (&BOTH, 2.5, Some(-7.0))] {
            let rewritten = write(&path, values).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(rewritten.changed, "{name}");
            let now = as_analyzed(&path);
            let told = AnalyzedFile {
                size_bytes: rewritten.size_bytes,
                modified: rewritten.modified,
                content_hash: Some(rewritten.content_hash),
            };
            assert_eq!(told, now, "{name}: what is told of the new file");
            // `ffmpeg` takes an APE tag behind MPEG audio for a packet.
            let same = if *name == "ape.mp3" { 1.. } else { 0.. };
            assert_eq!(sound(&path)[same.clone()], sound_before[same], "{name}: the sound");
            let after = tags(&path);
            let others = |tags: &BTreeMap<String, String>| {
                tags.iter()
                    .filter(|tag| !is_gain(tag.0))
                    .map(|(n, v)| (n.clone(), v.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(others(&after), others(&tags_before), "{name}: the other tags");
            // `ffprobe` does not look into the ID3 chunk of a WAVE file.
            if !name.ends_with(".wav") {
                let spelt = |gain: Option<f64>| gain.map(|db| format!("{db:.2} dB"));
                let gain = |name: &str| after.get(name).cloned();
                assert_eq!(gain("REPLAYGAIN_TRACK_GAIN"), spelt(Some(track)), "{name}: {after:?}");
                assert_eq!(gain("REPLAYGAIN_ALBUM_GAIN"), spelt(album), "{name}");
            }
            // One of each, in any case; the APE tag behind an MP3 has its own.
            let bytes = fs::read(&path).unwrap().to_ascii_uppercase();
            let count = bytes.windows(21).filter(|window| window == b"REPLAYGAIN_TRACK_GAIN").count();
            assert_eq!(count, if *name == "ape.mp3" { 2 } else { 1 }, "{name}");
            let own = read_tags(&path, &Limits::default()).unwrap();
            assert_eq!(own.warnings, own_before.warnings, "{name}");
            assert_eq!(own.tags.replaygain_track_gain_db, Some(track), "{name}");
            assert_eq!(own.tags.replaygain_album_gain_db, album, "{name}");
            assert_eq!(
                (&own.tags.title, own.cover),
                (&own_before.tags.title, own_before.cover.clone()),
                "{name}"
            );
            // What it says already is not written again.
            let again = write(&path, values).unwrap();
            assert_eq!(again, Rewritten { changed: false, ..rewritten }, "{name}");
            assert_eq!(as_analyzed(&path), now, "{name}");
        }
        // If nothing is given for the release, its gain stays.
        write(&path, &TRACK).unwrap();
        assert_eq!(read_tags(&path, &Limits::default()).unwrap().tags.replaygain_album_gain_db, Some(-7.0));
        assert!(
            fs::read_dir(folder.path()).unwrap().all(|entry| !entry
                .unwrap()
                .file_name()
                .as_encoded_bytes()
                .starts_with(b"."))
        );
    }
}

#[test]
fn other_programs_read_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = BTreeMap::new();
    let mutagen = "import sys, mutagen\nf = mutagen.File(sys.argv[1])\n\
         for k in f.tags.keys() if hasattr(f.tags, 'keys') else []:\n  v = f.tags[k]\n  \
         v = v[0] if isinstance(v, list) else v\n  \
         print(k, '=', v.decode() if isinstance(v, bytes) else getattr(v, 'text', [v])[0] if not isinstance(v, str) else v)\n";
    let has_mutagen =
        Command::new("python3").args(["-c", "import mutagen"]).status().is_ok_and(|status| status.success());
    for (name, arguments) in CASES {
        let path = made(folder.path(), name, arguments);
        write(&path, &BOTH).unwrap();
        let path = path.to_str().unwrap();
        let mut readings = Vec::new();
        let mut ask = |program: &'static str, arguments: &[&str]| {
            let reading = run(program, arguments);
            *asked.entry(program).or_insert(0) += usize::from(reading.is_some());
            readings.extend(reading.map(|text| (program, text)));
        };
        match name.rsplit('.').next().unwrap() {
            "flac" => ask("metaflac", &["--export-tags-to=-", path]),
            "opus" => ask("opusinfo", &[path]),
            "ogg" => ask("vorbiscomment", &["-l", path]),
            "wv" => ask("wvtag", &["-l", path]),
            _ => {}
        }
        if has_mutagen {
            ask("python3", &["-c", mutagen, path]);
        }
        if !name.ends_with(".wav") {
            ask("ffprobe", &["-v", "error", "-show_entries", "format_tags:stream_tags", path]);
        }
        for (program, text) in readings {
            let text = text.to_uppercase();
            for value in ["2.50 DB", "1.250000", "-7.00 DB", "1.500000"] {
                assert!(text.contains(value), "{program} finds no {value} in {name}:\n{text}");
            }
            // 2.5 dB to -18 LUFS are -2.5 dB to -23 LUFS.
            let r128 = text.contains("R128_TRACK_GAIN") && text.contains("-640");
            assert_eq!(r128, name.ends_with(".opus"), "{program}, {name}");
        }
    }
    println!("asked: {asked:?}, mutagen: {has_mutagen}");
}

#[test]
fn both_conventions_of_opus_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (tags, expected) in [
        (&["R128_TRACK_GAIN=-512"][..], (Some(3.0), None)),
        (&["R128_TRACK_GAIN=0", "R128_ALBUM_GAIN=-1280"], (Some(5.0), Some(0.0))),
        (&["REPLAYGAIN_TRACK_GAIN=-1.00 dB", "R128_TRACK_GAIN=0"], (Some(-1.0), None)),
        (&["R128_TRACK_GAIN=40000"], (None, None)),
    ] {
        let mut all = vec!["-c:a", "libopus", "-metadata", "REPLAYGAIN_TRACK_GAIN="];
        for tag in tags {
            all.extend(["-metadata", tag]);
        }
        let path = made(folder.path(), "a.opus", &all);
        let tags = read_tags(&path, &Limits::default()).unwrap().tags;
        assert_eq!((tags.replaygain_track_gain_db, tags.replaygain_album_gain_db), expected, "{all:?}");
    }
}

/// Files of a folder, copied and written: what generated files do not have. `FANFARE_MUSIC=FOLDER cargo nextest run
/// -p fanfare-audio --test replaygain --run-ignored only files_of`.
#[test]
#[ignore = "needs a folder of music"]
fn files_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let music = std::env::var_os("FANFARE_MUSIC").expect("FANFARE_MUSIC names a folder");
    let (mut written, mut refused) = (0, Vec::new());
    for entry in fs::read_dir(music).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let path = folder.path().join(entry.file_name());
        fs::copy(entry.path(), &path).unwrap();
        let Ok(before) = read_tags(&path, &Limits::default()) else { continue };
        let (whole, sound_before, tags_before) = (hash(&path), sound(&path), tags(&path));
        match write(&path, &BOTH) {
            Ok(_) => {
                let others = |tags: BTreeMap<String, String>| {
                    tags.into_iter().filter(|tag| !is_gain(&tag.0)).collect::<Vec<_>>()
                };
                assert_eq!(sound(&path), sound_before, "{}", path.display());
                assert_eq!(others(tags(&path)), others(tags_before), "{}", path.display());
                let after = read_tags(&path, &Limits::default()).unwrap();
                assert_eq!(after.tags.replaygain_album_gain_db, Some(-7.0), "{}", path.display());
                assert_eq!((after.tags.title, after.cover), (before.tags.title, before.cover));
                written += 1;
            }
            Err(error) => {
                assert_eq!(hash(&path), whole, "{}", path.display());
                refused.push(format!("{}: {error}", path.display()));
            }
        }
        fs::remove_file(&path).unwrap();
    }
    println!("{written} written; refused: {refused:#?}");
    assert!(written > 0);
}
