//! [`Case`]: a rate, channels, chunks and samples that follow from a seed.

use std::{f64::consts::TAU, sync::Arc};

use fanfare_testkit::Seeded;

use crate::support::Planes;

/// Rates from the lowest that is analyzed to the highest that converters give, odd ones among them, in Hz.
const RATES_HZ: [u32; 18] = [
    1_000, 1_001, 4_000, 8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 50_000,
    88_200, 96_000, 176_400, 192_000, 384_000,
];
/// Channel counts; the layouts with a name and some without.
const CHANNELS: [usize; 10] = [1, 1, 2, 2, 2, 3, 5, 6, 8, 24];
/// Most samples of all channels in a case, so that hundreds are heard in a minute.
const MOST_SAMPLES: usize = 3_000_000;
/// Most seconds in a case.
const MOST_SECONDS: f64 = 40.0;

/// What is heard in a case.
#[derive(Clone)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// Its sample rate in Hz.
    pub rate_hz: u32,
    /// Its samples; may hold anything that an `f32` can be.
    pub planes: Planes,
    /// Lengths of its chunks in frames, in turn.
    pub lengths: Vec<usize>,
    /// What it is made of.
    pub story: String,
}

impl Case {
    /// The case of that seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Seeded::new(seed);
        let rate_hz = *random.pick(&RATES_HZ);
        let channels = *random.pick(&CHANNELS);
        let most = (MOST_SAMPLES / channels).min((f64::from(rate_hz) * MOST_SECONDS) as usize);
        let frames = match random.below(12) {
            0 => random.below(3),
            1 => random.below(5_000),
            2..=6 => random.below(rate_hz as usize * 8),
            _ => random.below(most),
        }
        .min(most);
        let mut story = format!("{frames} frames at {rate_hz} Hz, {channels} channels:");
        let mut first = Vec::with_capacity(frames);
        while first.len() < frames {
            let share = [8, 30, 100, 100][random.below(4)];
            let length = (1 + random.below(frames * share / 100 + 1)).min(frames - first.len());
            let kind = *random.pick(&KINDS);
            story.push_str(&format!(" {length} {kind:?}"));
            segment(kind, length, rate_hz, &mut random, &mut first);
        }
        let planes: Vec<Vec<f32>> = (0..channels)
            .map(|channel| match (channel, random.below(6)) {
                (0, _) | (_, 0..=1) => first.clone(),
                (_, 2) => first.iter().map(|sample| -sample).collect(),
                (_, 3) => vec![0.0; frames],
                (_, 4) => first.iter().map(|sample| sample * 0.3).collect(),
                _ => {
                    let mut other = Vec::with_capacity(frames);
                    segment(*random.pick(&KINDS), frames, rate_hz, &mut random, &mut other);
                    other
                }
            })
            .collect();
        let lengths = (0..=random.below(4))
            .map(|_| match random.below(5) {
                // Frame by frame only where that does not make a million chunks.
                0 => 1 + random.below(if frames < 50_000 { 3 } else { 3_000 }),
                1 => 1 + random.below(if frames < 50_000 { 100 } else { 10_000 }),
                2 => 4_096,
                3 => 16_384,
                _ => 1 + random.below(200_000),
            })
            .collect();
        Self { seed, rate_hz, planes: Arc::new(planes), lengths, story }
    }

    /// Frames of one channel.
    pub fn frames(&self) -> usize {
        self.planes[0].len()
    }

    /// Samples of all channels.
    pub fn samples(&self) -> usize {
        self.frames() * self.planes.len()
    }

    /// How long it is, in seconds.
    pub fn duration_s(&self) -> f64 {
        self.frames() as f64 / f64::from(self.rate_hz)
    }
}

/// What a segment is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Silence,
    NegativeZero,
    Constant,
    Noise,
    QuietNoise,
    Subnormal,
    DecayToSubnormal,
    Sine,
    FullScaleSquare,
    Alternating,
    Clicks,
    Chords,
    BeatsAndChords,
    Staircase,
    FarBeyondFullScale,
    Largest,
    WithNan,
    WithInfinities,
    AnyBits,
    AnyFiniteBits,
    Sweep,
    GatedNoise,
}

const KINDS: [Kind; 22] = [
    Kind::Silence,
    Kind::NegativeZero,
    Kind::Constant,
    Kind::Noise,
    Kind::QuietNoise,
    Kind::Subnormal,
    Kind::DecayToSubnormal,
    Kind::Sine,
    Kind::FullScaleSquare,
    Kind::Alternating,
    Kind::Clicks,
    Kind::Chords,
    Kind::BeatsAndChords,
    Kind::Staircase,
    Kind::FarBeyondFullScale,
    Kind::Largest,
    Kind::WithNan,
    Kind::WithInfinities,
    Kind::AnyBits,
    Kind::AnyFiniteBits,
    Kind::Sweep,
    Kind::GatedNoise,
];

