//! Chores of the project: `cargo xtask --help`.
//!
//! Purpose: one place for what people and CI run, so that both run the same.
//!
//! Invariants: a chore prints what it does and how long it took; it ends with exit code 0 only when all is well.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a chore prints to the terminal

mod bench;
mod ci;
mod live;
mod process;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Chores of the project")]
struct CommandLine {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Everything CI runs; the last line is `N passed, N failed`
    Ci {
        /// Only the steps whose names contain one of these
        #[arg(long, value_name = "STEP,...", value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Compare the sources with ARCHITECTURE.md and the project's rules
    Tidy(tidy::Options),
    /// Measure speed and size in release mode; each line: measured, target, ok or MISS. With a name: beside other tools
    Bench(bench::CommandLine),
    /// Kill worker and server at random moments of a scan and of uploads
    CrashTest {
        /// Random seed: the same seed kills at the same moments
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many rounds, of one to three kills each
        #[arg(long, default_value_t = 50)]
        n: u32,
    },
    /// Pictures of the web UI into test-output/
    Screenshots,
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().chore {
        Chore::Ci { only } => ci::run(&only),
        Chore::Tidy(options) => tidy::run(&options),
        Chore::Bench(line) => bench::run(&line),
        Chore::CrashTest { seed, n } => bench::crash_test(seed, n),
        Chore::Screenshots => bench::screenshots(),
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
