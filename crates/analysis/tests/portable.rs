//! The path that a processor without wide vectors takes gives the same spectra as the one that is picked at run time.
//!
//! The transforms are the only code here that looks at the processor: everything else is compiled for the target's
//! baseline and is the same on every machine.

#![allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]

mod support;

use fanfare_analysis::{ONSET_SIZE, TONAL_SIZE};
use rustfft::{Fft, FftPlanner, FftPlannerScalar, num_complex::Complex};
use support::{noise, sine};

/// How far the two may be apart, as a share of a full-scale sine's magnitude (issue: 1e-5).
const MOST: f32 = 1e-6;

#[test]
fn transforms_are_the_same_on_the_portable_path() {
    // A real transform of n samples is a complex one of n / 2.
    for size in [ONSET_SIZE / 2, ONSET_SIZE, TONAL_SIZE / 2, TONAL_SIZE] {
        let detected = FftPlanner::<f32>::new().plan_fft_forward(size);
        let portable = FftPlannerScalar::<f32>::new().plan_fft_forward(size);
        for (what, samples) in [
            ("noise", noise(2 * size, 1)),
            ("tone", sine(2 * size, 0.0123, 0.0, 1.0)),
            ("quiet tone", sine(2 * size, 0.21, 0.0, 1e-4)),
            ("constant", vec![1.0; 2 * size]),
        ] {
            let transformed = |fft: &dyn Fft<f32>| {
                let mut buffer: Vec<Complex<f32>> =
                    samples.as_chunks::<2>().0.iter().map(|[re, im]| Complex::new(*re, *im)).collect();
                fft.process(&mut buffer);
                buffer
            };
            let (one, other) = (transformed(&*detected), transformed(&*portable));
            let apart = one.iter().zip(&other).map(|(one, other)| (one - other).norm()).fold(0.0, f32::max);
            let apart = apart / size as f32;
            assert!(apart <= MOST, "{what}, {size}: {apart}");
        }
    }
}
