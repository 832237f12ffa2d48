//! Analyzes a folder of 16-bit WAV files and prints what `score.py` reads (tempo, beats, downbeats, key), two files at a time.
//!
//! Usage: `score_dev FOLDER [--only ID,...]`; the output has also the fingerprint's text and the CPU time of each analyzer.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool for developers")]

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};

use fanfare_analysis::{AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, PcmChunk, PcmSource, StreamFacts};
use fanfare_model::{
    ChannelLayout, Error, ErrorKind, FrameIndex, Result, SampleRate, SampleSpec, features::Mode,
};
use serde_json::{Map, Value, json};

struct Wav {
    spec: SampleSpec,
    facts: StreamFacts,
    bytes: Vec<u8>,
    at: usize,
    frame: u64,
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Malformed, why.to_owned())
}

impl Wav {
    fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::new(ErrorKind::Io, e.to_string()))?;
        let u32_at = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (mut at, mut channels, mut rate, mut width) = (12, 0, 0, 0);
        loop {
            let (Some(id), Some(size)) = (bytes.get(at..at + 4), u32_at(at + 4)) else {
                return Err(malformed("no samples"));
            };
            match id {
                b"fmt " => {
                    channels = u32_at(at + 10).unwrap_or(0) & 0xffff;
                    rate = u32_at(at + 12).unwrap_or(0);
                    width = u32_at(at + 22).unwrap_or(0) & 0xffff;
                }
                b"data" => {
                    at += 8;
                    break;
                }
                _ => {}
            }
            at += 8 + size as usize + (size as usize & 1);
        }
        if width != 16 {
            return Err(malformed("only 16 bits are read here"));
        }
        let layout = ChannelLayout::of(channels as usize).ok_or_else(|| malformed("no channels"))?;
        let rate = SampleRate::new(rate).ok_or_else(|| malformed("no rate"))?;
        let facts = StreamFacts {
            codec: "pcm".to_owned(),
            container: "wav".to_owned(),
            bit_depth: Some(16),
            declared_frames: None,
        };
        Ok(Self { spec: SampleSpec { rate, layout }, facts, bytes, at, frame: 0 })
    }
}

impl PcmSource for Wav {
    fn spec(&self) -> SampleSpec {
        self.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        let channels = self.spec.channels();
        let left = &self.bytes[self.at..];
        let frames = (left.len() / 2 / channels).min(16_384);
        if frames == 0 {
            return Ok(None);
        }
        let mut planes = vec![Vec::with_capacity(frames); channels];
        for (i, sample) in left[..frames * channels * 2].chunks_exact(2).enumerate() {
            planes[i % channels].push(f32::from(i16::from_le_bytes([sample[0], sample[1]])) / 32_768.0);
        }
        self.at += frames * channels * 2;
        let first = FrameIndex(self.frame);
        self.frame += frames as u64;
        PcmChunk::new(self.spec, first, planes).map(Some)
    }

    fn seek(&mut self, _frame: FrameIndex) -> Result<FrameIndex> {
        Err(Error::new(ErrorKind::Unsupported, "this source only runs forwards"))
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}

fn one(path: &Path, only: &[&str]) -> Result<Value> {
    let mut source = Wav::open(path)?;
    let selection = if only.is_empty() { Selection::all() } else { Selection::only(only)? };
    let options = AnalyzeOptions { selection, ..AnalyzeOptions::default() };
    let analysis = analyze(&mut source, Vec::new(), &options, &CancelFlag::default(), &mut |_| {})?;
    let features = analysis.features();
    let rhythm = features.rhythm.unwrap_or_default();
    let mode = |mode| if mode == Mode::Major { "major" } else { "minor" };
    Ok(json!({
        "bpm": rhythm.tempo_bpm,
        "confidence": rhythm.tempo_confidence,
        "beats": rhythm.beats_s,
        "downbeats": rhythm.downbeats_s,
        "meter": rhythm.beats_per_bar,
        "stability": rhythm.tempo_stability,
        "range": rhythm.tempo_range_bpm,
        "candidates": rhythm.tempo_candidates,
        "onset_rate": rhythm.onset_rate_hz,
        "danceability": rhythm.danceability,
        "key": features.key.as_ref().map(|key| key.tonic.clone()),
        "mode": features.key.as_ref().map(|key| mode(key.mode)),
        "key_confidence": features.key.as_ref().map(|key| key.confidence),
        "chromaprint": features.fingerprint.map(|print| print.chromaprint),
        "warnings": features.warnings,
        "busy": analysis.sinks.iter().map(|sink| (sink.name.clone(), json!(sink.busy.as_secs_f64()))).collect::<Map<_, _>>(),
    }))
}

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else {
        eprintln!("usage: score_dev FOLDER [--only ID,...]");
        return std::process::ExitCode::from(2);
    };
    let only: Vec<&str> = match arguments.iter().position(|argument| argument == "--only") {
        Some(at) => arguments.get(at + 1).map_or(Vec::new(), |ids| ids.split(',').collect()),
        None => Vec::new(),
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "wav"));
    files.sort();
    let start = Instant::now();
    let next = Mutex::new(files.iter());
    let tracks = Mutex::new(Map::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(path) = next.lock().ok().and_then(|mut files| files.next()) {
                    let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    match one(path, &only) {
                        Ok(value) => {
                            if let Ok(mut tracks) = tracks.lock() {
                                tracks.insert(id, value);
                            }
                        }
                        Err(error) => eprintln!("{id}: {error}"),
                    }
                }
            });
        }
    });
    eprintln!("{} files in {:.1} s", files.len(), start.elapsed().as_secs_f64());
    let tracks = tracks.into_inner().unwrap_or_default();
    println!("{}", json!({ "name": "fanfare", "tracks": tracks }));
    std::process::ExitCode::SUCCESS
}
