//! [`Given`]: a value as a source gives it, and its reading as the types that settings have.

use std::{net::SocketAddr, path::PathBuf};

use axum::http::Uri;

use super::place;

/// A setting's value before it is understood. Files give types, the environment and flags give text.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// Text, from any source.
    Text(String),
    /// A whole number, from a file.
    Number(i64),
    /// A number with a fraction, from a file.
    Fraction(f64),
    /// A switch, from a file.
    Switch(bool),
    /// Several texts, from a file or a repeated flag.
    List(Vec<String>),
    /// Something that no setting is: a table, a date.
    Other(&'static str),
}

/// What is wrong with a value: a sentence that ends with what would be right.
pub type Complaint = String;

impl Given {
    /// The value of a TOML file.
    #[must_use]
    pub fn from_toml(value: &toml::Value) -> Self {
        match value {
            toml::Value::String(text) => Self::Text(text.clone()),
            toml::Value::Integer(number) => Self::Number(*number),
            toml::Value::Boolean(switch) => Self::Switch(*switch),
            toml::Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map_or(Self::Other("a list with something else than texts in it"), Self::List),
            toml::Value::Float(number) => Self::Fraction(*number),
            toml::Value::Datetime(_) => Self::Other("a date"),
            toml::Value::Table(_) => Self::Other("a table"),
        }
    }

    /// The value that a JSON document has, as the page sends and the database keeps it.
    #[must_use]
    pub fn from_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Number(whole),
                None => number.as_f64().map_or(Self::Other("a strange number"), Self::Fraction),
            },
            Value::Bool(switch) => Self::Switch(*switch),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map_or(Self::Other("a list with something else than texts in it"), Self::List),
            Value::Null => Self::Other("nothing"),
            Value::Object(_) => Self::Other("a table"),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Number(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
            Self::Switch(switch) => switch.to_string(),
            Self::List(items) => format!("{items:?}"),
            Self::Other(what) => (*what).to_owned(),
        }
    }

    fn complain(&self, wanted: &str) -> Complaint {
        format!("{} is not {wanted}", self.show())
    }

    /// Text that is not empty.
    pub fn text(&self) -> Result<String, Complaint> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Ok(text.clone()),
            _ => Err(self.complain("a text")),
        }
    }

    /// A path.
    pub fn path(&self) -> Result<PathBuf, Complaint> {
        match self {
            Self::Text(text) if !text.is_empty() && !text.contains('\0') => Ok(text.into()),
            _ => Err(self.complain("a path")),
        }
    }

    /// Several paths; as one text they are separated as in `PATH`.
    pub fn paths(&self) -> Result<Vec<PathBuf>, Complaint> {
        match self {
            Self::Text(text) => Ok(std::env::split_paths(text).filter(|path| path != "").collect()),
            Self::List(items) => {
                items.iter().map(|item| Self::Text(item.clone()).path()).collect::<Result<_, _>>()
            }
            _ => Err(self.complain("a list of paths")),
        }
    }

    /// A whole number in that range.
    pub fn count(&self, range: std::ops::RangeInclusive<u64>) -> Result<u64, Complaint> {
        let number = match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.complain(&format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// A number in that range.
    pub fn number(&self, range: std::ops::RangeInclusive<f64>) -> Result<f64, Complaint> {
        let number = match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(number) => i32::try_from(*number).ok().map(f64::from),
            Self::Fraction(number) => Some(*number),
            _ => None,
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.complain(&format!("a number from {} to {}", range.start(), range.end())))
    }

    /// A number of bytes in that range: a whole number, or a text with a unit as in `2 GiB` (IEC 80000-13) or `500 MB`.
    pub fn bytes(&self, range: std::ops::RangeInclusive<u64>) -> Result<u64, Complaint> {
        let number = match self {
            Self::Text(text) => bytes_of(text.trim()),
            Self::Number(number) => u64::try_from(*number).ok(),
            // What JavaScript writes for a whole number beyond 32 bits is whole all the same.
            Self::Fraction(number) if number.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(number) => {
                Some(*number as u64)
            }
            _ => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.complain(&format!("a number of bytes from {} to {}", range.start(), range.end()))
        })
    }

    /// On or off.
    pub fn switch(&self) -> Result<bool, Complaint> {
        match self {
            Self::Switch(switch) => Ok(*switch),
            Self::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(true),
                "false" | "no" | "off" | "0" => Ok(false),
                _ => Err(self.complain("true or false")),
            },
            _ => Err(self.complain("true or false")),
        }
    }

    /// An IP address with a port; a bare port means this machine only.
    pub fn address(&self) -> Result<SocketAddr, Complaint> {
        let wanted = "an address with a port, as in 127.0.0.1:4040";
        match self {
            Self::Text(text) => {
                let text = text.trim().replacen("localhost:", "127.0.0.1:", 1);
                text.parse().map_err(|_| self.complain(wanted))
            }
            _ => Err(self.complain(wanted)),
        }
    }

    /// One of those words.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Complaint> {
        let found = match self {
            Self::Text(text) => choices.iter().find(|(word, _)| text.trim().eq_ignore_ascii_case(word)),
            _ => None,
        };
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.complain(&format!("one of {}", words.join(", ")))
        })
    }

    /// A text of letters, digits, `-` and `_`, as services give out for keys.
    pub fn key(&self, longest: usize) -> Result<String, Complaint> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        match self {
            Self::Text(text)
                if (1..=longest).contains(&text.trim().len()) && text.trim().chars().all(known) =>
            {
                Ok(text.trim().to_owned())
            }
            // What was given may be a key with a slip in it: it is not repeated.
            _ => Err(format!("this is not a key of 1 to {longest} letters, digits, - and _")),
        }
    }

    /// An `http` or `https` address without query, fragment or closing slash. It may have a path.
    pub fn url(&self) -> Result<String, Complaint> {
        const EXAMPLE: &str = "an address as in https://music.example.org";
        let Self::Text(text) = self else { return Err(self.complain(EXAMPLE)) };
        let text = text.trim().trim_end_matches('/');
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest.filter(|_| text.parse::<Uri>().is_ok() && !text.contains(['?', '#', '@']))
        else {
            return Err(self.complain(EXAMPLE));
        };
        let (place, _path) = rest.split_once('/').unwrap_or((rest, ""));
        place::check(place).map_err(|wanted| self.complain(wanted))?;
        Ok(text.to_owned())
    }

    /// An [`url`](Self::url) without a path: Fanfare answers at the root of a host alone.
    pub fn origin(&self) -> Result<String, Complaint> {
        let url = self.url()?;
        if url.split_once("://").is_some_and(|(_, rest)| rest.contains('/')) {
            return Err(self.complain(
                "an address without a path: Fanfare answers at the root of a host, as in https://music.example.org",
            ));
        }
        Ok(url)
    }
}

/// The largest whole number that a fraction holds exactly (2^53, IEEE 754 binary64).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Units of bytes; a number without one is bytes.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

fn bytes_of(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let unit = unit.trim().to_ascii_lowercase();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)?;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_may_have_units() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("2 GiB", Some(2 << 30)),
            ("500MB", Some(500_000_000)),
            ("7 b", Some(7)),
            ("1.5 GiB", None),
            ("GiB", None),
            ("-1", None),
            ("99999999999 TiB", None),
            ("3 furlongs", None),
        ] {
            assert_eq!(Given::Text(text.to_owned()).bytes(0..=u64::MAX).ok(), bytes, "{text}");
        }
        assert_eq!(Given::Fraction(2.0).bytes(0..=9).ok(), Some(2));
        assert!(Given::Fraction(2.5).bytes(0..=9).is_err());
    }
}
