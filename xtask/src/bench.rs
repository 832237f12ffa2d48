//! `cargo xtask bench`, `crash-test`, `screenshots`: release builds, then the program that does the work.

use crate::{
    live::Live,
    process::{command, root, watch},
};

/// Builds in release mode and runs the measuring program of the `tests` package.
pub fn run(only: &[String]) -> bool {
    let build =
        ["cargo", "build", "--release", "--locked", "-p", "fanfare-server", "-p", "fanfare-tests", "--bins"];
    if !watch(command(&build)).ok {
        return false;
    }
    let mut measure = command(&["target/release/measure"]);
    measure.env("FANFARE_BIN", root().join("target/release/fanfare")).args(only);
    watch(measure).ok
}

/// Runs the crash test with that many kills at moments chosen by that seed.
pub fn crash_test(seed: u64, kills: u32) -> bool {
    println!("crash test: seed {seed}, {kills} kills");
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
    test.env("FANFARE_CRASH_SEED", seed.to_string()).env("FANFARE_CRASH_ROUNDS", kills.to_string());
    watch(test).ok
}

/// Pictures of the web UI, made by the browser test's camera on a server with the demo album.
pub fn screenshots() -> bool {
    if !watch(command(&["cargo", "build", "--release", "--locked", "-p", "fanfare-server"])).ok {
        return false;
    }
    let live = match Live::start("release") {
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
