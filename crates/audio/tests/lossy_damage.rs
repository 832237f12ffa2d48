//! Damaged packets of codecs without checksums (issue 13): no noise reaches loudness and peak, and the file says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::path::Path;

use fanfare_audio::{FfmpegUse, OpenOptions};
use support::{Decoded, decode_file, encode, music, write_wav};

const RATE_HZ: u32 = 48_000;
const SECONDS: usize = 20;
const SEEDS: u64 = 6;

const FILES: &[(&str, &[&str])] = &[
    ("a.m4a", &["-c:a", "aac", "-b:a", "160k", "-movflags", "+faststart"]),
    (
        "fragments.m4a",
        &[
            "-c:a",
            "aac",
            "-b:a",
            "128k",
            "-movflags",
            "frag_keyframe+empty_moov",
            "-frag_duration",
            "1000000",
        ],
    ),
    ("opus.mp4", &["-c:a", "libopus", "-b:a", "160k", "-movflags", "+faststart"]),
    ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"]),
    ("vbr.mp3", &["-c:a", "libmp3lame", "-q:a", "4"]),
    ("a.aac", &["-c:a", "aac", "-b:a", "160k"]),
    ("aac.mka", &["-c:a", "aac", "-b:a", "160k"]),
    ("opus.webm", &["-c:a", "libopus", "-b:a", "160k"]),
];

/// A generator of numbers that are the same in each run (Steele et al., "SplitMix", 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % most
    }
}

type Harm = fn(&mut [u8], &mut Numbers);
const HARMS: &[(&str, Harm)] = &[
    ("60 bits", |bytes, numbers| {
        for _ in 0..60 {
            bytes[numbers.below(bytes.len())] ^= 1 << numbers.below(8);
        }
    }),
    ("8 kB of noise", |bytes, numbers| {
        let at = numbers.below(bytes.len() - 8_192);
        bytes[at..at + 8_192].iter_mut().for_each(|byte| *byte = numbers.below(256) as u8);
    }),
    ("8 kB of zeros", |bytes, numbers| {
        let at = numbers.below(bytes.len() - 8_192);
        bytes[at..at + 8_192].fill(0);
    }),
];

/// The gated power in dB, as loudness is measured (BS.1770-4, annex 1) but for the filter, and the peak in dB.
fn level(decoded: &Decoded) -> (f64, f64) {
    let block = decoded.rate_hz as usize * 4 / 10;
    let blocks: Vec<f64> = (0..decoded.frames().saturating_sub(block))
        .step_by(block / 4)
        .map(|at| {
            let power = |plane: &Vec<f32>| -> f64 {
                plane[at..at + block].iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>()
                    / block as f64
            };
            decoded.planes.iter().map(power).sum()
        })
        .collect();
    let mean = |least: f64| {
        let kept: Vec<f64> = blocks.iter().copied().filter(|power| *power > least).collect();
        kept.iter().sum::<f64>() / kept.len().max(1) as f64
    };
    let peak = decoded.planes.iter().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    (10.0 * mean(mean(1e-7) * 0.1).log10(), 20.0 * f64::from(peak).log10())
}

fn sources(folder: &Path) -> Vec<(&'static str, std::path::PathBuf)> {
    let planes = music(RATE_HZ, RATE_HZ as usize * SECONDS, 2);
    let loud = planes
        .iter()
        .map(|plane| plane.iter().map(|sample| sample * 1.4).collect())
        .collect::<Vec<Vec<f32>>>();
    vec![
        ("music", write_wav(folder, "music.wav", RATE_HZ, &planes)),
        ("loud", write_wav(folder, "loud.wav", RATE_HZ, &loud)),
    ]
}

#[test]
fn damaged_packets_put_no_noise_into_loudness_and_peak() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wrong, mut all, mut unknowable, mut louder) = (Vec::new(), 0, 0, 0);
    for (kind, source) in sources(folder.path()) {
        for (name, arguments) in FILES {
            let path = encode(&source, &format!("{kind}-{name}"), arguments);
            let whole_bytes = std::fs::read(&path).unwrap();
            let whole = decode_file(&path, &OpenOptions::default()).unwrap();
            assert!(whole.warnings.is_empty(), "{name}: {:?}", whole.warnings);
            let (loudness, peak) = level(&whole);
            for (harm, damage) in HARMS {
                for seed in 0..SEEDS {
                    let mut bytes = whole_bytes.clone();
                    let (from, to) = (bytes.len() / 8, bytes.len() * 15 / 16);
                    damage(&mut bytes[from..to], &mut Numbers(seed));
                    std::fs::write(&path, &bytes).unwrap();
                    let ffmpeg = if seed % 2 == 0 { FfmpegUse::default() } else { FfmpegUse::Off };
                    let harmed =
                        decode_file(&path, &OpenOptions { ffmpeg, ..OpenOptions::default() }).unwrap();
                    let (harmed_loudness, harmed_peak) = level(&harmed);
                    let line = format!(
                        "{kind} {name:14} {harm:14} {seed}: {:+.2} LU, peak {:+.2} dB, {:.2} s, {:?}",
                        harmed_loudness - loudness,
                        harmed_peak - peak,
                        harmed.frames() as f64 / f64::from(RATE_HZ),
                        harmed.warnings
                    );
                    println!("{line}");
                    all += 1;
                    // A flipped bit of a codec without checksums may be other music: no decoder can know. Times in Matroska
                    // are those of blocks, and less than a second is not missed.
                    let unknown =
                        harmed.warnings.is_empty() && (*harm == "60 bits" || name.ends_with(".webm"));
                    unknowable += usize::from(unknown);
                    let is_louder = harmed_peak - peak > 1.0;
                    louder += usize::from(is_louder && !unknown);
                    let is_noise = harmed_peak - peak > 14.0;
                    let is_wrong = (harmed_loudness - loudness).abs() > 1.0 || is_noise;
                    if is_wrong || (harmed.warnings.is_empty() && !unknown) {
                        wrong.push(line);
                    }
                }
            }
        }
    }
    println!("{all} files: {unknowable} without a warning, {louder} with a peak more than 1 dB higher");
    // Before the first damage that shows, a packet in which nothing shows may be louder than all others; few are.
    assert!(louder * 20 <= all - unknowable, "{louder} of {all} have a higher peak");
    assert!(unknowable * 9 <= all, "{unknowable} of {all} carry no warning");
    assert!(wrong.is_empty(), "{} of {all}, {unknowable} unknowable:\n{}", wrong.len(), wrong.join("\n"));
}
