//! The programs that `bench accuracy` asks: what they answer about files, in the form that the scorer reads.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};

use super::{
    place::{Place, has_program},
    rows::Need,
    sets::Set,
};

/// Our own name among the tools.
pub const OURS: &str = "Fanfare";

/// One peer.
#[derive(Debug)]
pub struct Peer {
    /// As the tables show it.
    pub name: &'static str,
    /// As `benches/peers/hear.py` knows it.
    tool: &'static str,
    need: Need,
}

const fn peer(name: &'static str, tool: &'static str, need: Need) -> Peer {
    Peer { name, tool, need }
}

/// Peers that find tempo, beats or key.
pub const MUSICAL: &[Peer] = &[
    peer("Essentia multifeature", "essentia-multifeature", Need::Module("essentia")),
    peer("Essentia degara", "essentia-degara", Need::Module("essentia")),
    peer("Essentia Percival", "essentia-percival", Need::Module("essentia")),
    peer("Essentia key, bgate", "essentia-key-bgate", Need::Module("essentia")),
    peer("Essentia key, Krumhansl", "essentia-key-krumhansl", Need::Module("essentia")),
    peer("librosa", "librosa", Need::Module("librosa")),
    peer("aubio", "aubio", Need::Program("aubio")),
];

/// Peers that measure loudness.
pub const LEVELS: &[Peer] = &[
    peer("ffmpeg ebur128", "ffmpeg", Need::Program("ffmpeg")),
    peer("loudgain", "loudgain", Need::Program("loudgain")),
    peer("pyloudnorm + scipy 4x", "pyloudnorm", Need::Module("pyloudnorm")),
    peer("Essentia", "essentia-levels", Need::Module("essentia")),
];

impl Peer {
    /// Whether it can be asked.
    pub fn is_installed(&self, place: &Place) -> bool {
        match self.need {
            Need::Ours => true,
            Need::Program(name) => has_program(name),
            Need::Module(name) => place.has_module(name),
        }
    }

    /// Has it analyze the set. A peer's answers do not change: those of an earlier run are taken unless `fresh`.
    ///
    /// # Errors
    /// A sentence when it gave no answers at all.
    pub fn analyze(&self, place: &Place, set: &Set, fresh: bool) -> Result<PathBuf, String> {
        let path = set.folder.join(format!("answers-{}.json", self.tool));
        let newer = || {
            let made = fs::metadata(&path).ok()?.modified().ok()?;
            Some(made > fs::metadata(set.folder.join("truth.json")).ok()?.modified().ok()?)
        };
        if !fresh && newer() == Some(true) {
            eprintln!("{}: {}: answers kept from an earlier run", set.name, self.name);
            return Ok(path);
        }
        let mut ask = Command::new(&place.python);
        ask.arg(Place::scripts().join("hear.py")).arg(self.tool);
        ask.args(set.files.iter().map(|(_, file)| file));
        answers(self.name, ask, set, &path, |line| Some(line.clone()))?;
        Ok(path)
    }
}

/// Has Fanfare analyze the set.
///
/// # Errors
/// A sentence when it gave no answers at all.
pub fn analyze_ourselves(set: &Set) -> Result<PathBuf, String> {
    let path = set.folder.join("answers-fanfare.json");
    let mut ask = Command::new(Place::program("fanfare"));
    ask.args(["analyze", "--json", "--quiet"]).args(set.files.iter().map(|(_, file)| file));
    answers(OURS, ask, set, &path, |line| Some(translated(line)))?;
    Ok(path)
}

/// One line of `fanfare analyze --json` in the scorer's words.
fn translated(line: &Value) -> Value {
    let at = |pointer: &str| line.pointer(pointer).cloned().unwrap_or_default();
    json!({
        "path": at("/path"),
        "error": line.pointer("/error/message"),
        "bpm": at("/rhythm/tempo_bpm"),
        "beats": at("/rhythm/beats_s"),
        "downbeats": at("/rhythm/downbeats_s"),
        "key": at("/key/tonic"),
        "mode": at("/key/mode"),
        "lufs": at("/loudness/integrated_lufs"),
        "lra": at("/loudness/range_lu"),
        "true_peak": at("/loudness/true_peak_dbtp"),
        "momentary_max": at("/loudness/momentary_max_lufs"),
        "shortterm_max": at("/loudness/short_term_max_lufs"),
    })
}

/// Reads a JSON line per file, in the order of the set, and writes them as the scorer wants them.
fn answers(
    name: &str,
    mut ask: Command,
    set: &Set,
    path: &Path,
    translate: impl Fn(&Value) -> Option<Value>,
) -> Result<(), String> {
    let mut child = ask
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{name}: {error}"))?;
    let out = child.stdout.take().ok_or("no output")?;
    let mut tracks = Map::new();
    let mut failed = 0;
    for (line, (id, _)) in BufReader::new(out).lines().map_while(Result::ok).zip(&set.files) {
        let answer = serde_json::from_str(&line).ok().and_then(|line| translate(&line)).unwrap_or_default();
        failed += usize::from(!answer["error"].is_null());
        tracks.insert(id.clone(), answer);
        if tracks.len().is_multiple_of(10) || tracks.len() == set.files.len() {
            eprintln!("{}: {name}: {} of {}", set.name, tracks.len(), set.files.len());
        }
    }
    let _ = child.wait();
    if failed > 0 {
        eprintln!("{}: {name}: no answer about {failed} files", set.name);
    }
    if tracks.is_empty() {
        return Err(format!("{name} gave no answers about the set {}", set.name));
    }
    let whole = json!({ "name": name, "tracks": tracks });
    fs::write(path, whole.to_string()).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_answers_are_translated() {
        let line = json!({
            "path": "a.wav", "status": "ok",
            "loudness": {"integrated_lufs": -23.0, "range_lu": null, "true_peak_dbtp": -20.0},
            "rhythm": {"tempo_bpm": 120.0, "beats_s": [0.5, 1.0], "downbeats_s": [0.5]},
            "key": {"tonic": "A", "mode": "minor"},
        });
        let answer = translated(&line);
        for (field, expected) in [
            ("bpm", json!(120.0)),
            ("beats", json!([0.5, 1.0])),
            ("key", json!("A")),
            ("mode", json!("minor")),
            ("lufs", json!(-23.0)),
            ("lra", Value::Null),
            ("true_peak", json!(-20.0)),
            ("shortterm_max", Value::Null),
            ("error", Value::Null),
        ] {
            assert_eq!(answer[field], expected, "{field}");
        }
        let failed =
            json!({"path": "a.wav", "status": "error", "error": {"kind": "malformed", "message": "cut off"}});
        assert_eq!(translated(&failed)["error"], "cut off");
    }
}
