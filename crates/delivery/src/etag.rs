//! Entity tags: parsing and the two comparisons (RFC 9110 section 8.8.3).

use std::fmt;

/// An entity tag. The opaque part is compared byte by byte and never interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    weak: bool,
    opaque: Vec<u8>,
}

impl EntityTag {
    /// A strong tag of that text. The caller gives visible ASCII without `"`.
    #[must_use]
    pub fn strong(opaque: &str) -> Self {
        Self { weak: false, opaque: opaque.as_bytes().to_vec() }
    }

    /// A weak tag of that text. The caller gives visible ASCII without `"`.
    #[must_use]
    pub fn weak(opaque: &str) -> Self {
        Self { weak: true, opaque: opaque.as_bytes().to_vec() }
    }

    /// Whether the tag only promises semantic, not byte, equality.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        self.weak
    }

    /// The tag that makes up the whole of `field`, or `None`.
    #[must_use]
    pub fn parse(field: &[u8]) -> Option<Self> {
        let (tag, rest) = Self::parse_prefix(field.trim_ascii())?;
        rest.is_empty().then_some(tag)
    }

    /// The tag at the start of `input` and what follows it.
    ///
    /// `entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE` with `etagc = %x21 / %x23-7E / obs-text`; `W/` is case-sensitive.
    fn parse_prefix(input: &[u8]) -> Option<(Self, &[u8])> {
        let (weak, rest) = match input.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, input),
        };
        let rest = rest.strip_prefix(b"\"")?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        let opaque = &rest[..end];
        let legal = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..=0xFF));
        legal.then(|| (Self { weak, opaque: opaque.to_vec() }, &rest[end + 1..]))
    }

    /// Strong comparison (8.8.3.2): equal and neither weak.
    #[must_use]
    pub fn matches_strong(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison (8.8.3.2): equal opaque parts.
    #[must_use]
    pub fn matches_weak(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.weak { "W/" } else { "" };
        write!(f, "{prefix}\"{}\"", String::from_utf8_lossy(&self.opaque))
    }
}

/// The value of `If-Match` or `If-None-Match`: `"*" / #entity-tag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagList {
    /// `*`: any current representation.
    Any,
    /// These tags. Empty when the field held none that could be read.
    Tags(Vec<EntityTag>),
}

impl TagList {
    /// Reads the lines of the field as one list. From the first thing that is no tag on, the rest is ignored:
    /// an unread tag never matches, which for both fields errs to the side that sends or refuses, never to stale bytes.
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut tags = Vec::new();
        for line in lines {
            if line.trim_ascii() == b"*" {
                return Self::Any;
            }
            let mut rest = line.trim_ascii();
            loop {
                // Empty list elements are allowed from a sender of old (5.6.1.2).
                while let [b',' | b' ' | b'\t', tail @ ..] = rest {
                    rest = tail;
                }
                let Some((tag, tail)) = EntityTag::parse_prefix(rest) else { break };
                tags.push(tag);
                rest = tail.trim_ascii_start();
                if !rest.is_empty() && !rest.starts_with(b",") {
                    break;
                }
            }
        }
        Self::Tags(tags)
    }

    /// Whether one of them equals `current` by the strong comparison.
    #[must_use]
    pub fn has_strong(&self, current: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.matches_strong(current)),
        }
    }

    /// Whether one of them equals `current` by the weak comparison.
    #[must_use]
    pub fn has_weak(&self, current: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.matches_weak(current)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_table_of_the_rfc() {
        // RFC 9110 section 8.8.3.2, table 3.
        for (a, b, strong, weak) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            let (a, b) = (EntityTag::parse(a.as_bytes()).unwrap(), EntityTag::parse(b.as_bytes()).unwrap());
            assert_eq!((a.matches_strong(&b), a.matches_weak(&b)), (strong, weak));
        }
    }

    #[test]
    fn lists_are_read_up_to_the_first_thing_that_is_no_tag() {
        let one = EntityTag::strong("a,b");
        for (line, found) in [
            (&b"\"a,b\""[..], true),
            (b", ,\"x\" ,W/\"a,b\"", true),
            (b"\"x\" \"a,b\"", false),
            (b"a,b", false),
            (b"\"x\", junk, \"a,b\"", false),
            (b"w/\"a,b\"", false),
            (b"*", true),
            (b"", false),
        ] {
            assert_eq!(TagList::parse([line]).has_weak(&one), found, "{}", String::from_utf8_lossy(line));
        }
    }
}
