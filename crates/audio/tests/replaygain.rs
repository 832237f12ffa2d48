//! Writing gains into files: in every format, read back by other programs, with every other byte kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

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

fn heard(path: &Path) -> AnalyzedFile {
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
    write_replaygain(path, tags, &heard(path), &Limits::default())
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
            let now = heard(&path);
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
            assert_eq!(heard(&path), now, "{name}");
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

/// Bytes in the packets of headers behind the first, and the number of all pages.
fn ogg_headers(path: &Path, packets: usize) -> (usize, usize) {
    let bytes = fs::read(path).unwrap();
    let (mut at, mut pages, mut ended, mut length) = (0, 0, 0, 0);
    while at < bytes.len() {
        let table = &bytes[at + 27..][..usize::from(bytes[at + 26])];
        let size: usize = table.iter().map(|segment| usize::from(*segment)).sum();
        if pages > 0 && ended < packets {
            length += size;
            ended += table.iter().filter(|segment| **segment < 255).count();
        }
        at += 27 + table.len() + size;
        pages += 1;
    }
    (length, pages)
}

#[test]
fn comments_that_fill_pages_are_paged_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, packets) in [("a.ogg", "libvorbis", 2), ("a.opus", "libopus", 1)] {
        let made = |length: usize| {
            let long = format!("comment={}", "x".repeat(length));
            made(folder.path(), name, &["-c:a", codec, "-metadata", &long])
        };
        let others = ogg_headers(&made(1_000), packets).0 - 1_000;
        // A page holds 255 * 255 bytes: a few less than one and two of them, so that what is written needs another.
        for full in [65_025, 2 * 65_025] {
            let path = made(full - others - 20);
            let pages_before = ogg_headers(&path, packets).1;
            let (sound_before, tags_before) = (sound(&path), tags(&path));
            for values in [&TRACK, &BOTH] {
                write(&path, values).unwrap();
                // How `ffmpeg` pages the codebooks of Vorbis is its own affair.
                let pages = ogg_headers(&path, packets).1;
                assert!(pages == pages_before + 1 || codec == "libvorbis", "{name}: {pages}, {pages_before}");
                assert_eq!(sound(&path), sound_before, "{name}");
                assert_eq!(tags(&path)["COMMENT"], tags_before["COMMENT"], "{name}");
                assert_eq!(
                    support::hear_file(&path, &fanfare_audio::OpenOptions::default()).unwrap().warnings,
                    [""; 0]
                );
            }
        }
    }
}

/// The file with the page of its last header and the first one of sound joined, as some programs leave it.
fn sound_joined_to_headers(path: &Path, packets: usize) {
    let bytes = fs::read(path).unwrap();
    let (mut pages, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let table = &bytes[at + 27..][..usize::from(bytes[at + 26])];
        let size = 27 + table.len() + table.iter().map(|segment| usize::from(*segment)).sum::<usize>();
        pages.push(bytes[at..at + size].to_vec());
        at += size;
    }
    let ends =
        |page: &[u8]| page[27..][..usize::from(page[26])].iter().filter(|segment| **segment < 255).count();
    let mut ended = 0;
    let last = 1 + pages[1..]
        .iter()
        .position(|page| {
            ended += ends(page);
            ended == packets
        })
        .unwrap();
    let (header, sound) = (pages[last].clone(), pages.remove(last + 1));
    let parts = |page: &[u8]| {
        (page[27..][..usize::from(page[26])].to_vec(), page[27 + usize::from(page[26])..].to_vec())
    };
    let ((mut table, mut body), (more_table, more_body)) = (parts(&header), parts(&sound));
    table.extend(more_table);
    body.extend(more_body);
    let position = &sound[6..14];
    let count = [u8::try_from(table.len()).unwrap()];
    pages[last] = [&header[..6], position, &header[14..26], &count, &table, &body].concat();
    for (number, page) in (0_u32..).zip(&mut pages) {
        page[18..22].copy_from_slice(&number.to_le_bytes());
        page[22..26].fill(0);
        let sum = page.iter().fold(0_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
                sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
            })
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
    }
    fs::write(path, pages.concat()).unwrap();
}

