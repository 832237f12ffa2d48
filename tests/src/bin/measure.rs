//! The program behind `cargo xtask bench`: prints each figure of issue 2 with its target.
//!
//! `measure [NAME...]` runs the figures whose names contain a word; `measure hear FILE` is the child whose memory is taken.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a measuring program

use std::process::ExitCode;

use fanfare_tests::measure;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, file] = arguments.as_slice()
        && word == "hear"
    {
        measure::hear_once(file.as_ref());
        return ExitCode::SUCCESS;
    }
    let rows = measure::all(&arguments);
    println!("\n{:<42} {:>14} {:>14}", "figure", "measured", "target");
    for row in &rows {
        let verdict = if row.ok { "ok" } else { "MISS" };
        println!("{:<42} {:>14} {:>14}  {verdict}", row.name, row.measured, row.target);
    }
    let misses = rows.iter().filter(|row| !row.ok).count();
    println!("{} figures, {misses} missed", rows.len());
    if misses == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
