//! [`Given`]: a value as a source gives it, and its reading as the types that settings have.

use std::{net::SocketAddr, path::PathBuf};

/// A setting's value before it is understood. Files give types, the environment and flags give text.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// Text, from any source.
    Text(String),
    /// A whole number, from a file.
    Number(i64),
    /// A switch, from a file.
    Switch(bool),
    /// Several texts, from a file or a repeated flag.
    List(Vec<String>),
    /// Something that no setting is: a table, a date, a fraction.
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
            toml::Value::Float(_) => Self::Other("a fraction"),
            toml::Value::Datetime(_) => Self::Other("a date"),
            toml::Value::Table(_) => Self::Other("a table"),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Number(number) => number.to_string(),
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

    /// An `http` or `https` address without query, fragment or closing slash.
    pub fn url(&self) -> Result<String, Complaint> {
        let text = self.text()?;
        let text = text.trim().trim_end_matches('/');
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ', '@', '"', '<', '\\']) => {
                Ok(text.to_owned())
            }
            _ => Err(self.complain("an address as in https://music.example.org")),
        }
    }
}
