//! Danceability by detrended fluctuation analysis.
//!
//! S. Streich and P. Herrera, "Detrended Fluctuation Analysis of Music Signals: Danceability Estimation and further Semantic
//! Characterization", AES 118th Convention (2005), with the time scales of Essentia's algorithm of that name: 310 to
//! 8,800 ms in steps of 10 %.

/// Blocks of level in a second: 10 ms each.
const BLOCK_RATE_HZ: f64 = 100.0;
const SHORTEST_MS: f64 = 310.0;
const LONGEST_MS: f64 = 8_800.0;
const STEP: f64 = 1.1;
/// Fluctuation below which the level does not move at all but for rounding.
const STILL: f64 = 1e-9;
/// Blocks looked at in one go (10 minutes).
const STRETCH: usize = 60_000;

/// Standard deviation of the samples in blocks of 10 ms, and how it fluctuates.
pub(super) struct Levels {
    rate_hz: f64,
    blocks: Vec<f32>,
    blocks_ended: usize,
    /// Of each time scale its length in blocks, the sum of squared residuals and how many there are.
    scales: Vec<(usize, f64, f64)>,
    samples: u64,
    block_end: u64,
    count: f64,
    sum: f64,
    squares: f64,
}

impl Levels {
    /// For samples at that rate.
    pub(super) fn new(rate_hz: f64) -> Self {
        let mut scales = Vec::new();
        let mut scale_ms = SHORTEST_MS;
        while scale_ms < LONGEST_MS {
            scales.push(((scale_ms / 10.0) as usize, 0.0, 0.0));
            scale_ms *= STEP;
        }
        let mut levels = Self {
            rate_hz,
            blocks: Vec::new(),
            blocks_ended: 0,
            scales,
            samples: 0,
            block_end: 0,
            count: 0.0,
            sum: 0.0,
            squares: 0.0,
        };
        levels.block_end = levels.end_of(0);
        levels
    }

    fn end_of(&self, block: usize) -> u64 {
        ((block + 1) as f64 * self.rate_hz / BLOCK_RATE_HZ).round() as u64
    }

    /// Takes the next samples.
    pub(super) fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            let value = f64::from(*sample);
            self.sum += value;
            self.squares += value * value;
            self.count += 1.0;
            self.samples += 1;
            if self.samples == self.block_end {
                let mean = self.sum / self.count;
                self.blocks.push((self.squares / self.count - mean * mean).max(0.0).sqrt() as f32);
                (self.sum, self.squares, self.count) = (0.0, 0.0, 0.0);
                self.blocks_ended += 1;
                self.block_end = self.end_of(self.blocks_ended);
                // What is left for the end is longer than the longest scale.
                if self.blocks.len() == 2 * STRETCH {
                    self.fluctuate(STRETCH);
                }
            }
        }
    }

    /// Adds the fluctuation of the first blocks, and drops them. The mean level of a stretch makes a straight line in its
    /// walk, which the regression takes away: stretches need not share it.
    fn fluctuate(&mut self, count: usize) {
        let stretch = &self.blocks[..count];
        let mean = stretch.iter().map(|v| f64::from(*v)).sum::<f64>() / count.max(1) as f64;
        let mut at = 0.0;
        let walk = stretch.iter().map(|level| {
            at += f64::from(*level) - mean;
            at
        });
        let sums = Sums::new(walk);
        for (length, total, residuals) in &mut self.scales {
            if *length <= count {
                for start in (0..=count - *length).step_by((*length / 50).max(1)) {
                    *total += sums.residual(start, *length);
                    *residuals += 1.0;
                }
            }
        }
        self.blocks.drain(..count);
    }

    /// Danceability; `None` when the track is too short for two time scales, or silent.
    pub(super) fn danceability(&mut self) -> Option<f64> {
        self.fluctuate(self.blocks.len());
        let fluctuations: Vec<(f64, f64)> = self
            .scales
            .iter()
            .filter(|(_, _, residuals)| *residuals > 0.0)
            .map(|(length, total, residuals)| (*length as f64, (total / residuals).sqrt()))
            .collect();
        let slopes: Vec<f64> = fluctuations
            .windows(2)
            .filter(|pair| pair[0].1 > STILL && pair[1].1 > STILL && pair[1].0 > pair[0].0)
            .map(|pair| (pair[1].1 / pair[0].1).log10() / ((pair[1].0 + 3.0) / (pair[0].0 + 3.0)).log10())
            .collect();
        let slope = slopes.iter().sum::<f64>() / slopes.len().max(1) as f64;
        (slope > 1e-3).then(|| (1.0 / slope).min(10.0))
    }
}

/// Running sums, by which the residual of a line through any stretch takes constant time.
struct Sums {
    y: Vec<f64>,
    yy: Vec<f64>,
    xy: Vec<f64>,
}

impl Sums {
    fn new(walk: impl Iterator<Item = f64>) -> Self {
        let (mut y, mut yy, mut xy) = (vec![0.0], vec![0.0], vec![0.0]);
        let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
        for (x, value) in walk.enumerate() {
            a += value;
            b += value * value;
            c += value * x as f64;
            y.push(a);
            yy.push(b);
            xy.push(c);
        }
        Self { y, yy, xy }
    }

    /// Mean squared distance of a stretch from its regression line.
    fn residual(&self, start: usize, length: usize) -> f64 {
        let (end, n) = (start + length, length as f64);
        let y = self.y[end] - self.y[start];
        let yy = self.yy[end] - self.yy[start];
        let xy = self.xy[end] - self.xy[start] - y * start as f64;
        let x = n * (n - 1.0) / 2.0;
        let xx = n * (n - 1.0) * (2.0 * n - 1.0) / 6.0;
        let (sxx, sxy, syy) = (xx - x * x / n, xy - x * y / n, yy - y * y / n);
        if sxx > 0.0 { ((syy - sxy * sxy / sxx) / n).max(0.0) } else { 0.0 }
    }
}
