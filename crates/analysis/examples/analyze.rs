//! What each analyzer finds in a file and what it costs, beside decoding alone.
//!
//! `cargo run --release -p fanfare-analysis --example analyze -- FILE`
//!
//! Prints, for decoding alone, for each analyzer on its own and for all of them: wall time, processor time and
//! their ratio to decoding, the least of three runs each.
//!
//! `... --example analyze -- --json [--only NAME,...] FILE...` prints the features of each file, to the last digit,
//! on a line of its own.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::{path::Path, time::Duration};

use fanfare_analysis::{ANALYZERS, Analysis, AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, OpenOptions, open};
use fanfare_model::{Error, ErrorKind, Result};
use rustix::time::{ClockId, clock_gettime};

/// Runs of which the least counts.
const RUNS: usize = 3;

/// What a run took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == "--json") {
        return print_features(&arguments[1..]);
    }
    let (Some(file), 1) = (arguments.pop(), arguments.len() + 1) else {
        return Err(Error::new(ErrorKind::Invalid, "name one file")
            .remedy("analyze FILE, or analyze --json [--only NAME,...] FILE..."));
    };
    let path = Path::new(&file);

    let (decoding, _) = least(|| decode(path))?;
    println!("{:<28} {:>8} {:>8} {:>6} {:>6}  beyond decoding", "", "wall s", "cpu s", "wall", "cpu");
    print("decoding alone", decoding, decoding);
    for entry in ANALYZERS {
        let (cost, _) = least(|| analyze_signal(path, Selection::only(&[entry.id])?))?;
        print(entry.id, cost, decoding);
    }
    let (cost, analysis) = least(|| analyze_signal(path, Selection::all()))?;
    print("all", cost, decoding);
    println!("\nIn the run with all (a shared transform counts where it was asked for first):");
    for sink in &analysis.sinks {
        let (cpu, busy) = (sink.cpu.as_secs_f64(), sink.busy.as_secs_f64());
        println!("  {:<12} cpu {cpu:.3} s, busy {busy:.3} s", sink.name);
    }
    Ok(())
}

/// Prints the features of files, as JSON.
fn print_features(arguments: &[String]) -> Result<()> {
    let (selection, files) = match arguments {
        [only, names, files @ ..] if only == "--only" => {
            (Selection::only(&names.split(',').collect::<Vec<_>>())?, files)
        }
        files => (Selection::all(), files),
    };
    for file in files {
        let features = analyze_signal(Path::new(file), selection.clone())?.features();
        let json = serde_json::to_string(&features).map_err(|error| {
            Error::new(ErrorKind::Internal, "the features cannot be written").because(error)
        })?;
        println!("{json}");
    }
    Ok(())
}

/// Hears the file once.
fn analyze_signal(path: &Path, selection: Selection) -> Result<Analysis> {
    let options = AnalyzeOptions { selection, ..AnalyzeOptions::default() };
    let mut source = open(path, &OpenOptions::default())?;
    analyze(source.as_mut(), Vec::new(), &options, &CancelFlag::default(), &mut |_| ())
}

/// Decodes the file and throws the sound away.
fn decode(path: &Path) -> Result<u64> {
    let mut source = open(path, &OpenOptions::default())?;
    let mut frames = 0;
    while let Some(chunk) = source.next_chunk()? {
        frames += chunk.frames() as u64;
    }
    Ok(frames)
}

/// The least cost of some runs, each figure for itself, and what the last run gave.
fn least<T>(mut run: impl FnMut() -> Result<T>) -> Result<(Cost, T)> {
    let mut least = Cost { wall: Duration::MAX, cpu: Duration::MAX };
    let mut result = None;
    for _ in 0..RUNS {
        let started = now();
        result = Some(run()?);
        let ended = now();
        least.wall = least.wall.min(ended.wall - started.wall);
        least.cpu = least.cpu.min(ended.cpu - started.cpu);
    }
    result.map(|result| (least, result)).ok_or_else(|| Error::new(ErrorKind::Internal, "nothing was run"))
}

fn now() -> Cost {
    let read = |clock| {
        let time = clock_gettime(clock);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    Cost { wall: read(ClockId::Monotonic), cpu: read(ClockId::ProcessCPUTime) }
}

fn print(what: &str, cost: Cost, decoding: Cost) {
    let (wall, cpu) = (cost.wall.as_secs_f64(), cost.cpu.as_secs_f64());
    let (wall_ratio, cpu_ratio) = (wall / decoding.wall.as_secs_f64(), cpu / decoding.cpu.as_secs_f64());
    let beyond = cpu - decoding.cpu.as_secs_f64();
    println!("{what:<28} {wall:>8.3} {cpu:>8.3} {wall_ratio:>5.2}x {cpu_ratio:>5.2}x  {beyond:>7.3} s cpu");
}
