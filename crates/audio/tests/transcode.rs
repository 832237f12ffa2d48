//! Transcodes, made block by block and checked by two independent decoders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use fanfare_audio::{
    CancelFlag, FanOut, FanOutOptions, OpenOptions, SinkOutcome, open, read_tags, transcode::TranscodePlan,
};
use fanfare_model::{FrameIndex, Profile, Quality, Tags, TranscodeCodec};
use support::{decode_file, encode, music, snr_db, write_wav};
use tempfile::TempDir;

/// Blocks by number, in the order in which they came.
type Blocks = Vec<(u32, Vec<u8>)>;

/// A pass over the file from the block on.
fn pass(path: &Path, plan: &TranscodePlan, first: u32) -> Blocks {
    let blocks = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&blocks);
    let (begin, sink) = plan
        .sink(
            first,
            Box::new(move |block, bytes| {
                taken.lock().unwrap().push((block, bytes));
                Ok(())
            }),
        )
        .unwrap();
    let mut source = open(path, &OpenOptions { chunk_frames: 5_000, ..OpenOptions::default() }).unwrap();
    if begin > 0 {
        assert_eq!(source.seek(FrameIndex(begin)).unwrap(), FrameIndex(begin));
    }
    let mut fan_out = FanOut::new(FanOutOptions::default());
    fan_out.add("blocks", sink);
    let report = fan_out.run(&mut *source, &CancelFlag::default(), &mut |_| {}).unwrap();
    assert_eq!(report.sinks[0].outcome, SinkOutcome::Finished);
    let blocks = blocks.lock().unwrap();
    blocks.clone()
}

fn whole(plan: &TranscodePlan, blocks: &Blocks) -> Vec<u8> {
    let mut file = plan.head().to_vec();
    for (number, (block, bytes)) in (0..).zip(blocks) {
        assert_eq!(*block, number);
        assert_eq!(plan.grid().bytes_of(number).unwrap().start, file.len() as u64);
        file.extend(bytes);
    }
    assert_eq!(file.len() as u64, plan.grid().len_bytes);
    file
}

fn plan(path: &Path, codec: TranscodeCodec, quality: Quality, tags: &Tags) -> TranscodePlan {
    let source = open(path, &OpenOptions::default()).unwrap();
    let frames = source.facts().declared_frames.unwrap();
    TranscodePlan::new(Profile::of(quality, codec).unwrap(), source.spec(), frames, tags, None).unwrap()
}

/// How many frames `ffmpeg` makes of the file.
fn ffmpeg_frames(path: &Path, channels: usize) -> usize {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i", path.to_str().unwrap(), "-f", "f32le", "-"])
        .output()
        .expect("these tests need ffmpeg: `make test` installs it");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.len() / 4 / channels
}

/// A source and what it becomes.
struct Case {
    rate_hz: u32,
    channels: usize,
    frames: usize,
    codec: TranscodeCodec,
    quality: Quality,
    /// Rate of the transcode, and at least how much like the source it sounds, in dB.
    becomes: (u32, f64),
}

const fn case(
    (rate_hz, channels, frames): (u32, usize, usize),
    codec: TranscodeCodec,
    quality: Quality,
    becomes: (u32, f64),
) -> Case {
    Case { rate_hz, channels, frames, codec, quality, becomes }
}

