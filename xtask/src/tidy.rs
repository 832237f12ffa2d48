//! `cargo xtask tidy`: what the compiler does not check.
//!
//! Vocabulary: a *finding* is one sentence about one place that breaks a rule of CONTRIBUTING.md.

mod code;
mod graph;
mod known;
mod licences;
mod map;
mod papers;
mod sources;
mod words;

use std::{fs, path::Path};

use crate::process::{command, root};

/// What `cargo xtask tidy` was asked for.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Print which files of a crate import which, in layers; without a name, of the crate that holds `worker`
    #[arg(long, value_name = "CRATE", num_args = 0..=1, default_missing_value = "")]
    graph: Option<String>,
    /// Remove from xtask/src/tidy/known.txt what no longer breaks a rule
    #[arg(long, conflicts_with = "graph")]
    shrink: bool,
}

/// Runs all checks and prints the findings and the figures; true when there are no findings.
pub fn run(options: &Options) -> bool {
    let root = root();
    if let Some(name) = &options.graph {
        let graph = code::read(&root).graph(name);
        println!("{}", graph.as_deref().unwrap_or_else(|complaint| complaint));
        return graph.is_ok();
    }
    let judged = Judged::new(&root);
    if options.shrink && judged.broken.is_empty() {
        match known::shrink(&root, &judged.offences) {
            Ok(done) => println!("tidy: {done}"),
            Err(grown) => {
                grown.iter().for_each(|line| println!("tidy: {line}"));
                return false;
            }
        }
    }
    let against_map = against_map(&root);
    let arrows = format!("dependencies between crates against the map: {}", against_map.len());
    let mut findings = against_map;
    findings.extend(rules(&root));
    findings.extend(judged.findings(&root));
    for finding in &findings {
        println!("tidy: {finding}");
    }
    judged.figures.iter().chain([&arrows]).for_each(|line| println!("{line}"));
    println!("tidy: {} findings", findings.len());
    findings.is_empty()
}

/// What the sources say when they are read as code.
struct Judged {
    /// Sources that could not be read.
    broken: Vec<String>,
    /// What breaks a rule that `known.txt` may excuse.
    offences: Vec<known::Offence>,
    figures: Vec<String>,
}

impl Judged {
    fn new(root: &Path) -> Self {
        let code = code::read(root);
        let (retired, broken) = words::check(root, &code.sources);
        let mut figures = code.figures();
        figures.push(words::figure(&retired));
        let offences = code.offences().into_iter().chain(retired).collect();
        Self { offences, figures, broken: code.broken.into_iter().chain(broken).collect() }
    }

    /// What cannot be read comes first: without it, lines of the list would seem to be no longer needed.
    fn findings(&self, root: &Path) -> Vec<String> {
        if !self.broken.is_empty() {
            return self.broken.clone();
        }
        let list = fs::read_to_string(root.join(known::PLACE)).unwrap_or_default();
        known::compare(&self.offences, &list)
    }
}

/// Where the dependencies between crates differ from the map.
fn against_map(root: &Path) -> Vec<String> {
    match (fs::read_to_string(root.join("ARCHITECTURE.md")), metadata()) {
        (Ok(page), Ok(metadata)) => {
            map::read(&page).map_or_else(|complaint| vec![complaint], |map| graph::compare(&map, &metadata))
        }
        (Err(error), _) => vec![format!("ARCHITECTURE.md: {error}")],
        (_, Err(complaint)) => vec![complaint],
    }
}

/// The findings of the other rules without exceptions, in the order of the checks.
fn rules(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    match everything() {
        Ok(metadata) => findings.extend(licences::check(root, &metadata)),
        Err(complaint) => findings.push(complaint),
    }
    findings.extend(sources::check(root));
    findings.extend(papers::check(root));
    findings
}

/// What cargo knows of the workspace's own packages.
fn metadata() -> Result<serde_json::Value, String> {
    ask_cargo(&["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"])
}

/// What cargo knows of all packages for this machine. Cargo fetches those that its cache lacks: on a new machine nothing but
/// what `xtask` itself needs is there yet (issue 12), and where all are there it asks nobody.
fn everything() -> Result<serde_json::Value, String> {
    let host = "x86_64-unknown-linux-gnu";
    ask_cargo(&["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host])
}

fn ask_cargo(words: &[&str]) -> Result<serde_json::Value, String> {
    let output = command(words).output().map_err(|error| format!("cargo metadata: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("cargo metadata: {error}: {}", String::from_utf8_lossy(&output.stderr).trim())
    })
}

#[cfg(test)]
mod tests;
