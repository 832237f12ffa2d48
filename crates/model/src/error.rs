//! The one error type: a kind that says what to do, a sentence that says what happened, and a remedy.
//!
//! Texts are lower case without a full stop. A message never holds a secret and never holds bytes of a
//! file or request beyond a short, escaped excerpt.

use std::{error::Error as StdError, fmt};

/// What every fallible function of the workspace returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble it is, which decides what the caller should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are no audio this program would ever open. Skip the file; a retry cannot help.
    NotAudio,
    /// Audio, but in a codec or container that cannot be decoded here. Tell the user the remedy.
    Unsupported,
    /// The program that decodes or encodes this is missing, cannot be started or is incomplete: a fault of the installation that
    /// says nothing about the file. Tell the user the remedy; try again when the program has changed.
    NoDecoder,
    /// Audio that contradicts itself or its format. Skip the file; a retry cannot help.
    Malformed,
    /// A length, size or count crossed a [`LimitHit`]. Skip, or raise the named limit.
    LimitExceeded,
    /// Valid audio with nothing in it (no frames). Skip the file.
    Empty,
    /// Reading or writing failed. Retry with backoff; tell the user when it persists.
    Io,
    /// The thing asked for does not exist (or may not be seen). Do not retry.
    NotFound,
    /// The operating system refused access. Tell the user which access is missing.
    PermissionDenied,
    /// No space is left where bytes have to go. Tell the user; retry after space was made.
    NoSpace,
    /// Somebody else holds what is needed (a lock, a lease, a slot). Retry after a moment.
    Busy,
    /// A part that this depends on is away (storage, helper program). Retry with backoff.
    Unavailable,
    /// The time set for the work passed. Retry at most a few times.
    Timeout,
    /// The work was asked to stop. Not a failure.
    Cancelled,
    /// The change contradicts the present state (a lost lease, a duplicate). Re-read, then decide.
    Conflict,
    /// The request itself is wrong. Tell the user which part; do not retry.
    Invalid,
    /// Nobody is signed in, or the credentials are wrong.
    Unauthorized,
    /// The person who is signed in may not do this.
    Forbidden,
    /// Too many tries in too short a time. Retry after the named pause.
    TooMany,
    /// A mistake of this program (a panic that was contained, a broken invariant). Report it.
    Internal,
}

impl ErrorKind {
    /// The kind's stable name in JSON, logs and the database, for example `not-audio`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAudio => "not-audio",
            Self::Unsupported => "unsupported",
            Self::NoDecoder => "no-decoder",
            Self::Malformed => "malformed",
            Self::LimitExceeded => "limit-exceeded",
            Self::Empty => "empty",
            Self::Io => "io",
            Self::NotFound => "not-found",
            Self::PermissionDenied => "permission-denied",
            Self::NoSpace => "no-space",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooMany => "too-many",
            Self::Internal => "internal",
        }
    }

    /// The kind of that name, `Internal` for a name this version does not know.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name).unwrap_or(Self::Internal)
    }

    /// Every kind, in the order of their documentation.
    pub const ALL: &'static [Self] = &[
        Self::NotAudio,
        Self::Unsupported,
        Self::NoDecoder,
        Self::Malformed,
        Self::LimitExceeded,
        Self::Empty,
        Self::Io,
        Self::NotFound,
        Self::PermissionDenied,
        Self::NoSpace,
        Self::Busy,
        Self::Unavailable,
        Self::Timeout,
        Self::Cancelled,
        Self::Conflict,
        Self::Invalid,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooMany,
        Self::Internal,
    ];

    /// What a person can do about a job that was given up for a reason of this kind, where the reason itself says nothing.
    #[must_use]
    pub const fn usual_remedy(self) -> &'static str {
        match self {
            Self::NotAudio => "put an audio file in its place",
            Self::Unsupported => "convert the file to another format",
            Self::NoDecoder => {
                "install ffmpeg, or name one with the setting `ffmpeg`; then it is tried again by itself"
            }
            Self::Malformed => "put a sound copy of the file in its place",
            Self::LimitExceeded => "if the file is a sound one, split it or make it smaller",
            Self::Empty => "put a file with sound in its place",
            Self::Io => "look at the disk, its cable and the network, then retry",
            Self::NotFound => "bring the file back, then retry",
            Self::PermissionDenied => "let the user who runs fanfare read the file, then retry",
            Self::NoSpace => "free some space on the disk, then retry",
            Self::Busy | Self::Unavailable | Self::Conflict | Self::Cancelled | Self::TooMany => {
                "retry later"
            }
            Self::Timeout => "retry; if it takes too long again, the file may be damaged",
            Self::Invalid | Self::Unauthorized | Self::Forbidden => "look at the settings, then retry",
            Self::Internal => "retry; if it fails again, report it with the log",
        }
    }

    /// Whether trying the same thing again later can succeed without anybody changing anything.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Io | Self::NoSpace | Self::Busy | Self::Unavailable | Self::Timeout)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The limit that was crossed, by name, with the value met and the value allowed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LimitHit {
    /// The limit's field name, for example `channels`.
    pub name: String,
    /// The value that was declared or reached.
    pub value: u64,
    /// The largest value allowed.
    pub max: u64,
}

