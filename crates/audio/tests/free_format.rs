//! MP3 in free format: frames that do not name a bit rate (issue 13). Compared with `mpg123`'s decode.
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
    decode_file,
    forms::{FRAMES, decode_whole, source},
    snr_db,
};

fn program(name: &str, arguments: &[&str]) {
    let output = Command::new(name).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("this test needs {name} (`make test` installs it): {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An MP3 in free format of that bit rate, and what `mpg123` decodes of it.
fn encoded(folder: &Path, channels: usize, kbps: u32, flags: &[&str]) -> (PathBuf, PathBuf) {
    let source = source(folder, channels);
    let [path, truth] = ["mp3", "peer.wav"].map(|end| folder.join(format!("{channels}-{kbps}.{end}")));
    let rate = kbps.to_string();
    let fixed = ["--quiet", "--freeformat", "-b", &rate];
    let files = [source.to_str().unwrap(), path.to_str().unwrap()];
    program("lame", &[&fixed[..], flags, &files].concat());
    program("mpg123", &["-q", "-e", "f32", "-w", truth.to_str().unwrap(), path.to_str().unwrap()]);
    (path, truth)
}

#[test]
fn free_format_mp3_sounds_as_mpg123_plays_it() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, kbps, flags) in [
        (1, 400, &[][..]),
        (2, 640, &[]),
        (2, 200, &[]),
        (2, 130, &["--nores"]),
        (1, 90, &["--resample", "22.05"]),
        (2, 160, &["-p"]),
    ] {
        let (path, truth) = encoded(folder.path(), channels, kbps, flags);
        let name = format!("{channels} channels at {kbps} kbit/s {flags:?}");
        // The decoder is in this process: no ffmpeg reads such files.
        let decoded = decode_file(&path, &OpenOptions { ffmpeg: FfmpegUse::Off, ..OpenOptions::default() })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = decode_whole(&truth);
        println!("{name}: {} frames, mpg123 {}, {:?}", decoded.frames(), expected.frames(), decoded.warnings);
        assert_eq!((decoded.rate_hz, decoded.planes.len()), (expected.rate_hz, channels), "{name}");
        assert_eq!(decoded.frames(), expected.frames(), "{name}");
        for (found, truth) in decoded.planes.iter().zip(&expected.planes) {
            let snr = snr_db(truth, found, 0);
            assert!(snr > 60.0, "{name}: {snr:.1} dB near");
        }
        assert!(decoded.warnings.is_empty(), "{name}: {:?}", decoded.warnings);
        let audio = read_tags(&path, &Limits::default()).unwrap().audio.unwrap();
        assert_eq!((&*audio.codec, &*audio.container, audio.is_lossless()), ("mp3", "mp3", false), "{name}");
        assert_eq!(
            (audio.sample_rate_hz, usize::from(audio.channels)),
            (decoded.rate_hz, channels),
            "{name}"
        );
        let told_s = audio.duration_s().unwrap();
        assert!(
            (told_s - decoded.frames() as f64 / f64::from(decoded.rate_hz)).abs() < 0.1,
            "{name}: {told_s} s"
        );
    }
}

#[test]
fn free_format_mp3_seeks_to_a_frame_and_stands_tags_and_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = encoded(folder.path(), 2, 200, &[]);
    let plain = fs::read(&path).unwrap();
    let whole = decode_whole(&path);
    let mut source = open(&path, &OpenOptions::default()).unwrap();
    for at in [70_001, 3, FRAMES as u64 - 10] {
        assert_eq!(source.seek(FrameIndex(at)).unwrap(), FrameIndex(at));
        let chunk = source.next_chunk().unwrap().unwrap();
        assert_eq!(chunk.first_frame(), FrameIndex(at));
        let truth = &whole.planes[0][at as usize..at as usize + chunk.frames()];
        let snr = snr_db(truth, &chunk.planes()[0], 0);
        assert!(snr > 60.0, "from frame {at} on: {snr:.1} dB near");
    }
    let tag = [&b"ID3\x04\0\0\0\0\0\x0a"[..], &[0; 10]].concat();
    fs::write(&path, [&tag, &plain[..], b"TAG", &[b'x'; 125]].concat()).unwrap();
    assert_eq!(decode_whole(&path).planes, whole.planes, "between tags");
    // Half of it is overwritten: what is left is played, and it is said.
    let mut broken = plain.clone();
    let half = plain.len() / 4..plain.len() * 3 / 4;
    broken[half].fill(0);
    fs::write(&path, &broken).unwrap();
    let decoded = decode_whole(&path);
    assert!(decoded.frames() < FRAMES * 3 / 4, "{} frames", decoded.frames());
    assert!(
        decoded.warnings.iter().any(|line| line.contains("could not be decoded")),
        "{:?}",
        decoded.warnings
    );
    // Headers with nothing that can be decoded between them.
    let head = &plain[..4];
    fs::write(&path, [head, &[0xff; 600]].concat().repeat(8)).unwrap();
    let error = decode_file(&path, &OpenOptions::default()).err().map(|error| error.kind());
    assert!(matches!(error, None | Some(ErrorKind::Malformed)), "{error:?}");
}

/// What surrounds the frames, or cuts them, and what is said of it.
type Around = (&'static str, fn(Vec<u8>) -> Vec<u8>, bool, Option<&'static str>);

/// issue 13
#[test]
fn free_format_mp3_that_is_cut_says_so_and_other_bytes_around_it_change_nothing() {
    const AROUND: &[Around] = &[
        ("two bytes in front", |bytes| [&[0x11, 0x22], &bytes[..]].concat(), true, None),
        ("zeros behind", |bytes| [&bytes[..], &[0; 20_000]].concat(), true, None),
        ("ID3v1 behind", |bytes| [&bytes[..], b"TAG", &[b'x'; 125]].concat(), true, None),
        (
            "APE behind",
            |bytes| [&bytes[..], b"APETAGEX\xd0\x07\0\0\x20\0\0\0", &[0; 16]].concat(),
            true,
            None,
        ),
        ("cut", |bytes| bytes[..bytes.len() * 2 / 3].to_vec(), false, Some("the audio ends after")),
        (
            "a hole",
            |mut bytes| {
                let half = bytes.len() / 2;
                bytes[half..half + 3_000].fill(0);
                bytes
            },
            false,
            Some("could not be decoded"),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for flags in [&[][..], &["-p"]] {
        let (path, _) = encoded(folder.path(), 2, 200, flags);
        let plain = fs::read(&path).unwrap();
        let whole = decode_whole(&path);
        assert_eq!((whole.frames(), whole.warnings.len()), (FRAMES, 0), "{flags:?}: {:?}", whole.warnings);
        for (around, change, is_whole, said) in AROUND {
            fs::write(&path, change(plain.clone())).unwrap();
            let decoded = decode_whole(&path);
            println!("{flags:?}, {around}: {} frames, {:?}", decoded.frames(), decoded.warnings);
            assert_eq!(
                decoded.planes == whole.planes,
                *is_whole,
                "{flags:?}, {around}: {}",
                decoded.frames()
            );
            match said {
                None => assert!(decoded.warnings.is_empty(), "{flags:?}, {around}: {:?}", decoded.warnings),
                Some(said) => assert!(
                    decoded.warnings.iter().any(|line| line.contains(said)),
                    "{flags:?}, {around}: {:?}",
                    decoded.warnings
                ),
            }
        }
    }
}
