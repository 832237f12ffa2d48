//! [`Ladder`]: which variants a track gets, as a setting says it.
//!
//! `low=aac:256,medium=aac:512,high=flac`: name, codec, and for AAC the rate in kbit/s. A rung for slow
//! networks is one more entry (`tiny=aac:96`).

use std::{fmt, str::FromStr};

use fanfare_model::{Error, ErrorKind, Result};

/// The most rungs of a ladder: each costs an encode and a file per track.
const MAX_RUNGS: usize = 8;
/// The longest name of a rung in bytes; it becomes part of an address.
const MAX_NAME_BYTES: usize = 32;
/// What AAC-LC can be asked for in kbit/s: below, nothing is music; above, two channels at 48 kHz hold no more (6,144 bits a packet and channel).
const AAC_KBPS: std::ops::RangeInclusive<u32> = 16..=576;
const REMEDY: &str =
    "write rungs as name=aac:KBITS or name=flac, for example low=aac:256,medium=aac:512,high=flac";

/// What a rung is encoded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RungCodec {
    /// AAC-LC at that average rate in kbit/s, as far as the codec carries it.
    Aac {
        /// Thousands of bits per second.
        kbps: u32,
    },
    /// FLAC: every bit of the source, as far as 24 bits hold it.
    Flac,
}

/// One rung.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rung {
    name: String,
    codec: RungCodec,
}

impl Rung {
    /// Its name, of `a` to `z`, `0` to `9` and `-`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is encoded with.
    #[must_use]
    pub const fn codec(&self) -> RungCodec {
        self.codec
    }
}

/// The rungs in the order of the setting: at least one, at most eight, no two of one name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ladder(Vec<Rung>);

impl Ladder {
    /// What the name of every ladder's profile begins with.
    pub const PROFILE_PREFIX: &str = "hls";

    /// The profile under which a track's ladder is stored: the same name, the same bytes.
    #[must_use]
    pub fn profile(&self) -> String {
        format!("{}{}:{self}", Self::PROFILE_PREFIX, super::LADDER_VERSION)
    }

    /// Its rungs.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.0
    }
}

impl Default for Ladder {
    /// `low=aac:256,medium=aac:512,high=flac`.
    fn default() -> Self {
        let rung = |name: &str, codec| Rung { name: name.to_owned(), codec };
        Self(vec![
            rung("low", RungCodec::Aac { kbps: 256 }),
            rung("medium", RungCodec::Aac { kbps: 512 }),
            rung("high", RungCodec::Flac),
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
        let mut rungs: Vec<Rung> = Vec::new();
        for entry in text.split(',') {
            if rungs.len() == MAX_RUNGS {
                let wanted = text.split(',').count() as u64;
                return Err(
                    Error::limit("ladder_rungs", wanted, MAX_RUNGS as u64).remedy("leave some rungs out")
                );
            }
            let rung: Rung = entry.trim().parse()?;
            if rungs.iter().any(|other| other.name == rung.name) {
                return Err(invalid(format!("two rungs are called {}", rung.name))
                    .remedy("give each a name of its own"));
            }
            rungs.push(rung);
        }
        Ok(Self(rungs))
    }
}

impl FromStr for Rung {
    type Err = Error;

    fn from_str(entry: &str) -> Result<Self> {
        let (name, codec) = entry
            .split_once('=')
            .ok_or_else(|| invalid(format!("the rung {} has no codec", excerpt(entry))).remedy(REMEDY))?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(fits) {
            return Err(invalid(format!("{} is no name for a rung", excerpt(name)))
                .remedy(format!("use a to z, 0 to 9 and -, at most {MAX_NAME_BYTES} of them")));
        }
        let codec = match codec.split_once(':') {
            None if codec == "flac" => RungCodec::Flac,
            Some(("aac", kbps)) => {
                let kbps = kbps.parse().ok().filter(|kbps| AAC_KBPS.contains(kbps)).ok_or_else(|| {
                    let (least, most) = (AAC_KBPS.start(), AAC_KBPS.end());
                    invalid(format!("AAC at {} kbit/s is not possible", excerpt(kbps))).remedy(format!(
                        "AAC-LC carries {least} to {most} kbit/s; for more, use flac, which keeps every bit"
                    ))
                })?;
                RungCodec::Aac { kbps }
            }
            _ => return Err(invalid(format!("{} is no codec of a rung", excerpt(codec))).remedy(REMEDY)),
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

impl fmt::Display for RungCodec {
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
        for (at, rung) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}={}", rung.name, rung.codec)?;
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
        assert_eq!(" low=aac:256 , high=flac".parse::<Ladder>().unwrap().rungs().len(), 2);
    }

    #[test]
    fn what_is_no_ladder_is_refused_with_a_remedy() {
        let nine = (0..9).map(|n| format!("r{n}=flac")).collect::<Vec<_>>().join(",");
        let long = format!("{}=flac", "x".repeat(33));
        for (text, says) in [
            ("", "no codec"),
            ("low", "no codec"),
            ("low=", "no codec of a rung"),
            ("low=mp3:256", "no codec of a rung"),
            ("low=aac", "no codec of a rung"),
            ("low=aac:1024", "not possible"),
            ("low=aac:-1", "not possible"),
            ("Low=flac", "no name"),
            ("../x=flac", "no name"),
            ("=flac", "no name"),
            ("a=flac,a=aac:96", "two rungs"),
            (long.as_str(), "no name"),
            (nine.as_str(), "the number of variants in `hls.ladder` is 9"),
        ] {
            let error = text.parse::<Ladder>().unwrap_err();
            assert!(error.message().contains(says), "{text}: {error}");
            assert!(error.remedy_text().is_some(), "{text}");
        }
    }
}
