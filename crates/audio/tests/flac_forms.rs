//! Forms of FLAC that libraries read wrongly or refuse, each as a small generated file (issue 13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::{fs, path::Path, process::Command};

use fanfare_audio::{Limits, OpenOptions, open, read_tags};
use fanfare_model::{ErrorKind, FrameIndex};
use support::{
    decode_file, encode, ffmpeg,
    forms::{FRAMES, RATE_HZ, decode_whole, source},
    music,
};

#[test]
fn flac_with_anything_behind_its_audio_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    for (name, channels, flags) in [
        ("a.flac", 2, &["-compression_level", "5"][..]),
        ("b.flac", 1, &["-compression_level", "0"][..]),
        ("c.flac", 6, &["-compression_level", "8"][..]),
    ] {
        let path = encode(&source(folder.path(), channels), name, flags);
        let plain = fs::read(&path).unwrap();
        let truth = decode_whole(&path).planes;
        let mut ape = b"APETAGEX\xd0\x07\0\0\x28\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        ape.splice(0..0, [0; 8]);
        let id3v1 = [&b"TAG"[..], &[b'x'; 125]].concat();
        let noise: Vec<u8> = (0..70_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (what, behind) in [
            ("nothing", Vec::new()),
            ("one zero", vec![0]),
            ("zeros", vec![0; 9_000]),
            ("ID3v1", id3v1.clone()),
            ("APE", ape.clone()),
            ("APE and ID3v1", [ape, id3v1].concat()),
            ("text", b"ripped by a friend\r\n".repeat(30)),
            ("noise", noise),
        ] {
            fs::write(&path, [&plain[..], &behind].concat()).unwrap();
            let decoded = decode_whole(&path);
            assert_eq!(decoded.planes, truth, "{name} and {what}");
            assert!(decoded.warnings.is_empty(), "{name} and {what}: {:?}", decoded.warnings);
        }
    }
}

#[test]
fn flac_that_goes_on_at_another_rate_says_what_was_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = encode(&source(folder.path(), 2), "a.flac", &[]);
    let slow = encode(&source(folder.path(), 2), "slow.flac", &["-ar", "32000"]);
    let mono = encode(&source(folder.path(), 2), "mono.flac", &["-ac", "1"]);
    for other in [slow, mono] {
        let joined = [fs::read(&path).unwrap(), fs::read(&other).unwrap()].concat();
        let target = folder.path().join("joined.flac");
        fs::write(&target, joined).unwrap();
        let decoded = decode_whole(&target);
        assert!(decoded.frames() + 4_608 >= FRAMES, "{} frames", decoded.frames());
        assert!(decoded.warnings.iter().any(|line| line.contains("change")), "{:?}", decoded.warnings);
    }
}

/// The bytes behind the metadata of a FLAC file: its frames.
fn frames_of(bytes: &[u8]) -> &[u8] {
    let mut at = 4;
    loop {
        let length = u32::from_be_bytes([0, bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
        let last = bytes[at] & 0x80 != 0;
        at += 4 + length;
        if last {
            return &bytes[at..];
        }
    }
}

/// What a scan says of a file: container, codec, depth, rate, channels, frames.
fn told(path: &Path) -> (String, String, Option<u8>, u32, u8, Option<u64>) {
    let audio = read_tags(path, &Limits::default()).unwrap().audio.unwrap();
    assert!(audio.is_lossless(), "{}", path.display());
    let (rate, channels) = (audio.sample_rate_hz, audio.channels);
    (audio.container, audio.codec, audio.bit_depth, rate, channels, audio.frames)
}

/// A seek lands on the same samples as a decode from the start.
fn assert_seeks(path: &Path, truth: &[Vec<f32>]) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    assert_eq!(source.seek(FrameIndex(70_001)).unwrap(), FrameIndex(70_001));
    let chunk = source.next_chunk().unwrap().unwrap();
    assert_eq!(chunk.first_frame(), FrameIndex(70_001));
    assert_eq!(chunk.planes()[0], truth[0][70_001..70_001 + chunk.frames()], "{}", path.display());
}

/// Frames without a head, or with other bytes in front: no metadata block says rate, depth and length.
#[test]
fn flac_frames_without_a_head_are_played_whole() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..5_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    for (channels, depth, flags) in [
        (2, 16, &["-compression_level", "5"][..]),
        (1, 16, &["-frame_size", "1152"][..]),
        (6, 16, &["-compression_level", "8"][..]),
        (2, 24, &["-sample_fmt", "s32", "-bits_per_raw_sample", "24"][..]),
    ] {
        let path = encode(&source(folder.path(), channels), "a.flac", flags);
        let whole = fs::read(&path).unwrap();
        let frames = frames_of(&whole);
        let truth = decode_whole(&path).planes;
        for (what, bytes) in [
            ("no head", frames.to_vec()),
            ("noise before the frames", [&noise, frames].concat()),
            ("noise before the head", [&noise, &whole[..]].concat()),
            ("ID3v1 behind", [frames, b"TAG", &[b'x'; 125]].concat()),
        ] {
            fs::write(&path, bytes).unwrap();
            let decoded = decode_whole(&path);
            let what = format!("{channels} channels of {depth} bits, {what}");
            assert_eq!((decoded.planes == truth, decoded.frames()), (true, FRAMES), "{what}");
            assert!(decoded.warnings.is_empty(), "{what}: {:?}", decoded.warnings);
            let expected = ("flac".to_owned(), "flac".to_owned(), Some(depth), RATE_HZ, channels as u8);
            let (container, codec, bits, rate_hz, count, length) = told(&path);
            assert_eq!((container, codec, bits, rate_hz, count), expected, "{what}");
            assert_eq!(length, Some(FRAMES as u64), "{what}");
            assert_seeks(&path, &truth);
            let reading = read_tags(&path, &Limits::default()).unwrap();
            assert!(reading.warnings.is_empty(), "{what}: {:?}", reading.warnings);
        }
    }
}

