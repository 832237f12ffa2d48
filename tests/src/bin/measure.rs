//! The program behind `cargo xtask bench`: prints each figure of issue 2 with its target.
//!
//! `measure [NAME...]` runs the figures whose names contain a word;
//! `measure analyze FILE` is the child whose memory is taken, `measure decode FILE` the one that only decodes;
//! `measure analyze|ladder|ingest FILE` analyzes it, makes its HLS ladder, or does both in one decode;
//! `measure ready FILE` sends it to a server until it is ready, `measure encoders FILE` runs each of its encoders alone;
//! `measure send BYTES` is the child that sends a live stream in pieces of that many bytes;
//! `measure medium FILE` makes its medium file, `measure mixtape FOLDER` all three of every file there.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a measuring program

use std::{path::Path, process::ExitCode};

use fanfare_tests::measure;

/// Does one thing to a file.
type Once = fn(&Path);

/// What is done once with a file, in a process of its own.
const ONCE: &[(&str, Once)] = &[
    ("resident", measure::resident_once),
    ("decode", measure::decode_once),
    ("analyze", measure::analyze_once),
    ("ladder", measure::ladder_once),
    ("ingest", measure::ingest_once),
    ("encoders", measure::encoders_once),
    ("ready", measure::ready_once),
    ("medium", measure::medium_once),
    ("mixtape", measure::mixtape_once),
    ("send", measure::send_once),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, file] = arguments.as_slice()
        && let Some((_, once)) = ONCE.iter().find(|(name, _)| name == word)
    {
        once(file.as_ref());
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
