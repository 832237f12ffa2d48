//! Identifiers: 128 bits, written as 32 lower-case hexadecimal digits.
//!
//! They are made elsewhere (from a clock and randomness, so that they sort by time of making) and parsed
//! strictly here: nothing but 32 digits is an id, so an id can never carry a path.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, ErrorKind};

fn parse_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != BYTES * 2 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

macro_rules! hex_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The value with those bytes, most significant first.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Its bytes, most significant first.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                parse_hex(text).map(Self).ok_or_else(|| {
                    Error::new(ErrorKind::Invalid, concat!("not an id of ", $bytes, " bytes in lower-case hexadecimal"))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

hex_type!(
    /// A playable item.
    TrackId, 16);
hex_type!(
    /// One unit of durable work.
    JobId, 16);
hex_type!(
    /// Work as a person follows it.
    TaskId, 16);
hex_type!(
    /// A person with an account.
    UserId, 16);
hex_type!(
    /// An API key.
    ApiKeyId, 16);
hex_type!(
    /// An artist.
    ArtistId, 16);
hex_type!(
    /// A release (album, single, compilation).
    ReleaseId, 16);
hex_type!(
    /// A library folder.
    FolderId, 16);
hex_type!(
    /// A mixtape; outside it is known by its slug.
    MixtapeId, 16);
hex_type!(
    /// A public link to a mixtape.
    ShareId, 16);
hex_type!(
    /// The BLAKE3 hash of a file's bytes.
    ContentHash, 32);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text(bytes in any::<[u8; 16]>()) {
            let id = TrackId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<TrackId>().unwrap(), id);
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<TrackId>(&json).unwrap(), id);
        }

        #[test]
        fn nothing_else_is_an_id(text in ".{0,40}") {
            let is_hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            prop_assert_eq!(text.parse::<TrackId>().is_ok(), is_hex);
        }
    }
}
