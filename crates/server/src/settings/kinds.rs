//! [`ValueType`]: the kinds of values that settings take.

/// What kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueType {
    /// A path.
    Path,
    /// Several paths.
    Paths,
    /// An IP address with a port.
    Address,
    /// A web address.
    Url,
    /// A whole number in a range.
    Count {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A number in a range.
    Number {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
    /// A number of bytes in a range; a text may say `GiB` and the like.
    Bytes {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// True or false.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Free text.
    Text,
    /// A time of day, or `off`.
    Schedule,
    /// Hours of the day, or `off`.
    Hours,
    /// The variants of an HLS ladder.
    Ladder,
    /// Free text that is never shown again.
    Secret,
}

impl ValueType {
    /// The type's name for people.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Path => "path".to_owned(),
            Self::Paths => "list of paths".to_owned(),
            Self::Address => "address:port".to_owned(),
            Self::Url => "web address".to_owned(),
            Self::Count { .. } => "whole number".to_owned(),
            Self::Number { .. } => "number".to_owned(),
            Self::Bytes { .. } => "whole number, or a text as in `2 GiB`".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Choice(words) => words.join(" or "),
            Self::Text => "text".to_owned(),
            Self::Schedule => "`HH:MM` or `off`".to_owned(),
            Self::Hours => "`HH:MM-HH:MM` or `off`".to_owned(),
            Self::Ladder => "variants".to_owned(),
            Self::Secret => "secret text".to_owned(),
        }
    }

    /// The type's name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Paths => "paths",
            Self::Address => "address",
            Self::Url => "url",
            Self::Count { .. } => "count",
            Self::Number { .. } => "number",
            Self::Bytes { .. } => "bytes",
            Self::Switch => "switch",
            Self::Choice(_) => "choice",
            Self::Text => "text",
            Self::Schedule => "schedule",
            Self::Hours => "hours",
            Self::Ladder => "ladder",
            Self::Secret => "secret",
        }
    }

    /// The least and the most of a number.
    #[must_use]
    pub const fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Count { min, max } | Self::Bytes { min, max } => Some((min as f64, max as f64)),
            Self::Number { min, max } => Some((min, max)),
            _ => None,
        }
    }

    /// The words to choose from.
    #[must_use]
    pub const fn choices(self) -> &'static [&'static str] {
        match self {
            Self::Choice(words) => words,
            _ => &[],
        }
    }
}
