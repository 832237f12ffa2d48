//! Running `fanfare` and reading its answers.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
};

use fanfare_testkit::{binary::fanfare, signals, wav};
use serde_json::Value;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Standard output as JSON, line by line.
    #[must_use]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        self.out.lines().map(parse).collect()
    }
}

/// `fanfare` with those arguments, an empty environment but for `PATH` and `HOME`, and nothing on standard input.
pub fn fanfare_command(args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(fanfare());
    command.args(args).stdin(Stdio::null()).env_clear();
    for name in ["PATH", "HOME"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// Runs it to its end.
pub fn run(args: &[impl AsRef<OsStr>]) -> Ended {
    ended(fanfare_command(args).output().unwrap())
}

/// The end of a command, as text.
#[must_use]
pub fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Writes a sine of that frequency as a WAV file.
pub fn write_tone(path: &Path, hz: f64, seconds: f64) {
    let plane = signals::sine(44_100, seconds, hz, 0.3);
    std::fs::write(path, wav::wav(44_100, &[plane], wav::WavFormat::I16)).unwrap();
}
