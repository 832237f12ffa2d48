//! Made signals as sources, for the tests of this crate.

#![allow(dead_code, reason = "every test binary uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by unwrapping")]

use std::{f64::consts::TAU, sync::Arc};

use fanfare_analysis::{Analysis, AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, PcmChunk, PcmSink, PcmSource, StreamFacts};
use fanfare_model::{ChannelLayout, Error, ErrorKind, Features, FrameIndex, Result, SampleRate, SampleSpec};

/// The planes of a made signal.
pub type Planes = Arc<Vec<Vec<f32>>>;

/// A source of a made signal, in chunks of the given lengths, in turn.
pub struct Signal {
    spec: SampleSpec,
    facts: StreamFacts,
    planes: Planes,
    lengths: Vec<usize>,
    at: usize,
    chunks: usize,
}

impl Signal {
    pub fn new(rate_hz: u32, planes: &Planes, lengths: &[usize]) -> Self {
        let layout = ChannelLayout::of(planes.len()).unwrap();
        let spec = SampleSpec { rate: SampleRate::new(rate_hz).unwrap(), layout };
        let facts = StreamFacts {
            codec: "pcm".to_owned(),
            container: "none".to_owned(),
            bit_depth: None,
            declared_frames: None,
        };
        Self { spec, facts, planes: Arc::clone(planes), lengths: lengths.to_vec(), at: 0, chunks: 0 }
    }
}

impl PcmSource for Signal {
    fn spec(&self) -> SampleSpec {
        self.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        let length = self.lengths[self.chunks % self.lengths.len()].min(self.planes[0].len() - self.at);
        if length == 0 {
            return Ok(None);
        }
        let planes = self.planes.iter().map(|plane| plane[self.at..self.at + length].to_vec()).collect();
        let chunk = PcmChunk::new(self.spec, FrameIndex(self.at as u64), planes)?;
        self.at += length;
        self.chunks += 1;
        Ok(Some(chunk))
    }

    fn seek(&mut self, _frame: FrameIndex) -> Result<FrameIndex> {
        Err(Error::new(ErrorKind::Unsupported, "runs forwards only"))
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}

/// Analyzes a signal with some analyzers and extra sinks.
pub fn analyze_signal(
    rate_hz: u32,
    planes: &Planes,
    lengths: &[usize],
    only: &[&str],
    extra: Vec<(String, Box<dyn PcmSink>)>,
) -> Analysis {
    let selection = if only.is_empty() { Selection::all() } else { Selection::only(only).unwrap() };
    let options = AnalyzeOptions { selection, ..AnalyzeOptions::default() };
    let mut source = Signal::new(rate_hz, planes, lengths);
    analyze(&mut source, extra, &options, &CancelFlag::default(), &mut |_| ()).unwrap()
}

/// The features that one analyzer finds in a signal.
pub fn features_of(rate_hz: u32, planes: Vec<Vec<f32>>, analyzer: &str) -> Features {
    analyze_signal(rate_hz, &Arc::new(planes), &[16_384], &[analyzer], Vec::new()).features()
}

/// A factor of full scale.
pub fn amplitude(dbfs: f64) -> f64 {
    10.0_f64.powf(dbfs / 20.0)
}

/// A sine in segments of (level in dBFS, seconds).
pub fn tones(rate_hz: u32, frequency_hz: f64, segments: &[(f64, f64)]) -> Vec<f32> {
    let mut samples = Vec::new();
    for (dbfs, seconds) in segments {
        let level = amplitude(*dbfs);
        let end = samples.len() + (seconds * f64::from(rate_hz)).round() as usize;
        while samples.len() < end {
            let phase = samples.len() as f64 * frequency_hz / f64::from(rate_hz);
            samples.push((level * (TAU * phase).sin()) as f32);
        }
    }
    samples
}

/// A sine of that many cycles per sample, phase in degrees.
pub fn sine(frames: usize, cycles_per_sample: f64, degrees: f64, level: f64) -> Vec<f32> {
    (0..frames)
        .map(|n| (level * (TAU * (n as f64 * cycles_per_sample + degrees / 360.0)).sin()) as f32)
        .collect()
}

/// White noise between -1 and 1 that depends on the seed alone (Marsaglia's xorshift64).
pub fn noise(frames: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..frames)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}
