//! Rules on documents: links that lead somewhere, no paths of one machine, every kind and every id in its table.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use fanfare_model::ErrorKind;

/// The behaviours of the mission checklist: letter and how many.
const OWED: &[(char, usize)] = &[('A', 52), ('B', 39), ('C', 18), ('D', 24), ('E', 28)];

/// The faults of the reliability plan, R-01 to this.
const LAST_FAULT: usize = 35;

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: &[&str] = &["/tmp/", "/work/", "/root/", "/home/"];

/// All findings in the project's documents.
pub fn check(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    let pages = files(root, |name| name.ends_with(".md"));
    for page in &pages {
        let relative = page.strip_prefix(root).unwrap_or(page).display().to_string();
        let Ok(text) = fs::read_to_string(page) else { continue };
        findings.extend(machine_paths(&relative, &text));
        findings.extend(dead_links(root, page, &relative, &text));
    }
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
    let commands = read("docs/cli.md");
    for kind in ErrorKind::ALL.iter().filter(|kind| !commands.contains(&format!("`{kind}`"))) {
        findings.push(format!("docs/cli.md does not mention the error kind `{kind}`"));
    }
    let coverage = read("docs/coverage.md");
    for (letter, count) in OWED {
        for number in 1..=*count {
            if !coverage.contains(&format!("| {letter}{number} |")) {
                findings.push(format!("docs/coverage.md has no row for {letter}{number}"));
            }
        }
    }
    let guarantees = read("docs/guarantees.md");
    for number in 1..=LAST_FAULT {
        if !guarantees.contains(&format!("| R-{number:02} |")) {
            findings.push(format!("docs/guarantees.md has no row for R-{number:02}"));
        }
    }
    let sources = super::sources::all_text(root);
    let defined = functions(&sources);
    findings.extend(unknown_tests(&defined, "docs/coverage.md", &coverage));
    findings.extend(unknown_tests(&defined, "docs/guarantees.md", &guarantees));
    findings
}

/// The names of all functions in a text, those inside macros included.
fn functions(sources: &str) -> HashSet<&str> {
    sources.split("fn ").skip(1).filter_map(|rest| rest.split('(').next()).collect()
}

/// Tests that a page's tables name (last column, back-quoted, two underscores or more) and no source file defines.
fn unknown_tests(defined: &HashSet<&str>, page: &str, text: &str) -> Vec<String> {
    let shown_by = text.lines().filter_map(|line| line.trim_end_matches(['|', ' ']).rsplit(" | ").next());
    let mut names: Vec<&str> = shown_by.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    names.retain(|name| {
        let snake =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        snake && name.matches('_').count() >= 2
    });
    names.sort_unstable();
    names.dedup();
    let unknown = names.into_iter().filter(|name| !defined.contains(name));
    unknown.map(|name| format!("{page} names the test {name}, which does not exist")).collect()
}

/// The project's files with such names, sorted, without what is built or fetched.
pub fn files(root: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    fn collect(folder: &Path, wanted: &dyn Fn(&str) -> bool, files: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let skipped =
                name.starts_with('.') || matches!(name.as_str(), "target" | "node_modules" | "data" | "dist");
            if path.is_dir() && !skipped {
                collect(&path, wanted, files);
            } else if wanted(&name) {
                files.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(root, &wanted, &mut found);
    found.sort();
    found
}

fn machine_paths(page: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for start in MACHINE_PATHS {
            let found = line
                .match_indices(start)
                .any(|(at, _)| line[at + start.len()..].starts_with(|next: char| next.is_ascii_alphabetic()));
            if found {
                findings.push(format!("{page}:{}: a path of one machine ({start}...)", number + 1));
            }
        }
    }
    findings
}

/// Links to files of the project: `](docs/cli.md)`.
fn dead_links(root: &Path, page: &Path, shown: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let target = link.split('#').next().unwrap_or_default();
        if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let base = if target.starts_with('/') { root } else { page.parent().unwrap_or(root) };
        if !base.join(target.trim_start_matches('/')).exists() {
            findings.push(format!("{shown} links to {target}, which does not exist"));
        }
    }
    findings
}
