//! Broken files and files that are no audio: every outcome has a kind, nothing panics, nothing runs away,
//! nothing else is opened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    io::ErrorKind as IoKind,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use fanfare_audio::{FfmpegUse, Limits, OpenOptions, is_audio_suffix, open, read_tags};
use fanfare_model::{ErrorKind, FrameIndex};
use fanfare_testkit::breaker::{Broken, cuts, disguises, false_length, mutated};
use support::{decode_file, encode, music, write_wav};

/// Mutations and false lengths per container. `FANFARE_BROKEN_TIMES=50` runs that many times as many.
const MUTATIONS: u64 = 200;
const FALSE_LENGTHS: u64 = 60;

fn times() -> u64 {
    std::env::var("FANFARE_BROKEN_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// What a broken file may end in. Everything else would be a mistake of ours or of the machine.
const ALLOWED: &[ErrorKind] = &[
    ErrorKind::NotAudio,
    ErrorKind::Unsupported,
    ErrorKind::NoDecoder,
    ErrorKind::Malformed,
    ErrorKind::LimitExceeded,
    ErrorKind::Empty,
];

fn in_process() -> OpenOptions {
    OpenOptions { ffmpeg: FfmpegUse::Off, ..OpenOptions::default() }
}

/// Hears a broken file, reads its tags and seeks in it. Whether audio came out.
fn survive(path: &Path, broken: &Broken, options: &OpenOptions) -> bool {
    std::fs::write(path, &broken.bytes).unwrap();
    let outcome = decode_file(path, options);
    if let Err(error) = &outcome {
        assert!(ALLOWED.contains(&error.kind()), "{}: {}: {error}", broken.how, error.kind());
    }
    match read_tags(path, &options.limits) {
        Ok(reading) => assert!(reading.warnings.len() < 10, "{}: {:?}", broken.how, reading.warnings),
        Err(error) => assert!(ALLOWED.contains(&error.kind()), "{}: tags: {error}", broken.how),
    }
    if let Ok(mut source) = open(path, options) {
        for frame in [20_000, 100, u64::MAX] {
            match source.seek(FrameIndex(frame)) {
                Ok(landed) => assert!(landed.0 <= frame),
                Err(error) => assert!(ALLOWED.contains(&error.kind()), "{}: seek: {error}", broken.how),
            }
        }
        let _ = source.next_chunk();
    }
    outcome.is_ok()
}

const CONTAINERS: &[(&str, &[&str])] = &[
    ("a.wav", &[]),
    ("adpcm.wav", &["-c:a", "adpcm_ima_wav"]),
    ("a.aiff", &[]),
    ("a.caf", &[]),
    ("alac.caf", &["-c:a", "alac"]),
    ("a.flac", &[]),
    ("a.mp3", &["-c:a", "libmp3lame"]),
    ("a.aac", &["-c:a", "aac"]),
    ("a.m4a", &["-c:a", "aac"]),
    ("alac.m4a", &["-c:a", "alac"]),
    ("fragments.mp4", &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]),
    ("a.ogg", &["-c:a", "libvorbis"]),
    ("a.opus", &["-c:a", "libopus"]),
    ("flac.ogg", &["-c:a", "flac"]),
    ("a.webm", &["-c:a", "libopus"]),
    ("a.mka", &["-c:a", "libvorbis"]),
];

#[test]
fn broken_files_end_in_a_kind_or_in_audio() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 30_000, 2));
    let options = in_process();
    // Panics inside the decoders are contained; their messages would drown a failure's own.
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(|| {
        for (name, arguments) in CONTAINERS {
            let bytes = std::fs::read(encode(&source, name, arguments)).unwrap();
            let path = folder.path().join(format!("broken-{name}"));
            let mut decoded = 0_u64;
            for broken in cuts(&bytes).step_by(4) {
                survive(&path, &broken, &options);
            }
            for seed in 0..MUTATIONS * times() {
                decoded += u64::from(survive(&path, &mutated(&bytes, seed), &options));
            }
            for seed in 0..FALSE_LENGTHS * times() {
                decoded += u64::from(survive(&path, &false_length(&bytes, seed), &options));
            }
            // Ogg drops every page with a wrong checksum, and such a short file has two.
            let enough = if bytes.starts_with(b"OggS") { 0 } else { 20 };
            assert!(decoded > enough, "{name}: only {decoded} of the damaged files were heard at all");
        }
    });
    let _ = std::panic::take_hook();
    if let Err(panic) = result {
        let text = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
        panic!("{text}");
    }
}

#[test]
fn broken_files_for_the_child_end_in_a_kind_or_in_audio() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 30_000, 2));
    for (name, arguments) in [("a.wv", &[][..]), ("a.tta", &[]), ("a.wma", &[])] {
        let bytes = std::fs::read(encode(&source, name, arguments)).unwrap();
        let path = folder.path().join(format!("broken-{name}"));
        for broken in cuts(&bytes).step_by(16) {
            survive(&path, &broken, &OpenOptions::default());
        }
        for seed in 0..10 {
            survive(&path, &mutated(&bytes, seed), &OpenOptions::default());
        }
    }
}

/// A cut file is never silently whole: either it fails, or a warning says that it ends early.
#[test]
fn a_cut_file_is_partly_heard_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 120_000, 2));
    for (name, arguments, at_least) in [
        ("a.wav", &[][..], 40_000),
        ("a.flac", &[], 40_000),
        ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"], 40_000),
        ("a.m4a", &["-c:a", "aac", "-movflags", "+faststart"], 30_000),
        ("a.ogg", &["-c:a", "libvorbis"], 20_000),
        ("a.opus", &["-c:a", "libopus"], 20_000),
        ("a.wv", &[], 20_000),
    ] {
        let bytes = std::fs::read(encode(&source, name, arguments)).unwrap();
        let path = folder.path().join(format!("cut-{name}"));
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let decoded = decode_file(&path, &OpenOptions::default()).unwrap();
        assert!((at_least..119_000).contains(&decoded.frames()), "{name}: {} frames", decoded.frames());
        assert!(
            decoded.warnings.iter().any(|warning| warning.contains("end")),
            "{name}: {:?}",
            decoded.warnings
        );
    }
}

