//! Retired phrases in prose.

use aho_corasick::AhoCorasick;

use super::{Glossary, Offence, offence, prose::Block};

/// All phrases of the list, ready to be found in one pass over a text.
pub struct Phrases {
    search: AhoCorasick,
    /// For each phrase of the search, which row of the list it belongs to, and whether it is an exception.
    rows: Vec<(usize, bool)>,
}

impl Phrases {
    /// The error is a sentence: the list is too long for the search.
    pub fn new(glossary: &Glossary) -> Result<Self, String> {
        let mut texts = Vec::new();
        let mut rows = Vec::new();
        for (row, retired) in glossary.phrases.iter().enumerate() {
            let forms = retired.forms().map(|form| (form, false));
            for (text, exception) in forms.chain(retired.except.iter().map(|text| (text.as_str(), true))) {
                texts.push(text);
                rows.push((row, exception));
            }
        }
        let search = AhoCorasick::new(texts).map_err(|error| format!("{}: {error}", super::PLACE))?;
        Ok(Self { search, rows })
    }

    /// What one file's prose breaks.
    pub fn offences(&self, glossary: &Glossary, path: &str, blocks: &[Block]) -> Vec<Offence> {
        let mut found: Vec<Vec<(usize, String)>> = vec![Vec::new(); glossary.phrases.len()];
        for block in blocks {
            let hits: Vec<(usize, bool, usize, usize)> = self
                .search
                .find_overlapping_iter(&block.text)
                .filter(|hit| stands_alone(&block.text, hit.start(), hit.end()))
                .map(|hit| {
                    let (row, exception) = self.rows[hit.pattern().as_usize()];
                    (row, exception, hit.start(), hit.end())
                })
                .collect();
            for (row, _, start, end) in hits.iter().filter(|(_, exception, ..)| !exception) {
                let excepted = hits.iter().any(|(other, exception, from, to)| {
                    *exception && other == row && (from..to).contains(&start)
                });
                if !excepted {
                    found[*row].push((block.line(*start), block.text[*start..*end].to_owned()));
                }
            }
        }
        found
            .iter()
            .zip(&glossary.phrases)
            .filter(|(_, retired)| path.starts_with(&retired.place))
            .filter_map(|(found, retired)| offence("phrase", path, retired, found))
            .collect()
    }
}

/// Whether a phrase is not a part of longer words.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let in_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    !text[..start].ends_with(in_word) && !text[end..].starts_with(in_word)
}