const BLOCK: usize = 196 * 1_152;
const CASES: &[Case] = &[
    case((44_100, 2, 1), TranscodeCodec::Mp3, Quality::Medium, (44_100, 0.0)),
    case((44_100, 2, 1_152), TranscodeCodec::Mp3, Quality::Medium, (44_100, 0.0)),
    case((44_100, 2, 44_100), TranscodeCodec::Mp3, Quality::Low, (44_100, 10.0)),
    case((44_100, 2, BLOCK - 1_152), TranscodeCodec::Mp3, Quality::Medium, (44_100, 15.0)),
    case((44_100, 2, BLOCK - 1_151), TranscodeCodec::Mp3, Quality::Medium, (44_100, 15.0)),
    case((44_100, 2, 3 * BLOCK + 77), TranscodeCodec::Mp3, Quality::High, (44_100, 15.0)),
    case((48_000, 2, 2 * BLOCK), TranscodeCodec::Mp3, Quality::High, (48_000, 15.0)),
    case((44_100, 1, 2 * BLOCK), TranscodeCodec::Mp3, Quality::Low, (44_100, 15.0)),
    case((32_000, 2, BLOCK + 5), TranscodeCodec::Mp3, Quality::Low, (32_000, 12.0)),
    case((96_000, 2, 4 * BLOCK + 1), TranscodeCodec::Mp3, Quality::High, (48_000, 0.0)),
    case((22_050, 1, BLOCK + 3), TranscodeCodec::Mp3, Quality::Medium, (44_100, 0.0)),
    case((48_000, 6, BLOCK), TranscodeCodec::Mp3, Quality::Medium, (48_000, 0.0)),
    case((48_000, 2, 1), TranscodeCodec::Opus, Quality::Medium, (48_000, 0.0)),
    case((48_000, 2, 240_000 - 120), TranscodeCodec::Opus, Quality::Medium, (48_000, 10.0)),
    case((48_000, 2, 240_000 - 119), TranscodeCodec::Opus, Quality::Medium, (48_000, 10.0)),
    case((48_000, 2, 700_001), TranscodeCodec::Opus, Quality::High, (48_000, 10.0)),
    case((48_000, 1, 300_000), TranscodeCodec::Opus, Quality::Low, (48_000, 10.0)),
    case((44_100, 2, 500_000), TranscodeCodec::Opus, Quality::Medium, (48_000, 0.0)),
];

#[test]
fn a_transcode_has_exactly_the_frames_of_its_source() {
    let folder = TempDir::new().unwrap();
    for (number, case) in CASES.iter().enumerate() {
        let planes = music(case.rate_hz, case.frames, case.channels);
        let path = write_wav(folder.path(), &format!("{number}.wav"), case.rate_hz, &planes);
        let plan = plan(&path, case.codec, case.quality, &Tags::default());
        let small = folder.path().join(format!("{number}.{}", case.codec.suffix()));
        fs::write(&small, whole(&plan, &pass(&path, &plan, 0))).unwrap();

        let (rate_hz, least_db) = case.becomes;
        let expected = (case.frames as u64 * u64::from(rate_hz)).div_ceil(case.rate_hz.into()) as usize;
        let decoded = decode_file(&small, &OpenOptions::default()).unwrap();
        assert_eq!((decoded.rate_hz, decoded.frames()), (rate_hz, expected), "case {number}");
        assert_eq!(decoded.warnings, Vec::<String>::new(), "case {number}");
        assert_eq!(ffmpeg_frames(&small, decoded.planes.len()), expected, "case {number}: ffmpeg");
        if least_db > 0.0 {
            let db = snr_db(&planes[0], &decoded.planes[0], 0);
            assert!(db > least_db, "case {number}: {db} dB");
        }
    }
}

#[test]
fn a_pass_from_the_middle_gives_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    for (rate_hz, flac, codec) in [
        (44_100, true, TranscodeCodec::Mp3),
        (96_000, false, TranscodeCodec::Mp3),
        (22_050, true, TranscodeCodec::Mp3),
        (44_100, true, TranscodeCodec::Opus),
        (48_000, false, TranscodeCodec::Opus),
    ] {
        let frames = 3 * BLOCK * rate_hz as usize / 44_100 + 1_234;
        let mut path = write_wav(folder.path(), "a.wav", rate_hz, &music(rate_hz, frames, 2));
        if flac {
            path = encode(&path, "a.flac", &["-c:a", "flac"]);
        }
        let plan = plan(&path, codec, Quality::Medium, &Tags::default());
        let all = pass(&path, &plan, 0);
        for first in 1..all.len() {
            assert!(pass(&path, &plan, first as u32) == all[first..], "{rate_hz}: from block {first}");
        }
    }
}

