//! Forms of known formats that libraries read wrongly or refuse: each as a small generated file, compared with `ffmpeg`'s own
//! decode of it or with what was encoded (issue 13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_audio::{FfmpegUse, Limits, OpenOptions, open, read_tags};
use fanfare_model::{ErrorKind, FrameIndex};
use support::{
    decode_file, encode, ffmpeg,
    forms::{FRAMES, RATE_HZ, assert_as_ffmpeg, decode_whole, decoded_by_ffmpeg, source},
    music, snr_db, write_wav,
};

#[test]
fn vorbis_of_every_layout_sounds_as_other_decoders_play_it() {
    let folder = tempfile::tempdir().unwrap();
    for channels in 1..=8 {
        let source = source(folder.path(), channels);
        for name in ["a.ogg", "a.mka"] {
            let path = encode(&source, &format!("{channels}{name}"), &["-c:a", "libvorbis", "-q:a", "4"]);
            let decoded = decode_whole(&path);
            assert_eq!((decoded.facts.codec.as_str(), decoded.planes.len()), ("vorbis", channels), "{name}");
            assert_as_ffmpeg(&path, &decoded);
        }
    }
}

#[test]
fn the_output_gain_of_opus_in_mp4_is_big_endian() {
    let folder = tempfile::tempdir().unwrap();
    let path = encode(&source(folder.path(), 2), "a.mp4", &["-c:a", "libopus"]);
    let plain = decode_whole(&path);
    let mut bytes = fs::read(&path).unwrap();
    let head = bytes.windows(4).position(|window| window == b"dOps").unwrap();
    bytes[head + 12..head + 14].copy_from_slice(&(-1541_i16).to_be_bytes());
    fs::write(&path, bytes).unwrap();
    let halved = decode_whole(&path);
    let near = |(plain, half): (&f32, &f32)| (plain / 2.0 - half).abs() < 1e-3;
    assert!(plain.planes[0].iter().zip(&halved.planes[0]).all(near));
}

#[test]
fn opus_in_matroska_is_48_khz_whatever_the_container_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = encode(&source(folder.path(), 2), "a.webm", &["-c:a", "libopus"]);
    let plain = decode_whole(&path);
    let bytes = fs::read(&path).unwrap();
    let rate = [&b"\xb5\x88"[..], &48_000_f64.to_be_bytes()].concat();
    let at = bytes.windows(rate.len()).position(|window| window == rate).unwrap();
    for rate_hz in [8_000.0_f64, 16_000.0, 44_100.0, 96_000.0] {
        let mut changed = bytes.clone();
        changed[at + 2..at + 10].copy_from_slice(&rate_hz.to_be_bytes());
        fs::write(&path, changed).unwrap();
        let decoded = decode_whole(&path);
        assert_eq!((decoded.rate_hz, decoded.frames()), (48_000, plain.frames()), "{rate_hz}");
        assert_eq!(read_tags(&path, &Limits::default()).unwrap().audio.unwrap().sample_rate_hz, 48_000);
    }
}

#[test]
fn an_mp4_file_with_samples_in_its_index_and_in_fragments_plays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), 2);
    let fragments = ["-movflags", "frag_keyframe", "-frag_duration", "300000"];
    for (name, codec) in [("aac.mp4", "aac"), ("alac.mp4", "alac")] {
        let path = encode(&source, name, &[&["-c:a", codec][..], &fragments].concat());
        let decoded = decode_whole(&path);
        // The last packet of AAC is padded, and nothing in the file says by how much.
        let beyond = decoded.frames() as i64 - FRAMES as i64;
        assert!((0..2_048).contains(&beyond), "{name}: {beyond} frames more");
        assert!(decoded.warnings.is_empty(), "{name}: {:?}", decoded.warnings);
    }
}

/// Sets the flag of mixed blocks in every granule of short blocks from that frame on; returns how many were set.
fn mix_blocks(bytes: &mut [u8], first: usize) -> usize {
    // MPEG-1, 48 kHz, 320 kbit/s: 960 bytes a frame. Two channels: 20 bits before the granules, 59 for each.
    let mut set = 0;
    for frame in (0..bytes.len() / 960).skip(first) {
        let side = frame * 960 + 4;
        for granule in 0..4 {
            let window = 20 + granule * 59 + 33;
            let bit = |bytes: &[u8], at: usize| bytes[side + at / 8] >> (7 - at % 8) & 1;
            if bit(bytes, window) == 1 && bit(bytes, window + 1) == 1 && bit(bytes, window + 2) == 0 {
                bytes[side + (window + 3) / 8] |= 1 << (7 - (window + 3) % 8);
                set += 1;
            }
        }
    }
    set
}

