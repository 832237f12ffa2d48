//! K-weighting at any sample rate, and the weight of each channel (BS.1770-5 Annex 1).
//!
//! The standard prints its filter for 48 kHz and asks for the same response at other rates. Poles are carried
//! over by their frequency and decay, numerators by the gain they must have at a few frequencies (M. Vicanek,
//! "Matched Second Order Digital Filters", 2016). The response is that at 48 kHz within 0.000,5 dB from
//! 22,050 Hz on, 0.002 dB at 16 kHz, 0.01 dB at 11,025 Hz, 0.03 dB at 8 kHz and 0.3 dB below.

use std::f64::consts::TAU;

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

/// Where the shelf's gain is matched besides 0 Hz: at the standard's calibration tone, near enough, and
/// where it has come to its full height; as shares of the rate where that is less.
const MATCHED_HZ: [(f64, f64); 2] = [(1_000.0, 0.125), (10_000.0, 0.44)];

/// A second-order section with a0 = 1.
#[derive(Debug, Clone, Copy)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

/// The power of a polynomial c0 + c1 z^-1 + c2 z^-2 at an angular frequency, in the terms of [`powers`].
fn power([c0, c1, c2]: [f64; 3], w: f64) -> f64 {
    let [p0, p1, p2] = powers(w);
    (c0 + c1 + c2).powi(2) * p0 + (c0 - c1 + c2).powi(2) * p1 - 4.0 * c0 * c2 * p2
}

/// Any such polynomial's power is a sum of these three (Vicanek 2016, section 3): what it is at 0 times the
/// first, what it is at half the rate times the second, and -4 c0 c2 times the third.
fn powers(w: f64) -> [f64; 3] {
    let p1 = (w / 2.0).sin().powi(2);
    [1.0 - p1, p1, 4.0 * (1.0 - p1) * p1]
}

impl Biquad {
    const fn new((b, a): ([f64; 3], [f64; 2])) -> Self {
        Self { b, a }
    }

    /// The gain in power at an angular frequency.
    fn gain(&self, w: f64) -> f64 {
        power(self.b, w) / power([1.0, self.a[0], self.a[1]], w)
    }

    /// The denominator at another rate: the poles, a conjugate pair, keep their frequency and decay.
    fn poles_at(&self, rate_hz: f64) -> [f64; 2] {
        let ratio = STANDARD_RATE_HZ / rate_hz;
        let radius = self.a[1].sqrt();
        let angle = (-self.a[0] / (2.0 * radius)).acos();
        let radius_there = radius.powf(ratio);
        [-2.0 * radius_there * (angle * ratio).cos(), radius_there * radius_there]
    }

    /// The shelf at another rate, with the gain it has at 48 kHz at 0 Hz and at [`MATCHED_HZ`], hence
    /// (the poles being right) all along the way between.
    ///
    /// A bilinear transform would bend the shelf by up to 0.008 dB at 192 kHz, by 0.15 dB at 11,025 Hz.
    fn shelf_at(&self, rate_hz: f64) -> Self {
        let a = self.poles_at(rate_hz);
        let wanted = |frequency_hz: f64| {
            let w = TAU * frequency_hz / rate_hz;
            (powers(w), self.gain(TAU * frequency_hz / STANDARD_RATE_HZ) * power([1.0, a[0], a[1]], w))
        };
        let (_, at_zero) = wanted(0.0);
        let [(p, at_p), (q, at_q)] = MATCHED_HZ.map(|(hz, share)| wanted(hz.min(share * rate_hz)));
        // Two linear equations for the numerator's power at half the rate and for its -4 b0 b2.
        let (rest_p, rest_q) = (at_p - at_zero * p[0], at_q - at_zero * q[0]);
        let determinant = p[1] * q[2] - p[2] * q[1];
        let at_half = ((rest_p * q[2] - p[2] * rest_q) / determinant).max(0.0);
        let product = (p[1] * rest_q - rest_p * q[1]) / determinant;
        // Of the numerators with that power, the one whose zeros lie within the unit circle.
        let outer = (at_zero.sqrt() + at_half.sqrt()) / 2.0;
        let b0 = (outer + (outer * outer + product).max(0.0).sqrt()) / 2.0;
        Self { b: [b0, (at_zero.sqrt() - at_half.sqrt()) / 2.0, outer - b0], a }
    }

