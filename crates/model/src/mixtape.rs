//! Mixtapes: ordered, titled lists of tracks that can be shared by a link.
//!
//! Vocabulary: an *entry* is a place in a mixtape; it remembers what its track was called, so that the list still
//! says what is missing when the track is gone. A *slug* is the mixtape's name in addresses: made of the title once,
//! and kept when the title changes. A *share* is a public link to a mixtape; a *guest* is a person who opened one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{ContentHash, Error, ErrorKind, MixtapeId, Result, ShareId, Timestamp, TrackId, UserId};

/// The most entries of a mixtape: three days of music, and a list that is still sent in one piece.
pub const MAX_TRACKS: usize = 1_000;
/// The most mixtapes of one person.
pub const MAX_MIXTAPES: u64 = 1_000;
/// The most public links of one mixtape.
pub const MAX_SHARES: u64 = 100;
/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// The longest notes, in characters.
pub const MAX_NOTES: usize = 4_000;
/// The longest slug that is made of a title, in bytes; a number that makes it unique is added.
const MADE_SLUG: usize = 60;
/// The longest slug there is, in bytes.
const MAX_SLUG: usize = 72;
/// What a title without any letter or digit of ours becomes.
const NAMELESS: &str = "mixtape";

/// A mixtape's name in addresses: lower-case ASCII letters, digits and single hyphens between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// The slug of a title in lower case and without diacritics; `number` above 1 tells it from others of the same title.
    #[must_use]
    pub fn of(folded_title: &str, number: u64) -> Self {
        let mut text = String::new();
        for letter in folded_title.chars() {
            let spelt = match letter {
                'ß' => "ss",
                'æ' => "ae",
                'œ' => "oe",
                'ø' => "o",
                'ł' => "l",
                'đ' | 'ð' => "d",
                'þ' => "th",
                'ı' => "i",
                // An apostrophe joins: "don't" is one word.
                '\'' | '’' => continue,
                _ => "",
            };
            if letter.is_ascii_alphanumeric() {
                text.push(letter.to_ascii_lowercase());
            } else if !spelt.is_empty() {
                text.push_str(spelt);
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
            if text.len() >= MADE_SLUG {
                break;
            }
        }
        text.truncate(MADE_SLUG);
        let text = text.trim_end_matches('-');
        let text = if text.is_empty() { NAMELESS } else { text };
        Self(if number > 1 { format!("{text}-{number}") } else { text.to_owned() })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Slug {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let tidy = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        if text.is_empty() || text.len() > MAX_SLUG || !tidy || !text.bytes().all(known) {
            return Err(Error::new(
                ErrorKind::Invalid,
                "a slug is made of lower-case letters, digits and single hyphens",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// An ordered, titled list of tracks, without its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixtape {
    /// Id; does not leave the program.
    pub id: MixtapeId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Title.
    pub title: String,
    /// What its maker has to say about it; may be empty.
    pub notes: String,
    /// Whose it is; `None` when that person's account is gone.
    pub owner: Option<UserId>,
    /// That person's name.
    pub owner_name: Option<String>,
    /// The cover that a user gave it.
    pub cover: Option<ContentHash>,
    /// Whether any of its tracks has a cover, so that one can be composed.
    pub has_art: bool,
    /// Entries, also those whose track is gone.
    pub track_count: u64,
    /// Entries whose track is gone.
    pub missing: u64,
    /// How long the tracks that are there play.
    pub duration_s: f64,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A place in a mixtape, with what its track was called when it was last seen.
#[derive(Debug, Clone, PartialEq)]
pub struct MixtapeEntry {
    /// Its track; there may be none of that id any more.
    pub track: TrackId,
    /// The track's title.
    pub title: String,
    /// The track's artist.
    pub artist: Option<String>,
    /// How long the track plays.
    pub duration_s: Option<f64>,
    /// Where the track lies in its library folder.
    pub relative_path: String,
}

/// A public link to a mixtape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Id.
    pub id: ShareId,
    /// The mixtape.
    pub mixtape: MixtapeId,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; `None`: when a user ends it.
    pub expires: Option<Timestamp>,
    /// Whether guests may take the files with them.
    pub download: bool,
    /// Hash of the password that guests need.
    pub password_hash: Option<String>,
}

/// A title, trimmed.
///
/// # Errors
/// `Invalid` when it is empty, longer than [`MAX_TITLE`] or has control characters.
pub fn checked_title(title: &str) -> Result<&str> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
        let message = format!("a title has 1 to {MAX_TITLE} characters and no control characters");
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    Ok(title)
}

/// Notes, trimmed; lines and tabs are kept.
///
/// # Errors
/// `Invalid` when they are longer than [`MAX_NOTES`] or have other control characters.
pub fn checked_notes(notes: &str) -> Result<&str> {
    let notes = notes.trim();
    let odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t' | '\r');
    if notes.chars().count() > MAX_NOTES || notes.chars().any(odd) {
        let message = format!("notes have at most {MAX_NOTES} characters and no control characters");
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    Ok(notes)
}

/// The error for a list that is longer than [`MAX_TRACKS`].
///
/// # Errors
/// `LimitExceeded` when it is.
pub fn checked_count(tracks: usize) -> Result<()> {
    if tracks > MAX_TRACKS {
        return Err(Error::limit("mixtape_tracks", tracks as u64, MAX_TRACKS as u64)
            .remedy("make two mixtapes of it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_made_of_titles() {
        for (title, number, slug) in [
            ("summer '24 (for ada)", 1, "summer-24-for-ada"),
            ("don't stop", 2, "dont-stop-2"),
            ("grüße & küsse", 1, "gr-sse-k-sse"),
            ("  --  ", 1, "mixtape"),
            ("東京", 3, "mixtape-3"),
            ("../../etc/passwd", 1, "etc-passwd"),
            ("a\0b\nc", 1, "a-b-c"),
            (&"x".repeat(500), 1, &"x".repeat(60)),
        ] {
            assert_eq!(Slug::of(title, number).as_str(), slug, "{title:?}");
        }
    }

    #[test]
    fn nothing_else_is_a_slug() {
        for text in
            ["", "-", "a-", "-a", "a--b", "A", "ä", "a/b", "a.b", "..", "a b", "a%2fb", &"x".repeat(73)]
        {
            assert!(text.parse::<Slug>().is_err(), "{text}");
        }
    }

    #[test]
    fn titles_and_notes_are_checked() {
        assert_eq!(checked_title("  A side ").unwrap(), "A side");
        for wrong in ["", " \n ", "a\nb", "a\u{7f}", &"x".repeat(201)] {
            assert!(checked_title(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(checked_notes(" two\nlines\t").unwrap(), "two\nlines");
        assert!(checked_notes("a\u{1b}[2J").is_err() && checked_notes(&"x".repeat(4_001)).is_err());
        assert!(checked_count(1_000).is_ok() && checked_count(1_001).is_err());
    }

    proptest! {
        #[test]
        fn every_title_gives_a_slug(title in ".{0,300}", number in 1_u64..100_000_000_000) {
            let slug = Slug::of(&title.to_lowercase(), number);
            prop_assert_eq!(slug.as_str().parse::<Slug>().unwrap(), slug);
        }
    }
}