/// Issue 13: frames of FLAC inside a damaged Matroska file were taken for a stream without a head, 0.09 s of 12 s long. Ogg
/// behind other bytes is Ogg.
#[test]
fn flac_inside_another_container_is_never_taken_for_a_stream_without_a_head() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), 2);
    let (matroska, ogg) =
        (encode(&source, "a.mka", &["-c:a", "flac"]), encode(&source, "a.oga", &["-c:a", "flac"]));
    let (in_matroska, in_ogg) = (fs::read(&matroska).unwrap(), fs::read(&ogg).unwrap());
    let noise: Vec<u8> = (0..100_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    for (what, bytes) in [
        ("no mark", [&[0; 4], &in_matroska[4..]].concat()),
        ("1,000 bytes are missing", in_matroska[1_000..].to_vec()),
        ("half is missing", in_matroska[in_matroska.len() / 2..].to_vec()),
        ("noise in front", [&noise, &in_matroska[..]].concat()),
    ] {
        fs::write(&matroska, bytes).unwrap();
        let refused = open(&matroska, &OpenOptions::default()).err().map(|error| error.kind());
        assert_eq!(refused, Some(ErrorKind::NotAudio), "Matroska: {what}");
    }
    let truth = decode_whole(&ogg).planes;
    for noise in [&noise[..1], &noise] {
        fs::write(&ogg, [noise, &in_ogg].concat()).unwrap();
        let decoded = decode_whole(&ogg);
        assert!(decoded.planes == truth && decoded.warnings.is_empty(), "{:?}", decoded.warnings);
    }
}

/// `ffmpeg` writes FLAC into CAF with wrong numbers in the table of packets, and cannot read it back.
#[test]
fn flac_in_caf_is_played_whole_whatever_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    for channels in [1, 2, 6] {
        let source = source(folder.path(), channels);
        let path = encode(&source, "a.caf", &["-c:a", "flac", "-f", "caf"]);
        let truth = decode_whole(&source).planes;
        let decoded = decode_whole(&path);
        assert_eq!((decoded.planes == truth, decoded.frames()), (true, FRAMES), "{channels} channels");
        assert!(decoded.warnings.is_empty(), "{channels} channels: {:?}", decoded.warnings);
        let (container, codec, bits, rate_hz, count, length) = told(&path);
        assert_eq!((&*container, &*codec, bits), ("caf", "flac", Some(16)));
        assert_eq!((rate_hz, usize::from(count), length), (RATE_HZ, channels, Some(FRAMES as u64)));
        assert_seeks(&path, &truth);
    }
}

/// A checksum of FLAC, most significant bit first, from zero (RFC 9639, sections 9.1.8 and 9.3).
fn crc(bytes: &[u8], polynomial: u32, bits: u32) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << (bits - 8), |crc, _| {
            let carry = crc >> (bits - 1) & 1;
            ((crc << 1) ^ (carry * polynomial)) & ((1 << bits) - 1)
        })
    })
}

