//! [`Ladder`]: which variants a track gets, as a setting says it.
//!
//! `low=aac:256,medium=aac:512,high=flac`: name, codec, and for AAC the rate in kbit/s. A variant for slow
//! networks is one more entry (`tiny=aac:96`).

use std::{fmt, str::FromStr};

use fanfare_model::{Error, ErrorKind, Result};

/// The most variants of a ladder: each costs an encode and a file per track.
const MAX_VARIANTS: usize = 8;
/// The longest name of a variant in bytes; it becomes part of an address.
const MAX_NAME_BYTES: usize = 32;
/// What AAC-LC can be asked for in kbit/s: below, nothing is music; above, two channels at 48 kHz hold no more (6,144 bits a packet and channel).
const AAC_KBPS: std::ops::RangeInclusive<u32> = 16..=576;
const REMEDY: &str =
    "write variants as name=aac:KBITS or name=flac, for example low=aac:256,medium=aac:512,high=flac";

/// What a variant is encoded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VariantCodec {
    /// AAC-LC at that average rate in kbit/s, as far as the codec carries it.
    Aac {
        /// Thousands of bits per second.
        kbps: u32,
    },
    /// FLAC: every bit of the source, as far as 24 bits hold it.
    Flac,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VariantSpec {
    name: String,
    codec: VariantCodec,
}

impl VariantSpec {
    /// Its name, of `a` to `z`, `0` to `9` and `-`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is encoded with.
    #[must_use]
    pub const fn codec(&self) -> VariantCodec {
        self.codec
    }
}

/// The variants in the order of the setting: at least one, at most eight, no two of one name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ladder(Vec<VariantSpec>);

impl Ladder {
    /// What the name of every ladder's profile begins with.
    pub const PROFILE_PREFIX: &str = "hls";

    /// The profile under which a track's ladder is stored: the same name, the same bytes.
    #[must_use]
    pub fn profile(&self) -> String {
        format!("{}{}:{self}", Self::PROFILE_PREFIX, super::LADDER_VERSION)
    }

    /// Its variants.
    #[must_use]
    pub fn variants(&self) -> &[VariantSpec] {
        &self.0
    }
}

impl Default for Ladder {
    /// `low=aac:256,medium=aac:512,high=flac`.
    fn default() -> Self {
        let variant = |name: &str, codec| VariantSpec { name: name.to_owned(), codec };
        Self(vec![
            variant("low", VariantCodec::Aac { kbps: 256 }),
            variant("medium", VariantCodec::Aac { kbps: 512 }),
            variant("high", VariantCodec::Flac),
        ])
    }
}

impl FromStr for Ladder {
    type Err = Error;

    /// Reads a setting.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] and [`ErrorKind::LimitExceeded`], with a remedy.
    fn from_str(text: &str) -> Result<Self> {
        let mut variants: Vec<VariantSpec> = Vec::new();
        for entry in text.split(',') {
            if variants.len() == MAX_VARIANTS {
                let wanted = text.split(',').count() as u64;
                return Err(Error::limit("ladder_variants", wanted, MAX_VARIANTS as u64)
                    .remedy("leave some variants out"));
            }
            let variant: VariantSpec = entry.trim().parse()?;
            if variants.iter().any(|other| other.name == variant.name) {
                return Err(invalid(format!("two variants are called {}", variant.name))
                    .remedy("give each a name of its own"));
            }
            variants.push(variant);
        }
        Ok(Self(variants))
    }
}

impl FromStr for VariantSpec {
    type Err = Error;

    fn from_str(entry: &str) -> Result<Self> {
        let (name, codec) = entry
            .split_once('=')
            .ok_or_else(|| invalid(format!("the variant {} has no codec", excerpt(entry))).remedy(REMEDY))?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(fits) {
            return Err(invalid(format!("{} is no name for a variant", excerpt(name)))
                .remedy(format!("use a to z, 0 to 9 and -, at most {MAX_NAME_BYTES} of them")));
        }
        let codec = match codec.split_once(':') {
            None if codec == "flac" => VariantCodec::Flac,
            Some(("aac", kbps)) => {
                let kbps = kbps.parse().ok().filter(|kbps| AAC_KBPS.contains(kbps)).ok_or_else(|| {
                    let (least, most) = (AAC_KBPS.start(), AAC_KBPS.end());
                    invalid(format!("AAC at {} kbit/s is not possible", excerpt(kbps))).remedy(format!(
                        "AAC-LC carries {least} to {most} kbit/s; for more, use flac, which keeps every bit"
                    ))
                })?;
                VariantCodec::Aac { kbps }
            }
            _ => return Err(invalid(format!("{} is no codec of a variant", excerpt(codec))).remedy(REMEDY)),
        };
        Ok(Self { name: name.to_owned(), codec })
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// What was written, shortened and harmless.
fn excerpt(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

impl fmt::Display for VariantCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aac { kbps } => write!(f, "aac:{kbps}"),
            Self::Flac => f.write_str("flac"),
        }
    }
}

impl fmt::Display for Ladder {
    /// As a setting writes it: reading it back gives the same ladder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, variant) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}={}", variant.name, variant.codec)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_is_read_as_it_is_written() {
        for text in ["low=aac:256,medium=aac:512,high=flac", "tiny=aac:96", "a-1=flac,b=aac:16"] {
            assert_eq!(text.parse::<Ladder>().unwrap().to_string(), text);
        }
        assert_eq!(Ladder::default().to_string().parse::<Ladder>().unwrap(), Ladder::default());
        assert_eq!(" low=aac:256 , high=flac".parse::<Ladder>().unwrap().variants().len(), 2);
    }

    #[test]
    fn what_is_no_ladder_is_refused_with_a_remedy() {
        let nine = (0..9).map(|n| format!("r{n}=flac")).collect::<Vec<_>>().join(",");
        let long = format!("{}=flac", "x".repeat(33));
        for (text, says) in [
            ("", "no codec"),
            ("low", "no codec"),
            ("low=", "no codec of a variant"),
            ("low=mp3:256", "no codec of a variant"),
            ("low=aac", "no codec of a variant"),
            ("low=aac:1024", "not possible"),
            ("low=aac:-1", "not possible"),
            ("Low=flac", "no name"),
            ("../x=flac", "no name"),
            ("=flac", "no name"),
            ("a=flac,a=aac:96", "two variants"),
            (long.as_str(), "no name"),
            (nine.as_str(), "the number of variants in `hls.ladder` is 9"),
        ] {
            let error = text.parse::<Ladder>().unwrap_err();
            assert!(error.message().contains(says), "{text}: {error}");
            assert!(error.remedy_text().is_some(), "{text}");
        }
    }
}