/// Clicks, for which encoders use short blocks.
fn clicks(folder: &Path) -> PathBuf {
    let plane: Vec<f32> =
        (0..FRAMES).map(|at| if at % 4_801 < 40 { 0.7 } else { ((at * 7) % 100) as f32 * 1e-5 }).collect();
    write_wav(folder, "clicks.wav", RATE_HZ, &[plane.clone(), plane])
}

#[test]
fn mp3_with_mixed_blocks_sounds_as_other_decoders_play_it_from_wherever_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["-c:a", "libmp3lame", "-b:a", "320k", "-write_xing", "0", "-joint_stereo", "0"];
    let path = encode(&clicks(folder.path()), "a.mp3", &[&flags[..], &["-id3v2_version", "0"]].concat());
    let plain = fs::read(&path).unwrap();
    for first in [0, 40] {
        let mut bytes = plain.clone();
        assert!(mix_blocks(&mut bytes, first) > 10, "the encoder made no short blocks");
        fs::write(&path, bytes).unwrap();
        let decoded = decode_whole(&path);
        let expected = decoded_by_ffmpeg(&path, 2);
        assert_eq!(decoded.frames(), expected[0].len());
        // With the flag the sound is not the encoded one; the test is that both decoders give the same, and not louder, sound.
        let snr = snr_db(&expected[0], &decoded.planes[0], 0);
        assert!(snr > 30.0, "from frame {first} on: {snr:.1} dB near");
        for chunk_frames in [1_000, 7_777] {
            let options = OpenOptions { chunk_frames, ..OpenOptions::default() };
            assert_eq!(
                decode_file(&path, &options).unwrap().planes,
                decoded.planes,
                "chunks of {chunk_frames}"
            );
        }
        let mut source = open(&path, &OpenOptions::default()).unwrap();
        let at = source.seek(FrameIndex(70_000)).unwrap();
        let chunk = source.next_chunk().unwrap().unwrap();
        assert_eq!((at, chunk.first_frame()), (FrameIndex(70_000), FrameIndex(70_000)));
        let snr = snr_db(&decoded.planes[0][70_000..70_000 + chunk.frames()], &chunk.planes()[0], 0);
        assert!(snr > 30.0, "after a seek: {snr:.1} dB near");
        let alone = OpenOptions { ffmpeg: FfmpegUse::Off, ..OpenOptions::default() };
        match decode_file(&path, &alone) {
            Ok(decoded) => assert!(decoded.warnings.iter().any(|line| line.contains("mixed blocks"))),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::NoDecoder), "{error}")
            }
        }
    }
}

#[test]
fn pcm_in_wav_with_odd_formats_is_decoded_with_its_depth() {
    let folder = tempfile::tempdir().unwrap();
    let planes = music(RATE_HZ, FRAMES, 2);
    let path = folder.path().join("a.wav");
    // Valid bits, bits in which a sample is stored, bytes of the chunk, extensible, what follows.
    for (valid, holding, length, extensible) in [
        (16_u16, 16_u16, 17_u32, false),
        (16, 16, 20, false),
        (16, 16, 24, false),
        (16, 16, 18, false),
        (5, 8, 16, false),
        (12, 16, 16, false),
        (20, 24, 16, false),
        (12, 16, 40, true),
        (20, 24, 40, true),
        (24, 32, 40, true),
        (64, 64, 16, false),
    ] {
        let bytes = usize::from(holding / 8);
        let mut samples = Vec::new();
        for frame in 0..FRAMES {
            for plane in &planes {
                let value = (f64::from(plane[frame]) * 2_f64.powi(i32::from(valid) - 1)).floor() as i64;
                let raised = if holding == 8 { (value << 3) + 128 } else { value << (holding - valid) };
                samples.extend(&raised.to_le_bytes()[..bytes]);
            }
        }
        let block = 2 * holding / 8;
        let mut format = Vec::new();
        for number in [if extensible { 0xfffe } else { 1 }, 2] {
            format.extend(u16::to_le_bytes(number));
        }
        format.extend(RATE_HZ.to_le_bytes());
        format.extend((RATE_HZ * u32::from(block)).to_le_bytes());
        format.extend(block.to_le_bytes());
        format.extend(if extensible { holding } else { valid }.to_le_bytes());
        if extensible {
            format.extend(22_u16.to_le_bytes());
            format.extend(valid.to_le_bytes());
            format.extend(3_u32.to_le_bytes());
            format.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
        }
        format.resize(length as usize + (length as usize & 1), 0);
        let mut file = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        file.extend(length.to_le_bytes());
        file.extend(&format);
        file.extend(b"data");
        file.extend((samples.len() as u32).to_le_bytes());
        file.extend(&samples);
        let riff = file.len() as u32 - 8;
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        fs::write(&path, file).unwrap();
        let what = format!("{valid} bits in {holding}, {length} bytes of format");
        let decoded =
            decode_file(&path, &OpenOptions::default()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(decoded.frames(), FRAMES, "{what}");
        assert_eq!(decoded.facts.bit_depth, Some(valid as u8), "{what}");
        let snr = snr_db(&planes[1], &decoded.planes[1], 0);
        assert!(snr > f64::from(valid.min(16)) * 6.0 - 24.0, "{what}: {snr:.1} dB near");
    }
}

#[test]
fn aiff_that_is_cut_or_oddly_ended_plays_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), 1);
    let path = encode(&source, "a.aiff", &[]);
    let plain = fs::read(&path).unwrap();
    for (what, bytes, frames, warns) in [
        ("cut", plain[..plain.len() - 1_001].to_vec(), FRAMES - 501, true),
        ("an empty ID3 chunk", [&plain[..], b"ID3 \0\0\0\0"].concat(), FRAMES, false),
        ("half a chunk", [&plain[..], b"ID3"].concat(), FRAMES, false),
    ] {
        fs::write(&path, bytes).unwrap();
        let decoded = decode_whole(&path);
        assert_eq!((decoded.frames(), !decoded.warnings.is_empty()), (frames, warns), "{what}");
    }
    let odd = encode(&source, "odd.aifc", &["-c:a", "pcm_mulaw", "-f", "aiff"]);
    let bytes = fs::read(&odd).unwrap();
    fs::write(&odd, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(decode_whole(&odd).frames(), FRAMES, "without the last pad byte");
}

