//! Tags, covers and properties of every container, read without decoding.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use fanfare_audio::{Limits, OpenOptions, normalise_cover, open, read_tags};
use fanfare_testkit::Seeded;
use support::{decode_file, encode, ffmpeg, music, write_wav};

const FRAMES: usize = 100_000;

/// Name, encoder arguments, codec, whether it keeps every bit, frames expected (0 for "about").
const CASES: &[(&str, &[&str], &str, bool, u64)] = &[
    ("a.wav", &[], "pcm_s16le", true, 100_000),
    ("a.aiff", &["-write_id3v2", "1"], "pcm_s16be", true, 100_000),
    ("a.flac", &[], "flac", true, 100_000),
    ("a.mp3", &["-c:a", "libmp3lame"], "mp3", false, 100_000),
    ("v23.mp3", &["-c:a", "libmp3lame", "-id3v2_version", "3", "-write_id3v1", "1"], "mp3", false, 100_000),
    ("a.m4a", &["-c:a", "aac"], "aac", false, 100_000),
    ("alac.m4a", &["-c:a", "alac"], "alac", true, 100_000),
    ("a.ogg", &["-c:a", "libvorbis"], "vorbis", false, 100_000),
    ("a.opus", &["-c:a", "libopus"], "opus", false, 108_844),
    // APEv2 calls the date `Year`, which `ffmpeg` does not know.
    ("a.wv", &["-metadata", "Year=1983"], "wavpack", true, 100_000),
    ("a.tta", &["-metadata", "Year=1983"], "tta", true, 100_000),
    ("a.wma", &["-c:a", "wmav2", "-metadata", "WM/Year=1983"], "wmav2", false, 0),
    ("flac.ogg", &["-c:a", "flac"], "flac", true, 100_000),
    ("a.mka", &["-c:a", "flac"], "flac", true, 0),
    ("a.webm", &["-c:a", "libopus"], "opus", false, 0),
];

#[test]
fn tags_and_properties_of_every_container() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, FRAMES, 2));
    for (name, arguments, codec, lossless, frames) in CASES {
        let path = folder.path().join(name);
        let mut all = vec!["-i", source.to_str().unwrap()];
        for tag in [
            "title=Blue \u{202e}Monday",
            "artist=Ann\u{e9} & Bob",
            "album=First\tAlbum",
            "genre=Synth",
            "date=1983-03-07",
            "track=3/12",
        ] {
            all.extend(["-metadata", tag]);
        }
        all.extend(*arguments);
        all.push(path.to_str().unwrap());
        ffmpeg(&all);
        let reading = read_tags(&path, &Limits::default()).unwrap();
        assert!(reading.warnings.is_empty(), "{name}: {:?}", reading.warnings);
        let tags = &reading.tags;
        assert_eq!(tags.title.as_deref(), Some("Blue Monday"), "{name}");
        assert_eq!(tags.artist.as_deref(), Some("Ann\u{e9} & Bob"), "{name}");
        assert_eq!(tags.album.as_deref(), Some("First Album"), "{name}");
        assert_eq!(tags.genre.as_deref(), Some("Synth"), "{name}");
        assert_eq!(tags.year, Some(1983), "{name}");
        // RIFF has no field for the total.
        assert_eq!(tags.track_number, Some(3), "{name}: {tags:?}");
        let audio = reading.audio.unwrap();
        assert_eq!((audio.codec.as_str(), audio.channels), (*codec, 2), "{name}");
        assert_eq!(audio.is_lossless(), *lossless, "{name}");
        if *frames > 0 {
            assert_eq!(audio.frames, Some(*frames), "{name}");
        }
        let seconds = audio.duration_s().unwrap();
        assert!((2.2..2.4).contains(&seconds), "{name}: {seconds} s");
        assert!(audio.bitrate_bps.unwrap() > 20_000, "{name}");
        assert_eq!(audio.bit_depth, lossless.then_some(16), "{name}");
        // The headers agree with what decoding gives.
        let spec = open(&path, &OpenOptions::default()).unwrap().spec();
        assert_eq!((spec.rate.hz(), spec.channels()), (audio.sample_rate_hz, 2), "{name}");
    }
}

