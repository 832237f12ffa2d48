//! Chained Ogg with damage (issue 13): every missing stretch is said and keeps its length, as in a file of one stream.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::path::Path;

use fanfare_audio::{OpenOptions, open};
use fanfare_model::FrameIndex;
use support::{Decoded, decode_file, decode_to_end, encode, music, write_wav};

const RATE_HZ: u32 = 48_000;
/// Frames of each stream: not a multiple of any packet.
const FRAMES: usize = 6 * 48_000 + 1_234;

const CODECS: &[(&str, &[&str])] = &[
    ("a.ogg", &["-c:a", "libvorbis", "-q:a", "5", "-page_duration", "100000"]),
    ("a.opus", &["-c:a", "libopus", "-b:a", "160k", "-page_duration", "100000"]),
    ("a.oga", &["-c:a", "flac", "-page_duration", "100000"]),
];

/// The pages of a file.
fn pages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut pages, mut at) = (Vec::new(), 0);
    while bytes[at..].starts_with(b"OggS") {
        let segments = usize::from(bytes[at + 26]);
        let body: usize = bytes[at + 27..at + 27 + segments].iter().map(|length| usize::from(*length)).sum();
        pages.push(bytes[at..at + 27 + segments + body].to_vec());
        at += 27 + segments + body;
        if at >= bytes.len() {
            break;
        }
    }
    pages
}

