//! Rules on source files: length, names, module docs, words that product code does not use.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The longest any source file may be, in lines; `code` is stricter about what ships.
const MAX_LINES: usize = 800;
/// Half of the files must not be longer than this.
const MAX_MEDIAN: usize = 300;

/// Names that say nothing about what is inside.
const VAGUE: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "service", "services", "data", "info",
    "stuff",
];

/// What product code never contains, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    (".unwrap()", "a panic in waiting: return the error"),
    (".expect(", "a panic in waiting: return the error"),
    ("println!", "only commands print, through cli::output"),
    ("eprintln!", "only commands print, through cli::output"),
    ("dbg!(", "left over"),
    ("todo!(", "left over"),
    ("unimplemented!(", "left over"),
    ("\"not built yet\"", "left over"),
    ("TODO", "write an issue instead"),
    ("FIXME", "write an issue instead"),
];

/// The workspace's Rust files, sorted.
fn all_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["crates", "testkit", "xtask", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    files
}

/// The text of all of them.
pub fn all_text(root: &Path) -> String {
    all_files(root).iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// All findings in the workspace's Rust files.
pub fn check(root: &Path) -> Vec<String> {
    let files = all_files(root);
    let mut findings = Vec::new();
    let mut lengths = Vec::new();
    for path in &files {
        let relative = path.strip_prefix(root).unwrap_or(path);
        match fs::read_to_string(path) {
            Ok(text) => {
                lengths.push(text.lines().count());
                findings.extend(file(relative, &text));
            }
            Err(error) => findings.push(format!("{}: {error}", relative.display())),
        }
    }
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    if median > MAX_MEDIAN {
        findings
            .push(format!("half of the source files have more than {median} lines; {MAX_MEDIAN} at most"));
    }
    findings
}

pub fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" && entry.file_name() != "cases" {
            collect(&path, files);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            files.push(path);
        }
    }
}

/// The findings in one file; `relative` is its path below the project's folder.
pub fn file(relative: &Path, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let shown = relative.display();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        findings.push(format!("{shown} has {lines} lines; {MAX_LINES} at most"));
    }
    for part in relative.components() {
        let part = part.as_os_str().to_string_lossy();
        let stem = part.trim_end_matches(".rs");
        if VAGUE.contains(&stem) {
            findings.push(format!("{shown}: the name `{stem}` says nothing"));
        }
    }
    let tests_beside = relative.to_string_lossy().ends_with("_tests.rs");
    let module_docs = text.lines().find(|line| !line.starts_with("#![") && !line.is_empty());
    if !tests_beside && !module_docs.is_some_and(|line| line.starts_with("//!")) {
        findings.push(format!("{shown} does not begin with what it is for (//!)"));
    }
    if is_product(relative) {
        findings.extend(forbidden_words(&shown.to_string(), text));
    }
    findings
}

/// Product code: what ships. Test modules, conformance suites and the test packages are not.
fn is_product(relative: &Path) -> bool {
    let text = relative.to_string_lossy();
    let name = relative.file_name().unwrap_or_default().to_string_lossy();
    text.starts_with("crates/")
        && text.contains("/src/")
        && !text.contains("/tests/")
        && !text.contains("/suite/")
        && name != "tests.rs"
        && name != "suite.rs"
        && !name.ends_with("_tests.rs")
}

fn forbidden_words(shown: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut cfg_test = false;
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if cfg_test && code.ends_with('{') && code.starts_with("mod ") {
            // By convention the test module is the last thing in a file.
            break;
        }
        cfg_test = code.starts_with("#[cfg(test)]") || (cfg_test && code.starts_with("#["));
        if code.starts_with("//") {
            continue;
        }
        for (word, why) in FORBIDDEN {
            if code.contains(word) {
                findings.push(format!("{shown}:{}: {word} ({why})", number + 1));
            }
        }
    }
    findings
}