/// Appends a segment of that kind.
fn segment(kind: Kind, length: usize, rate_hz: u32, random: &mut Seeded, out: &mut Vec<f32>) {
    let rate = f64::from(rate_hz);
    let level = 10.0_f32.powf(-4.0 * unit(random) as f32);
    match kind {
        Kind::Silence => out.extend(std::iter::repeat_n(0.0, length)),
        Kind::NegativeZero => out.extend(std::iter::repeat_n(-0.0, length)),
        Kind::Constant => {
            let value = *random.pick(&[1.0, -1.0, 0.25, 1e-3, 1e-30, f32::MIN_POSITIVE, 32_767.0 / 32_768.0]);
            out.extend(std::iter::repeat_n(value, length));
        }
        Kind::Noise => out.extend((0..length).map(|_| random.sample() * level)),
        Kind::QuietNoise => out.extend((0..length).map(|_| random.sample() / 32_768.0)),
        Kind::Subnormal => out.extend((0..length).map(|_| random.sample() * f32::MIN_POSITIVE)),
        Kind::DecayToSubnormal => {
            let half_life = 1.0 + random.below(length / 20 + 1) as f32;
            out.extend((0..length).map(|n| random.sample() * (-(n as f32) / half_life).exp2()));
        }
        Kind::Sine => {
            let hz = unit(random) * rate / 2.0;
            out.extend((0..length).map(|n| level * (TAU * hz * n as f64 / rate).sin() as f32));
        }
        Kind::FullScaleSquare => {
            let half = 1 + random.below(500);
            out.extend((0..length).map(|n| if (n / half).is_multiple_of(2) { 1.0 } else { -1.0 }));
        }
        Kind::Alternating => {
            let value = *random.pick(&[1.0, f32::MAX, f32::MIN_POSITIVE, 1e20]);
            out.extend((0..length).map(|n| if n % 2 == 0 { value } else { -value }));
        }
        Kind::Clicks => {
            let period = ((0.05 + 2.0 * unit(random)) * rate) as usize + 1;
            out.extend((0..length).map(|n| if n % period == 0 { 1.0 } else { 0.0 }));
        }
        Kind::Chords => chords(length, rate, level, random, out),
        Kind::BeatsAndChords => {
            let from = out.len();
            chords(length, rate, 0.3, random, out);
            let period = (60.0 / (50.0 + 180.0 * unit(random)) * rate).max(1.0);
            for (n, sample) in out[from..].iter_mut().enumerate() {
                let since = (n as f64 % period) / rate;
                *sample += 0.5 * random.sample() * (-since * 40.0).exp() as f32;
            }
        }
        Kind::Staircase => {
            let step = 1 + random.below(length / 4 + 1);
            out.extend((0..length).map(|n| ((n / step) as f32 * 0.37).fract() * 2.0 - 1.0));
        }
        Kind::FarBeyondFullScale => {
            let scale = *random.pick(&[4.0, 1e6, 1e15, 1e30]);
            out.extend((0..length).map(|_| random.sample() * scale));
        }
        Kind::Largest => {
            out.extend((0..length).map(|_| if random.sample() < 0.0 { f32::MIN } else { f32::MAX }));
        }
        Kind::WithNan => sprinkled(&[f32::NAN, -f32::NAN], length, level, random, out),
        Kind::WithInfinities => {
            sprinkled(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX], length, level, random, out);
        }
        Kind::AnyBits => out.extend((0..length).map(|_| f32::from_bits(random.next_u64() as u32))),
        Kind::AnyFiniteBits => out.extend((0..length).map(|_| {
            // Exponents up to that of 2: every power of two that music and noise floors can have, and less.
            f32::from_bits(random.next_u64() as u32 & 0xBFFF_FFFF)
        })),
        Kind::Sweep => out.extend((0..length).map(|n| {
            let share = n as f64 / length as f64;
            level * (TAU * rate / 4.0 * share * n as f64 / rate).sin() as f32
        })),
        Kind::GatedNoise => {
            let gate = 1 + random.below(rate_hz as usize);
            out.extend(
                (0..length).map(|n| if (n / gate).is_multiple_of(2) { random.sample() * level } else { 0.0 }),
            );
        }
    }
}

/// Noise in which some samples, or all, are of those values.
fn sprinkled(values: &[f32], length: usize, level: f32, random: &mut Seeded, out: &mut Vec<f32>) {
    let every = *random.pick(&[1, 2, 100, 10_000]);
    out.extend(
        (0..length)
            .map(|_| if random.below(every) == 0 { *random.pick(values) } else { random.sample() * level }),
    );
}

/// Chords of three equal-tempered tones, some cents out of tune, that change now and then.
fn chords(length: usize, rate: f64, level: f32, random: &mut Seeded, out: &mut Vec<f32>) {
    let cents = 100.0 * (unit(random) - 0.5);
    let each = ((0.2 + 2.0 * unit(random)) * rate) as usize + 1;
    let mut tones = [0.0; 3];
    for n in 0..length {
        if n % each == 0 {
            let root = 36 + random.below(36);
            let third = 3 + random.below(2);
            tones = [0, third, 7].map(|step| {
                let semitones = (root + step) as f64 - 69.0 + cents / 100.0;
                TAU * 440.0 * (semitones / 12.0).exp2() / rate
            });
        }
        let sum: f64 = tones.iter().map(|step| (step * n as f64).sin()).sum();
        out.push(level * sum as f32 / 3.0);
    }
}

/// A number from 0 to 1.
fn unit(random: &mut Seeded) -> f64 {
    f64::from(random.sample().midpoint(1.0))
}
