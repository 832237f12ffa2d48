//! Keys made of text: for telling names apart, for sorting them, and for searching in them.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What makes two names the same: equal but for case, kind of white space, and composition of letters.
pub(crate) fn name_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.nfc().flat_map(char::to_lowercase));
    }
    key
}

/// What a name is sorted by: lower case, without diacritics, so that `Émile` stands beside `Emil`.
pub(crate) fn sort_key(name: &str) -> String {
    if name.is_ascii() {
        return name_key(name);
    }
    name_key(name).nfd().filter(|c| !is_combining_mark(*c)).collect()
}

/// The most words of a search that are looked at; nobody types more, and the query stays small.
const MAX_WORDS: usize = 16;
/// The most characters of one word that are looked at.
const MAX_WORD_CHARS: usize = 64;

/// The words of a search, without anything that could not stand in a title.
pub(crate) fn words(search: &str) -> Vec<String> {
    // SQLite reads a query up to the first NUL, which would cut a quoted word open.
    search
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|word| word.chars().take(MAX_WORD_CHARS).collect())
        .collect()
}

/// The full-text query (FTS5) for what somebody typed: every word must be found, the last one may be the
/// beginning of a word. Each word is quoted, so nothing typed is ever syntax. `None` when no word has a
/// letter or digit in it: then there is nothing to look up.
pub(crate) fn match_query(search: &str) -> Option<String> {
    let words = words(search);
    if !words.iter().any(|word| word.chars().any(char::is_alphanumeric)) {
        return None;
    }
    let mut query = String::new();
    for word in &words {
        query.push('"');
        query.push_str(&word.replace('"', "\"\""));
        query.push_str("\" ");
    }
    query.pop();
    // Someone who typed a space after a word has finished it; still, `abba ` should not show less than `abba`.
    query.push('*');
    Some(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_spacing() {
        for (one, other) in [("The  Beatles", "the beatles"), (" Björk\t", "bjo\u{308}rk"), ("ÀB", "àb")] {
            assert_eq!(name_key(one), name_key(other));
        }
        assert_ne!(name_key("Björk"), name_key("Bjork"));
        assert_eq!(name_key(" \n "), "");
    }

    #[test]
    fn names_are_sorted_without_diacritics() {
        assert_eq!(sort_key("Émile  Ünlü"), "emile unlu");
        assert_eq!(sort_key("東京"), "東京");
    }

    #[test]
    fn what_is_typed_is_never_syntax() {
        for (typed, query) in [
            ("abba", Some("\"abba\"*")),
            ("miles dav", Some("\"miles\" \"dav\"*")),
            ("say \"hi\" OR *", Some("\"say\" \"\"\"hi\"\"\" \"OR\" \"*\"*")),
            ("a\0b", Some("\"a\" \"b\"*")),
            ("  ", None),
            ("\"*^", None),
        ] {
            assert_eq!(match_query(typed).as_deref(), query, "{typed:?}");
        }
    }
}