#[test]
fn gains_numbers_and_covers_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 20_000, 2));
    let picture = folder.path().join("cover.png");
    ffmpeg(&["-f", "lavfi", "-i", "color=red:size=1400x700", "-frames:v", "1", picture.to_str().unwrap()]);
    for (name, arguments) in
        [("a.flac", &["-c:a", "flac"][..]), ("a.mp3", &["-c:a", "libmp3lame"]), ("a.m4a", &["-c:a", "aac"])]
    {
        let path = folder.path().join(name);
        let mut all = vec!["-i", source.to_str().unwrap(), "-i", picture.to_str().unwrap()];
        all.extend(["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v:0", "attached_pic"]);
        all.extend(["-metadata:s:v", "comment=Cover (front)"]);
        if name != "a.m4a" {
            all.extend([
                "-metadata",
                "REPLAYGAIN_TRACK_GAIN=-6.48 dB",
                "-metadata",
                "REPLAYGAIN_TRACK_PEAK=0.98",
            ]);
        }
        all.extend(arguments);
        all.push(path.to_str().unwrap());
        ffmpeg(&all);
        let reading = read_tags(&path, &Limits::default()).unwrap();
        if name != "a.m4a" {
            assert_eq!(reading.tags.replaygain_track_gain_db, Some(-6.48), "{name}");
            assert_eq!(reading.tags.replaygain_track_peak, Some(0.98), "{name}");
        }
        let cover = normalise_cover(&reading.cover.unwrap(), &Limits::default()).unwrap();
        assert_eq!((cover.width, cover.height), (1_000, 500), "{name}");
        // A cover is no second track to hear.
        assert_eq!(decode_file(&path, &OpenOptions::default()).unwrap().frames(), 20_000, "{name}");
    }
    let path = encode(&source, "a.opus", &["-c:a", "libopus", "-metadata", "R128_TRACK_GAIN=-512"]);
    assert_eq!(read_tags(&path, &Limits::default()).unwrap().tags.replaygain_track_gain_db, Some(3.0));

    // issue 12: a gain or peak that no audio can have is not taken from a file.
    for (name, values) in [
        ("b.opus", &["R128_TRACK_GAIN=32767"][..]),
        ("c.flac", &["REPLAYGAIN_TRACK_GAIN=60 dB", "REPLAYGAIN_TRACK_PEAK=0.5"]),
        ("d.flac", &["REPLAYGAIN_TRACK_GAIN=-59 dB"]),
        ("e.mp3", &["REPLAYGAIN_TRACK_GAIN=-30 dB", "REPLAYGAIN_TRACK_PEAK=0.01"]),
    ] {
        let metadata: Vec<&str> = values.iter().flat_map(|value| ["-metadata", value]).collect();
        let reading = read_tags(&encode(&source, name, &metadata), &Limits::default()).unwrap();
        assert_eq!(reading.tags.replaygain_track_gain_db, None, "{name}");
    }
}

/// One bit per sample, made by a first-order modulator (Candy, Temes 1992), as a DSF file.
fn dsf(tone: &[f32]) -> Vec<u8> {
    const BLOCK: usize = 4_096;
    let (mut bits, mut sum) = (Vec::new(), 0.0);
    for sample in tone {
        for _ in 0..64 {
            let bit = sum + f64::from(*sample) >= 0.0;
            sum += f64::from(*sample) - if bit { 1.0 } else { -1.0 };
            bits.push(bit);
        }
    }
    let mut plane: Vec<u8> = bits
        .chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, |value, (place, bit)| value | u8::from(*bit) << place))
        .collect();
    plane.resize(plane.len().div_ceil(BLOCK) * BLOCK, 0x69); // silence in DSD
    let samples = bits.len() as u64;
    let length = 28 + 52 + 12 + plane.len() as u64 * 2;
    let mut file = b"DSD ".to_vec();
    file.extend([28_u64, length, 0].iter().flat_map(|value| value.to_le_bytes()));
    file.extend(b"fmt ");
    file.extend(52_u64.to_le_bytes());
    file.extend([1_u32, 0, 2, 2, 2_822_400, 1].iter().flat_map(|value| value.to_le_bytes()));
    file.extend(samples.to_le_bytes());
    file.extend([BLOCK as u32, 0].iter().flat_map(|value| value.to_le_bytes()));
    file.extend(b"data");
    file.extend((12 + plane.len() as u64 * 2).to_le_bytes());
    for block in plane.chunks(BLOCK) {
        file.extend(block);
        file.extend(block);
    }
    file
}

