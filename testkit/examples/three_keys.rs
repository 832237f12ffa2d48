//! Writes the piece that docs/pictures/three-keys.svg shows: `cargo run -p fanfare-testkit --example three_keys -- FILE.wav`.
//!
//! Thirty-six bars of 4/4 in C major, E flat major and G major, twelve each; the tempo swings between 98 and 106 BPM; drums come
//! in after four bars, leave for four at the second change of key, and come back for the end. The same bytes every time.

#![allow(clippy::unwrap_used)] // dev only

use std::f64::consts::TAU;

use fanfare_testkit::{Seeded, wav};

const RATE_HZ: u32 = 44_100;
/// The tonics of the three parts, in semitones over C.
const TONICS: [i32; 3] = [0, 3, 7];
/// Bars in each part.
const BARS: usize = 12;
/// Roots of the chords, bar by bar, in semitones over the tonic, and whether the chord is minor: I vi IV V.
const CHORDS: [(i32, bool); 4] = [(0, false), (9, true), (5, false), (7, false)];
/// The melody in eighths over a chord: degrees of its triad (0 to 2, an octave up from 3), -1 for a rest.
const MELODY: [i32; 8] = [3, -1, 2, 4, 3, 2, -1, 1];

/// Two channels that grow as they are written to.
#[derive(Default)]
struct Mix([Vec<f32>; 2]);

impl Mix {
    /// Adds a sound from that time on; `pan` from 0 (left) to 1.
    fn add(&mut self, at_s: f64, pan: f32, sound: impl Iterator<Item = f64>) {
        let first = (at_s * f64::from(RATE_HZ)) as usize;
        for (frame, sample) in sound.enumerate() {
            for (plane, share) in self.0.iter_mut().zip([1.0 - pan, pan]) {
                if plane.len() <= first + frame {
                    plane.resize(first + frame + 1, 0.0);
                }
                plane[first + frame] += sample as f32 * share;
            }
        }
    }
}

/// Frames of a sound, as times from its start.
fn times(seconds: f64) -> impl Iterator<Item = f64> {
    (0..(seconds * f64::from(RATE_HZ)) as usize).map(|frame| frame as f64 / f64::from(RATE_HZ))
}

/// A note of so many harmonics that fall off, struck at once and dying away; both ends without a click.
fn note(
    semitones_over_c4: i32,
    seconds: f64,
    amplitude: f64,
    harmonics: u32,
    decay: f64,
) -> impl Iterator<Item = f64> {
    let hz = 261.625_565 * 2f64.powf(f64::from(semitones_over_c4) / 12.0);
    times(seconds).map(move |time| {
        let ends = (time / 0.004).min(1.0) * ((seconds - time) / 0.02).min(1.0);
        let tone: f64 = (1..=harmonics)
            .map(|harmonic| (TAU * hz * f64::from(harmonic) * time).sin() / f64::from(harmonic).powf(1.5))
            .sum();
        amplitude * ends * (-decay * time).exp() * tone
    })
}

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "three-keys.wav".to_owned());
    let mut mix = Mix::default();
    let mut random = Seeded::new(1);
    let mut at_s = 0.5;
    let bars = TONICS.len() * BARS;
    for bar in 0..bars {
        let beat_s = 60.0 / (102.0 + 4.0 * (TAU * bar as f64 / bars as f64).sin());
        let part = bar / BARS;
        let (root, minor) = CHORDS[bar % CHORDS.len()];
        let root = TONICS[part] + root;
        let triad = [root, root + if minor { 3 } else { 4 }, root + 7];
        let drums = bar >= 4 && !(2 * BARS..2 * BARS + 4).contains(&bar) && bar + 1 < bars;
        let loud = if part == 2 && drums { 1.25 } else { 1.0 };
        for (voice, pitch) in triad.into_iter().enumerate() {
            let pan = 0.3 + 0.2 * voice as f32;
            mix.add(at_s, pan, note(pitch - 12, 4.0 * beat_s, 0.10 * loud, 6, 0.5));
        }
        for beat in 0..4 {
            let beat_at_s = at_s + f64::from(beat) * beat_s;
            mix.add(
                beat_at_s,
                0.5,
                note(root - 24 - if root > 7 { 12 } else { 0 }, beat_s * 0.9, 0.30 * loud, 5, 2.0),
            );
            if drums {
                percussion(&mut mix, &mut random, beat, beat_at_s, beat_s, loud);
            }
        }
        for (eighth, degree) in MELODY.into_iter().enumerate().filter(|(_, degree)| *degree >= 0) {
            let pitch = triad[degree.rem_euclid(3) as usize] + 12 * (degree / 3);
            let rest = bar < 2 || (bar % 4 == 3 && eighth > 4);
            if !rest {
                let at_s = at_s + eighth as f64 * beat_s / 2.0;
                mix.add(at_s, 0.65, note(pitch, beat_s * 0.8, 0.16 * loud, 4, 3.0));
            }
        }
        at_s += 4.0 * beat_s;
    }
    for (voice, pitch) in
        [TONICS[2] - 24, TONICS[2] - 12, TONICS[2] - 8, TONICS[2] - 5, TONICS[2]].into_iter().enumerate()
    {
        mix.add(at_s, 0.3 + 0.1 * voice as f32, note(pitch, 4.0, 0.2, 6, 1.0));
    }
    let frames = mix.0[0].len().max(mix.0[1].len());
    mix.0.iter_mut().for_each(|plane| plane.resize(frames, 0.0));
    let largest = mix.0.iter().flatten().fold(0.0_f32, |largest, sample| largest.max(sample.abs()));
    // -1 dBFS.
    mix.0.iter_mut().flatten().for_each(|sample| *sample *= 0.891 / largest);
    let tags = [("INAM", "Three Keys"), ("IART", "Fanfare"), ("IPRD", "Test pieces")];
    std::fs::write(path, wav::wav_with_tags(RATE_HZ, &mix.0, wav::WavFormat::I16, &tags)).unwrap();
}

/// Bass drum on the beat, snare on the second and the fourth, hats on every eighth.
fn percussion(mix: &mut Mix, random: &mut Seeded, beat: i32, at_s: f64, beat_s: f64, loud: f64) {
    if beat % 2 == 0 {
        let kick = times(0.25).map(|time| {
            let phase = TAU * (50.0 * time + 2.2 * (1.0 - (-40.0 * time).exp()));
            0.75 * loud * (-11.0 * time).exp() * phase.sin()
        });
        mix.add(at_s, 0.5, kick);
    } else {
        let snare: Vec<f64> = times(0.2)
            .map(|time| {
                let noise = f64::from(random.sample()) * (-18.0 * time).exp();
                loud * (0.32 * noise + 0.2 * (TAU * 190.0 * time).sin() * (-30.0 * time).exp())
            })
            .collect();
        mix.add(at_s, 0.45, snare.into_iter());
    }
    for half in 0..2 {
        let mut last = 0.0;
        let hat: Vec<f64> = times(0.06)
            .map(|time| {
                let sample = f64::from(random.sample());
                let bright = sample - last;
                last = sample;
                0.09 * loud * bright * (-60.0 * time).exp()
            })
            .collect();
        mix.add(at_s + f64::from(half) * beat_s / 2.0, 0.6, hat.into_iter());
    }
}
