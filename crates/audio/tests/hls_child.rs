//! The AAC encoder's child: whatever becomes of it or of us, it ends, and what it gives is checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hls_support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanfare_audio::{
    CancelFlag, FanOut, FanOutOptions, FfmpegUse, Limits, OpenOptions, PcmChunk, PcmSource, SinkOutcome,
    StreamFacts,
    encode::{AacEncoder, Encoder},
    hls::{Ladder, LadderSource},
};
use fanfare_model::{ChannelLayout, ErrorKind, FrameIndex, Result, SampleRate, SampleSpec};
use hls_support::sinks;
use tempfile::TempDir;

const STEREO: SampleSpec = SampleSpec { rate: SampleRate::CD, layout: ChannelLayout::Stereo };

/// A program in place of `ffmpeg`.
fn program(folder: &Path, script: &str) -> FfmpegUse {
    let path = folder.join("ffmpeg");
    fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    FfmpegUse::At(path)
}

/// Tests that start children hold it: `cargo test` runs them as threads of one process, whose children are counted (issue 12).
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many child processes this one has.
fn children() -> usize {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let parents = processes.filter_map(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // "pid (name) state parent ..."; a name may hold anything.
        stat.rsplit(')').next()?.split_whitespace().nth(1).map(str::to_owned)
    });
    parents.filter(|parent| *parent == own).count()
}

/// Sound without end, that asks to be stopped after some chunks or fails.
struct Endless {
    facts: StreamFacts,
    chunks: u64,
    stop: CancelFlag,
    fail: bool,
}

impl PcmSource for Endless {
    fn spec(&self) -> SampleSpec {
        STEREO
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        self.chunks += 1;
        if self.chunks == 40 {
            assert_eq!(children(), 2, "an encoder per AAC variant");
            if self.fail {
                return Err(fanfare_model::Error::new(ErrorKind::Io, "the disk is gone"));
            }
            self.stop.cancel();
        }
        let plane = fanfare_testkit::signals::noise(self.chunks, 16_384, 0.5);
        let first = FrameIndex((self.chunks - 1) * 16_384);
        PcmChunk::new(STEREO, first, vec![plane.clone(), plane]).map(Some)
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        Ok(frame)
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}

fn facts() -> StreamFacts {
    StreamFacts {
        codec: "pcm_s16le".into(),
        container: "wav".into(),
        bit_depth: Some(16),
        declared_frames: None,
    }
}

#[test]
fn a_track_that_is_cancelled_or_fails_leaves_no_encoder_behind() {
    let _alone = alone();
    for fail in [false, true] {
        let (facts, options) = (facts(), OpenOptions::default());
        let (shared, made) =
            sinks(&Ladder::default(), LadderSource { spec: STEREO, facts: &facts, path: None }, &options);
        let mut fan_out = FanOut::new(FanOutOptions::default());
        made.sinks.into_iter().for_each(|(name, sink)| fan_out.add(name, sink));
        let stop = CancelFlag::default();
        let mut source = Endless { facts: facts.clone(), chunks: 0, stop: stop.clone(), fail };
        let error = fan_out.run(&mut source, &stop, &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), if fail { ErrorKind::Io } else { ErrorKind::Cancelled });
        assert_eq!(children(), 0, "no child is left");
        let written = shared.lock().unwrap();
        assert!(written.values().all(|variant| variant.variant.is_none()), "nothing claims to be finished");
        assert!(!written["high"].segments.is_empty(), "segments are there before the end");
    }
}

#[test]
fn an_encoder_that_misbehaves_fails_with_a_reason_and_is_gone() {
    let _alone = alone();
    let limits = Limits { child_silence_s: 1, ..Limits::default() };
    for (script, kind, says) in [
        ("exec sleep 1000", ErrorKind::Timeout, "did nothing for 1 s"),
        ("echo broken encoder >&2; exit 1", ErrorKind::Unavailable, "broken encoder"),
        ("cat", ErrorKind::Internal, "something else than AAC"),
        ("cat > /dev/null", ErrorKind::Internal, "fewer AAC packets"),
        ("cat > /dev/null; echo late >&2; exit 3", ErrorKind::Unavailable, "late"),
    ] {
        let folder = TempDir::new().unwrap();
        let ffmpeg = program(folder.path(), script);
        let mut encoder = AacEncoder::start(STEREO, 128_000, &ffmpeg, &limits).unwrap();
        let planes = vec![vec![0.1; 100_000]; 2];
        let mut packets = Vec::new();
        let pushed = encoder.push(&planes, &mut packets);
        let error = pushed.and_then(|()| encoder.finish(&mut packets)).unwrap_err();
        assert_eq!(error.kind(), kind, "{script}: {error}");
        assert!(error.to_string().contains(says), "{script}: {error}");
        drop(encoder);
        assert_eq!(children(), 0, "{script}");
    }
}

#[test]
fn an_encoder_that_dies_takes_no_other_variant_along() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let ffmpeg = program(folder.path(), "head -c 500000 > /dev/null; echo out of memory >&2; exit 1");
    let options = OpenOptions { ffmpeg, ..OpenOptions::default() };
    let facts = facts();
    let (shared, made) =
        sinks(&Ladder::default(), LadderSource { spec: STEREO, facts: &facts, path: None }, &options);
    let chunk = |n: u64| {
        Arc::new(PcmChunk::new(STEREO, FrameIndex(n * 16_384), vec![vec![0.25; 16_384]; 2]).unwrap())
    };
    let mut outcomes = Vec::new();
    for (name, mut sink) in made.sinks {
        let result = (0..30).try_for_each(|n| sink.push(&chunk(n))).and_then(|()| sink.finish());
        outcomes.push((name, result.err().map(|error| error.kind())));
    }
    assert_eq!(
        outcomes,
        [
            ("hls-low".to_owned(), Some(ErrorKind::Unavailable)),
            ("hls-medium".to_owned(), Some(ErrorKind::Unavailable)),
            ("hls-high".to_owned(), None)
        ]
    );
    assert_eq!(shared.lock().unwrap()["high"].variant.as_ref().unwrap().frames, 30 * 16_384);
    assert_eq!(children(), 0);
}

#[test]
fn samples_beyond_full_scale_are_encoded() {
    let _alone = alone();
    let facts = facts();
    let (shared, made) = sinks(
        &"a=aac:96,b=flac".parse().unwrap(),
        LadderSource { spec: STEREO, facts: &facts, path: None },
        &OpenOptions::default(),
    );
    let mut fan_out = FanOut::new(FanOutOptions::default());
    made.sinks.into_iter().for_each(|(name, sink)| fan_out.add(name, sink));
    let planes = [1e9_f32, -4e9, 3.0, 0.0].map(|value| vec![value; 20_000]);
    let loud = vec![planes.concat(), planes.concat()];
    let mut source = Once(Some(loud), facts.clone());
    let report = fan_out.run(&mut source, &CancelFlag::default(), &mut |_| {}).unwrap();
    assert!(report.sinks.iter().all(|sink| sink.outcome == SinkOutcome::Finished), "{:?}", report.sinks);
    assert!(
        shared.lock().unwrap().values().all(|variant| variant.variant.as_ref().unwrap().frames == 80_000)
    );
}

/// One chunk.
struct Once(Option<Vec<Vec<f32>>>, StreamFacts);

impl PcmSource for Once {
    fn spec(&self) -> SampleSpec {
        STEREO
    }

    fn facts(&self) -> &StreamFacts {
        &self.1
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        self.0.take().map(|planes| PcmChunk::new(STEREO, FrameIndex(0), planes)).transpose()
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        Ok(frame)
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}
