//! Lengths of files and functions, and numbers of parameters.

use std::collections::BTreeMap;

use super::source::{Function, Source};
use crate::tidy::known::Offence;

/// The longest a file of product code may be, in lines.
const MAX_FILE: usize = 400;
/// The longest a function may be, in lines.
const MAX_FUNCTION: usize = 80;
/// The most parameters a function may have, `self` included.
const MAX_PARAMETERS: usize = 6;

type Sources = BTreeMap<String, Source>;

fn product(sources: &Sources) -> impl Iterator<Item = (&String, &Source)> {
    sources.iter().filter(|(_, source)| !source.tests)
}

fn functions(sources: &Sources) -> impl Iterator<Item = (&String, &Function)> {
    product(sources).flat_map(|(path, source)| source.functions.iter().map(move |function| (path, function)))
}

/// What is too long or takes too much.
pub fn offences(sources: &Sources) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (path, source) in product(sources).filter(|(_, source)| source.lines > MAX_FILE) {
        offences.push(Offence {
            kind: "file",
            path: path.clone(),
            what: "lines".to_owned(),
            value: source.lines,
            sentence: format!(
                "{path} has {} lines; {MAX_FILE} at most: split it by what it holds",
                source.lines
            ),
        });
    }
    for (path, function) in functions(sources) {
        let Function { name, line, lines, parameters } = function;
        let mut offence = |kind, value, sentence| {
            offences.push(Offence { kind, path: path.clone(), what: name.clone(), value, sentence });
        };
        if *lines > MAX_FUNCTION {
            let sentence = format!("{path}:{line}: {name} has {lines} lines; {MAX_FUNCTION} at most");
            offence("function", *lines, sentence);
        }
        if *parameters > MAX_PARAMETERS {
            let sentence =
                format!("{path}:{line}: {name} has {parameters} parameters; {MAX_PARAMETERS} at most");
            offence("parameters", *parameters, sentence);
        }
    }
    offences
}

/// Three lines: files, lines of each crate, functions.
pub fn figures(sources: &Sources) -> Vec<String> {
    let mut lengths: Vec<usize> = product(sources).map(|(_, source)| source.lines).collect();
    lengths.sort_unstable();
    let at = |part: usize| lengths.get((lengths.len() * part / 100).min(lengths.len().saturating_sub(1)));
    let longest = functions(sources).max_by_key(|(_, function)| function.lines);
    let widest = functions(sources).max_by_key(|(_, function)| function.parameters);
    let place = |found: Option<(&String, &Function)>| {
        found.map_or("none".to_owned(), |(path, function)| format!("{} in {path}", function.name))
    };
    let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, source) in product(sources) {
        *crates.entry(path.split('/').nth(1).unwrap_or_default()).or_default() += source.lines;
    }
    let crates: Vec<String> = crates.iter().map(|(name, lines)| format!("{name} {lines}")).collect();
    vec![
        format!(
            "product code: {} files, {} lines; a file has {} (median), {} (p90), at most {}; {} over {MAX_FILE}",
            lengths.len(),
            lengths.iter().sum::<usize>(),
            at(50).unwrap_or(&0),
            at(90).unwrap_or(&0),
            lengths.last().unwrap_or(&0),
            lengths.iter().filter(|length| **length > MAX_FILE).count()
        ),
        format!("lines of each crate: {}", crates.join(", ")),
        format!(
            "functions: {}; the longest has {} lines ({}), {} over {MAX_FUNCTION}; at most {} parameters ({}), {} with more than {MAX_PARAMETERS}",
            functions(sources).count(),
            longest.map_or(0, |(_, function)| function.lines),
            place(longest),
            functions(sources).filter(|(_, function)| function.lines > MAX_FUNCTION).count(),
            widest.map_or(0, |(_, function)| function.parameters),
            place(widest),
            functions(sources).filter(|(_, function)| function.parameters > MAX_PARAMETERS).count()
        ),
    ]
}
