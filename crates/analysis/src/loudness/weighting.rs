//! K-weighting at any sample rate, and the weight of each channel (BS.1770-5 Annex 1).

use std::f64::consts::PI;

use fanfare_model::ChannelLayout;

/// The rate for which BS.1770-5 prints its coefficients, in Hz.
const STANDARD_RATE_HZ: f64 = 48_000.0;

/// Stage 1, the head's high shelf (BS.1770-5 Annex 1, table 1): b0 b1 b2, a1 a2.
const SHELF: ([f64; 3], [f64; 2]) = (
    [1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85],
    [-1.690_659_293_182_41, 0.732_480_774_215_85],
);

/// Stage 2, the RLB high-pass (BS.1770-5 Annex 1, table 2): b0 b1 b2, a1 a2.
const HIGH_PASS: ([f64; 3], [f64; 2]) = ([1.0, -2.0, 1.0], [-1.990_047_454_833_98, 0.990_072_250_366_21]);

/// Below that a filter's state is nothing, and left alone would end in slow subnormal numbers.
const NOTHING: f64 = 1e-30;

/// A second-order section with a0 = 1.
#[derive(Debug, Clone, Copy)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

impl Biquad {
    /// The section whose analogue prototype is that of the standard's section at 48 kHz.
    ///
    /// The bilinear transform s = (z - 1) / (z + 1) is undone in the variable p = s / K with
    /// K = tan(pi f0 / rate), where f0, the section's own corner, follows from its poles; then it is done
    /// again with the K of the wanted rate. The corner thus stays exactly where it is at 48 kHz, and at
    /// 48 kHz the coefficients are the standard's.
    fn at_rate((b, a): ([f64; 3], [f64; 2]), rate_hz: f64) -> Self {
        let k_standard = ((1.0 + a[0] + a[1]) / (1.0 - a[0] + a[1])).sqrt();
        let corner_hz = k_standard.atan() * STANDARD_RATE_HZ / PI;
        let k = (PI * corner_hz / rate_hz).tan();
        // A polynomial c0 + c1 z^-1 + c2 z^-2 is n2 p^2 + n1 p + n0 over (1 + s)^2.
        let analogue = |c0: f64, c1: f64, c2: f64| {
            [c0 + c1 + c2, 2.0 * (c0 - c2) * k_standard, (c0 - c1 + c2) * k_standard * k_standard]
        };
        let digital = |[n0, n1, n2]: [f64; 3]| {
            let (n1, n2) = (n1 / k, n2 / (k * k));
            [n0 + n1 + n2, 2.0 * (n0 - n2), n0 - n1 + n2]
        };
        let b = digital(analogue(b[0], b[1], b[2]));
        let a = digital(analogue(1.0, a[0], a[1]));
        Self { b: b.map(|value| value / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
    }
}

/// Both sections, for one sample rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct KWeighting {
    shelf: Biquad,
    high_pass: Biquad,
}

/// The filter state of two channels side by side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairState {
    shelf: [[f64; 2]; 2],
    high_pass: [[f64; 2]; 2],
}

impl KWeighting {
    pub(super) fn new(rate_hz: u32) -> Self {
        let rate_hz = f64::from(rate_hz);
        Self { shelf: Biquad::at_rate(SHELF, rate_hz), high_pass: Biquad::at_rate(HIGH_PASS, rate_hz) }
    }

    /// Adds the energy of two weighted channels to `sums`. In transposed direct form II, both channels in
    /// the two lanes of a vector: the recurrence is serial, and a second channel costs nothing.
    pub(super) fn add_energy(&self, state: &mut PairState, one: &[f32], two: &[f32], sums: &mut [f64; 2]) {
        let Self { shelf, high_pass } = *self;
        let PairState { shelf: [mut s1, mut s2], high_pass: [mut h1, mut h2] } = *state;
        let mut energy = *sums;
        for (&one, &two) in one.iter().zip(two) {
            let x = [f64::from(one), f64::from(two)];
            for lane in 0..2 {
                let y = shelf.b[0] * x[lane] + s1[lane];
                s1[lane] = (shelf.b[1] * x[lane] + s2[lane]) - shelf.a[0] * y;
                s2[lane] = shelf.b[2] * x[lane] - shelf.a[1] * y;
                let z = high_pass.b[0] * y + h1[lane];
                h1[lane] = (high_pass.b[1] * y + h2[lane]) - high_pass.a[0] * z;
                h2[lane] = high_pass.b[2] * y - high_pass.a[1] * z;
                energy[lane] += z * z;
            }
        }
        *sums = energy;
        *state = PairState { shelf: [s1, s2], high_pass: [h1, h2] };
    }
}

