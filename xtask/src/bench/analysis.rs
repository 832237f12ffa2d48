//! `cargo xtask bench analysis`: what analyzing one track costs, ours and the peers', in one run on this machine.
//!
//! Every program is a process of its own. They take turns, round after round, so that whatever else the machine does falls on
//! all of them; the first round only warms up; of the others the middle counts.

mod judge;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::Value;

use self::judge::judge;
use super::{
    cost::{self, Cost},
    page,
    place::{Common, Place},
    rows::{ROWS, Row},
    target,
    track::Tracks,
};

/// Our own programs run so many times a round: they are short, and differences of their costs are looked at.
const OURS_A_ROUND: usize = 3;
/// Runs of the second-long file: it takes a moment only.
const SHORT_RUNS: usize = 15;

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Rounds that count, after one that does not
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// One round, no warming up, no three-hour file; the page is not written
    #[arg(long)]
    quick: bool,
    /// Time this file instead of a generated one; the page is not written
    #[arg(long, value_name = "FILE")]
    track: Option<PathBuf>,
}

/// What came of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It ran.
    Ran {
        /// The middle of the rounds.
        cost: Cost,
        /// CPU seconds of the steps that the script tells, the middle of the rounds.
        steps: BTreeMap<String, f64>,
    },
    /// The peer is not there.
    NotInstalled,
    /// It ended otherwise than it should.
    Failed(String),
}

impl Outcome {
    fn cost(&self) -> Option<Cost> {
        match self {
            Self::Ran { cost, .. } => Some(*cost),
            _ => None,
        }
    }
}

/// Everything measured: what the verdicts are made of.
#[derive(Debug, Default)]
pub struct Measured {
    /// Per row's id.
    pub rows: BTreeMap<&'static str, Outcome>,
    /// `everything` on one second.
    pub one_second: Option<Cost>,
    /// `everything` on three hours.
    pub three_hours: Option<Cost>,
}

impl Measured {
    /// Cost of that row.
    pub fn cost(&self, id: &str) -> Option<Cost> {
        self.rows.get(id)?.cost()
    }

    /// CPU seconds of a step within that row.
    pub fn step(&self, id: &str, step: &str) -> Option<f64> {
        match self.rows.get(id)? {
            Outcome::Ran { steps, .. } => steps.get(step).copied(),
            _ => None,
        }
    }
}

/// Measures, prints, and writes the page. False when a program of ours failed; a target that is missed is no failure.
pub fn run(options: &Options) -> bool {
    match measure(options) {
        Ok(true) => true,
        Ok(false) => false,
        Err(complaint) => {
            eprintln!("{complaint}");
            false
        }
    }
}

fn measure(options: &Options) -> Result<bool, String> {
    let place = Place::prepare(&options.common)?;
    let tracks = Tracks::make(&place, options.track.as_deref())?;
    let rounds = if options.quick { 1 } else { usize::from(options.runs) };
    let mut measured =
        Measured { rows: rows(&place, &tracks.four_minutes, rounds, !options.quick), ..Measured::default() };
    if let Some(everything) = ROWS.iter().find(|row| row.id == "everything" && place.wants(row.id)) {
        eprintln!("one second");
        measured.one_second = once(&place, everything, &tracks.one_second, SHORT_RUNS)?;
        if !options.quick {
            eprintln!("three hours");
            measured.three_hours = once(&place, everything, &tracks.three_hours, 1)?;
        }
    }
    let targets = judge(&measured);
    let costs = page::table(&["tool", "wall s", "CPU s", "peak MiB", "x decode CPU"], &table(&measured));
    let cells: Vec<_> = targets.iter().map(target::Target::cells).collect();
    let verdicts = page::table(&target::HEADER, &cells);
    println!("\n{costs}\n{verdicts}\n{}", target::sum(&targets));
    let whole = place.wants_all() && !options.quick && options.track.is_none();
    if whole && !options.common.no_write {
        let text = format!(
            "## What analyzing costs\n\n`cargo xtask bench analysis`: {}. {}. Middle of {rounds} rounds after one that warms up (Fanfare {OURS_A_ROUND} times a round), all programs in turn, each in a \
             process of its own. Load average {} while measuring: compare CPU seconds and the ratios within this run, not wall times with \
             other runs.\n\n{costs}\n### Against the targets\n\n{}\n\n{verdicts}\n{}.\n",
            page::circumstances(),
            tracks.what,
            page::load_average(),
            judge::EXPLANATION,
            target::sum(&targets),
        );
        page::write("analysis", &text)?;
    }
    let broken = |row: &Row| matches!(measured.rows.get(row.id), Some(Outcome::Failed(_)));
    Ok(!ROWS.iter().any(|row| row.is_ours() && broken(row)))
}