    /// The high-pass at another rate: both zeros stay at 0 Hz, and its gain at 1 kHz is what it is at 48 kHz.
    fn high_pass_at(&self, rate_hz: f64) -> Self {
        let section = Self { b: self.b, a: self.poles_at(rate_hz) };
        let (hz, share) = MATCHED_HZ[0];
        let frequency_hz = hz.min(share * rate_hz);
        let wanted = self.gain(TAU * frequency_hz / STANDARD_RATE_HZ);
        let gain = (wanted / section.gain(TAU * frequency_hz / rate_hz)).sqrt();
        Self { b: section.b.map(|value| value * gain), a: section.a }
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
        Self {
            shelf: Biquad::new(SHELF).shelf_at(rate_hz),
            high_pass: Biquad::new(HIGH_PASS).high_pass_at(rate_hz),
        }
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
        let filter = KWeighting::new(48_000);
        for (Biquad { b, a }, section) in [(filter.shelf, SHELF), (filter.high_pass, HIGH_PASS)] {
            for (got, expected) in b.iter().chain(&a).zip(section.0.iter().chain(&section.1)) {
                assert!((got - expected).abs() < 1e-9, "{got} {expected}");
            }
        }
    }

    /// The gain in dB at a frequency.
    fn gain_db(filter: &KWeighting, rate_hz: f64, frequency_hz: f64) -> f64 {
        let w = TAU * frequency_hz / rate_hz;
        10.0 * (filter.shelf.gain(w) * filter.high_pass.gain(w)).log10()
    }

    #[test]
    fn the_response_is_the_same_at_every_rate() {
        let standard = KWeighting::new(48_000);
        for (rate_hz, bound_db) in [
            (1_000, 0.3),
            (2_000, 0.3),
            (4_000, 0.3),
            (8_000, 0.03),
            (11_025, 0.01),
            (12_000, 0.01),
            (16_000, 0.002),
            (22_050, 0.0005),
            (24_000, 0.0005),
            (32_000, 0.0005),
            (44_100, 0.0005),
            (88_200, 0.0005),
            (96_000, 0.0005),
            (176_400, 0.0005),
            (192_000, 0.0005),
            (384_000, 0.0005),
            (768_000, 0.0005),
        ] {
            let filter = KWeighting::new(rate_hz);
            let top_hz = (f64::from(rate_hz) * 0.499).min(20_000.0);
            for n in 1..=1_000 {
                let frequency_hz = top_hz * f64::from(n) / 1_000.0;
                let expected = gain_db(&standard, 48_000.0, frequency_hz);
                let got = gain_db(&filter, f64::from(rate_hz), frequency_hz);
                assert!((got - expected).abs() < bound_db, "{rate_hz} {frequency_hz} {got} {expected}");
            }
        }
    }

    #[test]
    fn the_sections_are_stable_and_of_minimum_phase() {
        for rate_hz in [1_000, 1_500, 3_000, 6_000, 8_000, 44_101, 352_800, 768_000] {
            let KWeighting { shelf, high_pass } = KWeighting::new(rate_hz);
            for [a1, a2] in [shelf.a, high_pass.a, [shelf.b[1] / shelf.b[0], shelf.b[2] / shelf.b[0]]] {
                // The stability triangle of a second-order polynomial.
                assert!(a2.abs() < 1.0 && a1.abs() < 1.0 + a2, "{rate_hz}: {a1} {a2}");
            }
        }
    }

    #[test]
    fn every_layout_has_a_weight_for_each_channel() {
        for layout in (1..=24).filter_map(ChannelLayout::of).chain([ChannelLayout::Discrete(4)]) {
            let weights = channel_weights(layout);
            assert_eq!(weights.len(), layout.channels(), "{layout:?}");
            assert!(weights.iter().all(|weight| [0.0, 1.0, 1.41].contains(weight)), "{layout:?}");
        }
    }
}