#[test]
fn sound_on_the_page_of_the_headers_is_kept_as_well() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, packets) in [("a.ogg", "libvorbis", 2), ("a.opus", "libopus", 1)] {
        // Short pages, so that two fit into one.
        let path = made(folder.path(), name, &["-c:a", codec, "-page_duration", "20000"]);
        let whole = sound(&path);
        let pages = ogg_headers(&path, packets).1;
        sound_joined_to_headers(&path, packets);
        assert_eq!(ogg_headers(&path, packets).1, pages - 1, "{name}");
        assert_eq!(sound(&path), whole, "{name}: joined");
        let frames =
            |path: &Path| support::hear_file(path, &fanfare_audio::OpenOptions::default()).unwrap().planes;
        let heard_before = frames(&path);
        for values in [&TRACK, &BOTH] {
            write(&path, values).unwrap();
            assert_eq!(sound(&path), whole, "{name}");
            assert_eq!(frames(&path), heard_before, "{name}");
            assert_eq!(
                read_tags(&path, &Limits::default()).unwrap().tags.title.as_deref(),
                Some("Blue Monday")
            );
        }
    }
}

#[test]
fn id3_tags_of_every_version_keep_their_frames() {
    let folder = tempfile::tempdir().unwrap();
    let bare =
        made(folder.path(), "bare.mp3", &["-c:a", "libmp3lame", "-write_id3v2", "0", "-id3v2_version", "0"]);
    let sound_bytes = fs::read(&bare).unwrap();
    let tag = |version: u8, flags: u8, frames: &[u8]| {
        let size = [21, 14, 7, 0].map(|shift| (frames.len() >> shift & 0x7f) as u8);
        [b"ID3", &[version, 0, flags][..], &size, frames].concat()
    };
    let title23 = b"TIT2\0\0\0\x05\0\0\0Blue".to_vec();
    // A private frame with what unsynchronisation guards against.
    let private = b"PRIV\0\0\0\x06\0\0ab\0\xff\xe0\xff".to_vec();
    let private_guarded = b"PRIV\0\0\0\x06\0\0ab\0\xff\0\xe0\xff\0".to_vec();
    let old_gain =
        b"TXXX\0\0\0\x2f\0\0\x01\xff\xfer\0e\0p\0l\0a\0y\0g\0a\0i\0n\0_\0t\0r\0a\0c\0k\0_\0p\0e\0a\0k\0\0\0"
            .to_vec();
    type Case<'a> = (&'a str, Vec<u8>, Option<ErrorKind>, &'a [u8]);
    let cases: &[Case<'_>] = &[
        ("2.2", tag(2, 0, &[&b"TT2\0\0\x05\0Blue"[..], &[0; 20]].concat()), None, b"TT2\0\0\x05\0Blue"),
        ("2.3", tag(3, 0, &[&title23[..], &private, &[0; 100]].concat()), None, &private),
        ("2.3 in UTF-16", tag(3, 0, &[&title23[..], &old_gain].concat()), None, &title23),
        ("2.3 unsynchronised", tag(3, 0x80, &[&title23[..], &private_guarded].concat()), None, &private),
        ("2.4", tag(4, 0, &[&title23[..], &private].concat()), None, &private),
        ("an extended header", tag(3, 0x40, &title23), Some(ErrorKind::Unsupported), b""),
        ("an unknown version", tag(5, 0, &title23), Some(ErrorKind::Unsupported), b""),
        ("a frame too long", tag(3, 0, b"TIT2\0\0\0\x7f\0\0\0Blue"), Some(ErrorKind::Malformed), b""),
        ("a frame without a name", tag(3, 0, b"....\0\0\0\x01\0\0\0"), Some(ErrorKind::Malformed), b""),
    ];
    for (what, tag, expected, kept) in cases {
        let path = folder.path().join("case.mp3");
        fs::write(&path, [&tag[..], &sound_bytes].concat()).unwrap();
        let before = fs::read(&path).unwrap();
        let outcome = write(&path, &TRACK);
        assert_eq!(outcome.as_ref().err().map(fanfare_model::Error::kind), *expected, "{what}: {outcome:?}");
        let after = fs::read(&path).unwrap();
        if expected.is_some() {
            assert_eq!(after, before, "{what}");
            continue;
        }
        assert!(after.ends_with(&sound_bytes), "{what}");
        assert_eq!(after[3], before[3], "{what}: the version");
        assert!(after.windows(kept.len()).any(|window| window == *kept), "{what}");
        assert!(!after.windows(old_gain.len()).any(|window| window == old_gain), "{what}");
        assert_eq!(read_tags(&path, &Limits::default()).unwrap().tags.replaygain_track_gain_db, Some(-6.48));
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let flac = made(folder.path(), "a.flac", &[]);
    let bytes = fs::read(&flac).unwrap();
    let own = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let (hard, link, gone) =
        (own("hard.flac", &bytes), folder.path().join("link.flac"), folder.path().join("gone.flac"));
    fs::hard_link(&hard, folder.path().join("other.flac")).unwrap();
    std::os::unix::fs::symlink(&flac, &link).unwrap();
    let cut = own("cut.flac", &bytes[..60]);
    let two_streams = {
        let ogg = fs::read(made(folder.path(), "one.ogg", &["-c:a", "libvorbis"])).unwrap();
        own("two.ogg", &[&ogg[..], &ogg].concat())
    };
    let mut streamed = fs::read(made(folder.path(), "b.wav", &[])).unwrap();
    streamed[4..8].fill(0xff);
    let streamed = own("streamed.wav", &streamed);
    let fragmented = made(folder.path(), "f.m4a", &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]);
    let matroska = made(folder.path(), "a.mka", &["-c:a", "flac"]);
    let here = |path: &Path| Some(heard(path));
    let other_size = AnalyzedFile { size_bytes: 1, ..heard(&flac) };
    let other_time = AnalyzedFile { modified: Timestamp(0), ..heard(&flac) };
    let other_bytes = AnalyzedFile { content_hash: Some(ContentHash::from_bytes([7; 32])), ..heard(&flac) };
    let nonsense = ReplayGainTags { track_gain_db: f64::INFINITY, ..TRACK };
    for (what, path, seen, values, kind) in [
        ("a hard link", &hard, here(&hard), TRACK, ErrorKind::Unsupported),
        ("a symbolic link", &link, here(&link), TRACK, ErrorKind::Unsupported),
        ("two streams", &two_streams, here(&two_streams), TRACK, ErrorKind::Unsupported),
        ("a wave of unknown length", &streamed, here(&streamed), TRACK, ErrorKind::Unsupported),
        ("fragments", &fragmented, here(&fragmented), TRACK, ErrorKind::Unsupported),
        ("Matroska", &matroska, here(&matroska), TRACK, ErrorKind::Unsupported),
        ("a file cut short", &cut, here(&cut), TRACK, ErrorKind::Malformed),
        ("another size", &flac, Some(other_size), TRACK, ErrorKind::Conflict),
        ("another time", &flac, Some(other_time), TRACK, ErrorKind::Conflict),
        ("other bytes", &flac, Some(other_bytes), TRACK, ErrorKind::Conflict),
        ("no gain", &flac, here(&flac), nonsense, ErrorKind::Invalid),
        ("no file", &gone, None, TRACK, ErrorKind::NotFound),
    ] {
        let before = fs::read(path).ok();
        let seen = seen.unwrap_or_else(|| heard(&flac));
        let error = write_replaygain(path, &values, &seen, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
        assert_eq!(fs::read(path).ok(), before, "{what}");
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.filter(|name| name.to_string_lossy().ends_with(".tmp")).count(), 0, "{what}");
    }
    assert!(link.is_symlink());
}

