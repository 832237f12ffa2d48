//! `cargo xtask bench nightly`: what a nightly run takes from the processors while a listener plays.

use std::path::PathBuf;

use clap::Args;

use crate::process::{command, root, watch};

/// What is heard, and for how long.
#[derive(Debug, Args)]
pub struct Options {
    /// A folder of music, some minutes of it at least; the demo album by default
    #[arg(value_name = "FOLDER")]
    music: Option<PathBuf>,
    /// How long each run is watched, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    watched: u64,
}

/// Builds in release mode and runs the measuring program, an example of the server.
pub fn run(options: &Options) -> bool {
    let build =
        ["cargo", "build", "--release", "--locked", "-p", "fanfare-server", "--bins", "--example", "nightly"];
    if !watch(command(&build)).ok {
        return false;
    }
    let (fanfare, demo) = (root().join("target/release/fanfare"), root().join("target/live/music"));
    let music = options.music.clone().unwrap_or_else(|| demo.clone());
    if options.music.is_none() {
        let mut album = command(&[&fanfare.to_string_lossy(), "demo"]);
        album.arg(&demo);
        if !watch(album).ok {
            return false;
        }
    }
    let mut measure = command(&["target/release/examples/nightly"]);
    measure.arg(&fanfare).arg(music).arg(options.watched.to_string());
    watch(measure).ok
}
