//! Instruments: each gives one note as a mono signal.

use std::f32::consts::TAU;

/// A small generator of repeatable noise (xorshift32, Marsaglia 2003).
pub struct Noise(u32);

impl Noise {
    /// A generator; the same seed gives the same noise.
    pub const fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(1) | 1)
    }

    /// The next value, -1 to 1.
    pub fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

/// Frequency of a MIDI note number (69 is A4 = 440 Hz), in Hz.
pub fn pitch_hz(note: f32) -> f32 {
    440.0 * ((note - 69.0) / 12.0).exp2()
}

fn frames(seconds: f32, rate_hz: f32) -> usize {
    (seconds * rate_hz).max(1.0) as usize
}

/// A plucked string (Karplus and Strong 1983).
pub fn pluck(note: f32, seconds: f32, rate_hz: f32) -> Vec<f32> {
    // Averaging neighbours delays by half a frame, which belongs to the period.
    let period = (rate_hz / pitch_hz(note) - 0.5).round().max(2.0) as usize;
    let mut noise = Noise::new(note as u32);
    let mut string: Vec<f32> = (0..period).map(|_| noise.next()).collect();
    // Two passes of averaging take the metal out of the attack.
    for _ in 0..2 {
        for index in 1..period {
            string[index] = 0.5 * (string[index] + string[index - 1]);
        }
    }
    (0..frames(seconds, rate_hz))
        .map(|frame| {
            let at = frame % period;
            let now = string[at];
            string[at] = 0.996 * 0.5 * (now + string[(at + 1) % period]);
            now
        })
        .collect()
}

/// A soft held sound: few harmonics, three slightly detuned copies, slow attack and release.
pub fn pad(note: f32, seconds: f32, rate_hz: f32) -> Vec<f32> {
    let length = frames(seconds, rate_hz);
    let attack = 0.35 * rate_hz;
    let release = 0.5 * rate_hz;
    (0..length)
        .map(|frame| {
            let time = frame as f32 / rate_hz;
            let level = (frame as f32 / attack).min(1.0) * ((length - frame) as f32 / release).min(1.0);
            let sound: f32 = [-0.06, 0.0, 0.06]
                .into_iter()
                .map(|detune| {
                    let phase = TAU * pitch_hz(note + detune) * time;
                    phase.sin() + 0.35 * (2.0 * phase).sin() + 0.12 * (3.0 * phase).sin()
                })
                .sum();
            0.25 * level * sound
        })
        .collect()
}

/// A round bass note.
pub fn bass(note: f32, seconds: f32, rate_hz: f32) -> Vec<f32> {
    let length = frames(seconds, rate_hz);
    (0..length)
        .map(|frame| {
            let time = frame as f32 / rate_hz;
            let phase = TAU * pitch_hz(note) * time;
            let level =
                (time / 0.008).min(1.0) * (-1.6 * time).exp() * ((length - frame) as f32 / 600.0).min(1.0);
            level * (phase.sin() + 0.3 * (2.0 * phase).sin() * (-5.0 * time).exp())
        })
        .collect()
}

/// A bell by frequency modulation (Chowning 1973).
pub fn bell(note: f32, seconds: f32, rate_hz: f32) -> Vec<f32> {
    let base = pitch_hz(note);
    let length = frames(seconds, rate_hz);
    (0..length)
        .map(|frame| {
            let time = frame as f32 / rate_hz;
            let bend = 2.2 * (-4.0 * time).exp() * (TAU * base * 3.01 * time).sin();
            (-3.0 * time).exp()
                * ((length - frame) as f32 / 400.0).min(1.0)
                * (TAU * base * time + bend).sin()
        })
        .collect()
}

/// A bass drum: a sine that falls onto that note.
pub fn kick(note: f32, rate_hz: f32) -> Vec<f32> {
    let mut phase = 0.0;
    (0..frames(0.35, rate_hz))
        .map(|frame| {
            let time = frame as f32 / rate_hz;
            phase += TAU * pitch_hz(note) * (1.0 + 1.5 * (-22.0 * time).exp()) / rate_hz;
            (-9.0 * time).exp() * phase.sin()
        })
        .collect()
}

/// A snare drum: noise over a short tone of that note.
pub fn snare(note: f32, rate_hz: f32) -> Vec<f32> {
    let mut noise = Noise::new(7);
    (0..frames(0.22, rate_hz))
        .map(|frame| {
            let time = frame as f32 / rate_hz;
            0.6 * (-20.0 * time).exp() * noise.next()
                + 0.4 * (-26.0 * time).exp() * (TAU * pitch_hz(note) * time).sin()
        })
        .collect()
}

/// A closed hi-hat: very short bright noise.
pub fn hat(rate_hz: f32) -> Vec<f32> {
    let mut noise = Noise::new(3);
    let mut before = 0.0;
    (0..frames(0.06, rate_hz))
        .map(|frame| {
            let now = noise.next();
            // The difference of neighbours keeps the top of the spectrum.
            let bright = now - before;
            before = now;
            0.4 * (-70.0 * frame as f32 / rate_hz).exp() * bright
        })
        .collect()
}
