//! `cargo xtask ci`: every check, one after the other, with a sum at the end.

mod count;
mod steps;

use std::time::Instant;

use self::{
    count::{Count, Counted},
    steps::{Step, Work, steps},
};
use crate::{live::Live, process, tidy};

/// Runs the steps (those whose name contains a word of `only`, when it is not empty). Everything that can still
/// run does, so that one run shows all that is wrong.
pub fn run(only: &[String]) -> bool {
    let mut rows = Vec::new();
    let mut broken: Vec<&str> = Vec::new();
    for step in steps() {
        if !only.is_empty() && !only.iter().any(|word| step.name.contains(word.as_str())) {
            continue;
        }
        if let Some(needed) = step.needs.iter().find(|needed| broken.contains(*needed)) {
            println!("\n=== {}: not run, because {needed} failed", step.name);
            rows.push((step.name, 0.0, Count { passed: 0, failed: 1 }));
            continue;
        }
        println!("\n=== {}", step.name);
        let start = Instant::now();
        let count = work(&step);
        let seconds = start.elapsed().as_secs_f64();
        println!("=== {}: {} passed, {} failed, {seconds:.1} s", step.name, count.passed, count.failed);
        if count.failed > 0 {
            broken.push(step.name);
        }
        rows.push((step.name, seconds, count));
    }
    sum(&rows)
}

fn work(step: &Step) -> Count {
    match step.work {
        Work::Tidy => {
            let ok = tidy::run(&tidy::Options::default());
            Count { passed: usize::from(ok), failed: usize::from(!ok) }
        }
        Work::Absent(why) => {
            // What did not run is said, and counted neither as passed nor as failed.
            println!("skipped: {why}");
            Count::default()
        }
        Work::Browser => browser(),
        Work::Command { words, folder, ref environment, counted } => {
            println!("$ {}", words.join(" "));
            let mut command = process::command(words);
            command.current_dir(process::root().join(folder)).envs(environment.iter().copied());
            let ended = process::watch(command);
            counted.count(ended.ok, &ended.lines)
        }
    }
}

/// The browser test, on a server with the demo album.
fn browser() -> Count {
    let live = match Live::start("debug", true) {
        Ok(live) => live,
        Err(complaint) => {
            println!("{complaint}");
            return Count { passed: 0, failed: 1 };
        }
    };
    println!("$ npm run e2e");
    let mut test = process::command(&["npm", "run", "e2e"]);
    test.current_dir(process::root().join("web")).env("NO_COLOR", "1");
    test.env("FANFARE_URL", &live.address).env("FANFARE_SETUP_LINK", &live.setup_link);
    let ended = process::watch(test);
    Counted::Lines.count(ended.ok, &ended.lines)
}

fn sum(rows: &[(&str, f64, Count)]) -> bool {
    println!("\n{:<16} {:>8} {:>8} {:>9}", "step", "passed", "failed", "seconds");
    let mut all = Count::default();
    let mut whole = 0.0;
    for (name, seconds, count) in rows {
        println!("{name:<16} {:>8} {:>8} {seconds:>9.1}", count.passed, count.failed);
        all.passed += count.passed;
        all.failed += count.failed;
        whole += seconds;
    }
    println!("{:<16} {:>8} {:>8} {whole:>9.1}", "all", all.passed, all.failed);
    println!("{} passed, {} failed", all.passed, all.failed);
    all.failed == 0
}
