//! Some hundred cases of arbitrary PCM for each analyzer; `--example fuzz` goes on for as long as one likes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod arbitrary;
mod support;

use arbitrary::{Case, try_case};
use fanfare_analysis::ANALYZERS;

/// Cases that every analyzer hears in a normal run of the tests.
const CASES: u64 = 24;

#[test]
fn arbitrary_pcm_gives_every_analyzer_a_typed_answer() {
    for seed in 0..CASES {
        let case = Case::new(seed);
        for entry in ANALYZERS {
            if let Err(problem) = try_case(&case, entry.id) {
                panic!("{} on seed {seed} ({}): {problem}", entry.id, case.story);
            }
        }
    }
}

#[test]
fn the_same_seed_is_the_same_case() {
    let bits = |case: Case| -> Vec<Vec<u32>> {
        case.planes.iter().map(|plane| plane.iter().map(|sample| sample.to_bits()).collect()).collect()
    };
    for seed in 0..10 {
        let (one, other) = (Case::new(seed), Case::new(seed));
        assert_eq!((one.rate_hz, &one.lengths, &one.story), (other.rate_hz, &other.lengths, &other.story));
        assert!(bits(one) == bits(other), "{seed}");
    }
}
