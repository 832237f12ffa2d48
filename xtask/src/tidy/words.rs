//! Retired words: names and phrases that docs/glossary.md says not to use, and where they still are.
//!
//! Vocabulary: a *name* is an identifier in the code or a part of a path; a *phrase* stands in a comment, a document or a text
//! that a user reads. A word that is retired as a name is free in prose.

mod glossary;
mod names;
mod phrases;
mod prose;

use std::{collections::BTreeMap, fs, path::Path};

use glossary::{Glossary, Retired};
use phrases::Phrases;

use super::{
    code::{Source, share_out},
    known::Offence,
    papers,
};

/// The page with the lists.
pub const PLACE: &str = "docs/glossary.md";

/// Documents whose words are not the project's own, or that tell of the past.
const SKIPPED: &[&str] = &[PLACE, "CHANGELOG.md", "docs/licences/"];

/// What the lists find, and findings on the page itself.
pub fn check(root: &Path, sources: &BTreeMap<String, Source>) -> (Vec<Offence>, Vec<String>) {
    let glossary = match fs::read_to_string(root.join(PLACE)) {
        Ok(page) => glossary::read(&page),
        Err(error) => return (Vec::new(), vec![format!("{PLACE}: {error}")]),
    };
    let glossary = match glossary {
        Ok(glossary) => glossary,
        Err(complaints) => return (Vec::new(), complaints),
    };
    let phrases = match Phrases::new(&glossary) {
        Ok(phrases) => phrases,
        Err(complaint) => return (Vec::new(), vec![complaint]),
    };
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let sources: Vec<(&String, &Source)> = sources.iter().collect();
    let in_code = share_out(&sources, |(path, source)| {
        let mut offences = names::offences(&glossary, path, &source.names);
        offences.extend(phrases.offences(&glossary, path, &prose::rust(&read(path))));
        offences
    });
    let texts: Vec<String> = papers::files(root, is_text)
        .iter()
        .map(|path| path.strip_prefix(root).unwrap_or(path).display().to_string())
        .filter(|path| !SKIPPED.iter().any(|skipped| path.starts_with(skipped)))
        .filter(|path| path.starts_with("web/src/") || path.ends_with(".md"))
        .collect();
    let in_texts = share_out(&texts, |path| {
        let mut offences = phrases.offences(&glossary, path, &prose::plain(&read(path)));
        if path.starts_with("web/") {
            offences.extend(names::offences(&glossary, path, &[]));
        }
        offences
    });
    (in_code.into_iter().chain(in_texts).flatten().collect(), Vec::new())
}

/// Documents, and the web UI's own sources; what a program writes follows from those.
fn is_text(name: &str) -> bool {
    let ours = [".md", ".ts", ".svelte", ".css"].iter().any(|suffix| name.ends_with(suffix));
    ours && !name.ends_with(".gen.ts")
}

/// How many retired names and phrases are left, in one line.
pub fn figure(offences: &[Offence]) -> String {
    let count = |kind: &str| {
        let of_kind = offences.iter().filter(|offence| offence.kind == kind);
        let files: std::collections::BTreeSet<&str> =
            of_kind.clone().map(|offence| offence.path.as_str()).collect();
        (of_kind.map(|offence| offence.value).sum::<usize>(), files.len())
    };
    let ((names, in_names), (phrases, in_phrases)) = (count("name"), count("phrase"));
    format!("retired words: {names} names in {in_names} files, {phrases} phrases in {in_phrases} files")
}

/// The offence for a word that stands at these lines of a file; line 0 is the path itself.
fn offence(kind: &'static str, path: &str, retired: &Retired, found: &[(usize, String)]) -> Option<Offence> {
    let (line, text) = found.first()?;
    let place = if *line == 0 { path.to_owned() } else { format!("{path}:{line}") };
    let word = retired.word();
    Some(Offence {
        kind,
        path: path.to_owned(),
        what: word.to_owned(),
        value: found.len(),
        sentence: format!(
            "{place}: `{text}`: the {kind} \"{word}\" is retired, write {} ({} in this file; {PLACE})",
            retired.instead,
            found.len()
        ),
    })
}