impl PairState {
    /// Forgets what is too small to matter.
    pub(super) fn forget_nothing(&mut self) {
        for value in self.shelf.iter_mut().chain(&mut self.high_pass).flatten() {
            if value.abs() < NOTHING {
                *value = 0.0;
            }
        }
    }
}

/// The weight of each channel, 0 for one that does not count (BS.1770-5 Annex 1, table 3, and Annex 3,
/// table 5: 1.41 between 60 and 120 degrees to either side, 1 elsewhere, nothing for the LFE).
pub(super) fn channel_weights(layout: ChannelLayout) -> Vec<f64> {
    const SIDE: f64 = 1.41;
    match layout {
        ChannelLayout::Mono => vec![1.0],
        ChannelLayout::Stereo => vec![1.0; 2],
        ChannelLayout::Surround3_0 => vec![1.0; 3],
        ChannelLayout::Quad => vec![1.0, 1.0, SIDE, SIDE],
        ChannelLayout::Surround5_0 => vec![1.0, 1.0, 1.0, SIDE, SIDE],
        ChannelLayout::Surround5_1 => vec![1.0, 1.0, 1.0, 0.0, SIDE, SIDE],
        // The back pair of 7.1 stands at 135 degrees or more.
        ChannelLayout::Surround7_1 => vec![1.0, 1.0, 1.0, 0.0, 1.0, 1.0, SIDE, SIDE],
        ChannelLayout::Discrete(channels) => vec![1.0; usize::from(channels)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coefficients_at_48_khz_are_those_of_the_standard() {
        for section in [SHELF, HIGH_PASS] {
            let Biquad { b, a } = Biquad::at_rate(section, 48_000.0);
            for (got, expected) in b.iter().chain(&a).zip(section.0.iter().chain(&section.1)) {
                assert!((got - expected).abs() < 1e-9, "{got} {expected}");
            }
        }
    }

    /// The gain in dB at a frequency.
    fn gain_db(filter: &KWeighting, rate_hz: f64, frequency_hz: f64) -> f64 {
        let w = 2.0 * PI * frequency_hz / rate_hz;
        let power = |c: [f64; 3]| {
            let (re, im) = c.iter().zip(0..).fold((0.0, 0.0), |(re, im), (c, n)| {
                (re + c * (w * f64::from(n)).cos(), im - c * (w * f64::from(n)).sin())
            });
            re * re + im * im
        };
        [filter.shelf, filter.high_pass]
            .iter()
            .map(|Biquad { b, a }| 10.0 * (power(*b) / power([1.0, a[0], a[1]])).log10())
            .sum()
    }

    #[test]
    fn the_response_is_the_same_at_every_rate() {
        let standard = KWeighting::new(48_000);
        for rate_hz in [32_000, 44_100, 88_200, 96_000, 176_400, 192_000, 384_000] {
            let filter = KWeighting::new(rate_hz);
            for frequency_hz in [20.0, 38.0, 100.0, 500.0, 997.0, 1_682.0, 3_000.0, 8_000.0] {
                // Bilinear frequency warping grows towards the Nyquist frequency.
                if frequency_hz > f64::from(rate_hz) / 8.0 {
                    continue;
                }
                let expected = gain_db(&standard, 48_000.0, frequency_hz);
                let got = gain_db(&filter, f64::from(rate_hz), frequency_hz);
                assert!((got - expected).abs() < 0.1, "{rate_hz} {frequency_hz} {got} {expected}");
            }
        }
    }
}
