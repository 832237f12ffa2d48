//! MP4 whose index tells the times of fewer packets than it lists (issue 13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fanfare_audio::{FfmpegUse, OpenOptions};
use support::{decode_file, encode, music, write_wav};

/// Sets the number of packets of the first entry of `stts`, and the durations in `mdhd` and the edit list, if wanted.
fn with_times(bytes: &[u8], packets: u32, durations: Option<u32>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut put = |name: &[u8], offset: usize, number: u32| {
        if let Some(at) = bytes.windows(4).position(|window| window == name) {
            bytes[at + offset..at + offset + 4].copy_from_slice(&number.to_be_bytes());
        }
    };
    put(b"stts", 8, 1);
    put(b"stts", 12, packets);
    if let Some(ticks) = durations {
        put(b"mdhd", 20, ticks);
        put(b"elst", 12, 23);
    }
    bytes
}

#[test]
fn packets_without_a_time_are_played_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let frames = 5 * 48_000 + 77;
    let source = write_wav(folder.path(), "source.wav", 48_000, &music(48_000, frames, 2));
    for (name, arguments) in [
        ("a.m4a", &["-c:a", "aac"][..]),
        ("alac.m4a", &["-c:a", "alac"]),
        ("flac.mp4", &["-c:a", "flac", "-strict", "-2"]),
        ("opus.mp4", &["-c:a", "libopus"]),
    ] {
        let path = encode(&source, name, arguments);
        let whole_bytes = std::fs::read(&path).unwrap();
        let options = OpenOptions { ffmpeg: FfmpegUse::Off, ..OpenOptions::default() };
        let whole = decode_file(&path, &options).unwrap();
        // The last packet's own duration is lost with its entry, so a packet of padding may be decoded.
        for (packets, durations, most_more) in [(1, None, 0), (40, None, 0), (1, Some(1_024), 8_192)] {
            std::fs::write(&path, with_times(&whole_bytes, packets, durations)).unwrap();
            let decoded = decode_file(&path, &options).unwrap();
            let case = format!("{name}, times of {packets}, {durations:?}: {} frames", decoded.frames());
            assert!(
                (frames..=frames + most_more).contains(&decoded.frames()),
                "{case}, {:?}",
                decoded.warnings
            );
            for (decoded, whole) in decoded.planes.iter().zip(&whole.planes) {
                assert!(decoded.starts_with(whole), "{case}");
            }
            assert!(
                decoded.warnings.iter().any(|line| line.contains("fewer times")),
                "{case}, {:?}",
                decoded.warnings
            );
        }
    }
}
