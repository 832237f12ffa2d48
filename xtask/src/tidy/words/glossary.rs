//! The two lists in docs/glossary.md.

use crate::tidy::code::Kind;

/// What the page retires.
pub struct Glossary {
    pub names: Vec<Retired>,
    pub phrases: Vec<Retired>,
    /// A retired name and the beginnings of the paths where it is allowed.
    pub allowed: Vec<(String, Vec<String>)>,
}

/// One row: a word in its forms, and what to write.
pub struct Retired {
    /// The forms, at least one.
    forms: Vec<String>,
    /// Longer phrases with one of the forms in them that are not meant.
    pub except: Vec<String>,
    /// Of phrases: the beginning of the paths where it is retired; empty for all.
    pub place: String,
    pub instead: String,
    /// Of names: whether an identifier must be the form itself, or only have it among its words.
    pub whole: bool,
    /// Of names: what kinds of things; empty for all.
    pub kinds: Vec<Kind>,
}

impl Retired {
    /// The form that stands for all.
    pub fn word(&self) -> &str {
        self.forms.first().map_or("", String::as_str)
    }

    pub fn forms(&self) -> impl Iterator<Item = &str> {
        self.forms.iter().map(String::as_str)
    }
}

const NAMES: (&str, &str) = ("## Retired names", "| name | matches | write instead |");
const ALLOWED: (&str, &str) = ("## Allowed names", "| name | where | because |");
const PHRASES: (&str, &str) = ("## Retired phrases", "| phrase | write instead |");

/// Reads the page, or says what is wrong with it.
pub fn read(page: &str) -> Result<Glossary, Vec<String>> {
    let mut complaints = Vec::new();
    let mut table = |which| {
        rows(page, which).unwrap_or_else(|complaint| {
            complaints.push(complaint);
            Vec::new()
        })
    };
    let (names, allowed, phrases) = (table(NAMES), table(ALLOWED), table(PHRASES));
    let mut glossary = Glossary { names: Vec::new(), phrases: Vec::new(), allowed: Vec::new() };
    for row in names {
        match name(&row) {
            Some(retired) => glossary.names.push(retired),
            None => complaints.push(format!("{}: cannot read the row of names {row:?}", super::PLACE)),
        }
    }
    for row in phrases {
        match phrase(&row) {
            Some(retired) => glossary.phrases.push(retired),
            None => complaints.push(format!("{}: cannot read the row of phrases {row:?}", super::PLACE)),
        }
    }
    for row in allowed {
        if let [name, places, _] = row.as_slice() {
            glossary.allowed.extend(quoted(name, '`').into_iter().map(|name| (name, quoted(places, '`'))));
        }
    }
    if complaints.is_empty() { Ok(glossary) } else { Err(complaints) }
}

/// The rows of the table below a heading, as cells.
fn rows<'a>(page: &'a str, (heading, header): (&str, &str)) -> Result<Vec<Vec<&'a str>>, String> {
    let section = page.split_once(&format!("\n{heading}\n")).map(|(_, rest)| rest);
    let section = section.and_then(|rest| rest.split("\n## ").next());
    let Some((_, table)) = section.and_then(|section| section.split_once(header)) else {
        return Err(format!("{} has no table {header} below {heading}", super::PLACE));
    };
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    Ok(lines.map(|line| line.trim().trim_matches('|').split('|').map(str::trim).collect()).collect())
}

/// `| `shelf`, `shelves` | part of any name | queue spec |`
fn name(row: &[&str]) -> Option<Retired> {
    let [forms, matches, instead] = row else { return None };
    let whole = matches.starts_with("whole");
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| matches.contains(kind.word())).collect();
    let forms = quoted(forms, '`');
    let clear = (whole || matches.starts_with("part")) && (!kinds.is_empty() || matches.contains("any"));
    (clear && !forms.is_empty()).then(|| Retired {
        forms,
        except: Vec::new(),
        place: String::new(),
        instead: (*instead).to_owned(),
        whole,
        kinds,
    })
}

/// `| "old phrase" (not "old phrase in") | a user |`, `| "see the paper" (in `crates/`) | the reason itself |`
fn phrase(row: &[&str]) -> Option<Retired> {
    let [forms, instead] = row else { return None };
    let (forms, place) = forms.split_once("(in ").unwrap_or((forms, ""));
    let (forms, except) = forms.split_once("(not ").unwrap_or((forms, ""));
    let (forms, except) = (quoted(forms, '"'), quoted(except, '"'));
    (!forms.is_empty()).then(|| Retired {
        forms,
        except,
        place: quoted(place, '`').pop().unwrap_or_default(),
        instead: (*instead).to_owned(),
        whole: false,
        kinds: Vec::new(),
    })
}

fn quoted(cell: &str, mark: char) -> Vec<String> {
    cell.split(mark).skip(1).step_by(2).map(str::to_owned).collect()
}
