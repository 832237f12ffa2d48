//! How names are folded for sorting and searching: one function, so that what is typed, what is stored and how it is sorted
//! always agree.
//!
//! Folding takes away what people leave out when they type: case, diacritics, apostrophes, the difference between kinds of
//! dashes, quotation marks and widths. Latin letters that do not decompose become what they are typed as (`ł` l, `ø` o, `ß` ss,
//! `æ` ae, `þ` th, `ı` i). Nothing is transliterated from one script to another.

use any_ascii::any_ascii_char;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The version of the folding: the names of a database with another version are folded again.
pub(crate) const FOLDING: i64 = 1;

/// What a name is sorted by, and looked for in: `Émile` stands beside `Emil`, and `dont` finds `Don’t`. Folding twice gives the
/// same.
pub(crate) fn fold(name: &str) -> String {
    let folded = with_apostrophes(name);
    if folded.contains('\'') { spaced(folded.chars().filter(|letter| *letter != '\'')) } else { folded }
}

/// The same with `'` for every apostrophe.
fn with_apostrophes(name: &str) -> String {
    if name.is_ascii() {
        return spaced(name.chars().map(|letter| plain(letter.to_ascii_lowercase())));
    }
    let decomposed = name.nfc().map(plain).nfkd().map(plain);
    let letters = decomposed.filter(|letter| !is_left_out(*letter)).flat_map(char::to_lowercase);
    let mut plain = String::with_capacity(name.len());
    for letter in letters {
        match any_ascii_char(letter) {
            _ if letter == 'ς' => plain.push('σ'),
            latin if is_latin(letter) && !latin.is_empty() => plain.push_str(&latin.to_ascii_lowercase()),
            _ if is_left_out(letter) => {}
            _ => plain.push(letter),
        }
    }
    spaced(plain.nfc())
}

/// Single spaces between words, none around them.
fn spaced(letters: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    let mut between = false;
    for letter in letters {
        if letter.is_whitespace() {
            between = !text.is_empty();
        } else {
            if std::mem::take(&mut between) {
                text.push(' ');
            }
            text.push(letter);
        }
    }
    text
}

/// The sign on a keyboard for signs that are told apart in print alone.
const fn plain(letter: char) -> char {
    match letter {
        // Quotation marks used as apostrophes, accents that stand alone, primes, and letters for a stop in romanisations.
        '`' | '´' | '‘' | '’' | '‛' | '′' | '‵' | 'ʻ' | 'ʼ' | 'ʽ' | 'ʾ' | 'ʿ' | 'ʹ' | 'ꞌ' | '＇' | '׳' => {
            '\''
        }
        '“' | '”' | '„' | '‟' | '″' | '״' => '"',
        '\u{2010}'..='\u{2015}' | '−' => '-',
        '⁄' | '∕' => '/',
        other => other,
    }
}

/// Marks that people leave out, and signs that nobody sees. Vowel signs of other scripts, and the marks that tell `が` from `か`,
/// are no such marks.
fn is_left_out(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        // Points of Hebrew and Arabic.
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{640}' | '\u{64b}'..='\u{655}' | '\u{670}'
        | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A letter of the Latin script beyond ASCII.
fn is_latin(letter: char) -> bool {
    letter.is_alphabetic()
        && matches!(letter, '\u{aa}'..='\u{2af}' | '\u{1d00}'..='\u{1d25}' | '\u{1d6b}'..='\u{1d77}'
            | '\u{1d79}'..='\u{1d9a}' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}'
            | '\u{a722}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab64}')
}

/// A part of a word, as it is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Letters and digits that belong together.
    Letters(String),
    /// Letters of a script that is written without spaces, of which any two that follow each other can be looked for.
    Row(Vec<char>),
}

/// What kind of sign it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    InRow,
    Other,
}

/// The words of a text, each with its parts: `AC/DC` has two, `J-POP東京` three.
pub(crate) fn words(text: &str) -> Vec<Vec<Part>> {
    with_apostrophes(text).split(' ').map(parts).filter(|parts| !parts.is_empty()).collect()
}

fn parts(word: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut before = Kind::Other;
    for letter in word.chars() {
        // A mark belongs to the letter before it.
        let kind = if is_combining_mark(letter) { before } else { kind(letter) };
        match (kind, parts.last_mut().filter(|_| kind == before)) {
            (Kind::Other, _) => {}
            (Kind::Letter, Some(Part::Letters(letters))) => letters.push(letter),
            (Kind::InRow, Some(Part::Row(row))) => row.push(letter),
            (Kind::Letter, _) => parts.push(Part::Letters(letter.to_string())),
            (Kind::InRow, _) => parts.push(Part::Row(vec![letter])),
        }
        before = kind;
    }
    parts
}

fn kind(letter: char) -> Kind {
    let in_row = matches!(letter,
        // Thai and Lao, Burmese, Khmer; Hangul; kana, bopomofo and Chinese characters.
        '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{312f}' | '\u{3131}'..='\u{318e}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}');
    match letter {
        _ if in_row && letter.is_alphanumeric() => Kind::InRow,
        _ if letter.is_alphanumeric() => Kind::Letter,
        _ => Kind::Other,
    }
}

/// What is written without the signs between its parts: `acdc` for `AC/DC`, `dont` for `don't`. `None` for a single part, and
/// where a part is a row.
pub(crate) fn joined(parts: &[Part]) -> Option<String> {
    let letters = parts.iter().map(|part| match part {
        Part::Letters(letters) => Some(letters.as_str()),
        Part::Row(_) => None,
    });
    if parts.len() < 2 { None } else { letters.collect() }
}

/// The pairs of letters in a row, in order.
pub(crate) fn pairs(row: &[char]) -> Vec<String> {
    row.windows(2).map(|pair| pair.iter().collect()).collect()
}

#[cfg(test)]
#[path = "folding_tests.rs"]
mod tests;
