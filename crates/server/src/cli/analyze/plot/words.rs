//! Texts that fit: how wide a text is about, cutting and breaking it, and numbers as people write them.

/// About how wide a text is in the fonts of a sheet, in user units. No font is available here; the widths are those of
/// common sans-serif fonts, rounded up.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

/// About how wide a character is, in parts of the font's size.
fn em(character: char) -> f64 {
    match character {
        'i' | 'l' | 'j' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.88,
        'A'..='Z' => 0.7,
        '\u{0}'..='\u{10ff}' => 0.62,
        // East Asian scripts, symbols, emoji: a full square.
        _ => 1.05,
    }
}

/// The text, cut with an ellipsis where it would be wider.
pub fn cut(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut used = em('…') * size;
    let kept = text.chars().take_while(|character| {
        used += em(*character) * size;
        used <= room
    });
    let kept: String = kept.collect();
    format!("{}…", kept.trim_end())
}

/// The text in lines of that width, broken between words; at most so many, the last one cut.
pub fn lines(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while words.peek().is_some() && lines.len() < most {
        let last = lines.len() + 1 == most;
        let mut line = String::new();
        while let Some(word) = words.peek() {
            let longer = if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
            let fits = width(&longer, size) <= room;
            // A single word that is too long is cut; so is everything in the last line.
            if fits || line.is_empty() || last {
                line = longer;
                words.next();
            }
            if !fits {
                break;
            }
        }
        lines.push(cut(&line, size, room));
    }
    lines
}

/// A level with a true minus sign.
pub fn level(value: f64, decimals: usize) -> String {
    let value = if value.is_finite() { value.clamp(-9_999.0, 9_999.0) } else { 0.0 };
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !zero { format!("−{text}") } else { text }
}

/// A level with its sign, also when it is positive.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = level(value, decimals);
    if text.starts_with('−') || text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        text
    } else {
        format!("+{text}")
    }
}

/// A tempo without a needless decimal.
pub fn tempo(bpm: f64) -> String {
    let text = level(bpm, 1);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A share as percent, between 0 and 100.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", if share.is_finite() { share.clamp(0.0, 1.0) * 100.0 } else { 0.0 })
}

/// A key's name with its sharp as musicians write it.
pub fn key_name(tonic: &str, mode: fanfare_model::features::Mode) -> String {
    let mode = match mode {
        fanfare_model::features::Mode::Major => "major",
        fanfare_model::features::Mode::Minor => "minor",
    };
    format!("{} {mode}", tonic.replace('#', "♯"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_broken_to_fit() {
        assert_eq!(cut("short", 10.0, 100.0), "short");
        let long = "A very long title that goes on and on";
        let kept = cut(long, 20.0, 150.0);
        assert!(kept.ends_with('…') && width(&kept, 20.0) <= 150.0 && kept.len() > 10, "{kept}");
        let broken = lines("one two three four five six", 10.0, 55.0, 2);
        assert_eq!(broken.len(), 2);
        assert!(
            broken.iter().all(|line| width(line, 10.0) <= 55.0) && broken[1].ends_with('…'),
            "{broken:?}"
        );
        assert_eq!(lines("one two", 10.0, 500.0, 3), ["one two"]);
        assert_eq!(lines(&"x".repeat(10_000), 10.0, 50.0, 2).len(), 1);
        assert!(lines("", 10.0, 50.0, 2).is_empty());
    }

    #[test]
    fn numbers_read_like_numbers() {
        assert_eq!(
            (level(-0.04, 1), level(-14.06, 1), signed(3.0, 1), signed(-0.01, 1)),
            ("0.0".into(), "−14.1".into(), "+3.0".into(), "0.0".into())
        );
        assert_eq!(
            (tempo(120.0), tempo(123.96), percent(f64::NAN), percent(0.826)),
            ("120".into(), "124".into(), "0 %".into(), "83 %".into())
        );
        assert!(level(f64::MAX, 1).len() < 10);
    }
}
