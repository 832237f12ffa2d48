//! The programs that `bench analysis` times: ours and the peers'.

use std::{ffi::OsString, path::Path};

use super::place::{Place, has_program};

/// What a row needs to be there.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// One of our own programs, which is built.
    Ours,
    /// A program on the path.
    Program(&'static str),
    /// A module of the peers' Python.
    Module(&'static str),
}

/// One program that is timed.
#[derive(Debug)]
pub struct Row {
    /// For `--only` and for the targets.
    pub id: &'static str,
    /// As the table shows it.
    pub tool: &'static str,
    /// What it needs.
    pub need: Need,
    /// Program and arguments; `{...}` is filled in by [`Row::words`].
    pub words: &'static [&'static str],
    /// Exit codes of success.
    pub codes: &'static [i64],
}

const fn row(id: &'static str, tool: &'static str, need: Need, words: &'static [&'static str]) -> Row {
    Row { id, tool, need, words, codes: &[0] }
}

const fn ours(id: &'static str, tool: &'static str, words: &'static [&'static str]) -> Row {
    row(id, tool, Need::Ours, words)
}

/// All rows, in the order of the table. A run goes through them in this order, then again.
pub const ROWS: &[Row] = &[
    ours("decode", "Fanfare: decoding alone", &["{release}/measure", "decode", "{file}"]),
    ours(
        "loudness",
        "Fanfare: loudness, range, true peak",
        &["{release}/fanfare", "analyze", "--json", "--jobs", "1", "--only", "loudness", "{file}"],
    ),
    ours(
        "fingerprint",
        "Fanfare: fingerprint",
        &["{release}/fanfare", "analyze", "--json", "--jobs", "1", "--only", "fingerprint", "{file}"],
    ),
    ours(
        "rhythm",
        "Fanfare: tempo, beats, bars",
        &["{release}/fanfare", "analyze", "--json", "--jobs", "1", "--only", "rhythm", "{file}"],
    ),
    ours(
        "everything",
        "Fanfare: everything",
        &["{release}/fanfare", "analyze", "--json", "--jobs", "1", "{file}"],
    ),
    row(
        "ffmpeg-decode",
        "ffmpeg: decoding alone",
        Need::Program("ffmpeg"),
        &["ffmpeg", "-v", "error", "-nostdin", "-i", "{file}", "-f", "null", "-"],
    ),
    row(
        "ffmpeg-ebur128",
        "ffmpeg ebur128 with true peak",
        Need::Program("ffmpeg"),
        &[
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-i",
            "{file}",
            "-filter_complex",
            "ebur128=peak=true",
            "-f",
            "null",
            "-",
        ],
    ),
    row("loudgain", "loudgain", Need::Program("loudgain"), &["loudgain", "-q", "{file}"]),
    row("fpcalc-120", "fpcalc, first 120 s", Need::Program("fpcalc"), &["fpcalc", "{file}"]),
    Row {
        id: "fpcalc-whole",
        tool: "fpcalc, whole track",
        need: Need::Program("fpcalc"),
        words: &["fpcalc", "-length", "0", "{file}"],
        // Debian's build prints the fingerprint and then reports the end of the file as a failure.
        codes: &[0, 3],
    },
    row("aubio-tempo", "aubio tempo", Need::Program("aubio"), &["aubio", "tempo", "{file}"]),
    row("aubio-beat", "aubio beat", Need::Program("aubio"), &["aubio", "beat", "{file}"]),
    row(
        "essentia-degara",
        "Essentia degara",
        Need::Module("essentia"),
        &["{python}", "{scripts}/essentia_tempo.py", "degara", "{file}"],
    ),
    row(
        "essentia-percival",
        "Essentia Percival",
        Need::Module("essentia"),
        &["{python}", "{scripts}/essentia_tempo.py", "percival", "{file}"],
    ),
    row(
        "essentia-extractor",
        "Essentia MusicExtractor",
        Need::Module("essentia"),
        &["{python}", "{scripts}/essentia_extractor.py", "{file}"],
    ),
    row(
        "essentia-phase2",
        "Essentia, classic phase 2",
        Need::Module("essentia"),
        &["{python}", "{scripts}/essentia_phase2.py", "{file}"],
    ),
    row(
        "librosa-phase1",
        "librosa, phase 1",
        Need::Module("librosa, pyloudnorm"),
        &["{python}", "{scripts}/librosa_phase1.py", "{file}"],
    ),
];

impl Row {
    /// Whether it is one of our own programs.
    pub fn is_ours(&self) -> bool {
        matches!(self.need, Need::Ours)
    }

    /// Whether what it needs is there.
    pub fn is_installed(&self, place: &Place) -> bool {
        match self.need {
            Need::Ours => true,
            Need::Program(name) => has_program(name),
            Need::Module(name) => place.has_module(name),
        }
    }

    /// Program and arguments for that file.
    pub fn words(&self, place: &Place, file: &Path) -> Vec<OsString> {
        let release = Place::program("");
        let fill = |word: &str| match word {
            "{file}" => file.as_os_str().to_owned(),
            "{python}" => place.python.clone().into_os_string(),
            _ => match word.split_once('/') {
                Some(("{release}", name)) => release.join(name).into_os_string(),
                Some(("{scripts}", name)) => Place::scripts().join(name).into_os_string(),
                _ => word.into(),
            },
        };
        self.words.iter().map(|word| fill(word)).collect()
    }
}
