//! `cargo xtask bench encode`: what it costs to make a four-minute FLAC ready (HLS ladder and everything heard, in one
//! decode), beside `ffmpeg` making three AAC renditions followed by the peers' analysis.
//!
//! Every program is a process of its own; they take turns, round after round; the middle of the rounds counts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use clap::Args;
use serde_json::Value;

mod rows;

use rows::{COMPOSED, ROWS};

use super::{
    cost::{self, Cost},
    page,
    place::{Common, Place},
    rows::Row,
    target::{self, Target},
    track::{self, Tracks},
};

/// At least so many times faster than the composition of the peers, by the clock (issue 4, "Speed and size").
const TIMES_FASTER: f64 = 8.0;
/// At least so many times faster than the composition of the peers with an MP3, from upload to ready (issue 13, F).
const TIMES_READY: f64 = 7.0;
/// From upload to ready at most so many times the floor (issue 13, F).
const OVER_FLOOR: f64 = 1.2;
/// How much the encoders may slow the analysis beyond their share of the processors (issue 4).
const SLOWED: f64 = 1.10;

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Rounds that count
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// Time this file instead of a generated one; the page is not written
    #[arg(long, value_name = "FILE")]
    track: Option<PathBuf>,
}

/// What came of a row.
#[derive(Debug, Clone, Default)]
struct Measured {
    costs: Vec<Cost>,
    /// What our programs printed of themselves, run by run.
    said: Vec<Value>,
    trouble: Option<String>,
}

impl Measured {
    fn cost(&self) -> Option<Cost> {
        cost::median(&self.costs)
    }

    /// The middle of a number that our program printed.
    fn said(&self, pointer: &str) -> Option<f64> {
        cost::middle(self.said.iter().filter_map(|said| said.pointer(pointer)?.as_f64()).collect())
    }
}

type All = BTreeMap<&'static str, Measured>;

/// Measures, prints, and writes the page. False when a program of ours failed; a target that is missed is no failure.
pub fn run(options: &Options) -> bool {
    measure(options).unwrap_or_else(|complaint| {
        eprintln!("{complaint}");
        false
    })
}

fn measure(options: &Options) -> Result<bool, String> {
    let place = Place::prepare(&options.common)?;
    let tracks = Tracks::make(&place, options.track.as_deref())?;
    let wav = place.work.join("four-minutes.wav");
    let mut convert = Command::new("ffmpeg");
    convert.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&tracks.four_minutes).arg(&wav);
    track::finish(convert)?;
    let rounds = usize::from(options.runs);
    let all = rounds_of(&place, &tracks.four_minutes, &wav, rounds);
    let targets = judge(&all);
    let costs = page::table(&["program", "wall s", "CPU s", "peak MiB"], &table(&all));
    let cells: Vec<_> = targets.iter().map(Target::cells).collect();
    let verdicts = page::table(&target::HEADER, &cells);
    println!("\n{costs}\n{verdicts}\n{}", target::sum(&targets));
    if place.wants_all() && options.track.is_none() && !options.common.no_write {
        let text = format!(
            "## What making a track ready costs\n\n`cargo xtask bench encode`: {}. {}. Middle of {rounds} rounds, all programs in \
             turn, each in a process of its own, its children counted. Load average {} while measuring.\n\n{costs}\n\
             The composed reference is ffmpeg, then librosa, then Essentia, one after the other. The share that is fair: analysis alone \
             or all processor seconds spread over the cores, whichever takes longer. The floor of a run from upload to ready: its longest encoder \
             alone, or all its processor seconds spread over the cores.\n\n{verdicts}\n{}.\n",
            page::circumstances(),
            tracks.what,
            page::load_average(),
            target::sum(&targets),
        );
        page::write("encode", &text)?;
    }
    Ok(!ROWS.iter().any(|row| row.is_ours() && all.get(row.id).is_some_and(|found| found.trouble.is_some())))
}

fn rounds_of(place: &Place, file: &Path, wav: &Path, rounds: usize) -> All {
    let mut all = All::new();
    let present: Vec<&Row> = ROWS
        .iter()
        .filter(|row| place.wants(row.id))
        .filter(|row| {
            let there = row.is_installed(place);
            if !there {
                eprintln!("{}: not installed; it is left out", row.tool);
                all.entry(row.id).or_default().trouble = Some("not installed".to_owned());
            }
            there
        })
        .collect();
    for round in 1..=rounds {
        for row in &present {
            let found = all.entry(row.id).or_default();
            if found.trouble.is_some() {
                continue;
            }
            let folder = place.work.join("renditions");
            let (renditions, mp3) = (folder.join("%v.m3u8"), folder.join("medium.mp3"));
            let _ = fs::create_dir_all(&folder);
            let fill = |word: std::ffi::OsString| match word.to_str() {
                Some("{wav}") => wav.as_os_str().to_owned(),
                Some("{renditions}") => renditions.clone().into_os_string(),
                Some("{mp3}") => mp3.clone().into_os_string(),
                _ => word,
            };
            let words: Vec<_> = row.words(place, file).into_iter().map(fill).collect();
            match cost::run(&place.work, &words) {
                Ok(paid) if row.codes.contains(&paid.code) => {
                    let Cost { wall_s, cpu_s, .. } = paid.cost;
                    eprintln!(
                        "round {round} of {rounds}: {:<48} {wall_s:>7.2} s, CPU {cpu_s:>7.2} s",
                        row.tool
                    );
                    found.costs.push(paid.cost);
                    found
                        .said
                        .extend(paid.out.lines().last().and_then(|line| serde_json::from_str(line).ok()));
                }
                Ok(paid) => {
                    let last = paid.err.trim().lines().last().unwrap_or_default().to_owned();
                    eprintln!("{}: exit code {}: {last}", row.tool, paid.code);
                    found.trouble = Some(format!("exit code {}", paid.code));
                }
                Err(complaint) => found.trouble = Some(complaint),
            }
            let _ = fs::remove_dir_all(&folder);
        }
    }
    all
}

