//! Arbitrary PCM for one analyzer or all, for minutes or hours.
//!
//! `cargo run --release -p fanfare-analysis --example fuzz -- [--analyzer NAME] [--minutes 5] [--seed 1] [--cases N]`
//!
//! Each case follows from its seed alone and is heard twice, in chunks and in one piece. It fails when an analyzer
//! panics or gives up, when a number is not finite or outside its documented range, when the result depends on
//! the chunks, or when a sample takes more than [`MOST_PER_SAMPLE_NS`]. The seed of a failure is printed:
//! `--seed THAT --cases 1` hears it again. Prints the slowest case of each analyzer.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "shares the signals of the tests")]

#[path = "../tests/arbitrary/mod.rs"]
mod arbitrary;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use arbitrary::{Case, try_case};
use fanfare_analysis::ANALYZERS;
use fanfare_model::{Error, ErrorKind, Result};

/// More processor time per sample than that, in ns, is a blow-up: music costs an analyzer 1 to 10.
const MOST_PER_SAMPLE_NS: f64 = 1_000.0;
/// What a case may cost besides: tables are made for the first sample.
const FIXED: Duration = Duration::from_millis(100);

struct Wishes {
    analyzers: Vec<&'static str>,
    minutes: f64,
    seed: u64,
    cases: u64,
}

fn wishes() -> Result<Wishes> {
    let mut wishes = Wishes {
        analyzers: ANALYZERS.iter().map(|entry| entry.id).collect(),
        minutes: 5.0,
        seed: 1,
        cases: u64::MAX,
    };
    let mut arguments = std::env::args().skip(1);
    let odd = |what: &str| Error::new(ErrorKind::Invalid, format!("`{what}` makes no sense here"));
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| odd(&name))?;
        match name.as_str() {
            "--analyzer" => wishes.analyzers.retain(|id| *id == value),
            "--minutes" => wishes.minutes = value.parse().map_err(|_| odd(&value))?,
            "--seed" => wishes.seed = value.parse().map_err(|_| odd(&value))?,
            "--cases" => wishes.cases = value.parse().map_err(|_| odd(&value))?,
            _ => return Err(odd(&name)),
        }
    }
    if wishes.analyzers.is_empty() {
        return Err(odd("--analyzer"));
    }
    Ok(wishes)
}

fn main() -> Result<ExitCode> {
    let wishes = wishes()?;
    let mut failures = 0;
    for analyzer in &wishes.analyzers {
        let started = Instant::now();
        let (mut cases, mut samples, mut seconds) = (0, 0, 0.0);
        let mut slowest = (0.0, 0);
        while cases < wishes.cases && started.elapsed().as_secs_f64() < wishes.minutes * 60.0 {
            let case = Case::new(wishes.seed.wrapping_add(cases));
            cases += 1;
            samples += case.samples();
            seconds += case.duration_s();
            let problem = match try_case(&case, analyzer) {
                Err(problem) => Some(problem),
                Ok(cost) => {
                    // A handful of frames says nothing about the cost of a sample.
                    if case.samples() > 100_000 && cost.per_sample_ns() > slowest.0 {
                        slowest = (cost.per_sample_ns(), case.seed);
                    }
                    let most = FIXED.as_secs_f64() * 1e9 + MOST_PER_SAMPLE_NS * case.samples() as f64;
                    let took = cost.cpu.as_secs_f64();
                    (took * 1e9 > most).then(|| format!("took {took:.3} s"))
                }
            };
            if wishes.cases == 1 {
                println!("{analyzer} --seed {}: {}", case.seed, case.story);
            }
            if let Some(problem) = problem {
                failures += 1;
                println!("{analyzer} --seed {} --cases 1: {problem}\n    {}", case.seed, case.story);
            }
        }
        println!(
            "{analyzer}: {cases} cases, {seconds:.0} s of audio, {:.1} M samples, each twice, in {:.0} s; \
             slowest {:.0} ns per sample (seed {})",
            samples as f64 / 1e6,
            started.elapsed().as_secs_f64(),
            slowest.0,
            slowest.1
        );
    }
    println!("{failures} failures");
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