#[test]
fn what_one_reader_refuses_another_plays() {
    let folder = tempfile::tempdir().unwrap();
    let [mono, stereo, six] = [1, 2, 6].map(|channels| source(folder.path(), channels));
    let chapters = folder.path().join("chapters.txt");
    fs::write(&chapters, ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=a\n").unwrap();
    let chaptered = folder.path().join("chapters.mka");
    let (from, list, to) =
        (stereo.to_str().unwrap(), chapters.to_str().unwrap(), chaptered.to_str().unwrap());
    ffmpeg(&["-i", from, "-i", list, "-map_metadata", "1", "-c:a", "flac", to]);
    let cases: Vec<(PathBuf, &str, usize, bool)> = vec![
        (chaptered, "flac", 2, true),
        (encode(&six, "six.wv", &["-c:a", "wavpack"]), "wavpack", 6, true),
        (encode(&stereo, "odd.wv", &["-c:a", "wavpack", "-ar", "50000"]), "wavpack", 2, true),
        (encode(&stereo, "mulaw.caf", &["-c:a", "pcm_mulaw"]), "mulaw", 2, false),
        (encode(&mono, "ima4.aifc", &["-c:a", "adpcm_ima_qt", "-f", "aiff"]), "adpcm_ima_qt", 1, false),
        (encode(&stereo, "mp3.wav", &["-c:a", "libmp3lame"]), "mp3", 2, false),
        (encode(&stereo, "ac3.mp4", &["-c:a", "ac3"]), "ac3", 2, false),
        (encode(&stereo, "eac3.mp4", &["-c:a", "eac3"]), "eac3", 2, false),
        (encode(&stereo, "a.tta", &[]), "tta", 2, true),
        (encode(&stereo, "ac3.mka", &["-c:a", "ac3"]), "ac3", 2, false),
        (encode(&stereo, "wv.mka", &["-c:a", "wavpack"]), "wavpack", 2, true),
        // Matroska tells the length in milliseconds, and this reader of TTA needs it in frames.
        (encode(&stereo, "tta.mka", &["-c:a", "tta"]), "tta", 2, false),
    ];
    for (path, codec, channels, exact) in cases {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let decoded = decode_whole(&path);
        let tags = read_tags(&path, &Limits::default()).unwrap();
        let declared = tags.audio.as_ref().map(|audio| (audio.codec.as_str(), usize::from(audio.channels)));
        println!("{name}: {} frames, declared {declared:?}, {:?}", decoded.frames(), decoded.warnings);
        assert_eq!(decoded.facts.codec, codec, "{name}");
        assert_eq!(declared, Some((codec, channels)), "{name}");
        assert_as_ffmpeg(&path, &decoded);
        if exact && !name.starts_with("odd") {
            assert_eq!(decoded.frames(), FRAMES, "{name}");
            let truth = decode_whole(
                &[&mono, &stereo, &six][[1, 2, 6].iter().position(|c| *c == channels).unwrap()].clone(),
            );
            assert_eq!(decoded.planes, truth.planes, "{name}");
        }
    }
}

#[test]
fn pcm_of_every_depth_and_order_of_bytes_is_what_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), 2);
    let truth = decode_whole(&source).planes;
    for (containers, codecs) in [
        (
            &["mov"][..],
            &["s16be", "s16le", "s24be", "s24le", "s32be", "s32le", "f32be", "f32le", "f64be", "f64le"][..],
        ),
        (
            &["caf"][..],
            &["s16be", "s16le", "s24be", "s24le", "s32be", "s32le", "f32be", "f32le", "f64be", "f64le"][..],
        ),
        (&["aiff", "aifc"][..], &["s16be", "s24be", "s32be"][..]),
        (&["aifc"][..], &["s16le", "f32be", "f64be"][..]),
        (&["wav", "w64", "mka"][..], &["s16le", "s24le", "s32le", "f32le", "f64le"][..]),
        (&["mka"][..], &["s16be", "s24be", "s32be"][..]),
        (&["au"][..], &["s16be", "s24be", "s32be", "f32be", "f64be"][..]),
    ] {
        for (container, codec) in
            containers.iter().flat_map(|name| codecs.iter().map(move |codec| (*name, *codec)))
        {
            let codec = format!("pcm_{codec}");
            let mut flags = vec!["-c:a", &codec];
            if container == "aifc" {
                flags.extend(["-f", "aiff"]);
            }
            let path = encode(&source, &format!("{codec}.{container}"), &flags);
            let decoded = decode_whole(&path);
            let tags = read_tags(&path, &Limits::default()).unwrap().audio.unwrap();
            let depth = codec[5..7].parse::<u8>().unwrap();
            assert_eq!(
                (decoded.facts.codec.as_str(), decoded.facts.bit_depth),
                (&*codec, Some(depth)),
                "{container}"
            );
            assert_eq!((tags.codec.as_str(), tags.bit_depth), (&*codec, Some(depth)), "{container}");
            // This writer of Wave64 counts the padding to eight bytes as samples.
            let padding = if container == "w64" { 4 } else { 0 };
            assert!((FRAMES..FRAMES + 1 + padding).contains(&decoded.frames()), "{codec} in {container}");
            let same = truth.iter().zip(&decoded.planes).all(|(truth, decoded)| *truth == decoded[..FRAMES]);
            assert!(same, "{codec} in {container} is decoded differently");
        }
    }
}