#[test]
fn owner_mode_and_attributes_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.flac", &[]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let attributed =
        rustix::fs::setxattr(&path, "user.mood", b"blue", rustix::fs::XattrFlags::empty()).is_ok();
    let before = fs::metadata(&path).unwrap();
    write(&path, &BOTH).unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "another file");
    if attributed {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&path, "user.mood", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"blue");
    }
}

/// Names the file to the process that [`a_kill_leaves_one_file_or_the_other`] starts.
const VICTIM: &str = "FANFARE_TEST_REWRITES";

#[test]
#[ignore = "it goes on until it is killed: `a_kill_leaves_one_file_or_the_other` starts it"]
fn rewrites_until_killed() {
    use std::io::Write as _;
    let path = PathBuf::from(std::env::var_os(VICTIM).unwrap());
    for values in [&BOTH, &TRACK].into_iter().cycle() {
        // Whatever a kill left behind must not stand in the way.
        write(&path, values).unwrap();
        println!("written");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_kill_leaves_one_file_or_the_other() {
    use std::io::BufRead as _;
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.flac", &[]);
    let mut whole = vec![hash(&path)];
    for values in [&TRACK, &BOTH, &TRACK] {
        write(&path, values).unwrap();
        whole.push(hash(&path));
    }
    let mut chance = fanfare_testkit::Seeded::new(50);
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "rewrites_until_killed", "--nocapture"])
            .env(VICTIM, &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 1 + chance.below(6);
        let seen = lines.map(Result::unwrap).filter(|line| line.contains("written")).take(wanted).count();
        assert_eq!(seen, wanted, "round {round}: it ended by itself");
        // Into the next write, somewhere.
        (0..chance.below(2_000_000)).for_each(|n| {
            std::hint::black_box(n);
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(whole.contains(&hash(&path)), "round {round}: neither the old file nor the new");
    }
    write(&path, &TRACK).unwrap();
    write(&path, &BOTH).unwrap();
    assert!(
        !fs::read_dir(folder.path()).unwrap().any(|entry| entry
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "tmp"))
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_not_be_written_to_is_a_plain_refusal() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.flac", &[]);
    let before = hash(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Tests may run as root, who is asked for no permission unless a thread gives that up.
    let asked = path.clone();
    let outcome = std::thread::spawn(move || {
        let mut rights = rustix::thread::capabilities(None).unwrap();
        rights.effective.remove(rustix::thread::CapabilitySet::DAC_OVERRIDE);
        rustix::thread::set_capabilities(None, rights).unwrap();
        write(&asked, &TRACK)
    });
    let error = outcome.join().unwrap().unwrap_err();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(error.remedy_text().unwrap().contains("switch the writing of tags off"), "{error}");
    assert_eq!(hash(&path), before);
}

#[test]
fn damaged_headers_are_refused_or_survived() {
    let folder = tempfile::tempdir().unwrap();
    let mut chance = fanfare_testkit::Seeded::new(77);
    let mut refused = 0;
    for name in ["v23.mp3", "a.flac", "a.ogg", "a.opus", "first.m4a", "id3.wav", "a.aiff", "a.wv"] {
        let arguments = CASES.iter().find(|case| case.0 == name).unwrap().1;
        let whole = fs::read(made(folder.path(), name, arguments)).unwrap();
        let path = folder.path().join(name);
        for round in 0..40 {
            let mut bytes = whole.clone();
            // The tags of some stand at the end.
            let place = chance.below(2_000.min(bytes.len()));
            let place = if name.ends_with(".wv") { bytes.len() - 1 - place.min(400) } else { place };
            match round % 3 {
                0 => bytes[place] = chance.next_u64() as u8,
                1 => bytes[place] ^= 1 << chance.below(8),
                _ => bytes.truncate(place + 1),
            }
            fs::write(&path, &bytes).unwrap();
            match write(&path, &BOTH) {
                Ok(_) => {
                    let now = read_tags(&path, &Limits::default()).unwrap().tags;
                    assert_eq!(
                        now.replaygain_album_gain_db,
                        Some(-7.0),
                        "{name}, round {round}, byte {place}"
                    );
                }
                Err(error) => {
                    assert_ne!(
                        error.kind(),
                        ErrorKind::Internal,
                        "{name}, round {round}, byte {place}: {error}"
                    );
                    assert_eq!(fs::read(&path).unwrap(), bytes, "{name}, round {round}, byte {place}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 50, "{refused}");
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
