//! Lossless files with holes, and headers that declare too little (issue 13): what is intact stays where it belongs, what is
//! lost is silence, and the file says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::{fs, path::Path};

use fanfare_audio::{FfmpegUse, OpenOptions, open};
use fanfare_model::FrameIndex;
use support::{encode, forms::decode_whole, music, snr_db, write_wav};

const RATE_HZ: u32 = 44_100;
const FRAMES: usize = 20 * RATE_HZ as usize + 321;
/// Frames that are compared at once.
const BLOCK: usize = 441;

type Damage = (&'static str, fn(&mut Vec<u8>));
const DAMAGES: &[Damage] = &[
    ("zeros", |bytes| zeros(bytes, 1, 2, 100_000)),
    ("zeros in three places", |bytes| (1..4).for_each(|part| zeros(bytes, part, 4, 30_000))),
    ("5 kB left out", |bytes| leave_out(bytes, 1, 2, 5_000)),
    ("200 kB left out", |bytes| leave_out(bytes, 1, 2, 200_000)),
    ("5 kB left out in three places", |bytes| (1..4).for_each(|part| leave_out(bytes, part, 4, 5_000))),
    ("7 kB of noise put in", |bytes| {
        let noise = (0..7_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 23) as u8);
        let half = bytes.len() / 2;
        bytes.splice(half..half, noise);
    }),
    ("zeros, and 9 kB left out", |bytes| {
        zeros(bytes, 1, 4, 40_000);
        leave_out(bytes, 3, 4, 9_000);
    }),
];

fn zeros(bytes: &mut [u8], part: usize, of: usize, count: usize) {
    let at = bytes.len() * part / of;
    bytes[at..at + count].fill(0);
}

fn leave_out(bytes: &mut Vec<u8>, part: usize, of: usize, count: usize) {
    let at = bytes.len() * part / of;
    bytes.drain(at..at + count);
}

/// How many blocks of frames are as they were, and how many are neither that nor silent.
fn compared(truth: &[Vec<f32>], found: &[Vec<f32>]) -> (usize, usize, usize) {
    let (mut same, mut wrong, mut all) = (0, 0, 0);
    for at in (0..truth[0].len()).step_by(BLOCK) {
        let block = at..(at + BLOCK).min(truth[0].len());
        let is = |test: &dyn Fn(f32, f32) -> bool| {
            truth.iter().zip(found).all(|(truth, found)| {
                truth[block.clone()]
                    .iter()
                    .zip(&found[block.clone()])
                    .all(|(truth, found)| test(*truth, *found))
            })
        };
        all += 1;
        if is(&|truth, found| truth == found) {
            same += 1;
        } else if !is(&|truth, found| found == 0.0 || truth == found) {
            wrong += 1;
        }
    }
    (same, wrong, all)
}

#[test]
fn sound_behind_a_hole_stays_where_it_belongs() {
    let folder = tempfile::tempdir().unwrap();
    let source = |channels| {
        write_wav(folder.path(), &format!("{channels}.wav"), RATE_HZ, &music(RATE_HZ, FRAMES, channels))
    };
    let (stereo, surround) = (source(2), source(6));
    for (name, from) in [("a.wv", &stereo), ("six.wv", &surround), ("a.tta", &stereo), ("six.tta", &surround)]
    {
        let path = encode(from, name, &[]);
        let truth = decode_whole(&path);
        assert_eq!((truth.frames(), &truth.warnings), (FRAMES, &Vec::new()), "{name}");
        let whole = fs::read(&path).unwrap();
        for (damage, harm) in DAMAGES {
            let mut bytes = whole.clone();
            harm(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let found = decode_whole(&path);
            let (same, wrong, all) = compared(&truth.planes, &found.planes);
            println!("{name:8} {damage:30}: {same} of {all} blocks, {wrong} wrong, {:?}", found.warnings);
            assert_eq!(found.frames(), FRAMES, "{name}, {damage}: {:?}", found.warnings);
            assert!(!found.warnings.is_empty(), "{name}, {damage}: silently");
            assert_eq!(wrong, 0, "{name}, {damage}: sound that is neither intact nor silent");
            // Blocks of half a second and frames of a second: about three of them are lost in each of three places.
            assert!(same * 2 > all, "{name}, {damage}: only {same} of {all} are intact");
            assert_eq!(found.planes[0][FRAMES - 1], truth.planes[0][FRAMES - 1], "{name}, {damage}: the end");
            if name.starts_with("a.") {
                check_seeks(&path, &found.planes[0]);
            }
        }
    }
}

/// Seeking leads to the same frames, whatever was decoded before.
fn check_seeks(path: &Path, plane: &[f32]) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    for at in [700_001, 300_000] {
        assert_eq!(source.seek(FrameIndex(at)).unwrap(), FrameIndex(at));
        let chunk = source.next_chunk().unwrap().unwrap();
        let from = at as usize;
        assert!(chunk.planes()[0] == plane[from..from + chunk.frames()], "from frame {at} on");
    }
}