/// Neither the delay of its filter bank nor its padding is trimmed by `ffmpeg`.
#[test]
fn musepack_begins_and_ends_where_the_encoded_sound_did() {
    let folder = tempfile::tempdir().unwrap();
    for channels in [1, 2] {
        let source = source(folder.path(), channels);
        let [path, peer] = ["a.mpc", "peer.wav"].map(|name| folder.path().join(format!("{channels}{name}")));
        for (program, arguments) in [
            (
                "mpcenc",
                vec!["--silent".as_ref(), "--overwrite".as_ref(), source.as_os_str(), path.as_os_str()],
            ),
            ("mpcdec", vec![path.as_os_str(), peer.as_os_str()]),
        ] {
            let output = Command::new(program).args(arguments).output();
            let output = output.unwrap_or_else(|error| {
                panic!("this test needs {program} (`make test` installs it): {error}")
            });
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let (decoded, truth) = (decode_whole(&path), decode_whole(&peer));
        assert_eq!((decoded.frames(), decoded.planes.len()), (FRAMES, channels));
        // The other decoder makes stereo of mono.
        let snr = snr_db(&truth.planes[0], &decoded.planes[0], 0);
        assert!(snr > 50.0, "{channels} channels are {snr:.1} dB near");
        let mut source = open(&path, &OpenOptions::default()).unwrap();
        for at in [70_001, 20_000] {
            assert_eq!(source.seek(FrameIndex(at)).unwrap(), FrameIndex(at));
            let chunk = source.next_chunk().unwrap().unwrap();
            let from = at as usize;
            let snr = snr_db(&decoded.planes[0][from..from + chunk.frames()], &chunk.planes()[0], 0);
            assert!(snr > 60.0, "from frame {at} on: {snr:.1} dB near");
        }
    }
}

#[test]
fn refusals_say_the_right_word() {
    let folder = tempfile::tempdir().unwrap();
    let stereo = source(folder.path(), 2);
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let subtitles = folder.path().join("subtitles.srt");
    fs::write(&subtitles, "1\n00:00:00,000 --> 00:00:01,000\nhello\n").unwrap();
    let silent = folder.path().join("subtitles.mkv");
    ffmpeg(&["-i", subtitles.to_str().unwrap(), silent.to_str().unwrap()]);
    for (path, kind) in [
        (encode(&stereo, "ts.aac", &["-c:a", "aac", "-f", "mpegts"]), ErrorKind::Unsupported),
        (silent, ErrorKind::NotAudio),
        (file("none.wav", &fs::read(&stereo).unwrap()[..44]), ErrorKind::Empty),
    ] {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let error =
            decode_file(&path, &OpenOptions::default()).err().unwrap_or_else(|| panic!("{name} is decoded"));
        println!("{name}: {error}");
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(!error.to_string().contains("map"), "{name}: {error}");
    }
}
