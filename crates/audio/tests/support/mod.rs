//! What the tests of this crate share: a signal, encoders, and a way to hear a file whole.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // each test file uses a part of it

pub mod forms;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_audio::{OpenOptions, PcmSource, StreamFacts, open};
use fanfare_model::Result;
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav},
};

/// Something like music that is equal to itself at no shift: chords, noise and a sweep, another mix per channel.
pub fn music(rate_hz: u32, frames: usize, channels: usize) -> Vec<Vec<f32>> {
    let seconds = frames as f64 / f64::from(rate_hz) + 1.0;
    (0..channels)
        .map(|channel| {
            let repeats = (seconds / 2.0).ceil() as usize + 1;
            let chords = signals::cadence(rate_hz, channel * 3 % 12, channel % 2 == 1, 0.5, repeats);
            let top_hz = f64::from(rate_hz) * 0.3;
            let sweep = signals::sweep(rate_hz, seconds, 60.0, top_hz, 0.1);
            let noise = signals::noise(channel as u64 + 7, frames, 0.02);
            let chords_peak = chords.iter().fold(1e-9_f32, |peak, sample| peak.max(sample.abs()));
            (0..frames)
                .map(|at| {
                    let chord = chords[at % chords.len()] / chords_peak * 0.4;
                    let value = chord + sweep[at] * (1.0 + channel as f32) / channels as f32 + noise[at];
                    (value * 32_767.0).round() / 32_768.0 // what 16 bits can hold
                })
                .collect()
        })
        .collect()
}

/// Writes planes as 16-bit WAVE.
pub fn write_wav(folder: &Path, name: &str, rate_hz: u32, planes: &[Vec<f32>]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, wav(rate_hz, planes, WavFormat::I16)).unwrap();
    path
}

/// Runs `ffmpeg`; the test fails with an instruction when it is missing.
pub fn ffmpeg(arguments: &[&str]) {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-y", "-v", "error"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("these tests need ffmpeg: install it (`make test` does): {error}"));
    assert!(output.status.success(), "ffmpeg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Encodes a file with `ffmpeg` into the same folder.
pub fn encode(source: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let target = source.with_file_name(name);
    let mut all = vec!["-i", source.to_str().unwrap(), "-map_metadata", "-1"];
    all.extend(arguments);
    all.push(target.to_str().unwrap());
    ffmpeg(&all);
    target
}

/// Everything that was heard of a file.
pub struct Decoded {
    pub rate_hz: u32,
    pub planes: Vec<Vec<f32>>,
    pub facts: StreamFacts,
    pub warnings: Vec<String>,
}

impl Decoded {
    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }
}

/// Frames after which a test takes a source for endless.
const ENDLESS: usize = 60_000_000;

/// Hears a source to its end, checking the promises of [`PcmSource`] on the way.
pub fn decode_to_end(source: &mut dyn PcmSource) -> Result<Decoded> {
    let spec = source.spec();
    let mut planes = vec![Vec::new(); spec.channels()];
    let mut next = None;
    while let Some(chunk) = source.next_chunk()? {
        assert_eq!(chunk.spec(), spec);
        assert!(chunk.frames() > 0, "an empty chunk");
        let expected = next.unwrap_or(chunk.first_frame().0);
        assert_eq!(chunk.first_frame().0, expected, "chunks follow each other");
        next = Some(expected + chunk.frames() as u64);
        for (all, plane) in planes.iter_mut().zip(chunk.planes()) {
            assert!(plane.iter().all(|sample| sample.is_finite()));
            all.extend(plane);
        }
        assert!(planes[0].len() < ENDLESS, "endless audio");
    }
    assert!(source.next_chunk()?.is_none(), "a source stays at its end");
    let (facts, warnings) = (source.facts().clone(), source.warnings().to_vec());
    assert!(warnings.len() <= 40, "{} warnings", warnings.len());
    Ok(Decoded { rate_hz: spec.rate.hz(), planes, facts, warnings })
}

/// Opens and hears a file.
pub fn decode_file(path: &Path, options: &OpenOptions) -> Result<Decoded> {
    decode_to_end(&mut *open(path, options)?)
}

/// Signal to difference in dB between two signals, `shift` frames apart.
pub fn snr_db(truth: &[f32], decoded: &[f32], shift: isize) -> f64 {
    let (mut signal, mut difference) = (0.0, 1e-20);
    for (at, sample) in truth.iter().enumerate() {
        let Some(other) = at.checked_add_signed(shift).and_then(|at| decoded.get(at)) else { continue };
        signal += f64::from(*sample).powi(2);
        difference += f64::from(sample - other).powi(2);
    }
    10.0 * (signal / difference).log10()
}
