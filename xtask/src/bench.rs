//! `cargo xtask bench`, `crash-test`, `screenshots`: release builds, then the program that does the work.

mod accuracy;
mod analysis;
mod cache;
mod cost;
mod encode;
mod nightly;
mod page;
mod peers;
mod place;
mod rows;
mod serve;
mod sets;
mod target;
mod track;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Subcommand};

use crate::{
    live::Live,
    process::{command, root, watch},
};

/// `cargo xtask bench ...`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(subcommand)]
    what: Option<What>,
    /// Only the figures whose names contain one of these
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
}

/// What is measured beside other programs.
#[derive(Debug, Subcommand)]
enum What {
    /// What analyzing one track costs: decoding alone, ours, every peer that is installed; writes docs/benchmarks.md
    Analysis(analysis::Options),
    /// Who hears generated music right: tempo, beats, key, loudness, scored against the truth; writes docs/benchmarks.md
    Accuracy(accuracy::Options),
    /// What making a track ready costs: HLS ladder and all features in one decode, compared with ffmpeg and the peers'
    /// analysis; writes docs/benchmarks.md
    Encode(encode::Options),
    /// What a nightly run takes from the processors while a listener plays, and whether there is a gap
    Nightly(nightly::Options),
    /// What transcodes cost, one of a track and three of each of twelve, compared with ffmpeg; writes docs/benchmarks.md
    Cache(cache::Options),
    /// How fast stored files are sent, beside nginx, and what slow readers cost; writes docs/benchmarks.md
    Serve(serve::Options),
    /// Tempo and beats of recorded music, file by file, beside the peers' majority
    Recorded(Script),
    /// Every other figure beside Essentia's algorithm of the same name
    Agreement(Script),
    /// Runs a program and writes what it cost into a file
    #[command(hide = true)]
    Cost {
        report: PathBuf,
        #[arg(required = true, last = true)]
        words: Vec<OsString>,
    },
}

/// A script of `benches/peers` that compares by itself.
#[derive(Debug, Args)]
struct Script {
    #[command(flatten)]
    peers: place::Peers,
    /// What the script takes; `-- --help` shows it
    #[arg(value_name = "WORD", trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Script {
    /// Runs it with our release build first on the path.
    fn run(&self, name: &str) -> bool {
        let place = match place::Place::with_peers(&self.peers) {
            Ok(place) => place,
            Err(complaint) => {
                eprintln!("{complaint}");
                return false;
            }
        };
        let mut compare = command(&[&place.python.to_string_lossy()]);
        compare.arg(place::Place::scripts().join(name)).args(&self.words);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(place::Place::program("")).chain(std::env::split_paths(&path));
        compare.envs(std::env::join_paths(folders).map(|path| ("PATH", path)));
        watch(compare).ok
    }
}

/// Runs what the line asks for.
pub fn run(line: &CommandLine) -> bool {
    match &line.what {
        None => figures(&line.only),
        Some(What::Analysis(options)) => analysis::run(options),
        Some(What::Accuracy(options)) => accuracy::run(options),
        Some(What::Encode(options)) => encode::run(options),
        Some(What::Nightly(options)) => nightly::run(options),
        Some(What::Cache(options)) => cache::run(options),
        Some(What::Serve(options)) => serve::run(options),
        Some(What::Recorded(script)) => script.run("recorded.py"),
        Some(What::Agreement(script)) => script.run("agreement.py"),
        Some(What::Cost { report, words }) => cost::pay(report, words),
    }
}

/// Builds in release mode and runs the measuring program of the `tests` package.
fn figures(only: &[String]) -> bool {
    let build =
        ["cargo", "build", "--release", "--locked", "-p", "fanfare-server", "-p", "fanfare-tests", "--bins"];
    if !watch(command(&build)).ok {
        return false;
    }
    let mut measure = command(&["target/release/measure"]);
    measure.env("FANFARE_BIN", root().join("target/release/fanfare")).args(only);
    watch(measure).ok
}

/// Runs the crash test: that many rounds, whose kills are chosen by that seed.
pub fn crash_test(seed: u64, rounds: u32) -> bool {
    println!("crash test: seed {seed}, {rounds} rounds");
    if !watch(command(&["cargo", "build", "--locked", "-p", "fanfare-server"])).ok {
        return false;
    }
    let mut test = command(&[
        "cargo",
        "test",
        "--locked",
        "-p",
        "fanfare-tests",
        "--test",
        "crash",
        "--",
        "--nocapture",
    ]);
    test.env("FANFARE_CRASH_SEED", seed.to_string()).env("FANFARE_CRASH_ROUNDS", rounds.to_string());
    watch(test).ok
}

/// Pictures of the web UI, made by the browser test's camera on a server with the demo album.
pub fn screenshots() -> bool {
    if !watch(command(&["cargo", "build", "--release", "--locked", "-p", "fanfare-server"])).ok {
        return false;
    }
    let live = match Live::start("release", false) {
        Ok(live) => live,
        Err(complaint) => {
            println!("{complaint}");
            return false;
        }
    };
    let folder = root().join("test-output/screenshots");
    let mut shots = command(&["npm", "run", "shots"]);
    shots.current_dir(root().join("web")).env("FANFARE_SHOTS", &folder);
    shots.env("FANFARE_URL", &live.address).env("FANFARE_SETUP_LINK", &live.setup_link);
    println!("pictures go to {}", folder.display());
    watch(shots).ok
}
