//! Figures of speed and size, measured on signals and libraries generated on the spot.
//!
//! Vocabulary: a *figure* is one measured number with the target that issue 2 sets for it.
//!
//! Invariants: ratios are of two measurements of the same run, so that they mean the same on any machine.

mod analyzing;
mod channel;
mod ladder;
mod queue;
mod ready;
mod rest;
mod serving;
mod transcodes;
mod upload;

pub use analyzing::{decode_once, resident_once};
pub use channel::send_once;
pub use ladder::{analyze_once, ingest_once, ladder_once};
pub use ready::{encoders_once, ready_once};
pub use transcodes::{medium_once, mixtape_once};

/// One figure.
#[derive(Debug)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The value with its unit.
    pub measured: String,
    /// The target with its unit.
    pub target: &'static str,
    /// Whether the target is met.
    pub ok: bool,
}

/// Groups of figures, in order: name and how they are measured.
type Group = (&'static str, fn() -> Vec<Figure>);

const GROUPS: &[Group] = &[
    ("analysis", analyzing::analysis_against_decoding),
    ("memory", analyzing::memory_against_length),
    ("scan", serving::scan_of_stubs),
    ("queue", queue::uploads_waiting),
    ("upload", upload::large_upload),
    ("channel", channel::live_channel),
    ("miss", transcodes::misses),
    ("rest", rest::kept_after_heavy_work),
    ("list", serving::first_page_of_a_large_library),
];

/// Measures the groups whose names contain one of the words; all without words.
#[must_use]
pub fn all(words: &[String]) -> Vec<Figure> {
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let mut figures = Vec::new();
    for (name, measure) in GROUPS.iter().filter(|(name, _)| wanted(name)) {
        println!("measuring: {name}");
        figures.extend(measure());
    }
    figures
}

/// A line of `/proc/PID/status` in bytes, for example `VmHWM` (largest resident size so far).
#[must_use]
pub fn process_bytes(pid: &str, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let found = status.lines().find_map(|row| row.strip_prefix(line)?.strip_prefix(':')).unwrap();
    found.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Bytes in mebibytes, for people.
#[must_use]
pub fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}