/// What is done to the pages; `second` is the index of the second stream's first page.
type Harm = fn(pages: &mut Vec<Vec<u8>>, second: usize);
/// A damage: its name, the doing, whether the length of the whole stays, and which frames of it are untouched: those before
/// the first second and those behind the second one.
type Case = (&'static str, Harm, bool, (f64, f64));

const SECOND_S: f64 = FRAMES as f64 / RATE_HZ as f64;

const CASES: &[Case] = &[
    ("one page of the first stream", |pages, second| drop(pages.remove(second / 2)), true, (2.0, 4.5)),
    (
        "three pages of the first stream",
        |pages, second| drop(pages.drain(second / 2..second / 2 + 3)),
        true,
        (2.0, 5.0),
    ),
    ("a bit in the first stream", |pages, second| pages[second / 2][60] ^= 4, true, (2.0, 4.5)),
    (
        "zeros in the first stream",
        |pages, second| pages[second / 3..second * 2 / 3].iter_mut().for_each(|page| page.fill(0)),
        true,
        (1.0, 5.5),
    ),
    (
        "one page of the second stream",
        |pages, second| drop(pages.remove(second + (pages.len() - second) / 2)),
        true,
        (SECOND_S + 2.0, SECOND_S + 4.5),
    ),
    (
        "the first page of the second stream",
        |pages, second| pages[second][30] ^= 1,
        true,
        (SECOND_S - 0.01, 2.0 * SECOND_S),
    ),
    ("the last page of the first stream", |pages, second| drop(pages.remove(second - 1)), false, (5.5, 99.0)),
    (
        "the last page but one of the first stream",
        |pages, second| pages[second - 2].fill(0),
        true,
        (5.0, SECOND_S + 0.2),
    ),
    (
        "the end of the second stream",
        |pages, _| {
            let keep = pages.len() * 9 / 10;
            pages.truncate(keep);
            let half = pages[keep - 1].len() / 2;
            pages[keep - 1].truncate(half);
        },
        false,
        (SECOND_S + 4.0, 99.0),
    ),
];

/// A file of two streams, its pages, and the index of the second one's first page.
fn chained(folder: &Path, name: &str, arguments: &[&str]) -> (Vec<Vec<u8>>, usize) {
    let planes = music(RATE_HZ, FRAMES, 2);
    let one = write_wav(folder, "one.wav", RATE_HZ, &planes);
    let turned: Vec<Vec<f32>> = planes.iter().map(|plane| plane.iter().rev().copied().collect()).collect();
    let two = write_wav(folder, "two.wav", RATE_HZ, &turned);
    let serial = |number| [arguments, &["-serial_offset", number]].concat();
    let first = pages(&std::fs::read(encode(&one, name, &serial("1"))).unwrap());
    let second = pages(&std::fs::read(encode(&two, name, &serial("2"))).unwrap());
    let at = first.len();
    ([first, second].concat(), at)
}

/// What differs between the whole file and the damaged one where nothing is damaged.
fn wrong_outside(whole: &Decoded, harmed: &Decoded, (before_s, behind_s): (f64, f64)) -> usize {
    let frame = |seconds: f64| (seconds * f64::from(RATE_HZ)) as usize;
    let end = whole.frames().min(harmed.frames());
    let (before, behind) = (frame(before_s), frame(behind_s).min(end));
    // The predictions of Opus take a second to be the same again.
    let near = |a: &f32, b: &f32| (a - b).abs() < 2e-3;
    whole
        .planes
        .iter()
        .zip(&harmed.planes)
        .map(|(whole, harmed)| {
            (0..before).chain(behind..end).filter(|at| !near(&whole[*at], &harmed[*at])).count()
        })
        .sum()
}

#[test]
fn damage_in_a_chained_file_is_said_and_keeps_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions::default();
    let mut wrong = Vec::new();
    for (name, arguments) in CODECS {
        let (whole_pages, second) = chained(folder.path(), name, arguments);
        let path = folder.path().join(format!("chained-{name}"));
        std::fs::write(&path, whole_pages.concat()).unwrap();
        let whole = decode_file(&path, &options).unwrap();
        assert!(whole.warnings.is_empty(), "{name}: {:?}", whole.warnings);
        assert_eq!(whole.frames(), 2 * FRAMES, "{name}");
        for (damage, harm, keeps_length, untouched) in CASES {
            let mut bytes = whole_pages.clone();
            harm(&mut bytes, second);
            std::fs::write(&path, bytes.concat()).unwrap();
            let harmed = decode_file(&path, &options).unwrap();
            let other = wrong_outside(&whole, &harmed, *untouched);
            let line =
                format!("{name}, {damage}: {} frames, {other} wrong, {:?}", harmed.frames(), harmed.warnings);
            println!("{line}");
            let right_length =
                harmed.frames() == 2 * FRAMES || (!keeps_length && harmed.frames() < 2 * FRAMES);
            if harmed.warnings.is_empty() || !right_length || other > 0 {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_lost_page_of_one_stream_keeps_every_other_frame_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_wav(folder.path(), "source.wav", RATE_HZ, &music(RATE_HZ, FRAMES, 2));
    let mut wrong = Vec::new();
    for (name, arguments) in CODECS {
        let path = encode(&source, name, arguments);
        let whole = decode_file(&path, &OpenOptions::default()).unwrap();
        let mut pages = pages(&std::fs::read(&path).unwrap());
        pages.remove(pages.len() / 2);
        std::fs::write(&path, pages.concat()).unwrap();
        let harmed = decode_file(&path, &OpenOptions::default()).unwrap();
        let other = wrong_outside(&whole, &harmed, (2.0, 4.5));
        if (harmed.frames(), harmed.warnings.len(), other) != (FRAMES, 1, 0) {
            wrong.push(format!("{name}: {} frames, {other} wrong, {:?}", harmed.frames(), harmed.warnings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_seek_in_a_damaged_chained_file_lands_on_the_frame_that_decoding_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (name, arguments) = CODECS[2];
    let (mut pages, second) = chained(folder.path(), name, arguments);
    pages.remove(second / 2);
    pages[second][30] ^= 1;
    let path = folder.path().join("harmed.oga");
    std::fs::write(&path, pages.concat()).unwrap();
    let whole = decode_file(&path, &OpenOptions::default()).unwrap();
    let mut source = open(&path, &OpenOptions::default()).unwrap();
    assert_eq!(source.whole_frames(), Some(2 * FRAMES as u64));
    for at in [FRAMES + 5, 100, FRAMES - 1, 2 * FRAMES - 10, FRAMES / 2, 2 * FRAMES + 7] {
        let landed = source.seek(FrameIndex(at as u64)).unwrap().0 as usize;
        assert_eq!(landed, at.min(2 * FRAMES), "{at}");
        let rest = decode_to_end(&mut *source).unwrap();
        for (rest, whole) in rest.planes.iter().zip(&whole.planes) {
            assert!(rest.len() == whole.len() - landed && *rest == whole[landed..], "behind frame {at}");
        }
    }
}

#[test]
fn a_chained_file_whose_first_stream_cannot_be_decoded_plays_the_others_at_their_time() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in CODECS {
        let (mut pages, second) = chained(folder.path(), name, arguments);
        let path = folder.path().join(format!("chained-{name}"));
        std::fs::write(&path, pages.concat()).unwrap();
        let whole = decode_file(&path, &OpenOptions::default()).unwrap();
        // The last bytes of the second page of headers; its checksum is wrong.
        let last = pages[1].len() - 1;
        pages[1][last] ^= 0xff;
        std::fs::write(&path, pages.concat()).unwrap();
        match decode_file(&path, &OpenOptions::default()) {
            Ok(harmed) => {
                assert_eq!(harmed.frames(), 2 * FRAMES, "{name}: {:?}", harmed.warnings);
                assert!(!harmed.warnings.is_empty(), "{name}");
                let wrong = wrong_outside(&whole, &harmed, (0.0, SECOND_S + 0.1));
                assert_eq!(wrong, 0, "{name}: {:?}", harmed.warnings);
            }
            Err(error) => panic!("{name}, {second}: {error}"),
        }
    }
}
