//! Windows for filters and spectra.

use std::f64::consts::PI;

/// Modified Bessel function of the first kind, order 0, by its power series
/// (Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

/// The Kaiser window's `beta` for a stop band that many dB down
/// (J. F. Kaiser, Nonrecursive digital filter design using the I0-sinh window function, ISCAS 1974).
pub(crate) fn kaiser_beta(stop_db: f64) -> f64 {
    if stop_db > 50.0 {
        0.1102 * (stop_db - 8.7)
    } else {
        0.5842 * (stop_db - 21.0).max(0.0).powf(0.4) + 0.07886 * (stop_db - 21.0).max(0.0)
    }
}

/// The Kaiser window at `x` from -1 to 1; zero outside.
pub(crate) fn kaiser(x: f64, beta: f64) -> f64 {
    if x.abs() > 1.0 {
        return 0.0;
    }
    bessel_i0(beta * (1.0 - x * x).sqrt()) / bessel_i0(beta)
}

/// sin(pi x) / (pi x).
pub(crate) fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The periodic Hann window of that length, scaled so that a full-scale sine on a bin reads 1.
pub(super) fn hann_unit_sine(size: usize) -> Vec<f32> {
    // The window's sum is size / 2, and a sine's energy is halved between a positive and a negative bin.
    let scale = 4.0 / size as f64;
    (0..size).map(|n| (scale * (0.5 - 0.5 * (2.0 * PI * n as f64 / size as f64).cos())) as f32).collect()
}