#[test]
fn what_is_no_audio_is_refused_and_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port().to_string();
    // A decoder that would answer if it were ever asked.
    let decoder = folder.path().join("decoder");
    std::fs::write(&decoder, "#!/bin/sh\ntouch \"$0.was-started\"\n").unwrap();
    std::fs::set_permissions(&decoder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = OpenOptions { ffmpeg: FfmpegUse::At(decoder.clone()), ..OpenOptions::default() };
    for suffix in ["mp3", "flac", "m4a", "ogg", "wav", "wma", "m3u8"] {
        for disguise in disguises() {
            let path = folder.path().join(format!("{}.{suffix}", disguise.how));
            let bytes =
                String::from_utf8_lossy(&disguise.bytes).replace("127.0.0.1:9", &format!("127.0.0.1:{port}"));
            let bytes = if bytes.contains(&port) { bytes.into_bytes() } else { disguise.bytes };
            std::fs::write(&path, bytes).unwrap();
            for kind in [
                open(&path, &options).err().map(|error| error.kind()),
                read_tags(&path, &options.limits).err().map(|error| error.kind()),
            ] {
                assert!(
                    matches!(kind, Some(ErrorKind::NotAudio | ErrorKind::Empty)),
                    "{}: {kind:?}",
                    path.display()
                );
            }
        }
    }
    assert!(
        !folder.path().join("decoder.was-started").exists(),
        "a decoder was started for what is no audio"
    );
    assert_eq!(canary.accept().unwrap_err().kind(), IoKind::WouldBlock, "something connected");
}

#[test]
fn things_that_are_no_files_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("folder.flac")).unwrap();
    symlink(at("nothing"), at("dangling.flac")).unwrap();
    symlink(at("loop.flac"), at("loop.flac")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(at("fifo.flac")).status().unwrap();
    assert!(fifo.success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.flac")).unwrap();
    symlink("/dev/zero", at("device.flac")).unwrap();
    for (name, kinds) in [
        ("folder.flac", &[ErrorKind::NotAudio][..]),
        ("dangling.flac", &[ErrorKind::NotFound]),
        ("loop.flac", &[ErrorKind::NotFound]),
        ("fifo.flac", &[ErrorKind::NotAudio]),
        ("socket.flac", &[ErrorKind::Io, ErrorKind::NotAudio]),
        ("device.flac", &[ErrorKind::NotAudio]),
        ("missing.flac", &[ErrorKind::NotFound]),
    ] {
        assert!(is_audio_suffix(&at(name)));
        let error = open(&at(name), &OpenOptions::default()).err().unwrap();
        assert!(kinds.contains(&error.kind()), "{name}: {}: {error}", error.kind());
        assert!(read_tags(&at(name), &Limits::default()).is_err());
    }
}

#[test]
fn limits_are_named_when_they_are_crossed() {
    let folder = tempfile::tempdir().unwrap();
    let planes = music(44_100, 20_000, 2);
    let path = write_wav(folder.path(), "a.wav", 44_100, &planes);
    let with = |change: fn(&mut Limits)| {
        let mut options = in_process();
        change(&mut options.limits);
        options
    };
    let limit_of = |path: &Path, options: &OpenOptions| {
        let error = decode_file(path, options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
        error.limit_hit().unwrap().name.clone()
    };
    assert_eq!(limit_of(&path, &with(|limits| limits.max_channels = 1)), "channels");
    assert_eq!(limit_of(&path, &with(|limits| limits.max_sample_rate_hz = 8_000)), "sample_rate_hz");
    assert_eq!(limit_of(&path, &with(|limits| limits.max_duration_s = 0)), "duration_s");
    // A header may claim anything: four bytes of rate, two of channels, four of data.
    let bytes = std::fs::read(&path).unwrap();
    let patched = |at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        let path = folder.path().join("patched.wav");
        std::fs::write(&path, bytes).unwrap();
        path
    };
    assert_eq!(limit_of(&patched(22, &[0xff, 0xff]), &in_process()), "channels");
    assert_eq!(limit_of(&patched(24, &[0xff; 4]), &in_process()), "sample_rate_hz");
    let decoded = decode_file(&patched(40, &[0xff; 4]), &in_process()).unwrap();
    assert_eq!(
        (decoded.frames(), decoded.facts.declared_frames),
        (20_000, Some(20_000)),
        "the bytes that exist count"
    );
}

#[test]
fn odd_samples_become_silence_with_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 40_000, 1));
    let path = encode(&source, "f32.wav", &["-c:a", "pcm_f32le"]);
    let mut bytes = std::fs::read(&path).unwrap();
    let start = bytes.len() - 40_000 * 4;
    for (frame, value) in [(10, f32::NAN), (20_000, f32::INFINITY), (39_999, f32::NEG_INFINITY)] {
        bytes[start + frame * 4..start + frame * 4 + 4].copy_from_slice(&value.to_le_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
    let decoded = decode_file(&path, &OpenOptions::default()).unwrap();
    assert_eq!(decoded.frames(), 40_000);
    assert_eq!([10, 20_000, 39_999].map(|frame| decoded.planes[0][frame]), [0.0; 3]);
    assert_eq!(decoded.warnings.len(), 1, "{:?}", decoded.warnings);
}
