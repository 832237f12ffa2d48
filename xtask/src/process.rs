//! Running other programs: from the project's folder, their output shown and kept.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
};

/// The project's folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A command with its arguments, to run in the project's folder.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or("true"));
    command.args(words.get(1..).unwrap_or_default()).current_dir(root());
    command
}

/// How a program ended.
pub struct Ended {
    /// Exit code 0.
    pub ok: bool,
    /// What it printed on both outputs, line by line, without colours.
    pub lines: Vec<String>,
}

/// Runs it to its end; every line is printed as it comes.
pub fn watch(mut command: Command) -> Ended {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let line = format!("cannot run {}: {error}", command.get_program().to_string_lossy());
            println!("{line}");
            return Ended { ok: false, lines: vec![line] };
        }
    };
    let lines = Mutex::new(Vec::new());
    thread::scope(|scope| {
        if let Some(out) = child.stdout.take() {
            scope.spawn(|| forward(out, &lines));
        }
        if let Some(err) = child.stderr.take() {
            scope.spawn(|| forward(err, &lines));
        }
    });
    let ok = child.wait().is_ok_and(|status| status.success());
    Ended { ok, lines: lines.into_inner().unwrap_or_else(PoisonError::into_inner) }
}

fn forward(stream: impl Read, lines: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    while stream.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        println!("{line}");
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(plain(&line));
        bytes.clear();
    }
}

/// The text without terminal colours (`ESC [ ... m`).
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether that program can be run.
pub fn exists(words: &[&str]) -> bool {
    command(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