/// All wanted rows, round after round.
fn rows(place: &Place, file: &Path, rounds: usize, warm_up: bool) -> BTreeMap<&'static str, Outcome> {
    let mut outcomes = BTreeMap::new();
    let mut present: Vec<(&Row, Vec<Cost>, Vec<Value>)> = Vec::new();
    for row in ROWS.iter().filter(|row| place.wants(row.id)) {
        if row.is_installed(place) {
            present.push((row, Vec::new(), Vec::new()));
        } else {
            eprintln!("{}: not installed", row.tool);
            outcomes.insert(row.id, Outcome::NotInstalled);
        }
    }
    let first = usize::from(warm_up);
    for round in 0..rounds + first {
        for (row, costs, said) in &mut present {
            if outcomes.contains_key(row.id) {
                continue;
            }
            let label = match (round + 1).checked_sub(first) {
                Some(counted @ 1..) => format!("round {counted} of {rounds}"),
                _ => "warming up".to_owned(),
            };
            for _ in 0..if row.is_ours() { OURS_A_ROUND } else { 1 } {
                match timed(place, row, file) {
                    Ok((cost, line)) => {
                        let tool = row.tool;
                        eprintln!("{label}: {tool:<36} {:>7.2} s, CPU {:>7.3} s", cost.wall_s, cost.cpu_s);
                        if round >= first {
                            costs.push(cost);
                            said.push(line);
                        }
                    }
                    Err(complaint) => {
                        eprintln!("{}: {complaint}", row.tool);
                        outcomes.insert(row.id, Outcome::Failed(complaint));
                        break;
                    }
                }
            }
        }
    }
    for (row, costs, said) in present {
        if let Some(cost) = cost::median(&costs) {
            outcomes.entry(row.id).or_insert_with(|| Outcome::Ran { cost, steps: steps(&said) });
        }
    }
    outcomes
}

/// One run: its cost, and its last line where that is JSON.
fn timed(place: &Place, row: &Row, file: &Path) -> Result<(Cost, Value), String> {
    let paid = cost::run(&place.work, &row.words(place, file))?;
    if !row.codes.contains(&paid.code) {
        eprintln!("{}", paid.err.trim().lines().last().unwrap_or_default());
        return Err(format!("exit code {}", paid.code));
    }
    let line = paid.out.lines().last().unwrap_or_default();
    Ok((paid.cost, serde_json::from_str(line).unwrap_or_default()))
}

/// The middle of each step's CPU seconds, of what a script printed in each round.
fn steps(said: &[Value]) -> BTreeMap<String, f64> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, seconds) in said.iter().filter_map(|line| line["steps"].as_object()).flatten() {
        all.entry(name.clone()).or_default().extend(seconds.as_f64());
    }
    all.into_iter().filter_map(|(name, values)| Some((name, cost::middle(values)?))).collect()
}

/// The middle of some runs of one row on a file.
fn once(place: &Place, row: &Row, file: &Path, runs: usize) -> Result<Option<Cost>, String> {
    let words = row.words(place, file);
    let costs: Result<Vec<Cost>, String> =
        (0..runs).map(|_| Ok(cost::run(&place.work, &words)?.cost)).collect();
    Ok(cost::median(&costs?))
}

/// The rows as the table shows them, with the two sums that the issue compares with.
fn table(measured: &Measured) -> Vec<Vec<String>> {
    let floor = measured.cost("decode").map(|cost| cost.cpu_s);
    let ratio = |cpu_s: f64| floor.map_or_else(|| "-".to_owned(), |floor| format!("{:.2}", cpu_s / floor));
    let dashes = |tool: &str, why: &str| {
        vec![tool.to_owned(), why.to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned()]
    };
    let mut rows = Vec::new();
    for row in ROWS {
        rows.extend(measured.rows.get(row.id).map(|outcome| match outcome {
            Outcome::Ran { cost, .. } => cells(row.tool, *cost, &ratio(cost.cpu_s)),
            Outcome::NotInstalled => dashes(row.tool, "not installed"),
            Outcome::Failed(why) => dashes(row.tool, why),
        }));
    }
    for (tool, parts) in judge::compositions(measured) {
        if let Some(cpu_s) = parts {
            rows.push(vec![
                tool.to_owned(),
                "-".to_owned(),
                format!("{cpu_s:.3}"),
                "-".to_owned(),
                ratio(cpu_s),
            ]);
        }
    }
    for (tool, cost) in [
        ("Fanfare: everything, 1 s", measured.one_second),
        ("Fanfare: everything, 3 h", measured.three_hours),
    ] {
        rows.extend(cost.map(|cost| cells(tool, cost, "-")));
    }
    rows
}

fn cells(tool: &str, cost: Cost, ratio: &str) -> Vec<String> {
    vec![
        tool.to_owned(),
        format!("{:.3}", cost.wall_s),
        format!("{:.3}", cost.cpu_s),
        format!("{:.1}", cost.peak_mib),
        ratio.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_are_taken_from_what_scripts_say() {
        let said =
            [json!({"steps": {"load": 1.0, "key": 0.2}}), json!({"steps": {"load": 3.0}}), Value::Null];
        let expected = BTreeMap::from([("load".to_owned(), 2.0), ("key".to_owned(), 0.2)]);
        assert_eq!(steps(&said), expected);
    }

    #[test]
    fn a_missing_peer_is_a_row() {
        let cost = Cost { wall_s: 0.25, cpu_s: 0.2, peak_mib: 10.0 };
        let ran = Outcome::Ran { cost, steps: BTreeMap::new() };
        let rows = BTreeMap::from([
            ("decode", ran),
            ("loudgain", Outcome::NotInstalled),
            ("aubio-beat", Outcome::Failed("exit code 1".to_owned())),
        ]);
        let measured = Measured { rows, ..Measured::default() };
        let expected = [
            ["Fanfare: decoding alone", "0.250", "0.200", "10.0", "1.00"],
            ["loudgain", "not installed", "-", "-", "-"],
            ["aubio beat", "exit code 1", "-", "-", "-"],
        ];
        assert_eq!(table(&measured), expected.map(|row| row.map(str::to_owned).to_vec()));
    }
}
