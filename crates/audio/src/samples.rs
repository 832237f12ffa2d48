//! Which samples are sound: limits on their size, and what becomes of those beyond.

/// The largest sample that a codec of integers gives, +24 dB above full scale: lossy codecs overshoot by a few dB, and
/// anything larger is the result of a decoding error.
pub(crate) const LOUDEST: f32 = 15.848_932;
/// The sentence for it.
pub(crate) const TOO_LOUD: &str = "samples more than 24 dB above full scale";

/// Samples closer to zero than that are silence: -300 dBFS, half of what any converter or ear can tell from it.
/// Their squares would be subnormal numbers, with which processors are a hundred times slower.
const SILENT: f32 = 1e-15;

/// Samples beyond that are no sound: 32-bit integers that were stored as floating point without scaling are the
/// largest that ever were one. Their squares, and sums of those, stay far from infinity.
const LARGEST: f32 = 4_294_967_296.0;

/// Replaces NaN, infinities, what is beyond [`LARGEST`] and what is closer to zero than [`SILENT`] by 0; whether any
/// was not just too small.
pub(crate) fn cleaned(samples: &mut [f32]) -> bool {
    // No branch, so that the compiler can work on several samples at a time: a comparison with NaN is false.
    let mut odd = false;
    for sample in samples {
        let size = sample.abs();
        let sound = size <= LARGEST;
        *sample = if sound & (size >= SILENT) { *sample } else { 0.0 };
        odd |= !sound;
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_samples_become_zero() {
        let mut samples = vec![0.5, f32::NAN, -1.0, f32::INFINITY, f32::NEG_INFINITY, 3.0, -0.0, -4e9, 1e30];
        samples.extend([1e-15, -1e-14, 9e-16, f32::MIN_POSITIVE, -f32::MIN_POSITIVE / 4.0]);
        assert!(cleaned(&mut samples));
        assert_eq!(samples, [0.5, 0.0, -1.0, 0.0, 0.0, 3.0, 0.0, -4e9, 0.0, 1e-15, -1e-14, 0.0, 0.0, 0.0]);
        assert!(!cleaned(&mut samples));
    }
}
