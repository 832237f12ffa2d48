//! Signals with known tempo and key, made here, and a source that cuts them into chunks of any size.
#![allow(dead_code, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]

use std::f64::consts::TAU;

use fanfare_analysis::{AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, PcmChunk, PcmSource, StreamFacts};
use fanfare_model::{ChannelLayout, Features, FrameIndex, Result, SampleRate, SampleSpec};

/// Frames per second of every signal here.
pub const RATE: f64 = 44_100.0;

/// A source of one channel that gives chunks of a fixed size.
pub struct Signal {
    samples: Vec<f32>,
    at: usize,
    chunk: usize,
    facts: StreamFacts,
}

impl Signal {
    pub fn new(samples: Vec<f32>, chunk: usize) -> Self {
        let facts = StreamFacts {
            codec: "pcm".to_owned(),
            container: "test".to_owned(),
            bit_depth: None,
            declared_frames: None,
        };
        Self { samples, at: 0, chunk, facts }
    }
}

impl PcmSource for Signal {
    fn spec(&self) -> SampleSpec {
        SampleSpec { rate: SampleRate::CD, layout: ChannelLayout::Mono }
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        let end = (self.at + self.chunk).min(self.samples.len());
        if self.at == end {
            return Ok(None);
        }
        let chunk =
            PcmChunk::new(self.spec(), FrameIndex(self.at as u64), vec![self.samples[self.at..end].to_vec()]);
        self.at = end;
        chunk.map(Some)
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        self.at = self.samples.len().min(frame.0 as usize);
        Ok(FrameIndex(self.at as u64))
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}

/// A source of one channel that gives the same second at 22,050 Hz again and again.
pub struct Repeated {
    second: Vec<f32>,
    seconds: u64,
    at: u64,
    facts: StreamFacts,
}

impl Repeated {
    pub fn new(second: Vec<f32>, seconds: u64) -> Self {
        Self { second, seconds, at: 0, facts: Signal::new(Vec::new(), 1).facts }
    }
}

impl PcmSource for Repeated {
    fn spec(&self) -> SampleSpec {
        SampleSpec { rate: SampleRate::new(22_050).unwrap(), layout: ChannelLayout::Mono }
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        if self.at == self.seconds {
            return Ok(None);
        }
        let first = FrameIndex(self.at * 22_050);
        self.at += 1;
        PcmChunk::new(self.spec(), first, vec![self.second.clone()]).map(Some)
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        Ok(frame)
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}

/// What one analyzer says of those samples.
pub fn analyze_signal(samples: Vec<f32>, analyzer: &str, chunk: usize) -> Features {
    analyze_source(&mut Signal::new(samples, chunk), analyzer)
}

/// What one analyzer says of that source.
pub fn analyze_source(source: &mut dyn PcmSource, analyzer: &str) -> Features {
    let options =
        AnalyzeOptions { selection: Selection::only(&[analyzer]).unwrap(), ..AnalyzeOptions::default() };
    analyze(source, Vec::new(), &options, &CancelFlag::default(), &mut |_| {}).unwrap().features()
}

/// Silence of that many seconds.
pub fn silence(seconds: f64) -> Vec<f32> {
    vec![0.0; (seconds * RATE) as usize]
}

/// A small generator of numbers from -1 to 1, always the same (xorshift, Marsaglia 2003).
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// Adds a struck tone: six harmonics, falling off.
pub fn tone(into: &mut [f32], at_s: f64, length_s: f64, hz: f64, level: f64) {
    let first = (at_s * RATE).round() as usize;
    for i in 0..(length_s * RATE) as usize {
        let Some(sample) = into.get_mut(first + i) else { break };
        let t = i as f64 / RATE;
        let fade = (t / 0.004).min(1.0) * (-1.5 * t).exp() * ((length_s - t) / 0.02).min(1.0);
        // sin(hx) = 2 cos(x) sin((h-1)x) - sin((h-2)x): one sine and one cosine for all harmonics.
        let (sine, cosine) = (TAU * hz * t).sin_cos();
        let (mut wave, mut before, mut here) = (0.0, 0.0, sine);
        for h in 1..=6 {
            wave += here / f64::from(h * h);
            (before, here) = (here, 2.0 * cosine * here - before);
        }
        *sample += (level * fade * wave) as f32;
    }
}

/// Adds a kick drum: a falling sine.
pub fn kick(into: &mut [f32], at_s: f64) {
    let first = (at_s * RATE).round() as usize;
    for i in 0..(0.18 * RATE) as usize {
        let Some(sample) = into.get_mut(first + i) else { break };
        let t = i as f64 / RATE;
        let phase = 50.0 * t + 60.0 * (1.0 - (-40.0 * t).exp()) / 40.0;
        *sample += (0.6 * (-18.0 * t).exp() * (TAU * phase).sin()) as f32;
    }
}

/// Adds a burst of noise: a snare when long, a hat when short and bright.
pub fn burst(into: &mut [f32], at_s: f64, length_s: f64, bright: bool, level: f64) {
    let first = (at_s * RATE).round() as usize;
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15 ^ first as u64);
    let mut before = 0.0;
    for i in 0..(length_s * 4.0 * RATE) as usize {
        let Some(sample) = into.get_mut(first + i) else { break };
        let white = noise.next();
        let wave = if bright { white - before } else { white };
        before = white;
        *sample += (level * (-(i as f64) / RATE / length_s).exp() * wave) as f32;
    }
}

/// Frequency of a MIDI note number, so many cents off.
pub fn note_hz(note: f64, cents: f64) -> f64 {
    440.0 * 2_f64.powf((note - 69.0 + cents / 100.0) / 12.0)
}
