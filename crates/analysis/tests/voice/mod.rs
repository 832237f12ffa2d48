//! A voice that says nothing in no language: syllables of a source and three formants, for tests.
//!
//! The model is the classic one (D. H. Klatt, Software for a cascade/parallel formant synthesizer, JASA 67, 1980):
//! pulses or noise through resonances in a row. What makes it like speech: four to five syllables a second, of a
//! hissed consonant and a vowel; a pitch that never stays; phrases of a few words with pauses between.

use std::f64::consts::PI;

use fanfare_testkit::Seeded;

/// The first three formants of five vowels, in Hz (G. E. Peterson and H. L. Barney, JASA 24, 1952, men).
const VOWELS: [[f64; 3]; 5] = [
    [730.0, 1_090.0, 2_440.0],
    [270.0, 2_290.0, 3_010.0],
    [300.0, 870.0, 2_240.0],
    [530.0, 1_840.0, 2_480.0],
    [570.0, 840.0, 2_410.0],
];
/// Bandwidth of the formants, in Hz.
const BANDWIDTH_HZ: f64 = 90.0;

/// What the voice does.
#[derive(Clone, Copy, PartialEq)]
pub enum Manner {
    /// Syllables that glide, in phrases.
    Speaks,
    /// Notes of a scale, a third of a second to a second long, with vibrato.
    Sings,
}

/// A resonance of two poles.
#[derive(Default)]
struct Formant([f64; 2]);

impl Formant {
    fn pass(&mut self, input: f64, hz: f64, rate_hz: f64) -> f64 {
        let radius = (-PI * BANDWIDTH_HZ / rate_hz).exp();
        let turn = 2.0 * radius * (2.0 * PI * hz / rate_hz).cos();
        let output = (1.0 - radius) * input + turn * self.0[0] - radius * radius * self.0[1];
        self.0 = [output, self.0[0]];
        output
    }
}

/// That many seconds of a voice, peak 0.5; `pitch_hz` is its middle.
pub fn voice(rate_hz: u32, seconds: f64, pitch_hz: f64, manner: Manner, seed: u64) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    let mut random = Seeded::new(seed);
    let mut between = |low: f64, high: f64| low + (high - low) * f64::from(random.sample().midpoint(1.0));
    let frames = (seconds * rate) as usize;
    let (mut out, mut phase, mut step) = (Vec::with_capacity(frames), 0.0_f64, 4_i32);
    let mut formants: [Formant; 3] = Default::default();
    let mut left = between(5.0, 14.0) as u32;
    while out.len() < frames {
        let (consonant_s, vowel_s) = match manner {
            Manner::Speaks => (between(0.04, 0.10), between(0.09, 0.20)),
            Manner::Sings => (between(0.03, 0.06), between(0.3, 1.0)),
        };
        for n in 0..(consonant_s * rate) as usize {
            let swell = (PI * n as f64 / (consonant_s * rate)).sin();
            out.push(0.06 * swell * between(-1.0, 1.0));
        }
        let (from_hz, to_hz) = match manner {
            Manner::Speaks => (pitch_hz * between(0.8, 1.35), pitch_hz * between(0.7, 1.2)),
            Manner::Sings => {
                step = (step + between(-2.5, 2.5).round() as i32).clamp(0, 9);
                let semitones = [0, 2, 4, 5, 7, 9, 11, 12, 14, 16][step as usize];
                let hz = pitch_hz * 2.0_f64.powf(f64::from(semitones - 7) / 12.0);
                (hz, hz)
            }
        };
        let vowel = VOWELS[between(0.0, 4.999) as usize];
        let next = if manner == Manner::Sings { vowel } else { VOWELS[between(0.0, 4.999) as usize] };
        let loud = between(0.5, 1.0);
        let length = (vowel_s * rate) as usize;
        for n in 0..length {
            let (share, time_s) = (n as f64 / length as f64, n as f64 / rate);
            let vibrato = if manner == Manner::Sings { 0.02 * (2.0 * PI * 5.5 * time_s).sin() } else { 0.0 };
            phase += (from_hz + (to_hz - from_hz) * share) * (1.0 + vibrato) / rate;
            let mut sample = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            for (formant, (a, b)) in formants.iter_mut().zip(vowel.iter().zip(next)) {
                sample = formant.pass(sample, a + (b - a) * share, rate);
            }
            let edge_s = time_s.min(vowel_s - time_s);
            out.push(40.0 * sample * loud * (edge_s / 0.03).min(1.0));
        }
        left = left.saturating_sub(1);
        if left == 0 {
            left = between(5.0, 14.0) as u32;
            out.extend(std::iter::repeat_n(0.0, (between(0.2, 0.6) * rate) as usize));
        }
    }
    let peak = out.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    out.truncate(frames);
    out.into_iter().map(|sample| (0.5 * sample / peak) as f32).collect()
}