/// AU: the declared size counts, as for SoX and libsndfile; where more than a second follows, the file says so.
#[test]
fn au_ends_where_its_header_says() {
    let folder = tempfile::tempdir().unwrap();
    let frames = 4 * RATE_HZ as usize;
    let source = write_wav(folder.path(), "a.wav", RATE_HZ, &music(RATE_HZ, frames, 2));
    let path = encode(&source, "a.au", &[]);
    let whole = fs::read(&path).unwrap();
    let bytes = |frames: usize| u32::try_from(frames * 4).unwrap();
    for (declared, expected, warns) in [
        (bytes(frames), frames, false),
        (u32::MAX, frames, false),
        (bytes(frames / 2), frames / 2, true),
        (bytes(frames - 1_000), frames - 1_000, false),
        (bytes(frames * 2), frames, true),
    ] {
        let mut harmed = whole.clone();
        harmed[8..12].copy_from_slice(&declared.to_be_bytes());
        fs::write(&path, &harmed).unwrap();
        let found = decode_whole(&path);
        assert_eq!((found.frames(), !found.warnings.is_empty()), (expected, warns), "{:?}", found.warnings);
        let alone = open(&path, &OpenOptions { ffmpeg: FfmpegUse::Off, ..OpenOptions::default() });
        assert!(alone.is_err(), "AU is decoded by ffmpeg");
    }
}

/// What the demuxer of MPEG audio steps over silently: the file keeps its length, and what follows its place.
#[test]
fn mp3_goes_on_behind_a_hole_at_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "a.wav", RATE_HZ, &music(RATE_HZ, FRAMES, 2));
    for (name, rate) in [("cbr.mp3", ["-b:a", "128k"]), ("vbr.mp3", ["-q:a", "3"])] {
        let path = encode(&source, name, &[&["-c:a", "libmp3lame"], &rate[..]].concat());
        let truth = decode_whole(&path);
        let whole = fs::read(&path).unwrap();
        for count in [8_192, 60_000] {
            let mut bytes = whole.clone();
            zeros(&mut bytes, 1, 2, count);
            fs::write(&path, &bytes).unwrap();
            let found = decode_whole(&path);
            let what = format!("{name}, {count}: {} frames, {:?}", found.frames(), found.warnings);
            println!("{what}");
            assert!(found.warnings.iter().any(|line| line.starts_with("damage at ")), "{what}");
            let peak =
                |planes: &[Vec<f32>]| planes.iter().flatten().fold(0.0_f32, |peak, one| peak.max(one.abs()));
            assert!(peak(&found.planes) <= peak(&truth.planes) * 1.02, "{what}: noise");
            let beyond = found.frames().abs_diff(truth.frames());
            if name == "cbr.mp3" {
                assert_eq!(beyond, 0, "{what}");
                let behind = FRAMES * 3 / 4..FRAMES - 4_096;
                let snr = snr_db(&truth.planes[0][behind.clone()], &found.planes[0][behind], 0);
                assert!(snr > 60.0, "{what}: {snr:.1} dB near");
            } else {
                assert!(beyond < RATE_HZ as usize / 2, "{what}");
            }
            let mut source = open(&path, &OpenOptions::default()).unwrap();
            for at in [700_001, 430_000, 300_000] {
                assert_eq!(source.seek(FrameIndex(at)).unwrap(), FrameIndex(at));
                let chunk = source.next_chunk().unwrap().unwrap();
                let from = at as usize;
                let snr = snr_db(&found.planes[0][from..from + chunk.frames()], &chunk.planes()[0], 0);
                assert!(snr > 60.0, "{what}: from frame {at} on {snr:.1} dB near");
            }
        }
    }
}
