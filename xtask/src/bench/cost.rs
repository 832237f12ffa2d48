//! What a program costs: wall time, processor time with that of its children, largest resident size.
//!
//! The kernel sums the resources of all children a process has waited for, so every program runs below a process of its own
//! (`cargo xtask bench cost`, hidden) that waits for nothing else.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::{TimeVal, TimeValLike as _},
};
use serde_json::{Value, json};

/// What one run, or the middle of several, cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Time by the clock.
    pub wall_s: f64,
    /// User and system time of the process and its children.
    pub cpu_s: f64,
    /// Largest resident size of the process, or of a child where that is larger.
    pub peak_mib: f64,
}

/// A run that came to its end.
#[derive(Debug)]
pub struct Paid {
    /// What it cost.
    pub cost: Cost,
    /// Its exit code; -1 when a signal ended it.
    pub code: i64,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// Runs the program to its end and writes what it cost into the file `report`. For the hidden command only.
pub fn pay(report: &Path, words: &[OsString]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).status();
    let wall_s = start.elapsed().as_secs_f64();
    let (Ok(status), Ok(usage)) = (status, getrusage(UsageWho::RUSAGE_CHILDREN)) else {
        eprintln!("cannot run {}", program.to_string_lossy());
        return false;
    };
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    let line = json!({
        "code": status.code().unwrap_or(-1),
        "wall_s": wall_s,
        "cpu_s": seconds(usage.user_time()) + seconds(usage.system_time()),
        // Linux counts it in KiB.
        "peak_mib": usage.max_rss() as f64 / 1024.0,
    });
    fs::write(report, line.to_string()).is_ok()
}

/// Runs the program below a process of its own.
///
/// # Errors
/// A sentence when it cannot be run at all. An exit code is no error here.
pub fn run(folder: &Path, words: &[OsString]) -> Result<Paid, String> {
    let report: PathBuf = folder.join(format!("cost-{}.json", std::process::id()));
    let _ = fs::remove_file(&report);
    // Not the file's name: a build that runs meanwhile may have put another in its place.
    let mut outer = Command::new("/proc/self/exe");
    outer.args(["bench", "cost"]).arg(&report).arg("--").args(words).stdin(Stdio::null());
    let output = outer.output().map_err(|error| error.to_string())?;
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = fs::read_to_string(&report).map_err(|_| err.trim().to_owned())?;
    let _ = fs::remove_file(&report);
    let paid: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let number = |name: &str| paid[name].as_f64().unwrap_or(f64::NAN);
    Ok(Paid {
        cost: Cost { wall_s: number("wall_s"), cpu_s: number("cpu_s"), peak_mib: number("peak_mib") },
        code: paid["code"].as_i64().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err,
    })
}

/// The middle of some costs, each figure for itself; `None` of none.
pub fn median(costs: &[Cost]) -> Option<Cost> {
    let middle = |figure: fn(&Cost) -> f64| middle(costs.iter().map(figure).collect());
    Some(Cost {
        wall_s: middle(|cost| cost.wall_s)?,
        cpu_s: middle(|cost| cost.cpu_s)?,
        peak_mib: middle(|cost| cost.peak_mib)?,
    })
}

/// The middle of some values; the mean of the two in the middle of an even number.
pub fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().saturating_sub(1) / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_costs_is_taken_figure_by_figure() {
        let cost = |wall_s, cpu_s, peak_mib| Cost { wall_s, cpu_s, peak_mib };
        let costs = [cost(9.0, 1.0, 10.0), cost(1.0, 3.0, 30.0), cost(2.0, 2.0, 20.0)];
        assert_eq!(median(&costs), Some(cost(2.0, 2.0, 20.0)));
        assert_eq!(median(&[]), None);
        for (values, expected) in [
            (vec![], None),
            (vec![4.0], Some(4.0)),
            (vec![4.0, 1.0], Some(2.5)),
            (vec![3.0, 1.0, 2.0], Some(2.0)),
        ] {
            assert_eq!(middle(values), expected);
        }
    }
}
