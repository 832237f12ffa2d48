//! `cargo xtask bench cache`: what transcodes cost, compared with `ffmpeg` and the same encoder library.
//!
//! Every program is a process of its own; they take turns, round after round; the middle of the rounds counts.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::Args;

use super::{
    cost::{self, Cost},
    page,
    place::{Common, Place},
    target::{self, Target},
    track::{self, Tracks},
};

/// Processor time of one medium file against ffmpeg's, at most (issue 5, "Speed and size").
const MEDIUM_CPU: f64 = 0.95;
/// How much sooner all three of twelve tracks are there, at least (issue 5).
const MIXTAPE_WALL: f64 = 1.1;
/// Tracks of the mixtape, and how long each is in seconds.
const TRACKS: u32 = 12;
const TRACK_S: u32 = 20;

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Rounds that count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// Make this file smaller instead of a generated one; the page is not written
    #[arg(long, value_name = "FILE")]
    track: Option<PathBuf>,
}

/// What is timed, each with its words.
fn programs(place: &Place, file: &Path, folder: &Path) -> Vec<(&'static str, &'static str, Vec<OsString>)> {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let ours = |what: &str, path: &Path| {
        vec![Place::program("measure").into_os_string(), what.into(), path.as_os_str().to_owned()]
    };
    let mut ffmpeg = words(&["ffmpeg", "-v", "error", "-nostdin", "-y", "-i"]);
    ffmpeg.push(file.as_os_str().to_owned());
    ffmpeg.extend(words(&["-c:a", "libmp3lame", "-b:a", "192k", "-f", "mp3"]));
    ffmpeg.push(place.work.join("theirs.mp3").into_os_string());
    // Two at a time, one rate of one track each; file names are ours.
    let script = "for rate in 256 192 128; do for file in \"$0\"/*.flac; do printf '%s\\n%s\\n' \"$file\" $rate; done; done \
                  | xargs -d '\\n' -P 2 -n 2 sh -c 'exec ffmpeg -v error -nostdin -y -i \"$0\" -c:a libmp3lame -b:a ${1}k -f mp3 \"$0.$1\"'";
    let mut theirs = words(&["sh", "-c", script]);
    theirs.push(folder.as_os_str().to_owned());
    vec![
        ("medium", "Fanfare: medium (MP3, 192 kbit/s)", ours("medium", file)),
        ("ffmpeg", "ffmpeg: libmp3lame at 192 kbit/s", ffmpeg),
        ("mixtape", "Fanfare: three of each of twelve, two tracks at a time", ours("mixtape", folder)),
        ("ffmpeg-mixtape", "ffmpeg: the same files, two at a time", theirs),
    ]
}

/// Measures, prints, and writes the page. False when a program failed; a target that is missed is no failure.
pub fn run(options: &Options) -> bool {
    measure(options).unwrap_or_else(|complaint| {
        eprintln!("{complaint}");
        false
    })
}

fn measure(options: &Options) -> Result<bool, String> {
    let place = Place::prepare(&options.common)?;
    let tracks = Tracks::make(&place, options.track.as_deref())?;
    let folder = place.work.join("mixtape");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for number in 0..TRACKS {
        let mut cut = Command::new("ffmpeg");
        cut.args([
            "-v",
            "error",
            "-nostdin",
            "-y",
            "-ss",
            &(number * TRACK_S).to_string(),
            "-t",
            &TRACK_S.to_string(),
            "-i",
        ]);
        cut.arg(&tracks.four_minutes).args(["-c:a", "flac"]).arg(folder.join(format!("{number:02}.flac")));
        track::finish(cut)?;
    }
    let programs = programs(&place, &tracks.four_minutes, &folder);
    let mut costs: BTreeMap<&str, Vec<Cost>> = BTreeMap::new();
    for round in 1..=options.runs {
        for (id, tool, words) in &programs {
            let paid = cost::run(&place.work, words)?;
            if paid.code != 0 {
                return Err(format!("{tool}: exit code {}: {}", paid.code, paid.err.trim()));
            }
            let Cost { wall_s, cpu_s, .. } = paid.cost;
            eprintln!("round {round} of {}: {tool:<56} {wall_s:>7.2} s, CPU {cpu_s:>7.2} s", options.runs);
            costs.entry(id).or_default().push(paid.cost);
        }
    }
    // Pairs of one round, since the machine may be busier in another.
    let ratio = |one: &str, other: &str, of: fn(&Cost) -> f64| {
        let pairs = costs[one].iter().zip(&costs[other]);
        cost::middle(pairs.map(|(one, other)| of(one) / of(other)).collect())
    };
    let targets = [
        Target::at_most(
            "CPU: medium / ffmpeg libmp3lame 192k",
            ratio("medium", "ffmpeg", |cost| cost.cpu_s),
            MEDIUM_CPU,
            " x",
        )
        .decimals(3),
        Target::at_least(
            "wall: ffmpeg two at a time / three of each of twelve",
            ratio("ffmpeg-mixtape", "mixtape", |cost| cost.wall_s),
            MIXTAPE_WALL,
            " x",
        )
        .decimals(3),
    ];
    let rows: Vec<Vec<String>> = programs
        .iter()
        .filter_map(|(id, tool, _)| {
            let cost = cost::median(&costs[id])?;
            Some(vec![
                (*tool).to_owned(),
                format!("{:.2}", cost.wall_s),
                format!("{:.2}", cost.cpu_s),
                format!("{:.1}", cost.peak_mib),
            ])
        })
        .collect();
    let table = page::table(&["program", "wall s", "CPU s", "peak MiB"], &rows);
    let cells: Vec<_> = targets.iter().map(Target::cells).collect();
    let verdicts = page::table(&target::HEADER, &cells);
    println!("\n{table}\n{verdicts}\n{}", target::sum(&targets));
    if place.wants_all() && options.track.is_none() && !options.common.no_write {
        let text = format!(
            "## What transcodes cost\n\n`cargo xtask bench cache`: {}. One medium file of {}; three qualities of twelve pieces of \
             it, {TRACK_S} s each. Middle of {} rounds, all programs in turn; ratios are of pairs of one round. Load average {} while \
             measuring.\n\n{table}\n{verdicts}\n{}.\n",
            page::circumstances(),
            tracks.what,
            options.runs,
            page::load_average(),
            target::sum(&targets),
        );
        page::write("cache", &text)?;
    }
    Ok(true)
}
