//! Signals whose truth is known because they are made here: pure functions, one plane of `f32` each.

use std::f64::consts::TAU;

use crate::Seeded;

fn frames(rate_hz: u32, seconds: f64) -> usize {
    (f64::from(rate_hz) * seconds).round() as usize
}

/// Silence.
#[must_use]
pub fn silence(rate_hz: u32, seconds: f64) -> Vec<f32> {
    vec![0.0; frames(rate_hz, seconds)]
}

/// A constant.
#[must_use]
pub fn constant(rate_hz: u32, seconds: f64, value: f32) -> Vec<f32> {
    vec![value; frames(rate_hz, seconds)]
}

/// A sine that starts at phase 0. Its RMS is `amplitude / sqrt(2)`.
#[must_use]
pub fn sine(rate_hz: u32, seconds: f64, hz: f64, amplitude: f64) -> Vec<f32> {
    let step = TAU * hz / f64::from(rate_hz);
    (0..frames(rate_hz, seconds)).map(|frame| (amplitude * (step * frame as f64).sin()) as f32).collect()
}

/// A sine of that peak level in dBFS.
#[must_use]
pub fn sine_dbfs(rate_hz: u32, seconds: f64, hz: f64, peak_dbfs: f64) -> Vec<f32> {
    sine(rate_hz, seconds, hz, 10f64.powf(peak_dbfs / 20.0))
}

/// A square wave that starts high. Its RMS and its sample peak are `amplitude`.
#[must_use]
pub fn square(rate_hz: u32, seconds: f64, hz: f64, amplitude: f32) -> Vec<f32> {
    let period = f64::from(rate_hz) / hz;
    (0..frames(rate_hz, seconds))
        .map(|frame| if (frame as f64 / period).fract() < 0.5 { amplitude } else { -amplitude })
        .collect()
}

/// A logarithmic sweep (Farina 2000): the time spent per octave is constant.
#[must_use]
pub fn sweep(rate_hz: u32, seconds: f64, from_hz: f64, to_hz: f64, amplitude: f64) -> Vec<f32> {
    let ratio = (to_hz / from_hz).ln();
    let scale = TAU * from_hz * seconds / ratio;
    (0..frames(rate_hz, seconds))
        .map(|frame| {
            let share = frame as f64 / (f64::from(rate_hz) * seconds);
            (amplitude * (scale * ((ratio * share).exp() - 1.0)).sin()) as f32
        })
        .collect()
}

/// White noise, evenly spread from `-amplitude` to `amplitude`; its RMS is `amplitude / sqrt(3)`.
#[must_use]
pub fn noise(seed: u64, frames: usize, amplitude: f32) -> Vec<f32> {
    let mut random = Seeded::new(seed);
    (0..frames).map(|_| amplitude * random.sample()).collect()
}

/// Levels after each other, as the EBU's test signals have them (Tech 3341 section 2.9): a sine of one
/// frequency, `(peak in dBFS, seconds)` per step, phase running on.
#[must_use]
pub fn level_steps(rate_hz: u32, hz: f64, steps: &[(f64, f64)]) -> Vec<f32> {
    let step = TAU * hz / f64::from(rate_hz);
    let mut plane = Vec::new();
    for (peak_dbfs, seconds) in steps {
        let amplitude = 10f64.powf(peak_dbfs / 20.0);
        for _ in 0..frames(rate_hz, *seconds) {
            plane.push((amplitude * (step * plane.len() as f64).sin()) as f32);
        }
    }
    plane
}

/// A click track and the times of its clicks in seconds. A click is 20 ms of a falling 1 kHz tone; the first of every
/// `beats_per_bar` is an octave higher and louder.
#[must_use]
pub fn click_track(
    rate_hz: u32,
    seconds: f64,
    tempo_bpm: f64,
    first_s: f64,
    beats_per_bar: usize,
) -> (Vec<f32>, Vec<f64>) {
    let mut plane = silence(rate_hz, seconds);
    let mut beats = Vec::new();
    for beat in 0.. {
        let at = first_s + beat as f64 * 60.0 / tempo_bpm;
        if at >= seconds {
            break;
        }
        let (hz, amplitude) = if beat % beats_per_bar.max(1) == 0 { (2000.0, 0.9) } else { (1000.0, 0.6) };
        let start = frames(rate_hz, at);
        let click = sine(rate_hz, 0.02, hz, amplitude);
        let length = click.len() as f32;
        for (offset, sample) in click.into_iter().enumerate() {
            if let Some(sum) = plane.get_mut(start + offset) {
                *sum += sample * (-5.0 * offset as f32 / length).exp();
            }
        }
        beats.push(at);
    }
    (plane, beats)
}

/// Cadences in one key: I-IV-V-I (minor: i-iv-V-i with the leading note), each chord three notes and a bass,
/// six falling harmonics per note. `tonic` is a pitch class, 0 = C.
#[must_use]
pub fn cadence(rate_hz: u32, tonic: usize, minor: bool, chord_s: f64, repeats: usize) -> Vec<f32> {
    let third = if minor { 3 } else { 4 };
    let chords: [[usize; 3]; 4] = [[0, third, 7], [5, 5 + third, 12], [7, 11, 14], [0, third, 7]];
    let mut plane = Vec::new();
    for _ in 0..repeats {
        for chord in chords {
            let length = frames(rate_hz, chord_s);
            let mut sum = vec![0.0f64; length];
            for note in chord.into_iter().map(|note| 60 + tonic + note).chain([36 + tonic + chord[0]]) {
                add_note(&mut sum, rate_hz, note);
            }
            plane.extend(sum.into_iter().map(|sample| sample as f32));
        }
    }
    plane
}

fn add_note(sum: &mut [f64], rate_hz: u32, midi: usize) {
    let hz = 440.0 * ((midi as f64 - 69.0) / 12.0).exp2();
    let length = sum.len() as f64;
    for harmonic in 1..=6 {
        let step = TAU * hz * f64::from(harmonic) / f64::from(rate_hz);
        let level = 0.08 / f64::from(harmonic);
        for (frame, sample) in sum.iter_mut().enumerate() {
            let fade = 1.0 - frame as f64 / length;
            *sample += level * fade * (step * frame as f64).sin();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms(plane: &[f32]) -> f64 {
        (plane.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / plane.len() as f64).sqrt()
    }

    #[test]
    fn levels_are_what_they_claim() {
        for (plane, expected) in [
            (sine(48_000, 1.0, 1000.0, 0.5), 0.5 / 2f64.sqrt()),
            (square(48_000, 1.0, 100.0, 1.0), 1.0),
            (noise(1, 480_000, 0.9), 0.9 / 3f64.sqrt()),
            (constant(8_000, 0.5, -0.25), 0.25),
        ] {
            assert!((rms(&plane) - expected).abs() < 1e-3, "{} {expected}", rms(&plane));
        }
    }

    #[test]
    fn clicks_are_where_they_are_said_to_be() {
        let (plane, beats) = click_track(44_100, 10.0, 120.0, 0.25, 4);
        assert_eq!(beats.len(), 20);
        for beat in beats {
            let start = frames(44_100, beat);
            assert!(plane[start..start + 400].iter().any(|sample| sample.abs() > 0.3));
            assert!(plane[start.saturating_sub(200)..start].iter().all(|sample| *sample == 0.0));
        }
    }
}