/// An error: kind + sentence + remedy + source.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    remedy: Option<String>,
    // Boxed: an error is passed around in every result, a crossed limit is rare.
    limit: Option<Box<LimitHit>>,
    offset_bytes: Option<u64>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl LimitHit {
    /// What is limited, in words. The names of settings stay: people set them.
    #[must_use]
    pub fn words(&self) -> String {
        if self.name.contains('.') {
            return format!("what is limited by the setting `{}`", self.name);
        }
        let known = match self.name.as_str() {
            "api_keys" => "the number of API keys",
            "mixtape_tracks" => "the number of tracks in a mixtape",
            "mixtape_shares" => "the number of links to a mixtape",
            "playlist_lines" => "the number of lines in the playlist",
            "cover_pixels" => "the number of pixels of the cover",
            "cover_memory_bytes" => "the memory needed for the cover in bytes",
            "metadata_blocks" => "the number of metadata blocks",
            "fingerprint_codes" => "the number of values in the fingerprint",
            "ladder_variants" => "the number of variants in `hls.ladder`",
            "sample_rate_hz" => "the sample rate in Hz",
            "duration_s" => "the duration in seconds",
            _ => {
                let plain = |name: &str| name.replace('_', " ");
                return match self.name.strip_suffix("_bytes") {
                    Some(of) => format!("the size of the {} in bytes", plain(of)),
                    None => format!("the number of {}", plain(&self.name)),
                };
            }
        };
        known.to_owned()
    }
}

impl Error {
    /// A new error of that kind with a sentence in lower case and without a full stop.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None, limit: None, offset_bytes: None, source: None }
    }

    /// The error for a crossed limit: says in words what is limited (see [`LimitHit::words`]), the value and the maximum.
    #[must_use]
    pub fn limit(name: &str, value: u64, max: u64) -> Self {
        let mut error = Self::new(ErrorKind::LimitExceeded, String::new());
        let hit = LimitHit { name: name.to_owned(), value, max };
        error.message = format!("{} is {value}, more than the limit of {max}", hit.words());
        error.limit = Some(Box::new(hit));
        error
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds the byte offset in the file at which the trouble was met.
    #[must_use]
    pub const fn at_byte(mut self, offset: u64) -> Self {
        self.offset_bytes = Some(offset);
        self
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Puts what was being done before the message: `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// What kind of trouble it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence, without remedy and source.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the user can do about it, where something is known.
    #[must_use]
    pub fn remedy_text(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// The limit that was crossed, for [`ErrorKind::LimitExceeded`].
    #[must_use]
    pub fn limit_hit(&self) -> Option<&LimitHit> {
        self.limit.as_deref()
    }

    /// The byte offset in the file, where it is known.
    #[must_use]
    pub const fn offset_bytes(&self) -> Option<u64> {
        self.offset_bytes
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(offset) = self.offset_bytes {
            write!(f, " (at byte {offset})")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.as_str()), *kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_limit_error_names_limit_value_and_maximum() {
        let error = Error::limit("channels", 65_535, 64);
        assert_eq!(error.to_string(), "the number of channels is 65535, more than the limit of 64");
        assert_eq!(error.limit_hit().unwrap().max, 64);
    }

    /// Issue 13: "mixtape_tracks is 1001, more than ...".
    #[test]
    fn a_limit_is_told_in_words_and_settings_by_their_names() {
        for (name, words) in [
            ("mixtape_tracks", "the number of tracks in a mixtape"),
            ("playlist_lines", "the number of lines in the playlist"),
            ("cover_bytes", "the size of the cover in bytes"),
            ("cover_pixels", "the number of pixels of the cover"),
            ("cover_memory_bytes", "the memory needed for the cover in bytes"),
            ("sample_rate_hz", "the sample rate in Hz"),
            ("duration_s", "the duration in seconds"),
            ("settings_file_bytes", "the size of the settings file in bytes"),
            ("chunk_offset_bytes", "the size of the chunk offset in bytes"),
            ("boxes", "the number of boxes"),
            ("upload.max_bytes", "what is limited by the setting `upload.max_bytes`"),
        ] {
            let error = Error::limit(name, 9, 8);
            assert_eq!(error.message(), format!("{words} is 9, more than the limit of 8"));
            assert!(name.contains('.') || !error.message().contains('_'), "{error}");
            assert_eq!(error.limit_hit().unwrap().name, name, "programs go by the name");
        }
    }
}
