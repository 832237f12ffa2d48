//! After a seek, every codec gives what it would have given without it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fanfare_audio::{OpenOptions, open};
use fanfare_model::FrameIndex;
use fanfare_testkit::Seeded;
use support::{decode_file, encode, music, write_wav};

const FRAMES: usize = 400_003;
const SEEKS: usize = 12;

/// Name, encoder arguments, and how far a sample may be off: lossless codecs not at all, the others by less
/// than a 16-bit step.
const CASES: &[(&str, &[&str], f32)] = &[
    ("a.wav", &[], 0.0),
    ("a.aiff", &[], 0.0),
    ("a.caf", &["-c:a", "pcm_s16be"], 0.0),
    ("alac.caf", &["-c:a", "alac"], 0.0),
    ("a.flac", &[], 0.0),
    ("flac.ogg", &["-c:a", "flac"], 0.0),
    ("flac.mka", &["-c:a", "flac"], 0.0),
    ("alac.m4a", &["-c:a", "alac"], 0.0),
    ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"], 1e-4),
    ("low.mp3", &["-c:a", "libmp3lame", "-b:a", "32k", "-ac", "1", "-ar", "22050"], 1e-4),
    ("vbr.mp3", &["-c:a", "libmp3lame", "-q:a", "4"], 1e-4),
    ("noxing.mp3", &["-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0"], 1e-4),
    ("a.mp2", &["-c:a", "mp2"], 1e-4),
    // Without perceptual noise: the decoder's noise generator runs on and is another after a seek.
    ("a.m4a", &["-c:a", "aac", "-aac_pns", "0"], 1e-4),
    ("a.aac", &["-c:a", "aac", "-aac_pns", "0"], 1e-4),
    ("aac.mka", &["-c:a", "aac", "-aac_pns", "0"], 1e-4),
    ("a.ogg", &["-c:a", "libvorbis"], 1e-4),
    ("vorbis.mka", &["-c:a", "libvorbis"], 1e-4),
    ("a.opus", &["-c:a", "libopus", "-ar", "48000"], 1e-4),
    ("a.webm", &["-c:a", "libopus", "-ar", "48000"], 1e-4),
    ("opus.mp4", &["-c:a", "libopus", "-ar", "48000"], 1e-4),
    ("a.wv", &[], 0.0),
    ("a.tta", &[], 0.0),
];

#[test]
fn seeking_lands_on_the_frame() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, FRAMES, 2));
    let mut failures = Vec::new();
    for (case, (name, arguments, tolerance)) in CASES.iter().enumerate() {
        let path = encode(&source, name, arguments);
        check(&path, case as u64, *tolerance, &mut failures);
    }
    // Streams behind each other: positions run through.
    for name in ["a.ogg", "a.mp3"] {
        let one = std::fs::read(folder.path().join(name)).unwrap();
        let path = folder.path().join(format!("joined-{name}"));
        std::fs::write(&path, [&*one, &*one].concat()).unwrap();
        check(&path, 99, 1e-4, &mut failures);
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn check(path: &std::path::Path, seed: u64, tolerance: f32, failures: &mut Vec<String>) {
    let options = OpenOptions::default();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let whole = decode_file(path, &options).unwrap();
    let mut source = open(path, &options).unwrap();
    let mut random = Seeded::new(seed);
    let mut targets: Vec<usize> = (0..SEEKS).map(|_| random.below(whole.frames())).collect();
    targets.extend([0, whole.frames() - 1, 1, whole.frames(), whole.frames() + 100_000, 5_000, 5_001]);
    for target in targets {
        let landed = source.seek(FrameIndex(target as u64)).unwrap().0 as usize;
        let expected = target.min(whole.frames());
        if landed != expected {
            failures.push(format!("{name}: sought {target}, landed on {landed} of {}", whole.frames()));
            continue;
        }
        let chunk = source.next_chunk().unwrap();
        if expected == whole.frames() {
            if chunk.is_some() {
                failures.push(format!("{name}: audio behind the end"));
            }
            continue;
        }
        let chunk = chunk.unwrap();
        if chunk.first_frame().0 as usize != target {
            failures.push(format!("{name}: sought {target}, chunk begins at {}", chunk.first_frame().0));
        }
        for (plane, truth) in chunk.planes().iter().zip(&whole.planes) {
            let differs = plane.iter().zip(&truth[target..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            if differs > tolerance {
                failures.push(format!("{name}: sought {target}, samples differ by {differs}"));
            }
        }
        let more = source.next_chunk().unwrap();
        let begins = more.map(|chunk| chunk.first_frame().0 as usize);
        if begins.is_some_and(|begins| begins != target + chunk.frames()) {
            failures.push(format!("{name}: a gap behind {target}"));
        }
    }
    if !source.warnings().is_empty() {
        failures.push(format!("{name}: {:?}", source.warnings()));
    }
}
