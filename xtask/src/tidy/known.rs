//! What broke a rule before the rule was there: `known.txt`, which may only shrink.
//!
//! Vocabulary: an *offence* is a place that breaks a rule, with a measure of how much.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Where the list lies.
pub const PLACE: &str = "xtask/src/tidy/known.txt";

const HEAD: &str = "\
# What broke a rule of `cargo xtask tidy` before the rule was there. This list may only shrink.
# A line: kind | file | what | how much. Kinds: circle (how many files of its circle a file imports), file (its lines),
# function (its lines), parameters (of a function), name and phrase (how often a retired word of docs/glossary.md stands there).
# `tidy` fails when a place breaks a rule and is not here, when it breaks it by more than is written here, and when a line here
# is no longer needed. `cargo xtask tidy --shrink` removes such lines, writes lower figures, and follows files that were
# moved, as long as no sum grows. Nobody adds a line by hand.
";

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    pub kind: &'static str,
    /// The file, below the project's folder.
    pub path: String,
    /// The function or the word.
    pub what: String,
    /// By how much.
    pub value: usize,
    /// The finding.
    pub sentence: String,
}

type Key = (String, String, String);

/// Offences that the list does not excuse, and lines of the list that excuse nothing.
pub fn compare(offences: &[Offence], list: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let (known, broken) = read(list);
    findings.extend(broken.iter().map(|line| format!("{PLACE}: cannot read the line `{line}`")));
    for offence in offences {
        match known.get(&key(offence)) {
            Some(allowed) if offence.value <= *allowed => {}
            Some(allowed) => findings.push(format!("{} ({PLACE} excuses {allowed})", offence.sentence)),
            None => findings.push(offence.sentence.clone()),
        }
    }
    let today: BTreeSet<Key> = offences.iter().map(key).collect();
    for (kind, path, what) in known.keys().filter(|key| !today.contains(key)) {
        findings.push(format!(
            "{PLACE}: `{kind} | {path} | {what}` no longer breaks the rule: remove the line (cargo xtask tidy --shrink)"
        ));
    }
    findings
}

/// Writes the list again, if that makes it no longer. A list that does not exist yet gets all offences.
pub fn shrink(root: &Path, offences: &[Offence]) -> Result<String, Vec<String>> {
    let place = root.join(PLACE);
    let today = offences.iter().fold(BTreeMap::new(), |mut today: BTreeMap<Key, usize>, offence| {
        let value = today.entry(key(offence)).or_default();
        *value = offence.value.max(*value);
        today
    });
    if let Ok(list) = fs::read_to_string(&place) {
        let (old, new) = (sums(&read(&list).0), sums(&today));
        let grown: Vec<String> = new
            .iter()
            .filter(|(of, sum)| **sum > old.get(*of).copied().unwrap_or(0))
            .map(|((kind, word), sum)| {
                let before = old.get(&(kind.clone(), word.clone())).copied().unwrap_or(0);
                format!("{kind} {word}: {before} before, {sum} now; the list may only shrink")
            })
            .collect();
        if !grown.is_empty() {
            return Err(grown);
        }
    }
    let lines =
        today.iter().map(|((kind, path, what), value)| format!("{kind} | {path} | {what} | {value}\n"));
    let text = format!("{HEAD}{}", lines.collect::<String>());
    fs::write(&place, text).map_err(|error| vec![format!("{PLACE}: {error}")])?;
    Ok(format!("{PLACE} has {} lines", today.len()))
}

/// The sum of each kind of offence, for words that of each word.
fn sums(list: &BTreeMap<Key, usize>) -> BTreeMap<(String, String), usize> {
    let mut sums = BTreeMap::new();
    for ((kind, _, what), value) in list {
        let word = if matches!(kind.as_str(), "name" | "phrase") { what.as_str() } else { "" };
        *sums.entry((kind.clone(), word.to_owned())).or_default() += value;
    }
    sums
}

/// The lines by their key, and those that are none.
fn read(list: &str) -> (BTreeMap<Key, usize>, Vec<&str>) {
    let mut known = BTreeMap::new();
    let mut broken = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let parts: Vec<&str> = line.split(" | ").collect();
        match parts.as_slice() {
            [kind, path, what, value] if value.parse::<usize>().is_ok() => {
                let key = ((*kind).to_owned(), (*path).to_owned(), (*what).to_owned());
                known.insert(key, value.parse().unwrap_or(0));
            }
            _ => broken.push(line),
        }
    }
    (known, broken)
}

fn key(offence: &Offence) -> Key {
    (offence.kind.to_owned(), offence.path.clone(), offence.what.clone())
}
