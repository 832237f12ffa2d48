//! What the tests of odd forms of formats share: a source, and `ffmpeg`'s decode to compare with.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_audio::OpenOptions;

use super::{Decoded, decode_file, music, snr_db, write_wav};

pub const RATE_HZ: u32 = 48_000;
/// 2.1 s: no multiple of any codec's packet.
pub const FRAMES: usize = 100_801;

pub fn source(folder: &Path, channels: usize) -> PathBuf {
    write_wav(folder, &format!("source{channels}.wav"), RATE_HZ, &music(RATE_HZ, FRAMES, channels))
}

/// What `ffmpeg` decodes of a file, as planes.
pub fn decoded_by_ffmpeg(path: &Path, channels: usize) -> Vec<Vec<f32>> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-i", path.to_str().unwrap(), "-map", "0:a:0", "-f", "f32le", "-"])
        .output()
        .unwrap();
    let mut planes = vec![Vec::new(); channels];
    for (index, sample) in output.stdout.chunks_exact(4).enumerate() {
        planes[index % channels].push(f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]));
    }
    planes
}

pub fn decode_whole(path: &Path) -> Decoded {
    decode_file(path, &OpenOptions::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same frames and, to 40 dB, the same samples.
pub fn assert_as_ffmpeg(path: &Path, decoded: &Decoded) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let expected = decoded_by_ffmpeg(path, decoded.planes.len());
    assert_eq!(decoded.frames(), expected[0].len(), "{name}: frames");
    for (channel, (truth, found)) in expected.iter().zip(&decoded.planes).enumerate() {
        let snr = snr_db(truth, found, 0);
        assert!(snr > 40.0, "{name}: channel {channel} is {snr:.1} dB near");
    }
}
