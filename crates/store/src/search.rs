//! What the full-text index holds of a text, and the queries that it is asked.
//!
//! The index holds words as [`folding`](crate::folding) makes them, between spaces. Of a word with signs in it (`AC/DC`,
//! `don't`) it holds the parts and what they are joined; of scripts without spaces every pair of letters that follow each
//! other, and the last letter, so that a pair in a phrase is any piece of two letters and more, and the beginning of a pair any
//! single one.

use crate::folding::{Part, joined, pairs, words};

/// The most words of a search that are looked at; nobody types more, and the query stays small.
const MAX_WORDS: usize = 16;
/// The most characters of one word that are looked at.
const MAX_WORD_CHARS: usize = 64;

/// What the index holds of a text.
pub(crate) fn index_text(text: &str) -> String {
    let mut held = String::new();
    let mut hold = |word: &str| {
        held.push_str(word);
        held.push(' ');
    };
    for parts in words(text) {
        if let Some(joined) = joined(&parts) {
            hold(&joined);
        }
        for part in parts {
            match part {
                Part::Letters(letters) => hold(&letters),
                Part::Row(row) => {
                    pairs(&row).iter().for_each(|pair| hold(pair));
                    if let Some(last) = row.last() {
                        hold(last.encode_utf8(&mut [0; 4]));
                    }
                }
            }
        }
    }
    held.pop();
    held
}

/// The words of a search as they are folded, without anything that could not stand in a title.
pub(crate) fn search_words(search: &str) -> Vec<String> {
    let typed = bounded(search);
    typed.iter().map(|word| crate::folding::fold(word)).filter(|word| !word.is_empty()).collect()
}

fn bounded(search: &str) -> Vec<String> {
    // SQLite reads a query up to the first NUL, which would cut a quoted word open.
    search
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|word| word.chars().take(MAX_WORD_CHARS).collect())
        .collect()
}

/// The full-text query (FTS5) for what a user typed: every word must be found, the last one may be the beginning of a word.
/// Each word is quoted, so nothing typed is ever syntax. `None` when no word has a letter or digit in it: then there is nothing
/// to look up.
pub(crate) fn match_query(search: &str) -> Option<String> {
    let words = words(&bounded(search).join(" "));
    let last = words.len().checked_sub(1)?;
    // A user who typed a space after a word has finished it; still, `abba ` should not show less than `abba`.
    let queries: Vec<String> =
        words.iter().enumerate().map(|(place, parts)| word_query(parts, place == last)).collect();
    Some(queries.join(" AND "))
}

fn word_query(parts: &[Part], may_go_on: bool) -> String {
    let begins = |word: &str, may_go_on: bool| format!("\"{word}\"{}", if may_go_on { "*" } else { "" });
    let last = parts.len().saturating_sub(1);
    let each: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(place, part)| match part {
            Part::Letters(letters) => begins(letters, may_go_on && place == last),
            Part::Row(row) if row.len() > 1 => format!("\"{}\"", pairs(row).join(" ")),
            Part::Row(row) => begins(&row.iter().collect::<String>(), true),
        })
        .collect();
    let each = each.join(" AND ");
    match joined(parts) {
        Some(joined) => format!("(({each}) OR {})", begins(&joined, may_go_on)),
        None => each,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_typed_is_never_syntax() {
        for (typed, query) in [
            ("abba", Some("\"abba\"*")),
            ("miles dav", Some("\"miles\" AND \"dav\"*")),
            ("say \"hi\" OR *", Some("\"say\" AND \"hi\" AND \"or\"*")),
            ("a\0b", Some("\"a\" AND \"b\"*")),
            ("AC/DC", Some("((\"ac\" AND \"dc\"*) OR \"acdc\"*)")),
            ("Don’t stop", Some("((\"don\" AND \"t\") OR \"dont\") AND \"stop\"*")),
            ("東", Some("\"東\"*")),
            ("東京事", Some("\"東京 京事\"")),
            ("  ", None),
            ("\"*^", None),
        ] {
            assert_eq!(match_query(typed).as_deref(), query, "{typed:?}");
        }
    }

    #[test]
    fn the_index_holds_what_can_be_asked_for() {
        for (text, held) in [
            ("Journey’s End", "journeys journey s end"),
            ("AC/DC", "acdc ac dc"),
            ("東京事変", "東京 京事 事変 変"),
            ("東", "東"),
            ("J-POP東京", "j pop 東京 京"),
            ("!!!", ""),
        ] {
            assert_eq!(index_text(text), held);
        }
    }

    proptest! {
        /// What is typed agrees with what is held: a word is found in itself, whatever it is.
        #[test]
        fn every_word_asked_for_is_held(text in "[^\\s\\pC]{1,20}") {
            let held = index_text(&text);
            if let Some(query) = match_query(&text) {
                for phrase in query.split('"').skip(1).step_by(2) {
                    let found = format!(" {held} ").contains(&format!(" {phrase} "));
                    prop_assert!(found || held.split(' ').any(|word| word.starts_with(phrase)), "{} in {}", phrase, held);
                }
            }
        }
    }
}