#[test]
fn the_seams_between_blocks_are_not_heard() {
    let folder = TempDir::new().unwrap();
    for (codec, block, delay) in [(TranscodeCodec::Mp3, BLOCK, 1_105), (TranscodeCodec::Opus, 240_000, 120)] {
        seams(folder.path(), codec, block, delay);
    }
}

fn seams(folder: &Path, codec: TranscodeCodec, block: usize, delay: usize) {
    let rate_hz = if codec == TranscodeCodec::Opus { 48_000 } else { 44_100 };
    let planes = music(rate_hz, 4 * block, 2);
    let path = write_wav(folder, "a.wav", rate_hz, &planes);
    let plan = plan(&path, codec, Quality::High, &Tags::default());
    let small = folder.join("small");
    fs::write(&small, whole(&plan, &pass(&path, &plan, 0))).unwrap();
    let decoded = decode_file(&small, &OpenOptions::default()).unwrap();
    // The error around a seam against that in the middle of the blocks beside it.
    let energy = |from: usize| {
        let of = |at: usize| f64::from(planes[0][at] - decoded.planes[0][at]).powi(2);
        (from..from + 2 * 1_152).map(of).sum::<f64>()
    };
    for seam in 1..4 {
        let at = seam * block - delay;
        let usual = (1..20).map(|step| energy(at - block / 2 + step * 2_304)).fold(0.0, f64::max);
        assert!(
            energy(at - 1_152) < usual * 1.5,
            "{codec:?}: seam {seam}: {} against {usual}",
            energy(at - 1_152)
        );
    }
}

#[test]
fn tags_cover_and_gain_go_along() {
    let folder = TempDir::new().unwrap();
    let path: PathBuf = write_wav(folder.path(), "a.wav", 44_100, &music(44_100, 44_100, 2));
    let tags = Tags {
        title: Some("Größer als \u{6771}\u{4eac}".to_owned()),
        artist: Some("A Singer, Another".to_owned()),
        album: Some("Everything".to_owned()),
        year: Some(1_999),
        track_number: Some(3),
        track_total: Some(12),
        replaygain_track_gain_db: Some(-7.31),
        replaygain_track_peak: Some(0.987_654),
        ..Tags::default()
    };
    for (codec, frames) in [(TranscodeCodec::Mp3, 44_100), (TranscodeCodec::Opus, 48_000)] {
        let plan = plan(&path, codec, Quality::Medium, &tags);
        let small = folder.path().join("small");
        fs::write(&small, whole(&plan, &pass(&path, &plan, 0))).unwrap();
        let read = read_tags(&small, &fanfare_audio::Limits::default()).unwrap();
        assert_eq!(read.tags, tags, "{codec:?}");
        assert_eq!(decode_file(&small, &OpenOptions::default()).unwrap().frames(), frames);
    }
}

#[test]
fn a_source_that_is_longer_or_shorter_than_it_said_is_no_whole_file() {
    let folder = TempDir::new().unwrap();
    let path = write_wav(folder.path(), "a.wav", 44_100, &music(44_100, 44_100, 2));
    let spec = open(&path, &OpenOptions::default()).unwrap().spec();
    let profile = Profile::of(Quality::Low, TranscodeCodec::Mp3).unwrap();
    for frames in [44_099, 44_101, 100_000] {
        let plan = TranscodePlan::new(profile, spec, frames, &Tags::default(), None).unwrap();
        let (_, sink) = plan.sink(0, Box::new(|_, _| Ok(()))).unwrap();
        let mut source = open(&path, &OpenOptions::default()).unwrap();
        let mut fan_out = FanOut::new(FanOutOptions::default());
        fan_out.add("blocks", sink);
        let report = fan_out.run(&mut *source, &CancelFlag::default(), &mut |_| {}).unwrap();
        assert!(matches!(report.sinks[0].outcome, SinkOutcome::Evicted { .. }), "{frames}");
    }
}