#[test]
fn dsd_is_heard_as_pcm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dsf");
    let tone = fanfare_testkit::signals::sine(44_100, 1.0, 1_000.0, 0.5);
    std::fs::write(&path, dsf(&tone)).unwrap();
    let audio = read_tags(&path, &Limits::default()).unwrap().audio.unwrap();
    assert_eq!((audio.codec.as_str(), audio.sample_rate_hz, audio.channels), ("dsd", 88_200, 2));
    assert!((audio.duration_s().unwrap() - 1.0).abs() < 0.01);
    let decoded = decode_file(&path, &OpenOptions::default()).unwrap();
    assert_eq!((decoded.rate_hz, decoded.planes.len()), (88_200, 2));
    let middle = &decoded.planes[0][20_000..60_000];
    let level = (middle.iter().map(|sample| sample * sample).sum::<f32>() / middle.len() as f32).sqrt();
    assert!((0.25..0.45).contains(&level), "RMS {level}, of a sine of amplitude 0.5");
    let crossings = middle.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((440..=470).contains(&crossings), "{crossings} periods of 1 kHz in 0.45 s");
}

#[test]
fn damaged_tags_cost_a_warning_not_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 20_000, 2));
    let plain =
        std::fs::read(encode(&source, "a.mp3", &["-c:a", "libmp3lame", "-id3v2_version", "0"])).unwrap();
    let path = folder.path().join("tagged.mp3");
    let mut random = Seeded::new(5);
    let noise: Vec<u8> = (0..3_000).map(|_| random.next_u64() as u8).collect();
    let tag = |length: usize, body: &[u8]| {
        let size = [length >> 21, length >> 14, length >> 7, length].map(|part| (part & 0x7f) as u8);
        [b"ID3\x04\0\0".as_slice(), &size, body].concat()
    };
    let frame = |id: &[u8], declared: [u8; 4], body: &[u8]| [id, &declared, &[0, 0], body].concat();
    let hundred_thousand: Vec<u8> =
        (0..100_000).flat_map(|_| frame(b"TIT2", [0, 0, 0, 2], b"\x03x")).collect();
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("noise", tag(3_000, &noise)),
        ("frame longer than the tag", tag(100, &frame(b"APIC", [0x7f; 4], &[1; 90]))),
        ("tag longer than the file", tag(0x0fff_ffff, b"")),
        ("a hundred thousand frames", tag(hundred_thousand.len(), &hundred_thousand)),
        ("no text encoding", tag(20, &frame(b"TIT2", [0, 0, 0, 10], &[9; 10]))),
    ];
    for (what, front) in bodies {
        std::fs::write(&path, [&*front, &*plain].concat()).unwrap();
        let reading = read_tags(&path, &Limits::default()).unwrap();
        assert_eq!(reading.audio.unwrap().codec, "mp3", "{what}");
        assert_eq!(decode_file(&path, &OpenOptions::default()).unwrap().frames(), 20_000, "{what}");
    }
}

/// A scan of 10,000 files must take seconds: reading tags may touch only headers. Here it is counted in bytes
/// read, which does not depend on the machine.
#[test]
fn reading_tags_reads_little_of_a_long_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 2_000_000, 2));
    let bytes_read = || -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/io").unwrap();
        text.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    };
    let check = |path: &Path| {
        let before = bytes_read();
        read_tags(path, &Limits::default()).unwrap();
        let read = bytes_read() - before;
        assert!(read < 900_000, "{}: {read} bytes were read", path.display());
    };
    check(&source);
    for (name, arguments) in [
        ("a.flac", &[][..]),
        ("a.mp3", &["-c:a", "libmp3lame"]),
        ("a.m4a", &["-c:a", "aac"]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.wv", &[]),
    ] {
        check(&encode(&source, name, arguments));
    }
}
