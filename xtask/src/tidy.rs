//! `cargo xtask tidy`: what the compiler does not check.
//!
//! Vocabulary: a *finding* is one sentence about one place that breaks a rule of CONTRIBUTING.md.

mod graph;
mod licences;
mod map;
mod papers;
mod sources;

use std::fs;

use crate::process::{command, root};

/// Runs all checks and prints the findings; true when there are none.
pub fn run() -> bool {
    let findings = all();
    for finding in &findings {
        println!("tidy: {finding}");
    }
    println!("tidy: {} findings", findings.len());
    findings.is_empty()
}

/// All findings, in the order of the checks.
pub fn all() -> Vec<String> {
    let root = root();
    let mut findings = Vec::new();
    match (fs::read_to_string(root.join("ARCHITECTURE.md")), metadata()) {
        (Ok(page), Ok(metadata)) => match map::read(&page) {
            Ok(map) => findings.extend(graph::compare(&map, &metadata)),
            Err(complaint) => findings.push(complaint),
        },
        (Err(error), _) => findings.push(format!("ARCHITECTURE.md: {error}")),
        (_, Err(complaint)) => findings.push(complaint),
    }
    match everything() {
        Ok(metadata) => findings.extend(licences::check(&root, &metadata)),
        Err(complaint) => findings.push(complaint),
    }
    findings.extend(sources::check(&root));
    findings.extend(papers::check(&root));
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