/// Blocks of several sizes. In the form of today the second byte says so; encoders before 2007 (Flake 0.11) wrote the
/// numbers of samples, too, but said that all blocks are of one size.
#[test]
fn flac_with_blocks_of_any_size_is_played_whole_in_its_new_and_its_old_form() {
    let folder = tempfile::tempdir().unwrap();
    let plane = music(RATE_HZ, FRAMES, 1).remove(0);
    let samples: Vec<i16> = plane.iter().map(|sample| (sample * 32_000.0) as i16).collect();
    let truth: Vec<f32> = samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    for (name, sync) in [("new.flac", 0xf9), ("old.flac", 0xf8)] {
        let mut frames = Vec::new();
        let mut at = 0;
        for size in [4_608, 1_152, 2_304, 4_096, 576].into_iter().cycle() {
            let block = &samples[at..samples.len().min(at + size)];
            if block.is_empty() {
                break;
            }
            // One block of that size, encoded by itself.
            let (raw, one) = (folder.path().join("block.raw"), folder.path().join("block.flac"));
            fs::write(&raw, block.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>())
                .unwrap();
            let frame_size = block.len().max(16).to_string();
            let (raw, target) = (raw.to_str().unwrap(), one.to_str().unwrap());
            let from = ["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", raw];
            ffmpeg(&[&from[..], &["-c:a", "flac", "-frame_size", &frame_size, target]].concat());
            let bytes = fs::read(&one).unwrap();
            let frame = frames_of(&bytes);
            let size_bytes = match frame[2] >> 4 {
                6 => 1,
                7 => 2,
                _ => 0,
            };
            // The number, of three bytes as in UTF-8, in place of the single byte 0.
            let number = [0xe0 | at as u32 >> 12, 0x80 | at as u32 >> 6 & 63, 0x80 | at as u32 & 63];
            let mut changed = vec![0xff, sync, frame[2], frame[3]];
            if at > 65_535 {
                changed.extend([
                    0xf0,
                    0x80 | (at >> 12) as u8,
                    0x80 | (at >> 6 & 63) as u8,
                    0x80 | (at & 63) as u8,
                ]);
            } else if at >= 2_048 {
                changed.extend(number.map(|byte| byte as u8));
            } else {
                assert_eq!(at, 0);
                changed.push(0);
            }
            changed.extend(&frame[5..5 + size_bytes]);
            changed.push(crc(&changed, 0x07, 8) as u8);
            changed.extend(&frame[5 + size_bytes + 1..frame.len() - 2]);
            let sum = crc(&changed, 0x8005, 16) as u16;
            changed.extend(sum.to_be_bytes());
            frames.extend(changed);
            at += block.len();
        }
        let mut head = b"fLaC\x80\0\0\x22".to_vec();
        head.extend(576_u16.to_be_bytes());
        head.extend(4_608_u16.to_be_bytes());
        head.extend([0; 6]);
        head.extend((u64::from(RATE_HZ) << 44 | 15 << 36 | FRAMES as u64).to_be_bytes());
        head.extend([0; 16]);
        let path = folder.path().join(name);
        // Without a head the old form must not be taken for blocks of one size: it would be full of holes.
        fs::write(&path, &frames).unwrap();
        if let Ok(decoded) = decode_file(&path, &OpenOptions::default()) {
            assert!(decoded.frames() <= FRAMES, "{name} without a head: {} frames", decoded.frames());
            assert_eq!(decoded.planes[0], truth[..decoded.frames()], "{name} without a head");
        }
        fs::write(&path, [head, frames].concat()).unwrap();
        let program = Command::new("flac").args(["-s", "-t"]).arg(&path).output();
        let program =
            program.unwrap_or_else(|error| panic!("this test needs flac (`make test` installs it): {error}"));
        assert!(program.status.success(), "{name} is no FLAC: {}", String::from_utf8_lossy(&program.stderr));
        let decoded = decode_whole(&path);
        assert_eq!((decoded.planes[0] == truth, decoded.frames()), (true, FRAMES), "{name}");
        assert!(decoded.warnings.is_empty(), "{name}: {:?}", decoded.warnings);
        let told = told(&path);
        println!("{name}: {told:?}, decoded as {:?}", decoded.facts);
        assert_eq!((&*told.1, told.2, told.5), ("flac", Some(16), Some(FRAMES as u64)), "{name}");
        assert_eq!((&*decoded.facts.codec, decoded.facts.bit_depth), ("flac", Some(16)), "{name}");
    }
}
