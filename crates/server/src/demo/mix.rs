//! The mixing desk: notes at times and places, a little room, and a level.

/// A stereo signal being mixed.
pub struct Mix {
    rate_hz: f32,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Mix {
    /// Silence of that length.
    pub fn silence(seconds: f32, rate_hz: u32) -> Self {
        let frames = (seconds * rate_hz as f32) as usize;
        Self { rate_hz: rate_hz as f32, left: vec![0.0; frames], right: vec![0.0; frames] }
    }

    /// Adds a note at that time, that loud, from -1 (left) to 1 (right). What reaches over the end is cut.
    pub fn add(&mut self, at_s: f32, note: &[f32], level: f32, place: f32) {
        let start = (at_s.max(0.0) * self.rate_hz) as usize;
        // Constant power: a note is as loud at the side as in the middle.
        let angle = (place + 1.0) * std::f32::consts::FRAC_PI_4;
        for (channel, gain) in [(&mut self.left, angle.cos()), (&mut self.right, angle.sin())] {
            for (sum, sample) in channel.iter_mut().skip(start).zip(note) {
                *sum += sample * level * gain;
            }
        }
    }

    /// Adds a room: four feedback combs per side (Schroeder 1962), of different lengths left and right.
    pub fn room(&mut self, amount: f32) {
        for (channel, offset_ms) in [(&mut self.left, 0.0), (&mut self.right, 1.3)] {
            let dry = channel.clone();
            for comb_ms in [29.7, 37.1, 41.1, 43.7] {
                let delay = ((comb_ms + offset_ms) * 0.001 * self.rate_hz) as usize;
                let mut line = vec![0.0f32; delay.max(1)];
                let mut dull = 0.0;
                for (index, (sum, input)) in channel.iter_mut().zip(&dry).enumerate() {
                    let at = index % line.len();
                    dull += 0.45 * (line[at] - dull);
                    *sum += 0.25 * amount * dull;
                    line[at] = input + 0.78 * dull;
                }
            }
        }
    }

    /// The finished 16-bit signal with that peak level, faded in and out by a few milliseconds.
    pub fn finish(self, peak_dbfs: f32) -> Vec<[i16; 2]> {
        let peak = self.left.iter().chain(&self.right).fold(1e-9f32, |peak, sample| peak.max(sample.abs()));
        let gain = 10f32.powf(peak_dbfs / 20.0) / peak * 32_767.0;
        let length = self.left.len();
        let fade = (0.02 * self.rate_hz).max(1.0);
        let pairs = self.left.into_iter().zip(self.right).enumerate();
        pairs
            .map(|(index, (left, right))| {
                let near_end = index.min(length - 1 - index) as f32 / fade;
                [left, right].map(|sample| (sample * gain * near_end.min(1.0)) as i16)
            })
            .collect()
    }
}