/// Wall seconds of the peers one after the other, if all of them were there.
fn composed(all: &All) -> Option<f64> {
    COMPOSED.iter().map(|id| Some(all.get(id)?.cost()?.wall_s)).sum()
}

fn judge(all: &All) -> Vec<Target> {
    let cost = |id: &str| all.get(id)?.cost();
    let said = |id: &str, pointer: &str| all.get(id)?.said(pointer);
    let cpu_of_analyzers = |id: &str| said(id, "/steps/analyzers");
    let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
    let faster = |id: &str| Some(composed(all)? / cost(id)?.wall_s);
    // Without interfering, both together take as long as the longer one, or as all work spread over all cores.
    let fair = || {
        let (analysis, ladder) = (cost("analyze")?, cost("ladder")?);
        Some(analysis.wall_s.max(ladder.wall_s).max((analysis.cpu_s + ladder.cpu_s) / cores))
    };
    // No run can be shorter than its longest encoder, or than all its work spread over all cores.
    let floor = || Some(said("encoders", "/longest_s")?.max(said("ready", "/cpu_s")? / cores));
    let over_floor = || Some(said("ready", "/wall_s")? / floor()?);
    let ready_faster = || Some((composed(all)? + cost("mp3")?.wall_s) / said("ready", "/wall_s")?);
    let slowed = || Some(cost("ingest")?.wall_s / fair()?);
    let dearer = || Some(cpu_of_analyzers("ingest")? / cpu_of_analyzers("analyze")?);
    let over_renditions = || Some(cost("renditions")?.wall_s / cost("ingest")?.wall_s);
    vec![
        Target::at_least(
            "wall: composed reference / ladder and everything",
            faster("ingest"),
            TIMES_FASTER,
            " x",
        ),
        Target::at_least("wall: the same from WAV", faster("ingest-wav"), TIMES_FASTER, " x"),
        Target::at_least(
            "wall: ffmpeg's three renditions alone / ladder and everything",
            over_renditions(),
            1.0,
            " x",
        ),
        Target::at_most("upload to ready / floor", over_floor(), OVER_FLOOR, " x"),
        Target::at_least("composed reference with MP3 / upload to ready", ready_faster(), TIMES_READY, " x"),
        Target::at_most("wall: ladder and everything / fair share", slowed(), SLOWED, " x"),
        Target::at_most("CPU of the analyzers: beside the encoders / alone", dearer(), SLOWED, " x"),
    ]
}

fn table(all: &All) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for row in ROWS {
        let Some(found) = all.get(row.id) else { continue };
        rows.push(match (&found.trouble, found.cost()) {
            (None, Some(cost)) => vec![
                row.tool.to_owned(),
                // A row that starts a server says itself what counts.
                format!("{:.2}", found.said("/wall_s").unwrap_or(cost.wall_s)),
                format!("{:.2}", found.said("/cpu_s").unwrap_or(cost.cpu_s)),
                format!("{:.1}", cost.peak_mib),
            ],
            (trouble, _) => {
                let why = trouble.clone().unwrap_or_else(|| "-".to_owned());
                vec![row.tool.to_owned(), why, "-".to_owned(), "-".to_owned()]
            }
        });
    }
    let dash = || "-".to_owned();
    rows.push(vec![
        "composed reference".to_owned(),
        composed(all).map_or_else(|| "a peer is missing".to_owned(), |wall_s| format!("{wall_s:.2}")),
        dash(),
        dash(),
    ]);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(wall_s: f64, cpu_s: f64, analyzers_s: &[f64]) -> Measured {
        let costs = vec![Cost { wall_s, cpu_s, peak_mib: 1.0 }];
        let said = analyzers_s.iter().map(|s| serde_json::json!({ "steps": { "analyzers": s } })).collect();
        Measured { costs, said, trouble: None }
    }

    #[test]
    fn a_missing_peer_leaves_the_comparison_open() {
        let mut all = All::from([
            ("ingest", measured(5.0, 9.0, &[1.1])),
            ("analyze", measured(1.0, 1.5, &[1.0])),
            ("ladder", measured(4.0, 7.5, &[])),
            ("renditions", measured(60.0, 60.0, &[])),
            ("librosa", measured(18.0, 18.0, &[])),
        ]);
        assert_eq!(judge(&all)[0].met(), None);
        assert!(table(&all).last().is_some_and(|row| row[1] == "a peer is missing"));
        all.insert("essentia", measured(7.0, 7.0, &[]));
        assert_eq!(judge(&all)[0].measured, Some(17.0));
        assert_eq!(judge(&all)[2].measured, Some(12.0));
        assert!((judge(&all)[6].measured.unwrap_or_default() - 1.1).abs() < 1e-9);
    }
}
