//! Ladders of sources of many kinds, judged by the checker of the testkit and by `ffmpeg`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hls_support;
mod support;

use std::fs;

use fanfare_audio::{FfmpegUse, OpenOptions, StreamFacts, hls::Ladder, hls::LadderSource};
use fanfare_model::{ChannelLayout, ErrorKind, SampleRate, SampleSpec};
use fanfare_testkit::hls::second;
use hls_support::{make, sinks};
use support::{decode_file, encode, music, snr_db, write_wav};
use tempfile::TempDir;

/// A source, what its FLAC variant must be, and the rate of its AAC variants.
struct Case {
    rate_hz: u32,
    channels: usize,
    frames: usize,
    /// File name and `ffmpeg`'s arguments; `None` for the WAVE file itself.
    file: Option<(&'static str, &'static [&'static str])>,
    lossless: bool,
    aac_rate_hz: u32,
    segments: usize,
}

const fn case(rate_hz: u32, channels: usize, frames: usize, segments: usize) -> Case {
    Case { rate_hz, channels, frames, file: None, lossless: true, aac_rate_hz: rate_hz, segments }
}

const fn filed(case: Case, name: &'static str, arguments: &'static [&'static str], lossless: bool) -> Case {
    Case { file: Some((name, arguments)), lossless, ..case }
}

const fn resampled(case: Case, aac_rate_hz: u32) -> Case {
    Case { aac_rate_hz, ..case }
}

/// 65 blocks of 4,096 frames are what is nearest to six seconds at 44.1 kHz.
const SEGMENT: usize = 65 * 4_096;

const CASES: &[Case] = &[
    case(44_100, 2, 1, 1),
    case(44_100, 2, 31, 1),
    case(44_100, 2, 44_100, 1),
    case(44_100, 2, SEGMENT, 1),
    case(44_100, 2, SEGMENT + 44_099, 1),
    case(44_100, 2, SEGMENT + 44_100, 2),
    case(44_100, 2, 2 * SEGMENT, 2),
    case(44_100, 1, 132_300, 1),
    case(48_000, 6, 400_000, 2),
    case(22_050, 1, 150_001, 1),
    filed(case(44_100, 2, 60 * 44_100 + 77, 10), "a.flac", &["-c:a", "flac"], true),
    filed(case(48_000, 2, 300_003, 1), "a.flac", &["-c:a", "flac", "-frame_size", "4608"], true),
    filed(case(96_000, 2, 700_000, 2), "a.flac", &["-c:a", "flac", "-sample_fmt", "s32"], true),
    resampled(filed(case(192_000, 2, 1_500_001, 2), "a.flac", &["-c:a", "flac"], true), 48_000),
    resampled(case(176_400, 1, 1_300_000, 2), 44_100),
    resampled(case(37_800, 2, 300_000, 2), 44_100),
    resampled(case(22_254, 1, 200_000, 2), 24_000),
    filed(case(44_100, 2, 400_000, 2), "a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"], false),
    filed(case(44_100, 2, 132_300, 1), "a.m4a", &["-c:a", "aac", "-b:a", "192k"], false),
    filed(case(48_000, 2, 400_000, 2), "a.opus", &["-c:a", "libopus", "-b:a", "128k"], false),
    filed(case(44_100, 2, 132_300, 1), "a.ogg", &["-c:a", "libvorbis"], false),
];

#[test]
fn every_source_becomes_a_ladder_without_findings_and_to_the_frame() {
    let options = OpenOptions::default();
    let two: Ladder = "low=aac:256,high=flac".parse().unwrap();
    for case in CASES {
        let folder = TempDir::new().unwrap();
        let planes = music(case.rate_hz, case.frames, case.channels);
        let mut path = write_wav(folder.path(), "source.wav", case.rate_hz, &planes);
        if let Some((name, arguments)) = case.file {
            path = encode(&path, name, arguments);
        }
        let what = format!("{} Hz x {} x {} {:?}", case.rate_hz, case.channels, case.frames, case.file);
        // The middle variant differs from the low one by a number only; one length shows it.
        let ladder = if case.frames > 2_000_000 { Ladder::default() } else { two.clone() };
        let made = make(&path, &ladder, &options);
        let report = made.check();
        assert_eq!(report.findings, [""; 0], "{what}");
        assert_eq!(made.report.frames, case.frames as u64, "{what}");
        for (checked, facts) in report.variants.iter().zip(&made.variants) {
            assert_eq!(checked.segments.len(), case.segments, "{what}");
            let aac = facts.codecs != "fLaC";
            let rate_hz = if aac { case.aac_rate_hz } else { case.rate_hz };
            assert_eq!((checked.init.timescale, facts.sample_rate_hz), (rate_hz, rate_hz), "{what}");
            assert_eq!(facts.lossless, !aac && case.lossless, "{what}");
            assert_eq!(facts.frames, checked.frames(), "{what}");
            assert_eq!(second::complaints(checked), [""; 0], "{what}");
            let decoded = second::decoded(checked).unwrap_or_else(|finding| panic!("{what}: {finding}"));
            assert_eq!(decoded[0].len() as u64, facts.frames, "{what}");
            // Our own decoder takes off priming and padding by itself.
            let whole = folder.path().join("whole.mp4");
            fs::write(&whole, checked.whole()).unwrap();
            let own = decode_file(&whole, &options).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(own.frames() as u64, facts.frames, "{what} {}", facts.name);
            assert_eq!(own.facts.declared_frames, Some(facts.frames), "{what} {}", facts.name);
            if !aac && case.lossless {
                assert!(own.planes == decoded, "{what}: two decoders agree");
                assert!(decoded == made.received, "{what}: the lossless variant keeps every sample");
            } else if rate_hz == case.rate_hz && decoded.len() == made.received.len() && case.frames > 10_000
            {
                // At no other shift would it be so much alike: the priming is what the edit list says.
                for (truth, decoded) in made.received.iter().zip(&decoded) {
                    let snr = snr_db(truth, decoded, 0);
                    assert!(snr > 15.0, "{what} {}: {snr:.1} dB", facts.name);
                    assert!(snr > snr_db(truth, decoded, 1).max(snr_db(truth, decoded, -1)) + 3.0, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_flac_file_is_copied_block_by_block() {
    let folder = TempDir::new().unwrap();
    let planes = music(44_100, 700_001, 2);
    let wav = write_wav(folder.path(), "source.wav", 44_100, &planes);
    let path = encode(&wav, "a.flac", &["-c:a", "flac"]);
    let made = make(&path, &"high=flac".parse().unwrap(), &OpenOptions::default());
    let mut copied = Vec::new();
    for (_, bytes) in &made.written["high"].segments {
        let head = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        copied.extend_from_slice(&bytes[head + 8..]);
    }
    let file = fs::read(&path).unwrap();
    assert!(file.ends_with(&copied), "the file's own frames");
    assert_eq!(file[file.len() - copied.len()..][..2], [0xff, 0xf8], "all of them");
}

#[test]
fn a_flac_file_with_unfit_blocks_or_with_damage_is_encoded_and_sounds_the_same() {
    let folder = TempDir::new().unwrap();
    let planes = music(44_100, 700_001, 2);
    let wav = write_wav(folder.path(), "source.wav", 44_100, &planes);
    let usual = fs::read(encode(&wav, "a.flac", &["-c:a", "flac"])).unwrap();
    let unfit = fs::read(encode(&wav, "b.flac", &["-c:a", "flac", "-frame_size", "4095"])).unwrap();
    let middle = usual.len() / 2;
    let mut damaged = usual.clone();
    damaged[middle..middle + 50].fill(0x55);
    let path = folder.path().join("broken.flac");
    for (what, bytes) in [
        ("blocks of several sizes", of_several_blocks(&planes)),
        ("blocks that meet no AAC packet", unfit),
        ("a frame that is damaged", damaged),
        ("a file that is cut off", usual[..usual.len() * 2 / 3].to_vec()),
    ] {
        fs::write(&path, bytes).unwrap();
        let made = make(&path, &"high=flac".parse().unwrap(), &OpenOptions::default());
        let report = made.check();
        assert_eq!(report.findings, [""; 0], "{what}");
        assert!(second::decoded(&report.variants[0]).unwrap() == made.received, "{what}");
        assert!(made.received[0].len() > 400_000, "{what}");
    }
}

/// A FLAC file whose blocks have 4,096 and 2,048 frames in turn.
fn of_several_blocks(planes: &[Vec<f32>]) -> Vec<u8> {
    use flacenc::{component::*, config::Encoder, encode_fixed_size_frame, error::Verify, source::*};
    let settings = Encoder::default().into_verified().unwrap();
    let info = StreamInfo::new(44_100, 2, 16).unwrap();
    let mut file = b"fLaC\x80\x00\x00\x22\x08\x00\x10\x00".to_vec();
    file.extend([0; 6]);
    let packed = 44_100_u64 << 44 | 1 << 41 | 15 << 36 | planes[0].len() as u64;
    file.extend(packed.to_be_bytes());
    file.extend([0; 16]);
    let (mut at, mut size) = (0, 4_096);
    while at < planes[0].len() {
        let frames = size.min(planes[0].len() - at);
        let block: Vec<i32> = (at..at + frames)
            .flat_map(|at| [0, 1].map(|side| (planes[side][at] * 32_768.0) as i32))
            .collect();
        let mut buffer = FrameBuf::with_size(2, frames).unwrap();
        buffer.fill_interleaved(&block).unwrap();
        let (mut header, parts) = encode_fixed_size_frame(&settings, &buffer, 0, &info).unwrap().into_parts();
        header.set_frame_offset(FrameOffset::StartSample(at as u64));
        let mut sink = flacenc::bitsink::ByteSink::new();
        Frame::new(header, parts.into_iter()).unwrap().write(&mut sink).unwrap();
        file.extend(sink.into_inner());
        at += frames;
        size = 6_144 - size;
    }
    file
}

#[test]
fn the_pieces_in_which_a_track_is_decoded_change_nothing() {
    let folder = TempDir::new().unwrap();
    let planes = music(50_000, 400_000, 1);
    let path = write_wav(folder.path(), "source.wav", 50_000, &planes);
    let ladder = Ladder::default();
    let usual = make(&path, &ladder, &OpenOptions::default());
    for chunk_frames in [997, 200_000] {
        let options = OpenOptions { chunk_frames, ..OpenOptions::default() };
        assert!(make(&path, &ladder, &options).written == usual.written, "{chunk_frames}");
    }
}

#[test]
fn a_track_without_a_frame_has_variants_without_segments() {
    let facts = StreamFacts {
        codec: "flac".into(),
        container: "flac".into(),
        bit_depth: Some(16),
        declared_frames: Some(7),
    };
    let spec = SampleSpec { rate: SampleRate::CD, layout: ChannelLayout::Stereo };
    let source = LadderSource { spec, facts: &facts, path: None };
    let (shared, mut made) = sinks(&Ladder::default(), source, &OpenOptions::default());
    for (_, sink) in &mut made.sinks {
        sink.finish().unwrap();
    }
    for written in shared.lock().unwrap().values() {
        assert!(written.segments.is_empty() && !written.init.is_empty());
        assert_eq!(written.variant.as_ref().unwrap().frames, 0);
    }
}

#[test]
fn without_ffmpeg_the_aac_variants_are_left_out_with_a_reason() {
    let folder = TempDir::new().unwrap();
    let wav = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 50_000, 2));
    let path = encode(&wav, "a.flac", &["-c:a", "flac"]);
    let options = OpenOptions { ffmpeg: FfmpegUse::Off, ..OpenOptions::default() };
    let facts = decode_file(&path, &options).unwrap().facts;
    let spec = SampleSpec { rate: SampleRate::CD, layout: ChannelLayout::Stereo };
    let (_, made) =
        sinks(&Ladder::default(), LadderSource { spec, facts: &facts, path: Some(&path) }, &options);
    let left: Vec<_> = made.left_out.iter().map(|left| (left.name.as_str(), left.reason.kind())).collect();
    assert_eq!(left, [("low", ErrorKind::NoDecoder), ("medium", ErrorKind::NoDecoder)]);
    assert!(made.left_out[0].reason.remedy_text().is_some_and(|remedy| remedy.contains("settings")));
    assert_eq!(made.sinks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["hls-high"]);
}
