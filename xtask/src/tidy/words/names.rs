//! Retired names among identifiers and parts of paths.

use super::{Glossary, Offence, glossary::Retired, offence};
use crate::tidy::code::{Kind, Named};

/// What one file's names break.
pub fn offences(glossary: &Glossary, path: &str, names: &[Named]) -> Vec<Offence> {
    let split: Vec<(&Named, Vec<String>)> = names
        .iter()
        .filter(|named| named.kind != Kind::Test)
        .map(|named| (named, words(&named.name)))
        .collect();
    let parts: Vec<&str> = path.split('/').map(|part| part.split('.').next().unwrap_or_default()).collect();
    let mut offences = Vec::new();
    for retired in &glossary.names {
        let free = |(name, places): &(String, Vec<String>)| {
            name == retired.word() && places.iter().any(|place| path.starts_with(place.as_str()))
        };
        if glossary.allowed.iter().any(free) {
            continue;
        }
        let in_path = parts.iter().filter(|part| matches(retired, Kind::File, part, &words(part)));
        let mut found: Vec<(usize, String)> = in_path.map(|part| (0, (*part).to_owned())).collect();
        let in_code = split.iter().filter(|(named, words)| matches(retired, named.kind, &named.name, words));
        found.extend(in_code.map(|(named, _)| (named.line, named.name.clone())));
        offences.extend(offence("name", path, retired, &found));
    }
    offences
}

fn matches(retired: &Retired, kind: Kind, name: &str, words: &[String]) -> bool {
    if !retired.kinds.is_empty() && !retired.kinds.contains(&kind) {
        return false;
    }
    retired
        .forms()
        .any(|form| if retired.whole { form == name } else { words.iter().any(|word| word == form) })
}

/// The words of an identifier in lower case: `TrackShelf`, `track_shelf` and `TRACK_SHELF` are `track` and `shelf`.
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = name.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(|next| next.is_lowercase());
        let begins = letter.is_uppercase() && (!before.is_uppercase() || next_is_lower);
        if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
