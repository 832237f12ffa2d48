//! Cleaning of what tags hold: texts that people will see, numbers that code will use.

use fanfare_model::{MAX_CHANNELS, gain};

/// A tag text fit to show: no control characters, no marks that reorder or hide text (Unicode UAX 9), white
/// space folded, at most that many characters; `None` when nothing is left.
pub(crate) fn clean(text: &str, max_chars: usize) -> Option<String> {
    let mut cleaned = String::with_capacity(text.len().min(max_chars * 4));
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}') {
        let mut kept = word.chars().filter(|c| !is_hidden(*c)).peekable();
        if kept.peek().is_none() {
            continue;
        }
        if length > 0 {
            if length + 1 >= max_chars {
                break;
            }
            cleaned.push(' ');
            length += 1;
        }
        for c in kept {
            if length == max_chars {
                return Some(cleaned);
            }
            cleaned.push(c);
            length += 1;
        }
    }
    (!cleaned.is_empty()).then_some(cleaned)
}

/// Marks, embeddings, overrides and isolates of direction, invisible operators, tags, non-characters.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// The number in front of an optional `/total`, and the total; zero and more than 9,999 count as nothing.
pub(super) fn number_of_total(text: &str) -> (Option<u32>, Option<u32>) {
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| (1..=9_999).contains(number));
    match text.split_once('/') {
        Some((position, total)) => (number(position), number(total)),
        None => (number(text), None),
    }
}

/// The year of a date: at its start (`2001-05-03`, `20010503`), else four digits anywhere (`Oct 3, 1995`).
pub(super) fn year(text: &str) -> Option<u16> {
    let year = |digits: &str| digits.parse().ok().filter(|year| (1_000..=2_999).contains(year));
    let text = text.trim();
    let leading = text.bytes().take_while(u8::is_ascii_digit).count();
    if leading == 6 || leading >= 8 {
        return year(&text[..4]);
    }
    text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 4).find_map(year)
}

/// Text that should be UTF-8; where it is not, it was written in a code page, and the usual one of those is Windows-1252.
pub(super) fn utf8_or_windows_1252(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| windows_1252(bytes), str::to_owned)
}

/// Text in Windows-1252 (encoding.spec.whatwg.org, "windows-1252"), which is ISO 8859-1 with signs in place of controls.
pub(super) fn windows_1252(bytes: &[u8]) -> String {
    const SIGNS: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
        '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}',
        '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}',
        '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    let sign = |byte: &u8| SIGNS.get(usize::from(byte.wrapping_sub(0x80))).copied();
    bytes.iter().map(|byte| sign(byte).unwrap_or(char::from(*byte))).collect()
}

/// Text in UTF-16, in the order that its mark says, else in the given one.
pub(super) fn utf16(bytes: &[u8], mut little_endian: bool) -> String {
    let mut units = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]).peekable();
    if let Some(marked) = units.peek().and_then(|mark| match mark {
        [0xff, 0xfe] => Some(true),
        [0xfe, 0xff] => Some(false),
        _ => None,
    }) {
        little_endian = marked;
        units.next();
    }
    let units =
        units.map(|pair| if little_endian { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) });
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Decibels such as `-6.48 dB`, if any audio can have such a gain.
pub(super) fn decibels(text: &str) -> Option<f64> {
    let number = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    number.parse().ok().filter(|gain| gain::can_be_gain(*gain, None, MAX_CHANNELS))
}

/// A peak as a factor of full scale, likewise.
pub(super) fn peak(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|peak| gain::can_be_peak(*peak))
}

/// An `R128_*_GAIN` (RFC 7845, section 5.2.1: 1/256 dB to reach -23 LUFS) as ReplayGain 2 counts, to -18 LUFS.
pub(super) fn r128_decibels(text: &str) -> Option<f64> {
    let steps: i16 = text.trim().parse().ok()?;
    let gain = f64::from(steps) / 256.0 + 5.0;
    gain::can_be_gain(gain, None, MAX_CHANNELS).then_some(gain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_cleaned() {
        for (text, expected) in [
            ("  Blue\tMonday \n", Some("Blue Monday")),
            ("a\0b", Some("a b")),
            ("\u{202e}evil\u{202c}", Some("evil")),
            ("\u{200f}\u{feff}", None),
            ("", None),
            ("naïve – 音楽", Some("naïve – 音楽")),
            ("<script>alert(1)</script>", Some("<script>alert(1)</script>")),
        ] {
            assert_eq!(clean(text, 1_000).as_deref(), expected, "{text:?}");
        }
        assert_eq!(clean(&"x".repeat(5_000), 1_000).unwrap().chars().count(), 1_000);
    }

    #[test]
    fn numbers_are_bounded() {
        assert_eq!(number_of_total("3/12"), (Some(3), Some(12)));
        assert_eq!(number_of_total(" 07 "), (Some(7), None));
        assert_eq!(number_of_total("0/99999"), (None, None));
        for (text, expected) in [
            ("2001-05-03", Some(2001)),
            ("20010503", Some(2001)),
            ("19", None),
            ("０１２３", None),
            ("0001", None),
            ("12345", None),
            // issue 13: dates in words.
            ("Oct 3, 1995", Some(1995)),
            ("03.10.1995", Some(1995)),
            ("10/03/95", None),
        ] {
            assert_eq!(year(text), expected, "{text}");
        }
        for (text, expected) in [
            ("-6.48 dB", Some(-6.48)),
            ("+3.2dB", Some(3.2)),
            ("1e300 dB", None),
            ("NaN", None),
            ("inf", None),
        ] {
            assert_eq!(decibels(text), expected, "{text}");
        }
        // issue 12: 133 dB louder is what the largest number asks for.
        for (text, expected) in [("-256", Some(4.0)), ("32767", None), ("-32768", None), ("40000", None)] {
            assert_eq!(r128_decibels(text), expected, "{text}");
        }
        for (text, expected) in [("64.82 dB", None), ("60.00 dB", None), ("52 dB", Some(52.0))] {
            assert_eq!(decibels(text), expected, "{text}");
        }
        // Peaks in steps of 16 bits, as some programs wrote them.
        assert_eq!((peak("1.37"), peak("32767")), (Some(1.37), None));
        assert_eq!(peak("-1"), None);
    }

    proptest! {
        #[test]
        fn cleaning_keeps_its_promises(text in ".*", most in 1_usize..50) {
            if let Some(cleaned) = clean(&text, most) {
                prop_assert!(cleaned.chars().count() <= most);
                prop_assert!(!cleaned.chars().any(|c| c.is_control() || is_hidden(c)));
                prop_assert_eq!(clean(&cleaned, most), Some(cleaned));
            }
        }
    }
}
