//! The smallest pieces of a drawing: numbers, texts and paths that are always valid in XML.
//!
//! Invariants: every number is finite and within ±[`FARTHEST`]; every text is free of markup, of characters that XML 1.0
//! forbids, and of those that steer the direction or the stacking of what stands around it.

use std::fmt::{self, Write as _};

/// Nothing is drawn farther from the origin than this, in user units: far outside the sheet, far inside what drawing
/// programs compute exactly.
pub const FARTHEST: f64 = 20_000.0;

/// Most combining marks kept after one letter; every living script manages with fewer.
const MOST_MARKS: usize = 3;

/// A coordinate or a length with one decimal, in its shortest form.
#[derive(Debug, Clone, Copy)]
pub struct Num(pub f64);

impl Num {
    /// The number in tenths; what is not finite becomes 0.
    fn tenths(self) -> i64 {
        let value = if self.0.is_finite() { self.0.clamp(-FARTHEST, FARTHEST) } else { 0.0 };
        (value * 10.0).round() as i64
    }
}

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tenths(f, self.tenths())
    }
}

fn tenths(to: &mut impl fmt::Write, value: i64) -> fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, tenth) = (value.unsigned_abs() / 10, value.unsigned_abs() % 10);
    match (whole, tenth) {
        (_, 0) => write!(to, "{sign}{whole}"),
        (0, _) => write!(to, "{sign}.{tenth}"),
        _ => write!(to, "{sign}{whole}.{tenth}"),
    }
}

/// A text as it may stand in an element or an attribute.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut marks = 0;
        for character in self.0.chars() {
            marks = if is_combining(character) { marks + 1 } else { 0 };
            match character {
                _ if marks > MOST_MARKS || steers(character) => {}
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                _ if character.is_control() || is_nonsense(character) => f.write_char('\u{fffd}')?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Marks that stack on the letter before them (the blocks of combining marks that are for all scripts).
fn is_combining(character: char) -> bool {
    matches!(u32::from(character), 0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// Invisible characters that turn the direction of text, for themselves and what follows (Unicode's bidirectional controls).
fn steers(character: char) -> bool {
    matches!(u32::from(character), 0x61c | 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069)
}

/// Code points that are no characters; XML 1.0 forbids some of them, and none can be drawn.
fn is_nonsense(character: char) -> bool {
    let code = u32::from(character);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

/// The `d` of a path, written relative to the last point and without needless characters.
#[derive(Debug, Default)]
pub struct Path {
    text: String,
    at: (i64, i64),
    /// No line was drawn since the start.
    fresh: bool,
}

impl Path {
    /// Whether nothing was drawn.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text for the attribute.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Goes there without drawing.
    pub fn start(&mut self, x: f64, y: f64) {
        self.at = (Num(x).tenths(), Num(y).tenths());
        self.text.push('M');
        self.pair(self.at.0, self.at.1);
        self.fresh = true;
    }

    /// Draws a line to there.
    pub fn line(&mut self, x: f64, y: f64) {
        let to = (Num(x).tenths(), Num(y).tenths());
        let (across, down) = (to.0 - self.at.0, to.1 - self.at.1);
        // After the first, a line to a relative point needs no letter.
        if std::mem::take(&mut self.fresh) {
            self.text.push('l');
        } else if across >= 0 {
            self.text.push(' ');
        }
        self.pair(across, down);
        self.at = to;
    }

    /// Draws a line back to where it started.
    pub fn close(&mut self) {
        self.text.push('z');
    }

    /// A vertical stroke downwards.
    pub fn stroke(&mut self, x: f64, y: f64, length: f64) {
        self.text.push('M');
        self.pair(Num(x).tenths(), Num(y).tenths());
        self.text.push('v');
        let _ = tenths(&mut self.text, Num(length).tenths());
    }

    fn pair(&mut self, x: i64, y: i64) {
        let _ = tenths(&mut self.text, x);
        if y >= 0 {
            self.text.push(' ');
        }
        let _ = tenths(&mut self.text, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_always_numbers() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.04, "0"),
            (1.0, "1"),
            (-0.5, "-.5"),
            (12.34, "12.3"),
            (f64::NAN, "0"),
            (f64::INFINITY, "0"),
            (1e300, "20000"),
            (-1e300, "-20000"),
        ] {
            assert_eq!(Num(number).to_string(), expected);
        }
    }

    #[test]
    fn texts_cannot_break_out() {
        for (text, expected) in [
            ("</text><script>alert('\"&')", "&lt;/text&gt;&lt;script&gt;alert(&#39;&quot;&amp;&#39;)"),
            ("a\u{0}b\u{1b}c\u{fffe}d", "a\u{fffd}b\u{fffd}c\u{fffd}d"),
            ("line\r\nbreak", "line  break"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("Ångström e\u{301} 漢字", "Ångström e\u{301} 漢字"),
        ] {
            assert_eq!(Text(text).to_string(), expected);
        }
        let tower = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(Text(&tower).to_string().chars().count(), 2 + MOST_MARKS);
    }

    #[test]
    fn paths_are_relative_and_do_not_drift() {
        let mut path = Path::default();
        path.start(10.0, 20.0);
        for step in 1..=3 {
            // A third of a unit each: what rounding takes from one step, the next one adds.
            path.line(10.0 + f64::from(step) / 3.0, 20.0 - f64::from(step));
        }
        path.close();
        assert_eq!(path.as_str(), "M10 20l.3-1 .4-1 .3-1z");
    }
}
